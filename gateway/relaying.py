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
from itertools import chain

import structlog

from gateway.changes.plan import Plan
from gateway.changes.splice import splice
from gateway.copies import Copy
from gateway.errors import RefusedError
from gateway.examination import Examined
from gateway.relay.answers import Answer
from gateway.relay.headers import drop_headers, protocol, received_header
from gateway.relay.letter import Letter
from gateway.relay.sender import Relay
from gateway.sealing import author_of, deposit_for
from gateway.smtp.premises import log_failure
from gateway.smtp.replies import Reply
from gateway.warning import warn_sender
from gateway.workers import Workers
from policies.decision import Outcome
from vault import history, outbox, reference
from vault.address import Address
from vault.audit import Act, record
from vault.deposit import deposit
from vault.errors import VaultError
from vault.keys import SealingKeys
from vault.origin import Origin
from vault.spool import Spool
from vault.store import Store, Transaction

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
        await self.workers.call(self._begin, mail, dict.fromkeys(recipients, trace))
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
            await self.workers.call(self._note, mail, Act.RELAY_BOUNCED, sorted_out.refused_status)
            raise RefusedError(_refusal(answers))
        if sorted_out.later:
            queued = deposit_for(mail, spool, self.own_domains, tuple(sorted_out.later), prefix)
            receipt = await self.workers.call(deposit, self.store, self.keys, queued)
            trace = receipt.reference
        await self._settle(mail, sorted_out, trace)
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
            chunks=_content(spool, prefix, copy.plan),
            size=len(prefix) + spool.size + copy.plan.growth,
            eight_bit=mail.outline.has_8bit,
            way=copy.way,
            asked=mail.asked,
            asked_for=mail.session.asked_for,
        )
        return await self.relay.send(letter)

    async def _settle(self, mail: Examined, sorted_out: "_Sorted", trace: str) -> None:
        """Write down what became of it. The mail is on its way: a failure here changes nothing."""
        try:
            await self.workers.call(self._remember, mail, sorted_out)
            if sorted_out.refused:
                await self.workers.call(self._bounce, mail, sorted_out, trace)
            await self.workers.call(
                warn_sender, self.store, self.keys, mail, self.own_domains, trace
            )
        except VaultError as error:
            log_failure("mail.outcome_not_recorded", error)

    def _begin(self, mail: Examined, traces: dict[Address, str]) -> None:
        """Put on record that the mail is about to leave, and what befell its copies before."""
        self._note(mail, Act.RELAY_QUEUED, traces)
        for one in mail.happened:
            self._note(mail, one.act, {one.recipient: one.detail})

    def _note(self, mail: Examined, act: Act, details: dict[Address, str]) -> None:
        with self.store.writing() as tx:
            self._record(tx, mail, act, details)

    def _record(
        self, tx: Transaction, mail: Examined, act: Act, details: dict[Address, str]
    ) -> None:
        actor, origin = str(author_of(mail, self.own_domains)), Origin(ip=mail.session.peer_ip)
        for to, detail in details.items():
            because = {"detail": detail, "policy": mail.policy}
            record(tx, act, actor=actor, subject=str(to), origin=origin, **because)

    def _remember(self, mail: Examined, sorted_out: "_Sorted") -> None:
        """Record who got it now, in the history too; who gets it later is there by then."""
        with self.store.writing() as tx:
            self._record(tx, mail, Act.RELAY_DONE, sorted_out.taken_status)
            history.note(tx, mail.session.sender, sorted_out.taken)

    def _bounce(self, mail: Examined, sorted_out: "_Sorted", trace: str) -> None:
        self._note(mail, Act.RELAY_BOUNCED, sorted_out.refused_status)
        if mail.session.sender is None:
            return
        with self.store.writing() as tx:
            for to, answer in sorted_out.refused.items():
                fields = {
                    "reference": trace,
                    "recipient": str(to),
                    "status": answer.status,
                    "what": "mail",
                    "package_id": "",
                }
                outbox.post(tx, self.keys, outbox.Kind.BOUNCE, mail.session.sender, fields)


class _Sorted:
    """Answers, sorted by what is to be done about them."""

    def __init__(self, answers: dict[Address, Answer]) -> None:
        self.taken = {to: answer for to, answer in answers.items() if answer.positive}
        self.later = {to: answer for to, answer in answers.items() if answer.temporary}
        self.refused = {to: answer for to, answer in answers.items() if answer.permanent}

    @property
    def taken_status(self) -> dict[Address, str]:
        return {to: answer.status for to, answer in self.taken.items()}

    @property
    def refused_status(self) -> dict[Address, str]:
        return {to: answer.status for to, answer in self.refused.items()}


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
