"""Nodes that keep house, sign, lock and hold at the same moment: each thing happens once."""

from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any

import pytest

from tests.vault.bench import ALICE, BOB, BODY, CAROL, HERE, Safe
from tests.vault.nodes import NODES, Nodes, kinds, race
from vault.ending import certifying, chores, destroying, legal
from vault.ending.legal import NotPossible
from vault.errors import AccessDenied, CannotLock, Contended, TooMany, WrongWords
from vault.keys import signing
from vault.keys.signing import SigningKey
from vault.packages import grants, phrase, second_lock
from vault.secrets import Secret
from vault.sending import reminding, reporting
from vault.storage import turns
from vault.trail import heads, verifying

ROUNDS = 2
DAY = timedelta(days=1)
HOURLY = chores.every(timedelta(hours=1))


@pytest.fixture(scope="module")
def key(tmp_path_factory: pytest.TempPathFactory) -> SigningKey:
    return signing.make(tmp_path_factory.mktemp("signing"))


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(phrase, "MEMORY", 1024)


def due(nodes: Nodes, body: bytes) -> str:
    """A package whose content is to be destroyed now."""
    terms = {"kept_after_expiry": DAY}
    package_id = nodes.first.package(BOB, body=body, expires_in=DAY, terms=terms)
    nodes.first.deliver_all()
    nodes.first.clock.advance(days=3)
    return package_id


def bodies() -> list[bytes]:
    return [BODY + f"{number}\r\n".encode() for number in range(ROUNDS)]


# --- chores and heads


def test_a_chore_is_one_nodes(nodes: Nodes) -> None:
    done: list[int] = []

    def look(safe: Safe) -> None:
        with chores.taken(safe.store, "sweep", str(id(safe)), HOURLY) as mine:
            if mine:
                done.append(id(safe))

    for number in range(1, ROUNDS + 1):  # the first time there is no row yet
        nodes.race(look)
        assert len(done) == number
        nodes.first.clock.advance(hours=2)


def test_heads_have_no_gap_and_no_fork(nodes: Nodes, key: SigningKey) -> None:
    one, other, third, fourth = nodes.safes
    for body in bodies():
        race(
            partial(heads.make, one.store, key),
            partial(other.put, BOB, body=body),
            partial(heads.make, third.store, key),
            partial(fourth.put, CAROL, body=body),
        )
        nodes.first.clock.advance(seconds=61)
    nodes.race(lambda safe: heads.make(safe.store, key))
    numbers = [head.number for head in heads.since(one.store, 0)]
    assert numbers == list(range(1, len(numbers) + 1))
    verdict = verifying.verify(one.store, [key.public])
    assert verdict.findings.told == []
    assert verdict.unsigned == 0


# --- the end of a package


def test_content_is_destroyed_and_certified_once(nodes: Nodes, key: SigningKey) -> None:
    for body in bodies():
        due(nodes, body)
        assert sorted(nodes.race(lambda safe: destroying.destroy(safe.store))) == [0, 0, 0, 1]
        nodes.race(lambda safe: certifying.finish(safe.store, lambda: key, "Example"))
    acts = nodes.first.acts()
    assert acts.count("content:destroyed") == acts.count("certificate:issued") == ROUNDS
    assert all(row.certificate for row in nodes.first.rows("destructions"))


def test_what_is_held_is_not_destroyed_and_what_is_destroyed_is_not_held(nodes: Nodes) -> None:
    one, other, third, fourth = nodes.safes
    for body in bodies():
        package_id = due(nodes, body)
        _, held, *_ = race(
            partial(destroying.destroy, one.store),
            partial(legal.place, other.store, package_id, "ann", "a case"),
            partial(destroying.destroy, third.store),
            partial(grants.extend, fourth.store, ALICE, package_id, fourth.clock() + DAY, HERE),
        )
        (row,) = [row for row in nodes.first.rows("packages") if row.id == package_id]
        in_force = legal.in_force(one.store, package_id)
        if isinstance(held, NotPossible):
            assert (row.wrapped, in_force) == (None, [])
        else:
            assert row.wrapped is not None
            assert [hold.id for hold in in_force] == [held]


def test_more_time_that_was_given_is_kept(nodes: Nodes) -> None:
    """Housekeeping says when content goes while its sender gives it more time."""
    one, other, third, fourth = nodes.safes
    for body in bodies():
        package_id = nodes.first.package(BOB, body=body, expires_in=DAY)
        nodes.first.clock.advance(days=2)
        until = nodes.first.clock() + 100 * DAY
        race(
            partial(destroying.schedule, one.store),
            partial(grants.extend, other.store, ALICE, package_id, until, HERE),
            partial(destroying.schedule, third.store),
            partial(reporting.report, fourth.store, fourth.keys.sealing),
        )
        (row,) = [row for row in nodes.first.rows("packages") if row.id == package_id]
        assert row.expires_at == until
        assert row.destroy_at is None or row.destroy_at >= until


