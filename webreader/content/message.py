"""A stored message as a page shows it.

Promises a view for any bytes: what cannot be taken apart, or not made safe, is said to be so, and
the original stays there to be downloaded. Everything in a view is safe to write into a page through
an escaping template; `body.html` is safe HTML as `webreader.content.sanitise` makes it.
Must never hold the `Bcc` header: whoever reads a view learns nothing of other recipients from it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Literal
from urllib.parse import unquote

from webreader.content import names, pictures, plaintext
from webreader.content.names import Person
from webreader.content.parts import Part, Parts, Read, Unreadable, take_apart
from webreader.content.scrub import LONGEST, TooHard, scrub

__all__ = ["Attachment", "Body", "MessageView", "Person", "describe", "view"]

_TEXT_BYTES = 4 * LONGEST  # of one piece of text, before it is decoded
_PICTURE_BYTES = 8 * 1024 * 1024  # of one picture shown within the text
_PICTURES_BYTES = 24 * 1024 * 1024  # of all of them together
_CID = re.compile(r"cid:([^\s\"'<>)]{1,500})", re.IGNORECASE)

TOO_HARD = (
    "The text of this message is laid out in a way that cannot be shown here safely. "
    "Download the original to read it in a mail program."
)
UNREADABLE = (
    "This message is put together in a way that cannot be shown here safely. "
    "Download the original to read it in a mail program."
)
ENCRYPTED = (
    "The sender’s own mail program has encrypted this message as well ({}). "
    "Download the original and open it in a mail program that holds your key."
)


@dataclass(frozen=True, slots=True)
class Attachment:
    """Something that came with a message. `index` counts from 1 and is its place in the address."""

    index: int
    name: str  # safe to show and to save under
    size: int  # bytes, decoded
    media_type: str  # as declared: to be shown, never to be served as
    in_text: bool = False  # a picture that the text already shows


@dataclass(frozen=True, slots=True)
class Body:
    """The text of a message, as a fragment of safe HTML."""

    kind: Literal["html", "text", "none"] = "none"
    html: str = ""
    remote: int = 0  # pictures on other hosts that were not loaded
    left_out: int = 0  # pictures within the message that could not be shown


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageView:
    """What a page shows of a message."""

    subject: str = ""
    author: Person | None = None
    to: tuple[Person, ...] = ()
    cc: tuple[Person, ...] = ()
    date: datetime | None = None  # aware, UTC; what the author's mail program claims
    body: Body = field(default_factory=Body)
    attachments: tuple[Attachment, ...] = ()
    note: str = ""  # plain English, when something about the message has to be explained
    unreadable: bool = False  # only the original can be offered


def view(read: Read) -> MessageView:
    """Return the view of a message. Never raises for its bytes, only for failing to read them."""
    try:
        parts = take_apart(read)
    except Unreadable:
        return MessageView(unreadable=True, note=UNREADABLE)
    body, note, shown = _body(parts)
    return MessageView(
        subject=names.subject(parts.first("subject")),
        author=next(iter(names.people([parts.first("from")])), None),
        to=names.people(value for name, value in parts.headers if name == "to"),
        cc=names.people(value for name, value in parts.headers if name == "cc"),
        date=_date(parts.first("date")),
        body=body,
        attachments=tuple(
            describe(part, index, in_text=part.content_id in shown)
            for index, part in enumerate(parts.files, 1)
        ),
        note=note or _encrypted(parts),
    )


def describe(part: Part, index: int, *, in_text: bool = False) -> Attachment:
    """Return what a page says of an attached part."""
    return Attachment(index, part_name(part, index), part.size(), part.kind[:100], in_text)


def part_name(part: Part, index: int) -> str:
    """Return the name an attached part is shown and saved under."""
    claimed = part.header("content-disposition").texts(b"filename")
    claimed += part.header("content-type").texts(b"name")
    if not claimed and part.kind == "message/rfc822":
        claimed.append(f"{_inner_subject(part) or 'message'}.eml")
    return names.file_name(claimed, part.kind, index)


def _inner_subject(part: Part) -> str:
    start = next(part.decoded(), b"")[:8192]
    found = re.search(rb"(?im)^subject:((?:.*)(?:\r?\n[ \t].*)*)", start.partition(b"\n\r\n")[0])
    return names.subject(found[1])[:100] if found else ""


def _body(parts: Parts) -> tuple[Body, str, frozenset[str]]:
    """Return the body, a note about it, and the content ids of pictures it shows."""
    try:
        return _shown(parts, parts.texts)
    except TooHard:
        pass
    try:
        body, _note, shown = _shown(parts, parts.spare)
    except TooHard:
        return Body(), TOO_HARD, frozenset()
    return body, "" if body.html else TOO_HARD, shown


def _shown(parts: Parts, texts: list[Part]) -> tuple[Body, str, frozenset[str]]:
    pieces = [(part.kind, piece) for part in texts if (piece := _fragment(part)).strip()]
    if not pieces:
        return Body(), "", frozenset()
    html = "<hr>".join(piece for _, piece in pieces)
    kind: Literal["html", "text"] = "html" if "text/html" in dict(pieces) else "text"
    wanted = _wanted(html) if kind == "html" else frozenset()
    inline = _inline(parts, wanted)
    clean = scrub(html, inline)
    return Body(kind, clean.html, clean.remote, clean.left_out), "", frozenset(inline)


def _fragment(part: Part) -> str:
    """Return one piece of text as HTML that has yet to be made safe."""
    text = part.text(_TEXT_BYTES)
    if part.kind == "text/html":
        return text
    if not text.strip():
        return ""
    kind = part.header("content-type")
    flowed = [value.lower() for value in kind.all(b"format")] == [b"flowed"]
    delsp = [value.lower() for value in kind.all(b"delsp")] == [b"yes"]
    return plaintext.render(text, flowed=flowed, delsp=delsp)


def _wanted(html: str) -> frozenset[str]:
    """Return the content ids that a text mentions, spelt in any way."""
    return frozenset(unquote(name) for name in _CID.findall(html))


def _inline(parts: Parts, wanted: frozenset[str]) -> dict[str, str]:
    """Return the message's own raster pictures that its text asks for, as `data:` URIs."""
    found: dict[str, str] = {}
    room = _PICTURES_BYTES
    for part in parts.files:
        name = part.content_id
        if not name or name not in wanted or name in found:
            continue
        data = bytearray()
        for piece in part.decoded():
            data += piece
            if len(data) > min(room, _PICTURE_BYTES):
                break
        else:
            uri = pictures.data_uri(bytes(data))
            if uri is not None:
                found[name] = uri
                room -= len(data)
    return found


def _date(raw: bytes) -> datetime | None:
    try:
        when = parsedate_to_datetime(raw[:200].decode("ascii", "replace").strip())
        return when.replace(tzinfo=when.tzinfo or UTC).astimezone(UTC)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None


def _encrypted(parts: Parts) -> str:
    """Say so if the sender's mail program has encrypted the message before we sealed it."""
    kinds = {part.kind for part in parts.files}
    if parts.texts:
        return ""
    if "application/pgp-encrypted" in kinds:
        return ENCRYPTED.format("OpenPGP")
    if kinds & {"application/pkcs7-mime", "application/x-pkcs7-mime"}:
        return ENCRYPTED.format("S/MIME")
    return ""
