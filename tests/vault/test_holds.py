"""Holding: kept at once, settled once, and nothing left of it afterwards."""

import threading
from collections.abc import Callable
from datetime import timedelta

import pytest

from tests.vault.bench import ALICE, BOB, BODY, CAROL, DAVE, EVE, Safe
from tests.vault.lockup import BOSS, REASON, Lockup
from tests.vault.test_deposit import LARGE, failing, files
from vault.contents import ciphertext
from vault.ending import upkeep
from vault.errors import AccessDenied, NotHeld, Outdated, StoreUnavailable
from vault.hold import lists as held
from vault.packages.deposit import Receipt
from vault.sending.outbox import Kind

SENT = ["packages", "grants", "receipts"]


@pytest.fixture
def lockup(safe: Safe) -> Lockup:
    return Lockup(safe)


def state(safe: Safe, hold_id: str) -> str:
    return {row.id: row.state for row in safe.rows("holds")}[hold_id]


def nothing_is_left(safe: Safe) -> bool:
    """Say whether no held mail could be opened by anybody, with any key."""
    rows = safe.rows("holds")
    empty = all(
        (r.wrapped, r.content_id, r.summary, r.slip) == (None, None, b"", b"") for r in rows
    )
    return empty and not safe.rows("contents") and not files(safe)


@pytest.mark.parametrize("body", [BODY, LARGE], ids=["inline", "file"])
def test_a_held_mail_is_kept_whole_and_sent_to_nobody(lockup: Lockup, body: bytes) -> None:
    hold_id, safe = lockup.hold(body), lockup.safe
    opened = lockup.look(hold_id)
    assert b"".join(opened.read()) == body == b"".join(opened.read())
    assert opened.slip.recipients == (BOB,)
    assert opened.slip.reasons == (REASON,)
    assert opened.summary.subject == "A plan"
    assert [len(safe.rows(name)) for name in SENT] == [0, 0, 0]
    assert [row.kind for row in safe.rows("outbox")] == ["held"]


def test_the_letter_says_what_is_held_and_why_and_no_more(lockup: Lockup) -> None:
    receipt = lockup.put(recipients=(BOB, CAROL, DAVE, EVE), approval=True)
    (item,) = lockup.safe.claim()
    assert (item.kind, item.to) == (Kind.HELD, ALICE)
    assert item.fields == {
        "reference": receipt.reference,
        "hold_id": receipt.hold_id,
        "recipients": f"{BOB}\n{CAROL}\n{DAVE}",
        "others": "1",
        "reasons": REASON,
        "expires_at": (lockup.safe.clock() + timedelta(days=3)).isoformat(),
        "approval": "yes",
    }


def test_the_same_mail_sent_again_is_the_same_hold(lockup: Lockup) -> None:
    first = lockup.put(LARGE)
    again = lockup.put(LARGE)
    assert (again.hold_id, again.reference, again.duplicate) == (
        first.hold_id,
        first.reference,
        True,
    )
    assert lockup.put(LARGE, recipients=(CAROL,)).hold_id != first.hold_id
    assert len(lockup.safe.rows("outbox")) == 2
    assert len(files(lockup.safe)) == 2
    lockup.release(first.hold_id)
    assert lockup.put(LARGE).hold_id == first.hold_id  # a client that never heard our answer


def test_a_mail_taken_back_and_sent_again_is_held_anew(lockup: Lockup) -> None:
    first = lockup.hold()
    lockup.withdraw(first)
    assert lockup.hold() != first


def test_a_hold_that_cannot_be_written_leaves_nothing(lockup: Lockup) -> None:
    with failing(lockup.safe, "outbox"), pytest.raises(StoreUnavailable):
        lockup.put(BODY)
    assert not lockup.safe.rows("holds")
    assert not lockup.safe.rows("contents")
    assert not lockup.safe.acts()


def test_releasing_sends_it_once_under_its_reference(lockup: Lockup) -> None:
    held_as, safe = lockup.put(), lockup.safe
    safe.deliver_all()
    sent = lockup.release(held_as.hold_id, body=b"Subject: mended\r\n\r\nHello.\r\n", to=(CAROL,))
    assert (sent.reference, sent.duplicate) == (held_as.reference, False)
    assert state(safe, held_as.hold_id) == "released"
    assert sent.package_id is not None
    assert safe.open(CAROL, sent.package_id) == b"Subject: mended\r\n\r\nHello.\r\n"
    assert sorted(
        (row.kind, row.address) for row in safe.rows("outbox") if row.state == "queued"
    ) == [
        ("notice", str(CAROL)),
        ("relay", str(BOB)),
    ]
    assert [row.settled_by for row in safe.rows("holds")] == [str(ALICE)]
    assert held.find(safe.store, ALICE, held_as.hold_id).package_id == sent.package_id


def test_a_released_mail_is_the_owners_whoever_the_deposit_names(lockup: Lockup) -> None:
    sent = lockup.release(lockup.hold(), author=EVE, to=(CAROL,))
    (package,) = lockup.safe.rows("packages")
    assert (package.author, package.owner) == (str(ALICE), str(ALICE))
    assert package.id == sent.package_id


