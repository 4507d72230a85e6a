"""The content of a mail on its way through DATA: checked, dot-stuffed, ended.

Promises that what leaves contains CR and LF only as CRLF and no NUL, so that no next hop can be
made to see an end of data that is not there (SMTP smuggling, CVE-2023-51764 and its relatives),
and that every other byte is the sender's. Must never repair what it refuses.
"""

import io
from collections.abc import Iterable
from dataclasses import dataclass

SAFE = (None, "\r\n")  # the line ends that may occur: none at all, or CRLF alone


class UnsafeContentError(Exception):
    """The content has a bare CR, a bare LF or a NUL and was not sent."""


@dataclass(frozen=True, slots=True)
class Measure:
    """What must be known of a content before it is sent."""

    size: int
    eight_bit: bool


class DotStuffer:
    """Turns content, in chunks with arbitrary borders, into what DATA carries (RFC 5321 4.5.2)."""

    def __init__(self) -> None:
        self._line_start = True
        self._held_cr = False

    def feed(self, chunk: bytes) -> bytes:
        """Return the next bytes for the wire. Raise UnsafeContentError, never an unsafe byte."""
        if self._held_cr:
            chunk = b"\r" + chunk
        self._held_cr = chunk.endswith(b"\r")
        if self._held_cr:
            chunk = chunk[:-1]
        if not chunk:
            return b""
        if b"\0" in chunk or _line_ends(chunk) not in SAFE:
            raise UnsafeContentError
        # Most of a large mail is Base64, which has no dots: then there is nothing to look for.
        stuffed = chunk.replace(b"\r\n.", b"\r\n..") if b"." in chunk else chunk
        if self._line_start and chunk.startswith(b"."):
            stuffed = b"." + stuffed
        self._line_start = chunk.endswith(b"\r\n")
        return stuffed

    def finish(self) -> bytes:
        """Return the end of data, with the line end that the content may lack."""
        if self._held_cr:
            raise UnsafeContentError
        return b".\r\n" if self._line_start else b"\r\n.\r\n"


def _line_ends(chunk: bytes) -> str | tuple[str, ...] | None:
    """Return which line ends occur in a chunk: None, one, or several.

    The standard library's decoder knows after one pass over the bytes in C; counting CR, LF and
    CRLF takes four times as long, and every byte of every mail goes through here.
    """
    decoder = io.IncrementalNewlineDecoder(None, translate=False)
    decoder.decode(chunk.decode("latin-1"), final=True)  # a CR at the end stands alone
    return decoder.newlines


def measure(chunks: Iterable[bytes]) -> Measure:
    """Read a content once and return its size in bytes and whether it has 8-bit bytes.

    Raise UnsafeContentError as sending would: a mail that cannot be sent need not be begun.
    """
    stuffer = DotStuffer()
    size = 0
    eight_bit = False
    for chunk in chunks:
        stuffer.feed(chunk)
        size += len(chunk)
        eight_bit = eight_bit or not chunk.isascii()
    stuffer.finish()
    return Measure(size, eight_bit)
