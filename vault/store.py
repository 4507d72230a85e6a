"""The store: one database and one place for contents, and transactions on them.

Promises that what a `writing()` block did is on the disk when the block ends, or that none of it
ever was; that one thread of a process writes at a time; and that whatever fails underneath is told
as StoreUnavailable, without a word of the statement or its values.
Must never be entered twice by one thread: `writing()` inside `writing()` waits for itself.
"""

import sqlite3
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future
from contextlib import closing, contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

import structlog
from sqlalchemy import CursorResult, Executable
from sqlalchemy.engine import Connection
from sqlalchemy.exc import SQLAlchemyError

from vault.checkpoints import Checkpoints
from vault.clock import Clock, utc_now
from vault.contents import Contents
from vault.contents.shelves import open_contents
from vault.database import open_database
from vault.errors import StoreUnavailable
from vault.gathering import Gathering
from vault.settings import VaultSettings
from vault.statements import Addition, Row, Statement
from vault.strands import Strand, Strands

CONTENTS = "contents"
SCRUB_WAIT = 200  # milliseconds
log = structlog.get_logger()
_T = TypeVar("_T")


class Transaction:
    """What runs inside one transaction, at one moment: `now`."""

    def __init__(self, connection: Connection, now: datetime, strand: Strand | None = None) -> None:
        self.now = now
        self._strand = strand
        self._told: list[Row] = []
        self._connection = connection
        self._afterwards: list[Callable[[], object]] = []
        self._driver: sqlite3.Connection = _driver(connection)

    def execute(
        self,
        statement: Executable,
        parameters: list[dict[str, Any]] | None = None,
    ) -> CursorResult[*tuple[Any, ...]]:
        """Run a statement; with a list of parameters, once for each of them."""
        return self._connection.execute(statement, parameters)

    def run(self, statement: Statement, **values: Any) -> sqlite3.Cursor:
        """Run a statement that was compiled before."""
        return statement.run(self._driver, **values)

    def add(self, addition: Addition, rows: Iterable[Row]) -> None:
        """Insert rows, in this order."""
        addition.run(self._driver, rows)

    def tell(self, line: Row) -> None:
        """Add a line to the audit trail when this transaction ends: see `vault.audit`."""
        if self._strand is None:
            raise TypeError("a transaction that reads leaves no trace")
        self._told.append(line)

    def flush(self) -> None:
        """Write what has been gathered, so that it fails now if it does."""
        if self._strand is not None:
            told, self._told = self._told, []
            self._strand.append(self, told)

    def after_commit(self, act: Callable[[], object]) -> None:
        """Do something once the transaction is on the disk, and never if it is not.

        The process may die in between, so it must be something that a sweep can make good.
        """
        self._afterwards.append(act)

    def _finished(self) -> None:
        for act in self._afterwards:
            try:
                act()
            except (StoreUnavailable, OSError) as error:
                log.warning("store.afterwards_failed", kind=type(error).__name__)


