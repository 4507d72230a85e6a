"""Reminders to those who have not opened a package: as many as its policy says, and no more.

Promises that nobody is reminded who has opened it, whose access has ended, whose notices do not
arrive or who could not open it now; that what was counted was queued, in one transaction; and that
a run which dies goes on where it was.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select, update

from vault.keys import SealingKeys
from vault.packages import lifetime
from vault.packages.facts import address_of
from vault.packages.hours import OpenHours
from vault.sending.notice import post_reminder
from vault.storage import tables, turns
from vault.storage.store import Store, Transaction
from vault.storage.tables import GrantState, NoticeState

AT_ONCE = 100
LATER = timedelta(hours=1)  # for one whose notice is still on its way
_STILL_UNDER_WAY = (NoticeState.QUEUED, NoticeState.DELAYED)
Row = Mapping[Any, Any]


def remind(store: Store, sealing: SealingKeys) -> int:
    """Queue the reminders that are due; returns how many. Raises StoreUnavailable."""
    queued = 0
    while True:
        with store.writing() as tx:
            rows = _in_turn(tx)
            queued += sum(_settle(tx, sealing, row) for row in rows)
        if len(rows) < AT_ONCE:
            return queued


def _in_turn(tx: Transaction) -> list[Row]:
    """Return what is due, when nobody else can change it: access may just be withdrawn."""
    ids = {row["id"] for row in _due(tx)}
    tx.take_turns(*map(turns.package, ids))
    return [row for row in _due(tx) if row["id"] in ids]


def _due(tx: Transaction) -> list[Row]:
    grant, package = tables.grants.c, tables.packages
    mine = (
        grant.id.label("grant_id"),
        grant.address,
        grant.state,
        grant.notice,
        grant.opened_at,
        grant.reminded,
    )
    wanted = (
        select(package, *mine)
        .join(tables.grants, grant.package_id == package.c.id)
        .where(grant.remind_at <= tx.now)
        .order_by(grant.remind_at)
        .limit(AT_ONCE)
    )
    return list(tx.execute(wanted).mappings())


def _settle(tx: Transaction, sealing: SealingKeys, row: Row) -> bool:
    """Remind one recipient, or say when to look again; True if a reminder was queued."""
    grant, reminded = tables.grants, row["reminded"]
    reminds, again = _next(row, tx.now)
    if reminds:
        post_reminder(tx, sealing, row, address_of(row["address"]))
        reminded += 1
        left = row["reminders"] - reminded
        again = lifetime.next_reminder(tx.now, row["expires_at"], left)
    changed = update(grant).where(grant.c.id == row["grant_id"])
    tx.execute(changed.values(reminded=reminded, remind_at=again))
    return reminds


def _next(row: Row, now: datetime) -> tuple[bool, datetime | None]:
    """Say whether to remind now; if not, when to look again, None for never."""
    expires = row["expires_at"]
    over = row["wrapped"] is None or (expires is not None and expires <= now)
    useless = (
        row["state"] != GrantState.ACTIVE
        or row["opened_at"] is not None
        or row["notice"] == NoticeState.BOUNCED
    )
    if over or useless or row["reminded"] >= row["reminders"]:
        return False, None
    if row["notice"] in _STILL_UNDER_WAY:
        return False, now + LATER
    if row["open_hours"]:
        opens = OpenHours.parse(row["open_hours"]).next_opening(now)
        return opens == now, opens
    return True, None
