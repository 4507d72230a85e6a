"""Content transfer encodings undone, in every way in which mail programs undo them.

Promises the likeliest bytes first and at most a few readings, for any input; speed of the C library
for well-formed input. Must never raise.
"""

import base64
import binascii
import io
from collections.abc import Iterable, Iterator

import re2

_OPTIONS = re2.Options()
_OPTIONS.encoding = re2.Options.Encoding.LATIN1
_ALPHABET = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
_WHITE = b" \t\r\n\f\v"
_NOT_ALPHABET = bytes(set(range(256)) - set(_ALPHABET) - {ord("=")})
_URL_SAFE = bytes.maketrans(b"-_", b"+/")
_SOFT_BREAK = re2.compile(rb"=[ \t]{0,200}\r?\n", _OPTIONS)
_CUT_CODE = re2.compile(rb"=[0-9A-Fa-f]?=[ \t]{0,200}\r?\n", _OPTIONS)
_SOFT_BREAK_AND_BLANKS = re2.compile(rb"=[ \t]{1,200}(\r?\n)", _OPTIONS)
_UU_BEGIN = re2.compile(rb"(?m)^begin(?:-base64)? [0-7]{3,4} ([^\r\n]{1,255})\r?\n", _OPTIONS)
_UU_END = re2.compile(rb"(?m)^(?:end|====)[ \t]*\r?$", _OPTIONS)
_RUN = re2.compile(
    rb"(?:[A-Za-z0-9+/]{60,}\r?\n)+[A-Za-z0-9+/]*={0,2}|[A-Za-z0-9+/]{40,}={0,2}", _OPTIONS
)
_DIRECTORY_VALUE = re2.compile(
    rb"(?m)^([A-Za-z][A-Za-z0-9;.-]{0,100}):: {1,3}([A-Za-z0-9+/]+(?:\r?\n [A-Za-z0-9+/]+)*)={0,2}",
    _OPTIONS,
)
_FIRST = 4096  # bytes that tell most texts from base64
_FEWEST_LETTERS = 0.9  # of what says it is base64, below which it may be a lie
_UU_WORDS = frozenset({"uuencode", "x-uuencode", "x-uue", "uue"})


def decodings(raw: bytes, encoding: str) -> list[bytes]:
    """List what a body of this Content-Transfer-Encoding (RFC 2045, 6) may be; at least one."""
    if encoding == "base64":
        found = _base64(raw)
    elif encoding == "quoted-printable":
        found = [quoted_printable(raw)]
        if _CUT_CODE.search(raw):  # some programs join lines first
            found.append(quoted_printable(_SOFT_BREAK.sub(b"", raw)))
    elif encoding in _UU_WORDS:
        found = [data for _name, data in uuencoded(raw)] or [raw]
    else:
        found = [raw]
    return list(dict.fromkeys(found))


def _base64(raw: bytes) -> list[bytes]:
    letters = raw.translate(None, _WHITE)
    clean = letters.translate(None, _NOT_ALPHABET)
    if len(clean) == len(letters) and b"=" not in clean[:-2]:
        found = [_letters(clean)]
        return [*found, raw] if b" " in raw.strip() else found
    url_safe = letters.translate(_URL_SAFE).translate(None, _NOT_ALPHABET)
    found = [_padded(clean)]
    for each in dict.fromkeys((clean, url_safe)):
        head = each.partition(b"=")[0]
        found += [_letters(head), _padded(each)]
    lying = len(clean) < _FEWEST_LETTERS * len(letters) or b" " in raw.strip()
    return [*found, raw] if lying else found


def flowing(pieces: Iterable[bytes]) -> bytes | None:
    """Undo base64 as it comes; None where more than one reading of it may be had, or none."""
    out, rest, is_over = io.BytesIO(), b"", False  # gives its buffer away without a copy
    for piece in pieces:
        letters = piece.translate(None, _WHITE)
        body = letters.rstrip(b"=")
        padding = len(letters) - len(body)
        if b" " in piece or body.translate(None, _ALPHABET) or padding > len("=="):
            return None
        if is_over and letters:
            return None
        is_over = is_over or padding > 0
        rest += body
        usable = len(rest) - len(rest) % 4
        out.write(binascii.a2b_base64(rest[:usable]))
        rest = rest[usable:]
    out.write(_letters(rest))
    return out.getvalue()


def _padded(letters: bytes) -> bytes:
    """Decode several stretches, each with its own padding, one after the other."""
    return b"".join(_letters(stretch) for stretch in letters.split(b"=") if stretch)


def _letters(letters: bytes) -> bytes:
    letters = letters.rstrip(b"=")
    usable = letters[:-1] if len(letters) % 4 == 1 else letters
    return binascii.a2b_base64(usable + b"=" * (-len(usable) % 4))


def quoted_printable(raw: bytes) -> bytes:
    """Undo quoted-printable (RFC 2045, 6.7), forgiving what is not a code."""
    if b"= " in raw or b"=\t" in raw:
        raw = _SOFT_BREAK_AND_BLANKS.sub(rb"=\1", raw)
    return binascii.a2b_qp(raw)


def uuencoded(raw: bytes) -> Iterator[tuple[str, bytes]]:
    """Yield name and bytes of each uuencoded file that stands in a text."""
    at = 0
    while match := _UU_BEGIN.search(raw, at):
        end = _UU_END.search(raw, match.end())
        at = end.end() if end else len(raw)
        lines = raw[match.end() : end.start() if end else len(raw)]
        name = match.group(1).decode("utf-8", "replace")
        if match.group().startswith(b"begin-base64"):
            yield name, decodings(lines, "base64")[0]
        elif data := _uu_lines(lines):
            yield name, data


def _uu_lines(lines: bytes) -> bytes:
    out = bytearray()
    for line in lines.split(b"\n"):
        text = line.rstrip(b"\r")
        if not text:
            continue
        try:
            out += binascii.a2b_uu(text)
        except binascii.Error:
            # Encoders differ in what follows the last byte: take what the line's count says.
            count = (((text[0] - 32) & 63) * 4 + 5) // 3
            try:
                out += binascii.a2b_uu(text[:count])
            except binascii.Error:
                continue
    return bytes(out)


def directory_values(raw: bytes) -> str:
    """Give the values that an LDIF file has in base64 (RFC 2849), each with its name."""
    found = (
        match.group(1) + b": " + _letters(match.group(2).translate(None, _WHITE))
        for match in _DIRECTORY_VALUE.finditer(raw)
    )
    return b"\n".join(found).decode("utf-8", "replace")


def looks_encoded(raw: bytes) -> bool:
    """Whether a whole body that says it is plain looks like base64."""
    if raw[:_FIRST].translate(None, _ALPHABET + b"= \t\r\n"):
        return False  # as most do: without a copy of what may be long
    letters = raw.translate(None, b" \t\r\n")
    body = letters.rstrip(b"=")
    if len(body) < len("TkhTIDk5OSAxMjMgNDU2Nw") or len(letters) - len(body) > len("=="):
        return False
    return not body.translate(None, _ALPHABET) and b" " not in raw.strip()


def runs(raw: bytes, letters_before: int = 0) -> Iterator[bytes]:
    """Yield what the long stretches of base64 in a text decode to.

    Of each so often as up to `letters_before` letters that are not of it may stand at its start.
    """
    for match in _RUN.finditer(raw):
        letters = match.group().translate(None, _WHITE)
        for first in range(letters_before + 1):
            try:
                yield base64.b64decode(letters[first:] + b"==")
            except binascii.Error:
                continue
