"""Fonts of a PDF: which characters the codes in a page stand for, and how wide each is drawn.

Promises a character for each code that the file explains (ISO 32000-1, 9.6 to 9.10) and U+FFFD for
the others, so that whoever counts them knows what was not read. Must never look at letter shapes.
"""

import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import repeat
from typing import Any

from pypdf.generic import ArrayObject, DictionaryObject, IndirectObject, StreamObject

from policies.extraction.budgets import Meter
from policies.extraction.readers.glyph_names import character

UNKNOWN = "\ufffd"

_USUAL_WIDTH = 0.5  # of the size, where a font does not say
_MOST_CODES = 70_000
_CODECS = {"/WinAnsiEncoding": "cp1252", "/MacRomanEncoding": "mac-roman"}
_BLOCK = re.compile(rb"begin(bfchar|bfrange|codespacerange)(.*?)end\1", re.DOTALL)
_HEX = re.compile(rb"<\s*([0-9A-Fa-f\s]*?)\s*>")
_RANGE = re.compile(
    rb"<([0-9A-Fa-f\s]+)>\s*<([0-9A-Fa-f\s]+)>\s*(?:<([0-9A-Fa-f\s]*)>|\[([^\]]*)\])"
)


@dataclass(slots=True)
class Font:
    """One font. `wide`: its codes are two bytes each."""

    wide: bool = False
    codec: str = ""  # of the bytes themselves, where the codes are a known character set
    characters: dict[int, str] = field(default_factory=dict)
    widths: dict[int, float] = field(default_factory=dict)
    usual: float = _USUAL_WIDTH

    def decode(self, raw: bytes) -> tuple[str, float]:
        """Return the text of a string in a page, and its width at size 1."""
        codes = struct.unpack(f">{len(raw) // 2}H", raw[: len(raw) & ~1]) if self.wide else raw
        width = sum(map(self.widths.get, codes, repeat(self.usual)))
        if self.codec and not self.characters:
            return raw.decode(self.codec, "replace"), width
        return "".join(map(self.characters.get, codes, repeat(UNKNOWN))), width


class Fonts:
    """The fonts of one document, each read once."""

    def __init__(self, meter: Meter) -> None:
        self._meter = meter
        self._known: dict[int, Font] = {}

    def get(self, reference: Any) -> Font:
        """Return the font that an object describes."""
        key = reference.idnum if isinstance(reference, IndirectObject) else id(reference)
        if key not in self._known:
            self._meter.enter()
            self._known[key] = self._read(_dictionary(reference))
        return self._known[key]

    def _read(self, about: DictionaryObject) -> Font:
        wide = about.get("/Subtype") == "/Type0"
        font = Font(wide=wide)
        if wide:
            self._read_wide(about, font)
        else:
            _read_simple(about, font)
        table = _resolved(about.get("/ToUnicode"))
        if isinstance(table, StreamObject):
            data = bytes(table.get_data())
            self._meter.unpack(len(data))
            self._meter.tick()
            font.characters.update(_unicode_table(data))
        return font

    def _read_wide(self, about: DictionaryObject, font: Font) -> None:
        encoding = str(_resolved(about.get("/Encoding")))
        if encoding.startswith("/Uni"):
            font.codec = "utf-16-be"
        inner = _resolved(about.get("/DescendantFonts"))
        one = _dictionary(inner[0]) if isinstance(inner, ArrayObject) and inner else None
        if one is not None:
            font.usual = _number(one.get("/DW"), 1000) / 1000
            font.widths = dict(_wide_widths(_resolved(one.get("/W"))))


