"""Bytes that stand in a text spelt in other letters than base64: yEnc, and dumps in hexadecimal.

Promises what a program that undoes them would give, for any input, in time linear in the text.
Must never raise, nor take every number of a table for a byte of a text.
"""

import re
from collections.abc import Iterator

import re2

from policies.extraction import kinds

_OPTIONS = re2.Options()
_OPTIONS.encoding = re2.Options.Encoding.LATIN1
_Y_BEGIN = re2.compile(
    rb"(?m)^=ybegin [^\r\n]{1,400}\r?\n(?:=ypart [^\r\n]{1,200}\r?\n)?", _OPTIONS
)
_Y_END = re2.compile(rb"(?m)^=yend\b", _OPTIONS)
_Y_NAME = re.compile(rb"name=([^\r\n]{1,255})")
_Y_ESCAPED = re.compile(rb"=([^\r\n])")
_LESS = bytes((byte - 42) & 255 for byte in range(256))  # yEnc 1.3: every byte plus 42
_LESS_ESCAPED = [bytes([(byte - 64) & 255]) for byte in range(256)]

_HEX_LINE = re2.compile(
    rb"(?m)(?:^|[^0-9A-Za-z])(?:[0-9A-Fa-f]{4,16}(?::[ \t]*|[ \t]{2,4}))?"
    rb"((?:(?:0x|\\x|%)?[0-9A-Fa-f]{2}){1,2}"
    rb"(?:[ \t,:;|-]{0,3}(?:(?:0x|\\x|%)?[0-9A-Fa-f]{2}){1,2}){3,})",
    _OPTIONS,
)
_HEX = re.compile(rb"(?:0[xX]|\\x|%)?([0-9A-Fa-f]{2})")
_FEWEST = 8  # bytes; fewer say nothing
_PRINTABLE = bytes(range(32, 127)) + b"\t\r\n"
_LETTERS = 0.85  # of them that people can read; some may be of the column beside the dump


def yencoded(raw: bytes) -> Iterator[tuple[str, bytes]]:
    """Yield name and bytes of each file in yEnc (yEnc 1.3) that stands in a text."""
    at = 0
    while match := _Y_BEGIN.search(raw, at):
        end = _Y_END.search(raw, match.end())
        at = end.end() if end else len(raw)
        lines = raw[match.end() : end.start() if end else len(raw)]
        name = _Y_NAME.search(match.group())
        yield (name[1].strip().decode("utf-8", "replace") if name else ""), _undone(lines)


def _undone(lines: bytes) -> bytes:
    escaped = _Y_ESCAPED.sub(lambda match: _LESS_ESCAPED[match[1][0]], lines)
    return escaped.translate(None, b"\r\n").translate(_LESS)


def hexadecimal(raw: bytes) -> Iterator[bytes]:
    """Yield the text of each dump in a text: lines of pairs of hexadecimal digits."""
    rows: list[bytes] = []
    last = -1
    for match in _HEX_LINE.finditer(raw):
        if last >= 0 and raw.count(b"\n", last, match.start()) > 1:
            yield from _text(rows)
            rows = []
        rows.append(b"".join(_HEX.findall(match.group(1))))
        last = match.end()
    yield from _text(rows)


def _text(rows: list[bytes]) -> Iterator[bytes]:
    data = bytes.fromhex(b"".join(rows).decode("ascii"))
    readable = len(data) - len(data.translate(None, _PRINTABLE))
    if len(data) >= _FEWEST and (readable >= _LETTERS * len(data) or _is_wide(data)):
        yield data


def _is_wide(data: bytes) -> bool:
    return bool(kinds.wide_without_mark(data))
