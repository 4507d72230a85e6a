"""Held mails: what becomes of one until it is settled. `vault.hold.holding` takes it in.

    fix       change envelope or subject            release   send what it has become
    withdraw  nobody gets it                        expire    the same, by the clock

Promises that each is one transaction with its audit line; that a held mail is settled once, so that
it is sent once or never, whoever is faster; that nobody releases another revision than the one they
looked at; and that a settled mail leaves nothing that could be opened.
Must never decide whether a mail may go: whoever calls `release` has asked the policy.
"""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import delete, select, update

from vault.address import Address
from vault.contents import ciphertext
from vault.errors import AccessDenied, Denial, NotHeld, Outdated, StoreUnavailable
from vault.hold.slip import Slip, seal_slip
from vault.keys import SealingKeys
from vault.origin import Origin
from vault.packages.deposit import Deposit, Receipt
from vault.packages.depositing import deposit_within, turns_of
from vault.packages.facts import address_of
from vault.sending.posting import Kind, post
from vault.storage import tables, turns
from vault.storage.store import Store, Transaction
from vault.storage.tables import HoldState
from vault.trail.audit import Act, record

_EXPIRED_AT_ONCE = 100
_SETTLED = {"wrapped": None, "content_id": None, "summary": b"", "slip": b""}
Row = Mapping[Any, Any]


def fix(
    store: Store,
    keys: SealingKeys,
    owner: Address,
    hold_id: str,
    revision: int,
    slip: Slip,
    origin: Origin,
    confirmed: Iterable[Address] = (),
) -> int:
    """Replace the slip of a held mail and return its new revision; what was asked is void.

    `confirmed` are the addresses that the owner says are right and had not said before. Raises
    AccessDenied(UNKNOWN) unless `owner` is it, NotHeld, Outdated.
    """
    with store.writing(turns.hold(hold_id)) as tx:
        row = unsettled(tx, owned(tx, hold_id, owner), revision)
        sealed = seal_slip(slip, keys.vault, hold_id)
        change(tx, hold_id, slip=sealed, revision=row["revision"] + 1, asked_at=None)
        asked = tables.hold_approvers
        tx.execute(delete(asked).where(asked.c.hold_id == hold_id))
        record(tx, Act.HOLD_FIXED, package_id=hold_id, actor=str(owner), origin=origin)
        for one in map(str, confirmed):
            who = {"actor": str(owner), "subject": one}
            record(tx, Act.HOLD_CONFIRMED, package_id=hold_id, origin=origin, **who)
        return int(row["revision"]) + 1


def release(
    store: Store,
    keys: SealingKeys,
    owner: Address,
    hold_id: str,
    revision: int,
    wanted: Deposit,
    origin: Origin,
) -> Receipt:
    """Send what a held mail has become: deposit it and destroy what was held, both or neither.

    `wanted` is deposited under the owner's name and the reference people know. Raises
    AccessDenied(UNKNOWN) unless `owner` is it, NotHeld, Outdated, StoreUnavailable.
    """
    stored = wanted.spool._durable(store.settings.content_inline_limit)  # noqa: SLF001 - vault's own
    with dropped_if_refused(store, stored), store.writing(*about(keys, hold_id, wanted)) as tx:
        row = unsettled(tx, owned(tx, hold_id, owner), revision)
        return send(tx, store, keys, row, wanted, stored, owner, origin)


def withdraw(store: Store, owner: Address, hold_id: str, origin: Origin) -> None:
    """Take a held mail back: nobody gets it. AccessDenied(UNKNOWN) for non-owners; NotHeld."""
    with store.writing(turns.hold(hold_id)) as tx:
        row = unsettled(tx, owned(tx, hold_id, owner))
        settle(tx, store, row, HoldState.WITHDRAWN, owner)
        record(tx, Act.HOLD_WITHDRAWN, package_id=hold_id, actor=str(owner), origin=origin)


def expire(store: Store, keys: SealingKeys) -> int:
    """Settle what was held for too long and tell its owners; returns how many mails."""
    row = tables.holds.c
    with store.reading() as tx:
        late = select(row.id).where(*_due(tx.now)).order_by(row.expires_at)
        ids = tx.execute(late.limit(_EXPIRED_AT_ONCE)).scalars().all()
    if not ids:
        return 0
    with store.writing(*map(turns.hold, ids)) as tx:
        due = select(tables.holds).where(row.id.in_(ids), *_due(tx.now)).order_by(row.expires_at)
        over = tx.execute(due).mappings().all()
        for one in over:
            settle(tx, store, one, HoldState.EXPIRED)
            tell(tx, keys, one, HoldState.EXPIRED)
            record(tx, Act.HOLD_EXPIRED, package_id=one["id"])
    return len(over)


