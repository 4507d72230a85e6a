"""What a safe with a million packages costs more than one with a thousand.

Both are filled with the rows of one real package, again and again under other names; a hundred real
packages of one sender are then added to each, and opened, listed and sent in turns.
"""

import resource
import sqlite3
import statistics
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from itertools import cycle
from pathlib import Path

from bench.vault.rounds import seconds
from bench.vault.safe import AUTHOR, Keys, opened, put
from vault.address import Address
from vault.ending import upkeep
from vault.origin import Origin
from vault.packages import catalogue
from vault.packages.retrieve import retrieve
from vault.sending import claims
from vault.storage.store import Store
from vault.trail.audit import Act

SMALL, LARGE = 1_000, 1_000_000
LISTED = 100  # packages of each sender
REAL = 100
TIMES = 200  # that each thing is done
HERE = Origin("192.0.2.7", "bench")
READER = Address.parse("ann7@clinic.example")
TEMPLATE = Address.parse("template@council.example")
_AT_ONCE = 10_000


@dataclass(frozen=True, slots=True)
class Safe:
    """A filled store, and its real packages."""

    store: Store
    keys: Keys
    ids: tuple[str, ...]

    def acts(self) -> dict[str, Callable[[], object]]:
        """Give what is measured, each as something to do again and again."""
        ids = cycle(self.ids)
        opening = self.keys.opening
        return {
            "open a package": lambda: self._open(next(ids)),
            "a page of a sender's list": lambda: catalogue.sent(self.store, opening, AUTHOR),
            "a page of a reader's list": lambda: catalogue.received(self.store, opening, READER),
            "a package's timeline": lambda: catalogue.timeline(self.store, AUTHOR, next(ids)),
            "a sender's search": self._search,
            "claim ten mails to be sent": self._claim,
        }

    def _open(self, package_id: str) -> None:
        found = retrieve(
            self.store, self.keys.opening, AUTHOR, package_id, Act.PACKAGE_OPENED, HERE
        )
        for _ in found.read():
            pass

    def _search(self) -> None:
        catalogue.sent(self.store, self.keys.opening, AUTHOR, search="ann7@clinic.example")

    def _claim(self) -> None:
        claims.claim(self.store, self.keys.relay, "bench", limit=10)
        claims.release(self.store, "bench")


def measure(folder: Path, large: int = LARGE) -> list[str]:
    """Give the rows."""
    keys = Keys.new(folder / "keys")
    with ExitStack() as stack:
        safes = []
        for size in (SMALL, large):
            store = stack.enter_context(opened(folder / f"of-{size}"))
            ids = fill(store, keys, size)
            safes.append(Safe(store, keys, ids))
        compared = list(compare(*safes))
        return [*compared, *(f"{name:<34}{told}" for name, told in memory(*safes))]


def fill(store: Store, keys: Keys, size: int) -> tuple[str, ...]:
    """Make `size` packages in the store, and `REAL` more whose ids are returned."""
    template = put(store, keys, 0, TEMPLATE)
    with sqlite3.connect(store.settings.database_file, isolation_level=None) as database:
        database.execute("PRAGMA synchronous=OFF")
        tables = {name: _rows(database, name, column, template) for name, column in _OF_A_PACKAGE}
        for first in range(0, size, _AT_ONCE):
            numbers = range(first, min(first + _AT_ONCE, size))
            database.execute("BEGIN IMMEDIATE")
            for name, rows in tables.items():
                _copy(database, name, rows, template, numbers)
            database.execute("COMMIT")
            _progress(f"packages to measure with: {numbers.stop:,} of {size:,}")
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    return tuple(put(store, keys, number) for number in range(REAL))


def compare(small: Safe, large: Safe) -> Iterator[str]:
    """Do the same things in both, in turns; give the median milliseconds and their ratio."""
    for (name, mine), (_, other) in zip(small.acts().items(), large.acts().items(), strict=True):
        taken: list[tuple[float, float]] = [(seconds(mine), seconds(other)) for _ in range(TIMES)]
        few, many = (1000 * statistics.median(one) for one in zip(*taken, strict=True))
        yield f"{name:<34}{many:>11.2f} ms, {few:.2f} ms among a thousand: {many / few:.2f}"


def memory(small: Safe, large: Safe) -> Iterator[tuple[str, str]]:
    """Do once what looks at many rows; tell how much the most that was resident grew by."""
    for name, act in (
        ("housekeeping", lambda safe: upkeep.clear(safe.store)),
        ("a search for what is not there", _missing),
    ):
        act(small)
        before = _most()
        taken = seconds(partial(act, large))
        yield name, f"{taken:>11.2f} s, memory grown by {_most() - before:.0f} MB"


def _missing(safe: Safe) -> None:
    catalogue.sent(safe.store, safe.keys.opening, AUTHOR, search="nobody")


_OF_A_PACKAGE = (
    ("contents", "id"),
    ("packages", "id"),
    ("grants", "package_id"),
    ("outbox", "package_id"),
    ("events", "package_id"),
)
_CUT = {"inline": 64, "payload": 0}  # bytes that are left of what nobody will open
_CHANGED = {"id", "reference", "package_id", "content_id", "conversation"}


def _rows(
    database: sqlite3.Connection, table: str, column: str, which: str
) -> list[dict[str, object]]:
    found = database.execute(f"SELECT * FROM {table} WHERE {column} = ?", (which,))
    names = [one[0] for one in found.description]
    return [dict(zip(names, row, strict=True)) for row in found]


def _copy(
    database: sqlite3.Connection,
    table: str,
    rows: list[dict[str, object]],
    template: str,
    numbers: range,
) -> None:
    names = [name for name in rows[0] if not (name == "id" and isinstance(rows[0]["id"], int))]
    marks = ",".join("?" * len(names))
    made = (
        tuple(_as(name, row[name], template, number, place) for name in names)
        for number in numbers
        for place, row in enumerate(rows)
    )
    database.executemany(f"INSERT INTO {table} ({','.join(names)}) VALUES ({marks})", made)


def _as(name: str, value: object, template: str, number: int, place: int) -> object:
    """Return a column's value in the copy of this number."""
    if name in _CUT and isinstance(value, bytes):
        return value[: _CUT[name]]
    if name in (made := _made(number, place)):
        return made[name] if name != "state" or value == "queued" else value
    if name in _CHANGED and value is not None:
        return f"{value if value != template else 'p'}{number}"
    return value


def _made(number: int, place: int) -> dict[str, str]:
    """Return what is another in each copy: whose it is, and that its letters are sent."""
    someone = f"someone{number // LISTED}.{place}@clinic.example"
    return {
        "state": "done",
        "finished_at": f"{datetime.now(UTC):%Y-%m-%d %H:%M:%S.%f}",
        "owner": f"staff{number // LISTED}@council.example",
        "address": someone,
        "folded": someone,
    }


def _most() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def _progress(words: str) -> None:
    if sys.stderr.isatty():
        print(f"\r{words}", end="", file=sys.stderr, flush=True)
