"""Zip archives: what is in them, and what only pretends not to be.

An own reader of the directory (PKWARE APPNOTE 6.3), so that each limit stands before what it
limits. Promises that a file which the directory does not list is noticed, and that names are only
ever text. Must never write what it unpacks anywhere.
"""

import bz2
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

from policies.extraction.budgets import Locked, Unreadable
from policies.extraction.desk import Desk
from policies.text import charsets

_END = struct.Struct("<4s4H2LH")
_END64 = struct.Struct("<4sQ2H2L4Q")
_ENTRY = struct.Struct("<4s6H3L5H2L")
_LOCAL = struct.Struct("<4s5H3L2H")
_END_SIGN, _END64_SIGN = b"PK\x05\x06", b"PK\x06\x06"
_ENTRY_SIGN, _LOCAL_SIGN = b"PK\x01\x02", b"PK\x03\x04"
_LONGEST_COMMENT = 65_535
_STORED, _DEFLATED, _BZIP2 = 0, 8, 12
_FULL = 0xFFFFFFFF
_ENCRYPTED, _UTF8 = 0x1, 0x800
_DAMAGED = "a zip file that is damaged"


@dataclass(frozen=True, slots=True)
class Entry:
    """One file as the directory lists it. `at` is where its local header stands."""

    name: str
    method: int
    encrypted: bool
    packed: int
    size: int
    at: int
    comment: str
    names: tuple[str, ...]


class Archive:
    """A zip file. Raises Unreadable if its directory cannot be read."""

    def __init__(self, data: bytes, desk: Desk) -> None:
        self._data = data
        self._desk = desk
        self.comment, directory, self._shift = self._find_directory()
        self.entries = list(self._read_directory(directory))
        self.names = [entry.name for entry in self.entries]

    def _find_directory(self) -> tuple[bytes, bytes, int]:
        """Find the directory; data before the zip (a program, say) shifts every offset."""
        data = self._data
        at = data.rfind(_END_SIGN, max(0, len(data) - _LONGEST_COMMENT - _END.size))
        if at < 0 or at + _END.size > len(data):
            raise Unreadable(_DAMAGED)
        _sign, _disk, _start, _here, count, size, offset, _comment = _END.unpack_from(data, at)
        end, comment = at, data[at + _END.size :]
        at64 = data.rfind(_END64_SIGN, max(0, at - 1024), at)
        if _FULL in {size, offset} and 0 <= at64 <= len(data) - _END64.size:
            fields = _END64.unpack_from(data, at64)
            count, size, offset, end = fields[7], fields[8], fields[9], at64
        budget = self._desk.meter.budgets.entries
        if count > budget or size > budget * 400:
            raise Unreadable(f"a zip file with more than {budget} files")
        shift = end - size - offset
        if shift < 0 or end - size < 0:
            raise Unreadable(_DAMAGED)
        return comment, data[end - size : end], shift

    def _read_directory(self, directory: bytes) -> Iterator[Entry]:
        at = 0
        while at + _ENTRY.size <= len(directory):
            fields = _ENTRY.unpack_from(directory, at)
            if fields[0] != _ENTRY_SIGN:
                raise Unreadable(_DAMAGED)
            name_size, extra_size, comment_size = fields[10], fields[11], fields[12]
            name_at = at + _ENTRY.size
            extra_at = name_at + name_size
            comment_at = extra_at + extra_size
            at = comment_at + comment_size
            raw = directory[name_at:extra_at]
            size, packed, offset = _zip64(
                directory[extra_at:comment_at], fields[9], fields[8], fields[16]
            )
            utf8 = fields[3] & _UTF8
            names = [raw.decode("utf-8", "replace")] if utf8 else charsets.undeclared(raw)
            if not raw.isascii() and not utf8:
                names.append(raw.decode("cp437"))
            comment = charsets.undeclared(directory[comment_at:at])[0]
            yield Entry(
                names[0],
                fields[4],
                bool(fields[3] & _ENCRYPTED) or fields[4] == 99,  # noqa: PLR2004 - AES, by WinZip
                packed,
                size,
                offset + self._shift,
                comment,
                tuple(names),
            )

    def unpack(self, entry: Entry) -> bytes:
        """Return the content of an entry. Raises Unreadable, Locked."""
        start = self._content_start(entry)
        packed = self._data[start : start + entry.packed]
        if entry.encrypted:
            raise Locked("a zip file with a password")
        if len(packed) < entry.packed:
            raise Unreadable(_DAMAGED)
        if entry.method == _STORED:
            return packed
        try:
            return self._inflate(entry, packed)
        except (zlib.error, OSError, ValueError, EOFError):
            raise Unreadable(_DAMAGED) from None

    def _content_start(self, entry: Entry) -> int:
        if entry.at + _LOCAL.size > len(self._data):
            raise Unreadable(_DAMAGED)
        fields = _LOCAL.unpack_from(self._data, entry.at)
        if fields[0] != _LOCAL_SIGN:
            raise Unreadable(_DAMAGED)
        return int(entry.at + _LOCAL.size + fields[9] + fields[10])

    def _inflate(self, entry: Entry, packed: bytes) -> bytes:
        room = self._desk.meter.room(len(packed))
        if entry.method == _DEFLATED:
            inflater = zlib.decompressobj(-zlib.MAX_WBITS)
            data = inflater.decompress(packed, max(1, room + 1))
            finished = inflater.eof
        elif entry.method == _BZIP2:
            bunzipper = bz2.BZ2Decompressor()
            data = bunzipper.decompress(packed, room + 1)
            finished = bunzipper.eof
        else:
            raise Unreadable("a zip file packed in a way that is not opened here")
        if len(data) > room:
            raise Unreadable("a zip file that unpacks to far too much")
        if not finished and entry.size != len(data):
            raise Unreadable(_DAMAGED)
        return data

    def strays(self) -> bool:
        """Whether the file holds entries which the directory does not list."""
        at = 0
        for entry in sorted(self.entries, key=lambda one: one.at):
            if self._data.find(_LOCAL_SIGN, at, entry.at) >= 0:
                return True
            at = max(at, self._content_start(entry) + entry.packed)
        return self._data.find(_LOCAL_SIGN, at) >= 0


def _zip64(extra: bytes, size: int, packed: int, offset: int) -> tuple[int, int, int]:
    """Take the values that do not fit from the extra field (APPNOTE, 4.5.3)."""
    values = [size, packed, offset]
    at = 0
    while at + 4 <= len(extra):
        kind, length = struct.unpack_from("<HH", extra, at)
        if kind == 1:
            inside = at + 4
            for number, value in enumerate(values):
                if value == _FULL and inside + 8 <= min(len(extra), at + 4 + length):
                    values[number] = struct.unpack_from("<Q", extra, inside)[0]
                    inside += 8
        at += 4 + length
    return values[0], values[1], values[2]


def read_entry(archive: Archive, entry: Entry, desk: Desk) -> None:
    """Read one file of an archive; one that cannot be unpacked is kept as such by its archive."""
    if entry.name.endswith("/") and not entry.size:
        for name in entry.names:
            desk.name(name)
        return
    try:
        data = archive.unpack(entry)
    except Unreadable as why:
        desk.refuse(entry.names, entry.size, why)
    else:
        desk.inner(data, entry.names)
