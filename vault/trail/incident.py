"""An incident: what is known of a message that went to somebody who should not have it.

For whoever must decide within 72 hours whether a supervisory authority is told (UK GDPR,
article 33): who was sent it, who has opened or downloaded it and from where, which kinds of
personal data detectors found in it, and what happened when.

Promises that it is made of the record alone: no key is needed for it, and neither subject nor
content nor any value that was found is in it. Must never make more of an act than it was.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select

from vault.address import Address
from vault.errors import AccessDenied, Denial
from vault.keys import SealingKeys
from vault.origin import Origin
from vault.packages import reference
from vault.sending.posting import Kind, post
from vault.storage import tables
from vault.storage.store import Store, Transaction
from vault.storage.tables import GrantState
from vault.trail import evidence
from vault.trail.audit import NOT_FOR_OWNERS, Act, Event, event_of, record

CLOCK = timedelta(hours=72)
APART = timedelta(hours=1)  # between two letters about one package
_DOWNLOADS = frozenset({Act.ATTACHMENT_DOWNLOADED, Act.ORIGINAL_DOWNLOADED, Act.PACKAGE_PRINTED})
_COPIES = {
    Act.RELAY_QUEUED: "waiting to be sent",
    Act.RELAY_DELAYED: "delayed",
    Act.RELAY_DONE: "sent",
    Act.RELAY_BOUNCED: "not delivered",
    Act.RELAY_UNSAFE: "not sent",
    Act.QUEUE_DROPPED: "given up",
}


@dataclass(frozen=True, slots=True)
class Touch:
    """One time that somebody, signed in, saw or took the message, or was turned away."""

    at: datetime
    act: Act
    origin: Origin
    detail: str


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who was given access. `notice` says how far the email with the link came."""

    address: str
    given_at: datetime
    has_access: bool
    notice: str
    touches: tuple[Touch, ...]

    @property
    def opened(self) -> tuple[Touch, ...]:
        """When they were shown it."""
        return tuple(one for one in self.touches if one.act is Act.PACKAGE_OPENED)

    @property
    def downloaded(self) -> tuple[Touch, ...]:
        """When they were given something to keep: a download, or the view for paper."""
        return tuple(one for one in self.touches if one.act in _DOWNLOADS)

    @property
    def denied(self) -> tuple[Touch, ...]:
        """When they were turned away."""
        return tuple(one for one in self.touches if one.act is Act.ACCESS_DENIED)


@dataclass(frozen=True, slots=True)
class ClearCopy:
    """Somebody who got the mail without sealing: it cannot be withdrawn."""

    address: str
    state: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Incident:
    """Everything that is on record of one package. Times are aware UTC; `size` is in bytes.

    `found` counts the different values by detector; empty also where no rule asked for any.
    `aware_at` is when access was first withdrawn: the clock runs from there at the latest.
    """

    package_id: str
    reference: str
    author: str
    owner: str
    sealed_at: datetime
    expires_at: datetime | None
    size: int
    rules: tuple[str, ...]
    found: Mapping[str, int]
    policy: str
    people: tuple[Person, ...]
    copies: tuple[ClearCopy, ...]
    fetches: tuple[Event, ...]
    events: tuple[Event, ...] = field(repr=False)
    aware_at: datetime
    made_at: datetime

    @property
    def deadline(self) -> datetime:
        """When the 72 hours end."""
        return self.aware_at + CLOCK

    @property
    def withdrawn(self) -> tuple[Person, ...]:
        """Who has access no longer."""
        return tuple(one for one in self.people if not one.has_access)

    @property
    def has_been_seen(self) -> bool:
        """Whether anybody whose access was withdrawn has been shown the message, or given it."""
        return any(one.opened or one.downloaded for one in self.withdrawn)


def gather(
    store: Store, package_id: str, *, by: str, origin: Origin, on_behalf_of: str | None = None
) -> Incident:
    """Gather what is known of a package, on record as asked for `by` somebody.

    `on_behalf_of` is its owner where only that one may see it. Raises AccessDenied(UNKNOWN) if
    there is no such package, or it is not theirs, or nobody's access to it was ever withdrawn.
    """
    with store.writing() as tx:
        found = _gathered(tx, package_id, on_behalf_of)
        act = Act.INCIDENT_REPORTED
        record(tx, act, package_id=package_id, actor=by, origin=origin)
    return found


