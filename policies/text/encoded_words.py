"""Reads RFC 2047 encoded words in a header as mail programs do, strict ones and forgiving ones.

Promises a short list of readings, the likeliest first, for any bytes: where programs differ (words
joined before or after decoding, a character set that lies, base64 with junk) each one is given.
Must never raise, nor look at more than `TEXT_LIMIT` bytes: `mime.outline` reports a subject that is
longer, so nothing is hidden behind the cut.
"""

import base64
import binascii
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import re2

from policies.text import charsets

TEXT_LIMIT = 4096
_MOST_READINGS = 12

_OPTIONS = re2.Options()
_OPTIONS.encoding = re2.Options.Encoding.LATIN1
# The closing mark may be missing at the very end: some programs decode the word all the same.
_WORD = re2.compile(
    rb"(?s)=\?[ \t]{0,9}([^?*\s=]{0,60})[ \t]{0,9}(?:\*[A-Za-z0-9-]{0,40})?"
    rb"\?([BbQq])\?(.*?)(?:\?=|\?$|$)",
    _OPTIONS,
)
_NOT_BASE64 = bytes(set(range(256)) - set(base64.b64encode(bytes(range(256)) * 3)) - set(b"+/="))
_HEX = re2.compile(rb"=([0-9A-Fa-f]{2})", _OPTIONS)
_SOFT_BREAK = re2.compile(rb"=[ \t]{0,100}\r?\n", _OPTIONS)


@dataclass(frozen=True, slots=True)
class _Word:
    charset: str
    encoding: str
    payload: bytes


_Piece = bytes | _Word


def decode_header(raw: bytes | str) -> list[str]:
    """Every plausible reading of an unstructured header (RFC 2047), the likeliest first.

    `raw` is the header's value, folded or not; a `str` is taken as already decoded from UTF-8, with
    surrogate escapes for bytes that were not. The list is never empty and holds no duplicates.
    """
    value = raw.encode("utf-8", "surrogateescape") if isinstance(raw, str) else bytes(raw)
    found = _readings(unfold(value)[:TEXT_LIMIT])
    again = [text for text in found if "=?" in text and "?=" in text]
    for text in again[:2]:  # a word inside a word: a program that decodes twice shows the inner one
        found += _readings(text.encode("utf-8", "replace")[:TEXT_LIMIT])
    found += [visual for text in found if (visual := as_displayed(text)) != text]
    return list(dict.fromkeys(found))[:_MOST_READINGS]


def unfold(value: bytes) -> bytes:
    """Make one line of a folded header (RFC 5322, 2.2.3), without white space at either end."""
    return value.replace(b"\r\n", b"").replace(b"\n", b"").strip(b" \t\r")


def as_displayed(text: str) -> str:
    """Carry out right-to-left overrides, so that the text is as the eye meets it."""
    if "\u202e" not in text:
        return text
    head, *tails = text.split("\u202e")
    for tail in tails:
        turned, mark, rest = tail.partition("\u202c")
        head += turned[::-1] + (rest if mark else "")
    return head


def _readings(value: bytes) -> list[str]:
    if b"=?" not in value:
        return charsets.undeclared(value)
    pieces = _pieces(value)
    found: list[str] = []
    arrangements = (_joined_words(pieces), _joined_payloads(pieces), pieces)
    for arranged in dict.fromkeys(map(tuple, arrangements)):
        found += _spell(arranged)
    return found


def _pieces(value: bytes) -> list[_Piece]:
    """Words and the text between them; white space between two words is no text (RFC 2047, 6.2)."""
    pieces: list[_Piece] = []
    at = 0
    for match in _WORD.finditer(value):
        between = value[at : match.start()]
        if between.strip(b" \t") or (between and not (pieces and isinstance(pieces[-1], _Word))):
            pieces.append(between)
        charset, encoding, payload = match.groups()
        pieces.append(_Word(charset.decode("ascii", "replace"), encoding.decode().lower(), payload))
        at = match.end()
    return [*pieces, value[at:]] if at < len(value) else pieces


def _neighbours(pieces: list[_Piece]) -> Iterator[list[_Piece]]:
    """Yield runs of words in one character set; any other piece is a run of its own."""
    run: list[_Piece] = []
    for piece in pieces:
        last = run[-1] if run else None
        together = (
            isinstance(piece, _Word)
            and isinstance(last, _Word)
            and charsets.canonical(piece.charset) == charsets.canonical(last.charset)
        )
        if run and not together:
            yield run
            run = []
        run.append(piece)
    if run:
        yield run


def _joined_words(pieces: list[_Piece]) -> list[_Piece]:
    """Neighbouring words decoded to bytes first, so that a character may be split between them."""
    joined: list[_Piece] = []
    for run in _neighbours(pieces):
        words = [piece for piece in run if isinstance(piece, _Word)]
        if len(words) > 1:
            raw = b"".join(_decoded(word)[0] for word in words)
            joined.append(_Word(words[0].charset, "", raw))
        else:
            joined += run
    return joined


def _joined_payloads(pieces: list[_Piece]) -> list[_Piece]:
    """Neighbouring base64 words glued before decoding, for words cut inside a group of four."""
    joined: list[_Piece] = []
    for run in _neighbours(pieces):
        words = [piece for piece in run if isinstance(piece, _Word)]
        if len(words) > 1 and all(word.encoding == "b" for word in words):
            joined.append(_Word(words[0].charset, "b", b"".join(word.payload for word in words)))
        else:
            joined += run
    return joined


def _spell(pieces: Iterable[_Piece]) -> list[str]:
    """Spell the pieces out: the first reading of each, then the second of each, and so on."""
    choices: list[list[str]] = []
    for piece in pieces:
        if isinstance(piece, _Word):
            texts = [t for raw in _decoded(piece) for t in charsets.readings(raw, piece.charset)]
            choices.append(texts)
        else:
            choices.append(charsets.undeclared(piece))
    deepest = min(4, max((len(choice) for choice in choices), default=0))
    return [
        "".join(choice[min(depth, len(choice) - 1)] for choice in choices)
        for depth in range(deepest)
    ]


def _decoded(word: _Word) -> list[bytes]:
    if word.encoding == "q":
        return [decode_q(word.payload)]
    return decode_base64(word.payload) if word.encoding == "b" else [word.payload]


def decode_q(payload: bytes) -> bytes:
    """Undo the Q encoding (RFC 2047, 4.2), forgiving about an equals sign that starts no code."""
    text = payload.replace(b"_", b" ")
    if b"=" not in text:
        return text
    text = _SOFT_BREAK.sub(b"", text)
    out, at = bytearray(), 0
    for match in _HEX.finditer(text):
        out += text[at : match.start()] + bytes.fromhex(match.group(1).decode("ascii"))
        at = match.end()
    return bytes(out + text[at:])


def decode_base64(payload: bytes) -> list[bytes]:
    """Base64 as forgiving programs read it: junk skipped, padding optional, either alphabet.

    Padding in the middle ends the data for some and is stepped over by others: both are returned.
    """
    clean = payload.translate(bytes.maketrans(b"-_", b"+/"), b"").translate(None, _NOT_BASE64)
    stretches = [stretch for stretch in clean.split(b"=") if stretch]
    whole = [_stretch(stretch) for stretch in stretches]
    return list(dict.fromkeys((b"".join(whole), whole[0] if whole else b"")))


def _stretch(text: bytes) -> bytes:
    usable = text[:-1] if len(text) % 4 == 1 else text
    try:
        return base64.b64decode(usable + b"=" * (-len(usable) % 4))
    except binascii.Error:  # not reachable after the cleaning above; never raise all the same
        return b""