class Store:
    """Where the safe keeps things. Safe to share between the threads of a process.

    `checkpoints` is True in exactly one process of an installation (see `vault.database`).
    Raises StoreUnavailable, or SchemaMismatch for a database of another version.
    """

    def __init__(
        self,
        settings: VaultSettings,
        *,
        checkpoints: bool = False,
        clock: Clock = utc_now,
    ) -> None:
        self.settings = settings
        self.clock = clock
        self._turn = threading.Lock()
        self._strands = Strands()
        with _translated():
            settings.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self.contents: Contents = open_contents(settings.contents, settings.folder / CONTENTS)
            self._database = open_database(settings, checkpoints=checkpoints)
        self._gathering = Gathering(self.writing)
        self._checkpoints = Checkpoints(self._wal, self._pragma) if checkpoints else None
        self._asking = threading.Lock()
        self._asked: sqlite3.Connection | None = None

    @contextmanager
    def writing(self) -> Iterator[Transaction]:
        """Give a transaction that may write; it commits when the block ends without an error."""
        if not self._turn.acquire(timeout=self.settings.lock_wait.total_seconds()):
            raise StoreUnavailable
        try:
            with (
                _translated(),
                self._strands.lent() as strand,
                self._database.writer.begin() as connection,
            ):
                tx = Transaction(connection, self.clock(), strand)
                yield tx
                tx.flush()
        finally:
            self._turn.release()
        tx._finished()  # noqa: SLF001 - the store ends what it began

    @property
    def _wal(self) -> Path:
        file = self.settings.database_file
        return file.with_name(f"{file.name}-wal")

    def _pragma(self, text: str) -> None:
        """Run a pragma on the writing connection, outside any transaction."""
        if not self._turn.acquire(timeout=self.settings.lock_wait.total_seconds()):
            raise StoreUnavailable
        try:
            with _translated(), closing(self._database.writer.raw_connection()) as pooled:
                driver = pooled.driver_connection
                assert isinstance(driver, sqlite3.Connection)  # noqa: S101 - the database is SQLite
                driver.execute(text).fetchall()
        finally:
            self._turn.release()

    def scrub(self) -> bool:
        """Empty the write-ahead log, so that what was overwritten is in no file any more.

        False if readers are in the way now, or another process does the checkpoints. Writers wait
        meanwhile, for `SCRUB_WAIT` at most.
        """
        if self._checkpoints is None or not self._turn.acquire(
            timeout=self.settings.lock_wait.total_seconds()
        ):
            return False
        try:
            with _translated(), closing(self._database.writer.raw_connection()) as pooled:
                driver = pooled.driver_connection
                assert isinstance(driver, sqlite3.Connection)  # noqa: S101 - the database is SQLite
                before = driver.execute("PRAGMA busy_timeout").fetchone()[0]
                driver.execute(f"PRAGMA busy_timeout={SCRUB_WAIT}").fetchall()
                try:
                    busy, _, _ = driver.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
                finally:
                    driver.execute(f"PRAGMA busy_timeout={before}").fetchall()
        finally:
            self._turn.release()
        return not busy

    @contextmanager
    def reading(self) -> Iterator[Transaction]:
        """Give a transaction that sees one state of the database and cannot write."""
        with _translated(), self._database.reader.begin() as connection:
            yield Transaction(connection, self.clock())

    def ask(self, statement: Statement, **values: Any) -> list[tuple[Any, ...]]:
        """Return the rows of one select, in a few microseconds and without a transaction around it.

        Readers wait for no writer, so this may be asked where nothing may block.
        """
        with self._asking, _translated():
            if self._asked is None:
                self._asked = self._database.lasting_reader()
            return statement.run(self._asked, **values).fetchall()

    def hand_over(self, work: Callable[[Transaction], _T]) -> Future[_T]:
        """Have work done in a transaction that is shared with others (see `vault.gathering`).

        When the future gives its result, it is on the disk. Raises StoreUnavailable once closed.
        """
        return self._gathering.hand_over(work)

    def hand_over_late(self, work: Callable[[Transaction], _T]) -> Future[_T]:
        """Have work done soon that nobody waits for and that a crash may lose."""
        return self._gathering.hand_over_late(work)

    def settle(self) -> None:
        """Wait until what was handed over is on the disk, or has failed."""
        self._gathering.settle()

    def close(self) -> None:
        """Finish what was handed over, and close every connection."""
        self._gathering.close()
        if self._checkpoints is not None:
            self._checkpoints.close()
        with self._asking:
            if self._asked is not None:
                self._asked.close()
                self._asked = None
        self._database.close()


def _driver(connection: Connection) -> sqlite3.Connection:
    """Return the driver's connection under SQLAlchemy's, in whose transaction it is."""
    found = connection.connection.driver_connection
    assert isinstance(found, sqlite3.Connection)  # noqa: S101 - the database is SQLite
    return found


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except (SQLAlchemyError, sqlite3.Error, OSError) as error:
        code = getattr(getattr(error, "orig", error), "sqlite_errorname", "")
        log.warning("store.failed", kind=type(error).__name__, code=code)
        raise StoreUnavailable from None
