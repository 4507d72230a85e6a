"""Searching for a person: which packages have to do with an address, by what is in the clear.

For a request of access (UK GDPR, article 15). Addresses are looked for where the vault has them:
of who sent or owns a package, may open it, has asked for access, or stands in the record of it,
here or where it was imported from. Upper and lower case are the same: a person is looked for.

Promises that the search is on record before anything is looked at, and flat memory: packages are
gone through in batches. Must never look into a message or a summary; so a person whom a message
only tells of is not found.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, func, or_, select

from vault.address import Address
from vault.domain import ASCII_LOWER
from vault.errors import VaultError
from vault.storage import tables
from vault.storage.store import Store, Transaction
from vault.trail.audit import Act, printable, record

AT_ONCE = 500
_PACKAGE = tables.packages.c
_SHOWN = (
    _PACKAGE.id,
    _PACKAGE.reference,
    _PACKAGE.author,
    _PACKAGE.owner,
    _PACKAGE.sealed_at,
    _PACKAGE.size,
    _PACKAGE.wrapped.is_(None).label("destroyed"),
    _PACKAGE.second_lock.is_not(None).label("locked"),
)


class NoReason(VaultError):
    """A search needs a reason: it goes on record."""


class Part(StrEnum):
    """What a person has to do with a package."""

    AUTHOR = "sent it"
    OWNER = "owns it"
    RECIPIENT = "was given access"
    REQUESTER = "asked for access"
    NAMED = "is named in its record"


@dataclass(frozen=True, slots=True)
class Found:
    """A package that has to do with the person. `size` is in bytes."""

    package_id: str
    reference: str
    author: str
    sealed_at: datetime
    size: int
    destroyed: bool
    locked: bool
    parts: tuple[Part, ...]


def count(store: Store) -> int:
    """Return how many packages a search goes through."""
    with store.reading() as tx:
        return int(tx.execute(select(func.count()).select_from(tables.packages)).scalar() or 0)


def find(
    store: Store, person: Address, by: str, reason: str, told: Callable[[int], object] = int
) -> Iterator[Found]:
    """Put the search on record, and yield what is found, in the order of ids.

    `told` hears of every so many packages. Raises NoReason; StoreUnavailable, and then nothing was
    looked at that is not on record.
    """
    if not (why := printable(reason)):
        raise NoReason("say why: it goes on record")
    with store.writing() as tx:
        act, subject = Act.SEARCH_MADE, str(person)
        record(tx, act, actor=printable(by), subject=subject, detail=why)
    last = ""
    while True:
        wanted = select(*_SHOWN).where(_PACKAGE.id > last).order_by(_PACKAGE.id)
        with store.reading() as tx:
            rows = tx.execute(wanted.limit(AT_ONCE)).mappings().all()
            parts = _parts(tx, [row["id"] for row in rows], person) if rows else {}
        if not rows:
            return
        for row in rows:
            own = [
                part
                for part, name in ((Part.AUTHOR, "author"), (Part.OWNER, "owner"))
                if row[name].translate(ASCII_LOWER) == person.folded()
            ]
            if own := [*own, *parts.get(row["id"], ())]:
                yield _found(row, own)
        told(len(rows))
        last = rows[-1]["id"]


def _parts(tx: Transaction, ids: Sequence[str], person: Address) -> dict[str, list[Part]]:
    grant, request = tables.grants.c, tables.access_requests.c
    event, line = tables.events.c, tables.imported_lines.c
    looked: list[tuple[Part, Any, ColumnElement[bool]]] = [
        (Part.RECIPIENT, grant.package_id, grant.folded == person.folded()),
        (Part.REQUESTER, request.package_id, _is(request.requester, person)),
        (Part.NAMED, event.package_id, _names(event, person)),
        (Part.NAMED, line.package_id, _names(line, person)),
    ]
    found: dict[str, list[Part]] = {}
    for part, package_id, is_theirs in looked:
        wanted = select(package_id).where(package_id.in_(ids), is_theirs).distinct()
        for one in tx.execute(wanted).scalars():
            if part not in (parts := found.setdefault(one, [])):
                parts.append(part)
    return found


def _names(row: Any, person: Address) -> ColumnElement[bool]:
    return or_(_is(row.actor, person), _is(row.subject, person))


def _is(column: Any, person: Address) -> ColumnElement[bool]:
    return or_(column == str(person), func.lower(column) == person.folded())


def _found(row: Any, parts: list[Part]) -> Found:
    return Found(
        package_id=row["id"],
        reference=row["reference"],
        author=row["author"],
        sealed_at=row["sealed_at"],
        size=row["size"],
        destroyed=bool(row["destroyed"]),
        locked=bool(row["locked"]),
        parts=tuple(parts),
    )
