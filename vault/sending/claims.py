"""Claims on the outbox: which deliverer has which mail still to be sent, and for how long.

Promises that a row is with one claimant at a time, that codes go first, and that a claim whose
holder has died runs out. Rows are claimed in the commit that settles those of a moment ago. Must
never settle a row: that is `vault.sending.outbox`.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import structlog
from sqlalchemy import (
    BindParameter,
    ColumnElement,
    and_,
    bindparam,
    func,
    literal,
    or_,
    select,
    update,
)

from vault import identifier
from vault.address import Address
from vault.contents import ciphertext
from vault.errors import Tampered
from vault.keys import RelayKeys
from vault.packages.facts import address_of
from vault.sending.parcel import Parcel, unwrap_key
from vault.sending.posting import Kind, Urgency
from vault.storage import tables
from vault.storage.statements import Statement
from vault.storage.store import Store, Transaction
from vault.storage.tables import OutboxState

LEASE = timedelta(minutes=5)
NO_LEASE: dict[str, Any] = {"lease": "", "leased_by": "", "leased_until": None}
_PLACES = 8  # for rows in one statement
log = structlog.get_logger()
Moment = datetime | BindParameter[Any]


@dataclass(frozen=True, slots=True)
class Item:
    """A claimed row. `content` yields the bytes of a clear copy, and is None for letters."""

    id: str
    kind: Kind
    to: Address
    package_id: str | None
    attempts: int  # with this one
    queued_at: datetime
    fields: dict[str, str] = field(repr=False)
    return_path: Address | None
    prefix: bytes = field(repr=False)
    dropped: tuple[bytes, ...]
    content: Callable[[], Iterator[bytes]] | None = field(repr=False)
    lease: str = field(repr=False)
    warned: bool = False  # whether the sender has been told that it is late
    content_id: str | None = None


@dataclass(frozen=True, slots=True)
class Backlog:
    """How much is still to be sent, and since when the oldest of it waits."""

    queued: int
    oldest: datetime | None


def claim(
    store: Store,
    keys: RelayKeys,
    worker: str,
    *,
    limit: int = 10,
    lease: timedelta = LEASE,
) -> list[Item]:
    """Take up to `limit` due rows for `worker`, for as long as `lease`.

    A row that does not open (another key, or tampered with) stays queued and is logged: it is
    never dropped in silence.
    """
    if not store.ask(_ANY, moment=store.clock()):
        return []
    token = identifier.draw()
    rows = store.hand_over(lambda tx: _lease(tx, token, worker, limit, tx.now + lease)).result()
    return [item for row in rows if (item := _item(store, keys, row, token)) is not None]


def take(store: Store, keys: RelayKeys, row_id: str, worker: str) -> Item | None:
    """Claim one row that nobody has, due or not, also one on hold; None if it cannot be had.

    For whoever ends a row by hand. Counts as no attempt to send it.
    """
    token = identifier.draw()
    row = tables.outbox
    with store.writing() as tx:
        free = select(row).where(row.c.id == row_id, unsettled(), unclaimed(tx.now))
        found = tx.execute(free.with_for_update(skip_locked=True)).mappings().one_or_none()
        if found is None:
            return None
        mine = {"lease": token, "leased_by": worker, "leased_until": tx.now + LEASE}
        tx.execute(update(row).where(row.c.id == row_id).values(**mine))
    return _item(store, keys, found, token)


def release(store: Store, worker: str) -> int:
    """Give back at once what `worker` still holds; returns how many rows.

    For a worker that has ended, or that starts again under its old name after a crash: nobody need
    wait for its leases to run out. Must not be called while one of that name is sending.
    """
    row = tables.outbox
    held = (row.c.leased_by == worker, unsettled())
    with store.writing() as tx:
        return tx.execute(update(row).where(*held).values(**NO_LEASE)).rowcount


def backlog(store: Store) -> Backlog:
    """Count what is still to be sent."""
    row = tables.outbox.c
    waiting = select(func.count(), func.min(row.queued_at)).where(row.state == OutboxState.QUEUED)
    with store.reading() as tx:
        queued, oldest = tx.execute(waiting).one()
    return Backlog(queued, oldest)


def unclaimed(now: Moment) -> ColumnElement[bool]:
    """Say that nobody has the row, or somebody whose time is over."""
    row = tables.outbox.c
    return or_(row.leased_until.is_(None), row.leased_until <= now)


def unsettled() -> ColumnElement[bool]:
    """Say that the row is still to be sent, now or when it is released."""
    return tables.outbox.c.state.in_([OutboxState.QUEUED, OutboxState.HELD])


def due(now: Moment) -> ColumnElement[bool]:
    """Say that the row may be claimed."""
    row = tables.outbox.c
    # Every urgency is named for the index: without it each look walks past all that is not due.
    urgent = row.urgency.in_([literal(int(one)) for one in Urgency])
    return and_(row.state == OutboxState.QUEUED, urgent, row.available_at <= now, unclaimed(now))


_ROW = tables.outbox.c
_DUE = due(bindparam("moment", type_=_ROW.available_at.type))
_ANY = Statement(select(_ROW.id).where(_DUE).limit(1))
_FIRST = Statement(
    select(tables.outbox)
    .where(_DUE)
    .order_by(_ROW.urgency, _ROW.available_at)
    .limit(bindparam("most"))
    .with_for_update(skip_locked=True)
)
_NAMES = tuple(column.name for column in _ROW)
_LEASED = Statement(
    update(tables.outbox)
    .where(_ROW.id.in_([bindparam(f"row_{place}") for place in range(_PLACES)]))
    .values(
        lease=bindparam("claim"),
        leased_by=bindparam("claimant"),
        leased_until=bindparam("until"),
        attempts=_ROW.attempts + 1,
    )
)


def _lease(
    tx: Transaction, token: str, worker: str, limit: int, until: datetime
) -> list[dict[str, Any]]:
    found = tx.run(_FIRST, moment=tx.now, most=limit)
    rows = [dict(zip(_NAMES, row, strict=True)) for row in found]
    for start in range(0, len(rows), _PLACES):
        some = [row["id"] for row in rows[start : start + _PLACES]]
        # What is fewer than the places names its last row again.
        ids = {f"row_{n}": some[min(n, len(some) - 1)] for n in range(_PLACES)}
        tx.run(_LEASED, claim=token, claimant=worker, until=until, **ids)
    return rows


def _item(store: Store, keys: RelayKeys, row: Any, token: str) -> Item | None:
    content: Callable[[], Iterator[bytes]] | None = None
    try:
        parcel = Parcel.open(keys.relay, row["payload"], row["id"], row["kind"])
        if (content_id := row["content_id"]) is not None:
            key = unwrap_key(keys.relay, row["id"], content_id, row["wrapped"])
            content = partial(ciphertext.read, store, content_id, key)
    except Tampered:
        log.error("outbox.unreadable", row=row["id"], kind=row["kind"])
        return None
    return Item(
        id=row["id"],
        kind=Kind(row["kind"]),
        to=address_of(row["address"]),
        package_id=row["package_id"],
        attempts=row["attempts"] + 1,
        queued_at=row["queued_at"],
        fields=parcel.fields,
        return_path=parcel.return_path,
        prefix=parcel.prefix,
        dropped=parcel.dropped,
        content=content,
        lease=token,
        warned=row["warned"],
        content_id=row["content_id"],
    )
