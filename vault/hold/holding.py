"""Holding: a mail that may not go as it is waits, sealed, until its sender mends it.

Promises that the mail, its envelope and the letter to its sender are there at once or not at all,
and that the same mail sent again is held once.
Must never be asked to hold a mail without a sender: there is nobody to tell.
"""

import json
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import insert, select

from vault.address import Address
from vault.contents import ciphertext
from vault.contents.spool import Spool
from vault.hold.settling import drop
from vault.hold.slip import Slip, seal_slip
from vault.keys import SealingKeys
from vault.origin import Origin
from vault.packages import facts
from vault.packages.depositing import unused_reference
from vault.packages.facts import Summary
from vault.secrets import mac
from vault.sending.posting import Kind, post
from vault.storage import tables, turns
from vault.storage.store import Store, Transaction
from vault.storage.tables import HoldState
from vault.trail.audit import NOWHERE, Act, record

_MAIL = "hold mark"
_NAMED_AT_MOST = 3  # recipients, in the letter to the sender
_ENDED = (HoldState.WITHDRAWN, HoldState.REFUSED, HoldState.EXPIRED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Hold:
    """A mail to hold. `spool` is finished; `because` names rules; `expires_at` is aware.

    `approval` says whether its owner may ask for approval, for the letter.
    """

    spool: Spool
    owner: Address
    slip: Slip = field(repr=False)
    expires_at: datetime
    approval: bool = False
    summary: Summary = field(default=Summary(), repr=False)
    because: tuple[str, ...] = ()
    policy: str = ""
    origin: Origin = NOWHERE


@dataclass(frozen=True, slots=True)
class Receipt:
    """That a mail is held."""

    reference: str
    hold_id: str
    duplicate: bool


def hold(store: Store, keys: SealingKeys, wanted: Hold) -> Receipt:
    """Hold a mail and tell its owner; when this returns it survives a power cut.

    The same mail sent again while it is held, or within the duplicate window after it was released,
    is the same hold; one that was withdrawn, refused or has expired is held anew. Raises
    StoreUnavailable, after which the caller aborts the spool.
    """
    mark = _mark(keys, wanted)
    stored = wanted.spool._durable(store.settings.content_inline_limit)  # noqa: SLF001 - vault's own
    with store.writing(turns.mail(mark)) as tx:
        receipt = _earlier(tx, mark, store) or _write(tx, keys, wanted, stored, mark)
    if receipt.duplicate:
        drop(store, stored)
    return receipt


def _mark(keys: SealingKeys, wanted: Hold) -> bytes:
    """Recognise the same mail again: owner, envelope and content."""
    slip = wanted.slip
    envelope = json.dumps([str(slip.sender), *sorted(map(str, slip.recipients))])
    return mac(
        keys.marks, _MAIL, str(wanted.owner).encode(), envelope.encode(), wanted.spool.digest
    )


def _earlier(tx: Transaction, mark: bytes, store: Store) -> Receipt | None:
    hold = tables.holds.c
    since = tx.now - store.settings.duplicate_window
    chosen = (hold.mark == mark, hold.held_at > since, hold.state.not_in(_ENDED))
    same = select(hold.reference, hold.id).where(*chosen).order_by(hold.held_at.desc())
    row = tx.execute(same.limit(1)).one_or_none()
    return None if row is None else Receipt(row.reference, row.id, duplicate=True)


def _write(
    tx: Transaction, keys: SealingKeys, wanted: Hold, stored: bytes | str, mark: bytes
) -> Receipt:
    hold_id, key = wanted.spool.id, wanted.spool._key  # noqa: SLF001 - vault's own
    drawn = unused_reference(tx)
    ciphertext.keep(tx, hold_id, stored, wanted.spool.size)
    row = {
        "id": hold_id,
        "reference": drawn,
        "owner": str(wanted.owner),
        "held_at": tx.now,
        "expires_at": wanted.expires_at,
        "mark": mark,
        "size": wanted.spool.size,
        "content_id": hold_id,
        "wrapped": facts.wrap_key(keys.vault, hold_id, key),
        "summary": facts.seal_summary(wanted.summary, hold_id, key),
        "slip": seal_slip(wanted.slip, keys.vault, hold_id),
        "policy": wanted.policy,
        "because": json.dumps(wanted.because),
    }
    tx.execute(insert(tables.holds), [row])
    actor, origin = str(wanted.owner), wanted.origin
    because = {"detail": drawn, "policy": wanted.policy}
    record(tx, Act.HOLD_BEGUN, package_id=hold_id, actor=actor, origin=origin, **because)
    post(tx, keys, Kind.HELD, wanted.owner, _told(wanted, drawn))
    return Receipt(drawn, hold_id, duplicate=False)


def _told(wanted: Hold, drawn: str) -> dict[str, str]:
    to = [str(recipient) for recipient in wanted.slip.recipients]
    return {
        "reference": drawn,
        "hold_id": wanted.spool.id,
        "recipients": "\n".join(to[:_NAMED_AT_MOST]),
        "others": str(max(0, len(to) - _NAMED_AT_MOST)),
        "reasons": "\n".join(wanted.slip.reasons),
        "expires_at": wanted.expires_at.isoformat(),
        "approval": "yes" if wanted.approval else "",
    }
