"""Cryptographic messages (CMS, RFC 5652): S/MIME that is signed, encrypted or compressed.

Promises that encrypted content is called encrypted, and that what is merely signed or compressed is
read. Bounded: a structure deeper than any real one is damaged. Must never verify or decrypt.
"""

import zlib
from collections.abc import Iterator
from dataclasses import dataclass

from policies.extraction.budgets import Locked, Unreadable
from policies.extraction.desk import Desk

_DAMAGED = "an S/MIME message that is damaged"
_PKCS7 = bytes.fromhex("2a864886f70d0107")
_COMPRESSED = bytes.fromhex("2a864886f70d0109100109")
_AUTH_ENVELOPED = bytes.fromhex("2a864886f70d0109100117")
_DATA, _SIGNED, _ENVELOPED, _DIGESTED, _ENCRYPTED = (_PKCS7 + bytes([n]) for n in (1, 2, 3, 5, 6))
_LOCKED = frozenset({_ENVELOPED, _ENCRYPTED, _AUTH_ENVELOPED, _PKCS7 + b"\x04"})
_OCTETS, _OBJECT, _SEQUENCE, _EXPLICIT = 0x04, 0x06, 0x10, 0xA0
_CONSTRUCTED = 0x20
_TAG = 0x1F
_DEEPEST = 16


@dataclass(frozen=True, slots=True)
class _Value:
    """One BER value: its first octet, and where its content begins and ends."""

    tag: int
    start: int
    end: int
    after: int


class _Ber:
    """BER (X.690), with definite and indefinite lengths."""

    def __init__(self, data: bytes) -> None:
        self._data = data

    def value(self, at: int, end: int, depth: int = 0) -> _Value:
        """Read the value that begins at `at`. Raises Unreadable."""
        data = self._data
        if at + 2 > end or depth > _DEEPEST or data[at] & _TAG == _TAG:
            raise Unreadable(_DAMAGED)
        tag, length, start = data[at], data[at + 1], at + 2
        if length == 0x80:  # noqa: PLR2004 - X.690, 8.1.3.6: until the end is marked
            inside = start
            while data[inside : inside + 2] != b"\0\0":
                inside = self.value(inside, end, depth + 1).after
            return _Value(tag, start, inside, inside + 2)
        if length & 0x80:
            count = length & 0x7F
            length = int.from_bytes(data[start : start + count], "big")
            start += count
        if start + length > end:
            raise Unreadable(_DAMAGED)
        return _Value(tag, start, start + length, start + length)

    def children(self, parent: _Value) -> Iterator[_Value]:
        at = parent.start
        while at < parent.end:
            child = self.value(at, parent.end)
            yield child
            at = child.after

    def content(self, value: _Value) -> bytes:
        return self._data[value.start : value.end]

    def octets(self, value: _Value, depth: int = 0) -> bytes:
        """Gather an octet string, which may come in pieces."""
        if not value.tag & _CONSTRUCTED:
            return self.content(value)
        if depth > _DEEPEST:
            raise Unreadable(_DAMAGED)
        return b"".join(self.octets(child, depth + 1) for child in self.children(value))


def read_cms(data: bytes, desk: Desk) -> None:
    """Read what is inside. Raises Unreadable, Locked."""
    ber = _Ber(data)
    outer = list(ber.children(ber.value(0, len(data))))
    if not outer or outer[0].tag != _OBJECT:
        raise Unreadable(_DAMAGED)
    kind = ber.content(outer[0])
    if kind in _LOCKED:
        raise Locked("an S/MIME message that is encrypted")
    if kind not in {_SIGNED, _COMPRESSED, _DATA, _DIGESTED}:
        raise Unreadable("a cryptographic message of a kind that is not opened here")
    for inside in outer[1:]:
        _read_inside(ber, inside, kind, desk)


def _read_inside(ber: _Ber, explicit: _Value, kind: bytes, desk: Desk) -> None:
    """Find the encapsulated content: a type, and perhaps an octet string (RFC 5652, 5.2)."""
    body = next(ber.children(explicit), None)
    if body is None:
        return
    if body.tag & _TAG == _OCTETS:
        desk.inner(ber.octets(body), (), "message/rfc822")
        return
    for child in ber.children(body):
        if child.tag & _TAG != _SEQUENCE or not child.tag & _CONSTRUCTED:
            continue
        fields = list(ber.children(child))
        if len(fields) > 1 and fields[0].tag == _OBJECT and fields[1].tag == _EXPLICIT:
            for string in ber.children(fields[1]):
                _read_content(ber.octets(string), kind, desk)


def _read_content(content: bytes, kind: bytes, desk: Desk) -> None:
    if kind == _COMPRESSED:
        room = desk.meter.room(len(content))
        unpacker = zlib.decompressobj()
        try:
            content = unpacker.decompress(content, max(1, room + 1))
        except zlib.error:
            raise Unreadable(_DAMAGED) from None
        if len(content) > room or not unpacker.eof:
            raise Unreadable("an S/MIME message that unpacks to far too much")
    desk.inner(content, (), "message/rfc822")
