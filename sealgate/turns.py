"""Turns among the processes of a node, for what only one of them should do at a time.

Large mails are read in turn: each may take as much memory as several processes do. Promises that
the kernel gives a turn back when whoever had it ends, however it ends. Must never keep anything
from being done: where no lock can be had, everybody goes at once.
"""

import fcntl
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import structlog

log = structlog.get_logger()


class Turns:
    """Turns by the lock on a file of this name, which is made if need be."""

    def __init__(self, folder: Path, name: str) -> None:
        self._file = folder / f"{name}.lock"

    @contextmanager
    def __call__(self, before: Callable[[], None]) -> Iterator[None]:
        """Wait for a turn, and have it meanwhile; call `before` first if there is a wait.

        Blocks. Threads take turns as processes do.
        """
        handle = self._opened()
        try:
            if handle is not None:
                _lock(handle, before)
            yield
        finally:
            if handle is not None:
                os.close(handle)

    def _opened(self) -> int | None:
        try:
            return os.open(self._file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            log.warning("turn.not_taken", problem=error.strerror)
            return None


def _lock(handle: int, before: Callable[[], None]) -> None:
    """Lock a file. A system that has no such locks lets everybody go at once."""
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            before()
            fcntl.flock(handle, fcntl.LOCK_EX)
    except OSError as error:
        log.warning("turn.not_taken", problem=error.strerror)