def test_a_hold_is_ended_by_two_people(nodes: Nodes) -> None:
    for body in bodies():
        package_id = nodes.first.package(BOB, body=body)
        hold_id = legal.place(nodes.first.store, package_id, "ann", "a case")
        results = race(
            *(
                partial(legal.end, safe.store, hold_id, f"admin{number}", "over", needs_two=True)
                for number, safe in enumerate(nodes.safes)
            )
        )
        assert kinds(results, NotPossible) == NODES - 2
        assert sorted(one for one in results if isinstance(one, bool)) == [False, True]
        assert legal.in_force(nodes.first.store, package_id) == []


def test_one_person_cannot_end_a_hold_from_many_nodes(nodes: Nodes) -> None:
    package_id = nodes.first.package(BOB)
    hold_id = legal.place(nodes.first.store, package_id, "ann", "a case")
    results = nodes.race(lambda safe: legal.end(safe.store, hold_id, "ann", "over", needs_two=True))
    assert (results.count(False), kinds(results, NotPossible)) == (1, NODES - 1)
    assert len(legal.in_force(nodes.first.store, package_id)) == 1


# --- reminders and reports


def test_a_recipient_is_reminded_once(nodes: Nodes) -> None:
    terms = {"reminders": 2}
    nodes.first.package(BOB, CAROL, expires_in=9 * DAY, terms=terms)
    nodes.first.deliver_all()
    nodes.first.clock.advance(days=4)
    assert sum(nodes.race(lambda safe: reminding.remind(safe.store, safe.keys.sealing))) == 2
    reminded = [row for row in nodes.first.rows("outbox") if row.kind == "reminder"]
    assert sorted(row.address for row in reminded) == [str(BOB), str(CAROL)]


@pytest.mark.parametrize("backend", ["postgresql"])
def test_nobody_is_reminded_whose_access_was_withdrawn(
    nodes: Nodes, monkeypatch: pytest.MonkeyPatch, backend: str
) -> None:
    """The other node withdraws it after the reminder was found to be due."""
    package_id = nodes.first.package(BOB, expires_in=9 * DAY, terms={"reminders": 2})
    nodes.first.deliver_all()
    nodes.first.clock.advance(days=4)
    other, look = nodes.safes[1], reminding._due

    def withdrawn_meanwhile(tx: Any) -> Any:
        found = look(tx)
        monkeypatch.setattr(reminding, "_due", look)
        grants.revoke(other.store, ALICE, package_id, BOB, HERE)
        return found

    monkeypatch.setattr(reminding, "_due", withdrawn_meanwhile)
    assert reminding.remind(nodes.first.store, nodes.first.keys.sealing) == 0
    assert not [row for row in nodes.first.rows("outbox") if row.kind == "reminder"]


# --- the second lock


def test_a_package_is_locked_once(nodes: Nodes, quick: None) -> None:
    for body in bodies():
        package_id = nodes.first.package(BOB, body=body)
        nodes.first.deliver_all()
        results = nodes.race(_lock(package_id))
        (words,) = [one for one in results if isinstance(one, Secret)]
        assert kinds(results, CannotLock) == NODES - 1
        assert second_lock.unlock(*_ways(nodes.first), BOB, package_id, words, HERE)


def test_words_are_tried_no_more_often_on_many_nodes(nodes: Nodes, quick: None) -> None:
    package_id = nodes.first.package(BOB)
    nodes.first.deliver_all()
    _lock(package_id)(nodes.first)
    wrong = Secret(b"abandon ability able about above absent")

    def guess(safe: Safe) -> None:
        second_lock.unlock(*_ways(safe), BOB, package_id, wrong, HERE)

    results = [one for _ in range(ROUNDS) for one in nodes.race(guess)]
    assert kinds(results, WrongWords) == second_lock.TRIES
    assert kinds(results, TooMany) == ROUNDS * NODES - second_lock.TRIES


def _ways(safe: Safe) -> tuple[Any, ...]:
    return safe.store, safe.keys.opening, safe.keys.sealing


def _lock(package_id: str) -> Callable[[Safe], Any]:
    return lambda safe: second_lock.add(*_ways(safe), ALICE, package_id, HERE)


# --- the control


@pytest.mark.parametrize("backend", ["postgresql"])
def test_without_turns_words_are_tried_more_often(
    nodes: Nodes, quick: None, monkeypatch: pytest.MonkeyPatch, backend: str
) -> None:
    monkeypatch.setattr(turns, "numbers", lambda _about: [])
    wrong = Secret(b"abandon ability able about above absent")
    for number in range(30):
        package_id = nodes.first.package(BOB, body=BODY + b"%d" % number)
        nodes.first.deliver_all()
        _lock(package_id)(nodes.first)

        def guess(safe: Safe, package_id: str = package_id) -> None:
            try:
                second_lock.unlock(*_ways(safe), BOB, package_id, wrong, HERE)
            except AccessDenied:
                raise AssertionError from None
            except Contended:  # without turns they get in each other's way as well
                return

        results = [one for _ in range(4) for one in nodes.race(guess)]
        if kinds(results, WrongWords) > second_lock.TRIES:
            return
    pytest.fail("the races prove nothing")
