"""ClamAV's daemon, asked over its own protocol: INSTREAM, as clamd(8) describes it.

A command ends in NUL if it begins with `z`; each chunk goes after its length in four bytes, the
most significant first, and a length of nothing ends the stream. One line comes back.

Promises that a line which is not exactly "OK" is never taken for clean. Must never take a notice
about limits for malware: it says that clamd did not look at everything.
"""

import re
import struct
from collections.abc import Iterable, Iterator

from gateway.scanners.scanner import Deadline, NotScannedError, Why, led, plain_name
from gateway.scanners.wire import Wire

_LONGEST_REPLY = 4096
_LONGEST_CHUNK = 1 << 20
_FOUND = re.compile(r"stream: (?P<name>.+) FOUND")
_LIMITS = "Heuristics.Limits.Exceeded"  # with `AlertExceedsMax yes`
_TOO_LONG = "INSTREAM size limit exceeded. ERROR"  # StreamMaxLength


class Clamd:
    """A clamd at a path or at HOST:PORT."""

    def __init__(self, address: str) -> None:
        self._address = address

    def scan(self, content: Iterable[bytes], size: int, deadline: Deadline) -> str | None:
        """Return the signature that fits, None if none does. Blocks; raises NotScannedError."""
        del size  # clamd counts for itself
        said = self._ask(_instream(led(content)), deadline)
        if said == "stream: OK":
            return None
        if said == _TOO_LONG:
            raise NotScannedError(Why.TOO_LARGE)
        found = _FOUND.fullmatch(said)
        if found is None:
            raise NotScannedError(Why.UNINTELLIGIBLE)
        if found["name"].startswith(_LIMITS):
            raise NotScannedError(Why.TOO_LARGE)
        return plain_name(found["name"])

    def about(self, deadline: Deadline) -> str:
        """Return clamd's version and that of its signatures. Blocks; raises NotScannedError."""
        said = self._ask([b"zVERSION\0"], deadline)
        if not said.startswith("ClamAV "):
            raise NotScannedError(Why.UNINTELLIGIBLE)
        return plain_name(said)

    def _ask(self, pieces: Iterable[bytes], deadline: Deadline) -> str:
        reply = bytearray()

        def hear(piece: bytes) -> bool:
            reply.extend(piece)
            return b"\0" in piece or len(reply) > _LONGEST_REPLY

        with Wire(self._address, deadline) as wire:
            wire.exchange(pieces, hear)
        said, end, _ = bytes(reply).partition(b"\0")
        if not end:
            raise NotScannedError(Why.UNINTELLIGIBLE)
        return said.decode("ascii", "replace")


def _instream(content: Iterable[bytes]) -> Iterator[bytes]:
    yield b"zINSTREAM\0"
    for piece in content:
        for at in range(0, len(piece), _LONGEST_CHUNK):
            chunk = piece[at : at + _LONGEST_CHUNK]
            yield struct.pack("!I", len(chunk)) + chunk
    yield struct.pack("!I", 0)