def test_what_was_held_is_destroyed_when_it_is_settled(lockup: Lockup) -> None:
    safe = lockup.safe
    lockup.withdraw(lockup.hold(LARGE))
    assert nothing_is_left(safe)
    lockup.hold(LARGE)
    assert not nothing_is_left(safe)  # the search does find what is held
    safe.clock.advance(days=3)
    lockup.expire()
    assert nothing_is_left(safe)
    lockup.release(lockup.hold(LARGE), body=LARGE)
    safe.deliver_all()  # the clear copy has gone as well
    assert nothing_is_left(safe)


def test_the_letter_outlives_the_hold(lockup: Lockup) -> None:
    lockup.withdraw(lockup.hold())
    assert [item.kind for item in lockup.safe.deliver_all()] == [Kind.HELD]


@pytest.mark.parametrize("who", [BOB, EVE, BOSS], ids=str)
def test_nobody_but_the_owner_can_do_anything(lockup: Lockup, who: object) -> None:
    hold_id = lockup.hold()
    acts: list[Callable[..., object]] = [
        lockup.fix,
        lockup.release,
        lockup.withdraw,
        lockup.ask,
        lockup.approve,
        lockup.decline,
    ]
    for act in acts:
        with pytest.raises(AccessDenied):
            act(hold_id, by=who)
        with pytest.raises(AccessDenied):
            act("a" * 26, by=who)
    for look in (lambda: lockup.look(hold_id, BOB), lambda: lockup.look("a" * 26, ALICE)):
        with pytest.raises(AccessDenied):
            look()
    assert state(lockup.safe, hold_id) == "held"
    assert lockup.safe.acts() == ["hold:begun"]


def test_a_package_is_not_a_held_mail_nor_the_other_way_round(lockup: Lockup) -> None:
    safe = lockup.safe
    package_id, hold_id = safe.package(BOB), lockup.hold()
    with pytest.raises(AccessDenied):
        safe.open(ALICE, hold_id)
    with pytest.raises(AccessDenied):
        lockup.look(package_id)


def test_fixing_changes_what_is_seen_and_counts_up(lockup: Lockup) -> None:
    hold_id = lockup.hold()
    assert lockup.fix(hold_id, subject="A milder plan", recipients=(CAROL,), sealed=True) == 2
    opened = lockup.look(hold_id)
    assert (opened.slip.subject, opened.slip.recipients) == ("A milder plan", (CAROL,))
    assert opened.slip.sealed
    assert opened.hold.revision == 2
    assert b"".join(opened.read()) == BODY
    with pytest.raises(Outdated):
        lockup.fix(hold_id, revision=1)
    with pytest.raises(Outdated):
        lockup.release(hold_id, revision=1)
    lockup.release(hold_id, revision=2)


def test_a_settled_mail_is_settled(lockup: Lockup) -> None:
    hold_id = lockup.hold()
    lockup.withdraw(hold_id)
    acts: list[Callable[[str], object]] = [
        lockup.fix,
        lockup.release,
        lockup.withdraw,
        lockup.look,
    ]
    for act in acts:
        with pytest.raises(NotHeld) as refused:
            act(hold_id)
        assert refused.value.state == "withdrawn"
    assert not lockup.safe.rows("packages")
    assert [row.kind for row in lockup.safe.rows("outbox")] == ["held"]


def test_time_settles_it_before_anybody_writes_it_down(lockup: Lockup) -> None:
    hold_id, safe = lockup.hold(), lockup.safe
    safe.clock.advance(days=3, seconds=-1)
    assert lockup.expire() == 0
    lockup.look(hold_id)
    safe.clock.advance(seconds=1)
    for act in (lockup.look, lockup.release, lockup.withdraw, lockup.fix):
        with pytest.raises(NotHeld) as refused:
            act(hold_id)
        assert refused.value.state == "expired"
    assert held.find(safe.store, ALICE, hold_id).state == "expired"
    assert lockup.expire() == 1
    assert lockup.expire() == 0
    assert state(safe, hold_id) == "expired"
    told = [item for item in safe.deliver_all() if item.kind is Kind.SETTLED]
    assert [(item.to, item.fields["how"]) for item in told] == [(ALICE, "expired")]


def test_a_refused_release_leaves_no_file(lockup: Lockup) -> None:
    hold_id = lockup.hold()
    lockup.withdraw(hold_id)
    with pytest.raises(NotHeld):
        lockup.release(hold_id, body=LARGE)
    assert files(lockup.safe) == []


