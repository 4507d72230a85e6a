"""Passing on the recipients who get the mail in the clear, while the client waits.

The next hop's answer becomes ours. Whoever it cannot take now is queued, sealed like any deposit;
whoever it refuses while others are taken is told of by a mail.

Promises that the audit trail knows of a mail before it leaves, and that 250 means that the next
hop or our disk has it for everyone who was not refused. Must never change a byte of what it passes
on, beyond a Received line before it and the Bcc lines it leaves out.
"""

import asyncio
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from itertools import chain

import structlog

from gateway.delivery import undelivered
from gateway.errors import RefusedError
from gateway.pipeline.copies import Copy
from gateway.pipeline.examination import Examined
from gateway.pipeline.sealing import deposit_for
from gateway.pipeline.trail import Trail
from gateway.pipeline.warning import is_warned, warn_sender
from gateway.relay.answers import Answer
from gateway.relay.headers import drop_headers, protocol, received_header
from gateway.relay.letter import Letter
from gateway.relay.sender import Relay
from gateway.smtp.premises import log_failure
from gateway.smtp.replies import Reply
from gateway.workers import Workers
from policies.changes.plan import Plan
from policies.changes.splice import splice
from policies.decision import Outcome
from vault.address import Address
from vault.contents.spool import Spool
from vault.errors import VaultError
from vault.keys import SealingKeys
from vault.packages import reference
from vault.packages.depositing import begin_deposit
from vault.storage.store import Store

log = structlog.get_logger()

DROPPED = (b"bcc", b"resent-bcc")
PATIENCE = 45.0
"""Seconds a client is kept waiting for the next hop; mail programs give up after a minute."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """The way out for clear mail."""

    store: Store
    keys: SealingKeys
    relay: Relay
    workers: Workers
    hostname: str
    own_domains: tuple[str, ...]
    patience: float = PATIENCE

    @property
    def trail(self) -> Trail:
        """Where it is written down."""
        return Trail(self.store, self.keys, self.own_domains)

    def prefix(self, mail: Examined, trace: str, *, named: bool = True) -> bytes:
        """Return the header line that goes before a clear copy; `trace` finds it in our log.

        It names a single recipient, unless they may not be the one who gets it in the end.
        """
        session = mail.session
        return received_header(
            helo=session.helo,
            peer_ip=session.peer_ip,
            host=self.hostname,
            how=protocol(
                tls=session.tls,
                authenticated=session.user is not None,
                utf8=session.asked.smtputf8,
            ),
            reference=trace,
            recipients=tuple(session.recipients) if named else (),
            at=mail.at,
        )

    async def pass_on(self, mail: Examined, spool: Spool) -> Reply:
        """Relay to every clear recipient, or queue. Raise RefusedError, VaultError."""
        trace = reference.draw()
        recipients = mail.recipients(Outcome.RELAY)
        prefix = self.prefix(mail, trace)
        await self.trail.begin(mail, trace, recipients)
        mail = replace(mail, happened=())  # on record now, whatever is queued below
        answers = await self._send_all(mail, spool, prefix)
        sorted_out = _Sorted(answers)
        log.info(
            "mail.relayed",
            reference=trace,
            size=spool.size,
            taken=len(sorted_out.taken),
            queued=len(sorted_out.later),
            refused=len(sorted_out.refused),
            rules=mail.rules,
            shadow=mail.shadow,
        )
        if not sorted_out.taken and not sorted_out.later:
            await self.trail.refused(mail, sorted_out.refused)
            raise RefusedError(_refusal(answers))
        if sorted_out.later:
            queued = deposit_for(mail, spool, self.own_domains, tuple(sorted_out.later), prefix)
            keeping = await self.workers.call(begin_deposit, self.store, self.keys, queued)
            trace = (await asyncio.wrap_future(keeping)).reference
        await self._settle(mail, spool, sorted_out, trace)
        return _accepted(sorted_out, trace)

    async def _send_all(self, mail: Examined, spool: Spool, prefix: bytes) -> dict[Address, Answer]:
        """Send every copy; whoever is not answered for when patience ends is sent to later."""
        answers: dict[Address, Answer] = {}
        until = asyncio.get_running_loop().time() + self.patience
        for copy in mail.copies:
            try:
                async with asyncio.timeout_at(until):
                    answers |= await self._send(mail, spool, copy, prefix)
            except TimeoutError:
                late = Answer(451, "4.4.2", "The next mail server has not answered yet")
                answers |= dict.fromkeys(copy.recipients, late)
        return answers

    async def _send(
        self, mail: Examined, spool: Spool, copy: Copy, prefix: bytes
    ) -> dict[Address, Answer]:
        letter = Letter(
            return_path=mail.session.sender,
            recipients=copy.recipients,
            chunks=partial(_content, spool, prefix, copy.plan),
            size=len(prefix) + spool.size + copy.plan.growth,
            eight_bit=mail.outline.has_8bit,
            way=copy.way,
            sign=True,
            asked=mail.asked,
            asked_for=mail.session.asked_for,
        )
        return await self.relay.send(letter)

    async def _settle(
        self, mail: Examined, spool: Spool, sorted_out: "_Sorted", trace: str
    ) -> None:
        """Write down what became of it. The mail is on its way: a failure here changes nothing."""
        self.trail.taken(mail, sorted_out.taken)
        try:
            about = undelivered.About(mail, spool.read, trace, self.hostname)
            if sorted_out.refused:
                told = await self.workers.call(about.refused, sorted_out.refused)
                await self.trail.refused(mail, sorted_out.refused, told)
            if unreported := about.unreported(sorted_out.taken):
                await self.trail.tell(mail, await self.workers.call(about.handed_on, unreported))
            if is_warned(mail):
                whom = (self.store, self.keys, mail, self.own_domains, trace)
                await self.workers.call(warn_sender, *whom)
        except VaultError as error:
            log_failure("mail.outcome_not_recorded", error)


class _Sorted:
    """Answers, sorted by what is to be done about them."""

    def __init__(self, answers: dict[Address, Answer]) -> None:
        self.taken = {to: answer for to, answer in answers.items() if answer.positive}
        self.later = {to: answer for to, answer in answers.items() if answer.temporary}
        self.refused = {to: answer for to, answer in answers.items() if answer.permanent}


def _content(spool: Spool, prefix: bytes, plan: Plan) -> Iterator[bytes]:
    return chain([prefix], drop_headers(splice(spool.read(), plan.edits), DROPPED))


def _refusal(answers: dict[Address, Answer]) -> Reply:
    """Pass on the next hop's refusal, in our form."""
    first = next(iter(answers.values()))
    said = dict.fromkeys(answer.text for answer in answers.values())
    lines = [f"Not sent to anyone: the next mail server refused it: {next(iter(said))}"]
    return Reply(first.code, first.enhanced, "\n".join([*lines, *list(said)[1:]]))


def _accepted(sorted_out: _Sorted, trace: str) -> Reply:
    words = f"{'Queued' if sorted_out.later else 'Relayed'} {trace}"
    refused = _names(sorted_out.refused)
    return Reply(250, "2.0.0", f"{words}; refused for {refused}" if refused else words)


def _names(addresses: Iterable[Address]) -> str:
    return ", ".join(map(str, addresses))
