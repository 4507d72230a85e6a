"""Hands one mail to a next hop and says, for each recipient, what became of it.

Of several servers that do the same, the next is tried when one cannot be reached, turns us away, or
leaves before it has been sent any of the content; and for the recipients that one has put off with
a 4yz (RFC 5321 section 5.1), up to so many servers that have answered.
Promises an answer for every recipient whatever a next hop does, that only a 2yz to the final
dot counts as taken (anything unclear is temporary: a mail twice is better than none), and that
a large mail is streamed. Must never change a byte of content beyond dot-stuffing and the final
CRLF, nor send a mail again, once any of its content has been sent, to somebody for whom no server
has said that it did not take it.
"""

from collections.abc import Sequence

import structlog

from gateway.relay.answers import Answer
from gateway.relay.connections import Connections
from gateway.relay.content import UnsafeContentError
from gateway.relay.envelope import Envelope
from gateway.relay.letter import Letter
from gateway.relay.outgoing import Outgoing
from gateway.relay.rests import Rests
from gateway.relay.server import Server
from gateway.relay.session import HopError, Session
from gateway.relay.transaction import UNSAFE, NotBegunError, Transaction
from vault.address import Address

MOST_ANSWERS = 2
"""Servers that are asked for a recipient, where each puts it off. Postfix' usual number: the third
would most likely say the same, and the client may be waiting."""

NO_SERVER = Answer(451, "4.4.4", "There is no server to hand the mail to")

log = structlog.get_logger()


async def ready(servers: Sequence[Server], connections: Connections, rests: Rests) -> Answer | None:
    """Connect, secure and log in: return why that fails with every server, None if it does not.

    The connection is kept: the mail that asked is likely to go over it.
    """
    answer = NO_SERVER
    for server in rests.order(servers):
        try:
            session = await connections.take(server)
        except HopError as failure:
            rests.failed(server)
            answer = failure.answer.said_by(server.host)
        else:
            connections.give(session)
            return None
    return answer


async def send(
    servers: Sequence[Server], letter: Letter, connections: Connections, rests: Rests
) -> dict[Address, Answer]:
    """Send one mail; answer for every recipient.

    Raises only what `letter.chunks` raises; the mail is then to be taken as not sent.
    """
    answers: dict[Address, Answer] = {}
    envelope = Envelope.of(letter, answers)
    if envelope.paths:
        answers |= await _send(servers, letter, envelope, connections, rests)
    return {recipient: answers[recipient] for recipient in letter.recipients}


async def _send(
    servers: Sequence[Server],
    letter: Letter,
    envelope: Envelope,
    connections: Connections,
    rests: Rests,
) -> dict[Address, Answer]:
    try:
        content = await Outgoing.of(letter.chunks, letter.size)
    except UnsafeContentError:
        return dict.fromkeys(envelope.paths, UNSAFE)
    answer, answered = NO_SERVER, 0
    answers: dict[Address, Answer] = {}
    for server in rests.order(servers):
        if content.begun:
            content = await Outgoing.of(letter.chunks, letter.size)
        try:
            done = await _over(server, letter, envelope, content, connections)
        except HopError as failure:
            rests.failed(server)
            answer = failure.answer
            log.debug("relay.not_taken", peer=server.host, enhanced=answer.enhanced)
            continue
        rests.worked(server)
        answers |= {to: one.said_by(server.host) for to, one in done.answers.items()}
        answered += 1
        envelope = envelope.only(done.put_off)
        if not envelope.paths or answered == MOST_ANSWERS or (content.begun and not content.again):
            return answers
        log.debug("relay.put_off", peer=server.host, recipients=len(envelope.paths))
    return dict.fromkeys(envelope.paths, answer) | answers


async def _over(
    server: Server,
    letter: Letter,
    envelope: Envelope,
    content: Outgoing,
    connections: Connections,
) -> Transaction:
    """Send over a kept connection, or a new one. Raises HopError: nothing of the content left."""
    session = await connections.take(server)
    if session.mails:
        try:
            return await _transact(session, letter, envelope, content, connections)
        except NotBegunError:
            session = await connections.open(server)
    return await _transact(session, letter, envelope, content, connections)


async def _transact(
    session: Session,
    letter: Letter,
    envelope: Envelope,
    content: Outgoing,
    connections: Connections,
) -> Transaction:
    transaction = Transaction(session, letter, envelope, content)
    if await transaction.run():
        connections.give(session)
    return transaction
