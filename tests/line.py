"""A line to a server that can be cut: it passes on what clients and server say.

with cuttable(port) as line: ... line.port ... line.cut()
"""

import contextlib
import socket
import threading
from collections.abc import Iterator


class Line:
    """A port of this machine that leads to another, until it is cut or so many bytes have gone."""

    def __init__(self, port: int) -> None:
        self._to = port
        self._door = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._door.getsockname()[1]
        self._open: list[socket.socket] = []
        self._lock = threading.Lock()
        self.is_cut = False
        self.up = self.down = 0  # bytes that have gone to the server, and come from it
        self.cut_up: int | None = None  # cut when so many bytes have gone up
        self.cut_down: int | None = None
        self.past = threading.Event()  # set when `mark` bytes have gone up
        self.mark = 0
        self._accepting = threading.Thread(target=self._accept, daemon=True)
        self._accepting.start()

    def cut(self) -> None:
        """Break every connection, and refuse new ones."""
        with self._lock:
            self.is_cut = True
            for plug in self._open:
                with contextlib.suppress(OSError):
                    plug.shutdown(socket.SHUT_RDWR)

    def mend(self) -> None:
        """Let new connections through again."""
        self.cut_up = self.cut_down = None
        self.is_cut = False

    def close(self) -> None:
        """Cut it for good."""
        with contextlib.suppress(OSError):
            self._door.shutdown(socket.SHUT_RDWR)  # wakes who waits in accept
        self._accepting.join()
        self._door.close()
        self.cut()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._door.accept()
            except OSError:
                return
            if self.is_cut:
                client.close()
            else:
                threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        with client, socket.create_connection(("127.0.0.1", self._to)) as server:
            with self._lock:
                self._open += [client, server]
            back = threading.Thread(target=self._pass, args=(server, client, False), daemon=True)
            back.start()
            self._pass(client, server, True)
            back.join()
            with self._lock:
                self._open = [one for one in self._open if one not in (client, server)]

    def _pass(self, one: socket.socket, other: socket.socket, up: bool) -> None:
        with contextlib.suppress(OSError):
            while data := one.recv(65536):
                self._count(len(data), up)
                other.sendall(data)
        for plug in (one, other):
            with contextlib.suppress(OSError):
                plug.shutdown(socket.SHUT_RDWR)

    def _count(self, size: int, up: bool) -> None:
        if up:
            self.up += size
        else:
            self.down += size
        if self.mark and self.up >= self.mark:
            self.past.set()
        for gone, most in ((self.up, self.cut_up), (self.down, self.cut_down)):
            if most is not None and gone >= most:
                self.cut()
                raise OSError


@contextlib.contextmanager
def cuttable(port: int) -> Iterator[Line]:
    """Give a line to `port` for as long as the block lasts."""
    line = Line(port)
    try:
        yield line
    finally:
        line.close()
