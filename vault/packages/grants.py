"""Changing who may open a package, and until when. Only its owner can.

Promises that a change, its audit line and its notice are one transaction, and that a change counts
from its commit. Adding someone never encrypts the content again: a grant is a row.
"""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import insert, select, update

from vault.address import Address
from vault.errors import AccessDenied, Denial
from vault.keys import SealingKeys
from vault.origin import Origin
from vault.packages import access, lifetime
from vault.packages.facts import address_of
from vault.sending.notice import cancel_notices, post_again
from vault.storage import tables, turns
from vault.storage.store import Store, Transaction
from vault.storage.tables import GrantState, NoticeState, RequestState
from vault.trail import incident
from vault.trail.audit import Act, record


@dataclass(frozen=True, slots=True)
class Change:
    """A change to one package, within a transaction that found `owner` to be its owner."""

    tx: Transaction
    package_id: str
    owner: Address
    origin: Origin

    def record(self, act: Act, grantee: Address, detail: str = "") -> None:
        """Put an act that concerns one grantee on record."""
        record(
            self.tx,
            act,
            package_id=self.package_id,
            actor=str(self.owner),
            subject=str(grantee),
            origin=self.origin,
            detail=detail,
        )


def revoke(
    store: Store,
    owner: Address,
    package_id: str,
    address: Address | None,
    origin: Origin,
    *,
    sealing: SealingKeys | None = None,
    officer: Address | None = None,
) -> None:
    """Revoke one grant, or all (None); a notice never relayed is cancelled.

    With `sealing`, owner and data protection officer are told where the incident report is.
    Revoking what is revoked changes nothing. Raises AccessDenied(UNKNOWN) unless `owner` is it.
    """
    with store.writing(turns.package(package_id)) as tx:
        access.owned(tx, package_id, owner)
        change = Change(tx, package_id, owner, origin)
        grantees = _grantees(tx, package_id, address, GrantState.ACTIVE)
        for grantee in grantees:
            _set_state(tx, package_id, grantee, GrantState.REVOKED)
            cancel_notices(tx, package_id, grantee)
            change.record(Act.ACCESS_REVOKED, grantee)
        if grantees and sealing is not None:
            incident.announce(tx, sealing, package_id, owner, officer)


def restore(
    store: Store,
    sealing: SealingKeys,
    owner: Address,
    package_id: str,
    address: Address | None,
    origin: Origin,
) -> None:
    """Restore one revoked grant, or all (None), and tell whoever is told of this package.

    Raises AccessDenied(UNKNOWN) unless `owner` is it, DESTROYED when there is nothing to open.
    """
    with store.writing(turns.package(package_id)) as tx:
        access.living(tx, package_id, owner)
        change = Change(tx, package_id, owner, origin)
        for grantee in _grantees(tx, package_id, address, GrantState.REVOKED):
            _restore(change, sealing, grantee)


def add(
    store: Store,
    sealing: SealingKeys,
    owner: Address,
    package_id: str,
    address: Address,
    origin: Origin,
) -> None:
    """Let `address` open the package too, and tell them; raises AccessDenied as `restore` does.

    Someone revoked is restored. Someone who has access already is only told again if the last
    notice bounced.
    """
    with store.writing(turns.package(package_id)) as tx:
        access.living(tx, package_id, owner)
        admit(Change(tx, package_id, owner, origin), sealing, address)


def correct(
    store: Store,
    sealing: SealingKeys,
    owner: Address,
    package_id: str,
    mistaken: Address,
    right: Address,
    origin: Origin,
) -> None:
    """Let `right` open the package instead of `mistaken`, and tell them; one transaction.

    A Bcc stays a Bcc. Raises AccessDenied(UNKNOWN), also where `mistaken` has no access to lose.
    """
    grant = tables.grants
    if mistaken == right:
        raise ValueError("an address is not corrected to itself")
    with store.writing(turns.package(package_id)) as tx:
        access.living(tx, package_id, owner)
        change = Change(tx, package_id, owner, origin)
        chosen = (grant.c.package_id == package_id, grant.c.address == str(mistaken))
        wanted = select(grant.c.visible, grant.c.reports)
        active = grant.c.state == GrantState.ACTIVE
        before = tx.execute(wanted.where(*chosen, active)).one_or_none()
        if before is None:
            raise AccessDenied(Denial.UNKNOWN)
        others = (grant.c.package_id == package_id, grant.c.address == str(right))
        known = tx.execute(select(grant.c.id).where(*others)).scalar()
        _set_state(tx, package_id, mistaken, GrantState.REVOKED)
        cancel_notices(tx, package_id, mistaken)
        change.record(Act.ADDRESS_CORRECTED, right, str(mistaken))
        change.record(Act.ACCESS_REVOKED, mistaken)
        admit(change, sealing, right)
        if known is None:
            same = {"visible": before.visible, "reports": before.reports}
            tx.execute(update(grant).where(*others).values(**same))


def extend(
    store: Store,
    owner: Address,
    package_id: str,
    expires_at: datetime | None,
    origin: Origin,
) -> None:
    """Set when the package expires: later, sooner or never (None).

    Also after it has expired, until the content is destroyed. Raises AccessDenied(UNKNOWN), or
    DESTROYED.
    """
    with store.writing(turns.package(package_id)) as tx:
        set_expiry(Change(tx, package_id, owner, origin), expires_at)


