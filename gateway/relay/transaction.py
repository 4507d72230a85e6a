"""One mail transaction with a next hop: MAIL, RCPT, DATA, the content, the final dot.

Promises that only a 2yz to the final dot counts as taken, that every recipient has an answer
whatever the next hop does, and that it is known whether any of the content had been sent.
Must never send a byte of content to a server that refused everyone.
"""

from contextlib import aclosing

from gateway.relay import commands
from gateway.relay.answers import GO_ON, SEND_MAIL, YES, Answer, Reply
from gateway.relay.content import UnsafeContentError
from gateway.relay.envelope import Envelope
from gateway.relay.letter import Letter
from gateway.relay.outgoing import Outgoing
from gateway.relay.parameters import PLAIN_MAIL, needs_utf8
from gateway.relay.session import HopError, Session
from gateway.relay.shortcomings import shortcomings
from vault.address import Address

# Refusals of MAIL or RCPT that tell of our settings, not of the mail (RFC 4954 section 6).
OUR_FAULT = frozenset({530, 534, 535, 538})
RSET, DATA = commands.command("RSET"), commands.command("DATA")
UNSAFE = Answer(554, "5.6.0", "The mail has a bare CR, LF or NUL; it was not sent")


class NotBegunError(HopError):
    """The connection failed before any of the content was sent over it."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(answer.enhanced, answer.text)


class Transaction:
    """One use of a session. `answers` fills up as recipients are settled.

    `put_off` are those for whom the server has said 4yz and nothing has been left open: another
    server may be asked for them.
    """

    def __init__(
        self, session: Session, letter: Letter, envelope: Envelope, content: Outgoing
    ) -> None:
        self.answers: dict[Address, Answer] = {}
        self.put_off: tuple[Address, ...] = ()
        self._session = session
        self._letter = letter
        self._envelope = envelope
        self._content = content
        self._content_begun = False

    @property
    def _open_for(self) -> list[Address]:
        """The recipients that have no answer yet."""
        return [one for one in self._envelope.paths if one not in self.answers]

    async def run(self) -> bool:
        """Do it; return whether the session can be used again, or was dropped.

        Raises NotBegunError, the session dropped, when the same may be tried over another one.
        Never raises any other HopError.
        """
        reused = self._session.mails > 0
        self._session.mails += 1
        try:
            if self._open_for_this_server():
                standing = await self._transact(reused=reused)
                self.put_off = tuple(to for to, one in self.answers.items() if one.temporary)
                return standing
        except HopError as failure:
            await self._session.drop()
            if not self._content_begun:
                raise NotBegunError(failure.answer) from failure
            self._settle(failure.answer)
        except UnsafeContentError:
            await self._session.drop()
            self._settle(UNSAFE)
        except BaseException:
            await self._session.drop()
            raise
        else:
            return True
        return False

    def _settle(self, answer: Answer) -> None:
        """Give everyone without an answer this one."""
        self.answers.update(dict.fromkeys(self._open_for, answer))

    def _open_for_this_server(self) -> bool:
        """Settle whom the mail cannot reach through this server; return whether anyone is left."""
        refused = shortcomings(self._session, self._letter)
        self.answers.update({to: one for to, one in refused.items() if to in self._envelope.paths})
        return bool(self._open_for)

    async def _transact(self, *, reused: bool) -> bool:
        if not await self._envelope_taken(reused=reused):
            return self._session.standing
        self._content_begun = True
        try:
            await self._send_content()
        except HopError:
            early = await self._session.last_words()
            if early is not None:
                self._settle(_refusal(early))
            raise
        final = await self._session.reply("the final dot", self._session.hop.final_timeout)
        self._session.unclean = False
        self._settle(self._taken(final) if final.positive else _refusal(final))
        if final.code // 100 == GO_ON:  # it wants more of this mail: the next would be a part of it
            await self._session.drop()
        return self._session.standing

    def _taken(self, final: Reply) -> Answer:
        answer = Answer.of(final)
        return answer.reported() if "DSN" in self._session.offers else answer

    async def _send_content(self) -> None:
        """Send everything after 354 including the final dot.

        Raises HopError when the connection breaks, UnsafeContentError and whatever the content
        raises when it cannot be sent: there was no dot then, and the session must be dropped.
        """
        if self._content.whole is None:
            async with aclosing(self._content.blocks()) as blocks:
                async for block in blocks:
                    await self._session.send(block)
        if self._session.waiting:
            # An answer before the dot is no answer to the mail.
            host = self._session.host
            raise HopError("4.5.0", f"{host} answered before the mail had ended")
        await self._session.send(self._content.whole or self._content.end())

    async def _envelope_taken(self, *, reused: bool) -> bool:
        """Send MAIL, RCPT and DATA, in one write if offered (RFC 2920).

        Return whether content is wanted.
        """
        session, pending = self._session, self._open_for
        mail = self._mail()
        rcpts = [self._rcpt(one) for one in pending]
        reset = RSET if session.unclean else b""
        at_once = "PIPELINING" in session.offers
        if at_once:
            session.post(b"".join([reset, mail, *rcpts, DATA]))
        if reset and not (await self._exchange(reset, "RSET", at_once)).positive:
            raise HopError("4.5.0", f"{session.host} refused RSET")
        session.unclean = True
        answer = await self._exchange(mail, "MAIL", at_once)
        if not answer.positive:
            if reused:  # is it the mail that it refuses, or another one on this connection?
                raise HopError("4.5.0", f"{session.host} refused another mail")
            self._settle(_refusal(answer))
            if not at_once:
                return False
        for recipient, line in zip(pending, rcpts, strict=True):
            answer = await self._exchange(line, "RCPT", at_once)
            if not answer.positive:
                self.answers.setdefault(recipient, _refusal(answer))
        if self._open_for or at_once:
            return await self._data_wanted(at_once)
        return False

    async def _data_wanted(self, at_once: bool) -> bool:
        answer = await self._exchange(DATA, "DATA", at_once)
        if answer.code != SEND_MAIL:
            self._settle(_refusal(answer))
            return False
        if not self._open_for:
            # It waits for content although it refused everyone (RFC 2920 section 3.1): it gets
            # none, and no dot either, so that there is no empty mail.
            await self._session.drop()
            return False
        return True

    async def _exchange(self, line: bytes, what: str, posted: bool) -> Reply:
        if not posted:
            self._session.post(line)
        return await self._session.reply(what)

    def _mail(self) -> bytes:
        offers, letter = self._session.offers, self._letter
        words = [f"MAIL FROM:{self._envelope.sender}"]
        if "SIZE" in offers:
            words.append(f"SIZE={letter.size}")
        if letter.eight_bit:
            words.append("BODY=8BITMIME")
        if letter.asked is not PLAIN_MAIL:
            words += letter.asked.dsn if "DSN" in offers else ()
            words += ["REQUIRETLS"] if letter.asked.requiretls else ()
        if needs_utf8(letter.asked, (letter.return_path, *self._open_for)):
            words.append("SMTPUTF8")
        return commands.command(*words)

    def _rcpt(self, recipient: Address) -> bytes:
        asked = self._letter.asked_for.get(recipient)
        words = asked.dsn if asked and "DSN" in self._session.offers else ()
        return commands.command(f"RCPT TO:{self._envelope.paths[recipient]}", *words)


def _refusal(reply: Reply) -> Answer:
    """Read anything but a yes in its place. What is our own fault, or no refusal, is temporary."""
    answer = Answer.of(reply)
    if reply.code in OUR_FAULT or reply.code // 100 in {YES, GO_ON}:
        return answer.later()
    return answer
