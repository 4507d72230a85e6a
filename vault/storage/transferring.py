"""Transferring a SQLite database into an empty PostgreSQL one, while the node runs.

    copy      one state of it, row by row as it stands, while triggers note what changes meanwhile
    follow    what has changed since then, again and again
    finish    the last changes, while nobody can write; then the old database is shut and the new
              one is whole

Until the end the new database says of itself that it is not whole, so that no node starts on it;
from the end on the old one says where everything is. What was interrupted, at the end too, goes on:
rows that are there and the same are not written again.

Promises that every row was read back and compared before it counts as copied, and that at the end
each table has as many rows as it had. Must never leave two databases that can both be written.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass

from sqlalchemy import Connection, Table, delete, func, insert, select, text, update
from sqlalchemy.exc import DBAPIError

from vault import identifier
from vault.clock import utc_now
from vault.sending.claims import NO_LEASE
from vault.settings import VaultSettings
from vault.storage import changelog, schema, tables, turns
from vault.storage.changelog import followed
from vault.storage.database import Database, Line, open_database
from vault.storage.faults import code_in, translated
from vault.storage.rowwise import (
    AT_ONCE,
    Key,
    NotTransferred,
    Row,
    bring,
    compare,
    is_row,
    pages,
    put,
    rows_of,
    some_of,
)
from vault.storage.store import Transaction

NOTES_AT_ONCE = 2000
FEW = 500  # changes that are left for the moment in which nobody can write
ROUNDS = 50
_REFERRED_TO = "23503"
Place = tuple[Table, Key]
Told = Callable[[int], object]
"""Is told of every so many rows that are done."""


@dataclass(frozen=True)
class Source:
    """The SQLite database that is left. `is_shut`: its end has come, the target's has not."""

    mark: str
    is_shut: bool
    _database: Database

    @contextmanager
    def writing(self) -> Iterator[Transaction]:
        """Give a transaction in which nobody else writes."""
        with translated(), self._database.writing(()) as (connection, line):
            yield Transaction(connection, line, utc_now())

    @contextmanager
    def reading(self) -> Iterator[Transaction]:
        """Give one state of it."""
        with translated(), self._database.reading() as (connection, line):
            yield Transaction(connection, line, utc_now())


@dataclass(frozen=True)
class Target:
    """The PostgreSQL database that is being filled. `is_resumed`: an earlier run began with it."""

    name: str
    is_resumed: bool
    _database: Database

    @contextmanager
    def writing(self) -> Iterator[tuple[Connection, Line]]:
        """Give a transaction on it."""
        with translated(), self._database.writing((turns.SCHEMA,)) as (connection, line):
            yield connection, line


@contextmanager
def begun(settings: VaultSettings) -> Iterator[Source]:
    """Open the database to be left, and note what changes in it from now on.

    Raises NotTransferred, SchemaMismatch, StoreUnavailable.
    """
    if settings.is_postgresql or not settings.database_file.exists():
        raise NotTransferred(f"{settings.database_name} is no SQLite database that is in use")
    with (
        translated(),
        closing(open_database(settings, checkpoints=False, as_it_is=True)) as database,
        database.writing(()) as (connection, line),
    ):
        found, tx = schema.version_of(connection) or "", Transaction(connection, line, utc_now())
        is_shut = found.startswith(schema.MOVED)
        if not is_shut:
            schema.prepare(connection, upgrades=False)
        mark = changelog.begin(tx, identifier.draw())
    with closing(open_database(settings, checkpoints=False, as_it_is=True)) as database:
        yield Source(mark, is_shut, database)


@contextmanager
def opened(settings: VaultSettings, mark: str) -> Iterator[Target]:
    """Open the database to be filled, and make its schema; raises DatabaseUnfit, NotTransferred."""
    with closing(open_database(settings, checkpoints=False, as_it_is=True)) as database:
        name = settings.database_name
        with translated(), database.writing((turns.SCHEMA,)) as (connection, _line):
            is_resumed = _prepare(connection, name, f"{schema.INCOMPLETE} {mark}")
        yield Target(name, is_resumed, database)


def forget(settings: VaultSettings) -> bool:
    """Give up a move that was begun and not finished; False if there was none."""
    with (
        translated(),
        closing(open_database(settings, checkpoints=False, as_it_is=True)) as database,
        database.writing(()) as (connection, line),
    ):
        schema.prepare(connection, upgrades=False)
        return changelog.forget(Transaction(connection, line, utc_now()))


def rows_in(source: Source) -> int:
    """Count the rows that are to be copied."""
    with source.reading() as tx:
        return sum(_count(tx, table) for table in followed())


def copy(source: Source, target: Target, told: Told = int) -> None:
    """Copy one state of the source. Raises StoreUnavailable, NotTransferred."""
    with source.reading() as tx:  # one state, whatever is written meanwhile
        for table in followed():
            for rows in pages(tx, table):
                with target.writing() as (connection, line):
                    bring(connection, line, table, rows)
                told(len(rows))


def clear(source: Source, target: Target) -> None:
    """Take out of the target what has changed since an interrupted run brought it, where it can be.

    So that nothing stands in the way of what comes in its place; `copy` brings it again.
    """
    with source.reading() as tx:
        last, changed = changelog.noted(tx, 0, NOTES_AT_ONCE)
        while last:
            with target.writing() as (connection, _line):
                _remove(connection, _in_order(changed))
            last, changed = changelog.noted(tx, last, NOTES_AT_ONCE)


