"""Excel files of 1993 to 2003 ([MS-XLS]): the cells of every sheet, hidden ones too, and remarks.

Promises numbers written out as the cell shows whole ones, days as days, texts in rows. Must never
take an encrypted workbook for one without text.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field

from policies.extraction.budgets import Locked, Unreadable
from policies.extraction.desk import Desk
from policies.extraction.readers.sheets import shown

_FILEPASS, _CONTINUE = 0x2F, 0x3C
_SST, _LABEL_SST, _LABEL, _STRING, _RSTRING = 0xFC, 0xFD, 0x204, 0x207, 0xD6
_NUMBER, _RK, _MULRK, _FORMULA = 0x203, 0x27E, 0xBD, 0x06
_SHEET, _NOTE, _TEXT, _HEADER, _FOOTER = 0x85, 0x1C, 0x1B6, 0x14, 0x15
_FORMAT, _XF = 0x41E, 0xE0
_NEW_BOOK = 0x809
_DAY_FORMATS = frozenset({14, 15, 16, 17, 22})
_CELLS = frozenset({_LABEL_SST, _LABEL, _RSTRING, _NUMBER, _RK, _MULRK, _FORMULA})
_TEXTS = {_HEADER: (0, "\t"), _FOOTER: (0, "\t"), _STRING: (0, "\t"), _NOTE: (8, "\n")}
_MOST_STRINGS = 1_000_000


@dataclass(slots=True)
class _Book:
    """What a workbook has said so far."""

    strings: list[str] = field(default_factory=list)
    days: set[int] = field(default_factory=lambda: set(_DAY_FORMATS))
    formats: list[int] = field(default_factory=list)
    out: list[str] = field(default_factory=list)
    row: int = -1
    wide: bool = True  # BIFF8; before it, texts are one byte a letter

    def cell(self, row: int, text: str) -> None:
        """Put a cell beside the last one, or on a new line."""
        self.out += ["\t" if row == self.row else "\n", text]
        self.row = row

    def number(self, row: int, style: int, value: float) -> None:
        """Put a number as its cell shows it."""
        day = style < len(self.formats) and self.formats[style] in self.days
        self.cell(row, shown(repr(value), day=day))


def read_workbook(stream: bytes, desk: Desk) -> None:
    """Keep what a workbook says. Raises Unreadable, Locked."""
    book = _Book()
    for count, (kind, pieces) in enumerate(_records(stream)):
        if not count % 1024:
            desk.meter.tick()
        if kind == _FILEPASS:
            raise Locked("an Office file with a password")
        _read_record(kind, pieces, book)
    desk.say("".join(book.out))
    desk.say("\n".join(book.strings))


def _records(stream: bytes) -> Iterator[tuple[int, list[bytes]]]:
    """Yield each record with the pieces that continue it."""
    kind, pieces = 0, []
    at = 0
    while at + 4 <= len(stream):
        next_kind, size = struct.unpack_from("<2H", stream, at)
        body = stream[at + 4 : at + 4 + size]
        at += 4 + size
        if next_kind == _CONTINUE:
            pieces.append(body)
            continue
        if pieces:
            yield kind, pieces
        kind, pieces = next_kind, [body]
    if pieces:
        yield kind, pieces
    if at > len(stream):
        raise Unreadable("an Office file of the older kind that is damaged")


def _read_record(kind: int, pieces: list[bytes], book: _Book) -> None:
    body = pieces[0]
    if kind in _CELLS:
        _read_cell(kind, body, book)
    elif kind == _NEW_BOOK:
        book.wide = body[:2] == b"\x00\x06"
    elif kind == _SST:
        _read_strings(pieces, book)
    elif kind in _TEXTS:
        start, separator = _TEXTS[kind]
        book.out += [separator, _text(body[start:], book)]
    elif kind == _SHEET:
        book.out += ["\n", _short_text(body[6:], book)]
    elif kind == _TEXT:
        book.out += ["\n", *(_flagged(piece) for piece in pieces[1:])]
    else:
        _read_style(kind, body, book)


def _read_style(kind: int, body: bytes, book: _Book) -> None:
    if kind == _FORMAT:
        code = _text(body[2:], book).lower().replace("general", "")
        if any(letter in code for letter in "dmy"):
            book.days.add(int.from_bytes(body[:2], "little"))
    elif kind == _XF:
        book.formats.append(int.from_bytes(body[2:4], "little"))


def _read_cell(kind: int, body: bytes, book: _Book) -> None:
    row, _column, style = struct.unpack_from("<3H", body)
    if kind == _LABEL_SST:
        (at,) = struct.unpack_from("<L", body, 6)
        book.cell(row, book.strings[at] if at < len(book.strings) else "")
    elif kind in {_LABEL, _RSTRING}:
        book.cell(row, _text(body[6:], book))
    elif kind == _NUMBER:
        book.number(row, style, struct.unpack_from("<d", body, 6)[0])
    elif kind == _RK:
        book.number(row, style, _rk(body[6:10]))
    elif kind == _MULRK:
        for at in range(4, len(body) - 6, 6):
            book.number(
                row, int.from_bytes(body[at : at + 2], "little"), _rk(body[at + 2 : at + 6])
            )
    elif kind == _FORMULA and body[12:14] != b"\xff\xff":
        book.number(row, style, struct.unpack_from("<d", body, 6)[0])


def _rk(raw: bytes) -> float:
    """Read a number packed into four bytes ([MS-XLS] 2.5.217)."""
    packed = int.from_bytes(raw, "little", signed=True)
    if packed & 2:
        value = float(packed >> 2)
    else:
        value = struct.unpack("<d", b"\0\0\0\0" + (packed & 0xFFFFFFFC).to_bytes(4, "little"))[0]
    return value / 100 if packed & 1 else value


def _text(raw: bytes, book: _Book) -> str:
    count = int.from_bytes(raw[:2], "little")
    if not book.wide:
        return raw[2 : 2 + count].decode("cp1252", "replace")
    return _letters(raw[3:], count, wide=bool(raw[2:3]) and bool(raw[2] & 1))


def _short_text(raw: bytes, book: _Book) -> str:
    if not raw:
        return ""
    if not book.wide:
        return raw[1 : 1 + raw[0]].decode("cp1252", "replace")
    return _letters(raw[2:], raw[0], wide=bool(raw[1:2]) and bool(raw[1] & 1))


def _flagged(piece: bytes) -> str:
    return _letters(piece[1:], len(piece), wide=bool(piece) and bool(piece[0] & 1))


def _letters(raw: bytes, count: int, *, wide: bool) -> str:
    return (
        raw[: 2 * count].decode("utf-16-le", "replace") if wide else raw[:count].decode("latin-1")
    )


def _read_strings(pieces: list[bytes], book: _Book) -> None:
    """Read the shared strings, whose letters may go on in the next piece ([MS-XLS] 2.5.293)."""
    reader = _Pieces(pieces)
    reader.take(8)
    while not reader.over and len(book.strings) < _MOST_STRINGS:
        book.strings.append(reader.string())


class _Pieces:
    """A record in several pieces, read as one."""

    def __init__(self, pieces: list[bytes]) -> None:
        self._pieces = pieces
        self._number = self._at = 0

    @property
    def over(self) -> bool:
        """Whether nothing is left."""
        while self._number < len(self._pieces) and self._at >= len(self._pieces[self._number]):
            self._number, self._at = self._number + 1, 0
        return self._number >= len(self._pieces)

    def take(self, size: int) -> bytes:
        """Take bytes from as many pieces as it needs."""
        out = bytearray()
        while size > len(out) and not self.over:
            piece = self._pieces[self._number][self._at : self._at + size - len(out)]
            out += piece
            self._at += len(piece)
        return bytes(out)

    def string(self) -> str:
        """Take one string; each piece in which its letters go on begins with a flag of its own."""
        head = self.take(3)
        if len(head) < 3:  # noqa: PLR2004 - count and flags
            return ""
        count, flags = int.from_bytes(head[:2], "little"), head[2]
        runs = int.from_bytes(self.take(2), "little") if flags & 8 else 0
        phonetic = int.from_bytes(self.take(4), "little") if flags & 4 else 0
        text = self._letters(count, wide=bool(flags & 1))
        self.take(4 * runs + phonetic)
        return text

    def _letters(self, count: int, *, wide: bool) -> str:
        out: list[str] = []
        while count and not self.over:
            if self._at == 0 and self._number and out:
                wide = bool(self.take(1)[0] & 1)
            width = 2 if wide else 1
            left = (len(self._pieces[self._number]) - self._at) // width
            now = min(count, left) or 1
            out.append(self.take(now * width).decode("utf-16-le" if wide else "latin-1", "replace"))
            count -= now
        return "".join(out)
