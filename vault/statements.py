"""Statements that every mail runs: compiled once, then given to the driver as they are.

SQLAlchemy spends more time on arranging a short statement than SQLite on running it. What is here
is written as its expressions, compiled when a module is imported, and run without it.

Promises that values are bound by the columns' own types, as in any other statement.
Must never be used for a statement whose text depends on its values, such as `IN` over a list.
"""

import sqlite3
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from sqlalchemy import ClauseElement, Table
from sqlalchemy.dialects.sqlite import pysqlite
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.types import TypeEngine

_DIALECT = pysqlite.dialect(paramstyle="named")

Convert = Callable[[Any], Any]
Row = Mapping[str, Any]


class Statement:
    """A select, update or delete with `bindparam`s. Rows come as the driver gives them."""

    def __init__(self, expression: ClauseElement) -> None:
        compiled = expression.compile(dialect=_DIALECT)
        assert isinstance(compiled, SQLCompiler)  # noqa: S101 - every such expression becomes one
        self.text = compiled.string
        self._converts = _converts({n: bind.type for n, bind in compiled.binds.items()})
        self._fixed = self._bound({n: v for n, v in compiled.params.items() if v is not None})

    def run(self, connection: sqlite3.Connection, **values: Any) -> sqlite3.Cursor:
        """Run it with these values; raises sqlite3.Error."""
        return connection.execute(self.text, {**self._fixed, **self._bound(values)})

    def _bound(self, values: Row) -> dict[str, Any]:
        bound = dict(values)
        for name, convert in self._converts.items():
            if name in bound:
                bound[name] = convert(bound[name])
        return bound


class Addition:
    """The insertion of rows into a table. What a row does not say has the column's default."""

    def __init__(self, table: Table) -> None:
        drawn = table.autoincrement_column  # SQLite numbers the rows
        columns = [column for column in table.columns if column is not drawn]
        self._converts = _converts({column.name: column.type for column in columns})
        self._unsaid = {column.name: _default(column.default) for column in columns}
        names = [column.name for column in columns]
        listed = ", ".join(f'"{name}"' for name in names)
        marks = ", ".join(f":{name}" for name in names)
        self.text = f'INSERT INTO "{table.name}" ({listed}) VALUES ({marks})'  # noqa: S608 - names of our own tables

    def run(self, connection: sqlite3.Connection, rows: Iterable[Row]) -> None:
        """Insert the rows, in this order; raises sqlite3.Error."""
        connection.executemany(self.text, [self._bound(row) for row in rows])

    def _bound(self, row: Row) -> dict[str, Any]:
        bound = {**self._unsaid, **row}
        for name, convert in self._converts.items():
            bound[name] = convert(bound[name])
        return bound


def _converts(types: Mapping[str, TypeEngine[Any]]) -> dict[str, Convert]:
    """Return what turns values into the driver's, for the columns that need it."""
    found = {
        name: kind.dialect_impl(_DIALECT).bind_processor(_DIALECT) for name, kind in types.items()
    }
    return {name: convert for name, convert in found.items() if convert is not None}


def _default(default: Any) -> Any:
    if default is None:
        return None
    if not default.is_scalar:
        raise TypeError("only a plain value can be the default of a column that is written here")
    return default.arg
