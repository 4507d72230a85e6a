"""Mails still to be sent: notices, codes, words to senders, and clear copies.

A row is posted in the transaction of what it tells of. A deliverer claims rows under a lease and
settles each one; if it dies, the lease runs out and another claims them, so a mail may be sent
twice and none is lost.

Promises that one who comes late changes nothing, that a settled row keeps nothing that could be
opened, and that whoever is to hear of its end hears of it once: word is posted in the transaction
that ends it, or that notes that it is late. Rows that end at the same moment share a commit.
"""

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import ColumnElement, and_, select, update

from vault import ciphertext, receipts, tables, turns
from vault.address import Address
from vault.audit import Act, printable, record
from vault.claims import NO_LEASE, Backlog, Item, backlog, claim, release, take
from vault.facts import address_of
from vault.keys import SealingKeys
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
    "discard",
    "give_up",
    "post",
    "postpone",
    "release",
    "take",
]

_LINKS = (Kind.NOTICE, Kind.REMINDER)
Word = Mapping[str, str]
"""Fields that the gateway adds to a `BOUNCE` row, beside those that the row itself tells."""


def complete(
    store: Store,
    item: Item,
    status: str,
    *,
    sealing: SealingKeys | None = None,
    word: Word | None = None,
) -> bool:
    """Record that the next hop took the mail; False if the lease was lost meanwhile.

    With `word` (and `sealing`) whoever would be told of a failure is told of this.
    """

    def work(tx: Transaction) -> bool:
        if not _finish(tx, store, item, OutboxState.DONE, status):
            return False
        done = {
            Kind.NOTICE: Act.NOTICE_RELAYED,
            Kind.REMINDER: Act.REMINDER_RELAYED,
            Kind.RELAY: Act.RELAY_DONE,
        }
        _record(tx, item, done.get(item.kind), status)
        _mark_notice(tx, item, NoticeState.RELAYED)
        _tell(tx, sealing, item, "relayed", status, word)
        return True

    return store.hand_over(work, *_about(item)).result()


def postpone(
    store: Store,
    item: Item,
    status: str,
    until: datetime,
    *,
    sealing: SealingKeys | None = None,
    word: Word | None = None,
) -> bool:
    """Put a row back until `until`; its first delay is audited. False if the lease was lost.

    With `word` (and `sealing`) whoever would be told of a failure is told of the delay, unless
    they were before.
    """
    row = tables.outbox

    def work(tx: Transaction) -> bool:
        wanted = select(row.c.delayed, row.c.warned, row.c.state).where(_held(item))
        held = tx.execute(wanted.with_for_update()).one_or_none()
        if held is None:
            return False
        back = {"status": printable(status), "available_at": until, "delayed": True}
        warns = word is not None and not held.warned and held.state == OutboxState.QUEUED
        if warns:
            back["warned"] = True
            _tell(tx, sealing, item, "delayed", status, word)
        tx.execute(update(row).where(_held(item)).values(**back, **NO_LEASE))
        if not held.delayed:
            delayed = {Kind.NOTICE: Act.NOTICE_DELAYED, Kind.RELAY: Act.RELAY_DELAYED}
            _record(tx, item, delayed.get(item.kind), status)
        if held.state == OutboxState.QUEUED:  # a cancelled one stays where it is
            _mark_notice(tx, item, NoticeState.DELAYED)
        return True

    return store.hand_over(work, *_about(item)).result()


def give_up(
    store: Store,
    sealing: SealingKeys,
    item: Item,
    status: str,
    *,
    word: Word | None = None,
    tell: bool = True,
    by: str = "",
) -> bool:
    """Record that the mail will not be delivered, and tell whoever is to know unless not `tell`.

    The package's owner hears of a notice, the return path of a clear copy; a failed code or bounce
    is told to nobody. `by` is who ended it by hand. False if the lease was lost.
    """

    def work(tx: Transaction) -> bool:
        if not _finish(tx, store, item, OutboxState.FAILED, status):
            return False
        if by:
            _record(tx, item, Act.QUEUE_DROPPED, "", by)
        bounced = {
            Kind.NOTICE: Act.NOTICE_BOUNCED,
            Kind.REMINDER: Act.NOTICE_BOUNCED,
            Kind.RELAY: Act.RELAY_BOUNCED,
        }
        _record(tx, item, bounced.get(item.kind), status)
        _mark_notice(tx, item, NoticeState.BOUNCED)
        _tell(tx, sealing, item, "failed", status, (word or {}) if tell else None)
        return True

    return store.hand_over(work, *_about(item)).result()


