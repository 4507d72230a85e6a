"""Durable deposits of small packages, beside bare sqlite3 that writes the very same rows.

Sixteen threads deposit at once. What they wrote is then written again by one connection with the
same pragmas, the same rows in each commit, and nothing else to do: no mail is read, hashed, sealed
or given a key.
"""

import sqlite3
import threading
from collections import defaultdict
from itertools import count
from pathlib import Path

from bench.vault.rounds import ROUNDS, line, seconds
from bench.vault.safe import Keys, opened, put
from vault.storage.store import Store

AT_ONCE = 16
EACH = 100
MOMENTS = {
    "contents": "created_at",
    "packages": "sealed_at",
    "grants": "added_at",
    "outbox": "queued_at",
    "events": "at",
    "receipts": "accepted_at",
}
PRAGMAS = ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "secure_delete=ON")

Rows = list[tuple[object, ...]]
Commit = dict[str, Rows]


def measure(folder: Path) -> list[str]:
    """Give the row."""
    keys = Keys.new(folder / "keys")
    numbers, names = count(), count()
    rounds: list[tuple[str, list[Commit]]] = []

    def sealgate() -> float:
        safe = folder / f"safe{next(names)}"
        with opened(safe) as store:
            rate = deposits(store, keys, numbers)
            rounds.append(written(store.settings.database_file))
        return rate

    def bare() -> float:
        schema, commits = rounds[-1]
        return replay(folder / f"bare{next(names)}", schema, commits)

    own: list[float] = []
    limit: list[float] = []
    for _ in range(ROUNDS):  # what is written again must have been written before
        own.append(sealgate())
        limit.append(bare())
    per = AT_ONCE * EACH / len(rounds[-1][1])
    name = f"deposit 4 KB, {AT_ONCE} at once ({per:.1f} a commit)"
    return [line(name, "a second", own, limit, "sqlite3")]


def deposits(store: Store, keys: Keys, numbers: "count[int]") -> float:
    """Deposit from many threads; returns how many a second."""
    put(store, keys, next(numbers))

    def work() -> None:
        for _ in range(EACH):
            put(store, keys, next(numbers))

    threads = [threading.Thread(target=work) for _ in range(AT_ONCE)]
    return AT_ONCE * EACH / seconds(lambda: _all(threads))


def written(file: Path) -> tuple[str, list[Commit]]:
    """Read what stands in a database: its schema, and the rows of each commit in their order.

    Rows of one commit bear the same moment.
    """
    found: dict[object, Commit] = defaultdict(dict)
    with sqlite3.connect(file) as database:
        texts = database.execute("SELECT sql FROM sqlite_master WHERE sql IS NOT NULL").fetchall()
        for table, moment in MOMENTS.items():
            for row in database.execute(f"SELECT *, {moment} FROM {table}"):
                found[row[-1]].setdefault(table, []).append(row[:-1])
    schema = ";".join(text for (text,) in texts if "sqlite_sequence" not in text)
    return schema, [found[moment] for moment in sorted(found, key=str)]


def replay(file: Path, schema: str, commits: list[Commit]) -> float:
    """Write the same rows into a new database; returns how many packages a second."""
    database = sqlite3.connect(file, isolation_level=None)
    for pragma in PRAGMAS:
        database.execute(f"PRAGMA {pragma}").fetchall()
    database.executescript(schema)

    def write() -> None:
        for commit in commits:
            database.execute("BEGIN IMMEDIATE")
            for table, rows in commit.items():
                marks = ",".join("?" * len(rows[0]))
                database.executemany(f"INSERT INTO {table} VALUES ({marks})", rows)
            database.execute("COMMIT")

    taken = seconds(write)
    database.close()
    return sum(len(commit["packages"]) for commit in commits) / taken


def _all(threads: list[threading.Thread]) -> None:
    for one in threads:
        one.start()
    for one in threads:
        one.join()
