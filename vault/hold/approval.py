"""Approving a held mail: its sender asks, somebody whom the policy names answers.

    ask       tell the approvers                    approve   send it
                                                    decline   nobody gets it

Promises that only those answer who were asked, never about a mail of their own, and only about the
revision that they have looked at: when the mail is changed, nobody is asked any more.
Must never keep an approver's words in a form that could be read.
"""

from collections.abc import Iterable

from sqlalchemy import insert, select

from vault.address import Address
from vault.errors import AccessDenied, Denial
from vault.hold.settling import (
    Row,
    about,
    change,
    dropped_if_refused,
    known,
    owned,
    send,
    settle,
    tell,
    unsettled,
)
from vault.hold.slip import seal_answer
from vault.keys import SealingKeys
from vault.origin import Origin
from vault.packages.deposit import Deposit, Receipt
from vault.packages.facts import address_of
from vault.people.users import spellings
from vault.sending.posting import Kind, post
from vault.storage import tables, turns
from vault.storage.store import Store, Transaction
from vault.storage.tables import HoldState
from vault.trail.audit import Act, record


def ask(
    store: Store,
    keys: SealingKeys,
    owner: Address,
    hold_id: str,
    revision: int,
    whom: Iterable[Address],
    origin: Origin,
) -> bool:
    """Ask `whom` the policy names and tell each of them; a second time does nothing.

    The owner, under whichever of their addresses, is not asked; False if there is nobody else.
    Raises AccessDenied(UNKNOWN) unless `owner` is it, NotHeld, Outdated.
    """
    with store.writing(turns.hold(hold_id)) as tx:
        row = unsettled(tx, owned(tx, hold_id, owner), revision)
        if row["asked_at"] is not None:
            return True
        own = spellings(tx, owner)
        asked = sorted({one for one in whom if one.folded() not in own})
        if not asked:
            return False
        change(tx, hold_id, asked_at=tx.now)
        rows = [{"hold_id": hold_id, "address": str(approver)} for approver in asked]
        tx.execute(insert(tables.hold_approvers), rows)
        fields = {
            "reference": row["reference"],
            "hold_id": hold_id,
            "owner": row["owner"],
            "expires_at": row["expires_at"].isoformat(),
        }
        for approver in asked:
            post(tx, keys, Kind.APPROVAL, approver, fields)
            by, one = str(owner), str(approver)
            record(tx, Act.HOLD_ASKED, package_id=hold_id, actor=by, subject=one, origin=origin)
        return True


def approve(
    store: Store,
    keys: SealingKeys,
    approver: Address,
    hold_id: str,
    revision: int,
    wanted: Deposit,
    origin: Origin,
) -> Receipt:
    """Send a held mail as its sender left it, and tell the sender.

    Raises AccessDenied(UNKNOWN) unless `approver` was asked, NotHeld, Outdated, StoreUnavailable.
    """
    stored = wanted.spool._durable(store.settings.content_inline_limit)  # noqa: SLF001 - vault's own
    with dropped_if_refused(store, stored), store.writing(*about(keys, hold_id, wanted)) as tx:
        row = unsettled(tx, asked_of(tx, hold_id, approver), revision)
        record(tx, Act.HOLD_APPROVED, package_id=hold_id, actor=str(approver), origin=origin)
        receipt = send(tx, store, keys, row, wanted, stored, approver, origin)
        tell(tx, keys, row, HoldState.RELEASED)
        return receipt


def decline(
    store: Store,
    keys: SealingKeys,
    approver: Address,
    hold_id: str,
    revision: int,
    reason: str,
    origin: Origin,
) -> None:
    """Refuse a held mail for good: its content is destroyed, its sender told.

    `reason` is for the sender alone, on the page. Raises AccessDenied(UNKNOWN) unless `approver`
    was asked, NotHeld, Outdated.
    """
    with store.writing(turns.hold(hold_id)) as tx:
        row = unsettled(tx, asked_of(tx, hold_id, approver), revision)
        answer = seal_answer(reason, keys.vault, hold_id) if reason else b""
        settle(tx, store, row, HoldState.REFUSED, approver, answer=answer)
        tell(tx, keys, row, HoldState.REFUSED, answered=bool(reason))
        record(tx, Act.HOLD_DECLINED, package_id=hold_id, actor=str(approver), origin=origin)


def approvers(tx: Transaction, hold_id: str) -> list[Address]:
    """Return who was asked about a held mail, in order."""
    one = tables.hold_approvers.c
    rows = tx.execute(select(one.address).where(one.hold_id == hold_id).order_by(one.address))
    return [address_of(address) for address in rows.scalars()]


def asked_of(tx: Transaction, hold_id: str, approver: Address) -> Row:
    """Return the row of a mail that `approver` was asked about; raises AccessDenied(UNKNOWN)."""
    row = known(tx, hold_id)
    if row["asked_at"] is None or approver not in approvers(tx, hold_id):
        raise AccessDenied(Denial.UNKNOWN)
    return row
