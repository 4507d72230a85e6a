"""What a process that starts may have to wait for: its ports, and its turn.

A node that was killed may have left processes that are just ending. Promises that the next one
neither fails because of them nor does the same work beside them, and that a process which should
end before it has begun takes nothing.
"""

import asyncio
import errno
import fcntl
import os
import socket
import time
from collections.abc import Awaitable, Callable, Iterable
from pathlib import Path
from typing import TypeVar

import structlog

from sealgate.lifeline import Stopping
from vault.errors import StoreUnavailable
from vault.typed import split_listen_address

log = structlog.get_logger()

HELD_FOR = 10.0  # seconds that a port may be held by what is just ending
PAUSE = 0.2

_T = TypeVar("_T")


async def take(stopping: Stopping, ports: Callable[[], Awaitable[_T]]) -> _T | None:
    """Listen by calling `ports`; None if this process should end. Raises OSError.

    A port that is held is asked for again and again, for `HELD_FOR` seconds.
    """
    now = asyncio.get_running_loop().time
    deadline, told = now() + HELD_FOR, False
    while not stopping.already():
        try:
            return await ports()
        except OSError as error:
            if error.errno != errno.EADDRINUSE or now() > deadline:
                raise
            if not told:
                log.warning("port.held", problem=error.strerror)
                told = True
            await asyncio.sleep(PAUSE)
    return None


def await_free(addresses: Iterable[str], seconds: float = HELD_FOR) -> None:
    """Wait until nobody listens on these `address:port`s. Raises OSError after so many seconds.

    For ports that several processes of a node share: the kernel would let those of another node of
    the same user share them as well, and give it half of the mail.
    """
    deadline, told = time.monotonic() + seconds, False
    for address in addresses:
        host, port = split_listen_address(address)
        while True:
            try:
                family = socket.AF_INET6 if ":" in host else socket.AF_INET
                socket.create_server((host, port), family=family).close()
                break
            except OSError as error:
                if error.errno != errno.EADDRINUSE or time.monotonic() > deadline:
                    raise
                if not told:
                    log.warning("port.held", problem=error.strerror)
                    told = True
                time.sleep(PAUSE)


class Seats:
    """Locks of which a process holds one: `wait` for a free one, and `close` at the end.

    For deliverers, as many as the settings say. Whoever has the first seat runs the database's
    checkpoints, which SQLite before 3.51.3 does not bear of two (see `vault.storage.database`). The
    kernel lets go of a lock when its process ends, however it ends: the next one sits down there.
    """

    def __init__(self, folder: Path, name: str, count: int) -> None:
        """Open the files, made if need be; raises StoreUnavailable."""
        names = [f"{name}{f'-{number}' if number > 1 else ''}.lock" for number in _from_one(count)]
        self._handles: list[int] = []
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            for one in names:
                handle = os.open(folder / one, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
                self._handles.append(handle)
        except OSError as error:
            self.close()
            raise StoreUnavailable from error

    async def wait(self, stopping: Stopping) -> int:
        """Wait for a free seat; return its number from 1, or 0 if this process should end."""
        told = False
        while not stopping.already():
            for number, handle in enumerate(self._handles, 1):
                if _locked(handle):
                    return number
            if not told:
                log.warning("deliverer.waits_for_another")
                told = True
            await asyncio.sleep(PAUSE)
        return 0

    def close(self) -> None:
        """Let others have it."""
        while self._handles:
            os.close(self._handles.pop())


def _from_one(count: int) -> range:
    return range(1, count + 1)


def _locked(handle: int) -> bool:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