def announce(
    tx: Transaction,
    sealing: SealingKeys,
    package_id: str,
    owner: Address,
    officer: Address | None,
) -> None:
    """Tell owner and data protection officer that access was withdrawn, and where the report is.

    In the caller's transaction; once an hour for a package, however many recipients there are.
    """
    row, package = tables.outbox.c, tables.packages.c
    told = select(row.id).where(
        row.package_id == package_id, row.kind == Kind.INCIDENT, row.queued_at > tx.now - APART
    )
    if tx.execute(told.limit(1)).first() is not None:
        return
    name = tx.execute(select(package.reference).where(package.id == package_id)).scalar_one()
    fields = {
        "reference": name,
        "package_id": package_id,
        "owner": str(owner),
        "deadline": (tx.now + CLOCK).isoformat(),
    }
    for to in dict.fromkeys(one for one in (owner, officer) if one is not None):
        post(tx, sealing, Kind.INCIDENT, to, fields, package_id=package_id, sender=owner)


def find(store: Store, typed: str) -> str | None:
    """Return the id of the package with a reference, as people type it; None if there is none."""
    package = tables.packages.c
    plain = reference.plain(typed)
    wanted = select(package.id).where(package.reference == f"{plain[:4]}-{plain[4:]}")
    with store.reading() as tx:
        found: str | None = tx.execute(wanted).scalar()
    return found


def was_withdrawn(events: Iterable[Event]) -> bool:
    """Say whether access was ever withdrawn: from then on there is something to report."""
    return any(event.act is Act.ACCESS_REVOKED for event in events)


def _gathered(tx: Transaction, package_id: str, owner: str | None) -> Incident:
    package, grant, event = tables.packages, tables.grants, tables.events
    row = tx.execute(select(package).where(package.c.id == package_id)).mappings().one_or_none()
    if row is None or owner not in {None, row["owner"]}:
        raise AccessDenied(Denial.UNKNOWN)
    wanted = select(event).where(event.c.package_id == package_id)
    told = tx.execute(wanted.order_by(event.c.at, event.c.number, event.c.id)).mappings()
    everything = (*evidence.events(tx, package_id), *map(event_of, told))
    hidden = NOT_FOR_OWNERS if owner is not None else ()
    events = tuple(one for one in everything if one.act not in hidden)
    withdrawn = [one.at for one in events if one.act is Act.ACCESS_REVOKED]
    if not withdrawn:
        raise AccessDenied(Denial.UNKNOWN)
    grants = select(grant).where(grant.c.package_id == package_id).order_by(grant.c.id)
    return Incident(
        package_id=package_id,
        reference=row["reference"],
        author=row["author"],
        owner=row["owner"],
        sealed_at=row["sealed_at"],
        expires_at=row["expires_at"],
        size=row["size"],
        rules=tuple(json.loads(row["because"])),
        found=json.loads(row["found"]),
        policy=row["policy"],
        people=tuple(_person(one, events) for one in tx.execute(grants).mappings()),
        copies=_copies(events),
        fetches=tuple(one for one in events if one.act is Act.LINK_FETCHED),
        events=events,
        aware_at=min(withdrawn),
        made_at=tx.now,
    )


def _person(grant: Mapping[Any, Any], events: Iterable[Event]) -> Person:
    address = grant["address"]
    seen = {Act.PACKAGE_OPENED, Act.ACCESS_DENIED} | _DOWNLOADS
    touches = (one for one in events if one.actor == address and one.act in seen)
    return Person(
        address=address,
        given_at=grant["added_at"],
        has_access=grant["state"] == GrantState.ACTIVE,
        notice=str(grant["notice"]),
        touches=tuple(Touch(one.at, one.act, one.origin, one.detail) for one in touches),
    )


def _copies(events: Iterable[Event]) -> tuple[ClearCopy, ...]:
    copies: dict[str, ClearCopy] = {}
    for one in events:
        if one.act in _COPIES and (one.act is not Act.QUEUE_DROPPED or one.subject in copies):
            copies[one.subject] = ClearCopy(one.subject, _COPIES[one.act], one.at)
    return tuple(copies.values())
