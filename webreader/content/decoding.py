"""Content transfer encodings undone, a slice at a time.

Promises bytes for any input, in pieces of bounded size, the same wherever the slices fall.
Must never hold more than one slice beside the encoded content.
"""

from __future__ import annotations

import binascii
import string
from collections.abc import Iterator

SLICE = 96 * 1024  # encoded bytes taken at a time
_ALPHABET = (string.ascii_letters + string.digits + "+/").encode("ascii")
_NOT_BASE64 = bytes(set(range(256)) - set(_ALPHABET))


def decoded(content: bytes, encoding: str) -> Iterator[bytes]:
    """Yield `content` with its encoding (RFC 2045, 6) undone; unknown ones leave it as it is."""
    if encoding == "base64":
        return _from_base64(content)
    if encoding == "quoted-printable":
        return _from_quoted_printable(content)
    return _slices(content)


def _slices(content: bytes) -> Iterator[bytes]:
    return (content[at : at + SLICE] for at in range(0, len(content), SLICE))


def _from_base64(content: bytes) -> Iterator[bytes]:
    """Decode, skipping what is not base64 (RFC 2045, 6.8); padding ends the data."""
    left = b""
    for piece in _slices(content):
        head, end, _after = piece.partition(b"=")
        letters = left + head.translate(None, _NOT_BASE64)
        whole = len(letters) - len(letters) % 4
        left = letters[whole:]
        if whole:
            yield binascii.a2b_base64(letters[:whole])
        if end:
            break
    if len(left) > 1:
        yield binascii.a2b_base64(left + b"=" * (4 - len(left)))


def _from_quoted_printable(content: bytes) -> Iterator[bytes]:
    """Decode whole lines, so that no code and no soft line break is cut in two."""
    at = 0
    while at < len(content):
        end = content.find(b"\n", at + SLICE, at + 2 * SLICE) + 1 or min(at + SLICE, len(content))
        while end < len(content) and b"=" in content[max(at, end - 2) : end]:  # an endless line
            end += 1
        yield binascii.a2b_qp(content[at:end])
        at = end
