"""Hands one mail to the next hop and says, for each recipient, what became of it.

Promises an answer for every recipient whatever the next hop does, that only a 2yz to the final
dot counts as taken (anything unclear is temporary: a mail twice is better than none), and that
a large mail is streamed. Must never change a byte of content beyond dot-stuffing and the final
CRLF, nor send a mail again once any of its content has been sent.
"""

import structlog

from gateway.relay.answers import Answer
from gateway.relay.connections import Connections
from gateway.relay.content import UnsafeContentError
from gateway.relay.envelope import Envelope
from gateway.relay.letter import Letter
from gateway.relay.outgoing import Outgoing
from gateway.relay.session import HopError
from gateway.relay.settings import NextHopSettings
from gateway.relay.transaction import UNSAFE, StaleError, Transaction
from vault.address import Address

log = structlog.get_logger()


async def ready(hop: NextHopSettings, connections: Connections) -> Answer | None:
    """Connect, secure and log in: return why that fails, None if it does not.

    The connection is kept: the mail that asked is likely to go over it.
    """
    try:
        session = await connections.take(hop)
    except HopError as failure:
        return failure.answer
    connections.give(session)
    return None


async def send(
    hop: NextHopSettings, letter: Letter, connections: Connections
) -> dict[Address, Answer]:
    """Send one mail; answer for every recipient.

    Raises only what `letter.chunks` raises; the mail was then not sent.
    """
    answers: dict[Address, Answer] = {}
    envelope = Envelope.of(letter, answers)
    if envelope.paths:
        answers |= await _send(hop, letter, envelope, connections)
    log.debug("relay.answered", peer=hop.host, size=letter.size, recipients=len(answers))
    return {recipient: answers[recipient] for recipient in letter.recipients}


async def _send(
    hop: NextHopSettings, letter: Letter, envelope: Envelope, connections: Connections
) -> dict[Address, Answer]:
    try:
        content = await Outgoing.of(letter.chunks, letter.size)
        for obtain in (connections.take, connections.open):
            session = await obtain(hop)
            transaction = Transaction(session, letter, envelope, content)
            try:
                again = await transaction.run()
            except StaleError:
                continue  # once: the connection that comes now is fresh
            if again:
                connections.give(session)
            return transaction.answers
    except UnsafeContentError:
        return dict.fromkeys(envelope.paths, UNSAFE)
    except HopError as failure:
        return dict.fromkeys(envelope.paths, failure.answer)
    raise AssertionError("a fresh connection cannot be stale")
