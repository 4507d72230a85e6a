"""Edits: pieces of a message replaced while it streams by.

Promises that all other bytes pass as they are, in memory that does not grow with the message. Must
never guess: edits that overlap are an error.
"""

import base64
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise


@dataclass(frozen=True, slots=True, order=True)
class Edit:
    """At byte `at`, `length` bytes are replaced by `insert`."""

    at: int
    length: int
    insert: bytes

    @property
    def growth(self) -> int:
        """By how many bytes the message grows; negative if it shrinks."""
        return len(self.insert) - self.length


def ordered(edits: Iterable[Edit]) -> tuple[Edit, ...]:
    """Return edits in the order of their places. Raises ValueError if two overlap."""
    found = tuple(sorted(edits))
    for one, other in pairwise(found):
        if one.at + one.length > other.at or (one.at == other.at and one.length == other.length):
            raise ValueError("two edits overlap")
    return found


def splice(chunks: Iterable[bytes], edits: tuple[Edit, ...]) -> Iterator[bytes]:
    """Yield a message with `edits` made, which are in order. Chunks may be cut anywhere."""
    waiting = list(reversed(edits))
    start = skip = 0
    for chunk in chunks:
        end = start + len(chunk)
        at = start + min(skip, len(chunk))
        skip -= at - start
        while waiting and waiting[-1].at < end:
            edit = waiting.pop()
            yield chunk[at - start : edit.at - start]
            yield edit.insert
            after = edit.at + edit.length
            at, skip = min(after, end), max(0, after - end)
        yield chunk[at - start :]
        start = end
    for edit in reversed(waiting):
        yield edit.insert


def read_at(chunks: Iterable[bytes], spans: Iterable[tuple[int, int]]) -> dict[int, bytes]:
    """Return the bytes of `spans` (start, end), by start; the message is read once."""
    wanted = list(spans)
    found = {start: bytearray() for start, _ in wanted}
    at = 0
    last = max((end for _, end in wanted), default=0)
    for chunk in chunks:
        for start, end in wanted:
            found[start] += chunk[max(0, start - at) : max(0, end - at)]
        at += len(chunk)
        if at >= last:
            break
    return {start: bytes(data) for start, data in found.items()}


def to_text(edits: Iterable[Edit]) -> str:
    """Write edits down for the outbox."""
    return json.dumps([(e.at, e.length, base64.b64encode(e.insert).decode()) for e in edits])


def from_text(text: str) -> tuple[Edit, ...]:
    """Read what `to_text` wrote; no text means no edits."""
    rows = json.loads(text) if text else []
    return tuple(Edit(at, length, base64.b64decode(insert)) for at, length, insert in rows)
