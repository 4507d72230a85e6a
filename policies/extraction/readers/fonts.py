"""Fonts: the letters in them, those of packed tables and of their metadata too.

Promises that each table that zlib packed is unpacked within the meter's room. Must never take the
size that a table claims for the truth.
Source: WOFF File Format 1.0, 3 (header), 4 (directory), 7 (metadata).
"""

import struct
import zlib

from policies.extraction.budgets import Unreadable
from policies.extraction.desk import Desk
from policies.extraction.readers.binary import read_binary
from policies.extraction.readers.letters import is_writing, letters

_WOFF = b"wOFF"
_HEADER = struct.Struct(">4sIIHHIHHIIIII")
_ENTRY = struct.Struct(">4sIIII")
_MOST_TABLES = 256
_OUTLINES = frozenset({b"glyf", b"loca", b"CFF ", b"hmtx", b"kern", b"GPOS", b"GSUB", b"gvar"})


def read_font(data: bytes, desk: Desk) -> None:
    """Keep every run of letters in a font. Raises Unreadable."""
    read_binary(data, desk)
    if not data.startswith(_WOFF) or len(data) < _HEADER.size:
        return
    head = _HEADER.unpack_from(data)
    if head[3] > _MOST_TABLES:
        raise Unreadable("a font with far too many tables")
    for number in range(head[3]):
        at = _HEADER.size + number * _ENTRY.size
        if at + _ENTRY.size > len(data):
            return
        name, start, length, _size, _sum = _ENTRY.unpack_from(data, at)
        _read_table(data[start : start + length], desk, outlines=name in _OUTLINES)
    _read_table(data[head[8] : head[8] + head[9]], desk, outlines=False)


def _read_table(packed: bytes, desk: Desk, *, outlines: bool) -> None:
    """Keep the letters of a table; of shapes only what cannot be chance."""
    if packed[:1] != b"\x78":
        return  # it is not packed, and so its letters were read with the file's
    desk.meter.enter()
    unpacker = zlib.decompressobj()
    try:
        table = unpacker.decompress(packed, max(1, desk.meter.room(len(packed))))
    except zlib.error:
        return
    if unpacker.unconsumed_tail:
        raise Unreadable("a font with a table that unpacks to far too much")
    desk.meter.unpack(len(table))
    for text in letters(table, is_writing if outlines else bool):
        desk.say(text)
