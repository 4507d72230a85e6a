"""A mail from its first header to its epilogue: every text in it that a recipient might see.

For whoever decides on content. Promises an answer for any bytes: where the mail, or a file in it,
could not be read, the answer says so. Must never write, fetch, start or decide anything.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace

from policies.extraction import transfer
from policies.extraction.bodies import Leaf, keep_oversize, read_leaf, views
from policies.extraction.budgets import Budgets, NeedsWorker, Spent, Unreadable
from policies.extraction.desk import Desk, File, Reader
from policies.extraction.mail_headers import say_headers, say_own
from policies.extraction.oversize import is_oversize
from policies.extraction.passages import Content, State, Where
from policies.extraction.readers import reader_of
from policies.extraction.source import PIECE, Source, Stretch
from policies.message.header_block import Block, read_block
from policies.message.mime import DEFAULT_LIMITS, Outline, Part, outline
from policies.message.parameters import structured
from policies.text import charsets
from policies.text.encoded_words import decode_header

DEFAULT_BUDGETS = Budgets()

_NOT_HERE = {
    "message/partial": "a mail that is cut into several, of which this is one",
    "message/external-body": "an attachment that lies somewhere else",
}
_ENVELOPES = re.compile(rb"(?m)^From [^\n]*\d{4}[^\n]*\r?\n")
_MARK_LINE = 2  # the two hyphens that open a boundary line


def extract(found: Outline, chunks: Iterable[bytes], budgets: Budgets = DEFAULT_BUDGETS) -> Content:
    """Read a whole mail, of which `found` is the outline, in chunks of any size.

    Raises NeedsWorker if `budgets.documents` is off and the mail holds more than text.
    """
    desk = Desk(budgets, _reader_of)
    return _extracted(found, lambda: _gather(chunks, desk), desk)


def extract_from(found: Outline, raw: Source, budgets: Budgets = DEFAULT_BUDGETS) -> Content:
    """Read a whole mail, of which `found` is the outline, asking for it as it is read.

    `raw` need not have more of it than `budgets.bytes_in`. Raises NeedsWorker as `extract` does.
    """
    desk = Desk(budgets, _reader_of)
    if found.size >= budgets.bytes_in:
        _doubt_size(desk)
    return _extracted(found, lambda: raw, desk)


def _extracted(found: Outline, raw: Callable[[], Source], desk: Desk) -> Content:
    try:
        _walk(found, raw(), desk, top=True)
    except NeedsWorker:
        raise
    except Spent as why:
        desk.doubt(f"the mail was not read to its end: {why}")
    except MemoryError:
        desk.doubt("the mail was not read to its end: it takes too much memory")
    except Exception:  # noqa: BLE001 - whatever was not expected is a mail not read
        desk.doubt("the mail was not read to its end: something in it is damaged")
    return desk.content()


def _gather(chunks: Iterable[bytes], desk: Desk) -> bytes:
    gathered: list[bytes] = []
    room = desk.meter.budgets.bytes_in
    for chunk in chunks:
        gathered.append(chunk[:room])
        room -= len(gathered[-1])
        if not room:
            _doubt_size(desk)
            break
    return b"".join(gathered)  # one chunk stays what it is, without a copy


def _doubt_size(desk: Desk) -> None:
    most = desk.meter.budgets.bytes_in >> 20
    desk.doubt(f"the mail was not read to its end: it has {most} MiB or more")


def _walk(found: Outline, raw: Source, desk: Desk, *, top: bool) -> None:
    """Read every part. Inside an attached message everything counts as attachment."""
    within = 0  # the depth from which on parts belong to an attached message; 0: none
    for number, part in enumerate(found.parts):
        if part.head >= len(raw) and found.size > len(raw):
            break  # of what comes now nothing is there
        if top:
            desk.part = number
        if within and part.depth < within:
            within = 0
        desk.where = Where.ATTACHMENT if within or not top else Where.BODY
        children = _children(found.parts, number)
        block = read_block(raw[part.head : part.start], DEFAULT_LIMITS)
        if number and _holds(found.parts[number - 1], part):
            say_headers(block, desk)
        elif number or top:
            say_own(block, desk, of_part=number > 0)
        for value in block.values("content-description"):
            desk.name(decode_header(value)[0])
        if part.content_type.startswith("multipart/"):
            _read_multipart(part, children, block, raw, desk)
        elif children:
            within = within or part.depth + 1
            _name_all(part, desk)
            desk.record(File(part.names, part.content_type), "eml", part.size)
        else:
            _read_part(part, block, raw, desk)


def _children(parts: tuple[Part, ...], number: int) -> list[Part]:
    depth, found = parts[number].depth, []
    for part in parts[number + 1 :]:
        if part.depth <= depth:
            break
        if part.depth == depth + 1:
            found.append(part)
    return found


def _holds(message: Part, part: Part) -> bool:
    """Whether a part is the content of the attached message that stands before it."""
    return message.content_type.startswith("message/") and message.depth == part.depth - 1


def _name_all(part: Part, desk: Desk) -> None:
    for name in part.names:
        desk.name(name)


def _read_multipart(
    part: Part, children: list[Part], block: Block, raw: Source, desk: Desk
) -> None:
    """Read what stands around the parts of a multipart, and the parts that nothing cut out."""
    _name_all(part, desk)
    declared = structured((block.values("content-type") or [b""])[0])
    boundary = b"--" + (declared.all(b"boundary") or [b""])[0].rstrip(b" \t")
    at = part.start
    for child in children:
        _say_gap(raw[at : child.head], boundary, desk)
        at = child.end
    _say_gap(raw[at : part.end], boundary, desk)
    if part.encoding in {"base64", "quoted-printable"}:
        head = b"Content-Type:" + (block.values("content-type") or [b""])[0] + b"\r\n\r\n"
        for view in views(raw[part.start : part.end], part.encoding):
            desk.inner(head + view, part.names, "message/rfc822")
    if part.content_type == "multipart/encrypted":
        why = "an encrypted mail inside the mail"
        desk.record(File((), part.content_type), "pgp", part.size, State.ENCRYPTED, why)


def _say_gap(raw: bytes, boundary: bytes, desk: Desk) -> None:
    """Keep the text before, between and after parts: a preamble or an epilogue (RFC 2046, 5.1)."""
    lines = (
        line
        for line in raw.split(b"\n")
        if not line.strip().startswith(boundary) or not boundary[_MARK_LINE:]
    )
    text = b"\n".join(lines)
    if text.strip():
        for reading in charsets.undeclared(text):
            desk.say(reading)
        if b"<" in text:
            read_leaf(Leaf(text, structured(b"text/html"), "text/html", "8bit", (), False), desk)


def _read_part(part: Part, block: Block, raw: Source, desk: Desk) -> None:
    """Read a part that holds no others."""
    declared = part.content_type
    if declared in _NOT_HERE:
        file = File(part.names, declared)
        _name_all(part, desk)
        desk.record(file, "eml", part.size, State.UNSCANNABLE, _NOT_HERE[declared])
        say_headers(read_block(raw[part.start : part.end], DEFAULT_LIMITS), desk)
        return
    body = Stretch(raw, part.start, min(part.end, len(raw)))
    flowing = part.encoding == "base64" and len(body) > PIECE
    undone = transfer.flowing(body.pieces()) if flowing else None
    for value in block.values("content-type")[:4] or [b""]:
        leaf = Leaf(
            b"",
            structured(value),
            declared,
            part.encoding,
            part.names,
            part.disposition == "attachment",
            undone,
        )
        if _is_oversize(leaf, body, desk):
            keep_oversize(leaf, len(body), desk)
        read_leaf(leaf if undone is not None else replace(leaf, raw=body[:]), desk)


def _is_oversize(leaf: Leaf, body: Stretch, desk: Desk) -> bool:
    if leaf.is_attached or leaf.declared != "text/plain":
        return False
    most = desk.meter.budgets.characters
    return is_oversize(body, leaf.names, leaf.encoding, leaf.charset, most)


def read_message(raw: bytes, desk: Desk) -> None:
    """Read a message inside a file, headers and all. Raises Unreadable."""
    found = outline([raw])
    if found.parts:
        first = found.parts[0]
        say_headers(read_block(raw[first.head : first.start], DEFAULT_LIMITS), desk)
    _walk(found, raw, desk, top=False)
    if found.problems:
        raise Unreadable("an attached mail that can be read in more than one way")


def read_mailbox(raw: bytes, desk: Desk) -> None:
    """Read a file of messages, one after the other (RFC 4155)."""
    starts = [match.end() for match in _ENVELOPES.finditer(raw)]
    for start, end in zip(starts, [*starts[1:], len(raw)], strict=True):
        desk.inner(raw[start:end], (), "message/rfc822")


def _reader_of(kind: str) -> Reader | None:
    return _MAILS.get(kind) or reader_of(kind)


_MAILS: Mapping[str, Reader] = {"eml": read_message, "mbox": read_mailbox}