# What the acts share, `vault.hold.approval` among them


def about(keys: SealingKeys, hold_id: str, wanted: Deposit) -> tuple[str, ...]:
    """Return what a transaction is about in which a held mail is sent."""
    return (turns.hold(hold_id), *turns_of(keys, wanted))


def known(tx: Transaction, hold_id: str) -> Row:
    """Return the row of a held mail; raises AccessDenied(UNKNOWN)."""
    hold = tables.holds
    found = tx.execute(select(hold).where(hold.c.id == hold_id)).mappings().one_or_none()
    if found is None:
        raise AccessDenied(Denial.UNKNOWN)
    return found


def owned(tx: Transaction, hold_id: str, owner: Address) -> Row:
    """Return the row of a mail that is held for `owner`; raises AccessDenied(UNKNOWN)."""
    found = known(tx, hold_id)
    if found["owner"] != str(owner):
        raise AccessDenied(Denial.UNKNOWN)
    return found


def unsettled(tx: Transaction, row: Row, revision: int | None = None) -> Row:
    """Return the row if the mail is held still, and as it was looked at; NotHeld, Outdated."""
    if row["state"] != HoldState.HELD:
        raise NotHeld(row["state"])
    if row["expires_at"] <= tx.now:  # the clock has settled it, though nobody has written it down
        raise NotHeld(HoldState.EXPIRED)
    if revision is not None and row["revision"] != revision:
        raise Outdated
    return row


def change(tx: Transaction, hold_id: str, **values: object) -> None:
    """Write columns of a held mail."""
    tx.execute(update(tables.holds).where(tables.holds.c.id == hold_id).values(**values))


def settle(
    tx: Transaction,
    store: Store,
    row: Row,
    state: HoldState,
    by: Address | None = None,
    **more: object,
) -> None:
    """Give a held mail its end, and destroy its content."""
    values = {"state": state, "settled_at": tx.now, "settled_by": str(by or ""), **more}
    change(tx, row["id"], **values, **_SETTLED)
    ciphertext.release(tx, store, row["content_id"])


def send(
    tx: Transaction,
    store: Store,
    keys: SealingKeys,
    row: Row,
    wanted: Deposit,
    stored: bytes | str,
    by: Address,
    origin: Origin,
) -> Receipt:
    """Deposit what a held mail has become, in the caller's transaction, and settle it."""
    mail = replace(wanted, author=address_of(row["owner"]), reference=row["reference"])
    receipt = deposit_within(tx, keys, mail, stored)
    settle(tx, store, row, HoldState.RELEASED, by, package_id=receipt.package_id)
    act, actor = Act.HOLD_RELEASED, str(by)
    for trail in filter(None, (row["id"], receipt.package_id)):
        record(tx, act, package_id=trail, actor=actor, origin=origin, detail=row["reference"])
    return receipt


def tell(
    tx: Transaction, keys: SealingKeys, row: Row, how: HoldState, *, answered: bool = False
) -> None:
    """Queue a letter to the owner that says how a held mail has ended."""
    fields = {
        "reference": row["reference"],
        "hold_id": row["id"],
        "how": how.value,
        "answered": "yes" if answered else "",
    }
    post(tx, keys, Kind.SETTLED, address_of(row["owner"]), fields)


@contextmanager
def dropped_if_refused(store: Store, stored: bytes | str) -> Iterator[None]:
    """Delete the content of a deposit that is refused within the block.

    After a failure of the store it may be in use: then it is left for the sweep.
    """
    try:
        yield
    except (AccessDenied, NotHeld, Outdated):
        drop(store, stored)
        raise


def drop(store: Store, stored: bytes | str) -> None:
    """Delete a content that no row names."""
    if isinstance(stored, str):
        with suppress(StoreUnavailable):  # it is swept later
            store.contents.delete(stored)


def _due(now: datetime) -> tuple[Any, ...]:
    row = tables.holds.c
    return row.state == HoldState.HELD, row.expires_at <= now
