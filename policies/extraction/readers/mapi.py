"""Properties of Outlook items ([MS-OXPROPS]), however they were stored: what each says to people.

For `.msg` files and for winmail.dat. Promises that every text and every attached file is kept. Must
never raise anything but Unreadable and Locked.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from policies.extraction.bodies import say_page
from policies.extraction.budgets import Unreadable
from policies.extraction.desk import Desk
from policies.extraction.mail_headers import say_headers
from policies.extraction.readers.letters import letters
from policies.extraction.readers.rtf import read_rtf
from policies.extraction.texts import readings
from policies.message.header_block import read_block
from policies.message.mime import DEFAULT_LIMITS

NARROW, WIDE, BINARY, OBJECT = 0x1E, 0x1F, 0x102, 0x0D
_HTML, _RTF, _HEADERS, _BODY = 0x1013, 0x1009, 0x007D, 0x1000
_DATA = 0x3701
_NAMES = frozenset({0x3001, 0x3704, 0x3707, 0x370A})
_DECLARED = 0x370E
# Identifiers that programs write for one another.
_TECHNICAL = frozenset({0x1035, 0x1039, 0x1042, 0x3712, 0x001A, 0x0064, 0x0C1E, 0x3FFA})

_LZ_START = (
    b"{\\rtf1\\ansi\\mac\\deff0\\deftab720{\\fonttbl;}{\\f0\\fnil \\froman \\fswiss \\fmodern "
    b"\\fscript \\fdecor MS Sans SerifSymbolArialTimes New RomanCourier{\\colortbl\\red0\\green0"
    b"\\blue0\r\n\\par \\pard\\plain\\f0\\fs20\\b\\i\\u\\tab\\tx"
)
_WINDOW = 4096


@dataclass(frozen=True, slots=True)
class Property:
    """One property: its number, its type, and its bytes."""

    number: int
    kind: int
    value: bytes

    @property
    def text(self) -> str:
        """The value as text, in its likeliest reading."""
        if self.kind == WIDE:
            return self.value.decode("utf-16-le", "replace").rstrip("\0")
        return readings(self.value.rstrip(b"\0"))[0]


def say_item(properties: Iterable[Property], desk: Desk) -> None:
    """Keep what the properties of a message, contact or appointment say."""
    for one in properties:
        if one.number in _TECHNICAL or one.number == _DATA:
            continue
        if one.number == _HTML:
            say_page(_as_page(one), "", desk)
        elif one.number == _RTF and one.kind == BINARY:
            read_rtf(decompress_rtf(one.value, desk), desk)
        elif one.number == _HEADERS:
            say_headers(read_block(one.text.encode("utf-8", "replace"), DEFAULT_LIMITS), desk)
        elif one.kind in {NARROW, WIDE}:
            desk.say(one.text)
        elif one.kind == BINARY:
            for text in letters(one.value):
                desk.say(text)


def _as_page(one: Property) -> bytes:
    return one.text.encode("utf-8", "replace") if one.kind == WIDE else one.value


def read_file(properties: list[Property], desk: Desk) -> None:
    """Read an attached file, of which these are the properties."""
    names = [one.text for one in properties if one.number in _NAMES and one.kind in {NARROW, WIDE}]
    declared = next((one.text.lower() for one in properties if one.number == _DECLARED), "")
    data = [one for one in properties if one.number == _DATA]
    for one in data:
        if one.kind == OBJECT:
            desk.inner(one.value[16:], names, declared)  # behind the identifier of its interface
        else:
            desk.inner(one.value, names, declared)
    if not data:
        for name in names:
            desk.name(name)


def decompress_rtf(packed: bytes, desk: Desk) -> bytes:
    """Undo the compression of RTF bodies ([MS-OXRTFCP]). Raises Unreadable."""
    if packed[8:12] == b"MELA":
        return packed[16:]
    if packed[8:12] != b"LZFu":
        raise Unreadable("an Outlook message with a body that is damaged")
    size = int.from_bytes(packed[4:8], "little")
    if size > desk.meter.room(len(packed)):
        raise Unreadable("an Outlook message that unpacks to far too much")
    out = _unpack(packed[16:], len(_LZ_START) + size)
    return bytes(out[len(_LZ_START) :])


def _unpack(packed: bytes, size: int) -> bytearray:
    out = bytearray(_LZ_START)
    at = 0
    while at < len(packed) and len(out) < size:
        flags = packed[at]
        at += 1
        for bit in range(8):
            if not flags >> bit & 1:
                out += packed[at : at + 1]
                at += 1
                continue
            reference = int.from_bytes(packed[at : at + 2], "big")
            at += 2
            offset, length = reference >> 4, (reference & 0xF) + 2
            start = len(out) - (len(out) - offset) % _WINDOW
            if start == len(out) or start < 0 or at > len(packed):
                return out
            for step in range(length):
                out.append(out[start + step])
    return out
