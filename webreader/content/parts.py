"""A stored message taken apart: its headers, what is its text, and what comes with it.

The structure is read by Python's `email` with its plain policy, and only after
`policies.message.mime` has vouched that the message keeps the limits and can be read in one way:
the reader then shows what the policy saw. Attached messages stay whole, byte for byte, and are not
looked into.

Promises `Unreadable` for whatever cannot be taken apart, and no other exception.
Must never be asked for the `Bcc` header by a page; `content.original` removes it from downloads.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from email import policy
from email.errors import MissingHeaderBodySeparatorDefect
from email.message import Message
from email.parser import BytesFeedParser
from typing import TYPE_CHECKING, ParamSpec, TypeVar, cast

from policies.message.mime import Outline, outline
from policies.message.parameters import Structured, structured
from policies.text.charsets import readings
from webreader.content.decoding import decoded

if TYPE_CHECKING:
    from email.policy import Policy

P = ParamSpec("P")
T = TypeVar("T")
Read = Callable[[], Iterable[bytes]]
"""Gives the bytes of a message from the beginning, each time it is called."""

_HEADER_ENDED = MissingHeaderBodySeparatorDefect  # sooner for Python's parser than for the outline
_MOST_TEXTS = 20  # pieces of text in one message; more than this are attachments
_TEXTS = ("text/plain", "text/html")
# Other spellings of the text for programs of other kinds: nobody misses them among attachments.
_OTHER_SPELLINGS = ("text/x-amp-html", "text/enriched", "text/richtext", "text/watch-html")


class Unreadable(Exception):
    """This message cannot be taken apart within the limits."""


class _Node(Message):
    """A part as the parser builds it, except that attached messages are left unparsed."""

    _payload: object

    def get_content_type(self) -> str:
        kind = super().get_content_type()
        return f"attached/{kind[8:]}" if kind.startswith("message/") else kind

    def content(self) -> bytes:
        """Return the content as it was sent, transfer encoding and all."""
        payload = self._payload  # get_payload() would decode it by a charset out of the mail
        return payload.encode("ascii", "surrogateescape") if isinstance(payload, str) else b""


@dataclass(frozen=True, slots=True)
class Part:
    """One leaf of a message: a piece of text or something attached."""

    _node: _Node

    def raw_header(self, name: str) -> bytes:
        """Return a header as it was sent, folded or not; `name` in lower case."""
        return _raw_header(self._node, name)

    def header(self, name: str) -> Structured:
        """Return a header that has parameters, such as `content-disposition`."""
        return structured(self.raw_header(name))

    @property
    def kind(self) -> str:
        """The declared media type, in lower case."""
        return _kind(self._node)

    @property
    def content_id(self) -> str:
        """The name by which other parts show this one (RFC 2392), or an empty string."""
        return self.raw_header("content-id").decode("utf-8", "replace").strip(" \t\r\n<>")

    @property
    def is_named(self) -> bool:
        """Whether it was sent as a file rather than as part of the text."""
        disposition = self.header("content-disposition")
        return (
            disposition.value == "attachment"
            or bool(disposition.texts(b"filename"))
            or bool(self.header("content-type").texts(b"name"))
        )

    def decoded(self) -> Iterator[bytes]:
        """Yield the content, transfer encoding undone, a slice at a time."""
        return decoded(self._node.content(), self.header("content-transfer-encoding").value)

    def size(self) -> int:
        """Return the number of bytes that `decoded` gives."""
        return sum(map(len, self.decoded()))

    def text(self, limit: int) -> str:
        """Return the content as text, at most `limit` bytes of it."""
        raw = bytearray()
        for piece in self.decoded():
            raw += piece
            if len(raw) >= limit:
                break
        charsets = self.header("content-type").all(b"charset")
        label = charsets[0].decode("ascii", "replace") if charsets else ""
        text = readings(bytes(raw[:limit]), label)[0].removeprefix("\ufeff")
        return text.encode("utf-8", "replace").decode("utf-8")  # no half of a surrogate pair


@dataclass(slots=True)
class Parts:
    """A message in the pieces a reader deals with."""

    headers: tuple[tuple[str, bytes], ...]  # name in lower case, raw value; in order
    texts: list[Part] = field(default_factory=list)  # what to show, in order
    spare: list[Part] = field(default_factory=list)  # the plain text beside a chosen HTML one
    files: list[Part] = field(default_factory=list)  # everything else, in order

    def first(self, name: str) -> bytes:
        """Return the first value of a header, raw, or nothing; `name` in lower case."""
        return next((value for key, value in self.headers if key == name), b"")


def take_apart(read: Read) -> Parts:
    """Return the pieces of a message. Raises Unreadable."""
    seen = outline(read())
    if seen.problems:
        raise Unreadable
    parser: BytesFeedParser[_Node] = BytesFeedParser(
        _Node, policy=cast("Policy[_Node]", policy.compat32)
    )
    for piece in _plainly(seen, read()):
        _guarded(parser.feed, piece)
    root = _guarded(parser.close)
    if any(isinstance(doubt, _HEADER_ENDED) for node in root.walk() for doubt in node.defects):
        raise Unreadable
    parts = Parts(tuple((name.lower(), _as_bytes(value)) for name, value in root.raw_items()))
    _guarded(_sort, root, parts)
    return parts


def _plainly(seen: Outline, pieces: Iterable[bytes]) -> Iterator[bytes]:
    """Yield a message with its header as the outline read it.

    Python's parser ends a header at a name with blanks after it, legal once (RFC 5322, 4.5): the
    rest, Bcc and all, would be shown as text.
    """
    yield b"".join(b"%s:%s\r\n" % (one.name.encode("ascii"), one.raw) for one in seen.headers)
    before = seen.header_size
    for piece in pieces:
        yield piece[before:]
        before = max(0, before - len(piece))


def _guarded(step: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Do one step of taking apart; the parser is known to raise nearly anything."""
    try:
        return step(*args, **kwargs)
    except Exception as why:
        raise Unreadable from why


