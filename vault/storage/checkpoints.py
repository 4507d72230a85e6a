"""Checkpoints: what was committed is moved from the write-ahead log into the database file.

SQLite does so by itself after a commit of the one connection that may (see `storage.database`).
That connection can be idle while other processes write: then nobody would, and the log would grow
with every mail, and every read with the log. So its process looks after the log now and then.

Promises that the log is begun anew before it is much larger than `LARGE`, however busy the writers
are, and that a checkpoint which fails is only tried again. Must run in one process alone.
"""

import sqlite3
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import structlog

from vault.errors import StoreUnavailable

EVERY = 1.0  # seconds between two looks
WORTH_IT = 4 << 20  # bytes of log from which a look does something
LARGE = 64 << 20  # bytes of log from which writers are made to wait until it can begin anew

log = structlog.get_logger()


class Checkpoints:
    """Looks after the log of one database on a thread of its own, until `close`.

    `run` runs a pragma on the connection that may do checkpoints, outside any transaction.
    """

    def __init__(self, wal: Path, run: Callable[[str], object]) -> None:
        self._wal = wal
        self._run = run
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="checkpoints", daemon=True)
        self._thread.start()

    def look(self) -> None:
        """Move what is worth it. Raises StoreUnavailable, sqlite3.Error."""
        if self._size() < WORTH_IT:
            return
        self._run("PRAGMA wal_checkpoint(PASSIVE)")  # waits for nobody, and nobody waits for it
        if self._size() >= LARGE:
            self._run("PRAGMA wal_checkpoint(RESTART)")  # little is left to be moved by now

    def close(self) -> None:
        """End the thread."""
        self._ending.set()
        self._thread.join()

    def _size(self) -> int:
        with suppress(OSError):
            return self._wal.stat().st_size
        return 0

    def _watch(self) -> None:
        while not self._ending.wait(EVERY):
            try:
                self.look()
            except (StoreUnavailable, sqlite3.Error) as error:
                log.warning("store.no_checkpoint", kind=type(error).__name__)
