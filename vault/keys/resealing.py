"""Resealing: what is sealed to an older key of a pair is sealed anew to the one that is active.

Content keys are wrapped anew; content itself is never read or encrypted again. A batch is read,
sealed anew outside any transaction, and written in one; each value is written only if it is still
the one that was read, so what was destroyed or changed meanwhile stays so. Whoever is killed leaves
every value sealed to one key or to the other, both of which open.

Promises that every column that holds something sealed to a pair is in `SEALED`.
Must never be given the opening halves by anybody but the process that holds them.
"""

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import structlog
from sqlalchemy import Column, ColumnElement, Table, func, literal, select, update

from vault.errors import Tampered
from vault.hold import slip
from vault.keys.hpke import Opener, Sealer, prefix_of
from vault.packages import facts
from vault.sending import parcel
from vault.storage import tables
from vault.storage.store import Store, Transaction

AT_ONCE = 100  # rows in a batch

Row = Mapping[Any, Any]
log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Sealed:
    """A column of values sealed to a pair, and what a row's value is bound to."""

    pair: str
    table: Table
    column: str
    bound_to: Callable[[Row], bytes]

    @property
    def value(self) -> Column[Any]:
        """The column itself."""
        return self.table.c[self.column]

    def under(self, key_id: str) -> ColumnElement[bool]:
        """Say that a row's value is sealed to a key."""
        prefix = prefix_of(key_id)
        return func.substr(self.value, 1, len(prefix)) == literal(prefix, self.value.type)


def _of_package(row: Row) -> bytes:
    locked = row["second_lock"] is not None
    return (facts.locked_binding if locked else facts.key_binding)(row["id"])


SEALED = (
    Sealed("vault", tables.packages, "wrapped", _of_package),
    Sealed("vault", tables.holds, "wrapped", lambda row: facts.key_binding(row["id"])),
    Sealed("vault", tables.holds, "slip", lambda row: slip.slip_binding(row["id"])),
    Sealed("vault", tables.holds, "answer", lambda row: slip.answer_binding(row["id"])),
    Sealed(
        "relay",
        tables.outbox,
        "wrapped",
        lambda row: parcel.key_binding(row["id"], row["content_id"]),
    ),
    Sealed(
        "relay",
        tables.outbox,
        "payload",
        lambda row: parcel.payload_binding(row["id"], row["kind"]),
    ),
)


@dataclass(frozen=True, slots=True)
class Resealed:
    """What one batch did, and how long it took.

    `unreadable` values opened with no key; they stay as they are.
    """

    done: int
    unreadable: int
    seconds: float


def standing(store: Store, pair: str, key_id: str) -> int:
    """Count what is sealed to a key. Reads every row: seconds for a million."""
    return sum(_count(store, one, key_id) for one in SEALED if one.pair == pair)


def reseal(
    store: Store, pair: str, opener: Opener, sealer: Sealer, older: Iterable[str]
) -> Iterator[Resealed]:
    """Seal anew whatever is sealed to the `older` keys of a pair, batch after batch.

    `sealer` seals to the active one. Yields after each batch; who goes on asking goes on working.
    Raises StoreUnavailable.
    """
    for key_id in older:
        for one in SEALED:
            if one.pair == pair:
                yield from _column(store, one, key_id, opener, sealer)


def _column(
    store: Store, one: Sealed, key_id: str, opener: Opener, sealer: Sealer
) -> Iterator[Resealed]:
    last = ""
    while rows := _read(store, one, key_id, last):
        began, last = time.monotonic(), rows[-1]["id"]
        changes, unreadable = [], 0
        for row in rows:
            before, info = row[one.column], one.bound_to(row)
            try:
                changes.append((row["id"], before, sealer.seal(opener.open(before, info), info)))
            except Tampered:
                unreadable += 1
                log.error("keys.unreadable", table=one.table.name, row=row["id"])
        done = _written(store, one, changes)
        yield Resealed(done, unreadable, time.monotonic() - began)


def _read(store: Store, one: Sealed, key_id: str, last: str) -> list[Row]:
    wanted = select(*_columns(one)).where(one.table.c.id > last, one.under(key_id))
    with store.reading() as tx:
        rows = tx.execute(wanted.order_by(one.table.c.id).limit(AT_ONCE)).mappings().all()
    return [dict(row) for row in rows]


def _columns(one: Sealed) -> list[Column[Any]]:
    bound = [
        one.table.c[name] for name in ("content_id", "kind", "second_lock") if name in one.table.c
    ]
    return [one.table.c.id, one.value, *bound]


def _written(store: Store, one: Sealed, changes: list[tuple[str, bytes, bytes]]) -> int:
    def work(tx: Transaction) -> int:
        return sum(
            tx.execute(
                update(one.table)
                .where(one.table.c.id == row_id, one.value == before)
                .values({one.column: after})
            ).rowcount
            for row_id, before, after in changes
        )

    return store.hand_over(work).result() if changes else 0


def _count(store: Store, one: Sealed, key_id: str) -> int:
    wanted = select(func.count()).select_from(one.table).where(one.under(key_id))
    with store.reading() as tx:
        return int(tx.execute(wanted).scalar_one())
