"""Bringing a database of an earlier version up to date, inside the transaction that opens it.

Only additions: tables and indexes that are new, and columns that are new with the default their
row class names. So every row keeps its meaning, and an upgrade that dies halfway never happened.
Must never change or drop what is there.
"""

from sqlalchemy import Column, Connection, inspect, literal, update
from sqlalchemy.schema import CreateColumn

from vault import tables

UPGRADABLE = frozenset({"1", "2", "3", "4"})


def upgrade(connection: Connection) -> None:
    """Add whatever the schema of this program has and the database has not."""
    tables.metadata.create_all(connection)
    found = inspect(connection)
    for table in tables.metadata.sorted_tables:
        known = {column["name"] for column in found.get_columns(table.name)}
        for column in table.columns:
            if column.name not in known:
                _add(connection, column)
        indexed = {index["name"] for index in found.get_indexes(table.name)}
        for index in table.indexes:
            if index.name not in indexed:
                index.create(connection)
    meta = tables.meta
    written = update(meta).where(meta.c.name == "schema_version")
    connection.execute(written.values(value=tables.SCHEMA_VERSION))


def _add(connection: Connection, column: Column[object]) -> None:
    dialect = connection.dialect
    spelt = str(CreateColumn(column).compile(dialect=dialect))
    if not column.nullable:
        default = column.default
        if default is None or not default.is_scalar:
            raise ValueError(f"the new column {column.name} needs a default")
        value = literal(default.arg, column.type)  # type: ignore[attr-defined]  # scalar: it has one
        shown = value.compile(dialect=dialect, compile_kwargs={"literal_binds": True})
        spelt = f"{spelt} DEFAULT {shown}"
    connection.exec_driver_sql(f"ALTER TABLE {column.table.name} ADD COLUMN {spelt}")
