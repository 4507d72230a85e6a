"""Retrieving: opening a package for someone who may, after it is on record.

Promises that the audit line is committed before anything is opened, so that nothing was ever read
without a trace; and that a denial of an existing package is on record too.
Must never be imported by the SMTP door.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from typing import Protocol

from sqlalchemy import func, select, update

from vault.address import Address
from vault.contents import ciphertext
from vault.errors import AccessDenied, Denial, SecondLocked
from vault.keys.opening import OpeningKeys
from vault.origin import Origin
from vault.packages import access
from vault.packages.facts import PackageFacts, Summary, open_summary
from vault.storage import tables, turns
from vault.storage.store import Store, Transaction
from vault.trail.audit import Act, record

DENIALS_APART = timedelta(minutes=1)
_DOWNLOADS = {Act.ATTACHMENT_DOWNLOADED, Act.ORIGINAL_DOWNLOADED}


class Reading(Protocol):
    """Yields a message in pieces, anew at each call: all of it, or the bytes `start` to `stop`."""

    def __call__(self, start: int = 0, stop: int | None = None) -> Iterator[bytes]:
        """Begin; raises StoreUnavailable or Tampered, before any piece that is not authentic."""
        ...


@dataclass(frozen=True, slots=True)
class Opened:
    """A package opened for one reader, and what gives its message."""

    package: PackageFacts
    summary: Summary = field(repr=False)
    read: Reading = field(repr=False)


def retrieve(
    store: Store,
    keys: OpeningKeys,
    reader: Address,
    package_id: str,
    act: Act,
    origin: Origin,
    detail: str = "",
) -> Opened:
    """Open a package for `reader`, on record as `act`.

    Raises AccessDenied; SecondLocked, with nothing on record; StoreUnavailable, when the audit
    line cannot be written; Tampered.
    """
    denied: AccessDenied | None = None
    with store.writing(turns.package(package_id)) as tx:
        try:
            facts = access.check(tx, package_id, reader, act)
        except AccessDenied as refused:
            denied = refused
            _record_denial(tx, package_id, reader, origin, refused.denial)
        else:
            package = tables.packages.c
            columns = (package.content_id, package.wrapped, package.second_lock, package.summary)
            row = tx.execute(select(*columns).where(package.id == package_id)).one()
            if row.second_lock is not None and package_id not in keys.second:
                raise SecondLocked
            actor = str(reader)
            record(tx, act, package_id=package_id, actor=actor, origin=origin, detail=detail)
            _count(tx, package_id, reader, act)
    if denied is not None:
        raise denied
    key = keys.content_key(package_id, row.wrapped, row.second_lock)
    summary = open_summary(row.summary, package_id, key)
    return Opened(facts, summary, partial(ciphertext.read, store, row.content_id, key))


def recheck(store: Store, reader: Address, package_id: str) -> None:
    """Make sure that `reader` still may; raises AccessDenied. Cheap, for between two pieces."""
    with store.reading() as tx:
        access.check(tx, package_id, reader)


def _count(tx: Transaction, package_id: str, reader: Address, act: Act) -> None:
    """Note on the reader's grant that it was used; an owner has none."""
    grant = tables.grants
    more = 1 if act in _DOWNLOADS else 0
    opened = func.coalesce(grant.c.opened_at, tx.now)
    used = {"opened_at": opened, "downloads": grant.c.downloads + more}
    chosen = (grant.c.package_id == package_id, grant.c.address == str(reader))
    tx.execute(update(grant).where(*chosen).values(**used))


def _record_denial(
    tx: Transaction, package_id: str, reader: Address, origin: Origin, denial: Denial
) -> None:
    """Put a denial on record, once a minute for the same reader, place and reason.

    An invented identifier leaves no line: there is no package whose owner it could concern.
    """
    package, event = tables.packages.c, tables.events.c
    if tx.execute(select(package.id).where(package.id == package_id)).first() is None:
        return
    recent = select(event.id).where(
        event.package_id == package_id,
        event.at > tx.now - DENIALS_APART,
        event.act == Act.ACCESS_DENIED,
        event.actor == str(reader),
        event.ip == origin.ip,
        event.detail == denial.value,
    )
    if tx.execute(recent.limit(1)).first() is None:
        denied, actor, detail = Act.ACCESS_DENIED, str(reader), denial.value
        record(tx, denied, package_id=package_id, actor=actor, origin=origin, detail=detail)
