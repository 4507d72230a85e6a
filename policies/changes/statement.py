"""Statements appended to the text of a mail: a disclaimer, a request to delete it after use.

In plain text they come last, in HTML before `</body>`, in the transfer encoding and the character
set that are there. Promises that a statement which is there already, also quoted in an answer, is
not added again. Must never add to a body that somebody has signed, nor to what it cannot read back.
"""

import base64
import codecs
import html
import re
import textwrap
from collections.abc import Callable, Iterable, Iterator

from policies.changes.fields import fields_of, head_of
from policies.changes.obstacles import obstacle, own_parts, with_path
from policies.changes.reading import TextReader
from policies.changes.splice import Edit, read_at
from policies.message.shape import Outline, Part

Read = Callable[[], Iterable[bytes]]

WIDTH = 72
_TEXTS = ("text/plain", "text/html")
_CARRIERS = ("multipart/mixed", "multipart/alternative", "multipart/related")
_IDENTITY = ("7bit", "8bit", "binary")
# Codecs of Python in which ASCII bytes are ASCII characters, whatever stands before them.
_WRITABLE = re.compile(
    r"utf-8|ascii|iso8859-\d+|cp125\d|cp437|cp850|cp93[26]|cp949|cp950|koi8-[ru]|gb2312|gbk|"
    r"gb18030|big5|big5hkscs|euc_jp|euc_kr|shift_jis|mac-roman|tis-620"
)
_PLAIN_SPELLING = str.maketrans(
    {"‘": "'", "’": "'", "“": '"', "”": '"', "–": "-", "—": "-", "…": "...", "\u00a0": " "}
)
_NOT_BASE64 = re.compile(rb"[^A-Za-z0-9+/]")


class CannotAddError(Exception):
    """A part to which nothing can be added; says why."""


def plan(outline: Outline, read: Read, statements: tuple[str, ...]) -> tuple[list[Edit], str]:
    """Return the edits that add `statements`, and why something is left as it is, if it is."""
    if why := obstacle(outline):
        return [], why
    parts = text_parts(outline)
    if not parts:
        return [], "it holds no text"
    readers, reasons = [], []
    heads = read_at(read(), map(head_of, parts))
    for part in parts:
        try:
            readers.append(_reader(part, heads[part.head], statements))
        except CannotAddError as error:
            reasons.append(str(error))
    _read_through(read(), readers)
    if any(reader.has_openpgp for reader in readers):
        return [], "its text is signed or encrypted (OpenPGP)"
    there = {text for reader in readers for text in reader.found}
    missing = tuple(text for text in statements if text not in there)
    edits = []
    for reader in readers if missing else []:
        try:
            edits.append(_edit(reader, missing))
        except CannotAddError as error:
            reasons.append(str(error))
    return edits, "; ".join(dict.fromkeys(reasons))


def text_parts(outline: Outline) -> list[Part]:
    """Return what a reader sees as the text: all halves of an alternative, or the last part."""
    found = [
        (part, path)
        for part, path in with_path(own_parts(outline))
        if part.content_type in _TEXTS
        and part.disposition != "attachment"
        and not part.filename
        and all(holder.content_type in _CARRIERS for holder in path)
    ]
    for _, path in found:
        choice = next((p for p in path if p.content_type == "multipart/alternative"), None)
        if choice is not None:
            return [part for part, around in found if choice in around]
    return [part for part, _ in found[-1:]]


def _reader(part: Part, head: bytes, statements: tuple[str, ...]) -> TextReader:
    if any(field.name == "content-md5" for field in fields_of(head, part.head)):
        raise CannotAddError("a part carries a checksum")
    if part.encoding not in (*_IDENTITY, "base64", "quoted-printable"):
        raise CannotAddError("a part is in an unusual transfer encoding")
    if part.size == 0:
        raise CannotAddError("a part is empty")
    charset = _charset(part.charset or "us-ascii")
    return TextReader(part, charset, statements)


def _charset(name: str) -> str:
    """Return the codec of a character set in which ASCII is itself. Raises CannotAddError."""
    try:
        codec = codecs.lookup(name).name
    except (LookupError, ValueError):
        codec = ""
    if _WRITABLE.fullmatch(codec) is None:
        raise CannotAddError("a part is in a character set that cannot be added to")
    return codec


def _read_through(chunks: Iterable[bytes], readers: list[TextReader]) -> None:
    at = 0
    for chunk in chunks:
        for reader in readers:
            start, end = reader.part.start, reader.part.end
            piece = chunk[max(0, start - at) : max(0, end - at)]
            if piece:
                reader.feed(piece)
        at += len(chunk)
    for reader in readers:
        reader.finish()


