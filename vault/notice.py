"""Notices: telling a recipient that a package is there for them.

Promises one queued notice a grant, and that a grant says how far its newest notice has come.
"""

from datetime import datetime

from sqlalchemy import select, update

from vault import tables
from vault.address import Address
from vault.audit import Act, record
from vault.keys import SealingKeys
from vault.posting import Kind, post
from vault.store import Transaction
from vault.tables import NoticeState, OutboxState


def post_notice(
    tx: Transaction,
    keys: SealingKeys,
    package_id: str,
    to: Address,
    author_name: str = "",
    *,
    again: bool = False,
) -> None:
    """Queue a notice for a grant and write it down; one that still waits is not queued twice.

    `again` says that access was added or restored later. The name is then unknown here: only
    those who open packages can read it.
    """
    if _waiting(tx, package_id, to):
        return
    row = tables.packages.c
    wanted = select(row.reference, row.author, row.expires_at, row.not_before)
    package = tx.execute(wanted.where(row.id == package_id)).one()
    fields = {
        "reference": package.reference,
        "package_id": package_id,
        "author": package.author,
        "author_name": author_name,
        "expires_at": _written(package.expires_at),
        "not_before": _written(package.not_before),
        "again": "yes" if again else "",
    }
    post(tx, keys, Kind.NOTICE, to, fields, package_id=package_id)
    _set(tx, package_id, to, NoticeState.QUEUED)
    record(tx, Act.NOTICE_QUEUED, package_id=package_id, subject=str(to))


def cancel_notices(tx: Transaction, package_id: str, to: Address) -> None:
    """Cancel the notices to an address which were never relayed.

    One that a deliverer holds right now may still go out, and is then recorded as relayed.
    """
    row = tables.outbox.c
    final = {"state": OutboxState.CANCELLED, "finished_at": tx.now, "payload": b""}
    done = tx.execute(
        update(tables.outbox)
        .where(
            row.package_id == package_id,
            row.address == str(to),
            row.kind == Kind.NOTICE,
            row.state == OutboxState.QUEUED,
        )
        .values(**final)
    )
    if done.rowcount:
        _set(tx, package_id, to, NoticeState.NONE)


def _waiting(tx: Transaction, package_id: str, to: Address) -> bool:
    row = tables.outbox.c
    waiting = select(row.id).where(
        row.package_id == package_id,
        row.address == str(to),
        row.kind == Kind.NOTICE,
        row.state == OutboxState.QUEUED,
    )
    return tx.execute(waiting.limit(1)).first() is not None


def _set(tx: Transaction, package_id: str, to: Address, state: NoticeState) -> None:
    grant = tables.grants
    chosen = (grant.c.package_id == package_id, grant.c.address == str(to))
    tx.execute(update(grant).where(*chosen).values(notice=state))


def _written(at: datetime | None) -> str:
    return at.isoformat() if at else ""
