"""The write-ahead log is begun anew although only other processes write."""

from pathlib import Path

import pytest
from sqlalchemy import insert

from vault.storage import checkpoints, tables
from vault.storage.checkpoints import Checkpoints
from vault.storage.sqlite import SqliteDatabase
from vault.storage.store import Store

ONLY = "sqlite"

MIB = 1 << 20


def write(store: Store, first: int, mebibytes: int) -> None:
    for number in range(first, first + mebibytes):
        with store.writing() as tx:
            row = {"id": f"c{number}", "inline": bytes(MIB), "size": MIB, "created_at": tx.now}
            tx.execute(insert(tables.contents), [row])


@pytest.mark.parametrize("mode", ["looked after", "left alone"])
def test_the_log_does_not_grow_while_its_keeper_is_idle(
    store: Store, monkeypatch: pytest.MonkeyPatch, mode: str
) -> None:
    monkeypatch.setattr(checkpoints, "EVERY", 3600.0)
    monkeypatch.setattr(checkpoints, "WORTH_IT", MIB)
    monkeypatch.setattr(checkpoints, "LARGE", 2 * MIB)
    database = store._database
    assert isinstance(database, SqliteDatabase)
    wal: Path = database.log
    other = Store(store.settings)  # another process's, as far as the database knows
    keeper = Checkpoints(wal, database.pragma)
    try:
        write(other, 0, 3)
        before = wal.stat().st_size
        for turn in range(1, 4):
            if mode == "looked after":
                keeper.look()
            write(other, 3 * turn, 3)
        grown = wal.stat().st_size / before
    finally:
        keeper.close()
        other.close()
    assert grown < 1.5 if mode == "looked after" else grown > 3
