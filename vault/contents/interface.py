"""What the vault asks of a place for sealed contents, whatever it is made of.

Promises, of whoever keeps to it, that a place which `commit` returned survives a power cut, and
that a `commit` whose outcome cannot be learnt has failed: what it may have left is swept in time.
Must never name a driver.
"""

from collections.abc import Iterable
from datetime import timedelta
from typing import BinaryIO, Protocol

ABANDONED_AFTER = timedelta(hours=36)
IN_S3 = "s3:"  # what the place of an object begins with


class Source(Protocol):
    """Sealed bytes to be read once, from the first on."""

    def read(self, size: int, /) -> bytes:
        """Return at most `size` bytes, and none at the end; StoreUnavailable or OSError."""
        ...

    def close(self) -> None:
        """Let go of whatever is held open."""
        ...


class Unfinished(Protocol):
    """One content on its way: `write`, then `commit` or `abort`."""

    def write(self, data: bytes | bytearray | memoryview, /) -> None:
        """Append all of `data`; on failure everything is removed and StoreUnavailable raised."""
        ...

    def look(self) -> BinaryIO:
        """Open what was written so far, or what was committed; raises StoreUnavailable."""
        ...

    def commit(self) -> str:
        """Make the content durable and return its place; on failure it is gone."""
        ...

    def close(self) -> None:
        """Remove what only `look` needed; what was committed stays. Never raises."""
        ...

    def abort(self) -> None:
        """Remove it, whatever its state; never raises."""
        ...


class Contents(Protocol):
    """A place for contents; safe to share between threads and processes."""

    def create(self) -> Unfinished:
        """Begin a new content; raises StoreUnavailable."""
        ...

    def open(self, place: str, start: int = 0, stop: int | None = None) -> Source:
        """Open the bytes from `start` up to `stop`; StoreUnavailable, also when it is not there."""
        ...

    def delete(self, place: str) -> None:
        """Remove a content that no row names any more; raises StoreUnavailable."""
        ...

    def sweep(self, older_than: timedelta = ABANDONED_AFTER) -> int:
        """Remove what was begun and never finished; returns how many."""
        ...

    def settled(self, older_than: timedelta = ABANDONED_AFTER) -> Iterable[str]:
        """Give the places of complete contents not touched for `older_than`."""
        ...
