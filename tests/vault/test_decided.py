"""What is kept of decisions: in order, bounded in time and number, and nothing that is too long."""

from datetime import timedelta

import pytest

from tests.vault.bench import HandClock
from vault import decided
from vault.decided import LONGEST, DecidedRow
from vault.ending import upkeep
from vault.settings import VaultSettings
from vault.storage.store import Store

DAY = timedelta(days=1)


def keep(store: Store, clock: HandClock, *sizes: int) -> int:
    with store.writing() as tx:
        rows = [DecidedRow(clock(), "p" * 64, {"size": size}) for size in sizes]
        return decided.write(tx, rows)


def sizes(store: Store, back: timedelta = 400 * DAY) -> list[int]:
    with store.reading() as tx:
        return [row.facts["size"] for row in decided.since(tx, tx.now - back)]


def test_they_come_back_in_order(store: Store, clock: HandClock) -> None:
    assert keep(store, clock, *range(2500)) == 0
    assert sizes(store) == list(range(2500))


def test_only_those_since_a_moment_are_asked_for(store: Store, clock: HandClock) -> None:
    keep(store, clock, 1)
    clock.advance(days=10)
    keep(store, clock, 2)
    assert sizes(store, 9 * DAY) == [2]
    assert sizes(store, 10 * DAY) == [1, 2]


def test_what_is_too_long_is_not_kept(store: Store, clock: HandClock) -> None:
    with store.writing() as tx:
        rows = [DecidedRow(clock(), "p", {"size": 1, "x": "x" * LONGEST})]
        assert decided.write(tx, rows) == 1
    assert sizes(store) == []


def test_upkeep_forgets_what_is_old(store: Store, clock: HandClock) -> None:
    keep(store, clock, 1)
    clock.advance(days=29)
    keep(store, clock, 2)
    upkeep.clear(store)
    assert sizes(store) == [1, 2]
    clock.advance(days=2)
    upkeep.clear(store)
    assert sizes(store) == [2]


@pytest.mark.parametrize(("most", "left"), [(0, []), (2, [4, 5]), (9, [1, 2, 3, 4, 5])])
def test_upkeep_forgets_what_is_too_much(
    store: Store, clock: HandClock, most: int, left: list[int]
) -> None:
    keep(store, clock, 1, 2, 3, 4, 5)
    settings = VaultSettings(folder=store.settings.folder, decisions_at_most=most)
    with store.writing() as tx:
        decided.forget(tx, settings)
    assert sizes(store) == left
