"""Receipts: that a mail was accepted, so that the same mail sent again is not kept twice.

A mail program that lost our answer sends the very same bytes once more. Whoever sends them again
because they were not delivered means it: a receipt counts for as long as what it stands for.

Promises that no mail is answered with the receipt of one that was given up, whose notice came back,
that has expired or was destroyed. Must never give access again that its owner has taken away: the
receipt of a package counts although it is revoked.
"""

import json
from datetime import timedelta

from sqlalchemy import bindparam, delete, exists, or_, select

from vault.keys import SealingKeys
from vault.packages.deposit import Deposit, Receipt
from vault.secrets import mac
from vault.settings import VaultSettings
from vault.storage import batches, tables
from vault.storage.statements import Addition, Statement
from vault.storage.store import Transaction
from vault.storage.tables import GrantState, NoticeState

_MAIL = "deposit mark"
_RECEIPT, _PACKAGE, _GRANT = tables.receipts.c, tables.packages.c, tables.grants.c
_SAME = _RECEIPT.mark == bindparam("which")
_KNOWN = Statement(
    select(_RECEIPT.reference, _RECEIPT.package_id, _RECEIPT.accepted_at).where(_SAME)
)
_FORGOTTEN = Statement(delete(tables.receipts).where(_SAME))
_UNSENT = Statement(delete(tables.receipts).where(_RECEIPT.content_id == bindparam("content")))
_NOW = bindparam("now", type_=_PACKAGE.expires_at.type)
_RETURNED = exists().where(
    _GRANT.package_id == _PACKAGE.id,
    _GRANT.state == GrantState.ACTIVE.value,
    _GRANT.notice == NoticeState.BOUNCED.value,
)
_STANDS = Statement(
    select(_PACKAGE.id).where(
        _PACKAGE.id == bindparam("package"),
        _PACKAGE.wrapped.is_not(None),
        or_(_PACKAGE.expires_at.is_(None), _PACKAGE.expires_at > _NOW),
        ~_RETURNED,
    )
)
_RECEIPTS = Addition(tables.receipts)


def mark_of(keys: SealingKeys, deposit: Deposit) -> bytes:
    """Return what recognises the same mail: author, recipients and how each gets it, and content.

    Copies to be relayed of a mail without a Message-ID are like no other: a program that writes
    none may well say the same thing twice, and no other relay would send it once.
    """
    sealed = sorted(str(grant.address) for grant in deposit.grants)
    clear = sorted(map(str, deposit.queued.recipients)) if deposit.queued else []
    own = [] if deposit.grants or deposit.message_id else [deposit.spool.id]
    fields = (str(deposit.author), json.dumps([sealed, clear, *own]))
    return mac(keys.marks, _MAIL, *(text.encode() for text in fields), deposit.spool.digest)


def find(tx: Transaction, mark: bytes, window: timedelta) -> Receipt | None:
    """Return the receipt of the same mail, if one still counts; otherwise forget it."""
    row = tx.run(_KNOWN, which=mark).fetchone()
    if row is None:
        return None
    reference, package_id, accepted_at = row
    if accepted_at > tx.now - window and (package_id is None or _stands(tx, package_id)):
        return Receipt(reference, package_id, duplicate=True)
    forget(tx, mark)
    return None


def write(tx: Transaction, mark: bytes, deposit: Deposit, reference: str) -> Receipt:
    """Keep that a mail was accepted."""
    package_id = deposit.spool.id if deposit.grants else None
    row = {
        "mark": mark,
        "accepted_at": tx.now,
        "reference": reference,
        "package_id": package_id,
        "content_id": deposit.spool.id,
    }
    tx.add(_RECEIPTS, [row])
    return Receipt(reference, package_id, duplicate=False)


def forget(tx: Transaction, mark: bytes) -> None:
    """Let the same mail be accepted again."""
    tx.run(_FORGOTTEN, which=mark)


def forget_unsent(tx: Transaction, content_id: str) -> None:
    """Let a mail be accepted again of which a copy was given up."""
    tx.run(_UNSENT, content=content_id)


def forget_old(tx: Transaction, settings: VaultSettings) -> int:
    """Delete some of those past the duplicate window; returns how many."""
    return batches.remove(
        tx, tables.receipts, _RECEIPT.accepted_at <= tx.now - settings.duplicate_window
    )


def _stands(tx: Transaction, package_id: str) -> bool:
    """Say whether a package is still to be had, and no notice of it came back."""
    return tx.run(_STANDS, package=package_id, now=tx.now).fetchone() is not None