def set_expiry(change: Change, expires_at: datetime | None) -> None:
    """Set when the package expires, and with it when its content goes and who is told of it when.

    In the caller's transaction. Raises AccessDenied(UNKNOWN), or DESTROYED when it is too late.
    """
    tx, package, grant = change.tx, tables.packages, tables.grants
    found = access.living(tx, change.package_id, change.owner)
    before = found["expires_at"]
    if before == expires_at:
        return
    begins = max(found["not_before"] or found["sealed_at"], found["sealed_at"])
    reports = found["owner"] == found["author"]
    ends = {
        "expires_at": expires_at,
        "destroy_at": lifetime.destruction(
            found["sealed_at"], expires_at, found["kept_after_expiry"], found["retention"]
        ),
        "report_at": lifetime.next_report(tx.now, begins, expires_at) if reports else None,
    }
    tx.execute(update(package).where(package.c.id == change.package_id).values(**ends))
    unopened = select(grant.c.id, grant.c.reminded).where(
        grant.c.package_id == change.package_id, grant.c.notify, grant.c.opened_at.is_(None)
    )
    for row in tx.execute(unopened).all():
        left = found["reminders"] - row.reminded
        due = lifetime.next_reminder(max(tx.now, begins), expires_at, left)
        tx.execute(update(grant).where(grant.c.id == row.id).values(remind_at=due))
    record(
        tx,
        Act.EXPIRY_CHANGED,
        package_id=change.package_id,
        actor=str(change.owner),
        origin=change.origin,
        detail=f"{_written(before)} -> {_written(expires_at)}",
    )


def admit(change: Change, sealing: SealingKeys, address: Address) -> None:
    """Let `address` in, and settle what they asked for, in the caller's transaction."""
    tx, package_id = change.tx, change.package_id
    _settle_request(change, address)
    grant = tables.grants
    chosen = (grant.c.package_id == package_id, grant.c.address == str(address))
    known = tx.execute(select(grant.c.state, grant.c.notice).where(*chosen)).one_or_none()
    if known is None:
        tx.execute(insert(grant), [_row(change, address)])
        change.record(Act.ACCESS_GRANTED, address)
        post_again(tx, sealing, package_id, address)
    elif known.state == GrantState.REVOKED:
        tx.execute(update(grant).where(*chosen).values(notify=True))
        _restore(change, sealing, address)
    elif known.notice == NoticeState.BOUNCED:
        post_again(tx, sealing, package_id, address)
        _remind_later(change, address)


def _row(change: Change, address: Address) -> dict[str, object]:
    tx, package = change.tx, tables.packages.c
    wanted = select(package.not_before, package.expires_at, package.reminders)
    terms = tx.execute(wanted.where(package.id == change.package_id)).one()
    begins = max(terms.not_before or tx.now, tx.now)
    return {
        "package_id": change.package_id,
        "address": str(address),
        "folded": address.folded(),
        "added_at": tx.now,
        "remind_at": lifetime.next_reminder(begins, terms.expires_at, terms.reminders),
    }


def _grantees(
    tx: Transaction, package_id: str, address: Address | None, state: GrantState
) -> list[Address]:
    grant = tables.grants.c
    wanted = select(grant.address).where(grant.package_id == package_id, grant.state == state)
    if address is not None:
        wanted = wanted.where(grant.address == str(address))
    return [address_of(row.address) for row in tx.execute(wanted.order_by(grant.id))]


def _restore(change: Change, sealing: SealingKeys, grantee: Address) -> None:
    tx, package_id, grant = change.tx, change.package_id, tables.grants.c
    _set_state(tx, package_id, grantee, GrantState.ACTIVE)
    change.record(Act.ACCESS_RESTORED, grantee)
    chosen = (grant.package_id == package_id, grant.address == str(grantee))
    if tx.execute(select(grant.notify).where(*chosen)).scalar():
        post_again(tx, sealing, package_id, grantee)
        _remind_later(change, grantee)


def _remind_later(change: Change, grantee: Address) -> None:
    """Set when a recipient who was told again is reminded, if any reminder is left."""
    tx, grant, package = change.tx, tables.grants, tables.packages.c
    chosen = (grant.c.package_id == change.package_id, grant.c.address == str(grantee))
    wanted = select(package.not_before, package.expires_at, package.reminders, grant.c.reminded)
    row = tx.execute(wanted.join(grant, grant.c.package_id == package.id).where(*chosen)).one()
    begins = max(row.not_before or tx.now, tx.now)
    due = lifetime.next_reminder(begins, row.expires_at, row.reminders - row.reminded)
    tx.execute(update(grant).where(*chosen).values(remind_at=due))


def _settle_request(change: Change, address: Address) -> None:
    request = tables.access_requests
    pending = update(request).where(
        request.c.package_id == change.package_id,
        request.c.requester == str(address),
        request.c.state == RequestState.PENDING,
    )
    change.tx.execute(pending.values(state=RequestState.APPROVED, decided_at=change.tx.now))


def _set_state(tx: Transaction, package_id: str, grantee: Address, state: GrantState) -> None:
    grant = tables.grants
    chosen = (grant.c.package_id == package_id, grant.c.address == str(grantee))
    tx.execute(update(grant).where(*chosen).values(state=state))


def _written(at: datetime | None) -> str:
    return at.isoformat(timespec="minutes") if at else "never"
