"""A connection to a scanner: sends and listens at the same time, until a deadline.

A scanner may answer before it has heard everything, and one that sends the mail back would wait
for us while we wait for it. Promises that nothing blocks beyond the deadline and that no more than
one piece of what is sent or heard is kept. Must never be used by two threads.
"""

import select
import socket
from collections.abc import Callable, Iterable, Iterator
from types import TracebackType
from typing import Self

from gateway.scanners.scanner import Deadline, NotScannedError, Why

PIECE = 64 * 1024
_LOOK_UP = 0.25  # seconds after which a deadline that was brought forward is noticed
_TO_HEAR = select.POLLIN | select.POLLHUP | select.POLLERR


class Wire:
    """A connection, open while the `with` block runs. `address` is a path or HOST:PORT."""

    def __init__(self, address: str, deadline: Deadline) -> None:
        self._address = address
        self._deadline = deadline

    def __enter__(self) -> Self:
        """Connect. Raise NotScannedError."""
        try:
            self._socket = _connected(self._address, self._deadline.left())
        except TimeoutError:
            raise NotScannedError(Why.SLOW) from None
        except OSError:
            raise NotScannedError(Why.DOWN) from None
        self._socket.setblocking(False)
        self._poll = select.poll()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._socket.close()

    def exchange(self, pieces: Iterable[bytes], hear: Callable[[bytes], bool]) -> bool:
        """Send `pieces` and give what comes back to `hear` until it says that it has heard all.

        Return False if the other side hangs up before. Raise NotScannedError(SLOW).
        """
        sending: Iterator[bytes] = filter(None, pieces)
        left = memoryview(next(sending, b""))
        while True:
            if self._something_to_hear(or_room_to_send=bool(left)):
                heard = self._received()
                if not heard:
                    return False
                if hear(heard):
                    return True
                continue
            try:
                left = left[self._socket.send(left) :]
            except BlockingIOError:
                continue
            except OSError:  # it hangs up, and may have said why
                sending, left = iter(()), memoryview(b"")
            left = left or memoryview(next(sending, b""))

    def _something_to_hear(self, *, or_room_to_send: bool) -> bool:
        """Wait. Say whether there is something to hear; if not, there is room to send."""
        wanted = select.POLLIN | (select.POLLOUT if or_room_to_send else 0)
        self._poll.register(self._socket, wanted)
        while True:
            seconds = min(self._deadline.left(), _LOOK_UP)
            if found := self._poll.poll(seconds * 1000):
                return bool(found[0][1] & _TO_HEAR)

    def _received(self) -> bytes:
        try:
            return self._socket.recv(PIECE)
        except OSError:
            return b""


def _connected(address: str, seconds: float) -> socket.socket:
    if not address.startswith("/"):
        host, _, port = address.rpartition(":")
        return socket.create_connection((host.strip("[]"), int(port)), seconds)
    made = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        made.settimeout(seconds)
        made.connect(address)
    except BaseException:
        made.close()
        raise
    return made
