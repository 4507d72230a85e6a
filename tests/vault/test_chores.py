"""Of any number of housekeepers one does a chore, and another takes over when it dies."""

import threading
from datetime import timedelta
from pathlib import Path

import pytest

from tests.vault.bench import Safe
from vault.ending import chores
from vault.ending.chores import ask_for, asked_for, every, taken
from vault.storage.store import Store

HOURLY = every(timedelta(hours=1))


def test_one_at_a_time_and_not_before_it_is_due(safe: Safe) -> None:
    store = safe.store
    with taken(store, "sweep", "a", HOURLY) as mine:
        assert mine
        with taken(store, "sweep", "b", HOURLY) as theirs:
            assert not theirs
        with taken(store, "other", "b", HOURLY) as theirs:
            assert theirs
    with taken(store, "sweep", "b", HOURLY) as again:
        assert not again
    safe.clock.advance(hours=1)
    with taken(store, "sweep", "b", HOURLY) as again:
        assert again


def test_what_was_not_finished_is_due_at_once(safe: Safe) -> None:
    with pytest.raises(OSError), taken(safe.store, "sweep", "a", HOURLY) as mine:  # noqa: PT011, PT012
        assert mine
        raise OSError
    with taken(safe.store, "sweep", "b", HOURLY) as again:
        assert again


def test_what_is_asked_for_while_it_is_done_is_done_again(safe: Safe) -> None:
    with taken(safe.store, "sweep", "a", asked_for) as mine:
        assert mine
        with safe.store.writing() as tx:
            ask_for(tx, "sweep")
    with taken(safe.store, "sweep", "b", asked_for) as again:
        assert again
    with taken(safe.store, "sweep", "b", asked_for) as third:
        assert not third


def test_who_died_is_followed_when_the_turn_runs_out(safe: Safe) -> None:
    abandoned = taken(safe.store, "sweep", "a", HOURLY)
    assert abandoned.__enter__()
    safe.clock.advance(minutes=9)
    with taken(safe.store, "sweep", "b", HOURLY) as early:
        assert not early
    safe.clock.advance(minutes=2)
    with taken(safe.store, "sweep", "b", HOURLY) as late:
        assert late
    abandoned.__exit__(None, None, None)  # comes back after all: changes nothing
    (row,) = safe.rows("chores")
    assert row.done_at == safe.clock()


def test_of_many_processes_one_acts(safe: Safe, tmp_path: Path) -> None:
    """Each has a store of its own on the same database, and all begin at the same moment."""
    stores = [Store(safe.store.settings, clock=safe.clock) for _ in range(6)]
    begin, done = threading.Barrier(len(stores)), []

    def work(number: int) -> None:
        begin.wait()
        with chores.taken(stores[number], "sweep", str(number), HOURLY) as mine:
            if mine:
                done.append(number)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(len(stores))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert len(done) == 1
    for store in stores:
        store.close()
