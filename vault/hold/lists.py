"""Held mails as their sender and their approvers see them: the list, one of them, its timeline.

Promises that the audit line is committed before a held mail is opened, and that to anybody else
there is nothing here: a mail held for others and one that never was are the same denial.
Must never be imported by the SMTP door: it opens what is held.
"""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from functools import partial

from sqlalchemy import or_, select, union

from vault.address import Address
from vault.contents import ciphertext
from vault.errors import AccessDenied
from vault.hold import approval
from vault.hold import settling as holds
from vault.hold.settling import Row
from vault.hold.slip import Slip, open_answer, open_slip
from vault.keys.opening import OpeningKeys
from vault.origin import Origin
from vault.packages.facts import Summary, address_of, open_summary, unwrap_key
from vault.storage import tables, turns
from vault.storage.store import Store, Transaction
from vault.storage.tables import HoldState
from vault.trail.audit import Act, Event, event_of, once_a_visit, record

SHOWN_AFTERWARDS = timedelta(days=30)
MOST_LINES = 200


class Role(StrEnum):
    """What somebody is to a held mail."""

    OWNER = "owner"
    APPROVER = "approver"


@dataclass(frozen=True, slots=True)
class HoldFacts:
    """A held mail as one person sees it. `state` counts a passed `expires_at` as expired."""

    id: str
    reference: str
    role: Role
    owner: Address
    state: HoldState
    revision: int
    held_at: datetime
    expires_at: datetime
    asked_at: datetime | None
    settled_at: datetime | None
    settled_by: str
    package_id: str | None
    size: int
    rules: tuple[str, ...]
    asked: tuple[Address, ...]

    @property
    def waits(self) -> bool:
        """Whether it is held still."""
        return self.state is HoldState.HELD


@dataclass(frozen=True, slots=True)
class Line:
    """A held mail in a list. A settled one has no subject any more."""

    hold: HoldFacts
    subject: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Held:
    """A held mail opened for one person. `read` yields it as it came, anew at each call."""

    hold: HoldFacts
    slip: Slip = field(repr=False)
    summary: Summary = field(repr=False)
    read: Callable[[], Iterator[bytes]] = field(repr=False)


def find(store: Store, reader: Address, hold_id: str) -> HoldFacts:
    """Return the facts of a held or settled mail; raises AccessDenied(UNKNOWN)."""
    with store.reading() as tx:
        return _facts(tx, *_seen_by(tx, hold_id, reader))


def inspect(
    store: Store,
    keys: OpeningKeys,
    reader: Address,
    hold_id: str,
    origin: Origin,
    detail: str = "",
) -> Held:
    """Open a held mail, on record. Raises AccessDenied(UNKNOWN), NotHeld, Tampered."""
    with store.writing(turns.hold(hold_id)) as tx:
        row, role = _seen_by(tx, hold_id, reader)
        holds.unsettled(tx, row)
        opened, actor = Act.HOLD_OPENED, str(reader)
        record(tx, opened, package_id=hold_id, actor=actor, origin=origin, detail=detail)
        hold = _facts(tx, row, role)
    key = unwrap_key(keys.vault, hold_id, row["wrapped"])
    return Held(
        hold=hold,
        slip=open_slip(keys.vault, row["slip"], hold_id),
        summary=open_summary(row["summary"], hold_id, key),
        read=partial(ciphertext.read, store, row["content_id"], key),
    )


def still(store: Store, reader: Address, hold_id: str) -> None:
    """Make sure that a mail is held still, for this reader; AccessDenied, NotHeld. Cheap."""
    with store.reading() as tx:
        holds.unsettled(tx, _seen_by(tx, hold_id, reader)[0])


def answer(store: Store, keys: OpeningKeys, reader: Address, hold_id: str) -> str:
    """Return what an approver said about a refused mail, or an empty text; AccessDenied."""
    with store.reading() as tx:
        row, _ = _seen_by(tx, hold_id, reader)
    return open_answer(keys.vault, row["answer"], hold_id) if row["answer"] else ""


def listed(store: Store, keys: OpeningKeys, reader: Address) -> list[Line]:
    """Return what is held for `reader` or waits for their approval, newest first.

    What was settled stays in the list for a month.
    """
    hold, approver = tables.holds, tables.hold_approvers
    mine = select(hold.c.id).where(hold.c.owner == str(reader))
    named = select(approver.c.hold_id).where(approver.c.address == str(reader))
    asked = or_(hold.c.owner == str(reader), hold.c.asked_at.is_not(None))
    seen = (hold.c.id.in_(union(mine, named)), asked)
    with store.reading() as tx:
        since = tx.now - SHOWN_AFTERWARDS
        recent = or_(hold.c.settled_at.is_(None), hold.c.settled_at > since)
        wanted = select(hold).where(*seen, recent).order_by(hold.c.held_at.desc())
        rows = tx.execute(wanted.limit(MOST_LINES)).mappings().all()
        return [_line(tx, keys, row, reader) for row in rows]


def timeline(store: Store, reader: Address, hold_id: str) -> list[Event]:
    """Return what happened to a held mail, oldest first; raises AccessDenied(UNKNOWN)."""
    event = tables.events
    wanted = select(event).where(event.c.package_id == hold_id)
    with store.reading() as tx:
        _seen_by(tx, hold_id, reader)
        rows = tx.execute(wanted.order_by(event.c.at, event.c.id)).mappings().all()
    return once_a_visit(map(event_of, rows))


def _seen_by(tx: Transaction, hold_id: str, reader: Address) -> tuple[Row, Role]:
    try:
        return holds.owned(tx, hold_id, reader), Role.OWNER
    except AccessDenied:
        return approval.asked_of(tx, hold_id, reader), Role.APPROVER


def _line(tx: Transaction, keys: OpeningKeys, row: Row, reader: Address) -> Line:
    role = Role.OWNER if row["owner"] == str(reader) else Role.APPROVER
    hold = _facts(tx, row, role)
    return Line(hold, _subject(keys, row) if hold.waits else "")


def _subject(keys: OpeningKeys, row: Row) -> str:
    changed = open_slip(keys.vault, row["slip"], row["id"]).subject
    if changed is not None:
        return changed
    key = unwrap_key(keys.vault, row["id"], row["wrapped"])
    return open_summary(row["summary"], row["id"], key).subject


def _facts(tx: Transaction, row: Row, role: Role) -> HoldFacts:
    state = HoldState(row["state"])
    if state is HoldState.HELD and row["expires_at"] <= tx.now:
        state = HoldState.EXPIRED
    return HoldFacts(
        id=row["id"],
        reference=row["reference"],
        role=role,
        owner=address_of(row["owner"]),
        state=state,
        revision=row["revision"],
        held_at=row["held_at"],
        expires_at=row["expires_at"],
        asked_at=row["asked_at"],
        settled_at=row["settled_at"],
        settled_by=row["settled_by"],
        package_id=row["package_id"],
        size=row["size"],
        rules=tuple(json.loads(row["because"])),
        asked=tuple(approval.approvers(tx, row["id"])),
    )