def _read_simple(about: DictionaryObject, font: Font) -> None:
    encoding = _resolved(about.get("/Encoding"))
    differences: Any = None
    base = encoding
    if isinstance(encoding, DictionaryObject):
        base = _resolved(encoding.get("/BaseEncoding"))
        differences = _resolved(encoding.get("/Differences"))
    codec = _CODECS.get(str(base), "cp1252")
    embedded = about.get("/Subtype") == "/Type3"
    font.characters = {} if embedded else _all_of(codec)
    if isinstance(differences, ArrayObject):
        _apply(differences, font.characters)
    first = int(_number(about.get("/FirstChar"), 0))
    widths = _resolved(about.get("/Widths"))
    scale = 1000.0
    matrix = _resolved(about.get("/FontMatrix"))
    if embedded and isinstance(matrix, ArrayObject) and matrix and _number(matrix[0], 0):
        scale = 1 / _number(matrix[0], 0)
    if isinstance(widths, ArrayObject):
        found = enumerate(widths[:256], first)
        font.widths = {code: _number(width, 500) / scale for code, width in found}


def _all_of(codec: str) -> dict[int, str]:
    return {code: bytes([code]).decode(codec, "replace") for code in range(32, 256)}


def _apply(differences: ArrayObject, characters: dict[int, str]) -> None:
    code = 0
    for one in differences[: 2 * 256]:
        item = _resolved(one)
        if isinstance(item, int):
            code = int(item)
        else:
            characters[code] = character(str(item).removeprefix("/")) or UNKNOWN
            code += 1


def _wide_widths(listed: Any) -> Iterator[tuple[int, float]]:
    """Yield the widths of a composite font: runs `c [w w w]` and ranges `c d w` (9.7.4.3)."""
    items = [_resolved(one) for one in listed[:_MOST_CODES]] if isinstance(listed, list) else []
    at = count = 0
    while at + 1 < len(items) and count < _MOST_CODES:
        first, second = items[at], items[at + 1]
        if isinstance(second, ArrayObject):
            yield from ((int(first) + n, _number(w, 1000) / 1000) for n, w in enumerate(second))
            count += len(second)
            at += 2
            continue
        if at + 2 >= len(items):
            return
        width = _number(items[at + 2], 1000) / 1000
        for code in range(int(first), min(int(second), int(first) + _MOST_CODES) + 1):
            yield code, width
            count += 1
        at += 3


def _unicode_table(data: bytes) -> dict[int, str]:
    """Read a ToUnicode table (9.10.3)."""
    table: dict[int, str] = {}
    for match in _BLOCK.finditer(data):
        if match[1] == b"bfchar":
            found = [one.translate(None, b" \r\n\t") for one in _HEX.findall(match[2])]
            for code, text in zip(found[::2], found[1::2], strict=False):
                table[int(code or b"0", 16)] = _utf16(text)
        elif match[1] == b"bfrange":
            for low, high, start, listed in _RANGE.findall(match[2]):
                _fill(table, _int(low), _int(high), start, listed)
        if len(table) > _MOST_CODES:
            break
    return table


def _fill(table: dict[int, str], low: int, high: int, start: bytes, listed: bytes) -> None:
    high = min(high, low + 0xFFFF)
    if listed:
        for code, text in zip(range(low, high + 1), _HEX.findall(listed), strict=False):
            table[code] = _utf16(text.translate(None, b" \r\n\t"))
        return
    head = _utf16(start.translate(None, b" \r\n\t"))
    if head:
        last = ord(head[-1])
        for code in range(low, high + 1):
            table[code] = head[:-1] + chr(min(last + code - low, 0x10FFFF))


def _utf16(digits: bytes) -> str:
    even = digits if len(digits) % 2 == 0 else digits + b"0"
    return bytes.fromhex(even.decode("ascii")).decode("utf-16-be", "replace")


def _int(digits: bytes) -> int:
    return int(digits.translate(None, b" \r\n\t") or b"0", 16) & 0xFFFFFF


def _number(value: Any, default: float) -> float:
    value = _resolved(value)
    return float(value) if isinstance(value, (int, float)) else default


def _resolved(value: Any) -> Any:
    return value.get_object() if isinstance(value, IndirectObject) else value


def _dictionary(value: Any) -> DictionaryObject:
    found = _resolved(value)
    return found if isinstance(found, DictionaryObject) else DictionaryObject()
