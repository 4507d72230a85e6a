"""What fails underneath, told in the vault's own words.

Promises that nothing of a statement, a value or an address is in what is raised or logged: the kind
of an error, its code and what the code means are all. Must never swallow an error.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

import structlog
from sqlalchemy.exc import SQLAlchemyError

from vault.errors import Contended, StoreUnavailable

log = structlog.get_logger()
_CONTENDED = frozenset({"23505", "40001", "40P01"})  # taken meanwhile, not in order, in a circle
# What an administrator can mend. PostgreSQL, appendix A; SQLite, "Result and Error Codes".
_MEANINGS = {
    "28P01": "the database does not take this password",
    "28000": "the database lets this user not in: its pg_hba.conf decides",
    "3D000": "there is no database of that name",
    "42501": "this database user may not do that",
    "53100": "the database's disk is full",
    "53300": "the database has as many connections as it takes",
    "57P03": "the database is starting, or going",
    "25006": "the database is a standby, which cannot be written",
    "SQLITE_FULL": "the disk is full",
    "SQLITE_READONLY": "the database cannot be written",
    "SQLITE_CANTOPEN": "the database cannot be opened",
    "SQLITE_CORRUPT": "the database is damaged",
    "SQLITE_NOTADB": "that file is no database",
    "SQLITE_BUSY": "another program holds the database",
    "SQLITE_IOERR": "the disk fails",
}


class DriverFailed(Exception):
    """A driver's error, without its text: `code` is SQLite's name or PostgreSQL's SQLSTATE."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@contextmanager
def translated() -> Iterator[None]:
    """Tell errors of drivers, of SQLAlchemy and of the system as StoreUnavailable."""
    try:
        yield
    except (SQLAlchemyError, DriverFailed, sqlite3.Error, OSError) as error:
        code = code_in(error)
        log.warning("store.failed", kind=type(error).__name__, code=code)
        if code in _CONTENDED:
            raise Contended from None
        raise StoreUnavailable(why=meaning(code)) from None


def meaning(code: str) -> str:
    """Say what a code means, for people; "" for the bare kind of an error, which says nothing.

    Extended codes of SQLite, such as SQLITE_IOERR_WRITE, mean what they extend.
    """
    if not code or code.endswith("Error"):
        return ""
    return _MEANINGS.get("_".join(code.split("_")[:2]), f"error {code}")


def code_in(error: Exception) -> str:
    """Return SQLite's name or PostgreSQL's SQLSTATE of an error, "" where it has none."""
    if isinstance(error, DriverFailed):
        return error.code
    cause = getattr(error, "orig", error)
    told = cause.args[0] if isinstance(cause, Exception) and cause.args else None
    state = told.get("C") if isinstance(told, dict) else None
    return str(state or getattr(cause, "sqlite_errorname", ""))
