"""Strings of a PDF as they are written: in brackets with backslashes, or in hexadecimal digits.

Promises to read whatever stands there (ISO 32000-1, 7.3.4); nothing in it is an error.
"""

import re

_ESCAPE = re.compile(rb"\\([0-7]{1,3}|\r\n|.)", re.DOTALL)
_ESCAPES = {b"n": b"\n", b"r": b"\r", b"t": b"\t", b"b": b"\b", b"f": b"\f"}
_NOT_HEX = bytes(set(range(256)) - set(b"0123456789abcdefABCDEF"))


def unescaped(raw: bytes) -> bytes:
    """Undo the backslashes of a string that stood in brackets (7.3.4.2)."""
    return _ESCAPE.sub(_escape, raw) if b"\\" in raw else raw


def from_hex(raw: bytes) -> bytes:
    """Read a string in hexadecimal digits; an odd last one counts as followed by 0 (7.3.4.3)."""
    digits = raw.translate(None, _NOT_HEX)
    return bytes.fromhex((digits + b"0" * (len(digits) % 2)).decode("ascii"))


def _escape(match: re.Match[bytes]) -> bytes:
    code = match[1]
    if code[:1].isdigit() and code[:1] not in b"89":
        return bytes([int(code, 8) & 0xFF])
    return b"" if code in {b"\n", b"\r", b"\r\n"} else _ESCAPES.get(code, code)
