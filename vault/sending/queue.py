"""Looking after the queue by hand: what waits in the outbox, and what an administrator does to it.

| word     | means                                                         |
|----------|---------------------------------------------------------------|
| active   | it is being sent, or is about to be                           |
| deferred | it was tried, or must wait, and is tried again later          |
| hold     | an administrator has put it on hold; nobody sends it          |

Promises that each act is on record in its transaction, with who did it, and that a mail which is
being sent at this moment is left alone: nobody can say any more whether it has gone.
Must never show, nor open, a word of a mail: an entry has addresses, times and a status.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, Select, func, select, update

from vault.keys import RelayKeys, SealingKeys
from vault.packages.facts import address_of
from vault.sending import outbox
from vault.sending.claims import NO_LEASE, unclaimed, unsettled
from vault.sending.outbox import Item
from vault.sending.reasons import DROPPED
from vault.storage import tables
from vault.storage.store import Store, Transaction
from vault.storage.tables import OutboxState
from vault.trail.audit import Act, record

AT_ONCE = 500  # rows changed in one transaction, so that mail need not wait for long
SHORTEST_ID = 6


_SHOWN = [column for column in tables.outbox.c if column.name not in {"payload", "wrapped"}]


class Standing(StrEnum):
    """How a row stands."""

    ACTIVE = "active"
    DEFERRED = "deferred"
    HOLD = "hold"


@dataclass(frozen=True, slots=True)
class Entry:
    """A mail in the queue. Domains are in ASCII; `status` is the last answer of the next hop.

    `sending` says that a deliverer has it just now. `next_try` is None for what is on hold.
    """

    id: str
    kind: str
    standing: Standing
    sending: bool
    queued_at: datetime
    attempts: int
    next_try: datetime | None
    sender_domain: str
    recipient: str
    status: str
    package_id: str | None

    @property
    def recipient_domain(self) -> str:
        """The part behind the last @."""
        return address_of(self.recipient).domain


@dataclass(frozen=True, slots=True)
class Chosen:
    """Which rows: by id (whole, or the beginning of one), by recipient domain, or every one."""

    ids: tuple[str, ...] = ()
    domain: str = ""
    everything: bool = False

    def __str__(self) -> str:
        """Name the choice for the audit."""
        return "all" if self.everything else self.domain or ", ".join(self.ids)


@dataclass(frozen=True, slots=True)
class Done:
    """How many rows were changed, and how many were left alone because they are being sent."""

    changed: int = 0
    sending: int = 0


class UnknownEntryError(LookupError):
    """No row in the queue has this id, or several begin so. The text is the id."""


def entries(store: Store, chosen: Chosen) -> list[Entry]:
    """Return what waits, oldest first. Raises UnknownEntryError, StoreUnavailable."""
    with store.reading() as tx:
        rows = tx.execute(_wanted(tx, chosen)).mappings().all()
        return [_entry(row, tx.now) for row in rows]


def hold(store: Store, chosen: Chosen, by: str) -> Done:
    """Keep rows from being sent until they are released."""
    return _change(store, chosen, OutboxState.QUEUED, _holding, Act.QUEUE_HELD, by)


def release(store: Store, chosen: Chosen, by: str) -> Done:
    """Let rows that are on hold be sent, now."""
    return _change(store, chosen, OutboxState.HELD, _releasing, Act.QUEUE_RELEASED, by)


def retry(store: Store, chosen: Chosen, by: str) -> Done:
    """Have rows sent now rather than at their next try. What is on hold stays there.

    On record as one act for all of them: it changes nothing but the time.
    """
    return _change(store, chosen, OutboxState.QUEUED, _retrying, Act.QUEUE_RETRIED, by)


def drop(
    store: Store,
    relay: RelayKeys,
    sealing: SealingKeys,
    entry: Entry,
    by: str,
    word: Callable[[Item], outbox.Word | None] | None,
) -> bool:
    """Give one row up for good; with `word`, whoever is to know is told as of any failure.

    False if it is being sent, or is gone. Without the key that opens it, it goes untold.
    """
    if (item := outbox.take(store, relay, entry.id, f"queue:{by}")) is not None:
        said = word(item) if word else None
        tell = said is not None
        return outbox.give_up(store, sealing, item, DROPPED, word=said, tell=tell, by=by)
    with store.reading() as tx:
        row = tables.outbox.c
        leased = select(row.lease).where(row.id == entry.id, row.leased_by == f"queue:{by}")
        unreadable = tx.execute(leased).first() is not None
    return unreadable and outbox.discard(store, entry.id, DROPPED, by)


def _wanted(tx: Transaction, chosen: Chosen) -> Select[Any]:
    row = tables.outbox
    wanted = select(*_SHOWN).where(unsettled(), *_which(tx, chosen))
    return wanted.order_by(row.c.queued_at, row.c.id)


def _which(tx: Transaction, chosen: Chosen) -> list[ColumnElement[bool]]:
    row = tables.outbox.c
    if chosen.everything:
        return []
    if chosen.domain:
        return [func.lower(row.address).endswith(f"@{chosen.domain}", autoescape=True)]
    return [row.id.in_([_whole(tx, one) for one in chosen.ids])]


def _whole(tx: Transaction, start: str) -> str:
    """Return the one id that begins so. Raises UnknownEntryError."""
    row = tables.outbox.c
    plain = start.isascii() and start.isalnum() and len(start) >= SHORTEST_ID
    like = row.id.startswith(start.lower(), autoescape=True)
    found = tx.execute(select(row.id).where(unsettled(), like).limit(2)).all() if plain else []
    if len(found) != 1:
        raise UnknownEntryError(start)
    return str(found[0].id)


def _change(
    store: Store,
    chosen: Chosen,
    state: OutboxState,
    values: Callable[[Transaction], dict[str, Any]],
    act: Act,
    by: str,
) -> Done:
    row = tables.outbox
    with store.reading() as tx:
        listed = tx.execute(_wanted(tx, chosen)).mappings().all()
        ids = [one["id"] for one in listed if one["state"] == state]
    changed = sending = 0
    for some in _in_turn(ids):
        with store.writing() as tx:
            mine = (row.c.id.in_(some), row.c.state == state)
            free = select(*_SHOWN).where(*mine, unclaimed(tx.now))
            found = tx.execute(free.with_for_update(skip_locked=True)).mappings().all()
            waiting = tx.execute(select(func.count()).select_from(row).where(*mine)).scalar_one()
            chosen_ids = [one["id"] for one in found]
            tx.execute(update(row).where(row.c.id.in_(chosen_ids)).values(**values(tx), **NO_LEASE))
            if act is Act.QUEUE_RETRIED and found:
                record(tx, act, actor=by, detail=f"{len(found)}: {chosen}")
            else:
                _record_each(tx, act, found, by)
            changed += len(found)
            sending += waiting - len(found)
    return Done(changed, sending)


def _record_each(tx: Transaction, act: Act, rows: Iterable[Any], by: str) -> None:
    for row in rows:
        record(tx, act, package_id=row["package_id"], actor=by, subject=row["address"])


def _in_turn(ids: Sequence[str]) -> Iterator[Sequence[str]]:
    for start in range(0, len(ids), AT_ONCE):
        yield ids[start : start + AT_ONCE]


def _holding(_tx: Transaction) -> dict[str, Any]:
    return {"state": OutboxState.HELD}


def _releasing(tx: Transaction) -> dict[str, Any]:
    return {"state": OutboxState.QUEUED, "available_at": tx.now}


def _retrying(tx: Transaction) -> dict[str, Any]:
    return {"available_at": tx.now}


def _entry(row: Any, now: datetime) -> Entry:
    sending = row["leased_until"] is not None and row["leased_until"] > now
    standing = Standing.ACTIVE
    if row["state"] == OutboxState.HELD:
        standing = Standing.HOLD
    elif row["available_at"] > now and not sending:
        standing = Standing.DEFERRED
    return Entry(
        id=row["id"],
        kind=row["kind"],
        standing=standing,
        sending=sending,
        queued_at=row["queued_at"],
        attempts=row["attempts"],
        next_try=None if standing is Standing.HOLD else row["available_at"],
        sender_domain=row["sender_domain"],
        recipient=row["address"],
        status=row["status"],
        package_id=row["package_id"],
    )
