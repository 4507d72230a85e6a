"""Hands one mail to the next hop and says, for each recipient, what became of it.

Promises an answer for every recipient whatever the next hop does, that only a 2yz to the final
dot counts as taken (anything unclear is temporary: a mail twice is better than none), and that
the mail is streamed. Must never change a byte of content beyond dot-stuffing and the final CRLF.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterable, Iterable, Iterator
from contextlib import aclosing
from dataclasses import dataclass

import structlog

from gateway.relay import commands
from gateway.relay.answers import GO_ON, LATER, NEVER, SEND_MAIL, YES, Answer, Reply
from gateway.relay.content import UnsafeContentError
from gateway.relay.routes import ANY_WAY, Way
from gateway.relay.session import HopError, Session
from gateway.relay.settings import NextHopSettings
from vault.address import Address

# Refusals of MAIL or RCPT that tell of our settings, not of the mail (RFC 4954 section 6).
OUR_FAULT = frozenset({530, 534, 535, 538})

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Letter:
    """A mail to hand over. `size` in bytes as `chunks` will yield them; a null path is None."""

    return_path: Address | None
    recipients: tuple[Address, ...]
    chunks: AsyncIterable[bytes] | Iterable[bytes]
    size: int
    eight_bit: bool = False
    way: Way = ANY_WAY


async def ready(hop: NextHopSettings) -> Answer | None:
    """Connect, secure and log in, and leave again: return why that fails, None if it does not."""
    session = Session(hop)
    try:
        await session.open()
    except HopError as failure:
        return failure.answer
    await session.quit()
    return None


async def send(hop: NextHopSettings, letter: Letter) -> dict[Address, Answer]:
    """Send one mail over a connection of its own; answer for every recipient.

    Raises only what `letter.chunks` raises; the mail was then not sent.
    """
    transaction = Transaction(hop, letter)
    if transaction.open_for:
        await transaction.run()
    counts = [answer.code // 100 for answer in transaction.answers.values()]
    log.info(
        "relay.answered",
        peer=hop.host,
        size=letter.size,
        taken=counts.count(YES),
        later=counts.count(LATER),
        refused=counts.count(NEVER),
    )
    return {recipient: transaction.answers[recipient] for recipient in letter.recipients}


class Transaction:
    """One mail transaction: MAIL, RCPT, DATA. `answers` fills up as recipients are settled."""

    def __init__(self, hop: NextHopSettings, letter: Letter) -> None:
        self._session = Session(hop)
        self._hop = hop
        self._letter = letter
        self.answers: dict[Address, Answer] = {}
        self._sender, self._paths = self._check_addresses()

    @property
    def open_for(self) -> list[Address]:
        """The recipients that have no answer yet."""
        return [one for one in self._paths if one not in self.answers]

    def _check_addresses(self) -> tuple[str, dict[Address, str]]:
        """Write out every address before anything is sent; refuse what cannot be written."""
        paths: dict[Address, str] = {}
        for recipient in self._letter.recipients:
            try:
                paths[recipient] = commands.path(recipient)
            except commands.UnsafeCommandError:
                self.answers[recipient] = Answer(553, "5.1.3", "This address cannot be mailed to")
        try:
            return commands.path(self._letter.return_path), paths
        except commands.UnsafeCommandError:
            refusal = Answer(553, "5.1.7", "The sender's address cannot be written into SMTP")
            self.answers.update(dict.fromkeys(paths, refusal))
            return "", paths

    async def run(self) -> None:
        """Do the whole transaction. Never raises HopError."""
        try:
            await self._session.open()
        except HopError as failure:
            self._settle(failure.answer)
            return
        try:
            if self._fits():
                await self._transact()
            await self._session.quit()
        except HopError as failure:
            self._settle(failure.answer)
            await self._session.drop()
        except UnsafeContentError:
            self._settle(Answer(554, "5.6.0", "The mail has a bare CR, LF or NUL; it was not sent"))
            await self._session.drop()
        except BaseException:
            await self._session.drop()
            raise

    def _settle(self, answer: Answer) -> None:
        """Give everyone without an answer this one."""
        self.answers.update(dict.fromkeys(self.open_for, answer))

    def _fits(self) -> bool:
        """Compare with the size the next hop announced (RFC 1870), sparing both sides the bytes."""
        limit = self._session.offers.get("SIZE", "")
        if limit.isdigit() and 0 < int(limit) < self._letter.size:
            text = f"The mail has {self._letter.size} bytes; {self._hop.host} takes {limit}"
            self._settle(Answer(552, "5.3.4", text))
            return False
        return True

    async def _transact(self) -> None:
        accepted = await self._envelope()
        if not accepted:
            return
        try:
            async with aclosing(self._content()) as content:
                await self._session.send_content(content)
        except HopError:
            early = await self._session.last_words()
            if early is not None:
                self._settle(_refusal(early))
            raise
        final = await self._session.reply("the final dot", self._hop.final_timeout)
        self._settle(Answer.of(final) if final.positive else _refusal(final))

    async def _envelope(self) -> bool:
        """Send MAIL, RCPT and DATA; return whether content is wanted (RFC 2920 when offered)."""
        batch = [self._mail()]
        batch += [commands.command(f"RCPT TO:{self._paths[one]}") for one in self.open_for]
        batch.append(commands.command("DATA"))
        at_once = "PIPELINING" in self._session.offers
        if at_once:
            self._session.post(b"".join(batch))
        pending = self.open_for
        if not await self._mail_taken(batch[0], at_once) and not at_once:
            return False
        for recipient, line in zip(pending, batch[1:-1], strict=True):
            answer = await self._exchange(line, "RCPT", at_once)
            if not answer.positive:
                self.answers.setdefault(recipient, _refusal(answer))
        if self.open_for or at_once:
            return await self._data_wanted(batch[-1], at_once)
        return False

    async def _mail_taken(self, line: bytes, at_once: bool) -> bool:
        answer = await self._exchange(line, "MAIL", at_once)
        if not answer.positive:
            self._settle(_refusal(answer))
        return answer.positive

    async def _data_wanted(self, line: bytes, at_once: bool) -> bool:
        answer = await self._exchange(line, "DATA", at_once)
        if answer.code != SEND_MAIL:
            self._settle(_refusal(answer))
            return False
        if not self.open_for:
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
        words = [f"MAIL FROM:{self._sender}"]
        if "SIZE" in self._session.offers:
            words.append(f"SIZE={self._letter.size}")
        if self._letter.eight_bit and "8BITMIME" in self._session.offers:
            words.append("BODY=8BITMIME")
        return commands.command(*words)

    async def _content(self) -> AsyncGenerator[bytes]:
        """Yield the content; anything but a list is read in a thread, since it may be on disk."""
        chunks = self._letter.chunks
        if isinstance(chunks, AsyncIterable):
            async for chunk in chunks:
                yield chunk
        elif isinstance(chunks, list | tuple):
            for chunk in chunks:
                yield chunk
        else:
            source = iter(chunks)
            while (block := await asyncio.to_thread(_following, source)) is not None:
                yield block


def _following(source: Iterator[bytes]) -> bytes | None:
    """Return the next chunk, or None: StopIteration cannot cross from a thread."""
    return next(source, None)


def _refusal(reply: Reply) -> Answer:
    """Read anything but a yes in its place. What is our own fault, or no refusal, is temporary."""
    answer = Answer.of(reply)
    if reply.code in OUR_FAULT or reply.code // 100 in {YES, GO_ON}:
        return answer.later()
    return answer
