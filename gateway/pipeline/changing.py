"""What is to be changed in the clear copies of a mail, planned before anything is sent.

Promises that a subject which cannot be hidden means a sealed mail, and that whatever else is left
as it was is on record with its reason. Blocks: it reads the mail.
"""

from dataclasses import dataclass, replace

from gateway.notices import mime
from gateway.pipeline.examination import Examined, check_decisions
from policies.changes.neutral import neutral_subject
from policies.changes.planned import Left, planned
from vault.contents.spool import Spool
from vault.packages import reference
from vault.packages.deposit import Happened
from vault.trail.audit import Act


@dataclass(frozen=True, slots=True)
class Changer:
    """Plans copies. `organisation` is named in a neutral subject, `hostname` in Received lines."""

    organisation: str
    hostname: str

    def changed(self, mail: Examined, spool: Spool) -> Examined:
        """Return the mail with its plans, and sealed where a plan is impossible.

        Raises RefusedError.
        """
        if not mail.is_changed:
            return mail
        drawn = reference.draw()
        found = planned(
            mail.decisions,
            mail.outline,
            spool.read,
            subject=subject_line(self.organisation, drawn),
            hostname=self.hostname,
        )
        check_decisions(mail.session, found.decisions, mail.policy)
        happened = (*mail.happened, *map(_happened, found.left))
        return replace(
            mail,
            decisions=found.decisions,
            plans=found.plans,
            happened=happened,
            reference=drawn,
        )


def subject_line(organisation: str, reference: str) -> bytes:
    """Return the subject that a copy shows, as a header field."""
    return mime.field("Subject", mime.unstructured(neutral_subject(organisation, reference)))


def _happened(left: Left) -> Happened:
    act = Act.COPY_SEALED if left.sealed else Act.COPY_UNCHANGED
    return Happened(act, left.recipient, left.why)
