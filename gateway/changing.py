"""What is to be changed in the clear copies of a mail, planned before anything is sent.

Promises that a subject which cannot be hidden means a sealed mail, and that whatever else is left
as it was is on record with its reason. Blocks: it reads the mail.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from gateway.examination import Examined, check_decisions
from gateway.notices import mime
from policies.changes import plan as planning
from policies.changes.neutral import CannotHide, neutral_subject
from policies.changes.plan import Plan
from policies.decision import Decision, Outcome, Reason
from policies.terms import ANY_WAY, UNCHANGED, Changes
from vault import reference
from vault.audit import Act
from vault.deposit import Happened
from vault.spool import Spool

NOT_HIDDEN = "subject-cannot-be-hidden"
_WHY = "The subject cannot be hidden in a copy of this message."


@dataclass(frozen=True, slots=True)
class Changer:
    """Plans copies. `organisation` is named in a neutral subject, `hostname` in Received lines."""

    organisation: str
    hostname: str

    def changed(self, mail: Examined, spool: Spool) -> Examined:
        """Return the mail with its plans, and sealed where a plan is impossible.

        Raises RefusedError.
        """
        wanted = {one.changes for one in mail.decisions if _relayed(one)} - {UNCHANGED}
        if not wanted:
            return mail
        mail = replace(mail, reference=reference.draw())
        plans: dict[Changes, Plan] = {}
        failed: dict[Changes, str] = {}
        for changes in wanted:
            try:
                plans[changes] = self._plan(mail, spool, changes)
            except CannotHide as error:
                failed[changes] = f"its subject cannot be hidden: {error}"
        happened = (*mail.happened, *_left(mail, plans, failed))
        decisions = tuple(_sealed(one) if one.changes in failed else one for one in mail.decisions)
        check_decisions(mail.session, decisions, mail.policy)
        return replace(mail, decisions=decisions, plans=plans, happened=happened)

    def _plan(self, mail: Examined, spool: Spool, changes: Changes) -> Plan:
        subject = subject_line(self.organisation, mail.reference)
        return planning.plan(
            mail.outline, spool.read, changes, subject=subject, hostname=self.hostname
        )


def subject_line(organisation: str, reference: str) -> bytes:
    """Return the subject that a copy shows, as a header field."""
    return mime.field("Subject", mime.unstructured(neutral_subject(organisation, reference)))


def _relayed(one: Decision) -> bool:
    return one.outcome is Outcome.RELAY


def _sealed(one: Decision) -> Decision:
    because = (*one.because, Reason(NOT_HIDDEN, _WHY, 0))
    sealed = Outcome.SEAL
    return replace(one, outcome=sealed, because=because, relay=ANY_WAY, changes=UNCHANGED)


def _left(
    mail: Examined, plans: dict[Changes, Plan], failed: dict[Changes, str]
) -> Iterator[Happened]:
    for one in filter(_relayed, mail.decisions):
        if one.changes in failed:
            yield Happened(Act.COPY_SEALED, one.recipient, failed[one.changes])
        elif one.changes in plans:
            for why in plans[one.changes].left:
                yield Happened(Act.COPY_UNCHANGED, one.recipient, why)
