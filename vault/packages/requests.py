"""Asking for access: someone with a forwarded link asks, the owner decides.

Promises that asking tells a stranger nothing: whether the package exists, whether they have asked
before or too often, all end the same way, in silence.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, insert, select, update

from vault import identifier
from vault.address import Address
from vault.errors import AccessDenied, Denial
from vault.keys import SealingKeys
from vault.origin import Origin
from vault.packages import access
from vault.packages.facts import address_of
from vault.packages.grants import Change, admit, set_expiry
from vault.sending.notice import post_again
from vault.sending.posting import Kind, post
from vault.storage import tables, turns
from vault.storage.store import Store, Transaction
from vault.storage.tables import RequestState
from vault.trail.audit import Act, record

WINDOW = timedelta(hours=24)
A_READER = 20  # stored requests of one reader in the window
A_PACKAGE = 3  # of these, for one package
MOST_SHOWN = 50  # that wait for an owner: who has a link may ask, and be many
# Who may open it, or will, need not ask; and nobody can grant what is destroyed.
_NOT_ASKED = {None, Denial.NOT_YET, Denial.CLOSED, Denial.DESTROYED}


@dataclass(frozen=True, slots=True)
class Request:
    """A request that waits for the owner."""

    id: str
    requester: Address
    asked_at: datetime
    package_id: str
    reference: str


def ask(
    store: Store, sealing: SealingKeys, reader: Address, package_id: str, origin: Origin
) -> None:
    """Ask the owner to let `reader` open the package.

    Someone who has a grant and comes too late asks for more time. Nothing happens if it does not
    exist, if its content is destroyed, if they may open it already or will, if they have a request
    pending, or if they have asked too often.
    """
    with store.writing(turns.package(package_id), turns.reader(str(reader))) as tx:
        package = tables.packages.c
        wanted = select(package.owner, package.reference, package.expires_at)
        found = tx.execute(wanted.where(package.id == package_id)).one_or_none()
        denial = _denial(tx, package_id, reader)
        if found is None or denial in _NOT_ASKED or _enough(tx, package_id, reader):
            return
        late = denial is Denial.EXPIRED
        row = {
            "id": identifier.draw(),
            "package_id": package_id,
            "requester": str(reader),
            "asked_at": tx.now,
        }
        tx.execute(insert(tables.access_requests), [row])
        fields = {
            "reference": found.reference,
            "package_id": package_id,
            "requester": str(reader),
            "expired_at": found.expires_at.isoformat() if late and found.expires_at else "",
        }
        owner = address_of(found.owner)
        post(tx, sealing, Kind.ACCESS_REQUEST, owner, fields, package_id=package_id)
        act, actor = Act.EXTENSION_ASKED if late else Act.ACCESS_REQUESTED, str(reader)
        record(tx, act, package_id=package_id, actor=actor, subject=actor, origin=origin)


def pending(store: Store, owner: Address, package_id: str | None = None) -> list[Request]:
    """Return what waits for `owner`, oldest first: for one package, or for all (None).

    At most `MOST_SHOWN`; the others come up as these are answered.
    """
    request, package = tables.access_requests, tables.packages
    wanted = (
        select(request, package.c.reference)
        .join(package, package.c.id == request.c.package_id)
        .where(package.c.owner == str(owner), request.c.state == RequestState.PENDING)
        .order_by(request.c.asked_at, request.c.id)
        .limit(MOST_SHOWN)
    )
    if package_id is not None:
        wanted = wanted.where(package.c.id == package_id)
    with store.reading() as tx:
        return [
            Request(
                id=row.id,
                requester=address_of(row.requester),
                asked_at=row.asked_at,
                package_id=row.package_id,
                reference=row.reference,
            )
            for row in tx.execute(wanted)
        ]


def approve(
    store: Store,
    sealing: SealingKeys,
    owner: Address,
    request_id: str,
    origin: Origin,
    *,
    until: datetime | None = None,
) -> None:
    """Let the requester in and tell them; with `until` the package expires then, and not before.

    An expired package stays expired without. Raises AccessDenied(UNKNOWN) unless it waits for
    `owner`, DESTROYED when there is nothing to open.
    """
    with store.writing() as tx:
        package_id, requester = _take(tx, owner, request_id, RequestState.APPROVED)
        access.living(tx, package_id, owner)
        change = Change(tx, package_id, owner, origin)
        if until is not None:
            set_expiry(change, until)
        admit(change, sealing, requester)
        if until is not None:  # whoever had access all along is told as well
            post_again(tx, sealing, package_id, requester)


def decline(
    store: Store, sealing: SealingKeys, owner: Address, request_id: str, origin: Origin
) -> None:
    """Decline, and tell the requester; raises AccessDenied(UNKNOWN) unless it waits for `owner`."""
    with store.writing() as tx:
        package_id, requester = _take(tx, owner, request_id, RequestState.DECLINED)
        fields = {"reference": access.owned(tx, package_id, owner)["reference"]}
        post(tx, sealing, Kind.ACCESS_DECLINED, requester, fields, package_id=package_id)
        act, actor, subject = Act.ACCESS_DECLINED, str(owner), str(requester)
        record(tx, act, package_id=package_id, actor=actor, subject=subject, origin=origin)


def _denial(tx: Transaction, package_id: str, reader: Address) -> Denial | None:
    try:
        access.check(tx, package_id, reader)
    except AccessDenied as refused:
        return refused.denial
    return None


def _enough(tx: Transaction, package_id: str, reader: Address) -> bool:
    request = tables.access_requests.c
    by_reader = request.requester == str(reader)
    here = request.package_id == package_id
    waiting = select(request.id).where(by_reader, here, request.state == RequestState.PENDING)
    if tx.execute(waiting).first() is not None:
        return True
    lately = select(func.count()).where(by_reader, request.asked_at > tx.now - WINDOW)
    everywhere = tx.execute(lately).scalar() or 0
    return everywhere >= A_READER or (tx.execute(lately.where(here)).scalar() or 0) >= A_PACKAGE


def _take(
    tx: Transaction, owner: Address, request_id: str, state: RequestState
) -> tuple[str, Address]:
    request = tables.access_requests
    chosen = (request.c.id == request_id, request.c.state == RequestState.PENDING)
    of = tx.execute(select(request.c.package_id).where(*chosen)).scalar()
    tx.take_turns(turns.package(of))
    found = tx.execute(select(request).where(*chosen)).one_or_none()
    if found is None:
        raise AccessDenied(Denial.UNKNOWN)
    access.owned(tx, found.package_id, owner)
    tx.execute(update(request).where(*chosen).values(state=state, decided_at=tx.now))
    return found.package_id, address_of(found.requester)