def _edit(reader: TextReader, statements: tuple[str, ...]) -> Edit:
    if reader.damaged:
        raise CannotAddError("a part is damaged")
    if reader.part.encoding == "base64":
        return _into_base64(reader, statements)
    if reader.is_html:
        return _into_html(reader, statements)
    return _after_text(reader, statements)


def _after_text(reader: TextReader, statements: tuple[str, ...]) -> Edit:
    """Put plain text behind the last line, with a blank line between."""
    quoted = reader.part.encoding == "quoted-printable"
    ascii_only = reader.part.encoding == "7bit"
    added = _encoded(_plain(statements), "ascii" if ascii_only else reader.charset)
    if quoted:
        added = _quoted_printable(added)
    ended = reader.tail.endswith(b"\n")
    before, after = (b"\r\n", b"\r\n") if ended else (b"\r\n\r\n", b"")
    if quoted and reader.tail.rstrip(b"\r\n").endswith(b"="):
        before = b"\r\n" + before  # the last line break is a soft one, and no line end
    return Edit(reader.part.end, 0, before + added + after)


def _into_html(reader: TextReader, statements: tuple[str, ...]) -> Edit:
    added = _markup(statements)
    at = reader.body_end if reader.body_end is not None else reader.part.end
    if reader.part.encoding == "quoted-printable":
        return Edit(at, 0, b"=\r\n" + _quoted_printable(added) + b"=\r\n")
    return Edit(at, 0, b"\r\n" + added + b"\r\n")


def _into_base64(reader: TextReader, statements: tuple[str, ...]) -> Edit:
    """Encode the end of a part anew, from the group of three bytes in which something is added."""
    letters = [m.start() for m in re.finditer(rb"[A-Za-z0-9+/=]", reader.tail)]
    letters = letters[-reader.before_tail % 4 :]
    if not letters or len(letters) % 4:
        raise CannotAddError("a part is damaged")
    coded = bytes(reader.tail[at] for at in letters)
    if b"=" in coded.rstrip(b"="):
        raise CannotAddError("a part is damaged")
    text = base64.b64decode(coded)
    at, added = _place(reader, text, statements)
    group = at // 3
    if group * 4 >= len(letters):  # behind a last group that is full
        begin, length = letters[-1] + 1, 0
    else:
        begin = letters[group * 4]
        length = letters[-1] + 1 - begin
    new = base64.encodebytes(text[group * 3 : at] + added + text[at:]).rstrip(b"\n")
    mid_line = begin > 0 and reader.tail[begin - 1 : begin] != b"\n"
    insert = b"\r\n" * mid_line + new.replace(b"\n", b"\r\n")
    return Edit(reader.tail_at + begin, length, insert)


def _place(reader: TextReader, text: bytes, statements: tuple[str, ...]) -> tuple[int, bytes]:
    """Return where in a decoded end of a part something is added, and what."""
    if reader.is_html:
        ends = [match.start() for match in re.finditer(rb"(?i)</body", text)]
        return (ends[-1] if ends else len(text)), b"\r\n" + _markup(statements) + b"\r\n"
    line_end = b"" if text.endswith(b"\n") else b"\r\n"
    added = _encoded(_plain(statements), reader.charset)
    return len(text), line_end + b"\r\n" + added + b"\r\n"


def _plain(statements: Iterable[str]) -> str:
    return "\r\n\r\n".join("\r\n".join(_lines(text)) for text in statements)


def _lines(text: str) -> Iterator[str]:
    wrapper = textwrap.TextWrapper(WIDTH, break_long_words=False, break_on_hyphens=False)
    for line in text.splitlines():
        yield from wrapper.wrap(line) or [""]


def _markup(statements: Iterable[str]) -> bytes:
    """Return HTML in ASCII alone, which reads the same in every character set that is added to."""
    paragraphs = (
        "<p>" + "<br>\r\n".join(html.escape(line) for line in _lines(text)) + "</p>"
        for text in statements
    )
    whole = "<div>\r\n" + "\r\n".join(paragraphs) + "\r\n</div>"
    return whole.encode("ascii", "xmlcharrefreplace")


def _encoded(text: str, charset: str) -> bytes:
    for spelling in (text, text.translate(_PLAIN_SPELLING)):
        try:
            return spelling.encode(charset)
        except UnicodeError:
            continue
    raise CannotAddError("the statement cannot be written in the character set of a part")


def _quoted_printable(data: bytes) -> bytes:
    lines = (codecs.encode(line, "quopri") for line in data.split(b"\r\n"))
    return b"\r\n".join(bytes(line).replace(b"\n", b"\r\n") for line in lines)
