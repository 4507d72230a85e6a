"""A slow line to the site, on which a test sees every byte that comes down and how it ended.

An HTTP proxy (CONNECT, RFC 9110 section 9.3.6) for one browser. What it relays is encrypted; it
counts. Its buffers are small, so that what the site has sent and what has arrived hardly differ.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

PIECE = 16 * 1024
RECEIVE_BUFFER = 64 * 1024


@dataclass
class Flow:
    """One connection through the line. Times are those of `time.monotonic`."""

    size: int = 0
    last: float = 0.0
    is_reset: bool = False
    is_over: asyncio.Event = field(default_factory=asyncio.Event)


class SlowLine:
    """The line: `rate` is in bytes a second, for each connection, towards the browser."""

    def __init__(self, rate: int) -> None:
        self.rate = rate
        self.flows: list[Flow] = []
        self.url = ""
        self._tasks: set[asyncio.Task[None]] = set()

    def busiest(self) -> Flow:
        """The connection that has brought most so far."""
        return max(self.flows, key=lambda flow: flow.size, default=Flow())

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        try:
            await self._relay(reader, writer)
        except (asyncio.IncompleteReadError, asyncio.CancelledError):
            pass  # a connection made in advance and never used, or the test is over
        finally:
            writer.close()
            self._tasks.discard(task)

    async def end(self) -> None:
        for task in tuple(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks)
        for _ in range(3):
            await asyncio.sleep(0)  # lets aborted transports close their sockets

    async def _relay(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        request = await reader.readuntil(b"\r\n\r\n")
        host, _, port = request.split()[1].partition(b":")
        if host != b"localhost":
            return writer.write(b"HTTP/1.1 403 Only to the site\r\n\r\n")  # a browser's own calls
        plug = socket.socket()
        plug.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER)
        plug.setblocking(False)
        await asyncio.get_running_loop().sock_connect(plug, ("127.0.0.1", int(port)))
        from_site, to_site = await asyncio.open_connection(sock=plug, limit=PIECE)
        writer.write(b"HTTP/1.1 200 Connected\r\n\r\n")
        flow = Flow()
        self.flows.append(flow)
        up = asyncio.create_task(self._up(reader, to_site))
        try:
            await self._down(from_site, writer, flow)
        finally:
            flow.is_over.set()
            up.cancel()
            to_site.transport.abort()

    async def _up(self, reader: asyncio.StreamReader, to_site: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError):
            while piece := await reader.read(PIECE):
                to_site.write(piece)
                await to_site.drain()

    async def _down(
        self, from_site: asyncio.StreamReader, writer: asyncio.StreamWriter, flow: Flow
    ) -> None:
        try:
            while piece := await from_site.read(PIECE):
                flow.size += len(piece)
                flow.last = time.monotonic()
                writer.write(piece)
                await asyncio.sleep(len(piece) / self.rate)
            writer.write_eof()
        except ConnectionError:
            flow.is_reset = True


@asynccontextmanager
async def slow_line(rate: int) -> AsyncIterator[SlowLine]:
    """Lay a line on a free port."""
    line = SlowLine(rate)
    server = await asyncio.start_server(line.serve, "127.0.0.1", 0)
    line.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    async with server:
        yield line
        server.close()
        await line.end()
