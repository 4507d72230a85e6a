"""Hands one mail to a next hop and says, for each recipient, what became of it.

Of several servers that do the same, the next is tried when one cannot be reached, turns us away, or
leaves before it has been sent any of the content.
Promises an answer for every recipient whatever a next hop does, that only a 2yz to the final
dot counts as taken (anything unclear is temporary: a mail twice is better than none), and that
a large mail is streamed. Must never change a byte of content beyond dot-stuffing and the final
CRLF, nor send a mail again once any of its content has been sent.
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

    Raises only what `letter.chunks` raises; the mail was then not sent.
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
    answer = NO_SERVER
    for server in rests.order(servers):
        try:
            found = await _over(server, letter, envelope, content, connections)
        except HopError as failure:
            rests.failed(server)
            answer = failure.answer
            log.debug("relay.not_taken", peer=server.host, enhanced=answer.enhanced)
        else:
            rests.worked(server)
            return found
    return dict.fromkeys(envelope.paths, answer)


async def _over(
    server: Server,
    letter: Letter,
    envelope: Envelope,
    content: Outgoing,
    connections: Connections,
) -> dict[Address, Answer]:
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
) -> dict[Address, Answer]:
    transaction = Transaction(session, letter, envelope, content)
    if await transaction.run():
        connections.give(session)
    host = session.host
    return {to: answer.said_by(host) for to, answer in transaction.answers.items()}
