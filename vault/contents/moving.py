"""Moving contents to where new ones go, while the node runs.

A content is copied, read back and compared, its row is pointed to the copy, and only then is the
old one deleted. Wherever this is interrupted, each content is where its row says; a second run goes
on, and what was left over is swept by housekeeping.

Promises that no content is deleted before another has its place and was read back.
"""

from contextlib import closing, suppress
from dataclasses import dataclass

from sqlalchemy import ColumnElement, func, select, update

from vault.contents import stream
from vault.contents.interface import IN_S3
from vault.copies.archive import Told, copy
from vault.errors import StoreUnavailable
from vault.storage import tables
from vault.storage.store import Store

_AT_ONCE = 200
_CONTENT = tables.contents.c


@dataclass(frozen=True, slots=True)
class Waiting:
    """How many contents lie elsewhere than `move` brings them, and how many bytes they have."""

    count: int
    size: int


def waiting(store: Store, *, to_s3: bool) -> Waiting:
    """Count what is to be moved."""
    asked = select(func.count(), func.coalesce(func.sum(_CONTENT.size), 0))
    with store.reading() as tx:
        row = tx.execute(asked.where(_elsewhere(to_s3))).one()
    return Waiting(int(row[0]), int(row[1]))


def move(store: Store, *, to_s3: bool, told: Told = int) -> int:
    """Move every content to where new ones go, which must be there; returns how many were.

    `told` hears the plaintext's bytes. Raises StoreUnavailable; what was moved stays moved.
    """
    moved, last = 0, ""
    asked = select(_CONTENT.id, _CONTENT.place, _CONTENT.size).order_by(_CONTENT.id).limit(_AT_ONCE)
    while True:
        with store.reading() as tx:
            rows = tx.execute(asked.where(_elsewhere(to_s3), _CONTENT.id > last)).all()
        if not rows:
            return moved
        for row in rows:
            moved += _move(store, row.id, row.place, stream.sealed_size(row.size))
            told(row.size)
        last = rows[-1].id


def _move(store: Store, content_id: str, place: str, size: int) -> bool:
    """Move one content; False if it was let go meanwhile. Raises StoreUnavailable."""
    try:
        new = _copied(store, place, size)
    except StoreUnavailable:
        if _place_now(store, content_id) != place:
            return False
        raise
    with store.writing() as tx:
        chosen = (_CONTENT.id == content_id, _CONTENT.place == place)
        pointed = update(tables.contents).where(*chosen).values(place=new)
        is_moved = tx.execute(pointed).rowcount == 1
        tx.after_commit(lambda: store.contents.delete(place if is_moved else new))
    return is_moved


def _copied(store: Store, place: str, size: int) -> str:
    """Copy a content, read the copy back, and return its place; raises StoreUnavailable."""
    coming, came = store.contents.create(), 0

    def write(piece: bytes) -> None:
        nonlocal came
        came += len(piece)
        coming.write(piece)

    try:
        with closing(store.contents.open(place)) as source:
            digest = copy(source, write)
    except BaseException:
        coming.abort()
        raise
    if came != size:
        coming.abort()
        raise StoreUnavailable("a sealed content has another size than it was given")
    new = coming.commit()
    coming.close()
    with closing(store.contents.open(new)) as source:
        same = copy(source, lambda _: None) == digest
    if not same:
        with suppress(StoreUnavailable):  # it is swept later
            store.contents.delete(new)
        raise StoreUnavailable("a sealed content does not read back as it was written")
    return new


def _place_now(store: Store, content_id: str) -> str | None:
    with store.reading() as tx:
        return tx.execute(select(_CONTENT.place).where(_CONTENT.id == content_id)).scalar()


def _elsewhere(to_s3: bool) -> ColumnElement[bool]:
    in_s3 = _CONTENT.place.startswith(IN_S3)
    return _CONTENT.place.is_not(None) & (~in_s3 if to_s3 else in_s3)
