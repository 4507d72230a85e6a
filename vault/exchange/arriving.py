"""Arriving: the content of a package that is imported, on its way into this vault.

A message is sealed anew, under a content key that is drawn here. What has a second lock stays as
it is: nobody here can open it, and only the server's layer around its content key is new.

Promises that what was kept is what the dossier's hash says. Must never keep plaintext, nor leave a
file behind when it refuses.
"""

import hashlib
from base64 import b64decode
from binascii import Error as NotBase64
from collections.abc import Iterator
from dataclasses import dataclass, field

from vault.contents import stream
from vault.contents.spool import Spool
from vault.errors import VaultError
from vault.exchange.dossier import ContentFile, Dossier, Lock
from vault.exchange.folder import ExportFolder
from vault.keys.hpke import Sealer
from vault.packages import facts
from vault.storage.store import Store

HEAD = 256 << 10  # bytes of a message in which its Message-ID is looked for
_NAME = slice(11, 37)  # of a sealed stream: the id it is for (docs/reference/sealed-format.md)


class Refused(VaultError):
    """A package is not imported; the text says why."""


@dataclass(frozen=True, slots=True)
class Arrived:
    """Content that is stored and that no row names yet. `head` is the beginning of the message."""

    content_id: str
    stored: bytes | str = field(repr=False)
    wrapped: bytes = field(repr=False)
    second_lock: bytes | None
    summary: bytes = field(repr=False)
    head: bytes = field(default=b"", repr=False)


def arrive(
    store: Store, vault: Sealer, folder: ExportFolder, told: Dossier, content: ContentFile
) -> Arrived:
    """Keep the content of a package; raises Refused, ExportUnusable, StoreUnavailable."""
    if told.lock is not None:
        return _locked(store, vault, folder, told, told.lock, content)
    return _message(store, vault, folder, told, content)


def _message(
    store: Store, vault: Sealer, folder: ExportFolder, told: Dossier, content: ContentFile
) -> Arrived:
    head = bytearray()
    with Spool(store) as spool:
        for piece in folder.pieces(content.file):
            head += piece[: HEAD - len(head)]
            spool.write(piece)
        spool.finish()
        if (spool.digest.hex(), spool.size) != (content.sha256, told.size):
            raise Refused(f"{content.file} is not what was exported")
        stored = spool._durable(store.settings.content_inline_limit)  # noqa: SLF001 - vault's own
        key = spool._key  # noqa: SLF001 - vault's own
        return Arrived(
            content_id=spool.id,
            stored=stored,
            wrapped=facts.wrap_key(vault, told.id, key),
            second_lock=None,
            summary=facts.seal_summary(_summary(told), told.id, key),
            head=bytes(head),
        )


def _locked(
    store: Store,
    vault: Sealer,
    folder: ExportFolder,
    told: Dossier,
    lock: Lock,
    content: ContentFile,
) -> Arrived:
    try:
        parameters, enclosed, summary = (
            b64decode(text, validate=True)
            for text in (lock.parameters, lock.enclosed, lock.summary)
        )
    except NotBase64:
        raise Refused("what belongs to its second lock is not base64") from None
    if content.length != stream.sealed_size(told.size):
        raise Refused(f"{content.file} does not have the length of its message")
    return Arrived(
        content_id=lock.content_id,
        stored=_kept(store, content, folder.pieces(content.file), lock.content_id),
        wrapped=vault.seal(enclosed, facts.locked_binding(told.id)),
        second_lock=parameters,
        summary=summary,
    )


def _kept(
    store: Store, content: ContentFile, pieces: Iterator[bytes], content_id: str
) -> bytes | str:
    """Store ciphertext as it is, and return it or its place."""
    if content.length <= store.settings.content_inline_limit:
        data = b"".join(pieces)
        _compare(content, hashlib.sha256(data).hexdigest(), data, content_id)
        return data
    coming, digest, first = store.contents.create(), hashlib.sha256(), b""
    try:
        for piece in pieces:
            first = first or piece
            digest.update(piece)
            coming.write(piece)
        _compare(content, digest.hexdigest(), first, content_id)
        return coming.commit()
    except BaseException:
        coming.abort()
        raise
    finally:
        coming.close()


def _compare(content: ContentFile, found: str, first: bytes, content_id: str) -> None:
    is_stream = first.startswith(stream.MAGIC) and first[_NAME] == content_id.encode()
    if found != content.sha256 or not is_stream:
        raise Refused(f"{content.file} is not what was exported")


def _summary(told: Dossier) -> facts.Summary:
    if told.summary is None:
        raise Refused("its dossier has no summary")
    return facts.Summary(
        subject=told.summary.subject,
        author_name=told.summary.author_name,
        to=tuple(told.summary.to),
        cc=tuple(told.summary.cc),
        attachments=tuple(told.summary.attachments),
        sent_at=told.summary.sent_at,
    )
