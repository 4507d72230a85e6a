"""A wire-tap for tests: everything a client sends to a server, as somebody on the line sees it.

async with Tap(sink.port) as tap:       # connect to tap.port instead
    ...
    assert b"secret" not in tap.heard
"""

import asyncio
from typing import Self


class Tap:
    """Passes bytes on both ways and keeps what the client said.

    `strip` is a word of the server's that is crossed out.
    """

    def __init__(self, port: int, strip: bytes = b"") -> None:
        self.heard = bytearray()
        self.port = 0
        self._to = port
        self._strip = strip
        self._tasks: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        self.port = int(self._server.sockets[0].getsockname()[1])
        return self

    async def __aexit__(self, *why: object) -> None:
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._server.wait_closed()

    async def _accept(self, near: asyncio.StreamReader, back: asyncio.StreamWriter) -> None:
        far, there = await asyncio.open_connection("127.0.0.1", self._to)
        for task in (self._pass(near, there, keep=True), self._pass(far, back, keep=False)):
            self._tasks.add(asyncio.create_task(task))

    async def _pass(
        self, source: asyncio.StreamReader, to: asyncio.StreamWriter, *, keep: bool
    ) -> None:
        while data := await source.read(1 << 16):
            if keep:
                self.heard += data
            elif self._strip:
                data = data.replace(self._strip, b"X" * len(self._strip))
            to.write(data)
            await to.drain()
        to.close()
