"""Approving: asked first, by somebody else, about what they have looked at."""

import pytest

from tests.vault.bench import ALICE, BOB, CAROL, EVE, Safe
from tests.vault.lockup import BOSS, DEPUTY, Lockup
from tests.vault.test_holds import nothing_is_left, race, state
from vault.address import Address
from vault.errors import AccessDenied, NotHeld, Outdated
from vault.hold import lists as held
from vault.hold.lists import Role
from vault.packages.deposit import Receipt
from vault.people import users
from vault.secrets import Secret
from vault.sending.outbox import Item, Kind


@pytest.fixture
def lockup(safe: Safe) -> Lockup:
    return Lockup(safe)


def letters(safe: Safe) -> list[Item]:
    return [item for item in safe.deliver_all() if item.kind is not Kind.HELD]


def test_approvers_are_told_when_they_are_asked_and_not_before(lockup: Lockup) -> None:
    hold_id, safe = lockup.hold(), lockup.safe
    assert letters(safe) == []
    assert lockup.ask(hold_id, whom=(DEPUTY, BOSS))
    assert lockup.ask(hold_id, whom=(DEPUTY, BOSS))  # an impatient click
    asked = letters(safe)
    assert [(item.kind, item.to) for item in asked] == [
        (Kind.APPROVAL, BOSS),
        (Kind.APPROVAL, DEPUTY),
    ]
    assert set(asked[0].fields) == {"reference", "hold_id", "owner", "expires_at"}
    assert lockup.look(hold_id, BOSS).hold.role is Role.APPROVER
    assert [line.hold.id for line in held.listed(safe.store, safe.keys.opening, BOSS)] == [hold_id]


@pytest.mark.parametrize("who", [BOSS, EVE, BOB], ids=str)
def test_before_they_are_asked_there_is_nothing_for_them(lockup: Lockup, who: Address) -> None:
    hold_id, safe = lockup.hold(), lockup.safe
    for act in (lockup.look, lockup.approve, lockup.decline):
        with pytest.raises(AccessDenied):
            act(hold_id, who)
    assert held.listed(safe.store, safe.keys.opening, who) == []


def test_nobody_approves_a_mail_of_their_own(lockup: Lockup) -> None:
    alias = Address.parse("a.ash@council.example")
    users.add(lockup.safe.store, ALICE, Secret(b"long enough"), [alias])
    hold_id = lockup.hold()
    assert lockup.ask(hold_id, whom=(ALICE, Address.parse("Alice@council.example"), alias, BOSS))
    assert held.find(lockup.safe.store, ALICE, hold_id).asked == (BOSS,)
    with pytest.raises(AccessDenied):
        lockup.approve(hold_id, alias)
    with pytest.raises(AccessDenied):
        lockup.approve(hold_id, ALICE)
    with pytest.raises(AccessDenied):
        lockup.approve(hold_id, Address.parse("Alice@council.example"))


def test_where_nobody_may_approve_nobody_is_asked(lockup: Lockup) -> None:
    hold_id = lockup.hold()
    assert not lockup.ask(hold_id, whom=(ALICE,))
    assert not lockup.ask(hold_id, whom=())
    assert held.find(lockup.safe.store, ALICE, hold_id).asked_at is None


def test_approved_mail_is_sent_and_its_sender_told(lockup: Lockup) -> None:
    hold_id, safe = lockup.hold(), lockup.safe
    lockup.ask(hold_id, whom=(BOSS, DEPUTY))
    letters(safe)
    sent = lockup.approve(hold_id, to=(CAROL,))
    assert state(safe, hold_id) == "released"
    assert [(item.kind, item.to, item.fields.get("how")) for item in letters(safe)] == [
        (Kind.NOTICE, CAROL, None),
        (Kind.RELAY, BOB, None),
        (Kind.SETTLED, ALICE, "released"),
    ]
    facts = held.find(safe.store, DEPUTY, hold_id)
    assert (facts.settled_by, facts.package_id) == (str(BOSS), sent.package_id)
    with pytest.raises(NotHeld):
        lockup.decline(hold_id, DEPUTY)
    (package,) = safe.rows("packages")
    assert package.owner == str(ALICE)
    acts = [(event.act, event.actor) for event in held.timeline(safe.store, ALICE, hold_id)]
    assert acts[-2:] == [("hold:approved", str(BOSS)), ("hold:released", str(BOSS))]


def test_a_refused_mail_is_destroyed_and_the_reason_kept_for_its_sender(lockup: Lockup) -> None:
    hold_id, safe = lockup.hold(), lockup.safe
    lockup.ask(hold_id)
    letters(safe)
    lockup.decline(hold_id, reason="Ring them instead: Zoë knows why.")
    assert state(safe, hold_id) == "refused"
    assert nothing_is_left(safe)
    (told,) = letters(safe)
    assert (told.kind, told.to, told.fields["how"]) == (Kind.SETTLED, ALICE, "refused")
    assert "Zoë" not in str(told.fields)
    assert held.answer(safe.store, safe.keys.opening, ALICE, hold_id).startswith("Ring them")
    with pytest.raises(AccessDenied):
        held.answer(safe.store, safe.keys.opening, EVE, hold_id)


def test_a_fix_makes_an_approver_look_again(lockup: Lockup) -> None:
    hold_id = lockup.hold()
    lockup.ask(hold_id)
    assert lockup.fix(hold_id, recipients=(EVE,)) == 2
    with pytest.raises(AccessDenied):  # what was asked is void
        lockup.approve(hold_id)
    assert held.find(lockup.safe.store, ALICE, hold_id).asked == ()
    lockup.ask(hold_id, revision=2)
    with pytest.raises(Outdated):
        lockup.approve(hold_id, revision=1)
    with pytest.raises(Outdated):
        lockup.decline(hold_id, revision=1)
    lockup.approve(hold_id, revision=2)


def test_asking_about_what_has_changed_meanwhile_is_refused(lockup: Lockup) -> None:
    hold_id = lockup.hold()
    lockup.fix(hold_id)
    with pytest.raises(Outdated):
        lockup.ask(hold_id, revision=1)


def test_two_approvers_and_the_sender_at_once_agree_on_one(lockup: Lockup) -> None:
    safe = lockup.safe
    for number in range(8):
        hold_id = lockup.hold(b"mail %d" % number)
        lockup.ask(hold_id, whom=(BOSS, DEPUTY))
        ends = race(
            lambda hold_id=hold_id: lockup.approve(hold_id, BOSS),  # type: ignore[misc]
            lambda hold_id=hold_id: lockup.decline(hold_id, DEPUTY),  # type: ignore[misc]
            lambda hold_id=hold_id: lockup.withdraw(hold_id),  # type: ignore[misc]
        )
        assert sum(isinstance(end, NotHeld) for end in ends) == 2
        sent = isinstance(ends[0], Receipt)
        assert (state(safe, hold_id) == "released") is sent
    copies = [row for row in safe.rows("outbox") if row.kind == "relay"]
    assert len(copies) == sum(row.state == "released" for row in safe.rows("holds"))
