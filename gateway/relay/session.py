"""One SMTP conversation with the next hop (RFC 5321, as a client).

Promises that nothing is sent below the protection that was configured, that every wait is bounded
in time and bytes, and that a mail counts as taken only after a 2yz to its final dot.
A refusal of the connection itself (greeting, EHLO, STARTTLS, AUTH) is always temporary: it tells
of a broken setting, and no mail is returned for that.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from datetime import timedelta

import structlog

from gateway.relay import commands
from gateway.relay.answers import (
    CLOSING,
    DONE,
    LOGGED_IN,
    NEVER,
    NEXT_WORD,
    READY,
    Answer,
    Reply,
    UnintelligibleError,
    printable,
    reply_line,
)
from gateway.relay.content import DotStuffer
from gateway.relay.security import tls_context
from gateway.relay.settings import NextHopSettings, TlsMode
from gateway.relay.wire import OverlongError, Wire

MOST_LINES = 200
MOST_BYTES = 64 * 1024

log = structlog.get_logger()


class HopError(Exception):
    """The conversation cannot go on. Holds the answer for everyone who has none yet."""

    def __init__(self, enhanced: str, text: str) -> None:
        super().__init__(text)
        self.answer = Answer(451, enhanced, printable(text))


class Session:
    """A conversation: `open`, then transactions, then `quit` or `drop`."""

    def __init__(self, hop: NextHopSettings) -> None:
        self._hop = hop
        self._wire: Wire
        self._tls = False
        self.offers: dict[str, str] = {}

    async def open(self) -> None:
        """Connect, greet, secure and log in. Raise HopError."""
        with self._failing("connecting"):
            async with asyncio.timeout(self._hop.connect_timeout.total_seconds()):
                self._wire = await Wire.connect(self._hop.host, self._hop.port)
        try:
            self._expect(await self.reply("the greeting"), READY, "refused the connection")
            await self._greet()
            await self._secure()
            await self._log_in()
        except BaseException:
            await self.drop()
            raise

    async def _greet(self) -> None:
        """EHLO, or HELO to a server that does not know it (RFC 5321 section 3.2)."""
        answer = await self.ask("EHLO", self._hop.hello)
        if answer.code // 100 == NEVER:
            self.offers = {}
            answer = await self.ask("HELO", self._hop.hello)
            self._expect(answer, DONE, "refused our greeting")
            return
        self._expect(answer, DONE, "refused our greeting")
        lines = (line.decode("ascii", "replace").upper() for line in answer.lines[1:])
        split = (line.partition(" ") for line in lines)
        self.offers = {name: parameters for name, _, parameters in split}

    async def _secure(self) -> None:
        mode = self._hop.tls
        if mode is TlsMode.NONE:
            return
        if "STARTTLS" in self.offers:
            answer = await self.ask("STARTTLS")
            if answer.code == READY:
                await self._start_tls()
                await self._greet()
                return
        if mode is not TlsMode.OPPORTUNISTIC:
            raise HopError("4.7.10", f"{self._hop.host} offers no TLS, which our settings require")
        log.warning("relay.clear", peer=self._hop.host)

    async def _start_tls(self) -> None:
        if self._wire.waiting:
            # Whoever wrote these bytes did it before there was TLS: they are not the server's word.
            log.warning("relay.tls_injection", peer=self._hop.host)
            raise HopError("4.7.0", f"{self._hop.host} sent more than its answer to STARTTLS")
        name = self._hop.tls_name or self._hop.host
        with self._failing("securing the connection", "4.7.0"):
            await self._wire.start_tls(
                tls_context(self._hop), name, self._hop.reply_timeout.total_seconds()
            )
        self._tls = True

    async def _log_in(self) -> None:
        if not self._hop.username:
            return
        user, password = self._hop.username, self._hop.password.get_secret_value()
        mechanisms = self.offers.get("AUTH", "").split()
        if "PLAIN" in mechanisms:
            answer = await self.ask("AUTH PLAIN", commands.plain(user, password))
        elif "LOGIN" in mechanisms:
            answer = await self.ask("AUTH LOGIN")
            for word in (user, password):
                self._expect(answer, NEXT_WORD, "broke off our login")
                answer = await self.ask(commands.login(word))
        else:
            raise HopError("4.7.8", f"{self._hop.host} offers no way to log in that we know")
        self._expect(answer, LOGGED_IN, "refused our login")

    def _expect(self, answer: Reply, code: int, refusal: str) -> None:
        if answer.code != code:
            said = Answer.of(answer)
            log.warning("relay.hop_refuses", peer=self._hop.host, code=answer.code, what=refusal)
            raise HopError(said.later().enhanced, f"{self._hop.host} {refusal}: {said.text}")

    async def ask(self, *words: str) -> Reply:
        """Send one command and return its reply. Raise HopError."""
        self.post(commands.command(*words))
        return await self.reply(words[0])

    def post(self, data: bytes) -> None:
        """Send commands whose replies are read later. Raise HopError."""
        with self._failing("sending commands"):
            self._wire.post(data)

    async def reply(self, what: str, limit: timedelta | None = None) -> Reply:
        """Read one reply, within limits of time, lines and bytes. Raise HopError."""
        seconds = (limit or self._hop.reply_timeout).total_seconds()
        with self._failing(f"waiting for the answer to {what}"):
            async with asyncio.timeout(seconds):
                return await self._read_reply()

    async def _read_reply(self) -> Reply:
        lines: list[bytes] = []
        first = size = 0
        while len(lines) < MOST_LINES and size <= MOST_BYTES:
            raw = await self._wire.line()
            size += len(raw)
            code, text, last = reply_line(raw)
            first = first or code
            if code != first:
                raise UnintelligibleError("the next hop changed its code within a reply")
            lines.append(text)
            if code == CLOSING:
                raise HopError(
                    "4.3.2", f"{self._hop.host} is closing: {text.decode('ascii', 'replace')}"
                )
            if last:
                return Reply(code, tuple(lines))
        raise OverlongError

    async def send_content(self, chunks: AsyncIterator[bytes]) -> None:
        """Send everything after 354 including the final dot.

        Raise HopError when the connection breaks, UnsafeContentError and whatever `chunks` raises
        when the content cannot be sent: there was no dot then, and the caller must drop.
        """
        stuffer = DotStuffer()
        async for chunk in chunks:
            await self._send_block(stuffer.feed(chunk))
        if self._wire.waiting:
            # An answer before the dot is no answer to the mail.
            raise HopError("4.5.0", f"{self._hop.host} answered before the mail had ended")
        await self._send_block(stuffer.finish())

    async def _send_block(self, block: bytes) -> None:
        with self._failing("sending the mail"):
            async with asyncio.timeout(self._hop.block_timeout.total_seconds()):
                await self._wire.send(block)

    async def last_words(self) -> Reply | None:
        """Return a refusal that the next hop sent while it was still being sent to, if any."""
        if not self._wire.waiting:
            return None
        with contextlib.suppress(HopError):
            answer = await self.reply("the mail", timedelta(seconds=1))
            return None if answer.positive else answer
        return None

    async def quit(self) -> None:
        """Say QUIT, wait a moment for the answer, and close. Never raises HopError."""
        with contextlib.suppress(HopError):
            self.post(commands.command("QUIT"))
            await self.reply("QUIT", timedelta(seconds=2))
        await self._wire.close()

    async def drop(self) -> None:
        """Drop the connection: a mail without its final dot is no mail to the next hop."""
        await self._wire.drop()

    @contextmanager
    def _failing(self, doing: str, enhanced: str = "4.4.2") -> Iterator[None]:
        """Turn what goes wrong on a connection into HopError, saying where."""
        host = self._hop.host
        try:
            yield
        except TimeoutError as error:
            raise HopError("4.4.2", f"{host} took too long ({doing})") from error
        except OSError as error:
            what = error.strerror or str(error) or type(error).__name__
            code = "4.4.1" if doing == "connecting" else enhanced
            raise HopError(code, f"{host}: {what} ({doing})") from error
        except (UnintelligibleError, OverlongError) as error:
            raise HopError("4.5.0", f"{host} gave an answer that is no SMTP ({doing})") from error
