"""Adding to a schema what it has not: tables, columns with their defaults, indexes.

Promises that rows which are there keep their meaning. Must never change or drop anything.
"""

import sqlalchemy as sa
from alembic import op


def add_missing(metadata: sa.MetaData) -> None:
    """Add the tables, columns and indexes of `metadata` that the database has not."""
    bind = op.get_bind()
    metadata.create_all(bind)
    found = sa.inspect(bind)
    for table in metadata.sorted_tables:
        known = {column["name"] for column in found.get_columns(table.name)}
        for column in table.columns:
            if column.name not in known:
                op.add_column(table.name, _with_default(column))
        indexed = {index["name"] for index in found.get_indexes(table.name)}
        for index in table.indexes:
            if index.name not in indexed:
                index.create(bind)


def _with_default(column: sa.Column[object]) -> sa.Column[object]:
    """Return the column as it is added: what may not be empty has a default in the database.

    So rows that are there have it, and programs of the version before can go on adding some.
    """
    default = column.default
    keys = [
        sa.ForeignKey(key.target_fullname, ondelete=key.ondelete) for key in column.foreign_keys
    ]
    if column.nullable:
        return sa.Column(column.name, column.type, *keys)
    if default is None or not default.is_scalar:
        raise ValueError(f"the new column {column.name} needs a default")
    value = sa.literal(default.arg, column.type)  # type: ignore[attr-defined]  # scalar: it has one
    return sa.Column(column.name, column.type, *keys, nullable=False, server_default=value)
