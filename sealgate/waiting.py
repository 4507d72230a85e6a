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

from gateway.settings import split_listen_address
from sealgate.lifeline import Stopping
from vault.errors import StoreUnavailable

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


class Turn:
    """A lock that one process can hold: `wait` for it, and `close` at the end.

    For the deliverer. Two of them would send mails twice, and both would run the database's
    checkpoints, which SQLite before 3.51.3 does not bear (see `vault.database`). The kernel lets
    go of the lock when its process ends, however it ends.
    """

    def __init__(self, path: Path) -> None:
        """Open the file, made if need be; raises StoreUnavailable."""
        try:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise StoreUnavailable from error

    async def wait(self, stopping: Stopping) -> bool:
        """Wait until nobody else has it; False if this process should end instead."""
        told = False
        while not stopping.already():
            if self._taken():
                return True
            if not told:
                log.warning("deliverer.waits_for_another")
                told = True
            await asyncio.sleep(PAUSE)
        return False

    def _taken(self) -> bool:
        try:
            fcntl.flock(self._handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def close(self) -> None:
        """Let others have it."""
        os.close(self._handle)
