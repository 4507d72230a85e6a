"""Statements that every mail runs: compiled once, then given to the driver as they are.

SQLAlchemy spends more time on arranging a short statement than a database on running it. What is
here is written as its expressions, compiled when a database first runs it, and run without it.

Promises that values are bound and read by the columns' own types, as in any other statement.
Must never be used for a statement whose text depends on its values, such as `IN` over a list.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from sqlalchemy import ClauseElement, Dialect, Table
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.sql import visitors
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.types import TypeEngine

from vault.storage.tables.instant import UtcDateTime

INSTANTS = 64  # as written last, kept for each column
Convert = Callable[[Any], Any]
Row = Mapping[str, Any]
Insert = Callable[[Table], Any]
"""`insert(table)` of the database at hand, which knows `on_conflict_do_update`."""

INSERTS: Mapping[str, Insert] = {"sqlite": sqlite.insert, "postgresql": postgresql.insert}


class Answer:
    """What a statement gave: its rows, as plain tuples, and how many rows it touched."""

    __slots__ = ("_rows", "rowcount")

    def __init__(self, rows: Iterable[tuple[Any, ...]], rowcount: int) -> None:
        self._rows = iter(rows)
        self.rowcount = rowcount

    def __iter__(self) -> Iterator[tuple[Any, ...]]:
        return self._rows

    def fetchone(self) -> tuple[Any, ...] | None:
        """Return the next row, None at the end."""
        return next(self._rows, None)

    def fetchall(self) -> list[tuple[Any, ...]]:
        """Return the rows that are left."""
        return list(self._rows)


@dataclass(frozen=True, slots=True)
class Compiled:
    """A statement in the words of one database."""

    text: str
    order: tuple[str, ...]  # names of the values, where they are numbered
    binds: Mapping[str, Convert]
    fixed: Row
    reads: tuple[Convert | None, ...]  # how the columns of its rows are read; () for as they are

    def bound(self, values: Row) -> dict[str, Any]:
        """Return every value, as the driver takes it."""
        bound = {**self.fixed, **values}
        for name, convert in self.binds.items():
            if name in values:
                bound[name] = convert(bound[name])
        return bound

    def read(self, rows: Iterable[Sequence[Any]]) -> Iterable[tuple[Any, ...]]:
        """Return rows of the driver as the columns' types say."""
        if not self.reads:
            return map(tuple, rows)
        return (
            tuple(
                value if convert is None else convert(value)
                for value, convert in zip(row, self.reads, strict=True)
            )
            for row in rows
        )


class Statement:
    """A select, insert, update or delete with `bindparam`s.

    Given as its expression, or as what makes one of the `insert` of a database. `careless` says
    that it need not see what this transaction has added itself.
    """

    def __init__(
        self, expression: ClauseElement | Callable[[Insert], Any], *, careless: bool = False
    ) -> None:
        self._expression = expression
        self._compiled: dict[str, Compiled] = {}
        shown = self._for("sqlite")
        every = (one for one in visitors.iterate(shown) if isinstance(one, Table))
        self.tables = frozenset() if careless else frozenset(one.name for one in every)
        """The names of the tables that it looks at."""

    def on(self, dialect: Dialect) -> Compiled:
        """Return it in the words of a database."""
        found = self._compiled.get(dialect.name)
        if found is None:
            found = self._compiled[dialect.name] = _compiled(self._for(dialect.name), dialect)
        return found

    def _for(self, name: str) -> ClauseElement:
        if isinstance(self._expression, ClauseElement):
            return self._expression
        made: ClauseElement = self._expression(INSERTS[name])
        return made


class Addition:
    """The insertion of rows into a table. What a row does not say has the column's default.

    The database numbers the rows, unless they are `numbered` already.
    """

    def __init__(self, table: Table, *, numbered: bool = False) -> None:
        drawn = None if numbered else table.autoincrement_column
        columns = [column for column in table.columns if column is not drawn]
        self.table = table
        self.names = tuple(column.name for column in columns)
        listed = ", ".join(f'"{name}"' for name in self.names)
        self._begins = f'INSERT INTO "{table.name}" ({listed}) VALUES '  # noqa: S608 - our own
        self.named = self.text([", ".join(f":{name}" for name in self.names)])
        """The statement for one row whose values are given by their names."""
        self._types = {column.name: column.type for column in columns}
        self._unsaid = {column.name: _default(column.default) for column in columns}
        self._converts: dict[str, dict[str, Convert]] = {}

    def bound(self, row: Row, dialect: Dialect) -> dict[str, Any]:
        """Return a whole row, in the order of `names`, as the driver takes it."""
        converts = self._converts.get(dialect.name)
        if converts is None:
            converts = self._converts[dialect.name] = _binds(self._types, dialect)
        bound = {**self._unsaid, **row}
        for name, convert in converts.items():
            bound[name] = convert(bound[name])
        return bound

    def text(self, marks: Iterable[str]) -> str:
        """Return the statement; each of `marks` stands for the values of one row."""
        return self._begins + ", ".join(f"({one})" for one in marks)


def _compiled(expression: ClauseElement, dialect: Dialect) -> Compiled:
    compiled = expression.compile(dialect=dialect)
    assert isinstance(compiled, SQLCompiler)  # noqa: S101 - every such expression becomes one
    binds = _binds({n: bind.type for n, bind in compiled.binds.items()}, dialect)
    fixed = {n: v for n, v in compiled.params.items() if v is not None}
    return Compiled(
        text=compiled.string,
        order=tuple(compiled.positiontup or ()),
        binds=binds,
        fixed={n: binds[n](v) if n in binds else v for n, v in fixed.items()},
        reads=_reads(expression, dialect),
    )


def _binds(types: Mapping[str, TypeEngine[Any]], dialect: Dialect) -> dict[str, Convert]:
    """Return what turns values into the driver's, for those that need it."""
    found = {name: _bind(kind, dialect) for name, kind in types.items()}
    return {name: convert for name, convert in found.items() if convert is not None}


def _bind(kind: TypeEngine[Any], dialect: Dialect) -> Convert | None:
    convert = kind.dialect_impl(dialect).bind_processor(dialect)
    if convert is None or not isinstance(kind, UtcDateTime):
        return convert
    return lru_cache(INSTANTS)(convert)  # a transaction writes one instant a dozen times


def _reads(expression: Any, dialect: Dialect) -> tuple[Convert | None, ...]:
    columns = getattr(expression, "exported_columns", ())
    reads = tuple(one.type.dialect_impl(dialect).result_processor(dialect, None) for one in columns)
    return reads if any(reads) else ()


def _default(default: Any) -> Any:
    if default is None:
        return None
    if not default.is_scalar:
        raise TypeError("only a plain value can be the default of a column that is written here")
    return default.arg
