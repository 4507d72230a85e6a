"""Rows of stored content: kept once, read by whoever holds the key, let go when nobody needs them.

A package and the clear copies still to be relayed may share one content, each with the content key
sealed for a different process.

Promises that content which any row refers to is there, and that a file goes only after the commit
that removed its last reference.
"""

import io
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from functools import partial

from sqlalchemy import bindparam, delete, exists, select

from vault.contents import Source
from vault.contents.spool import CONTENT_PART
from vault.contents.stream import PartId, read_range, read_stream
from vault.errors import StoreUnavailable
from vault.secrets import Secret
from vault.storage import tables
from vault.storage.statements import Addition, Statement
from vault.storage.store import Store, Transaction

_CONTENTS = Addition(tables.contents)
_ROW = tables.contents.c
_CONTENT = _ROW.id == bindparam("content")
_STORED = Statement(select(_ROW.inline, _ROW.place, _ROW.size).where(_CONTENT))
_PLACE = Statement(select(_ROW.place).where(_CONTENT))
_UNUSED = Statement(
    select(_ROW.place).where(
        _CONTENT,
        ~exists().where(tables.packages.c.content_id == _ROW.id),
        ~exists().where(tables.outbox.c.content_id == _ROW.id),
        ~exists().where(tables.holds.c.content_id == _ROW.id),
    )
)
_DELETED = Statement(delete(tables.contents).where(_CONTENT))
_PIECE = 1 << 20  # bytes of ciphertext that are handed on at once


def keep(tx: Transaction, content_id: str, stored: bytes | str, size: int) -> None:
    """Add a row for content: the ciphertext itself, or the place where it lies."""
    inline = stored if isinstance(stored, bytes) else None
    place = stored if isinstance(stored, str) else None
    row = {"id": content_id, "inline": inline, "place": place, "size": size, "created_at": tx.now}
    tx.add(_CONTENTS, [row])


def read(
    store: Store, content_id: str, key: Secret, start: int = 0, stop: int | None = None
) -> Iterator[bytes]:
    """Yield the plaintext in pieces, from byte `start` up to `stop`.

    Only those chunks are fetched and opened in which these bytes are. Raises StoreUnavailable or
    Tampered.
    """
    part = PartId(content_id, CONTENT_PART)
    stored = _find(store, content_id)
    try:
        if not start and stop is None:
            with closing(stored.open(0, None)) as sealed:
                yield from read_stream(sealed.read, key, part)
        else:
            end = stored.size if stop is None else min(stop, stored.size)
            yield from read_range(stored.open, key, part, stored.size, range(start, end))
    except OSError as error:
        raise StoreUnavailable from error


def read_sealed(store: Store, content_id: str) -> Iterator[bytes]:
    """Yield the ciphertext as it is stored, in pieces of at most 1 MiB; raises StoreUnavailable."""
    stored = _find(store, content_id)
    try:
        with closing(stored.open(0, None)) as sealed:
            while piece := sealed.read(_PIECE):
                yield piece
    except OSError as error:
        raise StoreUnavailable from error


def release(tx: Transaction, store: Store, content_id: str) -> None:
    """Delete content if no package, held mail or outbox row refers to it any more."""
    row = tx.run(_UNUSED, content=content_id).fetchone()
    if row is None:
        return
    tx.run(_DELETED, content=content_id)
    if (place := row[0]) is not None:
        tx.after_commit(lambda: store.contents.delete(place))


@dataclass(frozen=True, slots=True)
class _Stored:
    """Content as its row says: `size` is that of the plaintext."""

    size: int
    open: Callable[[int, int | None], Source]


def _find(store: Store, content_id: str) -> _Stored:
    rows = store.ask(_STORED, content=content_id)
    if not rows:
        raise StoreUnavailable("sealed content is not there")
    ((inline, place, size),) = rows
    if place is None:
        return _Stored(size, lambda start, stop: io.BytesIO(inline[start:stop]))
    return _Stored(size, partial(_open, store, content_id, place))


def _open(store: Store, content_id: str, place: str, start: int, stop: int | None) -> Source:
    """Open content where its row said it is, or where it has been moved to since."""
    try:
        return store.contents.open(place, start, stop)
    except StoreUnavailable:
        found = store.ask(_PLACE, content=content_id)
        if not found or found[0][0] in {None, place}:
            raise
        return store.contents.open(found[0][0], start, stop)
