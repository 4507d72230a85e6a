"""The store: all or nothing, durable, private, and silent about what it holds when it fails."""

import logging
import multiprocessing
import multiprocessing.synchronize
import resource
import sqlite3
import threading
import traceback
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from pydantic import ValidationError
from sqlalchemy import insert, select, text, update

from tests.vault.bench import BOB, ON_SQLITE, Safe
from vault.errors import SchemaMismatch, StoreUnavailable
from vault.settings import FILE_NAME, VaultSettings
from vault.storage import tables
from vault.storage.store import Store

MARKER = "MARKER-7c1e"


def pragma(store: Store, engine: str, name: str) -> object:
    with getattr(store._database, engine).connect() as connection:
        return connection.exec_driver_sql(f"PRAGMA {name}").scalar()


def put_meta(store: Store, name: str, value: str = "x") -> None:
    with store.writing() as tx:
        tx.execute(insert(tables.meta).values(name=name, value=value))


def names(store: Store) -> set[str]:
    with store.reading() as tx:
        return {row.name for row in tx.execute(select(tables.meta.c.name))}


@ON_SQLITE
@pytest.mark.parametrize("engine", ["writer", "reader"])
def test_every_connection_is_durable_and_tidy(store: Store, engine: str) -> None:
    assert pragma(store, engine, "journal_mode") == "wal"
    assert pragma(store, engine, "synchronous") == 2  # FULL
    assert pragma(store, engine, "foreign_keys") == 1
    assert pragma(store, engine, "secure_delete") == 1
    assert pragma(store, engine, "mmap_size") in {0, None}


@ON_SQLITE
def test_only_one_connection_of_one_process_runs_checkpoints(store: Store) -> None:
    other = Store(store.settings)
    try:
        found = [
            pragma(each, engine, "wal_autocheckpoint")
            for each in (store, other)
            for engine in ("writer", "reader")
        ]
    finally:
        other.close()
    assert found == [1000, 0, 0, 0]


@ON_SQLITE
def test_files_are_their_owners_alone(safe: Safe) -> None:
    safe.package(BOB)
    modes = {path.name: path.stat().st_mode & 0o777 for path in safe.folder.iterdir()}
    assert modes.pop("contents") == 0o700
    assert modes == {FILE_NAME: 0o600, f"{FILE_NAME}-wal": 0o600, f"{FILE_NAME}-shm": 0o600}
    assert safe.folder.stat().st_mode & 0o777 == 0o700


def test_an_error_in_the_block_leaves_nothing(store: Store) -> None:
    def fail() -> None:
        with store.writing() as tx:
            tx.execute(insert(tables.meta).values(name="half", value="x"))
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert "half" not in names(store)
    put_meta(store, "whole")  # the control: without an error it is there
    assert "whole" in names(store)


def test_what_is_written_survives_the_process(store: Store) -> None:
    put_meta(store, "kept")
    store.close()
    again = Store(store.settings)
    try:
        assert "kept" in names(again)
    finally:
        again.close()


def test_afterwards_only_follows_a_commit(store: Store) -> None:
    done: list[str] = []

    def fail() -> None:
        with store.writing() as tx:
            tx.after_commit(lambda: done.append("never"))
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    with store.writing() as tx:
        tx.after_commit(lambda: done.append("committed"))
        assert done == []
    assert done == ["committed"]


def test_a_failing_afterwards_does_not_undo_a_commit(store: Store) -> None:
    def fail() -> None:
        raise StoreUnavailable

    with store.writing() as tx:
        tx.execute(insert(tables.meta).values(name="kept", value="x"))
        tx.after_commit(fail)
    assert "kept" in names(store)


def test_reading_cannot_write(store: Store) -> None:
    with pytest.raises(StoreUnavailable), store.reading() as tx:
        tx.execute(insert(tables.meta).values(name="sneaked", value="x"))
    assert "sneaked" not in names(store)


def test_reading_sees_one_state(store: Store) -> None:
    with store.reading() as tx:
        before = len(tx.execute(select(tables.meta)).all())
        put_meta(store, "meanwhile")
        assert len(tx.execute(select(tables.meta)).all()) == before
    assert "meanwhile" in names(store)


def test_a_failure_says_nothing_of_statement_or_values(
    store: Store, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    put_meta(store, MARKER)
    with pytest.raises(StoreUnavailable) as caught:
        put_meta(store, MARKER)
    told = (
        "".join(traceback.format_exception(caught.value))
        + caplog.text
        + "".join(capsys.readouterr())
    )
    assert MARKER not in told
    assert "INSERT" not in told.upper().replace("TX.EXECUTE(INSERT(", "")  # our own source line
    assert "store.failed" in told
    assert caught.value.__cause__ is None


def test_a_database_locked_by_another_is_unavailable_and_recovers(tmp_path: Path) -> None:
    settings = VaultSettings(folder=tmp_path, lock_wait=timedelta(milliseconds=200))
    store = Store(settings)
    other = sqlite3.connect(tmp_path / FILE_NAME, isolation_level=None)
    try:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreUnavailable):
            put_meta(store, "locked out")
        other.execute("ROLLBACK")
        put_meta(store, "let in")
        assert {"let in"} == names(store) - {"schema_version"}
    finally:
        other.close()
        store.close()


