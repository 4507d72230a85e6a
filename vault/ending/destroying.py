"""Destroying content for good, when its time has come: crypto-shredding.

    due        `destroy_at` has passed, no legal hold, no clear copy still to be relayed
               (or somebody has it destroyed at once: `vault.ending.demand`)
    destroyed  one transaction overwrites the wrapped key and the summary and lets the content go
    certified  no trace of it is left: `vault.ending.certifying`

Promises that a crash at any point is made good by the next run, and that what is under a legal hold
is never destroyed. Must never destroy by a time that is not written in the row, nor take
back what is destroyed.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Exists, exists, insert, select, update

from vault.address import Address
from vault.contents import ciphertext
from vault.origin import Origin
from vault.packages import access
from vault.sending.notice import cancel_everything
from vault.storage import tables, turns
from vault.storage.store import Store, Transaction
from vault.storage.tables import OutboxState, RequestState
from vault.trail.audit import Act, printable, record

AT_ONCE = 100
Row = Mapping[Any, Any]


class Cause(StrEnum):
    """Why content was destroyed."""

    EXPIRED = "expired"  # its time limit, and the time after it
    RETENTION = "retention"  # it had no time limit, and was kept as long as the policy says
    SENDER = "sender"  # who manages it had it destroyed
    ADMINISTRATOR = "administrator"  # one of the organisation had it destroyed


@dataclass(frozen=True, slots=True)
class Order:
    """Why content is destroyed, and who says so: nobody, of what time brings about."""

    cause: Cause
    by: str = ""
    why: str = ""
    origin: Origin = field(default_factory=Origin)


@dataclass(frozen=True, slots=True)
class Destroyed:
    """That content was destroyed; `certificate` is None until no trace of it is left."""

    at: datetime
    cause: Cause
    certificate: bytes | None


def schedule(store: Store) -> int:
    """Say of what has expired when it is to be destroyed, where nothing says so yet.

    As long after now as the settings say: also what an earlier version kept, and what expired long
    ago, can still be given more time. Returns how many were scheduled.
    """
    package = tables.packages
    expired = (
        package.c.wrapped.is_not(None),
        package.c.destroy_at.is_(None),
        package.c.expires_at <= store.clock(),
    )
    first = select(package.c.id).where(*expired).limit(AT_ONCE)
    scheduled = 0
    while True:
        with store.writing() as tx:
            ids = list(tx.execute(first).scalars())
            then = tx.now + store.settings.kept_after_expiry
            # Said again: its sender may have given it more time since.
            chosen = update(package).where(package.c.id.in_(ids), *expired)
            tx.execute(chosen.values(destroy_at=then))
        scheduled += len(ids)
        if len(ids) < AT_ONCE:
            return scheduled


def destroy(store: Store) -> int:
    """Destroy the content of what is due; returns of how many. Raises StoreUnavailable."""
    destroyed = 0
    while True:
        with store.writing() as tx:
            rows = _in_turn(tx)
            for row in rows:
                expired = row["expires_at"] is not None
                shred(tx, store, row, Order(Cause.EXPIRED if expired else Cause.RETENTION))
        destroyed += len(rows)
        if len(rows) < AT_ONCE:
            return destroyed


def fate(store: Store, owner: Address, package_id: str) -> Destroyed | None:
    """Tell its owner that a package was destroyed, None if not; raises AccessDenied(UNKNOWN)."""
    with store.reading() as tx:
        access.owned(tx, package_id, owner)
        return _destroyed(tx, package_id)


def destroyed(store: Store, package_id: str) -> Destroyed | None:
    """Say that a package was destroyed, None if not; for an administrator."""
    with store.reading() as tx:
        return _destroyed(tx, package_id)


def _destroyed(tx: Transaction, package_id: str) -> Destroyed | None:
    gone = tables.destructions.c
    wanted = select(gone.destroyed_at, gone.cause, gone.certificate)
    row = tx.execute(wanted.where(gone.package_id == package_id)).one_or_none()
    return Destroyed(row.destroyed_at, Cause(row.cause), row.certificate) if row else None


def _in_turn(tx: Transaction) -> list[Row]:
    """Return what is due, when nobody else can change whether it is: a legal hold may have come."""
    ids = {row["id"] for row in _due(tx)}
    tx.take_turns(*map(turns.package, ids))
    return [row for row in _due(tx) if row["id"] in ids]


def _due(tx: Transaction) -> list[Row]:
    package = tables.packages.c
    free = (~is_held(), ~is_relayed())
    wanted = (
        select(package.id, package.content_id, package.expires_at)
        .where(package.wrapped.is_not(None), package.destroy_at <= tx.now, *free)
        .order_by(package.destroy_at)
        .limit(AT_ONCE)
    )
    return list(tx.execute(wanted).mappings())


def is_held() -> Exists:
    """Say, of a row of `packages`, whether a legal hold is in force."""
    package, hold = tables.packages.c, tables.legal_holds.c
    return exists().where(hold.package_id == package.id, hold.ended_at.is_(None))


def is_relayed() -> Exists:
    """Say, of a row of `packages`, whether a clear copy of its content is still to be relayed."""
    package, row = tables.packages.c, tables.outbox.c
    unsettled = row.state.in_([OutboxState.QUEUED, OutboxState.HELD])
    return exists().where(row.content_id == package.content_id, unsettled)


def shred(tx: Transaction, store: Store, row: Row, order: Order) -> None:
    """Overwrite the key of one package (a row of `packages`), and let go whatever it opened.

    In a transaction that is about the package and has found that nothing stands against it.
    """
    package, grant, request = tables.packages, tables.grants, tables.access_requests
    package_id, content_id = row["id"], row["content_id"]
    content = tables.contents.c
    place = tx.execute(select(content.place).where(content.id == content_id)).scalar()
    nothing = {
        "wrapped": None,
        "second_lock": None,
        "summary": b"",
        "content_id": None,
        "report_at": None,
    }
    tx.execute(update(package).where(package.c.id == package_id).values(**nothing))
    if content_id is not None:
        ciphertext.release(tx, store, content_id)
    cancel_everything(tx, package_id)
    quiet = update(grant).where(grant.c.package_id == package_id)
    tx.execute(quiet.values(remind_at=None))
    pending = (request.c.package_id == package_id, request.c.state == RequestState.PENDING)
    over = {"state": RequestState.DECLINED, "decided_at": tx.now}
    tx.execute(update(request).where(*pending).values(**over))
    line = {
        "package_id": package_id,
        "destroyed_at": tx.now,
        "cause": order.cause.value,
        "place": place,
    }
    tx.execute(insert(tables.destructions), [line])
    detail = f"{order.cause.value}: {order.why}" if order.why else order.cause.value
    act, by = Act.CONTENT_DESTROYED, printable(order.by)
    record(tx, act, package_id=package_id, actor=by, origin=order.origin, detail=detail)
