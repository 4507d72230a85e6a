"""winmail.dat: what Outlook sends to whom it takes for another Outlook ([MS-OXTNEF]).

Promises the text, the properties and the files in it, in a bounded pass over its attributes. Must
never take a length from the file without seeing that so much is there.
"""

from collections.abc import Iterator

from policies.extraction.budgets import Unreadable
from policies.extraction.desk import Desk
from policies.extraction.readers.letters import letters
from policies.extraction.readers.mapi import (
    BINARY,
    NARROW,
    OBJECT,
    WIDE,
    Property,
    read_file,
    say_item,
)

_SUBJECT, _BODY, _MESSAGE_PROPERTIES = 0x8004, 0x800C, 0x9003
_TITLE, _DATA, _START, _FILE_PROPERTIES, _RECIPIENTS = 0x8010, 0x800F, 0x9002, 0x9005, 0x9004
_DAMAGED = "a winmail.dat that is damaged"
_HEAD = 6  # signature and key
_ATTRIBUTE = 9  # level, identifier, length
_FIXED = {
    0x02: 4, 0x03: 4, 0x04: 4, 0x05: 8, 0x06: 8, 0x07: 8, 0x0A: 4, 0x0B: 4, 0x14: 8, 0x40: 8,
    0x48: 16,
}  # fmt: skip
_MANY = 0x1000
_NAMED = 0x8000
_MOST_VALUES = 100_000
_TITLE_PROPERTY, _DATA_PROPERTY = 0x3707, 0x3701


def read_tnef(data: bytes, desk: Desk) -> None:
    """Read a winmail.dat. Raises Unreadable."""
    files: list[list[Property]] = []
    try:
        for number, value in _attributes(data):
            _read_attribute(number, value, files, desk)
    finally:
        for properties in files:
            read_file(properties, desk)


def _read_attribute(number: int, value: bytes, files: list[list[Property]], desk: Desk) -> None:
    if number == _START or (not files and number in {_TITLE, _DATA, _FILE_PROPERTIES}):
        desk.meter.enter()
        files.append([])
    if number == _TITLE:
        files[-1].append(Property(_TITLE_PROPERTY, NARROW, value))
    elif number == _DATA:
        files[-1].append(Property(_DATA_PROPERTY, BINARY, value))
    elif number == _FILE_PROPERTIES:
        files[-1] += _Cursor(value).properties()
        say_item(files[-1], desk)
    elif number == _MESSAGE_PROPERTIES:
        say_item(_Cursor(value).properties(), desk)
    elif number == _RECIPIENTS:
        cursor = _Cursor(value)
        for _row in range(min(cursor.number(4), _MOST_VALUES)):
            say_item(cursor.properties(), desk)
    elif number in {_SUBJECT, _BODY}:
        desk.say(Property(number, NARROW, value).text)
    else:
        for text in letters(value):
            desk.say(text)


def _attributes(data: bytes) -> Iterator[tuple[int, bytes]]:
    at = _HEAD
    while at < len(data):
        if at + _ATTRIBUTE > len(data):
            raise Unreadable(_DAMAGED)
        number = int.from_bytes(data[at + 1 : at + 3], "little")
        length = int.from_bytes(data[at + 5 : at + 9], "little")
        start = at + _ATTRIBUTE
        if start + length + 2 > len(data):
            raise Unreadable(_DAMAGED)
        yield number, data[start : start + length]
        at = start + length + 2  # a checksum follows


class _Cursor:
    """A place in a block of properties."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    def take(self, size: int) -> bytes:
        """Take so many bytes. Raises Unreadable if they are not there."""
        if size < 0 or self._at + size > len(self._data):
            raise Unreadable(_DAMAGED)
        self._at += size
        return self._data[self._at - size : self._at]

    def number(self, size: int) -> int:
        return int.from_bytes(self.take(size), "little")

    def padded(self) -> bytes:
        """Take a length, so many bytes, and what fills up to a multiple of four."""
        size = self.number(4)
        value = self.take(size)
        self._at = min(len(self._data), self._at + -size % 4)
        return value

    def properties(self) -> list[Property]:
        """Take a counted list of properties ([MS-OXTNEF] 2.1.3.4)."""
        found: list[Property] = []
        for _step in range(min(self.number(4), _MOST_VALUES)):
            kind, number = self.number(2), self.number(2)
            if number >= _NAMED:
                found += self._property_name()
            found += [Property(number, kind & ~_MANY, value) for value in self._values(kind)]
        return found

    def _property_name(self) -> list[Property]:
        self.take(16)
        if self.number(4):
            return [Property(_NAMED, WIDE, self.padded())]
        self.take(4)
        return []

    def _values(self, kind: int) -> list[bytes]:
        base, many = kind & ~_MANY, kind & _MANY
        if base in {NARROW, WIDE, BINARY, OBJECT}:
            return [self.padded() for _step in range(min(self.number(4), _MOST_VALUES))]
        if base not in _FIXED:
            raise Unreadable(_DAMAGED)
        count = min(self.number(4), _MOST_VALUES) if many else 1
        return [self.take(_FIXED[base]) for _step in range(count)]
