"""Mail still to be sent: notices, codes, words to senders, and clear copies.

A row is posted in the transaction of what it tells of. A deliverer claims rows under a lease and
settles each one; if it dies, the lease runs out and another claims them, so a mail may be sent
twice and none is lost.

Promises that a row is with one deliverer at a time, that codes go first, that one who comes late
changes nothing, and that a settled row keeps nothing that could be opened.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import structlog
from sqlalchemy import ColumnElement, and_, func, or_, select, update

from vault import ciphertext, identifier, tables
from vault.address import Address
from vault.audit import Act, printable, record
from vault.errors import Tampered
from vault.facts import address_of
from vault.keys import RelayKeys, SealingKeys
from vault.parcel import Parcel, unwrap_key
from vault.posting import Kind, post
from vault.store import Store, Transaction
from vault.tables import NoticeState, OutboxState

__all__ = [
    "Backlog",
    "Item",
    "Kind",
    "backlog",
    "claim",
    "complete",
    "give_up",
    "post",
    "postpone",
    "release",
]

LEASE = timedelta(minutes=5)
_NO_LEASE: dict[str, Any] = {"lease": "", "leased_by": "", "leased_until": None}
log = structlog.get_logger()


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
    with store.reading() as tx:
        if not tx.execute(select(tables.outbox.c.id).where(_due(tx.now)).limit(1)).first():
            return []
    token = identifier.draw()
    with store.writing() as tx:
        rows = _lease(tx, token, worker, limit, tx.now + lease)
    return [item for row in rows if (item := _item(store, keys, row, token)) is not None]


def release(store: Store, worker: str) -> int:
    """Give back at once what `worker` still holds; returns how many rows.

    For a worker that has ended, or that starts again under its old name after a crash: nobody need
    wait for its leases to run out. Must not be called while one of that name is sending.
    """
    row = tables.outbox
    held = (row.c.leased_by == worker, row.c.state == OutboxState.QUEUED)
    with store.writing() as tx:
        return tx.execute(update(row).where(*held).values(**_NO_LEASE)).rowcount


def backlog(store: Store) -> Backlog:
    """Count what is still to be sent."""
    row = tables.outbox.c
    waiting = select(func.count(), func.min(row.queued_at)).where(row.state == OutboxState.QUEUED)
    with store.reading() as tx:
        queued, oldest = tx.execute(waiting).one()
    return Backlog(queued, oldest)


def complete(store: Store, item: Item, status: str) -> bool:
    """Record that the next hop took the mail; False if the lease was lost meanwhile."""
    with store.writing() as tx:
        if not _finish(tx, store, item, OutboxState.DONE, status):
            return False
        done = {Kind.NOTICE: Act.NOTICE_RELAYED, Kind.RELAY: Act.RELAY_DONE}
        _tell(tx, item, done.get(item.kind), status)
        _mark_notice(tx, item, NoticeState.RELAYED)
    return True


def postpone(store: Store, item: Item, status: str, until: datetime) -> bool:
    """Put a row back until `until`; its first delay is audited. False if the lease was lost."""
    row = tables.outbox
    with store.writing() as tx:
        held = tx.execute(select(row.c.delayed, row.c.state).where(_held(item))).one_or_none()
        if held is None:
            return False
        back = {"status": printable(status), "available_at": until, "delayed": True}
        tx.execute(update(row).where(_held(item)).values(**back, **_NO_LEASE))
        if not held.delayed:
            delayed = {Kind.NOTICE: Act.NOTICE_DELAYED, Kind.RELAY: Act.RELAY_DELAYED}
            _tell(tx, item, delayed.get(item.kind), status)
        if held.state == OutboxState.QUEUED:  # a cancelled one stays where it is
            _mark_notice(tx, item, NoticeState.DELAYED)
    return True


def give_up(store: Store, sealing: SealingKeys, item: Item, status: str) -> bool:
    """Record that the mail will not be delivered, and tell whoever is to know.

    The package's owner hears of a notice, the return path of a clear copy; a failed code or bounce
    is told to nobody. False if the lease was lost.
    """
    with store.writing() as tx:
        if not _finish(tx, store, item, OutboxState.FAILED, status):
            return False
        bounced = {Kind.NOTICE: Act.NOTICE_BOUNCED, Kind.RELAY: Act.RELAY_BOUNCED}
        _tell(tx, item, bounced.get(item.kind), status)
        _mark_notice(tx, item, NoticeState.BOUNCED)
        if (told := _told(tx, item)) is not None:
            fields = {
                "reference": item.fields.get("reference", ""),
                "recipient": str(item.to),
                "status": printable(status),
                "what": "notice" if item.kind is Kind.NOTICE else "mail",
                "package_id": item.package_id or "",
            }
            post(tx, sealing, Kind.BOUNCE, told, fields, package_id=item.package_id)
    return True


def _due(now: datetime) -> ColumnElement[bool]:
    row = tables.outbox.c
    return and_(
        row.state == OutboxState.QUEUED,
        row.available_at <= now,
        or_(row.leased_until.is_(None), row.leased_until <= now),
    )


def _lease(tx: Transaction, token: str, worker: str, limit: int, until: datetime) -> Sequence[Any]:
    outbox = tables.outbox
    due = (
        select(outbox)
        .where(_due(tx.now))
        .order_by(outbox.c.urgency, outbox.c.available_at)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    rows = tx.execute(due).mappings().all()
    taken = update(outbox).where(outbox.c.id.in_([row["id"] for row in rows]))
    tx.execute(
        taken.values(
            lease=token,
            leased_by=worker,
            leased_until=until,
            attempts=outbox.c.attempts + 1,
        )
    )
    return rows


def _item(store: Store, keys: RelayKeys, row: Any, token: str) -> Item | None:
    content: Callable[[], Iterator[bytes]] | None = None
    try:
        parcel = Parcel.open(keys.relay, row["payload"], row["id"], row["kind"])
        if (content_id := row["content_id"]) is not None:
            key = unwrap_key(keys.relay, row["id"], content_id, row["wrapped"])
            content = partial(ciphertext.read, store, content_id, key)
    except Tampered:
        log.error("outbox.unreadable", row=row["id"], kind=row["kind"])  # noqa: TRY400 - no trace
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
    )


def _held(item: Item) -> ColumnElement[bool]:
    """Say that nobody else has claimed the row since. A cancelled one may still be settled."""
    row = tables.outbox.c
    unsettled = row.state.in_([OutboxState.QUEUED, OutboxState.CANCELLED])
    return and_(row.id == item.id, row.lease == item.lease, unsettled)


def _finish(tx: Transaction, store: Store, item: Item, state: OutboxState, status: str) -> bool:
    row = tables.outbox
    held = tx.execute(select(row.c.content_id).where(_held(item))).one_or_none()
    if held is None:
        return False
    final = {"state": state, "status": printable(status), "finished_at": tx.now}
    erased = {"payload": b"", "wrapped": None, "content_id": None}
    tx.execute(update(row).where(_held(item)).values(**final, **erased, **_NO_LEASE))
    if held.content_id is not None:
        ciphertext.release(tx, store, held.content_id)
    return True


def _tell(tx: Transaction, item: Item, act: Act | None, status: str) -> None:
    if act is not None:
        record(tx, act, package_id=item.package_id, subject=str(item.to), detail=status)


def _mark_notice(tx: Transaction, item: Item, state: NoticeState) -> None:
    if item.kind is Kind.NOTICE:
        grant = tables.grants
        of_item = (grant.c.package_id == item.package_id, grant.c.address == str(item.to))
        tx.execute(update(grant).where(*of_item).values(notice=state))


def _told(tx: Transaction, item: Item) -> Address | None:
    if item.kind is Kind.RELAY:
        return item.return_path
    if item.kind is not Kind.NOTICE:
        return None
    package = tables.packages.c
    owner = tx.execute(select(package.owner).where(package.id == item.package_id)).scalar_one()
    return address_of(owner)
