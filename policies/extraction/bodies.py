"""The leaves of a mail: pieces of its text, and files that came with it.

Promises that a body is read as what it declares and as what it is, in every way in which its
transfer encoding can be undone. Must never take a declared type as a reason not to look.
"""

import binascii
import re
from dataclasses import dataclass
from urllib.parse import unquote_to_bytes

from policies.extraction import bars, dumps, kinds, markup, texts, transfer
from policies.extraction.budgets import Locked
from policies.extraction.desk import Desk, File
from policies.extraction.passages import State
from policies.message.parameters import Structured
from policies.text import charsets

_PLAIN = frozenset({"text/plain", "text/enriched", "text/richtext"})
_PAGES = frozenset({"text/html", "text/x-amp-html", "text/watch-html", "application/xhtml+xml"})
_QUOTED = re.compile(r"(?m)^(?:> ?){2,}")  # one mark does: what goes over lines stays together
_KNOWN_ENCODINGS = frozenset({"base64", "quoted-printable", "7bit", "8bit", "binary"})
_KINDS_OF_BODIES = frozenset({"text", "html", "eml", "mbox", "calendar", "xml"})


@dataclass(frozen=True, slots=True)
class Leaf:
    """One leaf as its headers declare it; `content_type` with its parameters, `raw` as encoded."""

    raw: bytes
    content_type: Structured
    declared: str
    encoding: str
    names: tuple[str, ...]
    is_attached: bool  # it says that it is an attachment
    undone: bytes | None = None  # instead of `raw`, where its encoding was undone as it came

    @property
    def charset(self) -> str:
        """The declared character set, or an empty string."""
        found = self.content_type.all(b"charset")
        return found[0].decode("ascii", "replace") if found else ""

    def parameter(self, name: bytes) -> str:
        """Return a parameter of the content type in lower case, or an empty string."""
        found = self.content_type.all(name)
        return found[0].decode("ascii", "replace").lower() if found else ""


def read_leaf(leaf: Leaf, desk: Desk) -> None:
    """Keep what a leaf says, and itself as an attachment if it is one."""
    is_body = not leaf.is_attached and leaf.declared in _PLAIN | _PAGES
    found = views(leaf.raw, leaf.encoding) if leaf.undone is None else [leaf.undone]
    for view in found:
        if is_body:
            _read_body(leaf, view, desk)
        else:
            desk.inner(view, leaf.names, leaf.declared, leaf.charset)
            for name, data in dumps.yencoded(view) if b"=ybegin " in view[:4096] else ():
                desk.inner(data, (name,))
    if leaf.encoding == "x-yencode" and b"=ybegin " not in leaf.raw:
        why = "an attachment of the kind yenc, which is not opened here"
        desk.record(File(leaf.names, leaf.declared), "yenc", len(leaf.raw), State.UNSCANNABLE, why)


def keep_oversize(leaf: Leaf, size: int, desk: Desk) -> None:
    """Keep what there is of a text that is too long for anything else, then raise Spent."""
    desk.meter.unpack(size)
    if leaf.names:
        for name in leaf.names:
            desk.name(name)
        desk.record(File(leaf.names, leaf.declared, leaf.charset), "text", size)
    desk.meter.write(size)


def views(raw: bytes, encoding: str) -> list[bytes]:
    """List what the body may be once its encoding is undone."""
    found = transfer.decodings(raw, encoding)
    if encoding != "base64" and transfer.looks_encoded(raw):
        # Nobody said so: where it stands for nothing that is known, it is what it looks like.
        guessed = transfer.decodings(raw, "base64")
        found += [one for one in guessed if kinds.kinds_of(one) != kinds.UNKNOWN]
    if encoding not in _KNOWN_ENCODINGS:
        found += [transfer.quoted_printable(raw), *transfer.decodings(raw, "base64")]
    return list(dict.fromkeys(found))


def _read_body(leaf: Leaf, view: bytes, desk: Desk) -> None:
    desk.meter.unpack(len(view))
    if charsets.doubtful(view, leaf.charset):
        desk.doubt("text in a character set that is not known here")
    file = File(leaf.names, leaf.declared, leaf.charset)
    page = leaf.declared in _PAGES
    found = kinds.kinds_of(view, leaf.names, leaf.declared)
    if found == kinds.UNKNOWN and kinds.is_odd_text(view):
        found = ("text",)
    if not set(found) <= _KINDS_OF_BODIES and "pgp" not in found:
        desk.inner(view, leaf.names, leaf.declared, leaf.charset)
    elif leaf.names:
        for name in leaf.names:
            desk.name(name)
        desk.record(file, "html" if page else "text", len(view))
    try:
        if page:
            say_page(view, leaf.charset, desk)
        else:
            _say_plain(leaf, view, desk)
    except Locked as locked:
        desk.record(file, "pgp", len(view), State.ENCRYPTED, str(locked))


def _say_plain(leaf: Leaf, view: bytes, desk: Desk) -> None:
    delsp = leaf.parameter(b"delsp") == "yes"
    for text in texts.readings(view, leaf.charset):
        desk.meter.tick()
        joined = leaf.parameter(b"format") == "flowed" and " \r\n" in text
        if joined:
            desk.say(texts.flowed(text, delsp=delsp))
        if not joined or delsp:
            desk.say(_QUOTED.sub("> ", text) if ">" in text else text)
        desk.say(bars.unbarred(text))
        if leaf.declared != "text/plain":
            desk.say(markup.read_page(text, desk.meter.tick).shown)
    texts.read_embedded(view, desk)


def say_page(raw: bytes, charset: str, desk: Desk) -> None:
    """Keep what a page says, in its declared character set and in the one it names itself."""
    named = [charset]
    for text in texts.readings(raw, charset):
        page = markup.read_page(text, desk.meter.tick)
        named += [page.charset] if page.charset else []
        _keep(page, desk)
    own = named[1] if len(named) > 1 else ""
    if own and own.lower() != charset.lower():
        for text in texts.readings(raw, own):
            _keep(markup.read_page(text, desk.meter.tick), desk)
    if b"-----BEGIN PGP MESSAGE" in raw:
        raise Locked("text that PGP encrypted")


def _keep(page: markup.Page, desk: Desk) -> None:
    for text in page.texts():
        desk.say(text)
        desk.say(bars.unbarred(text))
    for link in page.data_urls:
        _read_data_url(link, desk)


def _read_data_url(link: str, desk: Desk) -> None:
    """Read what a data: URL holds (RFC 2397)."""
    head, _comma, body = link[5:].partition(",")
    data = unquote_to_bytes(body)
    if head.lower().replace(" ", "").endswith(";base64"):
        try:
            data = transfer.decodings(data, "base64")[0]
        except binascii.Error:  # not reachable: it is forgiving; the bytes are read as they are
            desk.doubt("a link with data that cannot be decoded")
    desk.inner(data, (), head.partition(";")[0].strip().lower())


def read_page_file(raw: bytes, desk: Desk) -> None:
    """Keep what an attached page says, and its source where a program may show that."""
    say_page(raw, desk.file.charset, desk)
    if desk.file.declared == "text/plain":
        texts.read_text(raw, desk)
    elif b"begin" in raw:  # uuencoded lines have all that a tag needs
        for name, data in transfer.uuencoded(raw):
            desk.inner(data, (name,))
