"""Migrating: a database of an earlier version is brought up to date by hand.

For `sealgate migrate`. A node does it by itself with SQLite, where it is alone; many nodes share
PostgreSQL, and somebody decides when. Promises that looking changes nothing, that a migration which
fails or is killed never happened, and that of two at the same moment the second finds nothing to
do. Must never touch what the revisions do not add.
"""

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass

from sqlalchemy import Connection

from vault.settings import VaultSettings
from vault.storage import schema, tables, turns
from vault.storage.database import open_database
from vault.storage.faults import translated
from vault.storage.schema import Step


@dataclass(frozen=True, slots=True)
class Standing:
    """How a database stands: its version (None: there is no schema yet), and what is to be done."""

    found: str | None
    wanted: str
    steps: tuple[Step, ...]


def look(settings: VaultSettings) -> Standing:
    """Say how the database stands. Raises SchemaMismatch, DatabaseUnfit, StoreUnavailable."""
    if not settings.is_begun:
        return Standing(None, tables.SCHEMA_VERSION, ())
    with _within(settings) as connection:
        found = schema.version_of(connection)
        return Standing(found, tables.SCHEMA_VERSION, tuple(schema.steps(connection)))


def migrate(settings: VaultSettings, tell: Callable[[Step], object]) -> None:
    """Do what `look` says, in one transaction; `tell` hears of each step. Raises as `look`."""
    if settings.is_begun:
        with _within(settings) as connection:
            schema.upgrade(connection, tell)


@contextmanager
def _within(settings: VaultSettings) -> Iterator[Connection]:
    with (
        translated(),
        closing(open_database(settings, checkpoints=False, as_it_is=True)) as database,
        database.writing((turns.SCHEMA,)) as (connection, _line),
    ):
        yield connection
