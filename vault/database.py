"""The SQLite database under the store: how it is opened, and how its schema comes to be.

One connection a process writes, many read. Only the writing connection of one process may run
checkpoints: SQLite before 3.51.3 can corrupt a WAL database when two connections do so at the same
instant (https://sqlite.org/wal.html#walresetbug), so everyone else's are switched off.

Promises that a commit is on the disk when it returns (WAL with synchronous=FULL), that deleted
rows are overwritten, and that processes which start at the same moment make one schema.
Must never be imported outside the vault.
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from sqlite3 import Connection as SqliteConnection

from sqlalchemy import URL, Connection, Engine, create_engine, event, insert, inspect, make_url
from sqlalchemy.pool import ConnectionPoolEntry

from vault import tables
from vault.errors import SchemaMismatch, StoreUnavailable
from vault.settings import VaultSettings
from vault.upgrade import UPGRADABLE, upgrade

CHECKPOINT_PAGES = 1000
READERS = 5
MORE_READERS = 40


@dataclass(frozen=True, slots=True)
class Database:
    """The two ways in: `writer` has one connection and locks at BEGIN, `reader` cannot write."""

    writer: Engine
    reader: Engine

    def lasting_reader(self) -> SqliteConnection:
        """Return a connection that cannot write, for its caller to keep and to close."""
        pooled = self.reader.raw_connection()
        found = pooled.driver_connection
        pooled.detach()
        assert isinstance(found, SqliteConnection)  # noqa: S101 - the database is SQLite
        return found

    def close(self) -> None:
        """Close every connection."""
        self.reader.dispose()
        self.writer.dispose()


def open_database(settings: VaultSettings, *, checkpoints: bool) -> Database:
    """Open the database and make its schema if it has none; raises SchemaMismatch.

    SQLAlchemy's and the system's errors come through as they are: the store translates them.
    """
    url = _url(settings)
    wait = settings.lock_wait.total_seconds()
    pages = CHECKPOINT_PAGES if checkpoints else 0
    writer = create_engine(url, hide_parameters=True, pool_size=1, max_overflow=0)
    reader = create_engine(
        url,
        hide_parameters=True,
        pool_size=READERS,
        max_overflow=MORE_READERS,
        pool_timeout=wait,
    )
    _prepare(writer, begin="BEGIN IMMEDIATE", wait=wait, pragmas=(f"wal_autocheckpoint={pages}",))
    _prepare(reader, begin="BEGIN", wait=wait, pragmas=("wal_autocheckpoint=0", "query_only=ON"))
    database = Database(writer, reader)
    try:
        with _alone(settings.folder):
            _make_private(url)
            _use_wal(writer)
            with writer.begin() as connection:
                _make_schema(connection)
    except BaseException:
        database.close()
        raise
    return database


def _url(settings: VaultSettings) -> URL:
    if settings.database is not None:
        return make_url(settings.database)
    return URL.create("sqlite", database=str(settings.database_file))


def _prepare(engine: Engine, *, begin: str, wait: float, pragmas: tuple[str, ...]) -> None:
    """Set up each connection of `engine`, and begin its transactions ourselves.

    The driver would begin late and only for writes: a read could then see two states.
    """
    always = (
        f"busy_timeout={int(wait * 1000)}",
        "synchronous=FULL",
        "foreign_keys=ON",
        "secure_delete=ON",
        "temp_store=MEMORY",
        "mmap_size=0",
    )

    def connected(connection: SqliteConnection, _entry: ConnectionPoolEntry) -> None:
        connection.isolation_level = None
        for pragma in always + pragmas:
            connection.execute(f"PRAGMA {pragma}").close()

    def began(connection: Connection) -> None:
        connection.exec_driver_sql(begin)

    event.listen(engine, "connect", connected)
    event.listen(engine, "begin", began)


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Keep other starting processes out: switching to WAL does not wait for a lock by itself."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def _make_private(url: URL) -> None:
    """Create the file for its owner alone; SQLite gives its WAL the same mode."""
    if url.database is None:
        raise StoreUnavailable("the database needs a file")
    os.close(os.open(url.database, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))


def _use_wal(writer: Engine) -> None:
    raw = writer.raw_connection()
    try:
        cursor = raw.cursor()
        cursor.execute("PRAGMA journal_mode=WAL")
        answer = cursor.fetchone()
        cursor.close()
    finally:
        raw.close()
    if not answer or answer[0] != "wal":
        raise StoreUnavailable("the file system of the database does not support WAL")


def _make_schema(connection: Connection) -> None:
    meta, wanted = tables.meta, tables.SCHEMA_VERSION
    if not inspect(connection).has_table(meta.name):
        tables.metadata.create_all(connection)
        connection.execute(insert(meta).values(name="schema_version", value=wanted))
        return
    versions = meta.select().where(meta.c.name == "schema_version")
    row = connection.execute(versions).one_or_none()
    found = row.value if row else "none"
    if found in UPGRADABLE:
        upgrade(connection)
    elif found != wanted:
        raise SchemaMismatch(found, wanted)
