"""One client's talk: which command may follow which, and what it changes.

Promises that nothing is sent before a submission client has TLS and has signed in, and that a
refused command changes nothing. Knows no sockets: the door reads and writes, this decides.
Must never answer AUTH before TLS, nor offer in EHLO what is not honoured.
"""

import re
from collections.abc import Awaitable, Callable

from gateway.errors import BackendDownError, RefusedError
from gateway.relay.parameters import PLAIN_RECIPIENT
from gateway.smtp import grammar, replies, sasl, xclient
from gateway.smtp.handler import MailSession
from gateway.smtp.limits import Budget
from gateway.smtp.premises import Kind, Premises
from gateway.smtp.replies import Reply
from vault.errors import VaultError
from vault.people.users import User

Ask = Callable[[bytes], Awaitable[bytes]]
"""Sends a challenge and returns the client's line, both undecoded."""

LONGEST_HELLO = 255

_HTTP = frozenset(
    {"GET", "POST", "PUT", "HEAD", "OPTIONS", "DELETE", "CONNECT", "PATCH", "TRACE", "PRI"}
)
_USEFUL = frozenset({"MAIL", "RCPT", "DATA", "AUTH", "STARTTLS", "QUIT"})
_WITHOUT_TLS = grammar.EVERYTHING - {"REQUIRETLS"}  # RFC 8689 section 2
_UNUSUAL_IN_HELLO = re.compile(r"[^A-Za-z0-9._:\[\]-]")


