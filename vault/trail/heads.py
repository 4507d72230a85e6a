"""Heads: signed statements of where every strand of the audit trail ends.

Each names the strands that have grown since the one before, and holds that one's hash. So the
newest head vouches for every line up to it, and whoever keeps a copy of a head elsewhere can tell
later that lines have gone. Lines from before the chain are taken in by the first head, as they are.

The key that signs may be followed by another: the last head that the old one signs names it, and
from the next on nobody else's signature counts.

Promises that heads have no gaps and no forks: two processes that make the same one at the same
moment make one. Must never change a head, nor sign one with a key whose turn it is not.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, insert, select, update
from sqlalchemy.engine import Row

from vault.errors import VaultError
from vault.keys.signing import SigningKey, VerifyingKey
from vault.storage import tables, turns
from vault.storage.store import Store, Transaction
from vault.trail import chain, lines

FORMAT = "sealgate-audit-head/1"
KIND = "audit head 1"
NOTHING_BEFORE = bytes(32)
SIGN_OF_LIFE = timedelta(days=1)  # a head is made at least so often, also when nothing happens
_SUCCESSOR = "next_key"
_AT_ONCE = 500


class NotItsTurn(VaultError):
    """Another key signs the trail."""


@dataclass(frozen=True, slots=True)
class Head:
    """One head. `lines` counts the whole trail up to it, `hash` is over `body` (SHA-256)."""

    number: int
    at: datetime
    lines: int
    body: str
    hash: bytes
    key_id: str
    signature: bytes

    @property
    def statement(self) -> bytes:
        """What is signed: enough to recognise the head later, and short enough to send away."""
        told = f"{self.number}\n{chain.spelt(self.at)}\n{self.lines}\n{self.hash.hex()}\n"
        return told.encode("ascii")

    @property
    def successor(self) -> VerifyingKey | None:
        """The key that signs from the next head on, if this one names it."""
        try:
            told = json.loads(self.body).get(_SUCCESSOR)
            return None if told is None else VerifyingKey(bytes.fromhex(told))
        except (AttributeError, RecursionError, TypeError, ValueError):  # somebody changed it
            return None

    def is_signed(self, key: VerifyingKey) -> bool:
        """Say whether `key` confirms the signature."""
        return key.confirms(KIND, self.statement, self.signature)

    def told(self) -> dict[str, object]:
        """Give what is sent away: all but the body."""
        return {
            "head": self.number,
            "at": chain.spelt(self.at),
            "lines": self.lines,
            "hash": self.hash.hex(),
            "key": self.key_id,
            "signature": self.signature.hex(),
        }


@dataclass(frozen=True, slots=True)
class _End:
    """Where a strand has come to, and how much of it was signed before."""

    strand: str
    number: int
    tip: bytes
    signed: int


def make(
    store: Store,
    key: SigningKey,
    *,
    apart: timedelta = timedelta(0),
    successor: VerifyingKey | None = None,
) -> Head | None:
    """Make the next head and return it; None if there is nothing to say.

    That is so when the last is younger than `apart`, and when nothing was written since, unless it
    is a day old or names a `successor`. Raises NotItsTurn; StoreUnavailable, also if another
    process was faster.
    """
    first = _before_the_chain(store) if newest(store) is None else None
    with store.writing(turns.HEADS) as tx:
        last = _newest(tx)
        if last is not None and key.public.id != _follows(last):
            raise NotItsTurn(f"the key {_follows(last)} signs the audit trail, not {key.public.id}")
        age = tx.now - last.at if last else None
        if successor is None and age is not None and timedelta(0) <= age < apart:
            return None
        ends = _grown(tx)
        if last is None and first is not None and first.number:
            ends.insert(0, first)
        if successor is None and not ends and age is not None and age < SIGN_OF_LIFE:
            return None
        head = _written(tx.now, last, ends, key, successor)
        tx.execute(insert(tables.audit_heads), [_row(head)])
        _remember(tx, ends)
    return head


def newest(store: Store) -> Head | None:
    """Return the newest head; None before the first."""
    with store.reading() as tx:
        return _newest(tx)


def signer(store: Store) -> str | None:
    """Return the id of the key whose turn it is to sign; None before the first head."""
    last = newest(store)
    return None if last is None else _follows(last)


def signers(store: Store) -> set[str]:
    """Return the ids of all keys that have signed, or were named to."""
    named = ((head.key_id, head.successor) for head in since(store, 0))
    return {key_id for old, new in named for key_id in (old, *([new.id] if new else ()))}


def announced(store: Store, trusted: Iterable[VerifyingKey]) -> dict[str, VerifyingKey]:
    """Return keys by id: those given, and those that they have named as their successors."""
    known = {key.id: key for key in trusted}
    for head in since(store, 0):
        if (named := head.successor) is None or (key := known.get(head.key_id)) is None:
            continue
        if head.is_signed(key) and hashlib.sha256(head.body.encode()).digest() == head.hash:
            known[named.id] = named
    return known


def since(store: Store, number: int) -> Iterator[Head]:
    """Yield the heads after one, oldest first."""
    head = tables.audit_heads
    while True:
        wanted = select(head).where(head.c.number > number).order_by(head.c.number)
        with store.reading() as tx:
            rows = tx.execute(wanted.limit(_AT_ONCE)).all()
        if not rows:
            return
        yield from map(_head_of, rows)
        number = rows[-1].number


def _newest(tx: Transaction) -> Head | None:
    head = tables.audit_heads
    row = tx.execute(select(head).order_by(head.c.number.desc()).limit(1)).one_or_none()
    return None if row is None else _head_of(row)


def _follows(last: Head) -> str:
    named = last.successor
    return last.key_id if named is None else named.id


def _before_the_chain(store: Store) -> _End | None:
    """Chain the lines that were written before there was a chain, as if they were one strand.

    They are read outside the transaction: none is ever added to them.
    """
    number, tip = 0, chain.beginning(chain.BEFORE)
    for batch in lines.raw(store, strand=chain.BEFORE):
        for _, _, _, _, at, *columns in batch:
            number += 1
            tip = chain.link(tip, chain.BEFORE, number, chain.spelt(at), *columns)
    return _End(chain.BEFORE, number, tip, 0) if number else None


def _grown(tx: Transaction) -> list[_End]:
    """Return the strands that have grown since the last head."""
    strand, signed = tables.strands.c, tables.strands_signed.c
    known = func.coalesce(signed.number, 0)
    wanted = (
        select(strand.name, strand.number, strand.tip, known.label("signed"))
        .join(tables.strands_signed, signed.name == strand.name, isouter=True)
        .where(strand.number > known)
        .order_by(strand.name)
    )
    return [_End(row.name, row.number, row.tip, row.signed) for row in tx.execute(wanted)]


def _remember(tx: Transaction, ends: list[_End]) -> None:
    table = tables.strands_signed
    fresh = [{"name": end.strand, "number": end.number} for end in ends if not end.signed]
    if fresh:
        tx.execute(insert(table), fresh)
    for end in ends:
        if end.signed:
            moved = update(table).where(table.c.name == end.strand)
            tx.execute(moved.values(number=end.number))


def _written(
    now: datetime,
    last: Head | None,
    ends: list[_End],
    key: SigningKey,
    successor: VerifyingKey | None,
) -> Head:
    number = last.number + 1 if last else 1
    total = (last.lines if last else 0) + sum(end.number - end.signed for end in ends)
    told: dict[str, object] = {
        "format": FORMAT,
        "number": number,
        "at": chain.spelt(now),
        "previous": (last.hash if last else NOTHING_BEFORE).hex(),
        "lines": total,
        "strands": [[end.strand, end.number, end.tip.hex()] for end in ends],
    }
    if successor is not None:
        told[_SUCCESSOR] = successor.raw.hex()
    body = json.dumps(told, separators=(",", ":"))
    hashed = hashlib.sha256(body.encode("ascii")).digest()
    head = Head(number, now, total, body, hashed, key.public.id, b"")
    return replace(head, signature=key.sign(KIND, head.statement))


def _row(head: Head) -> dict[str, Any]:
    names = ("number", "at", "lines", "body", "hash", "key_id", "signature")
    return {name: getattr(head, name) for name in names}


def _head_of(row: Row[Any]) -> Head:
    return Head(row.number, row.at, row.lines, row.body, row.hash, row.key_id, row.signature)
