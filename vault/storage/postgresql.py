"""The PostgreSQL database under the store: how it is reached, read and written, by many nodes.

Writers of one process and of all others are at work at once (READ COMMITTED). What must not happen
at the same time takes turns by advisory locks, which are taken with BEGIN in one question. Rows to
be added gather until something looks at their table, and go in a statement for many: of a batch of
mails those of most tables go together.

Promises that a commit is on the server's disk when it returns, that a reader sees one state, that a
machine which vanishes in the middle keeps nobody else waiting for longer than a minute, that no
password is ever in an address, a log or an error, and that a line that breaks is made anew.
Must never be imported outside the vault, nor where its driver is not wanted.
"""

import ssl
import threading
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import cache
from typing import Any

import pg8000
from sqlalchemy import Connection, Dialect, Engine, create_engine, event
from sqlalchemy.dialects.postgresql.pg8000 import PGDialect_pg8000

from vault.errors import DatabaseUnfit, StoreUnavailable
from vault.secrets import Secret
from vault.settings import Tls, VaultSettings
from vault.storage import schema, tables, turns
from vault.storage.faults import DriverFailed
from vault.storage.statements import Addition, Answer, Row, Statement
from vault.storage.wire import Wire, code_of, is_broken

WRITERS, READERS = 3, 5  # connections of one process, at most
LEAST_VERSION = 14
MOST_ROWS = 32  # in one statement
_SCRUBBED = (tables.packages, tables.contents, tables.outbox, tables.holds)
_SLACK = 10.0  # seconds that the server may take to say that a wait was too long
_DIALECT: Dialect = PGDialect_pg8000(paramstyle="numeric_dollar")  # type: ignore[no-untyped-call]
_ORDER = {table.name: number for number, table in enumerate(tables.metadata.sorted_tables)}
_GONE_AFTER = 60  # seconds without a word, after which the server gives a node up
_SESSION = (
    f"SET idle_in_transaction_session_timeout TO '{_GONE_AFTER}s'; "
    "SET tcp_keepalives_idle TO 20; SET tcp_keepalives_interval TO 10; "
    "SET tcp_keepalives_count TO 4; SET TIME ZONE 'UTC'; SET DateStyle TO ISO; "
    "SET client_min_messages TO warning; "
    "SET standard_conforming_strings TO on; "
    "SELECT set_config('synchronous_commit', 'on', false) "
    "WHERE current_setting('synchronous_commit') IN ('off', 'local')"
)
_FACTS = (
    "SELECT current_setting('server_version_num'), current_setting('server_encoding'), "
    "current_setting('fsync')"
)


class PostgresLine:
    """A connection of the driver, within a transaction unless it is for `ask`."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire
        self._waiting: dict[str, list[tuple[Addition, Row]]] = {}

    def run(self, statement: Statement, values: Row) -> Answer:
        """Run a statement; what it would look at is inserted before. Raises DriverFailed."""
        if not statement.tables.isdisjoint(self._waiting):
            self._insert(_needed(frozenset(statement.tables & self._waiting.keys())))
        compiled = statement.on(_DIALECT)
        bound = compiled.bound(values)
        context = self._ask(compiled.text, [bound[name] for name in compiled.order])
        return Answer(compiled.read(context.rows or ()), context.row_count)

    def add(self, addition: Addition, rows: Iterable[Row]) -> None:
        """Insert rows in this order, with the next `flush`."""
        waiting = self._waiting.setdefault(addition.table.name, [])
        waiting.extend((addition, addition.bound(row, _DIALECT)) for row in rows)

    def flush(self) -> None:
        """Insert what waits. Raises DriverFailed."""
        self._insert(self._waiting)

    def _insert(self, names: Iterable[str]) -> None:
        """Insert what waits for some tables: what is referred to before what refers."""
        for name in sorted(self._waiting.keys() & names, key=_ORDER.__getitem__):
            rows = self._waiting.pop(name)
            addition = rows[0][0]
            while rows:
                some = _largest(len(rows))
                values = [row[column] for _, row in rows[:some] for column in addition.names]
                self._ask(_insertion(addition, some), values)
                del rows[:some]

    def take_turns(self, about: Collection[str]) -> None:
        """Wait until nobody else's transaction is about the same; raises DriverFailed."""
        if about:
            self._ask(_locks(turns.numbers(about)), ())

    def _ask(self, text: str, values: Sequence[Any]) -> Any:
        try:
            return self._wire.ask(text, values)
        except (pg8000.Error, OSError) as error:
            if is_broken(error):
                with suppress(pg8000.Error, OSError):
                    self._wire.close()
            raise DriverFailed(code_of(error)) from error