class Conversation:
    """The state of one connection, from the greeting to the goodbye."""

    def __init__(self, premises: Premises, kind: Kind, peer_ip: str) -> None:
        self._premises = premises
        self._handler = premises.handler
        self._limits = premises.limits
        self._submission = kind is not Kind.TRUSTED
        self._budget = Budget(premises.limits)
        self._quotas = premises.quotas
        self._is_front = peer_ip in premises.fronts
        self._tries = 0
        self.session = MailSession(peer_ip=peer_ip, trusted=not self._submission)

    def secured(self, version: str) -> None:
        """Start again under TLS: what was said before counts for nothing (RFC 3207 4.2)."""
        self.session = MailSession(
            peer_ip=self.session.peer_ip,
            trusted=self.session.trusted,
            tls=True,
            tls_version=version,
        )

    def xclient(self, argument: str) -> xclient.Told:
        """Begin again for the client that a server in front names. Raise RefusedError."""
        if not self._is_front:
            raise RefusedError(replies.UNKNOWN_COMMAND)
        if self.session.begun:
            raise RefusedError(replies.XCLIENT_NOT_NOW)
        told = xclient.read(argument)
        session = self.session
        self.session = MailSession(
            peer_ip=told.peer_ip,
            trusted=session.trusted,
            tls=session.tls,
            tls_version=session.tls_version,
        )
        return told

    def next_mail(self, *, taken: bool = False) -> None:
        """Forget the mail transaction, whether it is done or given up."""
        if taken:
            self._budget.message()
            self._quotas.count(self.session.user, len(self.session.recipients))
        self.session = self.session.next()

    def beyond_quota(self) -> Reply | None:
        """Return why a mail that has come in is not taken after all, or None.

        Others of the same user may have come in since it was begun, over other connections.
        """
        user, named = self.session.user, len(self.session.recipients) - 1
        return self._quotas.another_mail(user) or self._quotas.another_recipient(user, named)

    def admit(self, verb: str) -> Reply | None:
        """Return the last words for a client that has used up its allowance, or speaks HTTP."""
        if verb in _HTTP:
            return replies.NOT_MAIL
        return self._budget.command(useful=verb in _USEFUL)

    def weigh(self, reply: Reply) -> Reply:
        """Count protocol errors; return the reply, or the last words after too many."""
        if reply.enhanced.startswith("5.5."):
            return self._budget.error() or reply
        return reply

    # --- greetings

    def hello(self, argument: str, *, extended: bool) -> Reply:
        """Answer EHLO or HELO."""
        name = _UNUSUAL_IN_HELLO.sub("?", argument.split(" ", 1)[0])[:LONGEST_HELLO]
        if not name:
            return replies.BAD_HELLO
        self.next_mail()
        self.session.helo, self.session.extended = name, extended
        offered = self._offered() if extended else []
        return Reply(250, "", "\n".join([self._premises.hostname, *offered]))

    def _offered(self) -> list[str]:
        offered = ["PIPELINING", f"SIZE {self._limits.message_bytes}", "8BITMIME"]
        if self._premises.tls and not self.session.tls:
            offered.append("STARTTLS")
        if self._submission and self.session.tls and not self.session.user:
            offered.append(" ".join(["AUTH", *self._premises.mechanisms]))
        if self._is_front:
            offered.append(" ".join(["XCLIENT", *xclient.ATTRIBUTES]))
        return [*offered, "ENHANCEDSTATUSCODES", *sorted(self._extensions)]

    @property
    def _extensions(self) -> frozenset[str]:
        """What was offered that brings parameters: nothing to HELO, REQUIRETLS under TLS alone."""
        if not self.session.extended:
            return frozenset()
        return grammar.EVERYTHING if self.session.tls else _WITHOUT_TLS

    def starttls(self, argument: str) -> Reply:
        """Answer STARTTLS; 220 means that the door must now start TLS."""
        if argument:
            return replies.NO_ARGUMENT
        if self.session.tls:
            return replies.TLS_ALREADY
        return replies.READY_FOR_TLS if self._premises.tls else replies.TLS_UNAVAILABLE

    # --- signing in

    async def auth(self, argument: str, ask: Ask) -> Reply:
        """Answer AUTH (RFC 4954). `ask` is used for challenges."""
        mechanism, _, initial = argument.partition(" ")
        if refusal := self._may_sign_in(mechanism.upper()):
            return refusal
        try:
            user = await self._identify(mechanism.upper(), initial.strip().encode(), ask)
        except RefusedError as refused:
            reply = refused.reply
        except (VaultError, BackendDownError):
            return replies.AUTH_TRY_LATER
        else:
            if user:
                self.session.user = user
                return replies.AUTHENTICATED
            reply = replies.AUTH_REFUSED
        self._tries += 1
        return reply.and_close() if self._tries >= self._limits.auth_tries else reply

    def _may_sign_in(self, mechanism: str) -> Reply | None:
        session = self.session
        if not session.extended:
            return replies.HELLO_FIRST
        if not self._submission:
            return replies.AUTH_NOT_HERE
        if not session.tls:
            return replies.AUTH_NEEDS_TLS
        if session.user:
            return replies.AUTH_ALREADY
        if session.begun:
            return replies.AUTH_NOT_NOW
        return None if mechanism in self._premises.mechanisms else replies.AUTH_UNKNOWN

    async def _identify(self, mechanism: str, initial: bytes, ask: Ask) -> User | None:
        first = sasl.decode(initial or await ask(b"Username:" if mechanism == "LOGIN" else b""))
        given: sasl.Credentials | sasl.Bearer
        match mechanism:
            case "PLAIN":
                given = sasl.plain(first)
            case "LOGIN":
                given = sasl.credentials(first, sasl.decode(await ask(b"Password:")))
            case "OAUTHBEARER":
                given = sasl.oauthbearer(first)
            case _:
                given = sasl.xoauth2(first)
        user = await self._handler.authenticate(given, self.session.peer_ip)
        if user is None and isinstance(given, sasl.Bearer):
            await ask(sasl.TOKEN_REFUSED)  # what the client says to it does not matter (RFC 7628)
        return user

    # --- the mail transaction

    async def mail(self, argument: str) -> Reply:
        """Answer MAIL FROM."""
        if refusal := self._may_send() or self._budget.another_message():
            return refusal
        if self.session.begun:
            return replies.MAIL_ALREADY
        address, said = grammar.mail_path(argument, self._extensions)
        if (said.size or 0) > self._limits.message_bytes:
            return replies.TOO_BIG
        if refusal := self._quotas.another_mail(self.session.user):
            return refusal
        if refusal := await self._handler.mail_from(self.session, address):
            return refusal
        session = self.session
        session.begun, session.sender = True, address
        session.declared_size, session.body8, session.asked = said.size, said.body8, said.asked
        return replies.SENDER_OK

    async def rcpt(self, argument: str) -> Reply:
        """Answer RCPT TO. An address named twice is kept once, as it was asked for first."""
        session = self.session
        if not session.begun:
            return self._may_send() or replies.MAIL_FIRST
        address, asked = grammar.recipient_path(
            argument, self._extensions, utf8=session.asked.smtputf8
        )
        if address in session.recipients:
            return replies.RECIPIENT_OK
        if len(session.recipients) >= self._limits.recipients:
            return replies.TOO_MANY_RECIPIENTS
        if refusal := self._quotas.another_recipient(session.user, len(session.recipients)):
            return refusal
        if refusal := await self._handler.rcpt_to(session, address):
            return refusal
        session.recipients.append(address)
        if asked != PLAIN_RECIPIENT:
            session.asked_for[address] = asked
        return replies.RECIPIENT_OK

    def data(self, argument: str) -> Reply:
        """Answer DATA; 354 means that the door must now read the mail."""
        if argument:
            return replies.NO_ARGUMENT
        if not self.session.begun:
            return self._may_send() or replies.MAIL_FIRST
        return replies.GO_AHEAD if self.session.recipients else replies.RECIPIENT_FIRST

    def _may_send(self) -> Reply | None:
        if not self.session.helo:
            return replies.HELLO_FIRST
        if self._submission and not self.session.tls:
            return replies.TLS_FIRST
        if self._submission and not self.session.user:
            return replies.AUTH_FIRST
        return None
