"""The SQLite database under the store: how it is opened, read and written.

One connection a process writes, many read. Only the writing connection of one process may run
checkpoints: SQLite before 3.51.3 can corrupt a WAL database when two connections do so at the same
instant (https://sqlite.org/wal.html#walresetbug), so everyone else's are switched off.

Promises that a commit is on the disk when it returns (WAL with synchronous=FULL), that deleted
rows are overwritten, and that processes which start at the same moment make one schema.
Must never be imported outside the vault.
"""

import os
import sqlite3
import threading
from collections.abc import Collection, Iterable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.dialects.sqlite import pysqlite
from sqlalchemy.pool import ConnectionPoolEntry

from vault.alone import alone
from vault.errors import StoreUnavailable
from vault.settings import VaultSettings
from vault.storage import schema
from vault.storage.checkpoints import Checkpoints
from vault.storage.faults import DriverFailed
from vault.storage.statements import Addition, Answer, Row, Statement

CHECKPOINT_PAGES = 1000
READERS = 5
SCRUB_WAIT = 200  # milliseconds
MORE_READERS = 40
_DIALECT = pysqlite.dialect(paramstyle="named")


class SqliteLine:
    """A connection of the driver, in whose transaction it is.

    There is one writer at a time (BEGIN IMMEDIATE), so that turns are taken by beginning.
    """

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def run(self, statement: Statement, values: Row) -> Answer:
        """Run a statement; raises DriverFailed."""
        compiled = statement.on(_DIALECT)
        try:
            cursor = self._connection.execute(compiled.text, compiled.bound(values))
            return Answer(compiled.read(cursor.fetchall()), cursor.rowcount)
        except sqlite3.Error as error:
            raise _failed(error) from error

    def add(self, addition: Addition, rows: Iterable[Row]) -> None:
        """Insert rows, in this order; raises DriverFailed."""
        bound = [addition.bound(row, _DIALECT) for row in rows]
        try:
            self._connection.executemany(addition.named, bound)
        except sqlite3.Error as error:
            raise _failed(error) from error

    def flush(self) -> None:
        """Do nothing: nothing waits."""

    def take_turns(self, about: Collection[str]) -> None:
        """Do nothing: it is this transaction's turn as long as it lasts."""


