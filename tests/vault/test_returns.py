"""Tokens of return paths, and what somebody who holds one can change."""

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.vault.bench import ALICE, BOB, CAROL, HERE, Safe
from vault.address import Address
from vault.packages import grants
from vault.packages.deposit import GrantFor
from vault.sending import outbox, returns
from vault.sending.outbox import Item, Kind
from vault.sending.returns import NoticeOf


def relayed(safe: Safe, *to: Address | GrantFor) -> str:
    package = safe.package(*(to or (BOB,)))
    safe.deliver_all()
    return package


def notice(safe: Safe, package: str, address: Address = BOB) -> NoticeOf:
    text = returns.token(safe.store, safe.keys.sealing, package, address)
    found = returns.find(safe.store, safe.keys.sealing, text)
    assert found is not None
    return found


def fail(safe: Safe, of: NoticeOf, status: str = "5.1.1 User unknown") -> bool:
    return returns.failed(safe.store, safe.keys.sealing, of, status)


def bounces(safe: Safe) -> list[Item]:
    return [item for item in safe.claim() if item.kind is Kind.BOUNCE]


def test_a_token_names_its_notice_in_any_case(safe: Safe) -> None:
    package = relayed(safe, BOB, CAROL)
    one, two = (returns.token(safe.store, safe.keys.sealing, package, to) for to in (BOB, CAROL))
    assert one != two
    assert len(one) <= 28
    assert set(one) <= set(string.ascii_lowercase + string.digits)
    for spelt in (one, one.upper(), one.title()):
        found = returns.find(safe.store, safe.keys.sealing, spelt)
        assert found == NoticeOf(1, package, BOB)


def test_every_changed_token_names_nobody(safe: Safe) -> None:
    package = relayed(safe)
    text = returns.token(safe.store, safe.keys.sealing, package, BOB)
    for at in range(len(text)):
        for other in "abz27019":
            wrong = text[:at] + other + text[at + 1 :]
            if wrong != text:
                assert returns.find(safe.store, safe.keys.sealing, wrong) is None
    assert returns.find(safe.store, safe.keys.sealing, "2" + text[1:]) is None


@given(text=st.text(max_size=40))
def test_any_text_names_nobody(text: str, safe_for_all: Safe) -> None:
    assert returns.find(safe_for_all.store, safe_for_all.keys.sealing, text) is None


@pytest.fixture(scope="module")
def safe_for_all(request: pytest.FixtureRequest) -> Safe:
    factory = request.getfixturevalue("tmp_path_factory")
    from datetime import timedelta

    from tests.vault.bench import HandClock, Keys
    from vault import keys as key_files
    from vault.keys.opening import load_opening
    from vault.settings import VaultSettings
    from vault.storage.store import Store

    folder = factory.mktemp("returns")
    key_files.init(folder / "keys")
    keys = Keys(
        folder=folder / "keys",
        sealing=key_files.load_sealing(folder / "keys"),
        relay=key_files.load_relay(folder / "keys"),
        opening=load_opening(folder / "keys"),
        web=key_files.load_web_secret(folder / "keys"),
    )
    clock = HandClock()
    settings = VaultSettings(folder=folder / "data", lock_wait=timedelta(seconds=1))
    made = Safe(Store(settings, clock=clock), keys, clock)
    made.package(BOB)
    return made


def test_another_installations_key_makes_other_tokens(safe: Safe, safe_for_all: Safe) -> None:
    package = relayed(safe)
    foreign = returns.token(safe.store, safe_for_all.keys.sealing, package, BOB)
    assert returns.find(safe.store, safe.keys.sealing, foreign) is None


def test_a_failure_marks_the_notice_and_tells_the_owner_once(safe: Safe) -> None:
    package = relayed(safe)
    of = notice(safe, package)
    assert fail(safe, of)
    assert safe.rows("grants")[0].notice == "bounced"
    (told,) = bounces(safe)
    assert (told.to, told.package_id) == (ALICE, package)
    assert told.fields["recipient"] == str(BOB)
    assert told.fields["status"] == "5.1.1 User unknown"
    assert not fail(safe, of)
    assert bounces(safe) == []
    assert safe.acts().count("notice:bounced") == 1


