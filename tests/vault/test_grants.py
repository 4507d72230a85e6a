"""Managing: only the owner, in one transaction with its record, counting from the commit."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from tests.vault.bench import ALICE, BOB, BODY, CAROL, DAVE, EVE, HERE, Safe
from tests.vault.test_deposit import failing
from vault import identifier
from vault.address import Address
from vault.errors import AccessDenied, Denial, StoreUnavailable
from vault.packages import grants, requests
from vault.packages.deposit import GrantFor
from vault.packages.retrieve import recheck
from vault.sending import outbox
from vault.sending.outbox import Kind


def may(safe: Safe, reader: Address, package_id: str) -> bool:
    try:
        recheck(safe.store, reader, package_id)
    except AccessDenied:
        return False
    return True


def revoke(safe: Safe, package_id: str, address: Address | None) -> None:
    grants.revoke(safe.store, ALICE, package_id, address, HERE)


def restore(safe: Safe, package_id: str, address: Address | None) -> None:
    grants.restore(safe.store, safe.keys.sealing, ALICE, package_id, address, HERE)


def add(safe: Safe, package_id: str, address: Address) -> None:
    grants.add(safe.store, safe.keys.sealing, ALICE, package_id, address, HERE)


def acts_after(safe: Safe, begun: int) -> list[tuple[str, str, str]]:
    return [(row.act, row.actor, row.subject) for row in safe.rows("events")[begun:]]


def test_revoking_one(safe: Safe) -> None:
    package_id = safe.package(BOB, CAROL)
    begun = len(safe.rows("events"))
    revoke(safe, package_id, BOB)
    assert (may(safe, BOB, package_id), may(safe, CAROL, package_id)) == (False, True)
    assert acts_after(safe, begun) == [("access:revoked", str(ALICE), str(BOB))]
    revoke(safe, package_id, BOB)
    revoke(safe, package_id, EVE)
    assert len(acts_after(safe, begun)) == 1  # nothing more to revoke


def test_revoking_and_restoring_all(safe: Safe) -> None:
    package_id = safe.package(BOB, CAROL)
    revoke(safe, package_id, None)
    assert not may(safe, BOB, package_id)
    assert not may(safe, CAROL, package_id)
    assert may(safe, ALICE, package_id)
    restore(safe, package_id, None)
    assert may(safe, BOB, package_id)
    assert may(safe, CAROL, package_id)
    assert not may(safe, EVE, package_id)


def test_revoking_cancels_a_notice_that_was_never_relayed(safe: Safe) -> None:
    package_id = safe.package(BOB, CAROL)
    revoke(safe, package_id, BOB)
    assert [item.to for item in safe.deliver_all()] == [CAROL]
    assert [(row.address, row.notice) for row in safe.rows("grants")] == [
        (str(BOB), "none"),
        (str(CAROL), "relayed"),
    ]


def test_revoking_leaves_clear_copies_alone(safe: Safe) -> None:
    package_id = safe.package(BOB, queued=(CAROL,))
    revoke(safe, package_id, None)
    assert [(item.kind, item.to) for item in safe.deliver_all()] == [(Kind.RELAY, CAROL)]


def test_restoring_tells_again(safe: Safe) -> None:
    package_id = safe.package(BOB)
    safe.deliver_all()
    revoke(safe, package_id, BOB)
    restore(safe, package_id, BOB)
    (item,) = safe.claim()
    assert (item.kind, item.to, item.fields["again"]) == (Kind.NOTICE, BOB, "yes")
    assert item.fields["author_name"] == ""
    begun = len(safe.rows("events"))
    restore(safe, package_id, BOB)
    assert acts_after(safe, begun) == []


def test_restoring_does_not_tell_who_is_never_told(safe: Safe) -> None:
    package_id = safe.package(GrantFor(address=BOB, notify=False))
    revoke(safe, package_id, BOB)
    restore(safe, package_id, BOB)
    assert may(safe, BOB, package_id)
    assert safe.claim() == []


def test_adding_tells_and_does_not_encrypt_again(safe: Safe) -> None:
    package_id = safe.package(BOB)
    safe.deliver_all()
    sealed = safe.rows("contents"), safe.rows("packages")
    add(safe, package_id, DAVE)
    assert safe.open(DAVE, package_id) == BODY
    assert (safe.rows("contents"), safe.rows("packages")) == sealed
    (item,) = safe.claim()
    assert (item.to, item.fields["again"]) == (DAVE, "yes")
    assert "access:granted" in safe.acts()


def test_adding_twice_is_adding_once(safe: Safe) -> None:
    package_id = safe.package(BOB)
    add(safe, package_id, DAVE)
    before = safe.rows("events")
    add(safe, package_id, DAVE)
    assert safe.rows("events") == before
    assert len(safe.claim()) == 2


def test_adding_who_was_revoked_restores_them(safe: Safe) -> None:
    package_id = safe.package(GrantFor(address=BOB, notify=False))
    revoke(safe, package_id, BOB)
    add(safe, package_id, BOB)
    assert may(safe, BOB, package_id)
    assert [item.to for item in safe.claim()] == [BOB]
    assert safe.acts()[-2:] == ["access:restored", "notice:queued"]


def test_adding_after_a_bounce_tells_again(safe: Safe) -> None:
    package_id = safe.package(BOB)
    (item,) = safe.claim()
    outbox.give_up(safe.store, safe.keys.sealing, item, "550")
    safe.deliver_all()
    add(safe, package_id, BOB)
    assert [item.to for item in safe.claim()] == [BOB]


def test_expiry_can_be_moved_both_ways(safe: Safe) -> None:
    package_id = safe.package(BOB, expires_in=timedelta(hours=1))
    safe.clock.advance(hours=2)
    assert not may(safe, BOB, package_id)
    grants.extend(safe.store, ALICE, package_id, safe.clock() + timedelta(days=1), HERE)
    assert may(safe, BOB, package_id)
    grants.extend(safe.store, ALICE, package_id, safe.clock(), HERE)
    assert not may(safe, BOB, package_id)
    grants.extend(safe.store, ALICE, package_id, None, HERE)
    grants.extend(safe.store, ALICE, package_id, None, HERE)
    assert may(safe, BOB, package_id)
    details = [row.detail for row in safe.rows("events") if row.act == "expiry:changed"]
    assert details == [
        "2026-11-02T10:00+00:00 -> 2026-11-03T11:00+00:00",
        "2026-11-03T11:00+00:00 -> 2026-11-02T11:00+00:00",
        "2026-11-02T11:00+00:00 -> never",
    ]


ATTEMPTS: dict[str, Callable[[Safe, Address, str], None]] = {
    "revoke": lambda s, who, i: grants.revoke(s.store, who, i, BOB, HERE),
    "revoke all": lambda s, who, i: grants.revoke(s.store, who, i, None, HERE),
    "restore": lambda s, who, i: grants.restore(s.store, s.keys.sealing, who, i, None, HERE),
    "add": lambda s, who, i: grants.add(s.store, s.keys.sealing, who, i, EVE, HERE),
    "extend": lambda s, who, i: grants.extend(s.store, who, i, None, HERE),
}


@pytest.mark.parametrize("attempt", ATTEMPTS)
@pytest.mark.parametrize("who", [BOB, CAROL, EVE], ids=str)
def test_nobody_but_the_owner_manages(safe: Safe, attempt: str, who: Address) -> None:
    """Bob is a recipient, Carol the author of a mail that Alice owns, Eve a stranger."""
    package_id = safe.package(BOB, author=CAROL, owner=ALICE, expires_in=timedelta(days=1))
    before = [safe.rows(name) for name in ("grants", "packages", "outbox", "events")]
    for wanted in (package_id, identifier.draw()):
        with pytest.raises(AccessDenied) as caught:
            ATTEMPTS[attempt](safe, who, wanted)
        assert caught.value.denial is Denial.UNKNOWN
    assert [safe.rows(name) for name in ("grants", "packages", "outbox", "events")] == before


@pytest.mark.parametrize("attempt", ATTEMPTS)
def test_a_change_without_its_record_is_no_change(safe: Safe, attempt: str) -> None:
    package_id = safe.package(BOB, CAROL, expires_in=timedelta(days=1))
    revoke(safe, package_id, CAROL)
    before = [safe.rows(name) for name in ("grants", "packages", "outbox", "events")]
    with failing(safe, "events"), pytest.raises(StoreUnavailable):
        ATTEMPTS[attempt](safe, ALICE, package_id)
    assert [safe.rows(name) for name in ("grants", "packages", "outbox", "events")] == before
    ATTEMPTS[attempt](safe, ALICE, package_id)  # the control
    assert [safe.rows(name) for name in ("grants", "packages", "outbox", "events")] != before


def ask(safe: Safe, reader: Address, package_id: str) -> None:
    requests.ask(safe.store, safe.keys.sealing, reader, package_id, HERE)


def test_asking_tells_the_owner(safe: Safe) -> None:
    receipt = safe.put(BOB)
    safe.deliver_all()
    assert receipt.package_id is not None
    ask(safe, DAVE, receipt.package_id)
    (item,) = safe.claim()
    assert (item.kind, item.to) == (Kind.ACCESS_REQUEST, ALICE)
    assert item.fields == {
        "reference": receipt.reference,
        "package_id": receipt.package_id,
        "requester": str(DAVE),
        "expired_at": "",
    }
    (request,) = requests.pending(safe.store, ALICE, receipt.package_id)
    assert (request.requester, request.reference) == (DAVE, receipt.reference)
    assert requests.pending(safe.store, ALICE) == [request]
    assert requests.pending(safe.store, BOB) == []
    assert "access:requested" in safe.acts()
    assert not may(safe, DAVE, receipt.package_id)


def test_asking_for_what_is_not_there_stores_nothing(safe: Safe) -> None:
    ask(safe, DAVE, identifier.draw())
    assert safe.rows("access_requests") == safe.rows("events") == safe.rows("outbox") == []


def test_one_request_at_a_time(safe: Safe) -> None:
    package_id = safe.package(BOB)
    for _ in range(5):
        ask(safe, DAVE, package_id)
    ask(safe, EVE, package_id)
    assert [row.requester for row in safe.rows("access_requests")] == [str(DAVE), str(EVE)]


def test_who_may_open_need_not_ask(safe: Safe) -> None:
    package_id = safe.package(BOB, opens_in=timedelta(hours=1), expires_in=timedelta(hours=2))
    ask(safe, ALICE, package_id)
    ask(safe, BOB, package_id)  # not yet
    safe.clock.advance(hours=1)
    ask(safe, BOB, package_id)
    assert safe.rows("access_requests") == []
    safe.clock.advance(hours=1)
    ask(safe, BOB, package_id)  # expired: the owner may extend
    assert len(safe.rows("access_requests")) == 1


def test_asking_is_limited_and_says_so_to_nobody(safe: Safe) -> None:
    packages = [safe.package(BOB, body=b"%d" % number) for number in range(25)]
    for package_id in packages:
        ask(safe, DAVE, package_id)
    assert len(safe.rows("access_requests")) == requests.A_READER
    safe.clock.advance(hours=25)
    for _ in range(5):
        ask(safe, DAVE, packages[-1])
        for request in requests.pending(safe.store, ALICE, packages[-1]):
            requests.decline(safe.store, safe.keys.sealing, ALICE, request.id, HERE)
    assert safe.acts().count("access:declined") == requests.A_PACKAGE


def test_many_who_ask_are_shown_some_at_a_time(safe: Safe, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(requests, "MOST_SHOWN", 2)
    package_id = safe.package(ALICE)
    for reader in (BOB, CAROL, DAVE):
        ask(safe, reader, package_id)
        safe.clock.advance(minutes=1)
    shown = requests.pending(safe.store, ALICE)
    assert [request.requester for request in shown] == [BOB, CAROL]
    requests.decline(safe.store, safe.keys.sealing, ALICE, shown[0].id, HERE)
    shown = requests.pending(safe.store, ALICE, package_id)
    assert [request.requester for request in shown] == [CAROL, DAVE]


def test_approving_lets_in_and_tells(safe: Safe) -> None:
    package_id = safe.package(BOB)
    ask(safe, DAVE, package_id)
    safe.deliver_all()
    (request,) = requests.pending(safe.store, ALICE, package_id)
    requests.approve(safe.store, safe.keys.sealing, ALICE, request.id, HERE)
    assert safe.open(DAVE, package_id) == BODY
    assert [(item.kind, item.to) for item in safe.claim()] == [(Kind.NOTICE, DAVE)]
    assert requests.pending(safe.store, ALICE) == []


def test_declining_tells_and_lets_nobody_in(safe: Safe) -> None:
    receipt = safe.put(BOB)
    assert receipt.package_id is not None
    ask(safe, DAVE, receipt.package_id)
    safe.deliver_all()
    (request,) = requests.pending(safe.store, ALICE)
    requests.decline(safe.store, safe.keys.sealing, ALICE, request.id, HERE)
    assert not may(safe, DAVE, receipt.package_id)
    (item,) = safe.claim()
    assert (item.kind, item.to) == (Kind.ACCESS_DECLINED, DAVE)
    assert item.fields == {"reference": receipt.reference}
    with pytest.raises(AccessDenied):
        requests.approve(safe.store, safe.keys.sealing, ALICE, request.id, HERE)


def test_adding_who_asked_settles_the_request(safe: Safe) -> None:
    package_id = safe.package(BOB)
    ask(safe, DAVE, package_id)
    add(safe, package_id, DAVE)
    assert requests.pending(safe.store, ALICE) == []
    assert may(safe, DAVE, package_id)


@pytest.mark.parametrize("who", [BOB, DAVE, EVE], ids=str)
def test_only_the_owner_decides(safe: Safe, who: Address) -> None:
    package_id = safe.package(BOB)
    ask(safe, DAVE, package_id)
    (request,) = requests.pending(safe.store, ALICE)
    for decide in (requests.approve, requests.decline):
        for request_id in (request.id, identifier.draw()):
            with pytest.raises(AccessDenied) as caught:
                decide(safe.store, safe.keys.sealing, who, request_id, HERE)
            assert caught.value.denial is Denial.UNKNOWN
    assert requests.pending(safe.store, ALICE) == [request]
    assert not may(safe, DAVE, package_id)
