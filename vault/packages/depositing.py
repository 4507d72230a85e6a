"""Depositing: everything that is to be kept true of a mail becomes true at once.

The ciphertext is flushed to the disk first. Then one transaction writes the package, its grants,
the notices to send, the clear copies to relay, the audit lines and a receipt. A crash before the
commit leaves at most a file that no row names; after it, everything.

Promises that the same mail deposited twice within the duplicate window is one package with one
notice a recipient, whoever is faster.
Must never store a subject, a name or a file name in the clear.
"""

import json
from collections.abc import Iterable
from concurrent.futures import Future
from datetime import timedelta

from sqlalchemy import bindparam, exists, or_, select

from vault.address import Address
from vault.contents import ciphertext
from vault.keys import SealingKeys
from vault.packages import conversation, facts, history, lifetime, receipts, reference
from vault.packages.deposit import Deposit, GrantFor, Queued, Receipt
from vault.sending.notice import Row, post_first
from vault.sending.parcel import Parcel
from vault.sending.posting import post_copy
from vault.storage import tables, turns
from vault.storage.statements import Addition, Statement
from vault.storage.store import Store, Transaction
from vault.storage.tables import NoticeState
from vault.trail.audit import Act, record

_TAKEN = Statement(
    select(
        or_(
            exists().where(tables.packages.c.reference == bindparam("drawn")),
            exists().where(tables.holds.c.reference == bindparam("drawn")),
        )
    ),
    careless=True,  # two drawn alike in one transaction: the constraint tells, and all is done anew
)
_PACKAGES, _GRANTS = Addition(tables.packages), Addition(tables.grants)


def deposit(store: Store, keys: SealingKeys, deposit: Deposit) -> Receipt:
    """Keep a mail; when this returns it survives a power cut.

    Raises StoreUnavailable, after which the caller aborts the spool: then nothing of the mail was
    accepted. (A commit whose success could not be learnt counts as failed; the sender's second try
    finds its receipt.)
    """
    return begin_deposit(store, keys, deposit).result()


def begin_deposit(store: Store, keys: SealingKeys, deposit: Deposit) -> Future[Receipt]:
    """Begin to keep a mail, in a commit that is shared with others: the future is as `deposit`.

    Blocks until the ciphertext is flushed; raises StoreUnavailable if it cannot be.
    """
    _check(deposit)
    mark = receipts.mark_of(keys, deposit)
    stored = deposit.spool._durable(store.settings.content_inline_limit)  # noqa: SLF001 - vault's own

    def work(tx: Transaction) -> Receipt:
        earlier = receipts.find(tx, mark, store.settings.duplicate_window)
        if earlier is None:
            return _write(tx, keys, deposit, stored, mark)
        if isinstance(stored, str):  # should it fail: a file that no row names is swept later
            tx.after_commit(lambda: store.contents.delete(stored))
        return earlier

    return store.hand_over(work, *_turns(mark, deposit))


def turns_of(keys: SealingKeys, deposit: Deposit) -> tuple[str, ...]:
    """Return what a transaction is about in which `deposit_within` runs."""
    return _turns(receipts.mark_of(keys, deposit), deposit)


def deposit_within(
    tx: Transaction, keys: SealingKeys, deposit: Deposit, stored: bytes | str
) -> Receipt:
    """Keep a mail in a caller's transaction, which sees to it that it happens once.

    `stored` is what the spool's `_durable` gave before the transaction began.
    """
    _check(deposit)
    mark = receipts.mark_of(keys, deposit)
    receipts.forget(tx, mark)
    return _write(tx, keys, deposit, stored, mark)


def _turns(mark: bytes, deposit: Deposit) -> tuple[str, ...]:
    past = (turns.sender(deposit.wrote_as.folded()),) if deposit.wrote_as else ()
    return (turns.mail(mark), *past)


def _check(deposit: Deposit) -> None:
    if not deposit.grants and not (deposit.queued and deposit.queued.recipients):
        raise ValueError("a deposit needs a recipient")


def _write(
    tx: Transaction, keys: SealingKeys, deposit: Deposit, stored: bytes | str, mark: bytes
) -> Receipt:
    package_id = deposit.spool.id if deposit.grants else None
    drawn = deposit.reference or unused_reference(tx)
    ciphertext.keep(tx, deposit.spool.id, stored, deposit.spool.size)
    if package_id is not None:
        package = _write_package(tx, keys, deposit, drawn)
        _write_grants(tx, keys, deposit, package)
    for one in deposit.happened:
        whom, detail = str(one.recipient), one.detail
        record(
            tx,
            one.act,
            package_id=package_id,
            subject=whom,
            detail=detail,
            policy=deposit.policy,
        )
    if deposit.queued is not None:
        _queue_copies(tx, keys, deposit, deposit.queued, drawn)
    history.note(tx, deposit.wrote_as, _everybody(deposit))
    return receipts.write(tx, mark, deposit, drawn)


