"""One connection to a next hop: bounded lines in, paced bytes out, TLS in between.

Promises that no peer makes it hold much more than `INBOX` bytes, and that it is known whether bytes
are waiting: that is what closes injection around STARTTLS (CVE-2011-0411, from the client's side).
Knows nothing of SMTP.
"""

import asyncio
import contextlib
import ssl
from typing import Self, cast

INBOX = 64 * 1024
ARRIVING = 8 * 1024  # bytes taken from the connection at a time; replies are short
LONGEST_LINE = 4096


class OverlongError(Exception):
    """The peer sent a line beyond the limit."""


class Wire(asyncio.BufferedProtocol):
    """Both directions of a connection. One reader and one writer at a time."""

    _transport: asyncio.Transport

    def __init__(self) -> None:
        self._arriving = memoryview(bytearray(ARRIVING))
        self._inbox = bytearray()
        self._ended = False
        self._held = False
        self._reader: asyncio.Future[None] | None = None
        self._room = asyncio.Event()
        self._room.set()
        self._lost = asyncio.Event()

    @classmethod
    async def connect(cls, host: str, port: int) -> Self:
        """Open a TCP connection. Raise OSError if that fails."""
        loop = asyncio.get_running_loop()
        _, wire = await loop.create_connection(cls, host, port)
        return wire

    # What the event loop tells us

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport, which create_connection makes a two-way one."""
        self._transport = cast("asyncio.Transport", transport)

    def get_buffer(self, sizehint: int) -> memoryview:
        """Say where bytes may arrive: one small place, instead of a new one for each reply."""
        return self._arriving

    def buffer_updated(self, nbytes: int) -> None:
        """Keep what arrived; stop reading when it is a lot."""
        self._inbox += self._arriving[:nbytes]
        if len(self._inbox) >= INBOX and not self._held:
            self._transport.pause_reading()
            self._held = True
        self._wake()

    def eof_received(self) -> None:
        """Note the end; the transport closes."""
        self._ended = True
        self._wake()

    def connection_lost(self, exc: Exception | None) -> None:
        """Wake everyone who waits for something that will not come."""
        self._ended = True
        self._wake()
        for event in (self._room, self._lost):
            event.set()

    def _wake(self) -> None:
        if self._reader is not None and not self._reader.done():
            self._reader.set_result(None)

    def pause_writing(self) -> None:
        """Make senders wait: the peer is slow."""
        self._room.clear()

    def resume_writing(self) -> None:
        """Let senders go on."""
        self._room.set()

    # What the session asks for

    @property
    def waiting(self) -> bool:
        """Whether the peer has sent something that was not read yet."""
        return bool(self._inbox)

    @property
    def standing(self) -> bool:
        """Whether neither side has ended the connection."""
        return not (self._ended or self._transport.is_closing())

    @property
    def quiet(self) -> bool:
        """Whether the connection stands and nothing has been said that was not asked for."""
        return self.standing and not self._inbox

    def line(self) -> bytes | None:
        """Return the next line without its line end, None if it is not there yet.

        Raise ConnectionError at the end of the stream and OverlongError beyond LONGEST_LINE.
        """
        end = self._inbox.find(b"\n", 0, LONGEST_LINE)
        if end < 0:
            if len(self._inbox) >= LONGEST_LINE:
                raise OverlongError
            if self._ended:
                raise ConnectionResetError("the next hop closed the connection")
            return None
        line = bytes(self._inbox[:end])
        del self._inbox[: end + 1]
        if self._held and len(self._inbox) < INBOX:
            self._held = False
            self._transport.resume_reading()
        return line.removesuffix(b"\r")

    async def more(self) -> None:
        """Wait until more has arrived than there was when `line` said None, or the end."""
        self._reader = asyncio.get_running_loop().create_future()
        try:
            await self._reader
        finally:
            self._reader = None

    def post(self, data: bytes) -> None:
        """Hand bytes to the transport without waiting for room."""
        if self._ended:
            raise ConnectionResetError("the next hop closed the connection")
        self._transport.write(data)

    def write(self, data: bytes) -> bool:
        """Hand bytes to the transport; return whether it has room for more."""
        self.post(data)
        return self._room.is_set()

    async def drained(self) -> None:
        """Wait until the transport has room for more. Raise ConnectionError if it ended."""
        await self._room.wait()
        if self._lost.is_set():
            raise ConnectionResetError("the next hop closed the connection")

    async def start_tls(self, context: ssl.SSLContext, name: str, seconds: float) -> ssl.SSLObject:
        """Do the TLS handshake as a client. Raise OSError (ssl.SSLError is one) if it fails."""
        loop = asyncio.get_running_loop()
        secure = await loop.start_tls(
            self._transport, self, context, server_hostname=name, ssl_handshake_timeout=seconds
        )
        if secure is None:
            raise ConnectionResetError("the next hop closed the connection")
        self._transport = secure
        return cast("ssl.SSLObject", secure.get_extra_info("ssl_object"))

    async def drop(self) -> None:
        """Drop the connection now; what was not sent is thrown away."""
        self._transport.abort()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(1.0):
                await self._lost.wait()

    async def close(self, seconds: float = 2.0) -> None:
        """Close in an orderly way if that is quick, otherwise drop the connection."""
        self._transport.close()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._lost.wait()
        await self.drop()
