"""The store: one database and one content folder, and transactions on them.

Promises that what a `writing()` block did is on the disk when the block ends, or that none of it
ever was; that one thread of a process writes at a time; and that whatever fails underneath is told
as StoreUnavailable, without a word of the statement or its values.
Must never be entered twice by one thread: `writing()` inside `writing()` waits for itself.
"""

import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

import structlog
from sqlalchemy import CursorResult, Executable
from sqlalchemy.engine import Connection
from sqlalchemy.exc import SQLAlchemyError

from vault.clock import Clock, utc_now
from vault.contents import ContentFolder
from vault.database import open_database
from vault.errors import StoreUnavailable
from vault.settings import VaultSettings

CONTENTS = "contents"
log = structlog.get_logger()


class Transaction:
    """What runs inside one transaction, at one moment: `now`."""

    def __init__(self, connection: Connection, now: datetime) -> None:
        self.now = now
        self._connection = connection
        self._afterwards: list[Callable[[], object]] = []

    def execute(
        self,
        statement: Executable,
        parameters: list[dict[str, Any]] | None = None,
    ) -> CursorResult[*tuple[Any, ...]]:
        """Run a statement; with a list of parameters, once for each of them."""
        return self._connection.execute(statement, parameters)

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
        with _translated():
            settings.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self.contents = ContentFolder(settings.folder / CONTENTS)
            self._database = open_database(settings, checkpoints=checkpoints)

    @contextmanager
    def writing(self) -> Iterator[Transaction]:
        """Give a transaction that may write; it commits when the block ends without an error."""
        if not self._turn.acquire(timeout=self.settings.lock_wait.total_seconds()):
            raise StoreUnavailable
        try:
            with _translated(), self._database.writer.begin() as connection:
                tx = Transaction(connection, self.clock())
                yield tx
        finally:
            self._turn.release()
        tx._finished()  # noqa: SLF001 - the store ends what it began

    @contextmanager
    def reading(self) -> Iterator[Transaction]:
        """Give a transaction that sees one state of the database and cannot write."""
        with _translated(), self._database.reader.begin() as connection:
            yield Transaction(connection, self.clock())

    def close(self) -> None:
        """Close every connection."""
        self._database.close()


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except (SQLAlchemyError, sqlite3.Error, OSError) as error:
        code = getattr(getattr(error, "orig", error), "sqlite_errorname", "")
        log.warning("store.failed", kind=type(error).__name__, code=code)
        raise StoreUnavailable from None