class PostgresDatabase:
    """`writer` begins with its turns, `reader` cannot write and sees one state."""

    def __init__(self, settings: VaultSettings) -> None:
        self._settings = settings
        wait = settings.lock_wait.total_seconds()
        self.writer = self._engine(WRITERS, wait)
        self.reader = self._engine(READERS, wait)
        event.listen(self.writer, "begin", _begin_writing)
        event.listen(self.reader, "begin", _begin_reading)
        self._asking = threading.Lock()
        self._asked: Wire | None = None

    def prepare(self) -> None:
        """Look whether the server is fit, and make the schema where there is none.

        An older schema is for `sealgate migrate`: other nodes may be at work on it.
        """
        with self.writing((turns.SCHEMA,)) as (connection, _line):
            check_fit(connection)
            schema.prepare(connection, upgrades=False)

    @contextmanager
    def writing(self, about: Collection[str]) -> Iterator[tuple[Connection, PostgresLine]]:
        """Give a transaction that may write, when its turns have come."""
        with self.writer.connect() as pooled:
            connection = pooled.execution_options(turns=tuple(about))
            with _undone_if_broken(connection), connection.begin():
                yield connection, PostgresLine(_wire(connection))

    @contextmanager
    def reading(self) -> Iterator[tuple[Connection, PostgresLine]]:
        """Give a transaction that sees one state and cannot write."""
        with (
            self.reader.connect() as connection,
            _undone_if_broken(connection),
            connection.begin(),
        ):
            yield connection, PostgresLine(_wire(connection))

    def ask(self, statement: Statement, values: Row) -> list[tuple[Any, ...]]:
        """Return the rows of one select, by one question on a line of its own."""
        with self._asking:
            for last in (False, True):
                try:
                    if self._asked is None:
                        self._asked = self._connect()
                    return PostgresLine(self._asked).run(statement, values).fetchall()
                except (DriverFailed, pg8000.Error, OSError) as error:
                    cause = error.__cause__ if isinstance(error, DriverFailed) else error
                    broken = cause is not None and is_broken(cause)
                    if broken:
                        self._asked = None
                    if last or not broken:
                        raise DriverFailed(code_of(cause or error)) from None
        raise StoreUnavailable

    def scrub(self) -> bool:
        """Vacuum what held keys and ciphertext: dead rows go from the tables.

        The server's write-ahead log and its backups keep them for as long as it keeps those.
        """
        wire = self._connect()
        try:
            for table in _SCRUBBED:
                wire.ask(f"VACUUM {table.name}")
        except (pg8000.Error, OSError) as error:
            raise DriverFailed(code_of(error)) from None
        finally:
            with suppress(pg8000.Error, OSError):
                wire.close()
        return True

    def close(self) -> None:
        """Close every connection."""
        with self._asking:
            if self._asked is not None:
                with suppress(pg8000.Error, OSError):
                    self._asked.close()
                self._asked = None
        self.reader.dispose()
        self.writer.dispose()

    def _engine(self, most: int, wait: float) -> Engine:
        return create_engine(
            "postgresql+pg8000://",
            creator=self._connect,
            paramstyle="numeric_dollar",
            hide_parameters=True,
            pool_size=1,
            max_overflow=most - 1,
            pool_timeout=wait,
        )

    def _connect(self) -> Wire:
        settings = self._settings
        wait = settings.lock_wait.total_seconds()
        wire = Wire(**_address(settings), timeout=wait + _SLACK, application_name="sealgate")
        wire.ask(f"{_SESSION}; SET lock_timeout TO {int(wait * 1000)}")
        return wire


def open_postgresql(settings: VaultSettings, *, as_it_is: bool = False) -> PostgresDatabase:
    """Open the database; raises SchemaMismatch, DatabaseUnfit, StoreUnavailable."""
    database = PostgresDatabase(settings)
    if as_it_is:
        return database
    try:
        database.prepare()
    except BaseException:
        database.close()
        raise
    return database


