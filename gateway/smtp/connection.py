"""A client's connection: let in or turned away, timed, answered, put under TLS, counted out.

aiosmtpd's protocol object, with the parts replaced that must not be as they are: its timer, its
STARTTLS, and what happens on the end of input. Promises that a client can neither hold a connection
without sending nor speak before TLS what counts after it. Must never read a command.
"""

import asyncio
import contextlib
import ssl
from asyncio.sslproto import SSLProtocol
from typing import cast

import structlog
from aiosmtpd.smtp import SMTP

from gateway.errors import ClientGoneError
from gateway.smtp import replies
from gateway.smtp.conversation import Conversation
from gateway.smtp.limits import CHUNK, READ_AHEAD, plain_ip
from gateway.smtp.premises import Kind, Premises, log_failure
from gateway.smtp.replies import Reply

log = structlog.get_logger()

LINGER_BYTES = 1 << 20
MOST_UNSENT = 16 << 10  # bytes of replies that wait for others
LOGGED_REFUSALS = 10  # of one connection: whoever floods us must not flood the log


class Connection(SMTP):
    """One connection, from its first byte to its last. `Door` says what is said on it."""

    def __init__(
        self,
        premises: Premises,
        kind: Kind,
        doors: "set[Connection]",
        loop: asyncio.AbstractEventLoop,
    ) -> None:
        super().__init__(
            object(), hostname=premises.hostname, timeout=premises.limits.idle, loop=loop
        )
        self._premises = premises
        self._limits = premises.limits
        self._kind = kind
        self._doors = doors
        self._talk: Conversation
        self._handshake: asyncio.Future[None] | None = None
        self.told_peer = ""  # by a load balancer
        self._peer_ip = ""
        self._tls: SSLProtocol | None = None
        self._in_mail = False
        self._due = self._alarm_at = 0.0  # on the loop's clock
        self._unsent = b""  # replies to commands that were sent together
        self.gone = asyncio.Event()
        self._refusals = 0
        self._leaving = False
        self._done = False

    # --- the connection

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Let the client in, or turn it away before it can cost anything."""
        transport = cast("asyncio.Transport", transport)
        self._peer_ip = self.told_peer or plain_ip(transport.get_extra_info("peername"))
        if refusal := self._let_in(self._peer_ip):
            transport.set_protocol(asyncio.Protocol())
            if self._kind is not Kind.TLS:
                transport.write(bytes(refusal))
            transport.close()
            log.info("smtp.turned_away", client_ip=self._peer_ip, status=refusal.status)
            return
        self._talk = Conversation(self._premises, self._kind, self._peer_ip)
        self._doors.add(self)
        if self._kind is Kind.TLS:
            self._tls = self._begin_tls(transport)  # the first byte belongs to TLS
        super().connection_made(transport)
        # aiosmtpd's 1001 would pause the socket every 2 kB.
        self._reader._limit = READ_AHEAD  # type: ignore[attr-defined]  # private

    def _let_in(self, peer_ip: str) -> Reply | None:
        """Count a client in and return None, or return why it is turned away."""
        gate = self._premises.gate
        if self._kind is Kind.TRUSTED and not gate.trusts(peer_ip):
            return replies.NOT_FROM_HERE
        return gate.enter(peer_ip)

    def connection_lost(self, error: Exception | None) -> None:
        """Count the client out. The command loop is cancelled; a commit under way is not."""
        if not self.gone.is_set():
            self.gone.set()
            self._doors.discard(self)
            self._premises.gate.leave(self._peer_ip)
            super().connection_lost(error)

    def eof_received(self) -> bool:
        """Go on with what has arrived: a client may stop sending and still wait for answers."""
        self._reader.feed_eof()
        return not self._talk.session.tls  # TLS cannot be half closed: False closes it

    def wind_down(self) -> None:
        """Say goodbye, at once or as soon as the mail that is coming in has been answered."""
        self._leaving = True
        if not self._in_mail:
            self.hang_up(replies.SHUTTING_DOWN)

    def hang_up(self, last_words: Reply | None = None, *, at_once: bool = False) -> None:
        """Close, with some last words if the client still takes them."""
        transport = cast("asyncio.Transport | None", self.transport)
        if transport is None or transport.is_closing():
            return
        in_handshake = self._handshake is not None and not self._handshake.done()
        if last_words and not self._done and not in_handshake:
            transport.write(self._unsent + bytes(last_words))
        if at_once:
            transport.abort()
            return
        transport.close()
        self.loop.call_later(self._limits.hang_up, transport.abort)

    def _reset_timeout(self, duration: float | None = None) -> None:
        """Set the time by which something must have happened.

        One timer serves a whole connection: it looks when it goes off whether it is time. To set
        and cancel one for each command would cost more than the command.
        """
        self._due = self.loop.time() + (duration or self._limits.idle)
        if self._timeout_handle is None or self._due < self._alarm_at:
            self._set_alarm()

    def _set_alarm(self) -> None:
        if self._timeout_handle is not None:
            self._timeout_handle.cancel()
        self._alarm_at = self._due
        self._timeout_handle = self.loop.call_at(self._due, self._timeout_cb)

    def _timeout_cb(self) -> None:
        if self.loop.time() < self._due:
            self._set_alarm()
            return
        log.info("smtp.timeout", client_ip=self._peer_ip)
        self.hang_up(replies.TIMED_OUT)

    async def handle_exception(self, error: Exception) -> str:
        """Answer the same to every failure of ours, in case aiosmtpd meets one."""
        log_failure("smtp.failed", error)
        return bytes(replies.TRY_LATER).decode().rstrip()

    # --- TLS

    def _begin_tls(self, raw: asyncio.Transport) -> SSLProtocol:
        """Put TLS between the socket and us, before the loop can read another byte.

        `loop.start_tls` would come too late on a TLS port: uvloop reads before a task can run.
        """
        self._handshake = cast("asyncio.Future[None]", self.loop.create_future())
        tls = SSLProtocol(
            self.loop,
            self,
            cast("ssl.SSLContext", self._premises.tls),
            self._handshake,
            server_side=True,
            call_connection_made=False,
            ssl_handshake_timeout=self._limits.handshake,  # type: ignore[arg-type]  # not only int
        )
        raw.set_protocol(tls)
        tls.connection_made(raw)
        return tls

    async def _secured(self, tls: SSLProtocol) -> None:
        try:
            await cast("asyncio.Future[None]", self._handshake)
        except OSError as error:
            log.info("smtp.tls_failed", client_ip=self._peer_ip, error=type(error).__name__)
            secure = None
        else:
            secure = cast("asyncio.Transport | None", tls._app_transport)
        if secure is None:
            # asyncio does not tell of a connection that is lost during the handshake.
            self.connection_lost(None)
            raise ClientGoneError
        self.transport = secure
        for stream in (self, self._reader, self._writer):
            stream._transport = secure  # type: ignore[union-attr]  # private
        self._talk.secured(secure.get_extra_info("ssl_object").version() or "")
        self._reset_timeout()

    # --- what is said

    async def _say(self, reply: Reply) -> None:
        reply = self._talk.weigh(reply)
        self._refusals += not reply.positive
        if not reply.positive and self._refusals <= LOGGED_REFUSALS:
            log.info("smtp.refused", client_ip=self._peer_ip, status=reply.status)
        self._unsent += bytes(reply)
        if reply.done and not (reply.close or self._in_mail) and self._may_wait():
            return  # for the reply to the next command (RFC 2920 section 3.2)
        said, self._unsent = self._unsent, b""
        self._writer.write(said)
        await self._writer.drain()
        if reply.close:
            self._done = True
            await self._linger(reply)

    async def _linger(self, reply: Reply) -> None:
        """Give our last words time: closing over unread input would take them back (TCP reset)."""
        if reply.positive or not self._writer.can_write_eof():
            return
        self._writer.write_eof()
        unread = 0
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self._limits.linger):
                while unread < LINGER_BYTES and (chunk := await self._reader.read(CHUNK)):
                    unread += len(chunk)

    def _may_wait(self) -> bool:
        return len(self._unsent) < MOST_UNSENT and self._line_waiting()

    # --- what has arrived and was not read yet; a StreamReader has no public way to ask

    @property
    def _arrived(self) -> bytearray:
        return cast("bytearray", self._reader._buffer)  # type: ignore[attr-defined]

    def _input_waiting(self) -> bool:
        return bool(self._arrived)

    def _line_waiting(self) -> bool:
        return b"\n" in self._arrived

    def _read_again(self, rest: bytes) -> None:
        """Have these bytes be the next that are read."""
        self._arrived[:0] = rest
