"""The shared commit: one transaction for many; who fails, fails alone; nobody is told too soon."""

import threading
from collections.abc import Callable
from concurrent.futures import Future
from datetime import UTC, datetime

import pytest
from sqlalchemy import insert, select

from tests.vault.bench import ON_SQLITE
from vault.errors import StoreUnavailable
from vault.storage import tables
from vault.storage.statements import Addition, Statement
from vault.storage.store import Store, Transaction

PATIENCE = 20.0
META = Addition(tables.meta)
ALL = Statement(select(tables.meta.c.name).where(tables.meta.c.name != "schema_version"))


def put(name: str) -> Callable[[Transaction], None]:
    return lambda tx: tx.add(META, [{"name": name, "value": "x"}])


def names(store: Store) -> list[str]:
    return [name for (name,) in store.ask(ALL)]


class Gate:
    """Work that holds the writer until it is opened, so that other work gathers behind it."""

    def __init__(self, store: Store) -> None:
        self.begun, self._open = threading.Event(), threading.Event()
        self.done = store.hand_over(self._wait)
        assert self.begun.wait(PATIENCE)

    def _wait(self, _tx: Transaction) -> None:
        self.begun.set()
        assert self._open.wait(PATIENCE)

    def open(self) -> None:
        self._open.set()
        self.done.result(PATIENCE)


def test_what_is_answered_for_is_there(store: Store) -> None:
    store.hand_over(put("a")).result(PATIENCE)
    assert names(store) == ["a"]


def test_works_that_wait_together_share_one_transaction_in_their_order(store: Store) -> None:
    gate = Gate(store)
    seen: list[Transaction] = []

    def work(tx: Transaction) -> None:
        seen.append(tx)

    waiting = [store.hand_over(work) for _ in range(20)]
    gate.open()
    for one in waiting:
        one.result(PATIENCE)
    assert len(seen) == 20
    assert len(set(map(id, seen))) == 1


def test_nobody_is_answered_before_the_commit(store: Store) -> None:
    gate = Gate(store)
    first = store.hand_over(put("a"))
    looked: list[tuple[bool, list[str]]] = []

    def look(_tx: Transaction) -> None:
        looked.append((first.done(), names(store)))

    second = store.hand_over(look)
    gate.open()
    second.result(PATIENCE)
    assert looked == [(False, [])]
    assert names(store) == ["a"]


def test_work_that_fails_fails_alone(store: Store) -> None:
    gate = Gate(store)

    def fails(tx: Transaction) -> None:
        tx.add(META, [{"name": "half", "value": "x"}])
        raise ValueError("mine")

    good, bad, twice = store.hand_over(put("a")), store.hand_over(fails), store.hand_over(put("a"))
    gate.open()
    good.result(PATIENCE)
    with pytest.raises(ValueError, match="mine"):
        bad.result(PATIENCE)
    with pytest.raises(StoreUnavailable):  # the name is taken
        twice.result(PATIENCE)
    assert names(store) == ["a"]


@ON_SQLITE
def test_a_commit_that_fails_has_failed_for_everybody(store: Store) -> None:
    gate = Gate(store)

    def breaks_at_the_end(tx: Transaction) -> None:
        tx._connection.exec_driver_sql("PRAGMA defer_foreign_keys=ON")
        grant = {"package_id": "none", "address": "a@b.example", "folded": "a@b.example"}
        tx.execute(insert(tables.grants), [{**grant, "added_at": datetime.now(UTC)}])

    both: list[Future[None]] = [store.hand_over(put("a")), store.hand_over(breaks_at_the_end)]
    gate.open()
    for one in both:
        with pytest.raises(StoreUnavailable):
            one.result(PATIENCE)
    assert names(store) == []
    store.hand_over(put("b")).result(PATIENCE)  # and the writer goes on
    assert names(store) == ["b"]


def test_what_nobody_waits_for_is_done_soon_and_before_the_end(store: Store) -> None:
    store.hand_over_late(put("a")).result(PATIENCE)
    store.hand_over_late(put("b"))
    store.settle()
    assert names(store) == ["a", "b"]
    other = Store(store.settings)
    other.hand_over_late(put("c"))
    other.close()
    assert names(store) == ["a", "b", "c"]
    with pytest.raises(StoreUnavailable):
        other.hand_over(put("d"))


def test_who_stops_waiting_does_not_undo_the_work(store: Store) -> None:
    gate = Gate(store)
    waiting = store.hand_over(put("a"))
    assert not waiting.cancel()
    gate.open()
    waiting.result(PATIENCE)
    assert names(store) == ["a"]