def _everybody(deposit: Deposit) -> list[Address]:
    queued = deposit.queued.recipients if deposit.queued else ()
    return [*(grant.address for grant in deposit.grants), *queued]


def unused_reference(tx: Transaction) -> str:
    """Draw a reference that no package and no held mail has. 40 bits: a second draw is a rarity."""
    while True:
        drawn = reference.draw()
        (taken,) = tx.run(_TAKEN, drawn=drawn).fetchall()[0]
        if not taken:
            return drawn


def _seconds(length: timedelta | None) -> int | None:
    return None if length is None else int(length.total_seconds())


def _write_package(tx: Transaction, keys: SealingKeys, deposit: Deposit, drawn: str) -> Row:
    package_id, key = deposit.spool.id, deposit.spool._key  # noqa: SLF001 - vault's own
    limits = deposit.restrictions
    people = (deposit.author, *(grant.address for grant in deposit.grants))
    owner = deposit.owner or deposit.author
    begins = limits.not_before or tx.now
    kept, retention = _seconds(limits.kept_after_expiry), _seconds(limits.retention)
    row = {
        "id": package_id,
        "reference": drawn,
        "author": str(deposit.author),
        "owner": str(owner),
        "sealed_at": tx.now,
        "expires_at": limits.expires_at,
        "not_before": limits.not_before,
        "reply_allowed": limits.reply_allowed,
        "view_only": limits.view_only,
        "sign_in": limits.sign_in.value,
        "protection": limits.protection,
        "open_hours": str(limits.open_hours or ""),
        "kept_after_expiry": kept,
        "retention": retention,
        "destroy_at": lifetime.destruction(tx.now, limits.expires_at, kept, retention),
        "reminders": limits.reminders,
        "report_at": lifetime.next_report(tx.now, begins, limits.expires_at)
        if owner == deposit.author
        else None,
        "conversation": deposit.conversation
        or conversation.find(tx, keys, people, deposit.answers),
        "message_mark": conversation.mark(keys, deposit.message_id),
        "size": deposit.spool.size,
        "content_id": package_id,
        "wrapped": facts.wrap_key(keys.vault, package_id, key),
        "summary": facts.seal_summary(deposit.summary, package_id, key),
        "policy": deposit.policy,
        "because": json.dumps(deposit.because),
        "found": json.dumps(deposit.found),
    }
    tx.add(_PACKAGES, [row])
    actor, origin = str(deposit.author), deposit.origin
    terms = ", ".join(limits.words())
    sealed = Act.PACKAGE_SEALED
    because = {"detail": terms, "policy": deposit.policy}
    record(tx, sealed, package_id=package_id, actor=actor, origin=origin, **because)
    return row


def _write_grants(tx: Transaction, keys: SealingKeys, deposit: Deposit, package: Row) -> None:
    author, package_id = str(deposit.author), package["id"]
    begins = package["not_before"] or tx.now
    remind_at = lifetime.next_reminder(begins, package["expires_at"], package["reminders"])
    for grant in _merged(deposit.grants):
        row = {
            "package_id": package_id,
            "address": str(grant.address),
            "folded": grant.address.folded(),
            "visible": grant.visible,
            "notify": grant.notify,
            "reports": grant.reports,
            "notice": NoticeState.QUEUED if grant.notify else NoticeState.NONE,
            "added_at": tx.now,
            "remind_at": remind_at if grant.notify else None,
        }
        tx.add(_GRANTS, [row])
        granted, whom = Act.ACCESS_GRANTED, str(grant.address)
        policy = deposit.policy
        record(tx, granted, package_id=package_id, actor=author, subject=whom, policy=policy)
        if grant.notify:
            post_first(tx, keys, package, grant.address, deposit.summary.author_name, grant.how)


def _merged(grants: Iterable[GrantFor]) -> list[GrantFor]:
    """Return one grant an address: who is named in To and in Bcc is no secret."""
    merged: dict[Address, GrantFor] = {}
    for grant in grants:
        known = merged.get(grant.address, grant)
        merged[grant.address] = GrantFor(
            address=grant.address,
            notify=known.notify or grant.notify,
            visible=known.visible or grant.visible,
            how=known.how,
            reports=known.reports,
        )
    return list(merged.values())


def _queue_copies(
    tx: Transaction, keys: SealingKeys, deposit: Deposit, queued: Queued, drawn: str
) -> None:
    content = (deposit.spool.id, deposit.spool._key)  # noqa: SLF001 - vault's own
    package_id = deposit.spool.id if deposit.grants else None
    for to in dict.fromkeys(queued.recipients):
        fields = {**queued.how.get(to, {}), "reference": drawn}
        parcel = Parcel(fields, queued.return_path, queued.prefix, queued.dropped)
        post_copy(tx, keys, to, parcel, content, package_id=package_id)
        record(
            tx,
            Act.RELAY_QUEUED,
            package_id=package_id,
            actor=str(deposit.author),
            subject=str(to),
            origin=deposit.origin,
            detail=drawn,
            policy=deposit.policy,
        )
