"""The bytes of a mail, any stretch of them as often as it is asked for: nobody need hold them all.

A worker is given a mail's outline and asks for the stretches it reads; `bytes` do as well. Promises
that what is asked for beyond the end is left out, as from `bytes`.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

PIECE = 1 << 20
"""Bytes that are asked for at once: what a spool seals together."""


class Source(Protocol):
    """What can be sliced like `bytes`. Bytes."""

    def __len__(self) -> int:
        """Return how many bytes may be asked for."""
        ...

    def __getitem__(self, wanted: slice, /) -> bytes:
        """Return a stretch; what is negative counts from the end."""
        ...


@runtime_checkable
class Ranged(Protocol):
    """A mail that can be read from anywhere."""

    def between(self, start: int, stop: int) -> Iterator[bytes]:
        """Yield these bytes in pieces of any size; raises what reading it raises."""
        ...


@dataclass(frozen=True, slots=True)
class Stretch:
    """The bytes from `start` to `stop` of a source, as a source."""

    source: Source
    start: int
    stop: int

    def __len__(self) -> int:
        return max(0, self.stop - self.start)

    def __getitem__(self, wanted: slice, /) -> bytes:
        first, after, _step = wanted.indices(len(self))
        return self.source[self.start + first : self.start + after] if first < after else b""

    def pieces(self) -> Iterator[bytes]:
        """Yield them one after the other, cut where the source itself is."""
        at = self.start
        while at < self.stop:
            until = min(self.stop, (at // PIECE + 1) * PIECE)
            yield self.source[at:until]
            at = until


class Held:
    """A mail that came in pieces and is held in memory, up to so many bytes.

    Raises whatever the pieces raise, and ValueError if they are not `size` bytes.
    """

    def __init__(self, chunks: Iterable[bytes], size: int, most: int) -> None:
        self._data, came = bytearray(), 0
        for chunk in chunks:
            came += len(chunk)
            self._data += chunk[: max(0, most - len(self._data))]
        if came != size:
            raise ValueError("the mail is not as long as its outline says")

    def between(self, start: int, stop: int) -> Iterator[bytes]:
        """Yield these bytes."""
        yield bytes(memoryview(self._data)[start:stop])