def _sort(node: _Node, parts: Parts) -> None:
    """Put every leaf under `node` where it belongs. The outline has bounded the depth."""
    children = _children(node)
    kind = _kind(node)
    if not children:
        _sort_leaf(node, parts)
    elif kind == "multipart/alternative":
        # The last one that can be shown is the best (RFC 2046, 5.1.4).
        chosen = max(range(len(children)), key=lambda at: (_worth(children[at]), at))
        for at, child in enumerate(children):
            (_sort if at == chosen else _sort_unchosen)(child, parts)
    elif kind == "multipart/related":
        root = _root_of(node, children)
        for child in children:
            (_sort if child is root else _sort_file)(child, parts)
    else:
        for child in children:
            _sort(child, parts)


def _sort_leaf(node: _Node, parts: Parts) -> None:
    part = Part(node)
    is_text = part.kind in _TEXTS and not part.is_named and len(parts.texts) < _MOST_TEXTS
    (parts.texts if is_text else parts.files).append(part)


def _sort_unchosen(node: _Node, parts: Parts) -> None:
    """Keep of an alternative that is not shown what is no mere spelling: an invitation, a file."""
    for leaf in _leaves(node):
        if leaf.is_named or leaf.kind not in {*_TEXTS, *_OTHER_SPELLINGS}:
            parts.files.append(leaf)
        elif leaf.kind == "text/plain":
            parts.spare.append(leaf)


def _sort_file(node: _Node, parts: Parts) -> None:
    parts.files.extend(_leaves(node))


def _leaves(node: _Node) -> Iterator[Part]:
    children = _children(node)
    for child in children:
        yield from _leaves(child)
    if not children:
        yield Part(node)


def _worth(node: _Node) -> int:
    """Say how well a reader is served by this alternative: 2 HTML, 1 plain text, 0 neither."""
    return max((_worth_of_leaf(leaf) for leaf in _leaves(node)), default=0)


def _worth_of_leaf(part: Part) -> int:
    if part.is_named or part.kind not in _TEXTS:
        return 0
    if part.kind == "text/plain":
        return 1
    start = next(part.decoded(), b"")[:8192]
    seen = re.sub(
        rb"(?is)<(style|script|title)\b.*?</\1[^>]*>|<!--.*?-->|<[^>]*>|&nbsp;|\s+", b"", start
    )
    return 2 if seen or b"<img" in start.lower() else 0


def _root_of(node: _Node, children: list[_Node]) -> _Node:
    """Return the part that shows the others (RFC 2387, 3.2)."""
    wanted = structured(_raw_header(node, "content-type")).all(b"start")
    name = wanted[0].decode("utf-8", "replace").strip(" <>") if wanted else ""
    return next(
        (child for child in children if name and Part(child).content_id == name), children[0]
    )


def _children(node: _Node) -> list[_Node]:
    payload = node.get_payload() if node.is_multipart() else ()
    return [child for child in payload if isinstance(child, _Node)]


def _kind(node: _Node) -> str:
    value = structured(_raw_header(node, "content-type")).value
    if value.count("/") == 1:
        return value
    return node.get_default_type()  # RFC 2045, 5.2; RFC 2046, 5.1.5


def _raw_header(node: _Node, name: str) -> bytes:
    for key, value in node.raw_items():
        if key.lower() == name:
            return _as_bytes(value)
    return b""


def _as_bytes(value: object) -> bytes:
    return str(value).encode("ascii", "surrogateescape")
