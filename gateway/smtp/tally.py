"""Counts that all processes which take mail in share: messages and recipients by user and minute.

They live in memory that a fork shares. Promises that a count is one count whichever process adds to
it, that memory is fixed, and that no name is kept, only a mark of it. Must be made before the
processes part: what is made afterwards is a process's own.
"""

import mmap
import multiprocessing
import struct
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from hashlib import blake2b

MINUTES = 60
SLOTS = 4096
"""Users that are remembered at the same time; who has sent nothing for longest is forgotten."""

_NEIGHBOURS = 16  # slots in which a user may be
_PATIENCE = 0.1  # seconds; counting takes some millionths of one
_MARK = 8  # bytes
_MINUTE = struct.Struct("=III")  # which minute, messages, recipients
_SLOT = _MARK + MINUTES * _MINUTE.size
_NOBODY = bytes(_MARK)


@dataclass(frozen=True, slots=True)
class Sum:
    """What one user has sent within the hour, and in which minute the oldest of it (0: nothing)."""

    messages: int = 0
    recipients: int = 0
    oldest: int = 0


class Tally:
    """The counts. Minutes are numbered from 1."""

    def __init__(self, slots: int = SLOTS) -> None:
        self._slots = slots
        self._memory = mmap.mmap(-1, slots * _SLOT)
        # A semaphore in shared memory: it has no file, which a new process would have closed.
        self._lock = multiprocessing.get_context("fork").Lock()

    def add(self, name: str, minute: int, recipients: int) -> None:
        """Count one message."""
        mark = _mark(name)
        with self._alone():
            at = self._place(mark)
            if self._memory[at : at + _MARK] != mark:
                self._memory[at : at + _SLOT] = mark + bytes(_SLOT - _MARK)
            where = at + _MARK + minute % MINUTES * _MINUTE.size
            then, messages, before = _MINUTE.unpack_from(self._memory, where)
            if then != minute:
                messages = before = 0
            _MINUTE.pack_into(self._memory, where, minute, messages + 1, before + recipients)

    def sum(self, name: str, minute: int) -> Sum:
        """Return what has been counted in the hour up to this minute."""
        mark = _mark(name)
        with self._alone():
            places = (at for at in self._places(mark) if self._memory[at : at + _MARK] == mark)
            at = next(places, None)
            slot = b"" if at is None else self._memory[at : at + _SLOT]
        every = _MINUTE.iter_unpack(slot[_MARK:])
        told = [one for one in every if one[1] and one[0] > minute - MINUTES]
        return Sum(
            sum(messages for _, messages, _ in told),
            sum(recipients for *_, recipients in told),
            min((then for then, *_ in told), default=0),
        )

    def close(self) -> None:
        """Let the memory go."""
        self._memory.close()

    def _places(self, mark: bytes) -> list[int]:
        """Return where a user's slot may be."""
        first = int.from_bytes(mark, "big")
        return [(first + n) % self._slots * _SLOT for n in range(min(_NEIGHBOURS, self._slots))]

    def _place(self, mark: bytes) -> int:
        """Return where a user's slot is, or the one to be used for them."""
        places = self._places(mark)
        for at in places:
            if self._memory[at : at + _MARK] in (mark, _NOBODY):
                return at
        return min(places, key=self._newest)

    def _newest(self, at: int) -> int:
        slot = self._memory[at + _MARK : at + _SLOT]
        return max(int(then) for then, *_ in _MINUTE.iter_unpack(slot))

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Keep the other processes out, but for one that has died in here."""
        self._lock.acquire(timeout=_PATIENCE)
        try:
            yield
        finally:
            with suppress(ValueError):  # it was released meanwhile by one that was thought dead
                self._lock.release()


def _mark(name: str) -> bytes:
    return blake2b(name.encode(), digest_size=_MARK).digest()


SHARED = Tally()
"""Made when this module is loaded, which is before a node's processes part."""