def follow(source: Source, target: Target) -> int:
    """Bring over what has changed since, until little is left; returns how many notes are."""
    left = 0
    for _ in range(ROUNDS):
        with source.reading() as tx, target.writing() as (connection, _line):
            last, late = _catch_up(tx, connection, 0)
        with source.writing() as tx:
            changelog.done(tx, last)
            changelog.again(tx, late)
            left = changelog.left(tx)
        if left < FEW:
            break
    return left


def finish(source: Source, target: Target) -> Mapping[str, int]:
    """Bring over the last changes, shut the source and make the target whole.

    Returns the rows of each table. Nobody can write in the source from here on: a node answers 4xx
    until it is started on the target. Raises StoreUnavailable, NotTransferred: call it again.
    """
    with (
        target.writing() as (connection, _line),  # ends after the other: see below
        source.reading() if source.is_shut else source.writing() as tx,
    ):
        late: list[Place] = []
        last, more = _catch_up(tx, connection, 0)
        while last:
            late += more
            last, more = _catch_up(tx, connection, last)
        _remove(connection, late)
        counts = _compared(tx, connection)
        _release(connection)
        _complete(connection)
        if not source.is_shut:
            changelog.shut(tx, target.name)
    # The source was shut first: dying in between leaves a target that is not whole, and the notes
    # of which the next run makes it.
    return counts


def _catch_up(tx: Transaction, connection: Connection, after: int) -> tuple[int, list[Place]]:
    """Do what has been noted after a note, as it now stands in the source.

    Returns the last note of it, and what could not be deleted yet.
    """
    last, changed = changelog.noted(tx, after, NOTES_AT_ONCE)
    puts: list[tuple[Table, Row]] = []
    gone: list[Place] = []
    for table in followed():
        keys = changed.get(table.name, set())
        now: dict[Key, Row] = {}
        for some in some_of(keys):
            now |= rows_of(tx, table, some)
        puts += [(table, row) for row in now.values()]
        gone += [(table, key) for key in keys if key not in now]
    put(connection, puts)
    late = _remove(connection, gone)
    for table in followed():
        rows = [row for of, row in puts if of is table]
        for start in range(0, len(rows), AT_ONCE):
            compare(connection, table, rows[start : start + AT_ONCE])
    return last, late


def _remove(connection: Connection, places: Sequence[Place]) -> list[Place]:
    """Delete rows, those that refer before what they refer to; returns what others refer to yet."""
    late = []
    for table, key in reversed(places):
        try:
            with connection.begin_nested():
                connection.execute(delete(table).where(is_row(table, key)))
        except DBAPIError as error:
            if code_in(error) != _REFERRED_TO:
                raise
            late.append((table, key))
    return late


def _in_order(changed: Mapping[str, set[Key]]) -> list[Place]:
    return [(table, key) for table in followed() for key in changed.get(table.name, set())]


def _prepare(connection: Connection, name: str, mark: str) -> bool:
    """Make the schema, or find it as an interrupted move left it (True); raises NotTransferred."""
    from vault.storage.postgresql import check_fit  # noqa: PLC0415 - not everybody has it

    check_fit(connection)
    found = schema.version_of(connection)
    if found == mark:
        return True
    if found is None:
        tables.metadata.create_all(connection)
        connection.execute(insert(tables.meta), [{"name": "schema_version", "value": mark}])
    elif found == tables.SCHEMA_VERSION and _is_empty(connection):
        _say(connection, mark)
    else:
        raise NotTransferred(f"{name} holds something already: give an empty database")
    return False


def _release(connection: Connection) -> None:
    """Let go of what deliverers hold: they can settle none of it here, nor be known by their names.

    Otherwise mails that were under way would wait until the leases run out.
    """
    outbox = tables.outbox
    connection.execute(update(outbox).where(outbox.c.lease != "").values(**NO_LEASE))


def _complete(connection: Connection) -> None:
    """Give new rows numbers after those that came, and say that all is here."""
    for table in followed():
        if (column := table.autoincrement_column) is not None:
            last = connection.execute(select(func.max(column))).scalar()
            if last is not None:
                named = f"pg_get_serial_sequence('{table.name}', '{column.name}')"
                connection.execute(text(f"SELECT setval({named}, {int(last)})"))
    _say(connection, tables.SCHEMA_VERSION)


def _say(connection: Connection, version: str) -> None:
    meta = tables.meta
    named = update(meta).where(meta.c.name == "schema_version")
    connection.execute(named.values(value=version))


def _compared(tx: Transaction, connection: Connection) -> dict[str, int]:
    """Return how many rows each table has; raises NotTransferred where they are not as many."""
    counts = {}
    for table in followed():
        counts[table.name] = ours = _count(tx, table)
        theirs = connection.execute(select(func.count()).select_from(table)).scalar()
        if ours != theirs:
            raise NotTransferred(f"{table.name} has {ours} rows here and {theirs} there")
    return counts


def _count(tx: Transaction, table: Table) -> int:
    return int(tx.execute(select(func.count()).select_from(table)).scalar() or 0)


def _is_empty(connection: Connection) -> bool:
    return not any(connection.execute(select(table).limit(1)).first() for table in followed())
