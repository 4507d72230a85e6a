"""What is packed inside a picture, a sound or a film, or put behind its end.

Programs that show such a file pass over it, and whoever knows unpacks it. Promises that gzip is
found wherever it stands, and behind a picture's end whatever has a name; of what has none only the
letters count, as everywhere in such files. Must never unpack beyond the meter's room.
Source: JPEG (ITU-T T.81, B.1), PNG (11.2), GIF89a (specification, 15 to 27), RFC 1952.
"""

import zlib

import re2

from policies.extraction import kinds
from policies.extraction.budgets import Unreadable
from policies.extraction.desk import Desk
from policies.extraction.readers.letters import is_writing, letters

_OPTIONS = re2.Options()
_OPTIONS.encoding = re2.Options.Encoding.LATIN1
_GZIP = b"\x1f\x8b\x08"
_MOST_FLAGS = 0x1F  # of gzip; the others are reserved
_TRIAL = 1 << 16  # packed bytes that are tried, and what may come of them
_ENOUGH = 4096
_MOST_TRIALS = 64  # three bytes are there by chance once in 16 MB
_FEWEST = 8  # bytes behind an end that may say something
_ZLIB = (b"\x78\x01", b"\x78\x5e", b"\x78\x9c", b"\x78\xda")
_STEPS = 20_000  # segments of a picture
_SCAN_ENDS = re2.compile(rb"\xff[^\x00\xd0-\xd7\xff]", _OPTIONS)
_ALONE = frozenset({0x01, *range(0xD0, 0xD9)})  # markers without a segment
_EOI, _SOS = 0xD9, 0xDA
_IEND = b"IEND"


def read_beside(data: bytes, desk: Desk) -> None:
    """Read what is packed inside a file of this kind, and what stands behind a picture's end."""
    _read_gzip(data, desk)
    rest = data[end_of(data) :].strip(b"\0")
    if len(rest) < _FEWEST or rest.startswith(_GZIP):
        return
    if rest[:2] in _ZLIB:
        read_zlib(rest, desk)
    elif not {"unknown", "audio", "video"} & set(kinds.kinds_of(rest)):
        desk.inner(rest)


def read_zlib(packed: bytes, desk: Desk) -> bool:
    """Read what zlib packed at the start of some bytes; tell whether that is what they are.

    Raises Unreadable if it unpacks to far too much.
    """
    room = desk.meter.room(len(packed))
    unpacker = zlib.decompressobj()
    try:
        out = unpacker.decompress(packed, max(1, room))
    except zlib.error:
        return False
    if unpacker.unconsumed_tail:
        raise Unreadable("a picture with a remark that is far too long")
    if kinds.kinds_of(out) == kinds.UNKNOWN:
        desk.meter.unpack(len(out))
        for text in letters(out, is_writing):
            desk.say(text)
    else:
        desk.inner(out)
    return True


def _read_gzip(data: bytes, desk: Desk) -> None:
    at, trials = data.find(_GZIP), 0
    while at >= 0:
        desk.meter.tick()
        trials += 1
        if trials > _MOST_TRIALS:
            raise Unreadable("a picture with far too many packed pieces")
        if data[at + 3 : at + 4] <= bytes([_MOST_FLAGS]) and _unpacks(data[at : at + _TRIAL]):
            desk.inner(data[at:])
            return  # whoever reads it reads what follows as well
        at = data.find(_GZIP, at + 1)


def _unpacks(packed: bytes) -> bool:
    """Tell whether these bytes are packed indeed: chance goes wrong within a few."""
    unpacker = zlib.decompressobj(16 + zlib.MAX_WBITS)
    try:
        out = unpacker.decompress(packed, _ENOUGH)
    except zlib.error:
        return False
    return unpacker.eof or len(out) == _ENOUGH


def end_of(data: bytes) -> int:
    """Give where a picture ends, which may be far before its file does."""
    if data.startswith(b"\xff\xd8"):
        return _end_of_jpeg(data)
    if data.startswith(b"\x89PNG"):
        return _end_of_png(data)
    return _end_of_gif(data) if data.startswith(b"GIF8") else len(data)


def _end_of_png(data: bytes) -> int:
    at = 8
    for _step in range(_STEPS):
        kind = data[at + 4 : at + 8]
        at += 12 + int.from_bytes(data[at : at + 4], "big")
        if kind == _IEND or at >= len(data):
            break
    return min(at, len(data))


def _end_of_jpeg(data: bytes) -> int:
    at = 2
    for _step in range(_STEPS):
        if data[at : at + 1] != b"\xff" or at + 1 >= len(data):
            return len(data)
        marker = data[at + 1]
        if marker == _EOI:
            return at + 2
        length = 0 if marker in _ALONE else int.from_bytes(data[at + 2 : at + 4], "big")
        at += 2 + length
        if marker == _SOS:
            match = _SCAN_ENDS.search(data, at)
            at = match.start() if match else len(data)
    return len(data)


def _end_of_gif(data: bytes) -> int:
    at = 13 + _colours(data[10:11])
    for _step in range(_STEPS):
        kind = data[at : at + 1]
        if kind == b";":
            return at + 1
        if kind == b"!":
            at = _end_of_blocks(data, at + 2)
        elif kind == b",":
            at = _end_of_blocks(data, at + 11 + _colours(data[at + 9 : at + 10]))
        else:
            return len(data)
    return len(data)


def _colours(flags: bytes) -> int:
    """Give the bytes of the table of colours that flags announce."""
    return 3 << (flags[0] & 7) + 1 if flags and flags[0] & 0x80 else 0


def _end_of_blocks(data: bytes, at: int) -> int:
    while at < len(data) and data[at]:
        at += data[at] + 1
    return at + 1