def test_a_forged_failure_opens_and_closes_nothing(safe: Safe) -> None:
    package = relayed(safe, BOB, CAROL)
    of = notice(safe, package)
    for act in (returns.delayed, returns.delivered):
        act(safe.store, of, *(("4.4.1 x",) if act is returns.delayed else ()))
    returns.answered(safe.store, of)
    fail(safe, of)
    assert safe.open(BOB, package)
    assert safe.open(CAROL, package)
    states = {row.address: (row.state, row.notice) for row in safe.rows("grants")}
    assert states == {str(BOB): ("active", "bounced"), str(CAROL): ("active", "relayed")}


def test_whoever_wants_no_reports_gets_no_letter_and_sees_it_on_the_page(safe: Safe) -> None:
    package = relayed(safe, GrantFor(address=BOB, reports=False))
    assert fail(safe, notice(safe, package))
    assert bounces(safe) == []
    assert safe.rows("grants")[0].notice == "bounced"


def test_a_failure_after_access_was_withdrawn_is_recorded_alone(safe: Safe) -> None:
    package = relayed(safe)
    grants.revoke(safe.store, ALICE, package, BOB, HERE)
    assert fail(safe, notice(safe, package))
    assert bounces(safe) == []
    assert safe.rows("grants")[0].state == "revoked"


def test_what_came_back_before_we_wrote_down_that_it_had_gone(safe: Safe) -> None:
    package = safe.package(BOB)
    (item,) = safe.claim()
    fail(safe, notice(safe, package))
    outbox.complete(safe.store, item, "250")
    assert safe.rows("grants")[0].notice == "bounced"


def test_a_delay_is_one_line_and_ends_with_a_delivery(safe: Safe) -> None:
    package = relayed(safe)
    of = notice(safe, package)
    assert returns.delayed(safe.store, of, "4.4.1 timeout")
    assert not returns.delayed(safe.store, of, "4.4.1 timeout")
    assert safe.rows("grants")[0].notice == "delayed"
    assert returns.delivered(safe.store, of)
    assert safe.rows("grants")[0].notice == "relayed"
    fail(safe, of)
    assert not returns.delayed(safe.store, of, "4.4.1 late news")
    assert not returns.delivered(safe.store, of)


def test_an_automatic_answer_is_one_line_a_day(safe: Safe) -> None:
    package = relayed(safe)
    of = notice(safe, package)
    assert returns.answered(safe.store, of)
    assert not returns.answered(safe.store, of)
    safe.clock.advance(days=1, seconds=1)
    assert returns.answered(safe.store, of)
    assert safe.acts().count("notice:answered") == 2
    assert bounces(safe) == []


def test_a_flood_leaves_a_bounded_trail(safe: Safe) -> None:
    package = relayed(safe)
    of = notice(safe, package)
    for _ in range(100):
        returns.delayed(safe.store, of, "4.4.1 x")
        returns.delivered(safe.store, of)
    assert len(safe.acts()) < 20
    assert not fail(safe, of)
    safe.clock.advance(days=1, seconds=1)
    assert fail(safe, of)


def test_a_letter_names_its_notice_too(safe: Safe) -> None:
    package = relayed(safe, BOB, CAROL)
    row = next(row for row in safe.rows("outbox") if row.address == str(CAROL))
    found = returns.find_by_letter(safe.store, ["x", "a" * 26, row.id])
    assert found == NoticeOf(2, package, CAROL)
    assert returns.find_by_letter(safe.store, ["a" * 26]) is None


def test_the_letter_of_a_code_names_nobody(safe: Safe) -> None:
    with safe.store.writing() as tx:
        row = outbox.post(tx, safe.keys.sealing, Kind.CODE, BOB, {"code": "1", "minutes": "1"})
    assert returns.find_by_letter(safe.store, [row]) is None