def check_fit(connection: Connection) -> None:
    """Make sure that the server keeps what we promise; raises DatabaseUnfit."""
    _check(*connection.exec_driver_sql(_FACTS).one())


def password_of(settings: VaultSettings) -> Secret | None:
    """Return the password, None where there is none to be given. Raises DatabaseUnfit."""
    if settings.database_password_file is None:
        given = settings.database_password.get_secret_value()
        return Secret(given.encode()) if given else None
    try:
        return Secret(settings.database_password_file.read_bytes().strip())
    except OSError as error:
        raise DatabaseUnfit(
            f"vault.database_password_file cannot be read: {error.strerror}"
        ) from error


def _address(settings: VaultSettings) -> dict[str, Any]:
    url, host = settings.url, settings.url.host
    folder = url.query.get("host", "")  # of the server's socket, as libpq has it
    port = url.port or 5432
    found: dict[str, Any] = {"user": url.username, "database": url.database}
    password = password_of(settings)
    if password is not None:
        found["password"] = password.reveal()
    if isinstance(folder, str) and folder.startswith("/"):
        return {**found, "unix_sock": f"{folder}/.s.PGSQL.{port}"}
    return {**found, "host": host, "port": port, "ssl_context": _tls(settings)}


def _tls(settings: VaultSettings) -> ssl.SSLContext | None:
    if settings.database_tls is Tls.NONE:
        return None
    try:
        context = ssl.create_default_context(cafile=settings.database_ca)
        if settings.database_certificate is not None:
            context.load_cert_chain(settings.database_certificate, settings.database_key)
    except OSError as error:
        raise DatabaseUnfit(
            "vault.database_ca, database_certificate or database_key cannot be read: "
            f"{error.strerror or type(error).__name__}"
        ) from error
    if settings.database_tls is Tls.REQUIRED:
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context


def _check(version: str, encoding: str, fsync: str) -> None:
    if int(version) < LEAST_VERSION * 10_000:
        raise DatabaseUnfit(f"the server is PostgreSQL older than {LEAST_VERSION}: upgrade it")
    if encoding != "UTF8":
        raise DatabaseUnfit(
            f"the database keeps text in {encoding}: make another, "
            "WITH ENCODING 'UTF8' TEMPLATE template0"
        )
    if fsync != "on":
        raise DatabaseUnfit("the server runs with fsync off and would lose mail: set fsync = on")


def _begin_writing(connection: Connection) -> None:
    about = turns.numbers(connection.get_execution_options().get("turns", ()))
    locks = f"; {_locks(about)}" if about else ""
    connection.exec_driver_sql(f"BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE{locks}").close()


def _begin_reading(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY").close()


def _locks(numbers: Iterable[int]) -> str:
    return "; ".join(f"SELECT pg_advisory_xact_lock({number})" for number in numbers)


@contextmanager
def _undone_if_broken(connection: Connection) -> Iterator[None]:
    """Throw a connection away after a fault of the line: SQLAlchemy has not seen all of them."""
    try:
        yield
    except DriverFailed as error:
        if error.__cause__ is not None and is_broken(error.__cause__):
            connection.invalidate()
        raise


def _wire(connection: Connection) -> Wire:
    """Return the driver's connection under SQLAlchemy's, in whose transaction it is."""
    found = connection.connection.driver_connection
    assert isinstance(found, Wire)  # noqa: S101 - the database is PostgreSQL
    return found


@cache
def _needed(names: frozenset[str]) -> frozenset[str]:
    """Return some tables, and all that they refer to: what must be there before they are."""
    keys = (key for name in names for key in tables.metadata.tables[name].foreign_keys)
    referred = frozenset(key.column.table.name for key in keys)
    return names if referred <= names else _needed(names | referred)


@cache
def _insertion(addition: Addition, rows: int) -> str:
    """Return the statement that inserts so many rows at once."""
    wide = len(addition.names)
    return addition.text(
        ", ".join(f"${row * wide + column}" for column in range(1, wide + 1)) for row in range(rows)
    )


def _largest(rows: int) -> int:
    """Return how many of the rows go into one statement: a power of two, so that few are known."""
    return min(MOST_ROWS, 1 << (rows.bit_length() - 1))
