"""The audit trail of a mail that is passed on while its sender waits.

Promises that what must be known before a mail leaves is on the disk when `begin` returns, in a
commit that mails under way at the same moment share. That a mail was taken is written with a later
commit, within a twentieth of a second: 250 is the next hop's, and stands without the line. If the
machine stops in between, the trail still says that the mail left, and under which reference; what
the next hop answered is then in its log alone.
"""

import asyncio
from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass

from gateway.pipeline.examination import Examined
from gateway.pipeline.sealing import author_of
from gateway.relay.answers import Answer
from gateway.smtp.premises import log_failure
from vault.address import Address
from vault.errors import VaultError
from vault.keys import SealingKeys
from vault.origin import Origin
from vault.packages import history
from vault.sending import outbox
from vault.storage import turns
from vault.storage.store import Store, Transaction
from vault.trail.audit import Act, record

Answers = Mapping[Address, Answer]
Told = Sequence[Mapping[str, str]]
"""Fields of bounces, one a recipient."""


@dataclass(frozen=True, slots=True)
class Trail:
    """Writes what becomes of clear mails."""

    store: Store
    keys: SealingKeys
    own_domains: tuple[str, ...]

    async def begin(self, mail: Examined, trace: str, recipients: tuple[Address, ...]) -> None:
        """Put on record that the mail is about to leave, and what befell its copies before."""

        def work(tx: Transaction) -> None:
            self._record(tx, mail, Act.RELAY_QUEUED, dict.fromkeys(recipients, trace))
            for one in mail.happened:
                self._record(tx, mail, one.act, {one.recipient: one.detail})

        await asyncio.wrap_future(self.store.hand_over(work))

    def taken(self, mail: Examined, answers: Answers) -> None:
        """Record who got it now, in the history too, soon; who gets it later is there by then."""
        if not answers:
            return

        def work(tx: Transaction) -> None:
            self._record(tx, mail, Act.RELAY_DONE, _said(answers))
            history.note(tx, mail.session.sender, answers)

        try:
            past = mail.session.sender
            about = (turns.sender(past.folded()),) if past else ()
            self.store.hand_over_late(work, *about).add_done_callback(_tell_failure)
        except VaultError as error:
            log_failure("mail.outcome_not_recorded", error)

    async def refused(self, mail: Examined, answers: Answers, told: Told = ()) -> None:
        """Record who was refused, and post what the sender, who hears 250, is told of them."""

        def work(tx: Transaction) -> None:
            self._record(tx, mail, Act.RELAY_BOUNCED, _said(answers))
            self._post(tx, mail, told)

        await asyncio.wrap_future(self.store.hand_over(work))

    async def tell(self, mail: Examined, told: Told) -> None:
        """Post what the sender asked to hear."""
        await asyncio.wrap_future(self.store.hand_over(lambda tx: self._post(tx, mail, told)))

    def _record(
        self, tx: Transaction, mail: Examined, act: Act, details: Mapping[Address, str]
    ) -> None:
        actor, origin = str(author_of(mail, self.own_domains)), Origin(ip=mail.session.peer_ip)
        for to, detail in details.items():
            because = {"detail": detail, "policy": mail.policy}
            record(tx, act, actor=actor, subject=str(to), origin=origin, **because)

    def _post(self, tx: Transaction, mail: Examined, told: Told) -> None:
        """Post bounces; the null sender has nobody who could be told."""
        if (sender := mail.session.sender) is None:
            return
        for fields in told:
            full = {**fields, "attempted_at": tx.now.isoformat()}
            outbox.post(tx, self.keys, outbox.Kind.BOUNCE, sender, full)


def _said(answers: Answers) -> dict[Address, str]:
    return {to: answer.status for to, answer in answers.items()}


def _tell_failure(done: Future[None]) -> None:
    """Log that a line was lost. The mail is on its way: this changes nothing."""
    if (error := done.exception()) is not None:
        log_failure("mail.outcome_not_recorded", error)
