"""The line to PostgreSQL: a connection of pg8000 that sends each statement once.

pg8000 as it stands asks the server three times for one statement: to read it, to describe it and to
run it. Here a statement is prepared when it is first seen and kept by its text, so that each later
run is one question and one answer; and its numbered values need no rewriting.

Promises that what fails is raised as pg8000's own errors, so that SQLAlchemy sees a broken line.
Must never keep more than `MOST_PREPARED` statements on the server.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

import pg8000
from pg8000.converters import make_params
from pg8000.core import Context
from pg8000.dbapi import Connection as DriverConnection

MOST_PREPARED = 300
_TIMESTAMPTZ = 1184


class Wire(DriverConnection):  # type: ignore[misc]  # it says nothing of its types
    """One connection. Of one thread at a time."""

    def __init__(self, *args: Any, **more: Any) -> None:
        self._known: dict[str, tuple[Any, ...]] = {}
        try:
            super().__init__(*args, **more)
        except pg8000.InterfaceError as error:
            raise _refusal(error) from None
        self.autocommit = True  # whoever uses it begins its transactions
        self.register_in_adapter(_TIMESTAMPTZ, _instant)

    def ask(self, text: str, values: Sequence[Any] = ()) -> Context:
        """Run one statement with its values, `$1` the first; without values, one or several."""
        if not values:
            return self.execute_simple(text)
        name, columns, reads = self._prepared(text)
        return self.execute_named(name, make_params(self.py_types, values), columns, reads, text)

    def commit(self) -> None:
        """End the transaction: what it did is on the disk."""
        self.ask("COMMIT")

    def rollback(self) -> None:
        """End the transaction, if there is one: it did nothing."""
        if self._in_transaction:
            self.ask("ROLLBACK")

    def cursor(self) -> "Cursor":
        """Return a cursor, for SQLAlchemy."""
        return Cursor(self)

    def _prepared(self, text: str) -> tuple[Any, ...]:
        known = self._known.get(text)
        if known is not None:
            return known
        if len(self._known) >= MOST_PREPARED:
            self.ask("DEALLOCATE ALL")  # rare: statements of mail's path are some sixty
            self._known.clear()
            self._statement_nums.clear()
        made = self._known[text] = tuple(self.prepare_statement(text, ()))
        return made


class Cursor:
    """What SQLAlchemy needs of a cursor (PEP 249). All rows are read at once."""

    arraysize = 1

    def __init__(self, wire: Wire) -> None:
        self._wire = wire
        self._context: Context | None = None
        self._rows: Iterator[Sequence[Any]] = iter(())

    @property
    def description(self) -> list[tuple[Any, ...]] | None:
        """Name and type of each column; None for what gives no rows."""
        columns = self._context.columns if self._context is not None else None
        if not columns:
            return None
        return [(one["name"], one["type_oid"], None, None, None, None, None) for one in columns]

    @property
    def rowcount(self) -> int:
        """How many rows the last statement touched; -1 where it does not say."""
        return -1 if self._context is None else int(self._context.row_count)

    def execute(self, operation: str, parameters: Sequence[Any] = ()) -> None:
        """Run a statement."""
        self._context = self._wire.ask(operation, parameters)
        self._rows = iter(self._context.rows or ())

    def executemany(self, operation: str, parameters: Sequence[Sequence[Any]]) -> None:
        """Run a statement for each set of values."""
        touched = 0
        for one in parameters:
            self._context = self._wire.ask(operation, one)
            touched += max(0, self._context.row_count)
        if self._context is not None:
            self._context.row_count = touched
        self._rows = iter(())

    def fetchone(self) -> Sequence[Any] | None:
        """Return the next row, None at the end."""
        return next(self._rows, None)

    def fetchmany(self, size: int | None = None) -> list[Sequence[Any]]:
        """Return the next rows."""
        return [row for _, row in zip(range(size or self.arraysize), self._rows, strict=False)]

    def fetchall(self) -> list[Sequence[Any]]:
        """Return the rows that are left."""
        return list(self._rows)

    def close(self) -> None:
        """Let go of the rows."""
        self._context, self._rows = None, iter(())


def code_of(error: BaseException) -> str:
    """Return the SQLSTATE of an error of the driver's, or the name of its kind."""
    told = error.args[0] if error.args else None
    found = told.get("C") if isinstance(told, Mapping) else None
    return str(found or type(error).__name__)


def is_broken(error: BaseException) -> bool:
    """Say whether the connection is of no use after an error."""
    return isinstance(error, pg8000.InterfaceError | OSError)


def _refusal(error: BaseException) -> BaseException:
    """Return why the server let nobody in, or the error itself.

    pg8000 says goodbye to a server that has refused and hung up, and raises that this failed.
    """
    under = error.__context__
    while under is not None and not isinstance(under, pg8000.DatabaseError):
        under = under.__context__
    return under or error


def _instant(text: str) -> datetime:
    return datetime.fromisoformat(text)
