"""Opening: only who may, only on record, only what was sealed."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import delete, update

from tests.vault.bench import ALICE, BOB, BODY, CAROL, DAVE, EVE, HERE, Safe
from tests.vault.test_deposit import LARGE, failing
from vault import identifier
from vault.address import Address
from vault.errors import AccessDenied, Denial, StoreUnavailable, Tampered
from vault.keys.hpke import PrivateHalf
from vault.keys.opening import OpeningKeys
from vault.origin import Origin
from vault.packages import grants
from vault.packages.deposit import GrantFor, Summary
from vault.packages.retrieve import recheck, retrieve
from vault.secrets import Secret
from vault.storage import tables
from vault.trail.audit import Act


class WatchedHalf:
    """The opening half, which says when it is used and what is on record by then."""

    def __init__(self, half: PrivateHalf, on_record: Callable[[], list[str]]) -> None:
        self._half = half
        self._on_record = on_record
        self.seen: list[list[str]] = []

    def unwrap(self, wrapped: bytes, info: bytes) -> Secret:
        self.seen.append(self._on_record())
        return self._half.unwrap(wrapped, info)


def watched(safe: Safe) -> tuple[OpeningKeys, WatchedHalf]:
    half = WatchedHalf(safe.keys.opening.vault, safe.acts)
    return OpeningKeys(vault=half), half  # type: ignore[arg-type]  # it stands in for the key


def denial(safe: Safe, reader: Address, package_id: str) -> Denial | None:
    """Say how a reader is denied, by the cheap check and by opening alike."""
    found: list[Denial | None] = []
    for attempt in (
        lambda: recheck(safe.store, reader, package_id),
        lambda: safe.open(reader, package_id),
    ):
        try:
            attempt()
        except AccessDenied as refused:
            found.append(refused.denial)
        else:
            found.append(None)
    assert found[0] is found[1]
    return found[0]


def test_who_was_granted_may_open_and_nobody_else(safe: Safe) -> None:
    package_id = safe.package(BOB, GrantFor(address=CAROL, visible=False))
    assert {who: denial(safe, who, package_id) for who in (ALICE, BOB, CAROL, DAVE, EVE)} == {
        ALICE: None,
        BOB: None,
        CAROL: None,
        DAVE: Denial.UNKNOWN,
        EVE: Denial.UNKNOWN,
    }


@pytest.mark.parametrize(
    "package_id", ["a" * 26, "", "x", "../../etc/passwd", "' OR 1=1 --", "\x00", "%", "é"]
)
def test_what_does_not_exist_is_unknown_to_all(safe: Safe, package_id: str) -> None:
    safe.package(BOB)
    assert denial(safe, ALICE, package_id) is Denial.UNKNOWN
    assert denial(safe, BOB, package_id) is Denial.UNKNOWN


def test_a_stranger_cannot_tell_absent_from_denied(safe: Safe) -> None:
    found = []
    for package_id in (safe.package(BOB), identifier.draw()):
        with pytest.raises(AccessDenied) as caught:
            safe.open(EVE, package_id)
        found.append((str(caught.value), caught.value.args, caught.value.denial))
    assert found[0] == found[1]


@pytest.mark.parametrize(
    "spelling", ["Bob@clinic.example", "bob+x@clinic.example", "bob@sub.clinic.example"]
)
def test_another_spelling_is_another_person(safe: Safe, spelling: str) -> None:
    assert denial(safe, Address.parse(spelling), safe.package(BOB)) is Denial.UNKNOWN


def test_times_hold_for_recipients_and_not_for_the_owner(safe: Safe) -> None:
    package_id = safe.package(BOB, opens_in=timedelta(hours=1), expires_in=timedelta(hours=3))
    seen = []
    for _ in range(4):
        seen.append((denial(safe, BOB, package_id), denial(safe, ALICE, package_id)))
        safe.clock.advance(hours=1)
    assert seen == [(Denial.NOT_YET, None), (None, None), (None, None), (Denial.EXPIRED, None)]
    assert denial(safe, EVE, package_id) is Denial.UNKNOWN  # times tell a stranger nothing


def test_the_author_may_open_what_another_owns(safe: Safe) -> None:
    package_id = safe.package(BOB, author=EVE, owner=ALICE)
    assert denial(safe, EVE, package_id) is None
    assert denial(safe, ALICE, package_id) is None


def test_destroyed_content_opens_for_nobody(safe: Safe) -> None:
    package_id = safe.package(BOB)
    with safe.store.writing() as tx:
        tx.execute(update(tables.packages).values(wrapped=None, content_id=None))
    assert denial(safe, ALICE, package_id) is Denial.DESTROYED
    assert denial(safe, BOB, package_id) is Denial.DESTROYED
    assert denial(safe, EVE, package_id) is Denial.UNKNOWN


def test_opening_gives_facts_summary_and_content_as_often_as_asked(safe: Safe) -> None:
    summary = Summary(
        subject="Zoë's plan",
        author_name="Alice Ash",
        to=("Bob <bob@clinic.example>",),
        cc=("carol@school.example",),
        attachments=("plan.pdf", "日本.txt"),
        sent_at=safe.clock(),
    )
    receipt = safe.put(BOB, body=LARGE, summary=summary, expires_in=timedelta(days=1))
    assert receipt.package_id is not None
    act = Act.PACKAGE_OPENED
    opened = retrieve(safe.store, safe.keys.opening, BOB, receipt.package_id, act, HERE)
    assert opened.summary == summary
    assert (opened.package.id, opened.package.reference) == (receipt.package_id, receipt.reference)
    assert (opened.package.author, opened.package.owner) == (ALICE, ALICE)
    assert (opened.package.sealed_at, opened.package.size) == (safe.clock(), len(LARGE))
    assert opened.package.expires_at == safe.clock() + timedelta(days=1)
    assert opened.package.denial is None
    assert b"".join(opened.read()) == b"".join(opened.read()) == LARGE
    assert "plan" not in repr(opened)


def test_the_record_is_committed_before_the_key_is_used(safe: Safe) -> None:
    package_id = safe.package(BOB)
    keys, half = watched(safe)
    retrieve(safe.store, keys, BOB, package_id, Act.PACKAGE_OPENED, HERE)
    assert [acts[-1] for acts in half.seen] == ["package:opened"]


def test_nothing_is_opened_when_the_record_cannot_be_written(safe: Safe) -> None:
    package_id = safe.package(BOB)
    keys, half = watched(safe)
    with failing(safe, "events"), pytest.raises(StoreUnavailable):
        retrieve(safe.store, keys, BOB, package_id, Act.PACKAGE_OPENED, HERE)
    assert half.seen == []
    assert [row.opened_at for row in safe.rows("grants")] == [None]
    retrieve(safe.store, keys, BOB, package_id, Act.PACKAGE_OPENED, HERE)
    assert len(half.seen) == 1  # the control: the watch does see an opening


def test_nothing_is_opened_for_who_may_not(safe: Safe) -> None:
    package_id = safe.package(BOB)
    keys, half = watched(safe)
    with pytest.raises(AccessDenied):
        retrieve(safe.store, keys, EVE, package_id, Act.PACKAGE_OPENED, HERE)
    assert half.seen == []


def test_what_was_done_is_on_record_and_counted(safe: Safe) -> None:
    package_id = safe.package(BOB, CAROL)
    opened_at = safe.clock()
    for act in (
        Act.PACKAGE_OPENED,
        Act.ATTACHMENT_DOWNLOADED,
        Act.ORIGINAL_DOWNLOADED,
        Act.PACKAGE_PRINTED,
    ):
        retrieve(safe.store, safe.keys.opening, BOB, package_id, act, HERE, "attachment 1")
        safe.clock.advance(minutes=5)
    lines = [row for row in safe.rows("events") if row.actor == str(BOB)]
    assert [(row.act, row.ip, row.agent, row.detail) for row in lines] == [
        (act, HERE.ip, HERE.agent, "attachment 1")
        for act in (
            "package:opened",
            "attachment:downloaded",
            "original:downloaded",
            "package:printed",
        )
    ]
    assert [(row.opened_at, row.downloads) for row in safe.rows("grants")] == [
        (opened_at, 2),
        (None, 0),
    ]


def test_a_denial_is_on_record_for_the_sender(safe: Safe) -> None:
    package_id = safe.package(BOB)
    grants.revoke(safe.store, ALICE, package_id, BOB, HERE)
    for reader in (BOB, EVE, BOB, EVE, BOB):
        with pytest.raises(AccessDenied):
            safe.open(reader, package_id)
    denied = [row for row in safe.rows("events") if row.act == "access:denied"]
    assert [(row.actor, row.detail, row.package_id) for row in denied] == [
        (str(BOB), "revoked", package_id),
        (str(EVE), "unknown", package_id),
    ]
    safe.clock.advance(minutes=2)
    with pytest.raises(AccessDenied):
        safe.open(EVE, package_id)
    assert safe.acts().count("access:denied") == 3


def test_an_invented_identifier_leaves_no_line(safe: Safe) -> None:
    before = safe.rows("events")
    with pytest.raises(AccessDenied):
        safe.open(EVE, identifier.draw())
    assert safe.rows("events") == before


def test_a_detail_cannot_forge_a_line(safe: Safe) -> None:
    package_id = safe.package(BOB)
    act, forged = Act.ATTACHMENT_DOWNLOADED, "1\r\n2026 ADMIN OK \x1b[31m" + "x" * 500
    origin = Origin("192.0.2.1", "agent\nX: y")
    retrieve(safe.store, safe.keys.opening, BOB, package_id, act, origin, forged)
    line = safe.rows("events")[-1]
    assert line.detail.isprintable()
    assert len(line.detail) <= 200
    assert line.agent == "agent X: y"


@pytest.mark.parametrize("column", ["wrapped", "summary", "content_id"])
def test_parts_of_two_packages_cannot_be_exchanged(safe: Safe, column: str) -> None:
    one = safe.package(BOB)
    two = safe.package(BOB, body=b"another")
    values = {row.id: getattr(row, column) for row in safe.rows("packages")}
    with safe.store.writing() as tx:
        swapped = update(tables.packages).where(tables.packages.c.id == one)
        tx.execute(swapped.values({column: values[two]}))
    with pytest.raises(Tampered):
        safe.open(BOB, one)
    assert safe.open(BOB, two) == b"another"


def test_content_that_is_gone_is_unavailable(safe: Safe) -> None:
    package_id = safe.package(BOB, body=LARGE)
    (content,) = safe.rows("contents")
    safe.store.contents.delete(content.place)
    with pytest.raises(StoreUnavailable):
        safe.open(BOB, package_id)


def test_a_content_row_that_a_package_needs_cannot_be_deleted(safe: Safe) -> None:
    package_id = safe.package(BOB)
    with pytest.raises(StoreUnavailable), safe.store.writing() as tx:
        tx.execute(delete(tables.contents))
    assert safe.open(BOB, package_id) == BODY
