"""The message as it was sent, to be downloaded.

Promises every byte of the original, except that for anybody but its owner the `Bcc` lines are gone:
they name people whom the other recipients must not learn of (RFC 5322, 3.6.3).
Must never parse the message and write it anew: signatures in it are over its bytes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Self

from vault.packages.retrieve import Reading
from webreader.content.ranges import cut

_SECRET = (b"bcc", b"resent-bcc")
_ENOUGH = 100  # bytes of a line that tell which header it begins


@dataclass(frozen=True, slots=True)
class Original:
    """A message to be downloaded, `size` bytes of it; `removed` is what its header has lost.

    From byte `plain_from` on it is what is stored, so that a part can be read without the rest.
    """

    read: Reading
    size: int
    removed: int = 0
    plain_from: int = 0

    @classmethod
    def without_bcc(cls, read: Reading, size: int) -> Self:
        """Return a message without its `Bcc`; reads its header. Raises StoreUnavailable, Tampered.

        `size` is that of the message with it.
        """
        header = _Header()
        came = passed = 0
        for chunk in read():
            came += len(chunk)
            passed += len(header.feed(chunk))
            if header.over:
                break
        passed += len(header.finish())
        return cls(read, size - (came - passed), came - passed, passed)

    def part(self, wanted: range) -> Iterator[bytes]:
        """Yield those bytes; raises StoreUnavailable, Tampered."""
        if wanted.start >= self.plain_from:
            return self.read(wanted.start + self.removed, wanted.stop + self.removed)
        return cut(without_bcc(self.read()), wanted)


def without_bcc(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Yield the message in `chunks` without its own `Bcc` headers; memory stays bounded."""
    source = iter(chunks)
    header = _Header()
    for chunk in source:
        yield header.feed(chunk)
        if header.over:
            break
    yield header.finish()
    yield from source


class _Header:
    """The header block as it streams by, line by line, whatever the size of the chunks."""

    def __init__(self) -> None:
        self.over = False  # the blank line has passed
        self._held = b""  # the beginning of a line that cannot be judged yet
        self._judged = False  # the line we are in the middle of has been judged
        self._drop = False

    def feed(self, chunk: bytes) -> bytes:
        """Return what may pass of `chunk` and of what was held back before it."""
        data, self._held = self._held + chunk, b""
        out = bytearray()
        at = 0
        while at < len(data) and not self.over:
            end = data.find(b"\n", at) + 1
            line = data[at : end or len(data)]
            if not end and not self._judged and len(line) < _ENOUGH:
                self._held = line
                return bytes(out)
            out += self._pass(line)
            self._judged = not end
            at += len(line)
        return bytes(out) + data[at:]

    def finish(self) -> bytes:
        """Return what may pass of a last line without an end."""
        return self._pass(self._held) if self._held else b""

    def _pass(self, line: bytes) -> bytes:
        if not self._judged:
            self._judge(line)
        return b"" if self._drop else line

    def _judge(self, line: bytes) -> None:
        if line in {b"\n", b"\r\n"}:
            self.over, self._drop = True, False
        elif not line.startswith((b" ", b"\t")):  # a folded line shares the fate of its first
            self._drop = line.partition(b":")[0].strip().lower() in _SECRET
