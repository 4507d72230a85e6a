"""One SMTP conversation with the next hop (RFC 5321, as a client).

Promises that nothing is sent below the protection that was configured, that every wait is bounded
in time and bytes, and that a mail counts as taken only after a 2yz to its final dot.
A refusal of the connection itself (greeting, EHLO, STARTTLS, AUTH) is always temporary: it tells
of a broken setting, and no mail is returned for that.
"""

import asyncio
import contextlib
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
)
from gateway.relay.reading import ReplyReader
from gateway.relay.security import check_proof, tls_context
from gateway.relay.server import Server
from gateway.relay.settings import TlsMode
from gateway.relay.wire import OverlongError, Wire

log = structlog.get_logger()


class HopError(Exception):
    """The conversation cannot go on. Holds the answer for everyone who has none yet."""

    def __init__(self, enhanced: str, text: str) -> None:
        super().__init__(text)
        self.answer = Answer(451, enhanced, printable(text))


class Session:
    """A conversation: `open`, then transactions, then `quit` or `drop`.

    `mails` counts the transactions that were begun. `unclean` says that the server may still hold
    an envelope, so that RSET must come before the next. `verified`: it has proved its name.
    """

    def __init__(self, server: Server) -> None:
        self.server = server
        self.hop = server.settings
        self.offers: dict[str, str] = {}
        self.verified = False
        self.mails = 0
        self.unclean = False
        self.opened_at = 0.0
        self.idle_since = 0.0
        self._hop = server.settings
        self._wire: Wire
        self._reader = ReplyReader()
        self._seconds = self._hop.reply_timeout.total_seconds()

    @property
    def host(self) -> str:
        """The name of the server."""
        return self.server.host

    @property
    def quiet(self) -> bool:
        """Whether the connection stands and the server has said nothing unasked."""
        return self._wire.quiet

    @property
    def standing(self) -> bool:
        """Whether the connection has not ended."""
        return self._wire.standing

    @property
    def waiting(self) -> bool:
        """Whether the server has said something that was not read yet."""
        return self._wire.waiting

    async def open(self) -> None:
        """Connect, greet, secure and log in. Raise HopError."""
        try:
            async with asyncio.timeout(self._hop.connect_timeout.total_seconds()):
                self._wire = await Wire.connect(self.server.address or self.host, self.server.port)
        except OSError as error:
            raise self._failure(error, "connecting", "4.4.1") from error
        self.opened_at = asyncio.get_running_loop().time()
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
        mode = self.server.tls
        if mode is TlsMode.NONE:
            return
        if "STARTTLS" in self.offers:
            answer = await self.ask("STARTTLS")
            if answer.code == READY:
                await self._start_tls()
                await self._greet()
                return
        if mode is not TlsMode.OPPORTUNISTIC:
            raise HopError("4.7.10", f"{self.host} offers no TLS, which our settings require")
        log.warning("relay.clear", peer=self.host)

    async def _start_tls(self) -> None:
        if self._wire.waiting:
            # Whoever wrote these bytes did it before there was TLS: they are not the server's word.
            log.warning("relay.tls_injection", peer=self.host)
            raise HopError("4.7.0", f"{self.host} sent more than its answer to STARTTLS")
        try:
            context = tls_context(self.server)
            made = await self._wire.start_tls(context, self.server.name, self._seconds)
            check_proof(self.server, made)
        except OSError as error:
            raise self._failure(error, "securing the connection", "4.7.0") from error
        self.verified = self.server.tls is TlsMode.VERIFIED

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
            raise HopError("4.7.8", f"{self.host} offers no way to log in that we know")
        self._expect(answer, LOGGED_IN, "refused our login")

    def _expect(self, answer: Reply, code: int, refusal: str) -> None:
        if answer.code != code:
            said = Answer.of(answer)
            log.warning("relay.hop_refuses", peer=self.host, code=answer.code, what=refusal)
            raise HopError(said.later().enhanced, f"{self.host} {refusal}: {said.text}")

    async def ask(self, *words: str) -> Reply:
        """Send one command and return its reply. Raise HopError."""
        self.post(commands.command(*words))
        return await self.reply(words[0])

    def post(self, data: bytes) -> None:
        """Send commands whose replies are read later. Raise HopError."""
        try:
            self._wire.post(data)
        except OSError as error:
            raise self._failure(error, "sending commands") from error

    async def reply(self, what: str, limit: timedelta | None = None) -> Reply:
        """Read one reply, within limits of time, lines and bytes. Raise HopError."""
        try:
            answer = self._reader.read(self._wire)  # it may have come with the one before
            if answer is None:
                async with asyncio.timeout(limit.total_seconds() if limit else self._seconds):
                    while answer is None:
                        await self._wire.more()
                        answer = self._reader.read(self._wire)
        except (OSError, UnintelligibleError, OverlongError) as error:
            raise self._failure(error, f"waiting for the answer to {what}") from error
        if answer.code == CLOSING:
            text = answer.lines[-1].decode("ascii", "replace")
            raise HopError("4.3.2", f"{self.host} is closing: {text}")
        return answer

    async def send(self, block: bytes) -> None:
        """Send a block of a mail and wait until there is room for the next. Raise HopError."""
        try:
            if self._wire.write(block):
                return
            async with asyncio.timeout(self._hop.block_timeout.total_seconds()):
                await self._wire.drained()
        except OSError as error:
            raise self._failure(error, "sending the mail") from error

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

    def _failure(self, error: Exception, doing: str, enhanced: str = "4.4.2") -> HopError:
        """Put what went wrong on a connection into a HopError that says where."""
        host = self.host
        if isinstance(error, TimeoutError):
            return HopError("4.4.2", f"{host} took too long ({doing})")
        if isinstance(error, OSError):
            what = error.strerror or str(error) or type(error).__name__
            return HopError(enhanced, f"{host}: {what} ({doing})")
        return HopError("4.5.0", f"{host} gave an answer that is no SMTP ({doing})")