def race(*acts: Callable[[], object]) -> list[object]:
    """Do acts at the same moment; return what each returned or raised."""
    line, ends = threading.Barrier(len(acts)), [None] * len(acts)

    def run(index: int) -> None:
        line.wait()
        try:
            ends[index] = acts[index]()  # type: ignore[call-overload]
        except (NotHeld, Outdated) as refused:
            ends[index] = refused  # type: ignore[call-overload]

    threads = [threading.Thread(target=run, args=(index,)) for index in range(len(acts))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return list(ends)


def test_of_many_releases_at_once_one_sends(lockup: Lockup) -> None:
    hold_id, safe = lockup.hold(), lockup.safe
    ends = race(*[lambda: lockup.release(hold_id, to=(CAROL,), body=LARGE)] * 6)
    assert sum(isinstance(end, Receipt) for end in ends) == 1
    assert sum(isinstance(end, NotHeld) for end in ends) == 5
    assert [len(safe.rows(name)) for name in SENT] == [1, 1, 1]
    assert sorted(row.kind for row in safe.rows("outbox")) == ["held", "notice", "relay"]
    assert len(files(safe)) == 1


def test_release_and_withdrawal_at_once_agree_on_one(lockup: Lockup) -> None:
    safe, seen = lockup.safe, set()
    for number in range(12):
        hold_id = lockup.hold(BODY + b"%d" % number)
        sent, taken = race(
            lambda hold_id=hold_id: lockup.release(hold_id),  # type: ignore[misc]
            lambda hold_id=hold_id: lockup.withdraw(hold_id),  # type: ignore[misc]
        )
        copies = [row for row in safe.rows("outbox") if row.kind == "relay"]
        if isinstance(sent, Receipt):
            assert isinstance(taken, NotHeld)
            assert state(safe, hold_id) == "released"
        else:
            assert taken is None
            assert state(safe, hold_id) == "withdrawn"
        seen.add(state(safe, hold_id))
        assert len(copies) == sum(row.state == "released" for row in safe.rows("holds"))
    assert seen


@pytest.mark.parametrize("table", ["packages", "outbox", "events", "grants"])
def test_a_release_that_fails_half_way_has_not_happened(lockup: Lockup, table: str) -> None:
    hold_id, safe = lockup.hold(LARGE), lockup.safe
    with failing(safe, table), pytest.raises(StoreUnavailable):
        lockup.release(hold_id, to=(CAROL,))
    assert state(safe, hold_id) == "held"
    assert b"".join(lockup.look(hold_id).read()) == LARGE
    assert [len(safe.rows(name)) for name in SENT] == [0, 0, 0]
    lockup.release(hold_id, to=(CAROL,))
    assert [len(safe.rows(name)) for name in SENT] == [1, 1, 1]


def test_content_of_a_held_mail_is_no_orphan(lockup: Lockup) -> None:
    hold_id = lockup.hold(LARGE)
    assert upkeep.clear(lockup.safe.store, abandoned_after=timedelta(0)).orphans == 0
    assert b"".join(lockup.look(hold_id).read()) == LARGE


def test_content_that_is_held_is_not_let_go(lockup: Lockup) -> None:
    hold_id, safe = lockup.hold(LARGE), lockup.safe
    with safe.store.writing() as tx:
        ciphertext.release(tx, safe.store, hold_id)
    assert b"".join(lockup.look(hold_id).read()) == LARGE


def test_an_earlier_deposit_of_the_same_mail_does_not_swallow_a_release(lockup: Lockup) -> None:
    safe = lockup.safe
    safe.put(queued=(BOB,))
    lockup.release(lockup.hold())
    assert [row.kind for row in safe.rows("outbox")].count("relay") == 2


def test_every_look_is_on_record(lockup: Lockup) -> None:
    hold_id = lockup.hold()
    with failing(lockup.safe, "events"), pytest.raises(StoreUnavailable):
        lockup.look(hold_id)
    lockup.look(hold_id)
    acts = [event.act for event in held.timeline(lockup.safe.store, ALICE, hold_id)]
    assert acts == ["hold:begun", "hold:opened"]


def test_the_list_is_ones_own(lockup: Lockup) -> None:
    safe = lockup.safe
    first = lockup.hold()
    lockup.fix(first, subject="A milder plan")
    second = lockup.hold(BODY + b"2")
    lockup.withdraw(second)
    lockup.hold(BODY, owner=DAVE)
    lines = held.listed(safe.store, safe.keys.opening, ALICE)
    assert {(line.hold.id, line.subject) for line in lines} == {
        (first, "A milder plan"),
        (second, ""),
    }
    assert held.listed(safe.store, safe.keys.opening, EVE) == []
    safe.clock.advance(days=31)
    assert [line.hold.id for line in held.listed(safe.store, safe.keys.opening, ALICE)] == [first]


def test_a_reference_is_drawn_for_one_mail(lockup: Lockup, monkeypatch: pytest.MonkeyPatch) -> None:
    drawn = iter(["AAAA-AAAA", "AAAA-AAAA", "BBBB-BBBB", "AAAA-AAAA", "BBBB-BBBB", "CCCC-CCCC"])
    monkeypatch.setattr("vault.packages.reference.draw", lambda: next(drawn))
    assert lockup.put().reference == "AAAA-AAAA"
    assert lockup.safe.put(BOB).reference == "BBBB-BBBB"
    assert lockup.put(BODY + b"2").reference == "CCCC-CCCC"
