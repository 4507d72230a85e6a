"""Word and PowerPoint files of 1997 to 2003, and older Word ones: their text.

Promises the whole text store of a Word file ([MS-DOC]): notes, headers, remarks and deletions stand
there as well; and every text atom of a PowerPoint file ([MS-PPT]). Must never take an encrypted
file for one without text.
"""

import struct
from collections.abc import Mapping

from policies.extraction.budgets import Locked, Unreadable
from policies.extraction.desk import Desk
from policies.extraction.readers.letters import letters
from policies.extraction.readers.workbook import read_workbook

__all__ = ["read_slides", "read_word", "read_workbook"]

_DAMAGED = "an Office file of the older kind that is damaged"
_LOCKED = "an Office file with a password"
_WORD = 0xA5EC
_ENCRYPTED, _TABLE_ONE = 0x0100, 0x0200
_NARROW_PIECE = 0x40000000
_FIRST_WITH_PIECES = 0x65  # Word 97 and later
_PIECES = 2
_MARKS = str.maketrans(
    {"\r": "\n", "\x07": "\t", "\x0b": "\n", "\x0c": "\n", "\x13": " ", "\x14": " ", "\x15": " "}
)


def read_word(document: bytes, streams: Mapping[str, bytes], path: str, desk: Desk) -> None:
    """Keep the text of a Word document. Raises Unreadable, Locked."""
    identifier, version = struct.unpack_from("<2H", document)
    (flags,) = struct.unpack_from("<H", document, 10)
    if flags & _ENCRYPTED:
        raise Locked(_LOCKED)
    if version < _FIRST_WITH_PIECES or identifier != _WORD:
        for text in letters(document):
            desk.say(text)
        return
    folder = path.rpartition("/")[0]
    name = "1Table" if flags & _TABLE_ONE else "0Table"
    table = streams.get(f"{folder}/{name}" if folder else name)
    if table is None:
        raise Unreadable(_DAMAGED)
    start, size = struct.unpack_from("<2L", document, 0x01A2)
    desk.say(_pieces(table[start : start + size], document, desk).translate(_MARKS))


def _pieces(clx: bytes, document: bytes, desk: Desk) -> str:
    """Put the text together from its pieces ([MS-DOC] 2.9.38 and 2.8.35)."""
    at = 0
    while at < len(clx) and clx[at] != _PIECES:
        at += 3 + int.from_bytes(clx[at + 1 : at + 3], "little")
    size = int.from_bytes(clx[at + 1 : at + 5], "little")
    plc = clx[at + 5 : at + 5 + size]
    count = (len(plc) - 4) // 12
    if count < 1 or count > len(document):
        raise Unreadable(_DAMAGED)
    ends = struct.unpack_from(f"<{count + 1}L", plc)
    out, total = [], 0
    for number in range(count):
        (where,) = struct.unpack_from("<L", plc, 4 * (count + 1) + 8 * number + 2)
        length = max(0, ends[number + 1] - ends[number])
        narrow = bool(where & _NARROW_PIECE)
        start = (where & ~_NARROW_PIECE) // 2 if narrow else where & ~_NARROW_PIECE
        raw = document[start : start + length * (1 if narrow else 2)]
        total += len(raw)
        if total > desk.meter.budgets.member:
            raise Unreadable(_DAMAGED)
        out.append(raw.decode("cp1252" if narrow else "utf-16-le", "replace"))
    return "".join(out)


_CONTAINER = 0xF
_WIDE_TEXT, _NARROW_TEXT, _STRING = 0x0FA0, 0x0FA8, 0x0FBA
_CRYPT = 0x2F14


def read_slides(stream: bytes, desk: Desk) -> None:
    """Keep the text of a presentation: slides, notes, masters, deleted ones ([MS-PPT] 2.9)."""
    at, found = 0, []
    while at + 8 <= len(stream):
        version, kind, size = struct.unpack_from("<2HL", stream, at)
        at += 8
        if kind == _CRYPT:
            raise Locked(_LOCKED)
        if version & _CONTAINER == _CONTAINER:
            continue
        body = stream[at : at + size]
        if kind in {_WIDE_TEXT, _STRING}:
            found.append(body.decode("utf-16-le", "replace"))
        elif kind == _NARROW_TEXT:
            found.append(body.decode("latin-1"))
        at += size
    desk.say("\n".join(found).translate(_MARKS))
    if at > len(stream):
        raise Unreadable(_DAMAGED)
