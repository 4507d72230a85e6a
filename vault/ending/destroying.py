"""Destroying content for good, when its time has come: crypto-shredding.

    due        `destroy_at` has passed, no legal hold, no clear copy still to be relayed
    destroyed  one transaction overwrites the wrapped key and the summary and lets the content go
    certified  the database's log holds the key no more, the file is gone: a certificate is signed

Promises that a certificate is issued only when neither key nor ciphertext is left in database, log
or content store; that a crash at any point is made good by the next run; and that what is under a
legal hold is never destroyed. Must never destroy by a time that is not written in the row, nor take
back what is destroyed.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

import structlog
from sqlalchemy import exists, func, insert, select, update

from vault.address import Address
from vault.contents import ciphertext
from vault.ending.certificate import OVERWRITTEN, REMOVED, Fate, certify
from vault.errors import StoreUnavailable
from vault.keys.signing import SigningKey
from vault.packages import access
from vault.sending.notice import cancel_everything
from vault.storage import tables, turns
from vault.storage.store import Store, Transaction
from vault.storage.tables import OutboxState, RequestState
from vault.trail.audit import Act, record

AT_ONCE = 100
log = structlog.get_logger()
Row = Mapping[Any, Any]


class Cause(StrEnum):
    """Why content was destroyed."""

    EXPIRED = "expired"  # its time limit, and the time after it
    RETENTION = "retention"  # it had no time limit, and was kept as long as the policy says


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
                _destroy(tx, store, row)
        destroyed += len(rows)
        if len(rows) < AT_ONCE:
            return destroyed


def finish(store: Store, key: Callable[[], SigningKey], organisation: str) -> int:
    """Certify what was destroyed, once no trace of it is left; returns how many.

    None while readers keep the database's log from being emptied. `key` gives what signs, and is
    asked only if something is to be signed. Raises StoreUnavailable, and KeyUnusable.
    """
    gone, package = tables.destructions, tables.packages
    open_ones = (
        select(gone, package)
        .join(package, package.c.id == gone.c.package_id)
        .where(gone.c.certificate.is_(None))
        .order_by(gone.c.destroyed_at)
        .limit(AT_ONCE)
    )
    certified, method = 0, REMOVED if _is_server(store) else OVERWRITTEN
    while True:
        with store.reading() as tx:
            rows = tx.execute(open_ones).mappings().all()
        if not rows or not store.scrub():
            return certified
        signs, done = key(), [row for row in rows if _is_gone(store, row["place"])]
        with store.writing() as tx:
            for row in done:
                _certify(tx, row, signs, organisation, method)
        certified += len(done)
        if len(done) < AT_ONCE:
            return certified


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
    package, hold, row = tables.packages.c, tables.legal_holds.c, tables.outbox.c
    held = exists().where(hold.package_id == package.id, hold.ended_at.is_(None))
    unsettled = row.state.in_([OutboxState.QUEUED, OutboxState.HELD])
    relayed = exists().where(row.content_id == package.content_id, unsettled)
    wanted = (
        select(package.id, package.content_id, package.expires_at)
        .where(package.wrapped.is_not(None), package.destroy_at <= tx.now, ~held, ~relayed)
        .order_by(package.destroy_at)
        .limit(AT_ONCE)
    )
    return list(tx.execute(wanted).mappings())


def _destroy(tx: Transaction, store: Store, row: Row) -> None:
    """Overwrite the key of one package, and let go whatever it opened."""
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
    cause = Cause.EXPIRED if row["expires_at"] is not None else Cause.RETENTION
    line = {
        "package_id": package_id,
        "destroyed_at": tx.now,
        "cause": cause.value,
        "place": place,
    }
    tx.execute(insert(tables.destructions), [line])
    record(tx, Act.CONTENT_DESTROYED, package_id=package_id, detail=cause.value)


def _is_server(store: Store) -> bool:
    """Say whether the database is a server's, whose files are not ours to empty."""
    return (store.settings.database or "sqlite").partition(":")[0].partition("+")[0] != "sqlite"


def _is_gone(store: Store, place: str | None) -> bool:
    """Make sure that a content file is deleted; the run that died may not have got to it."""
    if place is None:
        return True
    try:
        store.contents.delete(place)
    except StoreUnavailable:
        log.warning("destroying.content_left")
        return False
    return True


def _certify(tx: Transaction, row: Row, key: SigningKey, organisation: str, method: str) -> None:
    grant, gone = tables.grants.c, tables.destructions
    granted = select(func.count()).where(grant.package_id == row["package_id"])
    fate = Fate(
        organisation=organisation,
        reference=row["reference"],
        package_id=row["package_id"],
        owner=row["owner"],
        author=row["author"],
        recipients=tx.execute(granted).scalar() or 0,
        size=row["size"],
        sealed_at=row["sealed_at"],
        expired_at=row["expires_at"],
        destroyed_at=row["destroyed_at"],
        certified_at=tx.now,
        cause=row["cause"],
        method=method,
    )
    mine = gone.c.package_id == row["package_id"]
    unsigned = update(gone).where(mine, gone.c.certificate.is_(None))
    if not tx.execute(unsigned.values(certificate=certify(fate, key), place=None)).rowcount:
        return  # another process has certified it meanwhile
    record(tx, Act.CERTIFICATE_ISSUED, package_id=row["package_id"], detail=key.public.id)
