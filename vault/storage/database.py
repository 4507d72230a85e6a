"""The database under the store: what SQLite and PostgreSQL both offer it, and which of them it is.

    Database    connections, and transactions on them       `sqlite`, `postgresql`
    Line        one transaction's way past SQLAlchemy: statements that were compiled before

Promises that what a `writing` block did is on the disk when the block ends, or none of it ever was,
and that two blocks about the same thing (see `vault.storage.turns`) come after one another,
whichever process or node they are of.
Must never be imported outside the vault.
"""

from collections.abc import Collection, Iterable
from contextlib import AbstractContextManager
from typing import Any, Protocol

from sqlalchemy import Connection

from vault import extras
from vault.errors import DatabaseUnfit
from vault.settings import VaultSettings
from vault.storage.statements import Addition, Answer, Row, Statement


class Line(Protocol):
    """A connection within a transaction, for statements that were compiled before."""

    def run(self, statement: Statement, values: Row) -> Answer:
        """Run a statement; raises DriverFailed."""

    def add(self, addition: Addition, rows: Iterable[Row]) -> None:
        """Insert rows in this order, now or with `flush`; raises DriverFailed."""

    def flush(self) -> None:
        """Insert what has not been yet: before anything else looks. Raises DriverFailed."""

    def take_turns(self, about: Collection[str]) -> None:
        """Wait until nobody else's transaction is about the same; raises DriverFailed."""


class Database(Protocol):
    """The ways in. Errors of SQLAlchemy come through as they are: the store translates them."""

    def writing(self, about: Collection[str]) -> AbstractContextManager[tuple[Connection, Line]]:
        """Give a transaction that may write; raises StoreUnavailable, DriverFailed."""

    def reading(self) -> AbstractContextManager[tuple[Connection, Line]]:
        """Give a transaction that sees one state and cannot write."""

    def ask(self, statement: Statement, values: Row) -> list[tuple[Any, ...]]:
        """Return the rows of one select, with no transaction around it; raises DriverFailed."""

    def scrub(self) -> bool:
        """Have what was overwritten or deleted go from the files; False if it cannot be now."""

    def close(self) -> None:
        """Close every connection."""


def open_database(
    settings: VaultSettings, *, checkpoints: bool, as_it_is: bool = False
) -> Database:
    """Open the database the settings name, and make its schema if it has none.

    With `as_it_is` nothing is looked at nor made. Raises SchemaMismatch, DatabaseUnfit, and what
    `vault.storage.faults` translates.
    """
    if settings.is_postgresql:
        try:
            from vault.storage.postgresql import open_postgresql  # noqa: PLC0415 - not everybody has it
        except ModuleNotFoundError as error:
            raise DatabaseUnfit(
                f"PostgreSQL needs a part that is not installed: {extras.command('postgres')}"
            ) from error
        return open_postgresql(settings, as_it_is=as_it_is)
    from vault.storage.sqlite import open_sqlite  # noqa: PLC0415 - only one of them is ever needed

    return open_sqlite(settings, checkpoints=checkpoints, as_it_is=as_it_is)
