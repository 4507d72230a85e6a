"""The lines of the audit trail as they are stored, to be checked or written elsewhere.

Promises flat memory and that nobody is kept waiting, however long the trail is: it is read in
batches, in the order in which it was written, and lines that are added meanwhile come last.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Integer, bindparam, select, type_coerce
from sqlalchemy.types import NullType

from vault.storage import tables
from vault.storage.statements import Statement
from vault.storage.store import Store
from vault.trail import chain

AT_ONCE = 2000  # what is read stays near the processor until it has been looked at

Raw = tuple[Any, ...]
"""id, strand, number, hash, at, act, package_id, actor, subject, ip, agent, detail, policy."""


class Line(NamedTuple):
    """One line. `at` is spelt as the chain spells it; `hash` is None before there was a chain."""

    id: int
    strand: str
    number: int
    hash: bytes | None
    at: str
    act: str
    package_id: str | None
    actor: str
    subject: str
    ip: str
    agent: str
    detail: str
    policy: str


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which lines: since a moment, of one package, of one act. By itself, every line."""

    since: datetime | None = None
    package_id: str | None = None
    act: str | None = None

    @property
    def is_everything(self) -> bool:
        """Whether no line is left out."""
        return self == Wanted()


_EVENT = tables.events.c
_AS_STORED = NullType()  # reading would take time, and stumble over what is not a time at all
_COLUMNS = (
    _EVENT.id,
    _EVENT.strand,
    _EVENT.number,
    type_coerce(_EVENT.hash, _AS_STORED).label("hash"),
    type_coerce(_EVENT.at, _AS_STORED).label("at"),
    _EVENT.act,
    _EVENT.package_id,
    _EVENT.actor,
    _EVENT.subject,
    _EVENT.ip,
    _EVENT.agent,
    _EVENT.detail,
    _EVENT.policy,
)
_AFTER = _EVENT.id > bindparam("after", type_=Integer())
_MOST = bindparam("most", type_=Integer())
_NEXT = Statement(select(*_COLUMNS).where(_AFTER).order_by(_EVENT.id).limit(_MOST))
_OF_STRAND = Statement(
    select(*_COLUMNS)
    .where(_AFTER, _EVENT.strand == bindparam("which"))
    .order_by(_EVENT.id)
    .limit(_MOST)
)


def raw(store: Store, *, strand: str | None = None) -> Iterator[list[Raw]]:
    """Yield every line, or those of a strand, as the driver gives them, in batches."""
    after = 0
    while True:
        if strand is None:
            batch = store.ask(_NEXT, after=after, most=AT_ONCE)
        else:
            batch = store.ask(_OF_STRAND, after=after, most=AT_ONCE, which=strand)
        if not batch:
            return
        yield batch
        after = batch[-1][0]


def told(store: Store, wanted: Wanted) -> Iterator[Line]:
    """Yield the lines that are wanted, oldest first."""
    if wanted.is_everything:
        for batch in raw(store):
            yield from map(_line, batch)
        return
    after = 0
    while True:
        with store.reading() as tx:
            rows = tx.execute(_chosen(wanted, after)).all()
        if not rows:
            return
        yield from map(_line, rows)
        after = rows[-1][0]


def _chosen(wanted: Wanted, after: int) -> Any:
    chosen = select(*_COLUMNS).where(_EVENT.id > after).order_by(_EVENT.id).limit(AT_ONCE)
    if wanted.since is not None:
        chosen = chosen.where(_EVENT.at >= wanted.since)
    if wanted.package_id is not None:
        chosen = chosen.where(_EVENT.package_id == wanted.package_id)
    if wanted.act is not None:
        chosen = chosen.where(_EVENT.act == wanted.act)
    return chosen


def _line(row: Any) -> Line:
    """Make a line of a row; what no program of ours has written becomes text or nothing."""
    row_id, strand, number, hashed, at, *texts = row
    shown = [text if text is None else str(text) for text in texts]
    when = chain.spelt(at) if isinstance(at, str | datetime) else str(at)
    sealed = hashed if isinstance(hashed, bytes) else None
    return Line._make((row_id, str(strand), number, sealed, when, *shown))
