"""Strands: numbered and chained, whoever writes at the same time, and never on from a doubt."""

import multiprocessing
from collections import defaultdict
from itertools import pairwise
from typing import Any

import pytest
from sqlalchemy import update

from tests.vault.bench import ALICE, BOB, CAROL, Safe
from tests.vault.test_deposit import failing
from vault.errors import AccessDenied, StoreUnavailable
from vault.origin import Origin
from vault.packages import grants
from vault.storage import tables
from vault.storage.store import Store
from vault.trail import chain
from vault.trail.audit import Act, record

HERE = Origin("192.0.2.7", "A browser")


def strands(safe: Safe) -> dict[str, list[Any]]:
    found: dict[str, list[Any]] = defaultdict(list)
    for row in safe.rows("events"):
        found[row.strand].append(row)
    return found


def assert_chained(rows: list[Any]) -> None:
    assert [row.number for row in rows] == list(range(1, len(rows) + 1))
    tip = chain.beginning(rows[0].strand)
    for row in rows:
        told = (row.act, row.package_id, row.actor, row.subject, row.ip, row.agent)
        at = chain.spelt(row.at)
        tip = chain.link(tip, row.strand, row.number, at, *told, row.detail, row.policy)
        assert row.hash == tip


def told(store: Store, detail: str) -> None:
    with store.writing() as tx:
        record(tx, Act.SESSION_ENDED, detail=detail)


def test_what_one_process_writes_is_one_strand(safe: Safe) -> None:
    package_id = safe.package(BOB, CAROL)
    safe.open(BOB, package_id)
    grants.revoke(safe.store, ALICE, package_id, None, HERE)
    ((name, rows),) = strands(safe).items()
    assert len(rows) > 6
    assert_chained(rows)
    (strand,) = safe.rows("strands")
    assert (strand.name, strand.number, strand.tip) == (name, len(rows), rows[-1].hash)


def test_lines_of_a_shared_commit_are_chained_in_their_order(safe: Safe) -> None:
    def work(detail: str) -> Any:
        return lambda tx: record(tx, Act.SESSION_ENDED, detail=detail)

    waiting = [safe.store.hand_over(work(str(number))) for number in range(40)]
    for one in waiting:
        one.result()
    ((_, rows),) = strands(safe).items()
    assert_chained(rows)
    assert [row.detail for row in rows] == [str(number) for number in range(40)]


def test_work_that_fails_leaves_no_line_and_no_gap(safe: Safe) -> None:
    def fails(tx: Any) -> None:
        record(tx, Act.SESSION_ENDED, detail="never")
        raise ValueError

    def works(tx: Any) -> None:
        record(tx, Act.SESSION_ENDED, detail="once")

    with safe.store._gathering._awake:  # so that they are of one batch
        waiting = [safe.store.hand_over(one) for one in (works, fails, works)]
    failures = [one.exception() for one in waiting]
    assert [type(one) for one in failures] == [type(None), ValueError, type(None)]
    ((_, rows),) = strands(safe).items()
    assert [row.detail for row in rows] == ["once", "once"]
    assert_chained(rows)


def test_a_denial_breaks_nothing(safe: Safe) -> None:
    package_id = safe.package(BOB)
    with pytest.raises(AccessDenied):
        grants.revoke(safe.store, BOB, package_id, None, HERE)
    told(safe.store, "after")
    ((_, rows),) = strands(safe).items()
    assert_chained(rows)


def test_a_strand_whose_commit_failed_is_left(safe: Safe) -> None:
    told(safe.store, "before")
    with failing(safe, "strands", "UPDATE"), pytest.raises(StoreUnavailable):
        told(safe.store, "lost")
    told(safe.store, "after")
    found = list(strands(safe).values())
    assert [[row.detail for row in rows] for rows in found] == [["before"], ["after"]]
    for rows in found:
        assert_chained(rows)


def test_nobody_goes_on_where_somebody_else_has_written(safe: Safe) -> None:
    told(safe.store, "before")
    with safe.store.writing() as tx:
        tx.execute(update(tables.strands).values(number=7))
    with pytest.raises(StoreUnavailable):
        told(safe.store, "lost")
    assert [row.detail for row in safe.rows("events")] == ["before"]


def test_who_only_reads_leaves_no_line(safe: Safe) -> None:
    with safe.store.reading() as tx, pytest.raises(TypeError):
        record(tx, Act.SESSION_ENDED)


def _write_many(store: Store, who: str, count: int) -> None:
    for number in range(count):
        told(store, f"{who} {number}")
    store.close()


def test_processes_that_write_at_the_same_time_have_strands_of_their_own(safe: Safe) -> None:
    settings = safe.store.settings
    spawn = multiprocessing.get_context("spawn")
    writers = [
        spawn.Process(target=_write_in_a_process, args=(settings, who, 30))
        for who in ("one", "two")
    ]
    for one in writers:
        one.start()
    for one in writers:
        one.join(60)
        assert one.exitcode == 0
    found = strands(safe)
    assert sorted(len(rows) for rows in found.values()) == [30, 30]
    for rows in found.values():
        assert_chained(rows)
    assert len({row.writer for row in safe.rows("strands")}) == 2


def _write_in_a_process(settings: Any, who: str, count: int) -> None:
    _write_many(Store(settings), who, count)


def test_a_forked_process_begins_strands_of_its_own(safe: Safe) -> None:
    told(safe.store, "before")
    strands_of_parent = safe.store._strands
    strands_of_parent._process += 1  # as if what follows were another process
    told(safe.store, "after")
    assert [len(rows) for rows in strands(safe).values()] == [1, 1]
    first, second = (rows[0].strand for rows in strands(safe).values())
    assert first != second


def test_ids_rise_within_a_strand(safe: Safe) -> None:
    other = Store(safe.store.settings)
    try:
        for number in range(5):
            told(safe.store, f"a{number}")
            told(other, f"b{number}")
    finally:
        other.close()
    for rows in strands(safe).values():
        assert all(one.id < two.id for one, two in pairwise(rows))
        assert_chained(rows)
