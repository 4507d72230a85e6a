"""Rows that go from one database to another as they are: read, written, read back, compared.

Promises that a row which cannot stand before another has come is written after it, and that what
does not read back as it was written is told. Must never change a value.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, Connection, Executable, Table, and_, or_, select
from sqlalchemy import tuple_ as row_of
from sqlalchemy.exc import DBAPIError

from vault.errors import VaultError
from vault.storage.database import Line
from vault.storage.faults import DriverFailed
from vault.storage.statements import INSERTS, Addition
from vault.storage.store import Transaction

AT_ONCE = 200  # rows; with content inside they have 13 MB at most
Key = tuple[Any, ...]
Row = Mapping[Any, Any]


class NotTransferred(VaultError):
    """The database cannot be transferred, or not there; the text says why."""


def pages(tx: Transaction, table: Table) -> Iterator[Sequence[Row]]:
    """Yield all rows of a table, so many at a time."""
    key = list(table.primary_key.columns)
    wanted = select(table).order_by(*key).limit(AT_ONCE)
    rows = tx.execute(wanted).mappings().all()
    while rows:
        yield rows
        last = [rows[-1][column.name] for column in key]
        beyond = key[0] > last[0] if len(key) == 1 else row_of(*key) > row_of(*last)
        rows = tx.execute(wanted.where(beyond)).mappings().all()


def bring(connection: Connection, line: Line, table: Table, rows: Sequence[Row]) -> None:
    """Have these rows in the target, and read them back; raises NotTransferred."""
    keys = {key_of(table, row) for row in rows}
    there = rows_of(connection, table, keys)
    missing = [dict(row) for row in rows if key_of(table, row) not in there]
    if missing:
        try:
            with connection.begin_nested():
                line.add(_addition(table), missing)
                line.flush()
        except DriverFailed:  # something stands in the way, of one of them at least
            put(connection, [(table, row) for row in missing])
    other = [row for row in rows if there.get(key_of(table, row), row) != row]
    put(connection, [(table, row) for row in other])
    compare(connection, table, rows)


def put(connection: Connection, rows: Sequence[tuple[Table, Row]]) -> None:
    """Insert or overwrite rows, in an order that their constraints allow. Raises DBAPIError."""
    while rows:
        refused: list[tuple[Table, Row]] = []
        why: DBAPIError | None = None
        for table, row in rows:
            try:
                with connection.begin_nested():
                    connection.execute(_written(table, row))
            except DBAPIError as error:  # another row must come, or change, before it
                refused.append((table, row))
                why = error
        if len(refused) == len(rows):
            assert why is not None  # noqa: S101 - there is a refused row
            raise why
        rows = refused


def compare(connection: Connection, table: Table, rows: Sequence[Row]) -> None:
    """Read rows back; raises NotTransferred where they are not as they were written."""
    found = rows_of(connection, table, {key_of(table, row) for row in rows})
    if any(found.get(key_of(table, row)) != row for row in rows):
        raise NotTransferred(f"rows of {table.name} do not read back as they were written")


def rows_of(
    database: Transaction | Connection, table: Table, keys: Iterable[Key]
) -> dict[Key, Row]:
    """Return the rows with these keys, by key."""
    columns, chosen = list(table.primary_key.columns), list(keys)
    if not chosen:
        return {}
    here = (
        columns[0].in_([key[0] for key in chosen])
        if len(columns) == 1
        else or_(*(is_row(table, key) for key in chosen))  # SQLite walks a table for rows IN rows
    )
    found = database.execute(select(table).where(here)).mappings().all()
    return {key_of(table, row): row for row in found}


def key_of(table: Table, row: Row) -> Key:
    """Return the values of the primary key."""
    return tuple(row[column.name] for column in table.primary_key)


def is_row(table: Table, key: Key) -> ColumnElement[bool]:
    """Say which row it is, to the database."""
    columns = list(table.primary_key.columns)
    return and_(*(column == value for column, value in zip(columns, key, strict=True)))


def some_of(keys: Iterable[Key]) -> Iterator[list[Key]]:
    """Yield so many keys at a time."""
    chosen = list(keys)
    for start in range(0, len(chosen), AT_ONCE):
        yield chosen[start : start + AT_ONCE]


@cache
def _addition(table: Table) -> Addition:
    return Addition(table, numbered=True)


def _written(table: Table, row: Row) -> Executable:
    key = [column.name for column in table.primary_key]
    insertion = INSERTS["postgresql"](table).values(**row)
    changes = {name: value for name, value in row.items() if name not in key}
    found: Executable = (
        insertion.on_conflict_do_update(index_elements=key, set_=changes)
        if changes
        else insertion.on_conflict_do_nothing()
    )
    return found
