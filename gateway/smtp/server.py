"""What is said at the door: the command loop, and a method for each command.

The names of the methods are those of aiosmtpd's table. Replaced are its command loop (CRLF only,
bounded lines, budgets), DATA (chunks into an encrypted spool), the address grammar, AUTH, and the
reply to an exception.

Promises that what a client sends is never logged, that our failures are 4xx, and that a client
cannot cut a commit in half. Must never parse bytes that follow a mail whose end is in doubt.
"""

import asyncio
import base64
import logging
from typing import cast

import structlog

from gateway.errors import ClientGoneError, RefusedError
from gateway.smtp import replies
from gateway.smtp.connection import Connection
from gateway.smtp.framing import LineTooLongError, UnsafeLineError, read_line
from gateway.smtp.intake import Intake
from gateway.smtp.premises import Kind, log_failure
from gateway.smtp.replies import Reply
from vault.errors import VaultError

log = structlog.get_logger()

# aiosmtpd logs every command and reply at INFO and DEBUG. What it still says is about itself.
logging.getLogger("mail.log").setLevel(logging.WARNING)


class Door(Connection):
    """One connection, and the conversation on it."""

    # --- the command loop

    async def _handle_client(self) -> None:
        try:
            await self._greet()
            while not self._done:
                await self._turn()
        except (EOFError, OSError, ClientGoneError) as error:
            log.debug("smtp.gone", client_ip=self._peer_ip, error=type(error).__name__)
        finally:
            self.hang_up()

    async def _greet(self) -> None:
        if self._tls:
            await self._secured(self._tls)
        if self._kind is not Kind.TRUSTED:  # our own servers wait for the greeting
            await asyncio.sleep(self._limits.greeting_pause)
        if self._input_waiting():
            await self._say(replies.EARLY_TALKER)
        else:
            await self._say(Reply(220, "", f"{self.hostname} ESMTP"))

    async def _turn(self) -> None:
        """Read one command and answer it."""
        try:
            line = await read_line(self._reader, self._limits.command_line)
        except LineTooLongError:
            await self._say(replies.LINE_TOO_LONG)
        except UnsafeLineError:
            await self._say(replies.LINE_UNSAFE)
        else:
            self._reset_timeout()
            await self._obey(line)

    async def _obey(self, line: bytes) -> None:
        verb, _, argument = line.decode("latin-1").strip(" ").partition(" ")
        verb = verb.upper()
        command = self._smtp_methods.get(verb, self._unknown)
        try:
            if refusal := self._talk.admit(verb):
                await self._say(refusal)
            else:
                await command(argument.strip(" "))
        except RefusedError as refused:
            await self._say(refused.reply)
        except VaultError as error:
            log.warning("smtp.failed", error=type(error).__name__)
            await self._say(replies.for_error(error))
        except (EOFError, ConnectionError, ClientGoneError):
            raise
        except Exception as error:  # noqa: BLE001 - whatever it was, the client must hear 4xx
            log_failure("smtp.failed", error)
            await self._say(replies.TRY_LATER)

    # --- commands (the names are aiosmtpd's table)

    async def _unknown(self, _argument: str) -> None:
        await self._say(replies.UNKNOWN_COMMAND)

    async def smtp_EHLO(self, hostname: str) -> None:
        """Greet. Whoever sends more before hearing what is offered has not waited (RFC 2920)."""
        if self._input_waiting():
            await self._say(replies.IMPROPER_PIPELINING)
        else:
            await self._say(self._talk.hello(hostname, extended=True))

    async def smtp_HELO(self, hostname: str) -> None:
        """Greet the old way."""
        await self._say(self._talk.hello(hostname, extended=False))

    async def smtp_MAIL(self, arg: str | None) -> None:
        """Begin a mail."""
        await self._say(await self._talk.mail(arg or ""))

    async def smtp_RCPT(self, arg: str | None) -> None:
        """Add a recipient."""
        await self._say(await self._talk.rcpt(arg or ""))

    async def smtp_RSET(self, arg: str) -> None:
        """Forget the mail that was begun."""
        if not arg:
            self._talk.next_mail()
        await self._say(replies.NO_ARGUMENT if arg else replies.RESET)

    async def smtp_NOOP(self, arg: str) -> None:
        """Do nothing."""
        await self._say(replies.OK)

    async def smtp_VRFY(self, arg: str) -> None:
        """Tell nothing about who exists."""
        await self._say(replies.CANNOT_VERIFY if arg else replies.ARGUMENT_NEEDED)

    async def smtp_EXPN(self, arg: str) -> None:
        """Tell nothing about lists."""
        await self._say(replies.NOT_IMPLEMENTED)

    async def smtp_HELP(self, arg: str) -> None:
        """Tell nothing about ourselves."""
        await self._say(replies.HELP)

    async def smtp_BDAT(self, arg: str) -> None:
        """Refuse, and close: the bytes that follow are a mail, not commands."""
        await self._say(replies.CHUNKS_UNKNOWN)

    async def smtp_XCLIENT(self, arg: str) -> None:
        """Begin again for the client that a mail server in front names. Not offered to others."""
        told = self._talk.xclient(arg)
        if refusal := self._let_in(told.peer_ip):
            await self._say(refusal.and_close())
            return
        self._premises.gate.leave(self._peer_ip)
        self._peer_ip = told.peer_ip
        log.info("smtp.xclient", client_ip=told.peer_ip)
        await self._say(Reply(220, "", f"{self.hostname} ESMTP"))

    async def smtp_QUIT(self, arg: str) -> None:
        """Say goodbye."""
        await self._say(replies.NO_ARGUMENT if arg else replies.BYE)

    async def smtp_AUTH(self, arg: str) -> None:
        """Sign in."""
        await self._say(await self._talk.auth(arg, self._ask))

    async def _ask(self, challenge: bytes) -> bytes:
        await self._say(Reply(334, "", base64.b64encode(challenge).decode()))
        try:
            line = await read_line(self._reader, self._limits.auth_line)
        except LineTooLongError as error:
            raise RefusedError(replies.LINE_TOO_LONG) from error
        except UnsafeLineError as error:
            raise RefusedError(replies.LINE_UNSAFE) from error
        self._reset_timeout()
        return line

    async def smtp_STARTTLS(self, arg: str) -> None:
        """Start TLS. Anything sent before the handshake ends the connection (CVE-2011-0411)."""
        reply = self._talk.starttls(arg)
        if reply is not replies.READY_FOR_TLS:
            await self._say(reply)
            return
        if self._input_waiting():
            log.warning("smtp.tls_injection", client_ip=self._peer_ip)
            self._done = True
            return
        raw = cast("asyncio.Transport", self.transport)
        # What was asked in the clear is answered in the clear: under TLS a client would take it for
        # the answer to its own next command, and every answer after it for the wrong one.
        unsent, self._unsent = self._unsent, b""
        raw.write(unsent + bytes(reply))
        await self._secured(self._begin_tls(raw))

    async def smtp_DATA(self, arg: str) -> None:
        """Take in a mail and hand it over."""
        reply = self._talk.data(arg)
        if self._input_waiting():
            reply = replies.IMPROPER_PIPELINING
        if reply is not replies.GO_AHEAD:
            await self._say(reply)
            return
        self._in_mail = True
        try:
            await self._say(await self._take_mail())
        finally:
            self._in_mail = False
        if self._leaving and not self._done:
            await self._say(replies.SHUTTING_DOWN)

    async def _take_mail(self) -> Reply:
        session = self._talk.session
        spool = self._premises.handler.open_spool(session)
        intake = Intake(self._reader, spool, self._limits)
        beyond = None
        try:
            await self._say(replies.GO_AHEAD)
            refusal = await intake.receive(self._reset_timeout)
            if refusal is None and (beyond := self._talk.beyond_quota()):
                spool.abort()
        finally:
            self._talk.next_mail(taken=beyond is None)
        self._read_again(intake.rest)  # what was pipelined behind the mail
        if refusal := refusal or beyond:
            return refusal
        # From here on the mail is the handler's, whatever becomes of this connection.
        commit = self._premises.commits.start(self._premises.handler.commit(session, spool))
        self._reset_timeout(self._limits.commit)
        reply = await asyncio.shield(commit)
        self._reset_timeout()
        return reply
