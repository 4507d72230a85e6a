"""Compound files ([MS-CFB]): the container of Outlook messages and of older office documents.

An own reader: chains of sectors are followed only as far as the file has sectors, so no loop in it
can hold anybody up. Promises every stream by its path. Must never trust a size in the directory.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass

from policies.extraction.budgets import Unreadable
from policies.extraction.desk import Desk

_DAMAGED = "an Office file of the older kind that is damaged"
_HEADER = 512
_ENTRY = 128
_MINI = 64  # bytes of a sector of a small stream
_SMALL = 4096  # bytes below which a stream lies in the small sectors
_NONE = 0xFFFFFFFA  # this and above are marks, not sectors
_STREAM, _ROOT = 2, 5
_EMPTY = 0xFFFFFFFF
_MOST_DEPTH = 32


@dataclass(frozen=True, slots=True)
class _Entry:
    name: str
    kind: int
    left: int
    right: int
    child: int
    start: int
    size: int


class Compound:
    """The streams of a compound file. Raises Unreadable if it is none."""

    def __init__(self, data: bytes, desk: Desk) -> None:
        if len(data) < _HEADER:
            raise Unreadable(_DAMAGED)
        self._data = data
        self._desk = desk
        shift = int.from_bytes(data[30:32], "little")
        if shift not in {9, 12}:
            raise Unreadable(_DAMAGED)
        self._sector = 1 << shift
        self._fat = self._read_fat()
        first_mini, _count = struct.unpack_from("<2L", data, 60)
        (directory,) = struct.unpack_from("<L", data, 48)
        self._entries = self._read_entries(self._chain(directory))
        root = self._entries[0] if self._entries else None
        if root is None or root.kind != _ROOT:
            raise Unreadable(_DAMAGED)
        self._mini_fat = _numbers(self._chain(first_mini))
        self._mini = self._chain(root.start)
        self.streams = dict(self._walk())

    def _at(self, number: int) -> bytes:
        start = (number + 1) * self._sector
        return self._data[start : start + self._sector]

    def _read_fat(self) -> list[int]:
        """Read the allocation table, found through the header and its continuation."""
        data = self._data
        sectors = list(struct.unpack_from("<109L", data, 76))
        (number,) = struct.unpack_from("<L", data, 68)
        most = len(data) // self._sector + 1
        for _step in range(most):
            if number >= _NONE:
                break
            numbers = _numbers(self._at(number))
            if not numbers:
                break
            sectors += numbers[:-1]
            number = numbers[-1]
        used = [sector for sector in sectors if sector < _NONE][:most]
        return [number for sector in used for number in _numbers(self._at(sector))]

    def _chain(self, number: int) -> bytes:
        """Gather a chain of sectors; one that bites its tail is damaged."""
        pieces: list[bytes] = []
        most = len(self._data) // self._sector + 1
        while number < _NONE:
            if len(pieces) > most or number >= len(self._fat):
                raise Unreadable(_DAMAGED)
            pieces.append(self._at(number))
            number = self._fat[number]
        return b"".join(pieces)

    def _small_chain(self, number: int, size: int) -> bytes:
        pieces: list[bytes] = []
        while number < _NONE and len(pieces) * _MINI < size:
            if number >= len(self._mini_fat):
                raise Unreadable(_DAMAGED)
            pieces.append(self._mini[number * _MINI : (number + 1) * _MINI])
            number = self._mini_fat[number]
        return b"".join(pieces)

    def _read_entries(self, directory: bytes) -> list[_Entry]:
        if len(directory) // _ENTRY > self._desk.meter.budgets.entries * 4:
            raise Unreadable("an Office file with far too many parts")
        found = []
        for at in range(0, len(directory) - _ENTRY + 1, _ENTRY):
            (length,) = struct.unpack_from("<H", directory, at + 64)
            name = directory[at : at + max(0, min(length, 64) - 2)].decode("utf-16-le", "replace")
            left, right, child = struct.unpack_from("<3L", directory, at + 68)
            start, size = struct.unpack_from("<2L", directory, at + 116)
            found.append(_Entry(name, directory[at + 66], left, right, child, start, size))
        return found

    def _walk(self) -> Iterator[tuple[str, bytes]]:
        """Yield path and content of every stream, each directory entry at most once."""
        seen = {0}
        todo = [(self._entries[0].child, "", 0)]
        while todo:
            number, path, depth = todo.pop()
            if number == _EMPTY or number in seen:
                continue
            if number >= len(self._entries) or depth > _MOST_DEPTH:
                raise Unreadable(_DAMAGED)
            seen.add(number)
            entry = self._entries[number]
            todo += [(entry.right, path, depth), (entry.left, path, depth)]
            if entry.kind == _STREAM:
                yield path + entry.name, self._content(entry)
            else:
                todo.append((entry.child, f"{path}{entry.name}/", depth + 1))
        # An entry that no tree leads to is invisible to programs, and not to a patient reader.
        for number, entry in enumerate(self._entries):
            if number not in seen and entry.kind == _STREAM:
                yield f"?/{number}/{entry.name}", self._content(entry)

    def _content(self, entry: _Entry) -> bytes:
        self._desk.meter.enter()
        if entry.size < _SMALL:
            return self._small_chain(entry.start, entry.size)[: entry.size]
        content = self._chain(entry.start)[: entry.size]
        self._desk.meter.unpack(len(content))
        return content


def _numbers(sector: bytes) -> list[int]:
    return list(struct.unpack(f"<{len(sector) // 4}L", sector[: len(sector) // 4 * 4]))
