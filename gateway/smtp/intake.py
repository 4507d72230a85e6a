"""Taking in the content of one mail, from `354` to the final dot.

Promises that bytes go straight into the encrypted spool, that size is counted while receiving,
and that a mail which is refused leaves nothing behind. Must never keep more than one chunk.
"""

import asyncio
from collections.abc import Callable

import structlog

from gateway.errors import ClientGoneError
from gateway.smtp import replies
from gateway.smtp.framing import DataDecoder
from gateway.smtp.limits import CHUNK, Limits
from gateway.smtp.replies import Reply
from vault.contents.spool import Spool
from vault.errors import VaultError

log = structlog.get_logger()

IN_MEMORY = 1 << 20
"""Spools up to this size (bytes) are written on the event loop, larger ones on a thread."""


class Intake:
    """One mail coming in. `rest` holds what the client sent behind the end."""

    def __init__(self, reader: asyncio.StreamReader, spool: Spool, limits: Limits) -> None:
        self._reader = reader
        self._spool = spool
        self._limits = limits
        self._decoder = DataDecoder()
        self._failure: Reply | None = None
        self.rest = b""

    async def receive(self, alive: Callable[[], None]) -> Reply | None:
        """Fill the spool. Return a refusal, after which the spool is gone, or None.

        `alive` is called for every chunk. Raise ClientGoneError if the end never came.
        """
        kept = False
        try:
            refusal = await self._read_to_end(alive) or self._verdict()
            kept = refusal is None
            return refusal
        finally:
            if not kept:
                self._spool.abort()

    async def _read_to_end(self, alive: Callable[[], None]) -> Reply | None:
        """Read until the end has been seen, or return why it is not waited for."""
        now = asyncio.get_running_loop().time
        began = now()
        while True:
            try:
                chunk = await self._next_chunk()
            except TimeoutError as silence:
                if self._decoder.bare:
                    return replies.BARE_LINE_END
                raise ClientGoneError from silence
            if not chunk:
                raise ClientGoneError
            alive()
            content, rest = self._decoder.feed(chunk)
            if content and self._wanted():
                await self._keep(content)
            if rest is not None:
                self.rest = rest
                return None
            if self._limits.too_slow(self._decoder.size, now() - began):
                return replies.TOO_SLOW
            # A mail that is too big is read on for a while, so that the session stays in step
            # and the client hears why; then it is cut off.
            if self._decoder.size > 2 * self._limits.message_bytes + CHUNK:
                return replies.TOO_BIG.and_close()

    async def _next_chunk(self) -> bytes:
        # A client that ends its lines with LF alone never sends the end we wait for: once we know
        # that it does, a short silence is enough.
        async with asyncio.timeout(self._limits.data_linger if self._decoder.bare else None):
            return await self._reader.read(CHUNK)

    def _wanted(self) -> bool:
        return self._failure is None and self._verdict() is None

    def _verdict(self) -> Reply | None:
        if self._decoder.bare:
            # Closing keeps what follows from being read as commands.
            return replies.BARE_LINE_END
        if self._decoder.size > self._limits.message_bytes:
            return replies.TOO_BIG
        if self._decoder.nul:
            return replies.HAS_NUL
        return self._failure

    async def _keep(self, content: bytes) -> None:
        try:
            if self._spool.size + len(content) <= IN_MEMORY:
                self._spool.write(content)
            else:
                await _write_off_loop(self._spool, content)
        except (VaultError, OSError) as error:
            log.warning("mail.spool_failed", error=type(error).__name__)
            self._failure = replies.TRY_LATER


async def _write_off_loop(spool: Spool, content: bytes) -> None:
    writing = asyncio.get_running_loop().run_in_executor(None, spool.write, content)
    try:
        await asyncio.shield(writing)
    except asyncio.CancelledError:
        # The caller will abort the spool: it must not be in use by then.
        await asyncio.wait([writing])
        raise
