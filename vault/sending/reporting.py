"""Reports to owners: which of their packages have not been opened by everybody.

Halfway through a package's life, shortly before it expires and when it has expired (see
`vault.packages.lifetime`). All that is due for one owner goes into one letter.

Promises that what everybody has opened is not reported, that nothing of a mail is in a report but
its reference, its times and addresses, and that a run which dies goes on where it was.
"""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import select, update

from vault.keys import SealingKeys
from vault.packages import lifetime
from vault.packages.facts import address_of
from vault.sending.posting import Kind, post
from vault.storage import tables, turns
from vault.storage.store import Store, Transaction
from vault.storage.tables import GrantState, NoticeState
from vault.trail.audit import Act, record

AT_ONCE = 25  # packages in one letter; the rest is in the next
MOST_NAMES = 20
Row = Mapping[Any, Any]


def report(store: Store, sealing: SealingKeys) -> int:
    """Queue the letters that are due; returns how many. Raises StoreUnavailable."""
    letters = 0
    while owner := _next_owner(store):
        with store.writing() as tx:
            rows = _in_turn(tx, owner)
            told = [found for row in rows if (found := _told(tx, row)) is not None]
            for row in rows:
                _postpone(tx, row)
            if told:
                fields = {"packages": json.dumps(told)}
                post(tx, sealing, Kind.REPORT, address_of(owner), fields)
                letters += 1
    return letters


def _next_owner(store: Store) -> str | None:
    package = tables.packages.c
    with store.reading() as tx:
        due = select(package.owner).where(package.report_at <= tx.now)
        found: str | None = tx.execute(due.order_by(package.report_at).limit(1)).scalar()
    return found


def _in_turn(tx: Transaction, owner: str) -> list[Row]:
    """Return what is due, when nobody else can change it: more time may just be given."""
    ids = {row["id"] for row in _due(tx, owner)}
    tx.take_turns(*map(turns.package, ids))
    return [row for row in _due(tx, owner) if row["id"] in ids]


def _due(tx: Transaction, owner: str) -> list[Row]:
    package = tables.packages
    wanted = select(package).where(package.c.owner == owner, package.c.report_at <= tx.now)
    return list(tx.execute(wanted.order_by(package.c.sealed_at).limit(AT_ONCE)).mappings())


def _postpone(tx: Transaction, row: Row) -> None:
    package = tables.packages
    begins = max(row["not_before"] or row["sealed_at"], row["sealed_at"])
    again = lifetime.next_report(tx.now, begins, row["expires_at"])
    changed = update(package).where(package.c.id == row["id"])
    tx.execute(changed.values(report_at=again))


def _told(tx: Transaction, row: Row) -> dict[str, Any] | None:
    """Return what is told of a package, on record; None if everybody has opened it."""
    grant = tables.grants.c
    wanted = select(grant.address, grant.opened_at, grant.notice).where(
        grant.package_id == row["id"], grant.state == GrantState.ACTIVE
    )
    grants = tx.execute(wanted.order_by(grant.id)).all()
    waiting = [one for one in grants if one.opened_at is None]
    if not waiting or row["wrapped"] is None:
        return None
    record(tx, Act.OWNER_REPORTED, package_id=row["id"], subject=row["owner"])
    return {
        "package_id": row["id"],
        "reference": row["reference"],
        "sealed_at": row["sealed_at"].isoformat(),
        "expires_at": _written(row["expires_at"]),
        "is_over": row["expires_at"] is not None and row["expires_at"] <= tx.now,
        "destroy_at": _written(row["destroy_at"]),
        "opened": len(grants) - len(waiting),
        "recipients": len(grants),
        "unopened": [one.address for one in waiting[:MOST_NAMES] if not _bounced(one)],
        "undelivered": [one.address for one in waiting[:MOST_NAMES] if _bounced(one)],
        "more": max(0, len(waiting) - MOST_NAMES),
    }


def _bounced(grant: Any) -> bool:
    return bool(grant.notice == NoticeState.BOUNCED)


def _written(at: datetime | None) -> str:
    return at.isoformat() if at else ""
