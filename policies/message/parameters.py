"""Reads structured MIME header values: `type/subtype; name=value` (RFC 2045, 2183 and 2231).

Promises never to raise, to look at a bounded number of bytes, and to give every name a part claims.
 What two mail programs would read differently is said in `Structured.doubt`.
Must never be used on headers that people write in prose; those are `encoded_words`.
"""

from dataclasses import dataclass
from urllib.parse import unquote_to_bytes

import re2

from policies.text import charsets
from policies.text.encoded_words import decode_header, unfold

_MOST_BYTES = 8192
_MOST_PARAMETERS = 200
_LONGEST_NAME = 1000

_OPTIONS = re2.Options()
_OPTIONS.encoding = re2.Options.Encoding.LATIN1
_TOKENS = re2.compile(rb'(?s)"(?:[^"\\]|\\.)*(?:"|$)|\\.|[();]|[^"\\();]+', _OPTIONS)
_NAIVE_BOUNDARY = re2.compile(rb'(?i)\bboundary\s*=\s*(?:"([^"]*)"|([^\s;"]+))', _OPTIONS)
_SECTION = re2.compile(rb"^([^*]+)\*([0-9]{1,3})(\*?)$", _OPTIONS)
_TOKEN = re2.compile(rb"[^\x00-\x20\x7f()<>@,;:\\\"/\[\]?=]{1,127}", _OPTIONS)


@dataclass(frozen=True, slots=True)
class Structured:
    """A value such as `text/plain`, and its parameters in order; names are in lower case."""

    value: str
    parameters: tuple[tuple[bytes, bytes], ...] = ()
    doubt: str = ""  # plain English: what two readers would take differently

    def all(self, name: bytes) -> list[bytes]:
        """List the plain values of one parameter, RFC 2231 forms not among them."""
        return [value for key, value in self.parameters if key == name]

    def texts(self, name: bytes) -> list[str]:
        """Every text a reader may take this parameter for: extended, continued, plain, encoded."""
        found = [text for value in self._extended(name) for text in value]
        for value in self.all(name):
            found += decode_header(value)
        shown = (" ".join(text.replace("\0", "").split()) for text in found)
        return list(dict.fromkeys(text[:_LONGEST_NAME] for text in shown if text))

    def _extended(self, name: bytes) -> list[list[str]]:
        """RFC 2231 values: `name*=charset'lang'x`, and continuations, in order and as they came."""
        whole = [_extended_texts(value) for value in self.all(name + b"*")]
        pieces: list[tuple[int, bool, bytes]] = []
        for key, value in self.parameters:
            match = _SECTION.match(key)
            if match and match.group(1) == name:
                pieces.append((int(match.group(2)), bool(match.group(3)), value))
        in_order = sorted(pieces, key=lambda piece: piece[0])
        orders = (in_order, pieces) if pieces != in_order else (in_order,)
        return whole + [_continued_texts(order) for order in orders if order]


def structured(raw: bytes) -> Structured:
    """Take a raw header value (folded or not) apart, comments removed."""
    value = unfold(raw)
    pieces = _without_comments(value[:_MOST_BYTES])
    head = pieces[0].strip().lower().decode("ascii", "replace") if pieces else ""
    found = []
    for piece in pieces[1 : _MOST_PARAMETERS + 1]:
        name, equals, text = piece.partition(b"=")
        if equals:
            found.append((name.strip(b" \t").lower(), _unquoted(text.strip(b" \t"))))
    too_many = len(value) > _MOST_BYTES or len(pieces) > _MOST_PARAMETERS + 1
    doubt = "too many parameters in one header line" if too_many else ""
    return Structured("".join(head.split()), tuple(found), doubt)


def boundary_of(content_type: Structured, raw: bytes) -> tuple[bytes, str]:
    """Find a multipart's boundary and, if readers may disagree on it, why (RFC 2046, 5.1.1)."""
    found = content_type.all(b"boundary")
    other_forms = any(key.startswith(b"boundary*") for key, _ in content_type.parameters)
    boundary = found[0].rstrip(b" \t") if found else b""
    if other_forms:
        return (
            boundary,
            "the boundary of a multipart is written in a form that readers treat differently",
        )
    if not boundary:
        return b"", "a multipart without a boundary"
    if len(set(found)) > 1:
        return boundary, "a multipart with two different boundaries"
    naive = _NAIVE_BOUNDARY.search(unfold(raw)[:_MOST_BYTES])
    plain = next((group for group in naive.groups() if group is not None), b"") if naive else b""
    if plain.rstrip(b" \t") != boundary:
        return boundary, "the boundary of a multipart can be read in two ways"
    return boundary, ""


def is_token(text: bytes) -> bool:
    """Whether `text` is one MIME token (RFC 2045, 5.1)."""
    return _TOKEN.fullmatch(text) is not None


def _without_comments(value: bytes) -> list[bytes]:
    """Cut at the semicolons, comments (nested, RFC 5322 3.2.2) left out, quotes kept."""
    pieces = [bytearray()]
    depth = 0
    for match in _TOKENS.finditer(value):
        token = match.group()
        if token == b"(":
            depth += 1
        elif token == b")" and depth:
            depth -= 1
        elif depth:
            continue
        elif token == b";":
            pieces.append(bytearray())
        else:
            pieces[-1] += token
    return [bytes(piece) for piece in pieces]


def _unquoted(text: bytes) -> bytes:
    if not text.startswith(b'"'):
        return text
    inner = text[1:-1] if len(text) > 1 and text.endswith(b'"') else text[1:]
    if b"\\" not in inner:
        return inner
    out, at = bytearray(), 0
    while at < len(inner):
        at += inner[at] == ord("\\") and at + 1 < len(inner)
        out.append(inner[at])
        at += 1
    return bytes(out)


def _extended_texts(value: bytes) -> list[str]:
    charset, first, rest = value.partition(b"'")
    _language, second, text = rest.partition(b"'")
    if not (first and second):
        return charsets.undeclared(unquote_to_bytes(value))
    return charsets.readings(unquote_to_bytes(text), charset.decode("ascii", "replace"))


def _continued_texts(pieces: list[tuple[int, bool, bytes]]) -> list[str]:
    charset, raw = "", bytearray()
    for number, extended, value in pieces:
        text = value
        if extended and number == 0 and value.count(b"'") > 1:
            name, _language, text = value.split(b"'", 2)
            charset = name.decode("ascii", "replace")
        raw += unquote_to_bytes(text) if extended else text
    texts = charsets.readings(bytes(raw), charset)
    return [reading for text in texts for reading in ([text, *decode_header(text)])]