class SqliteDatabase:
    """`writer` has one connection and locks at BEGIN, `reader` cannot write."""

    def __init__(self, settings: VaultSettings, *, checkpoints: bool) -> None:
        url, wait = _url(settings), settings.lock_wait.total_seconds()
        pages = CHECKPOINT_PAGES if checkpoints else 0
        self.file = settings.database_file
        self.writer = create_engine(url, hide_parameters=True, pool_size=1, max_overflow=0)
        self.reader = create_engine(
            url,
            hide_parameters=True,
            pool_size=READERS,
            max_overflow=MORE_READERS,
            pool_timeout=wait,
        )
        writes = (f"wal_autocheckpoint={pages}",)
        _prepare(self.writer, begin="BEGIN IMMEDIATE", wait=wait, pragmas=writes)
        reads = ("wal_autocheckpoint=0", "query_only=ON")
        _prepare(self.reader, begin="BEGIN", wait=wait, pragmas=reads)
        self._wait = wait
        self._turn = threading.Lock()
        self._asking = threading.Lock()
        self._asked: sqlite3.Connection | None = None
        self._checkpoints: Checkpoints | None = None

    def prepare(self, folder: Path) -> None:
        """Make the file and its schema where they are not there yet; raises SchemaMismatch."""
        with alone(folder):  # switching to WAL does not wait for a lock by itself
            _make_private(self.file)
            _use_wal(self.writer)
            with self.writer.begin() as connection:
                schema.prepare(connection)

    @contextmanager
    def writing(self, about: Collection[str]) -> Iterator[tuple[Connection, SqliteLine]]:
        """Give a transaction that may write; one thread at a time has one."""
        del about  # whatever it is: nobody else writes
        with self._in_turn(), self.writer.begin() as connection:
            yield connection, SqliteLine(_driver(connection))

    @contextmanager
    def reading(self) -> Iterator[tuple[Connection, SqliteLine]]:
        """Give a transaction that sees one state and cannot write."""
        with self.reader.begin() as connection:
            yield connection, SqliteLine(_driver(connection))

    def ask(self, statement: Statement, values: Row) -> list[tuple[Any, ...]]:
        """Return the rows of one select, in a few microseconds; readers wait for no writer."""
        with self._asking:
            if self._asked is None:
                self._asked = self._lasting_reader()
            return SqliteLine(self._asked).run(statement, values).fetchall()

    def look_after_log(self) -> None:
        """Begin to look after the write-ahead log, until `close`."""
        self._checkpoints = Checkpoints(self.log, self.pragma)

    @property
    def log(self) -> Path:
        """The write-ahead log."""
        return self.file.with_name(f"{self.file.name}-wal")

    def pragma(self, text: str) -> None:
        """Run a pragma on the writing connection, outside any transaction."""
        with self._in_turn(), closing(self.writer.raw_connection()) as pooled:
            driver = pooled.driver_connection
            assert isinstance(driver, sqlite3.Connection)  # noqa: S101 - the database is SQLite
            driver.execute(text).fetchall()

    def scrub(self) -> bool:
        """Empty the write-ahead log, so that what was overwritten is in no file any more.

        False if readers are in the way now, or another process does the checkpoints. Writers wait
        meanwhile, for `SCRUB_WAIT` at most.
        """
        if self._checkpoints is None:
            return False
        with self._in_turn(), closing(self.writer.raw_connection()) as pooled:
            driver = pooled.driver_connection
            assert isinstance(driver, sqlite3.Connection)  # noqa: S101 - the database is SQLite
            before = driver.execute("PRAGMA busy_timeout").fetchone()[0]
            driver.execute(f"PRAGMA busy_timeout={SCRUB_WAIT}").fetchall()
            try:
                busy, _, _ = driver.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
            finally:
                driver.execute(f"PRAGMA busy_timeout={before}").fetchall()
        return not busy

    def close(self) -> None:
        """Close every connection."""
        if self._checkpoints is not None:
            self._checkpoints.close()
        with self._asking:
            if self._asked is not None:
                self._asked.close()
                self._asked = None
        self.reader.dispose()
        self.writer.dispose()

    @contextmanager
    def _in_turn(self) -> Iterator[None]:
        if not self._turn.acquire(timeout=self._wait):
            raise StoreUnavailable
        try:
            yield
        finally:
            self._turn.release()

    def _lasting_reader(self) -> sqlite3.Connection:
        pooled = self.reader.raw_connection()
        found = pooled.driver_connection
        pooled.detach()
        assert isinstance(found, sqlite3.Connection)  # noqa: S101 - the database is SQLite
        return found


def open_sqlite(
    settings: VaultSettings, *, checkpoints: bool, as_it_is: bool = False
) -> SqliteDatabase:
    """Open the database; raises SchemaMismatch, StoreUnavailable."""
    database = SqliteDatabase(settings, checkpoints=checkpoints)
    if as_it_is:
        return database
    try:
        database.prepare(settings.folder)
        if checkpoints:
            database.look_after_log()
    except BaseException:
        database.close()
        raise
    return database


def _failed(error: sqlite3.Error) -> DriverFailed:
    return DriverFailed(getattr(error, "sqlite_errorname", type(error).__name__))


def _driver(connection: Connection) -> sqlite3.Connection:
    """Return the driver's connection under SQLAlchemy's, in whose transaction it is."""
    found = connection.connection.driver_connection
    assert isinstance(found, sqlite3.Connection)  # noqa: S101 - the database is SQLite
    return found


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

    def connected(connection: sqlite3.Connection, _entry: ConnectionPoolEntry) -> None:
        connection.isolation_level = None
        for pragma in always + pragmas:
            connection.execute(f"PRAGMA {pragma}").close()

    def began(connection: Connection) -> None:
        connection.exec_driver_sql(begin)

    event.listen(engine, "connect", connected)
    event.listen(engine, "begin", began)


def _make_private(file: Path) -> None:
    """Create the file for its owner alone; SQLite gives its WAL the same mode."""
    os.close(os.open(file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))


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
