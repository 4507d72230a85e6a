"""Rows of stored content: kept once, read by whoever holds the key, let go when nobody needs them.

A package and the clear copies still to be relayed may share one content, each with the content key
sealed for a different process.

Promises that content which any row refers to is there, and that a file goes only after the commit
that removed its last reference.
"""

import io
from collections.abc import Iterator
from contextlib import closing
from typing import BinaryIO

from sqlalchemy import delete, exists, select

from vault import tables
from vault.errors import StoreUnavailable
from vault.secrets import Secret
from vault.spool import CONTENT_PART
from vault.statements import Addition
from vault.store import Store, Transaction
from vault.stream import PartId, read_stream

_CONTENTS = Addition(tables.contents)


def keep(tx: Transaction, content_id: str, stored: bytes | str, size: int) -> None:
    """Add a row for content: the ciphertext itself, or its id in the content folder."""
    inline = stored if isinstance(stored, bytes) else None
    place = stored if isinstance(stored, str) else None
    row = {"id": content_id, "inline": inline, "place": place, "size": size, "created_at": tx.now}
    tx.add(_CONTENTS, [row])


def read(store: Store, content_id: str, key: Secret) -> Iterator[bytes]:
    """Yield the plaintext in pieces; raises StoreUnavailable or Tampered."""
    with closing(_open(store, content_id)) as sealed:
        try:
            yield from read_stream(sealed.read, key, PartId(content_id, CONTENT_PART))
        except OSError as error:
            raise StoreUnavailable from error


def release(tx: Transaction, store: Store, content_id: str) -> None:
    """Delete content if no package, held mail or outbox row refers to it any more."""
    packages, outbox, contents = tables.packages, tables.outbox, tables.contents
    holds = tables.holds
    unused = (
        contents.c.id == content_id,
        ~exists().where(packages.c.content_id == content_id),
        ~exists().where(outbox.c.content_id == content_id),
        ~exists().where(holds.c.content_id == content_id),
    )
    row = tx.execute(select(contents.c.place).where(*unused)).one_or_none()
    if row is None:
        return
    tx.execute(delete(contents).where(contents.c.id == content_id))
    if (place := row.place) is not None:
        tx.after_commit(lambda: store.contents.delete(place))


def _open(store: Store, content_id: str) -> BinaryIO:
    contents = tables.contents
    wanted = select(contents.c.inline, contents.c.place).where(contents.c.id == content_id)
    with store.reading() as tx:
        row = tx.execute(wanted).one_or_none()
    if row is None:
        raise StoreUnavailable("sealed content is not there")
    return io.BytesIO(row.inline) if row.place is None else store.contents.open(row.place)
