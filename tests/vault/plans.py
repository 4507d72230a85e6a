"""How SQLite would answer each statement that the vault gives it: whether it walks through a table.

Every statement that a test has the vault run is asked about once, on a database that has the tables
and nothing in them: what is planned does not depend on how much there is. A statement that reads
every row of a table which grows with the mail is an error of the test that ran it.
"""

import re
import sqlite3
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine
from sqlalchemy.pool import StaticPool

import vault
from vault.storage import sqlite, tables

HERE, VAULT = str(Path(__file__).parents[1]), str(Path(vault.__file__).parent)
# They run what others say.
_BELOW = {"batches.py", "store.py", "sqlite.py", "database.py", "statements.py"}
_LOOKS = re.compile(r"\s*(SELECT|UPDATE|DELETE|INSERT|WITH)\b", re.IGNORECASE)
_SORTED = "USE TEMP B-TREE FOR ORDER BY"
_STEP = re.compile(r"(SCAN|SEARCH) (\w+)(?:.*INDEX (\w+))?(.*\()?")

BOUNDED = {
    "meta": "one row",
    "chores": "a row a chore",
    "disclosures": "asked by people",
    "guesses": "people.guesses.MOST",
    "known_places": "people.guesses.MOST_PLACES",
    "legal_holds": "placed by people",
    "mta_sts_policies": "sending.sts.MOST",
    "policy_acts": "written by people",
    "policy_versions": "written by people",
    "users": "a row a person",
    "user_aliases": "a few rows a person",
    "strands": "a few rows a start of a process",
    "strands_signed": "a few rows a start of a process",
}
"""Tables that do not grow with the mail, and why."""

OPEN = {"destructions_to_certify", "access_requests_pending"}
"""Indexes that hold only what is still to be done: they may be read as a whole."""

EXCUSED = {
    "packages.searching.count": "`sealgate search`",
    "trail.evidence.changed": "`sealgate import --verify`",
    "keys.resealing._count": "`sealgate keys list` and `destroy`",
    "storage.transferring._count": "`sealgate move` of a database",
}
"""Who may read a whole table, as `room.module.function`: on whose behalf."""


class Plans:
    """What was asked about so far. `without` are indexes that it does as if they were not there."""

    def __init__(self, *without: str) -> None:
        self._database = sqlite3.connect(":memory:", check_same_thread=False)
        self._turn = threading.Lock()
        engine = create_engine("sqlite://", creator=lambda: self._database, poolclass=StaticPool)
        tables.metadata.create_all(engine)
        self._database.execute("PRAGMA foreign_keys=ON")
        for name in without:
            self._database.execute(f"DROP INDEX {name}")
        self._known: set[str] = set()
        self.problems: list[str] = []

    def take(self, text: str, values: Any) -> None:
        """Ask about a statement, if the vault itself has it run."""
        if text in self._known or not _LOOKS.match(text):
            return
        if (asker := _asker()) is None:
            return
        self._known.add(text)
        if asker in EXCUSED:
            return
        for step in self.walks(text, values):
            self.problems.append(f"{asker}: {step}\n{text}\n{values}")

    def walks(self, text: str, values: Any) -> list[str]:
        """Return the steps that read every row of a table which grows."""
        try:
            with self._turn:
                found = self._database.execute(f"EXPLAIN QUERY PLAN {text}", values).fetchall()
        except sqlite3.OperationalError:
            return []  # it is for another database: a backup's, or one of an earlier version
        steps = [step for *_, step in found]
        if "WHERE" not in text and ("LIMIT" in text or "max(" in text) and _SORTED not in steps:
            return []  # the first rows, or the last
        return [step for step in steps if _is_walk(step)]


def _is_walk(step: str) -> bool:
    found = _STEP.match(step)
    if found is None or found[2] not in tables.metadata.tables or found[2] in BOUNDED:
        return False
    if found[1] == "SEARCH":  # without a condition, for the least or the greatest of them
        return "AUTOMATIC" in step or not found[4]
    return found[3] not in OPEN


def _asker() -> str | None:
    """Return which function of the vault has a statement run; None if a test does."""
    frame = sys._getframe(2)
    while frame is not None:
        file = frame.f_code.co_filename
        if file.startswith(HERE) and not file.endswith("plans.py"):
            return None
        if file.startswith(VAULT) and file.rpartition("/")[2] not in _BELOW:
            name = file.removeprefix(VAULT).strip("/").removesuffix(".py").replace("/", ".")
            return f"{name}.{frame.f_code.co_name.strip('<>')}"
        frame = frame.f_back  # type: ignore[assignment]
    return None


@contextmanager
def watching(plans: Plans) -> Iterator[None]:
    """Have every statement asked about that goes to SQLite meanwhile."""

    class Cursor(sqlite3.Cursor):
        def execute(self, text: str, values: Any = (), /) -> sqlite3.Cursor:
            plans.take(text, values)
            return super().execute(text, values)

    class Connection(sqlite3.Connection):
        def cursor(self, factory: Any = Cursor) -> Any:
            return super().cursor(factory)

    watched = partial(create_engine, connect_args={"factory": Connection})
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sqlite, "create_engine", watched)
        yield
