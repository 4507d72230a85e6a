"""Mails still to be sent: notices, codes, words to senders, and clear copies.

A row is posted in the transaction of what it tells of. A deliverer claims rows under a lease and
settles each one; if it dies, the lease runs out and another claims them, so a mail may be sent
twice and none is lost.

Promises that one who comes late changes nothing, that a settled row keeps nothing that could be
opened, and that whoever is to hear of its end hears of it once: word is posted in the transaction
that ends it, or that notes that it is late. Rows that end at the same moment share a commit.
"""

from collections.abc import Mapping
from concurrent.futures import Future
from datetime import datetime

from sqlalchemy import ColumnElement, and_, bindparam, null, or_, select, update

from vault.address import Address
from vault.contents import ciphertext
from vault.keys import SealingKeys
from vault.packages import receipts
from vault.packages.facts import address_of
from vault.sending.claims import NO_LEASE, Backlog, Item, backlog, claim, release, take
from vault.sending.posting import Kind, post
from vault.storage import tables, turns
from vault.storage.statements import Statement
from vault.storage.store import Store, Transaction
from vault.storage.tables import NoticeState, OutboxState
from vault.trail.audit import Act, printable, record

__all__ = [
    "Backlog",
    "Item",
    "Kind",
    "backlog",
    "begin_complete",
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
_ROW, _GRANT = tables.outbox.c, tables.grants.c
_SETTLING = [OutboxState.QUEUED, OutboxState.HELD, OutboxState.CANCELLED]
_CLAIMED = Statement(
    select(_ROW.content_id)
    .where(
        _ROW.id == bindparam("row_id"),
        _ROW.lease == bindparam("claim"),
        or_(*(_ROW.state == state for state in _SETTLING)),
    )
    .with_for_update()
)
_ERASED = Statement(
    update(tables.outbox)
    .where(_ROW.id == bindparam("row_id"))
    .values(
        state=bindparam("now"),
        status=bindparam("said"),
        finished_at=bindparam("at"),
        payload=b"",
        wrapped=null(),
        content_id=null(),
        **{**NO_LEASE, "leased_until": null()},
    )
)
# What came back before we wrote down that it had gone is the newer of the two.
_NOTICED = Statement(
    update(tables.grants)
    .where(
        _GRANT.package_id == bindparam("package"),
        _GRANT.address == bindparam("to"),
        _GRANT.notice != NoticeState.BOUNCED,
    )
    .values(notice=bindparam("now"))
)
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
    return begin_complete(store, item, status, sealing=sealing, word=word).result()


def begin_complete(
    store: Store,
    item: Item,
    status: str,
    *,
    sealing: SealingKeys | None = None,
    word: Word | None = None,
) -> Future[bool]:
    """Begin to record it, in a commit that is shared with others: the future is as `complete`."""

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

    return store.hand_over(work, *_about(item))


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
        _erase(tx, store, row_id, found.content_id, OutboxState.FAILED, status)
        act, whom = Act.QUEUE_DROPPED, found.address
        record(tx, act, package_id=found.package_id, actor=by, subject=whom)
    return True


def _about(item: Item) -> list[str]:
    """Say what the end of a row is about: how its notice stands, and who else needs its content."""
    about = [turns.package(item.package_id)] if item.package_id else []
    return [*about, turns.content(item.content_id)] if item.content_id else about


def _held(item: Item) -> ColumnElement[bool]:
    """Say that nobody else has claimed the row since. A cancelled one may still be settled."""
    return and_(_ROW.id == item.id, _ROW.lease == item.lease, _ROW.state.in_(_SETTLING))


def _finish(tx: Transaction, store: Store, item: Item, state: OutboxState, status: str) -> bool:
    held = tx.run(_CLAIMED, row_id=item.id, claim=item.lease).fetchone()
    if held is None:
        return False
    _erase(tx, store, item.id, held[0], state, status)
    return True


def _erase(
    tx: Transaction,
    store: Store,
    row_id: str,
    content_id: str | None,
    state: OutboxState,
    status: str,
) -> None:
    """End a row that the caller has locked, and keep nothing of it that could be opened."""
    tx.run(_ERASED, row_id=row_id, now=state, said=printable(status), at=tx.now)
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
        tx.run(_NOTICED, package=item.package_id, to=str(item.to), now=state)


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