def discard(store: Store, row_id: str, status: str, by: str) -> bool:
    """End a row that does not open, which nobody can be told of; False if it is not there."""
    row = tables.outbox
    with store.writing() as tx:
        wanted = select(row.c.content_id, row.c.address, row.c.package_id).where(
            row.c.id == row_id, row.c.state.in_([OutboxState.QUEUED, OutboxState.HELD])
        )
        found = tx.execute(wanted.with_for_update()).one_or_none()
        if found is None:
            return False
        tx.take_turns(turns.content(found.content_id))
        _erase(tx, store, row.c.id == row_id, found.content_id, OutboxState.FAILED, status)
        act, whom = Act.QUEUE_DROPPED, found.address
        record(tx, act, package_id=found.package_id, actor=by, subject=whom)
    return True


def _about(item: Item) -> list[str]:
    """Say what the end of a row is about: how its notice stands, and who else needs its content."""
    about = [turns.package(item.package_id)] if item.package_id else []
    return [*about, turns.content(item.content_id)] if item.content_id else about


def _held(item: Item) -> ColumnElement[bool]:
    """Say that nobody else has claimed the row since. A cancelled one may still be settled."""
    row = tables.outbox.c
    open_states = [OutboxState.QUEUED, OutboxState.HELD, OutboxState.CANCELLED]
    return and_(row.id == item.id, row.lease == item.lease, row.state.in_(open_states))


def _finish(tx: Transaction, store: Store, item: Item, state: OutboxState, status: str) -> bool:
    mine = select(tables.outbox.c.content_id).where(_held(item)).with_for_update()
    held = tx.execute(mine).one_or_none()
    if held is None:
        return False
    _erase(tx, store, _held(item), held.content_id, state, status)
    return True


def _erase(
    tx: Transaction,
    store: Store,
    which: ColumnElement[bool],
    content_id: str | None,
    state: OutboxState,
    status: str,
) -> None:
    final = {"state": state, "status": printable(status), "finished_at": tx.now}
    erased = {"payload": b"", "wrapped": None, "content_id": None}
    tx.execute(update(tables.outbox).where(which).values(**final, **erased, **NO_LEASE))
    if content_id is not None:
        ciphertext.release(tx, store, content_id)
        if state is OutboxState.FAILED:
            receipts.forget_unsent(tx, content_id)


def _record(tx: Transaction, item: Item, act: Act | None, status: str, by: str = "") -> None:
    if act is not None:
        whom = str(item.to)
        record(tx, act, package_id=item.package_id, actor=by, subject=whom, detail=status)


def _mark_notice(tx: Transaction, item: Item, state: NoticeState) -> None:
    failed = state is NoticeState.BOUNCED  # then no notice would arrive
    if item.kind is Kind.NOTICE or (item.kind is Kind.REMINDER and failed):
        grant = tables.grants
        of_item = (grant.c.package_id == item.package_id, grant.c.address == str(item.to))
        # What came back before we wrote down that it had gone is the newer of the two.
        open_still = grant.c.notice != NoticeState.BOUNCED
        tx.execute(update(grant).where(*of_item, open_still).values(notice=state))


def _tell(
    tx: Transaction,
    sealing: SealingKeys | None,
    item: Item,
    action: str,
    status: str,
    word: Word | None,
) -> None:
    """Post a bounce, where there is somebody who is to hear of it."""
    if word is None or sealing is None or (to := _told(tx, item)) is None:
        return
    fields = {
        **word,
        "reference": item.fields.get("reference", ""),
        "recipient": str(item.to),
        "status": printable(status),
        "what": "notice" if item.kind in _LINKS else "mail",
        "package_id": item.package_id or "",
        "action": action,
        "arrived_at": item.queued_at.isoformat(),
        "attempted_at": tx.now.isoformat(),
    }
    post(tx, sealing, Kind.BOUNCE, to, fields, package_id=item.package_id)


def _told(tx: Transaction, item: Item) -> Address | None:
    if item.kind is Kind.RELAY:
        return item.return_path
    if item.kind not in _LINKS:
        return None
    package = tables.packages.c
    owner = tx.execute(select(package.owner).where(package.id == item.package_id)).scalar_one()
    return address_of(owner)
