"""One state of the database in a file of its own, taken while others write.

SQLite's backup interface begins anew whenever somebody else writes between two of its steps, unless
a reading transaction holds the state that it copies; here one does.

Promises that the copy is one committed state, and is checked. Must never make a writer wait.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

from sqlalchemy import Table

from vault.copies.archive import BackupUnusable, Told
from vault.settings import VaultSettings
from vault.storage import tables

PAGES_AT_ONCE = 2000
_BY_ITS_OWN = (
    "PostgreSQL is backed up by its own means: pg_dump, or those of its service.\n"
    "First the database, then the sealed content (the folder `contents`, or the bucket): what a "
    "dump names was there before it. Keep the keys apart.\n"
    "docs/how-to/back-up-and-restore.md has the commands."
)
_REFERRING = [table for table in tables.metadata.sorted_tables if "content_id" in table.columns]


class Content(NamedTuple):
    """A content that lies outside the database: `size` is that of the plaintext."""

    id: str
    place: str
    size: int


def take(settings: VaultSettings, target: Path, told: Told) -> None:
    """Copy the database into the file `target`; raises BackupUnusable, sqlite3.Error."""
    with closing(_reading(settings)) as source, closing(sqlite3.connect(target)) as copy:
        target.chmod(0o600)
        source.execute("BEGIN")
        source.execute("SELECT count(*) FROM meta").fetchone()  # from here on it is this state
        page = source.execute("PRAGMA page_size").fetchone()[0]
        before = 0

        def progress(_status: int, left: int, total: int) -> None:
            nonlocal before
            told((total - left - before) * page)
            before = total - left

        source.backup(copy, pages=PAGES_AT_ONCE, progress=progress, sleep=0)
        copy.execute("PRAGMA journal_mode=DELETE")  # one file, without a log beside it
        if copy.execute("PRAGMA quick_check").fetchall() != [("ok",)]:
            raise BackupUnusable("the database is damaged: PRAGMA quick_check finds faults in it")


def size_of(settings: VaultSettings) -> int:
    """Return how large the database is."""
    with closing(_reading(settings)) as source:
        count, page = (
            source.execute(f"PRAGMA {name}").fetchone()[0] for name in ("page_count", "page_size")
        )
    return int(count * page)


def content_size(settings: VaultSettings) -> int:
    """Return how many bytes lie outside the database."""
    asked = "SELECT coalesce(sum(size), 0) FROM contents WHERE place IS NOT NULL"
    with closing(_reading(settings)) as source:
        return int(source.execute(asked).fetchone()[0])


def schema_of(snapshot: Path) -> str:
    """Return the version of a snapshot's schema; raises BackupUnusable."""
    asked = "SELECT value FROM meta WHERE name = 'schema_version'"
    try:
        with closing(sqlite3.connect(f"file:{snapshot}?mode=ro", uri=True)) as read:
            return str(read.execute(asked).fetchone()[0])
    except (sqlite3.Error, TypeError):
        raise BackupUnusable(f"{snapshot} is not a database of Sealgate") from None


def contents_of(snapshot: Path) -> Iterator[Content]:
    """Yield the contents that lie outside of a snapshot, in the order of their ids."""
    asked = "SELECT id, place, size FROM contents WHERE place IS NOT NULL AND id > ? ORDER BY id"
    last = ""
    with closing(sqlite3.connect(snapshot)) as read:
        while some := read.execute(f"{asked} LIMIT 1000", (last,)).fetchall():
            yield from map(Content._make, some)
            last = some[-1][0]


def place_now(settings: VaultSettings, content_id: str) -> str | None:
    """Return where a content lies by now, None if it has been let go."""
    with closing(_reading(settings)) as live:
        row = live.execute("SELECT place FROM contents WHERE id = ?", (content_id,)).fetchone()
    return str(row[0]) if row and row[0] is not None else None


def let_go(settings: VaultSettings, snapshot: Path, content_id: str) -> None:
    """Bring what referred to a content up to the present, where the content has been let go.

    It was destroyed, or relayed and needed no longer, while the backup was being made: the backup
    must neither name it nor undo that.
    """
    with (
        closing(_reading(settings)) as live,
        closing(sqlite3.connect(snapshot)) as copy,
    ):
        for table in _REFERRING:
            (key,) = table.primary_key.columns.keys()
            old = f"SELECT {key} FROM {table.name} WHERE content_id = ?"  # noqa: S608 - our own names
            for (named,) in copy.execute(old, (content_id,)).fetchall():
                _replace(live, copy, table, key, named)
        copy.execute("DELETE FROM contents WHERE id = ?", (content_id,))
        copy.commit()


def _replace(
    live: sqlite3.Connection, copy: sqlite3.Connection, table: Table, key: str, named: str | bytes
) -> None:
    names = table.columns.keys()
    listed = ", ".join(f'"{name}"' for name in names)
    marks = ", ".join("?" for _ in names)
    asked = f'SELECT {listed} FROM "{table}" WHERE {key} = ?'  # noqa: S608 - our own names
    row = live.execute(asked, (named,)).fetchone()
    if row is None:
        copy.execute(f'DELETE FROM "{table}" WHERE {key} = ?', (named,))  # noqa: S608 - our own names
    else:
        written = f'UPDATE "{table}" SET ({listed}) = ({marks}) WHERE {key} = ?'  # noqa: S608 - our own names
        copy.execute(written, (*row, named))


def _reading(settings: VaultSettings) -> sqlite3.Connection:
    """Return a connection that can only read; raises BackupUnusable."""
    if settings.is_postgresql:
        raise BackupUnusable(_BY_ITS_OWN)
    file = settings.database_file
    if not file.exists():
        raise BackupUnusable(f"{file} is not there: is this the settings file of the node?")
    read = sqlite3.connect(file, isolation_level=None)  # not mode=ro: the log may need its index
    wait = int(settings.lock_wait.total_seconds() * 1000)
    for pragma in (f"busy_timeout={wait}", "wal_autocheckpoint=0", "query_only=ON"):
        read.execute(f"PRAGMA {pragma}")
    return read
