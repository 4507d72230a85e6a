"""Lists of packages, for readers and for senders, with their summaries opened.

Promises that a list shows a reader only what that reader may know: nobody but owner and author
sees a Bcc, or how far another recipient has come; a package that is denied shows no summary. And
that a list or a search takes as much memory for a million packages as for a hundred.
Must never be imported by the SMTP door: it opens summaries.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Select, and_, exists, func, not_, or_, select

from vault.address import Address
from vault.errors import Denial, SecondLocked
from vault.keys.opening import OpeningKeys
from vault.packages import access, reference
from vault.packages.facts import PackageFacts, Summary, address_of, facts_of, open_summary
from vault.storage import paging, tables
from vault.storage.paging import COUNTED, PAGE_SIZE, Page, Window
from vault.storage.store import Store, Transaction
from vault.storage.tables import GrantState, NoticeState
from vault.trail import evidence
from vault.trail.audit import NOT_FOR_OWNERS, Event, event_of, once_a_visit

MOST_TOGETHER = 100  # packages of a conversation that are shown with one of them
_AT_ONCE = 500  # packages that a search holds
_LOCKED = Summary(subject="Locked message")
Row = Mapping[Any, Any]


@dataclass(frozen=True, slots=True)
class GrantLine:
    """A recipient in a list. To other recipients only address and time are shown."""

    address: Address
    state: str
    visible: bool
    added_at: datetime
    notice: str
    opened_at: datetime | None
    downloads: int


@dataclass(frozen=True, slots=True)
class Line:
    """A package in a list."""

    package: PackageFacts
    summary: Summary = field(repr=False)
    grants: tuple[GrantLine, ...]


def received(store: Store, keys: OpeningKeys, reader: Address, *, page: int = 1) -> Page[Line]:
    """Return the packages granted to `reader`, newest first, also those denied by now."""
    package, grant = tables.packages, tables.grants
    granted = (grant.c.package_id == package.c.id) & (grant.c.address == str(reader))
    wanted = select(package).join(grant, granted)
    with store.reading() as tx:
        return _page(tx, keys, reader, wanted, page)


def sent(
    store: Store, keys: OpeningKeys, owner: Address, *, search: str = "", page: int = 1
) -> Page[Line]:
    """Return the packages of `owner`, newest first, but for answers that others sent to them.

    `search` keeps those in which each of its words occurs: in the reference, a recipient's address
    or the subject. Subjects are sealed, so a search opens the summary of every package that it
    does not know by the rest; it goes through them in batches.
    """
    package, grant = tables.packages, tables.grants
    to_owner = exists().where(
        grant.c.package_id == package.c.id, grant.c.address == package.c.owner
    )
    answer = and_(package.c.author != package.c.owner, to_owner)
    wanted = select(package).where(package.c.owner == str(owner), not_(answer))
    if search.strip():
        return _found(store, keys, owner, wanted, search, page)
    with store.reading() as tx:
        return _page(tx, keys, owner, wanted, page)


def one(store: Store, keys: OpeningKeys, owner: Address, package_id: str) -> Line:
    """Return one package to its owner; raises AccessDenied(UNKNOWN) for anyone else."""
    with store.reading() as tx:
        (line,) = _lines(tx, keys, owner, [access.owned(tx, package_id, owner)])
    return line


def timeline(store: Store, owner: Address, package_id: str) -> list[Event]:
    """Return what happened to a package, oldest first; raises AccessDenied(UNKNOWN) for non-owners.

    The same act of the same person within a minute of the last is one visit and shown once: a page
    is made of several requests. The trail itself keeps each. A legal hold is not shown: it may be
    about the owner.
    """
    event = tables.events
    wanted = select(event).where(
        event.c.package_id == package_id, event.c.act.not_in(NOT_FOR_OWNERS)
    )
    with store.reading() as tx:
        access.owned(tx, package_id, owner)
        rows = tx.execute(wanted.order_by(event.c.at, event.c.id)).mappings().all()
        before = evidence.events(tx, package_id)
    elsewhere = (one for one in before if one.act not in NOT_FOR_OWNERS)
    return once_a_visit([*elsewhere, *map(event_of, rows)])


def conversation(store: Store, keys: OpeningKeys, reader: Address, package_id: str) -> list[Line]:
    """Return the packages of the conversation that `reader` may open, oldest first.

    Of a long one the newest `MOST_TOGETHER`, and `package_id`, or fewer. Raises AccessDenied unless
    they may open `package_id` itself.
    """
    package, grant = tables.packages, tables.grants.c
    with store.reading() as tx:
        joined = access.check(tx, package_id, reader).conversation
        this, me = package.c.id == package_id, str(reader)
        granted = exists().where(grant.package_id == package.c.id, grant.address == me)
        mine = or_(package.c.owner == me, package.c.author == me, granted)
        wanted = select(package).where(package.c.conversation == joined)
        newest = _newest(wanted.where(~this, mine)).limit(MOST_TOGETHER)
        found = [*tx.execute(newest).mappings(), *tx.execute(wanted.where(this)).mappings()]
        rows = sorted(found, key=lambda row: (row["sealed_at"], row["id"]))
        return [line for line in _lines(tx, keys, reader, rows) if line.package.denial is None]


def _page(
    tx: Transaction, keys: OpeningKeys, reader: Address, wanted: Select[Any], page: int
) -> Page[Line]:
    far = wanted.limit(max(1, page) * PAGE_SIZE + COUNTED)
    total = tx.execute(select(func.count()).select_from(far.subquery())).scalar() or 0
    number = paging.within(page, total)
    cut = _newest(wanted).limit(PAGE_SIZE).offset((number - 1) * PAGE_SIZE)
    lines = _lines(tx, keys, reader, tx.execute(cut).mappings().all())
    return Page(tuple(lines), number, paging.pages(total), total)


def _found(
    store: Store, keys: OpeningKeys, owner: Address, wanted: Select[Any], search: str, page: int
) -> Page[Line]:
    seen, words = Window[tuple[Row, list[Row]]](page), search.casefold().split()
    for row, grants in _each(store, wanted):
        if _matches(keys, row, grants, words):
            seen.take((row, grants))
    now = store.clock()
    lines = tuple(_line(row, grants, keys, owner, now) for row, grants in seen.items)
    return Page(lines, paging.within(page, seen.total), paging.pages(seen.total), seen.total)


def _each(store: Store, wanted: Select[Any]) -> Iterator[tuple[Row, list[Row]]]:
    """Yield packages, newest first, with their grants; each batch as it is at its time."""
    package, rest = tables.packages.c, wanted
    while True:
        with store.reading() as tx:
            rows = tx.execute(_newest(rest).limit(_AT_ONCE)).mappings().all()
            grants = _grants_of(tx, [row["id"] for row in rows])
        for row in rows:
            yield row, grants[row["id"]]
        if len(rows) < _AT_ONCE:
            return
        at, last = rows[-1]["sealed_at"], rows[-1]["id"]
        older = or_(package.sealed_at < at, package.id < last)
        rest = wanted.where(package.sealed_at <= at, older)


def _newest(wanted: Select[Any]) -> Select[Any]:
    package = tables.packages.c
    return wanted.order_by(package.sealed_at.desc(), package.id.desc())


def _lines(tx: Transaction, keys: OpeningKeys, reader: Address, rows: Sequence[Row]) -> list[Line]:
    grants = _grants_of(tx, [row["id"] for row in rows])
    return [_line(row, grants[row["id"]], keys, reader, tx.now) for row in rows]


def _grants_of(tx: Transaction, ids: Sequence[str]) -> dict[str, list[Row]]:
    grant = tables.grants
    grouped: dict[str, list[Row]] = {package_id: [] for package_id in ids}
    for start in range(0, len(ids), 500):
        some = ids[start : start + 500]
        wanted = select(grant).where(grant.c.package_id.in_(some)).order_by(grant.c.id)
        for row in tx.execute(wanted).mappings():
            grouped[row["package_id"]].append(row)
    return grouped


def _line(
    package: Row, grants: list[Row], keys: OpeningKeys, reader: Address, now: datetime
) -> Line:
    mine = {row["address"]: row["state"] for row in grants}.get(str(reader))
    denial = access.judge(package, mine, reader, now)
    manages = str(reader) in {package["author"], package["owner"]}
    shown = grants if manages else _as_recipient(grants, reader, denial)
    summary = Summary() if denial else _summary(keys, package)
    return Line(facts_of(package, denial), summary, tuple(map(_grant_line, shown)))


def _summary(keys: OpeningKeys, package: Row) -> Summary:
    try:
        key = keys.content_key(package["id"], package["wrapped"], package["second_lock"])
    except SecondLocked:
        return _LOCKED
    return open_summary(package["summary"], package["id"], key)


def _as_recipient(grants: Iterable[Row], reader: Address, denial: Denial | None) -> list[Row]:
    """Return what one recipient may know of the others: who else has it, and no more."""
    if denial is not None:
        return []
    blank = {"notice": NoticeState.NONE, "opened_at": None, "downloads": 0}
    active = (row for row in grants if row["state"] == GrantState.ACTIVE)
    known = (row for row in active if row["visible"] or row["address"] == str(reader))
    return [row if row["address"] == str(reader) else {**row, **blank} for row in known]


def _grant_line(row: Row) -> GrantLine:
    return GrantLine(
        address=address_of(row["address"]),
        state=str(row["state"]),
        visible=row["visible"],
        added_at=row["added_at"],
        notice=str(row["notice"]),
        opened_at=row["opened_at"],
        downloads=row["downloads"],
    )


def _matches(keys: OpeningKeys, package: Row, grants: list[Row], words: list[str]) -> bool:
    """Say whether each word occurs; the subject is opened only for those that do not elsewhere."""
    people = " ".join(row["address"] for row in grants).casefold()
    code = reference.plain(package["reference"])
    rest = [word for word in words if word not in people and not _is_reference(word, code)]
    if not rest or package["wrapped"] is None:
        return not rest
    subject = _summary(keys, package).subject.casefold()
    return all(word in subject for word in rest)


def _is_reference(word: str, code: str) -> bool:
    typed = reference.plain(word)
    return bool(typed) and typed in code
