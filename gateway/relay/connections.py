"""The connection cache: sessions with a next hop that are used for more than one mail.

A session is kept for mails to the same server under the same demand of TLS, for a few seconds, for
so many mails and for so long; what is over is left with QUIT, without anybody waiting for it.

Promises that a session is never with two mails at once, that one in which the server has spoken
unasked, or which has ended, is not given out, and that there is a bound to what is kept.
Must never give out a session that is less protected than was asked for.
"""

import asyncio

from gateway.relay.server import Server
from gateway.relay.session import Session

LONGEST_LIFE = 300.0  # seconds; a certificate or a login that ended is noticed after so long


class Connections:
    """The sessions of one process. `take` and `give` them back, or `open` one that is new."""

    def __init__(self) -> None:
        self._kept: dict[Server, list[Session]] = {}
        self._leaving: set[asyncio.Task[None]] = set()
        self._sweep: asyncio.TimerHandle | None = None
        self._closing = False

    async def take(self, server: Server) -> Session:
        """Return a kept session with a server, or a new one. Raise HopError."""
        kept = self._kept.get(server)
        while kept:
            session = kept.pop()
            if session.quiet:
                return session
            self._leave(session)
        return await self.open(server)

    async def open(self, server: Server) -> Session:
        """Return a new session with a server. Raise HopError."""
        session = Session(server)
        await session.open()
        return session

    def give(self, session: Session) -> None:
        """Give a session back between two mails. It is kept, or left in the background."""
        hop, now = session.hop, asyncio.get_running_loop().time()
        kept = self._kept.get(session.server, [])
        if (
            self._closing
            or not session.quiet
            or len(kept) >= hop.idle_connections
            or session.mails >= hop.mails_per_connection
            or now - session.opened_at > LONGEST_LIFE
        ):
            self._leave(session)
            return
        session.idle_since = now
        kept.append(session)
        self._kept[session.server] = kept  # not before: of MX servers there is no end
        if self._sweep is None:
            self._sweep_in(hop.idle_limit.total_seconds())

    async def close(self) -> None:
        """Leave every session that is kept, and wait for those that are being left."""
        self._closing = True
        if self._sweep is not None:
            self._sweep.cancel()
        for kept in self._kept.values():
            for session in kept:
                self._leave(session)
        self._kept.clear()
        while self._leaving:
            await asyncio.wait(tuple(self._leaving))

    def _leave(self, session: Session) -> None:
        task = asyncio.create_task(session.quit())
        self._leaving.add(task)
        task.add_done_callback(self._leaving.discard)

    def _sweep_in(self, seconds: float) -> None:
        self._sweep = asyncio.get_running_loop().call_later(seconds, self._leave_idle)

    def _leave_idle(self) -> None:
        """Leave what has been idle for too long; come again when the next one will have been.

        One timer for all: to set and cancel one for every mail would cost more than it saves.
        """
        self._sweep = None
        now, waits = asyncio.get_running_loop().time(), []
        for server, kept in tuple(self._kept.items()):
            limit = server.settings.idle_limit.total_seconds()
            while kept and now - kept[0].idle_since >= limit:
                self._leave(kept.pop(0))
            if kept:
                waits.append(kept[0].idle_since + limit - now)
            else:
                del self._kept[server]
        if waits:
            self._sweep_in(min(waits))
