"""An audit trail as a node leaves it, and everything that somebody could do to it.

Whoever tampers here knows the chain: they work out hashes anew, and put the tips of strands right.
They do not have the key.
"""

import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy import insert

from tests.vault.bench import HandClock
from vault.keys import signing
from vault.origin import Origin
from vault.settings import FILE_NAME, VaultSettings
from vault.storage import tables
from vault.storage.store import Store
from vault.trail import chain, heads
from vault.trail.audit import Act, record
from vault.trail.heads import Head

COLUMNS = ("at", "act", "package_id", "actor", "subject", "ip", "agent", "detail", "policy")


@dataclass(frozen=True)
class Trail:
    """A folder with a trail in it, its key, and its heads as they were told elsewhere."""

    folder: Path
    keys: Path
    kept: tuple[Head, ...] = field(repr=False)

    def copy(self, folder: Path) -> Path:
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(self.folder, folder)
        return folder


def lay(folder: Path, keys: Path) -> Trail:
    """Lay a trail: old lines, then two processes in turns, with heads between; all is signed."""
    keys.mkdir()
    key = signing.make(keys)
    clock = HandClock()
    stores = [Store(VaultSettings(folder=folder), clock=clock) for _ in range(2)]
    _before_the_chain(stores[0], clock)
    for step in range(24):
        clock.advance(seconds=10)
        with stores[step % 3 // 2].writing() as tx:
            for number in range(step % 4 + 1):
                record(
                    tx,
                    list(Act)[step],
                    package_id=f"p{step % 5}" if step % 2 else None,
                    actor=f"jo{step}@council.example",
                    subject=f"amy{number}@partner.example",
                    origin=Origin("192.0.2.7", f"A browser é {step}"),
                    detail=f'detail "{number}" \\',
                    policy="d" * 64,
                )
        if step % 5 == 4:
            heads.make(stores[0], key)
    heads.make(stores[1], key)
    told = tuple(heads.since(stores[0], 0))
    for store in stores:
        store.close()
    with closing(sqlite3.connect(folder / FILE_NAME)) as connection:
        connection.execute("PRAGMA journal_mode=DELETE")
    return Trail(folder, keys, told)


def _before_the_chain(store: Store, clock: HandClock) -> None:
    with store.writing() as tx:
        rows = [
            {"at": clock(), "act": Act.PACKAGE_OPENED.value, "actor": f"old{number}@x.example"}
            for number in range(5)
        ]
        tx.execute(insert(tables.events), rows)


class Hand:
    """Somebody who can write to the database. Each method is a way to tamper."""

    def __init__(self, folder: Path) -> None:
        self.connection = sqlite3.connect(folder / FILE_NAME)
        self.connection.row_factory = sqlite3.Row

    def close(self) -> None:
        self.connection.commit()
        self.connection.close()

    def rows(self, table: str = "events", order: str = "id") -> list[sqlite3.Row]:
        return self.connection.execute(f"SELECT * FROM {table} ORDER BY {order}").fetchall()

    def row(self, at: int) -> sqlite3.Row:
        rows = self.rows()
        return rows[at % len(rows)]

    def set(self, row_id: int, **values: Any) -> None:
        marks = ", ".join(f"{name} = ?" for name in values)
        statement = f"UPDATE events SET {marks} WHERE id = ?"
        self.connection.execute(statement, [*values.values(), row_id])

    # --- one line

    def change(self, at: int, column: int) -> None:
        row, name = self.row(at), COLUMNS[column % len(COLUMNS)]
        old = row[name]
        new = "2020-01-01 00:00:00.000000" if name == "at" else f"{old or ''}x"
        self.set(row["id"], **{name: new})

    def change_kind(self, at: int, column: int) -> None:
        self.set(self.row(at)["id"], **{COLUMNS[column % len(COLUMNS)]: 17})

    def change_and_hash(self, at: int, column: int) -> None:
        """Change a line and work out its own hash anew, but not those after it."""
        self.change(at, column)
        self.rechain(self.row(at)["strand"], only=self.row(at)["id"])

    def empty(self, at: int, _: int) -> None:
        self.set(self.row(at)["id"], package_id="" if self.row(at)["package_id"] is None else None)

    def delete(self, at: int, _: int) -> None:
        self.connection.execute("DELETE FROM events WHERE id = ?", [self.row(at)["id"]])

    def delete_and_close_up(self, at: int, _: int) -> None:
        """Take a line out, number those after it anew and work out their hashes."""
        row = self.row(at)
        self.delete(at, 0)
        self.renumber(row["strand"])
        self.rechain(row["strand"])

    def insert(self, at: int, _: int) -> None:
        row = dict(self.row(at))
        row["id"] = self.row(-1)["id"] + 1
        self._add(row)

    def insert_and_chain(self, at: int, _: int) -> None:
        """Put a line in, and number and hash everything after it anew.

        Never behind the end of a strand: that is a line which no head has signed yet.
        """
        chosen = self.row(at)
        same = [row for row in self.rows() if row["strand"] == chosen["strand"]]
        row = dict(same[0] if chosen["id"] == same[-1]["id"] else chosen)
        self.connection.execute("UPDATE events SET id = -id - 1 WHERE id > ?", [row["id"]])
        self.connection.execute("UPDATE events SET id = -id WHERE id < 0")
        self._add({**row, "id": row["id"] + 1, "detail": "never happened"})
        self.renumber(row["strand"])
        self.rechain(row["strand"])

    def move(self, at: int, _: int) -> None:
        """Swap two lines of a strand."""
        one = self.row(at)
        same = [row for row in self.rows() if row["strand"] == one["strand"]]
        other = same[(same.index(one) + 1) % len(same)]
        self.set(one["id"], id=-1)
        self.set(other["id"], id=one["id"])
        self.set(-1, id=other["id"])

    def to_another_strand(self, at: int, _: int) -> None:
        one = self.row(at)
        other = next(row for row in self.rows() if row["strand"] != one["strand"])
        self.set(one["id"], strand=other["strand"])

    def as_if_old(self, at: int, _: int) -> None:
        """Make a line one from before the chain, or the other way round."""
        row = self.row(at)
        new = {"strand": "", "number": 0, "hash": None}
        other = {"strand": "x" * 16, "number": 1, "hash": b"x" * 32}
        self.set(row["id"], **(new if row["strand"] else other))

    def add_an_old_one(self, at: int, _: int) -> None:
        row = dict(self.row(at))
        self._add({**row, "id": self.row(-1)["id"] + 1, "strand": "", "number": 0, "hash": None})

    # --- more than one

    def cut_off_a_strand(self, at: int, count: int) -> None:
        """Take the last lines of a strand, and put its tip right."""
        name = self.row(at)["strand"]
        rows = [row for row in self.rows() if row["strand"] == name]
        for row in rows[-(count % len(rows) + 1) :]:
            self.connection.execute("DELETE FROM events WHERE id = ?", [row["id"]])
        self.rechain(name)

    def remove_a_strand(self, at: int, _: int) -> None:
        name = self.row(at)["strand"]
        self.connection.execute("DELETE FROM events WHERE strand = ?", [name])
        self.connection.execute("DELETE FROM strands WHERE name = ?", [name])
        self.connection.execute("DELETE FROM strands_signed WHERE name = ?", [name])

    def rewrite(self, at: int, column: int) -> None:
        """Change a line and work out every hash after it, and the tip."""
        self.change(at, column)
        self.rechain(self.row(at)["strand"])

    def swap_strands(self, at: int, _: int) -> None:
        """Give a strand another name, everywhere but in heads."""
        name = self.row(at)["strand"]
        self.connection.execute("UPDATE events SET strand = 'y' WHERE strand = ?", [name])
        self.connection.execute("UPDATE strands SET name = 'y' WHERE name = ?", [name])
        self.rechain("y")

    # --- heads

    def delete_a_head(self, at: int, _: int) -> None:
        """Not the last: that is cutting off, which copies kept elsewhere show."""
        numbers = [row["number"] for row in self.rows("audit_heads", "number")][:-1]
        self.connection.execute(
            "DELETE FROM audit_heads WHERE number = ?", [numbers[at % len(numbers)]]
        )

    def change_a_head(self, at: int, column: int) -> None:
        rows = self.rows("audit_heads", "number")
        row = rows[at % len(rows)]
        name = ("at", "lines", "body", "hash", "key_id", "signature", "number")[column % 7]
        new: Any = {
            "at": "2020-01-01 00:00:00.000000",
            "lines": row["lines"] + 1,
            "body": row["body"].replace('"lines":', '"lines":1'),
            "hash": bytes(32),
            "key_id": "0" * 16,
            "signature": bytes(64),
            "number": row["number"] + 100,
        }[name]
        self.connection.execute(
            f"UPDATE audit_heads SET {name} = ? WHERE number = ?", [new, row["number"]]
        )

    def forge_heads(self, at: int, column: int) -> None:
        """Rewrite the trail and sign every head with a key of one's own."""
        self.rewrite(at, column)
        self.connection.execute("UPDATE audit_heads SET signature = ?", [b"s" * 64])

    def cut_off_everything(self, at: int, _: int) -> None:
        """Go back to an earlier head, in every table: only a copy kept elsewhere shows it."""
        rows = self.rows("audit_heads", "number")
        last = rows[at % (len(rows) - 1)]["number"]
        self.connection.execute("DELETE FROM audit_heads WHERE number > ?", [last])
        ends: dict[str, int] = {}
        for row in self.rows("audit_heads", "number"):
            said = self.connection.execute(
                "SELECT value FROM json_each(?, '$.strands')", [row["body"]]
            )
            for (entry,) in said.fetchall():
                name, number = self.connection.execute(
                    "SELECT json_extract(?, '$[0]'), json_extract(?, '$[1]')", [entry, entry]
                ).fetchone()
                ends[name] = number
        for row in self.rows():
            if row["strand"] and row["number"] > ends.get(row["strand"], 0):
                self.connection.execute("DELETE FROM events WHERE id = ?", [row["id"]])
        for row in self.rows("strands", "name"):
            self.rechain(row["name"])

    # --- putting things right

    def renumber(self, strand: str) -> None:
        if strand:
            rows = [row for row in self.rows() if row["strand"] == strand]
            for number, row in enumerate(rows, 1):
                self.set(row["id"], number=number)

    def rechain(self, strand: str, only: int | None = None) -> None:
        tip, number = chain.beginning(strand), 0
        for row in self.rows():
            if row["strand"] == strand and strand:
                number = row["number"]
                told = [row[name] for name in COLUMNS]
                computed = chain.link(tip, strand, number, *told)
                if only in {None, row["id"]}:
                    self.set(row["id"], hash=computed)
                    tip = computed
                else:
                    tip = row["hash"]
        moved = "UPDATE strands SET number = ?, tip = ? WHERE name = ?"
        self.connection.execute(moved, [number, tip, strand])

    def _add(self, row: dict[str, Any]) -> None:
        names = ", ".join(row)
        marks = ", ".join(f":{name}" for name in row)
        self.connection.execute(f"INSERT INTO events ({names}) VALUES ({marks})", row)


Way = Callable[[Hand, int, int], None]
WAYS: dict[str, Way] = {
    name: way
    for name, way in vars(Hand).items()
    if callable(way) and name not in {"close", "rows", "row", "set", "renumber", "rechain"}
    and not name.startswith("_")
}  # fmt: skip
ONLY_SEEN_ELSEWHERE = {"cut_off_everything"}
