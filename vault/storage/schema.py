"""The schema of the database: how it comes to be, and how an earlier one is brought up to date.

A new database is made whole from the row classes. An earlier one goes through the revisions in
`vault.storage.migrations`, one version after another, in the transaction that is given: an upgrade
that dies halfway never happened.

Promises that both ways lead to the same tables. Must never run beside another that does the same:
whoever calls sees to that.
"""

from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy import Connection, insert, inspect, select, update

from vault.errors import DatabaseUnfit, SchemaMismatch
from vault.storage import tables

EARLIER = frozenset({"1", "2", "3", "4"})
"""Versions that can be brought up to date. The revisions begin with 4, which takes those before it
along."""

MOVED = "moved to"
INCOMPLETE = "being moved here:"
"""What the version of a database begins with that was transferred, or is being."""


@dataclass(frozen=True, slots=True)
class Step:
    """One version to be brought in: its number, and what it changes, in one line."""

    version: str
    what: str


def prepare(connection: Connection, *, upgrades: bool = True) -> None:
    """Make the schema if there is none, and bring an earlier one up to date.

    Raises DatabaseUnfit for one that was moved elsewhere, or is not here whole yet, and
    SchemaMismatch: for a version that nobody knows here, and, without `upgrades`, for any
    other than this program's.
    """
    found = version_of(connection)
    _refuse_moved(found or "")
    if found is None:
        tables.metadata.create_all(connection)
        row = {"name": "schema_version", "value": tables.SCHEMA_VERSION}
        connection.execute(insert(tables.meta), [row])
    elif found in EARLIER and upgrades:
        upgrade(connection)
    elif found != tables.SCHEMA_VERSION:
        raise SchemaMismatch(found, tables.SCHEMA_VERSION, mends=found in EARLIER)


def version_of(connection: Connection) -> str | None:
    """Return the version of the schema; None where there is no schema yet."""
    meta = tables.meta
    if not inspect(connection).has_table(meta.name):
        return None
    kept = select(meta.c.value).where(meta.c.name == "schema_version")
    return connection.execute(kept).scalar() or "none"


def _refuse_moved(found: str) -> None:
    if found.startswith(MOVED):
        raise DatabaseUnfit(f"this database was {found}: name that in vault.database")
    if found.startswith(INCOMPLETE):
        raise DatabaseUnfit("another database is being moved here, and it is not whole yet")


def steps(connection: Connection) -> list[Step]:
    """Return what `upgrade` would do, in order. Raises SchemaMismatch for an unknown version."""
    found = version_of(connection)
    _refuse_moved(found or "")
    if found is None or found == tables.SCHEMA_VERSION:
        return []
    if found not in EARLIER:
        raise SchemaMismatch(found, tables.SCHEMA_VERSION)
    from vault.storage import migrations  # noqa: PLC0415 - Alembic takes long to load

    return [Step(*one) for one in migrations.after(found)]


def upgrade(connection: Connection, tell: Callable[[Step], object] = lambda _step: None) -> None:
    """Bring an earlier schema up to date; `tell` hears of each step when it is done."""
    from vault.storage import migrations  # noqa: PLC0415 - Alembic takes long to load

    found = version_of(connection)
    if found is None or found == tables.SCHEMA_VERSION:
        return
    if found not in EARLIER:
        raise SchemaMismatch(found, tables.SCHEMA_VERSION)
    migrations.run(connection, found, lambda version, what: tell(Step(version, what)))
    meta = tables.meta
    written = update(meta).where(meta.c.name == "schema_version")
    connection.execute(written.values(value=tables.SCHEMA_VERSION))
