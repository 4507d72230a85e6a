"""What fails underneath, told in the vault's own words.

Promises that nothing of a statement, a value or an address is in what is raised or logged: the kind
of an error and its code are all. Must never swallow an error.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

import structlog
from sqlalchemy.exc import SQLAlchemyError

from vault.errors import Contended, StoreUnavailable

log = structlog.get_logger()
_CONTENDED = frozenset({"23505", "40001", "40P01"})  # taken meanwhile, not in order, in a circle


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
        raise (Contended if code in _CONTENDED else StoreUnavailable) from None


def code_in(error: Exception) -> str:
    """Return SQLite's name or PostgreSQL's SQLSTATE of an error, "" where it has none."""
    if isinstance(error, DriverFailed):
        return error.code
    cause = getattr(error, "orig", error)
    told = cause.args[0] if isinstance(cause, Exception) and cause.args else None
    state = told.get("C") if isinstance(told, dict) else None
    return str(state or getattr(cause, "sqlite_errorname", ""))
