"""Whether clear copies can travel as the policy asks, found out before anything is sent.

A connection is made, secured as the recipients need it, and left again. Who cannot be reached that
way now has the mail sealed instead, or it is refused for everybody, as the rule says.

Promises that no byte of the mail is sent to find out, and that doubt counts as no. Must never turn
a way that failed into another.
"""

import asyncio
from collections.abc import Hashable, Mapping
from dataclasses import replace

import structlog

from gateway.pipeline.copies import way_of
from gateway.pipeline.examination import Examined, check_decisions
from gateway.relay.answers import Answer
from gateway.relay.routes import Way
from gateway.relay.sender import Relay
from policies.decision import Decision, Outcome, Reason
from policies.terms import ANY_WAY, Otherwise
from vault.packages.deposit import Happened
from vault.trail.audit import Act

log = structlog.get_logger()

NO_SAFE_WAY = "no-safe-connection"
TOO_SLOW = Answer(451, "4.4.2", "The mail server has not answered in time")
_WHY = "The connection that this recipient needs could not be had."
_TELL = (
    "Not sent to anyone: no secure connection to this recipient's mail server can be had now. "
    "Send again later, or send it as a secure message."
)


async def secured(mail: Examined, relay: Relay, seconds: float) -> Examined:
    """Return the mail with the decisions that can be kept. Raise RefusedError.

    `seconds` is the longest wait for all connections together.
    """
    wanted = [one for one in mail.decisions if _demanding(one)]
    ways = {one.recipient: (way_of(one.relay), one.recipient.domain) for one in wanted}
    places = {to: relay.place(*way) for to, way in ways.items()}
    found = await _tried(relay, {places[to]: way for to, way in ways.items()}, seconds)
    failed = {to: found[place] for to, place in places.items() if place in found}
    if not failed:
        return mail
    lost = [one for one in wanted if one.recipient in failed]
    for (way, _), why in {ways[one.recipient]: failed[one.recipient] for one in lost}.items():
        log.warning("relay.no_safe_connection", route=way.route, tls=way.tls, enhanced=why.enhanced)
    changed = {one.recipient: _without_way(one) for one in lost}
    decisions = tuple(changed.get(one.recipient, one) for one in mail.decisions)
    check_decisions(mail.session, decisions, mail.policy)
    happened = tuple(
        Happened(Act.RELAY_UNSAFE, one.recipient, failed[one.recipient].status) for one in lost
    )
    return replace(mail, decisions=decisions, happened=(*mail.happened, *happened))


def _demanding(one: Decision) -> bool:
    return one.outcome is Outcome.RELAY and one.relay.demanding


async def _tried(
    relay: Relay, ways: Mapping[Hashable, tuple[Way, str]], seconds: float
) -> dict[Hashable, Answer]:
    """Return why each of the places that failed did so; they are tried at the same time."""
    tries = {place: asyncio.create_task(relay.ready(*way)) for place, way in ways.items()}
    if not tries:
        return {}
    _, slow = await asyncio.wait(tries.values(), timeout=seconds)
    for one in slow:
        one.cancel()
    await asyncio.gather(*slow, return_exceptions=True)
    answers = {place: TOO_SLOW if one in slow else one.result() for place, one in tries.items()}
    return {place: answer for place, answer in answers.items() if answer is not None}


def _without_way(one: Decision) -> Decision:
    """Return what is decided instead for a recipient who cannot be reached safely."""
    because = (*one.because, Reason(NO_SAFE_WAY, _WHY, 0))
    if one.relay.otherwise is Otherwise.REFUSE:
        return replace(one, outcome=Outcome.REFUSE, because=because, tell_sender=_TELL)
    return replace(one, outcome=Outcome.SEAL, because=because, relay=ANY_WAY)
