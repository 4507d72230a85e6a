"""The store: one database and one place for contents, and transactions on them.

Promises that what a `writing()` block did is on the disk when the block ends, or that none of it
ever was; that blocks which are about the same thing come after one another, on whatever node; and
that whatever fails underneath is told as StoreUnavailable, without a word of the statement or its
values.
Must never be entered twice by one thread: `writing()` inside `writing()` waits for itself.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Future
from contextlib import contextmanager
from datetime import datetime
from typing import Any, TypeVar

import structlog
from sqlalchemy import CursorResult, Executable, Table
from sqlalchemy.engine import Connection

from vault.clock import Clock, utc_now
from vault.contents import Contents
from vault.contents.shelves import open_contents
from vault.errors import StoreUnavailable
from vault.settings import VaultSettings
from vault.storage.database import Line, open_database
from vault.storage.faults import translated
from vault.storage.gathering import Gathering
from vault.storage.statements import INSERTS, Addition, Answer, Row, Statement
from vault.trail.strands import Strand, Strands

CONTENTS = "contents"
log = structlog.get_logger()
_T = TypeVar("_T")


class Transaction:
    """What runs inside one transaction, at one moment: `now`."""

    def __init__(
        self, connection: Connection, line: Line, now: datetime, strand: Strand | None = None
    ) -> None:
        self.now = now
        self._strand = strand
        self._told: list[Row] = []
        self._connection = connection
        self._line = line
        self._afterwards: list[Callable[[], object]] = []

    def execute(
        self,
        statement: Executable,
        parameters: list[dict[str, Any]] | None = None,
    ) -> CursorResult[*tuple[Any, ...]]:
        """Run a statement; with a list of parameters, once for each of them."""
        self._line.flush()
        return self._connection.execute(statement, parameters)

    def run(self, statement: Statement, **values: Any) -> Answer:
        """Run a statement that was compiled before."""
        return self._line.run(statement, values)

    def add(self, addition: Addition, rows: Iterable[Row]) -> None:
        """Insert rows, in this order; they are there for whatever runs afterwards."""
        self._line.add(addition, rows)

    def add_unless_there(self, table: Table, row: Mapping[str, Any]) -> bool:
        """Insert a row unless one like it is there already; say whether it was not."""
        insert = INSERTS[self._connection.dialect.name](table).values(**row)
        added = insert.on_conflict_do_nothing().returning(*table.primary_key)
        return self.execute(added).first() is not None

    def take_turns(self, *about: str) -> None:
        """Wait until nobody else's transaction is about the same (see `vault.storage.turns`).

        For what is only known once something has been read; before anything is written.
        """
        self._line.take_turns(about)

    def tell(self, line: Row) -> None:
        """Add a line to the audit trail when this transaction ends: see `vault.trail.audit`."""
        if self._strand is None:
            raise TypeError("a transaction that reads leaves no trace")
        self._told.append(line)

    def flush(self) -> None:
        """Write what has been gathered, so that it fails now if it does."""
        if self._strand is not None:
            told, self._told = self._told, []
            self._strand.append(self, told)
        self._line.flush()

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

    `checkpoints` is True in exactly one process of an installation (see `vault.storage.database`).
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
        self._strands = Strands()
        with translated():
            settings.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self.contents: Contents = open_contents(settings.contents, settings.folder / CONTENTS)
            self._database = open_database(settings, checkpoints=checkpoints)
        self._gathering = Gathering(self.writing)

    @contextmanager
    def writing(self, *about: str) -> Iterator[Transaction]:
        """Give a transaction that may write; it commits when the block ends without an error.

        Who looks before they write says what it is `about`, in words of `vault.storage.turns`:
        nobody else's transaction is about that meanwhile.
        """
        with (
            translated(),
            self._strands.lent() as strand,
            self._database.writing(about) as (connection, line),
        ):
            tx = Transaction(connection, line, self.clock(), strand)
            yield tx
            tx.flush()
        tx._finished()  # noqa: SLF001 - the store ends what it began

    @property
    def answers_at_once(self) -> bool:
        """Whether `ask` takes microseconds, as SQLite does, and may be called on an event loop.

        PostgreSQL is asked over a network, which may take as long as `lock_wait` and more.
        """
        return not self.settings.is_postgresql

    def scrub(self) -> bool:
        """Have what was overwritten or deleted go from the database's files.

        False if it could not be done now, or is another process's to do.
        """
        with translated():
            return self._database.scrub()

    @contextmanager
    def reading(self) -> Iterator[Transaction]:
        """Give a transaction that sees one state of the database and cannot write."""
        with translated(), self._database.reading() as (connection, line):
            yield Transaction(connection, line, self.clock())

    def ask(self, statement: Statement, **values: Any) -> list[tuple[Any, ...]]:
        """Return the rows of one select, without a transaction around it.

        In a few microseconds with SQLite; with PostgreSQL, by one question and answer.
        """
        with translated():
            return self._database.ask(statement, values)

    def hand_over(self, work: Callable[[Transaction], _T], *about: str) -> Future[_T]:
        """Have work done in a transaction that is shared with others (`vault.storage.gathering`).

        `about` is as for `writing`. When the future gives its result, it is on the disk. Raises
        StoreUnavailable once closed.
        """
        return self._gathering.hand_over(work, about)

    def hand_over_late(self, work: Callable[[Transaction], _T], *about: str) -> Future[_T]:
        """Have work done soon that nobody waits for and that a crash may lose."""
        return self._gathering.hand_over_late(work, about)

    def settle(self) -> None:
        """Wait until what was handed over is on the disk, or has failed."""
        self._gathering.settle()

    def close(self) -> None:
        """Finish what was handed over, and close every connection."""
        self._gathering.close()
        self._database.close()
