"""PostScript: the strings that a page shows, put together as they stand on it.

Promises every string, whole and beside its neighbours, its escapes and hexadecimal digits undone.
Must never run a program.
Source: PostScript Language Reference, third edition, 3.2.2 (strings).
"""

import re
from collections.abc import Iterator

import re2

from policies.extraction.desk import Desk
from policies.extraction.texts import read_text

MAGIC = b"%!"
_OPTIONS = re2.Options()
_OPTIONS.encoding = re2.Options.Encoding.LATIN1
_TOKEN = re2.compile(rb"\\(?s:.)|[()]|<[0-9A-Fa-f\s]{2,1000}>|\b(?:moveto|showpage)\b", _OPTIONS)
_MANY = 4096  # tokens after which the clock is asked
_ESCAPE = re.compile(rb"\\([0-7]{1,3}|\r\n|(?s:.))")
_NAMED = {b"n": b"\n", b"r": b"\r", b"t": b"\t", b"b": b"\b", b"f": b"\f"}
_LAST_BYTE = 255


def read_postscript(data: bytes, desk: Desk) -> None:
    """Keep a program as text, and its strings as a page shows them."""
    read_text(data, desk)
    strings = list(_strings(data, desk))
    for joint in ("", " "):
        desk.say(joint.join(strings))


def _strings(data: bytes, desk: Desk) -> Iterator[str]:
    """Yield the strings of a program, and a line's end where it moves to another place."""
    depth, start = 0, 0
    for count, match in enumerate(_TOKEN.finditer(data)):
        if not count % _MANY:
            desk.meter.tick()
        token = match.group()
        if token == b"(":
            start = start if depth else match.end()
            depth += 1
        elif token == b")" and depth:
            depth -= 1
            if not depth:
                inside = data[start : match.start()]
                yield _ESCAPE.sub(_undone, inside).decode("latin-1")
        elif not depth and token[:1] == b"<":
            digits = b"".join(token[1:-1].split()).decode("ascii")
            yield bytes.fromhex(digits + "0" * (len(digits) % 2)).decode("latin-1")
        elif not depth and token[:1].isalpha():
            yield "\n"


def _undone(match: re.Match[bytes]) -> bytes:
    said = match[1]
    if said.isdigit():
        return bytes([min(int(said, 8), _LAST_BYTE)])
    return b"" if said in {b"\n", b"\r\n"} else _NAMED.get(said, said)
