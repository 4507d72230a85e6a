"""Reading a mail that came back: its header, and what it says before what it returns.

Promises to look at no more than `LONGEST` bytes, in bounded time, and never to raise. What it
returns of our own mail is left out, so that its words are never taken for the report's.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property

from policies.extraction.transfer import decodings
from policies.message.mime import outline
from policies.message.shape import Header, Limits, Part
from policies.text import charsets
from policies.text.encoded_words import decode_header

LONGEST = 256 << 10
LONGEST_TEXT = 32 << 10  # of one part; what a report has to say stands at its beginning
_LIMITS = Limits(header_bytes=64 << 10, headers=300, parts=40, depth=8)
_OWN = frozenset({"message/rfc822", "message/global", "text/rfc822-headers", "message/partial"})
_STATUS = frozenset({"message/delivery-status", "message/global-delivery-status"})


@dataclass(frozen=True)
class Returned:
    """A mail that came back. Everything in it is somebody else's word."""

    headers: tuple[Header, ...]
    parts: tuple[tuple[str, str], ...] = field(repr=False)  # (content type, text)
    raw: bytes = field(repr=False)
    null_sender: bool = False

    def first(self, name: str) -> str:
        """Return the first header of this name as a person reads it; "" for none."""
        found = (one.raw for one in self.headers if one.name.lower() == name)
        return next((" ".join(decode_header(raw)[0].split()) for raw in found), "")

    @cached_property
    def subject(self) -> str:
        """The subject, in lower case."""
        return self.first("subject").lower()

    @cached_property
    def statuses(self) -> tuple[str, ...]:
        """The machine-readable parts (RFC 3464)."""
        return tuple(text for kind, text in self.parts if kind in _STATUS)

    @cached_property
    def text(self) -> str:
        """What it says in plain text; else the text of its HTML."""
        plain = "\n".join(text for kind, text in self.parts if kind == "text/plain")
        if plain.strip():
            return plain
        html = "\n".join(text for kind, text in self.parts if kind == "text/html")
        return _without_tags(html)

    @cached_property
    def content_type(self) -> str:
        """The Content-Type line, in lower case."""
        return self.first("content-type").lower()


def read(chunks: Iterable[bytes], *, null_sender: bool = False) -> Returned:
    """Read the beginning of a mail."""
    raw = _beginning(chunks)
    found = outline([raw], _LIMITS)
    texts = tuple((part.content_type, _text(raw, part)) for part in _said(found.parts))
    return Returned(found.headers, texts, raw, null_sender)


def _beginning(chunks: Iterable[bytes]) -> bytes:
    gathered = bytearray()
    for chunk in chunks:
        gathered += chunk[: LONGEST - len(gathered)]
        if len(gathered) >= LONGEST:
            break
    return bytes(gathered)


def _said(parts: Iterable[Part]) -> Iterator[Part]:
    """Leave out what is returned, and everything inside it."""
    inside: int | None = None
    for part in parts:
        if inside is not None and part.depth > inside:
            continue
        inside = part.depth if part.content_type in _OWN else None
        if inside is None and (part.content_type in _STATUS or part.content_type in _TEXTS):
            yield part


_TEXTS = frozenset({"text/plain", "text/html"})


def _text(raw: bytes, part: Part) -> str:
    body = raw[part.start : part.end][: LONGEST_TEXT * 2]
    decoded = decodings(body, part.encoding)[0][:LONGEST_TEXT]
    return charsets.readings(decoded, part.charset)[0].replace("\r\n", "\n")


def _without_tags(html: str) -> str:
    """Return what stands between the tags. Good enough to look for words; never shown whole."""
    text, rest = [], html
    while rest:
        before, _, rest = rest.partition("<")
        text.append(before)
        tag, _, rest = rest.partition(">")
        if tag[:3].lower() in {"br", "br/", "p", "/p", "/td", "/tr", "div", "/di"}:
            text.append("\n")
    shown = "".join(text)
    for name, sign in (("&nbsp;", " "), ("&lt;", "<"), ("&gt;", ">"), ("&amp;", "&")):
        shown = shown.replace(name, sign)
    return shown
