"""Notices: telling a recipient that a package is there for them.

Promises one queued notice a grant, and that a grant says how far its newest notice has come.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import select, update

from vault.address import Address
from vault.keys import SealingKeys
from vault.packages.facts import address_of
from vault.sending.posting import Kind, post
from vault.storage import tables
from vault.storage.store import Transaction
from vault.storage.tables import NoticeState, OutboxState
from vault.trail.audit import Act, record

Row = Mapping[Any, Any]


def post_first(
    tx: Transaction,
    keys: SealingKeys,
    package: Row,
    to: Address,
    author_name: str,
    how: Mapping[str, str] | None = None,
) -> None:
    """Queue the notice of a package (a row of `packages`) that is just being deposited.

    The caller writes the grant, as `queued`. `how` is what the client asked for this recipient.
    """
    _post(tx, keys, package, to, {**(how or {}), "author_name": author_name, "again": ""})


def post_again(tx: Transaction, keys: SealingKeys, package_id: str, to: Address) -> None:
    """Queue a notice for access that was added or restored, unless one still waits.

    It cannot name the author, only say the address: names are read by those who open packages.
    """
    if _waiting(tx, package_id, to):
        return
    chosen = tables.packages.c.id == package_id
    package = tx.execute(select(tables.packages).where(chosen)).mappings().one()
    _post(tx, keys, package, to, {"author_name": "", "again": "yes"})
    _set(tx, package_id, to, NoticeState.QUEUED)


def post_reminder(tx: Transaction, keys: SealingKeys, package: Row, to: Address) -> None:
    """Queue a reminder of a package (a row of `packages`) to one who has not opened it."""
    owner = address_of(package["owner"])
    fields = {**_fields(package), "sealed_at": _written(package["sealed_at"])}
    post(tx, keys, Kind.REMINDER, to, fields, package_id=package["id"], sender=owner)
    record(tx, Act.REMINDER_QUEUED, package_id=package["id"], subject=str(to))


def cancel_notices(tx: Transaction, package_id: str, to: Address) -> None:
    """Cancel the notices and reminders to an address which were never relayed.

    One that a deliverer holds right now may still go out, and is then recorded as relayed.
    """
    if _cancel(tx, package_id, to, Kind.NOTICE):
        _set(tx, package_id, to, NoticeState.NONE)
    _cancel(tx, package_id, to, Kind.REMINDER)


def cancel_everything(tx: Transaction, package_id: str) -> None:
    """Cancel what waits to be sent about a package: there is nothing left to be opened."""
    for kind in (Kind.NOTICE, Kind.REMINDER, Kind.ACCESS_REQUEST):
        _cancel(tx, package_id, None, kind)


def _cancel(tx: Transaction, package_id: str, to: Address | None, kind: Kind) -> bool:
    row = tables.outbox.c
    final = {"state": OutboxState.CANCELLED, "finished_at": tx.now, "payload": b""}
    of_it = update(tables.outbox).where(row.package_id == package_id, row.kind == kind)
    if to is not None:
        of_it = of_it.where(row.address == str(to))
    waiting = row.state.in_([OutboxState.QUEUED, OutboxState.HELD])
    return tx.execute(of_it.where(waiting).values(**final)).rowcount > 0


def _post(
    tx: Transaction, keys: SealingKeys, package: Row, to: Address, more: dict[str, str]
) -> None:
    fields = {**_fields(package), **more}
    owner = address_of(package["owner"])
    post(tx, keys, Kind.NOTICE, to, fields, package_id=package["id"], sender=owner)
    record(tx, Act.NOTICE_QUEUED, package_id=package["id"], subject=str(to))


def _fields(package: Row) -> dict[str, str]:
    return {
        "reference": package["reference"],
        "package_id": package["id"],
        "author": package["author"],
        "expires_at": _written(package["expires_at"]),
        "not_before": _written(package["not_before"]),
        "open_hours": package["open_hours"],
        "view_only": "yes" if package["view_only"] else "",
        "replies": "yes" if package["reply_allowed"] else "",
    }


def _waiting(tx: Transaction, package_id: str, to: Address) -> bool:
    row = tables.outbox.c
    waiting = select(row.id).where(
        row.package_id == package_id,
        row.address == str(to),
        row.kind == Kind.NOTICE,
        row.state.in_([OutboxState.QUEUED, OutboxState.HELD]),
    )
    return tx.execute(waiting.limit(1)).first() is not None


def _set(tx: Transaction, package_id: str, to: Address, state: NoticeState) -> None:
    grant = tables.grants
    chosen = (grant.c.package_id == package_id, grant.c.address == str(to))
    tx.execute(update(grant).where(*chosen).values(notice=state))


def _written(at: datetime | None) -> str:
    return at.isoformat() if at else ""