def test_a_writer_that_waits_too_long_for_its_turn_is_told(tmp_path: Path) -> None:
    store = Store(VaultSettings(folder=tmp_path, lock_wait=timedelta(milliseconds=100)))
    try:
        with store.writing(), pytest.raises(StoreUnavailable), store.writing():
            pytest.fail("two writers at once")
    finally:
        store.close()


@ON_SQLITE
def test_a_full_disk_is_unavailable_and_recovers(safe: Safe) -> None:
    with safe.store.writing() as tx:
        tx.execute(insert(tables.meta).values(name="before", value="x"))
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    wal = (safe.folder / f"{FILE_NAME}-wal").stat().st_size
    resource.setrlimit(resource.RLIMIT_FSIZE, (wal + 100, hard))
    try:
        with pytest.raises(StoreUnavailable):
            safe.put(BOB)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert safe.rows("packages") == []
    assert safe.open(BOB, safe.package(BOB))


def test_a_damaged_database_is_unavailable(tmp_path: Path) -> None:
    (tmp_path / FILE_NAME).write_bytes(b"not a database at all" * 100)
    with pytest.raises(StoreUnavailable):
        Store(VaultSettings(folder=tmp_path))


def test_a_folder_that_is_a_file_is_unavailable(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("x")
    with pytest.raises(StoreUnavailable) as caught:
        Store(VaultSettings(folder=tmp_path / "data"))
    assert str(tmp_path) not in str(caught.value)


def test_threads_take_turns(store: Store) -> None:
    put_meta(store, "count", "0")
    chosen = tables.meta.c.name == "count"

    def add() -> None:
        for _ in range(20):
            with store.writing("count") as tx:
                value = tx.execute(select(tables.meta.c.value).where(chosen)).scalar_one()
                tx.execute(update(tables.meta).where(chosen).values(value=str(int(value) + 1)))

    threads = [threading.Thread(target=add) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with store.reading() as tx:
        assert tx.execute(select(tables.meta.c.value).where(chosen)).scalar_one() == "160"


def _start(folder: str, at_once: multiprocessing.synchronize.Barrier, number: int) -> None:
    at_once.wait(timeout=60)
    store = Store(VaultSettings(folder=Path(folder)), checkpoints=number == 0)
    put_meta(store, f"process {number}")
    store.close()


def test_processes_that_start_together_make_one_schema(tmp_path: Path) -> None:
    fork = multiprocessing.get_context("fork")  # a spawned one imports for seconds
    at_once = fork.Barrier(3)
    started = [
        fork.Process(target=_start, args=(str(tmp_path / "data"), at_once, number))
        for number in range(3)
    ]
    for process in started:
        process.start()
    for process in started:
        process.join(timeout=60)
    assert [process.exitcode for process in started] == [0, 0, 0]
    store = Store(VaultSettings(folder=tmp_path / "data"))
    try:
        assert names(store) == {"schema_version", "process 0", "process 1", "process 2"}
    finally:
        store.close()


@pytest.mark.parametrize("found", ["0", "999"])
def test_another_schema_version_is_refused(store: Store, found: str) -> None:
    with store.writing() as tx:
        tx.execute(update(tables.meta).values(value=found))
    with pytest.raises(SchemaMismatch) as caught:
        Store(store.settings)
    assert (caught.value.found, caught.value.wanted) == (found, tables.SCHEMA_VERSION)


def test_times_are_kept_as_instants(store: Store) -> None:
    at = datetime(2026, 3, 29, 2, 30, 1, 5, tzinfo=timezone(timedelta(hours=5, minutes=45)))
    row = {"id": "a" * 26, "size": 1, "created_at": at, "inline": b"x"}
    with store.writing() as tx:
        tx.execute(insert(tables.contents), [row])
    with store.reading() as tx:
        kept = tx.execute(select(tables.contents.c.created_at)).scalar_one()
        late = select(tables.contents.c.id).where(tables.contents.c.created_at > at)
        assert tx.execute(late).all() == []
    assert kept == at
    assert kept.tzinfo is UTC


def test_a_time_without_zone_is_refused(store: Store) -> None:
    naive = {"id": "a" * 26, "size": 1, "created_at": datetime(2026, 1, 1), "inline": b"x"}  # noqa: DTZ001
    with pytest.raises(StoreUnavailable), store.writing() as tx:
        tx.execute(insert(tables.contents), [naive])


def test_rows_cannot_refer_to_what_is_not_there(store: Store) -> None:
    with pytest.raises(StoreUnavailable), store.writing() as tx:
        tx.execute(
            text(
                "INSERT INTO grants (package_id, address, folded, visible, notify, reports, state,"
                " notice, added_at, downloads) VALUES ('none', 'a@b.c', 'a@b.c', true, true, true,"
                " 'active', 'none', '2026-01-01 00:00:00', 0)"
            )
        )


@pytest.mark.parametrize("url", ["sqlite://", "sqlite:///", "mysql://a@b/c", "x"])
def test_what_names_no_database_is_refused(tmp_path: Path, url: str) -> None:
    with pytest.raises(ValidationError):
        VaultSettings(folder=tmp_path, database=url)


def test_a_database_may_lie_elsewhere(tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere.sqlite"
    store = Store(VaultSettings(folder=tmp_path / "data", database=f"sqlite:///{elsewhere}"))
    try:
        put_meta(store, "there")
    finally:
        store.close()
    assert elsewhere.stat().st_mode & 0o777 == 0o600
    assert not (tmp_path / "data" / FILE_NAME).exists()
