"""Rows for every table there is, whatever its columns mean: one made later is filled as well."""

from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Column, Table, TypeDecorator, delete, insert, update

from vault.storage import tables
from vault.storage.store import Transaction

ALL = [table for table in tables.metadata.sorted_tables if table is not tables.meta]
_BEGINNING = datetime(2026, 11, 2, 9, 0, tzinfo=UTC)


def fill(tx: Transaction, *numbers: int) -> None:
    """Add a row of each number to every table; rows refer to those of their number."""
    for table in ALL:
        tx.execute(insert(table), [row(table, number) for number in numbers])


def change(tx: Transaction, number: int) -> None:
    """Change what is not a key in the row of a number, in every table that has such."""
    for table in ALL:
        other = {c.name: value(c, number + 50) for c in table.columns if _is_free(c)}
        if other:
            tx.execute(update(table).where(*_is(table, number)).values(**other))


def empty(tx: Transaction, number: int) -> None:
    """Delete the row of a number from every table."""
    for table in reversed(ALL):
        tx.execute(delete(table).where(*_is(table, number)))


def row(table: Table, number: int) -> dict[str, Any]:
    return {column.name: value(column, number) for column in table.columns}


def value(column: Column[Any], number: int) -> Any:
    """Return a value of the column's type; no two numbers have the same, but for yes and no."""
    if column.foreign_keys:
        (refers,) = column.foreign_keys
        return value(refers.column, number)
    made = {
        str: f"{column.name} {number}",
        int: 100 + number,
        bool: number % 2 == 0,
        bytes: bytes([number]) * 9,
        datetime: _BEGINNING + timedelta(seconds=number),
    }
    kind = column.type
    return made[(kind.impl_instance if isinstance(kind, TypeDecorator) else kind).python_type]


def _is_free(column: Column[Any]) -> bool:
    return not (column.primary_key or column.foreign_keys or column.unique)


def _is(table: Table, number: int) -> list[Any]:
    return [column == value(column, number) for column in table.primary_key.columns]
