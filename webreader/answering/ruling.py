"""What the policy says of an answer that one of our own people writes on the site.

Whoever belongs to the organisation is under its policy whichever way they write; whoever does not
is not: their answer leaves nobody's organisation but their own, and it is theirs to write.

Promises the same engine and the same facts as at the SMTP door, and a line in the audit trail for
an answer that is refused. What the policy would hold is refused too: it is mended in the form it
was typed in. Must never send an answer in the clear that is not to be.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from policies.decision import Decision, Outcome
from policies.envelope import Envelope
from policies.message.mime import outline
from policies.remedy import sentences
from policies.restricting import restrictions
from policies.terms import UNCHANGED, Note
from vault.contents.spool import Spool
from vault.origin import Origin
from vault.packages.restrictions import FREE, Restrictions
from vault.trail.audit import Act, record
from webreader.answering.composing import Head
from webreader.site import Site


class NotAllowed(Exception):
    """The policy lets nobody have this answer; the message says why, to its author."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ruling:
    """How an answer may go: `clear`, with what the deliverer is to know of its way, or sealed."""

    clear: bool = True
    how: Mapping[str, str] = field(default_factory=dict)
    restrictions: Restrictions = FREE
    rules: tuple[str, ...] = ()
    kinds: Mapping[str, int] = field(default_factory=dict)
    policy: str = ""
    notes: tuple[Note, ...] = ()


UNRULED: Final = Ruling()


def ruled(site: Site, package_id: str, head: Head, spool: Spool, origin: Origin) -> Ruling:
    """Ask the policy about a finished answer to a package. Blocks. Raises NotAllowed."""
    own = tuple(site.organisation.domains)
    if not head.author.within(own):
        return UNRULED
    policy, seen = site.rules(), outline(spool.read())
    envelope = Envelope(
        sender=head.author, recipients=(head.to,), own_domains=own, authenticated=True
    )
    content = site.inside(policy, seen, lambda: spool)
    facts = policy.facts(envelope, seen, content, site.knowledge)
    (decision,) = policy.decide_on(facts)
    rules = tuple(dict.fromkeys(reason.rule for reason in decision.because))
    if decision.outcome in {Outcome.REFUSE, Outcome.HOLD}:
        because = {"detail": ", ".join(rules), "policy": policy.digest}
        who = {"actor": str(head.author), "subject": str(head.to)}
        with site.store.writing() as tx:
            record(tx, Act.MAIL_REFUSED, package_id=package_id, origin=origin, **who, **because)
        raise NotAllowed(" ".join(sentences([decision])))
    return Ruling(
        clear=decision.outcome is Outcome.RELAY and decision.changes == UNCHANGED,
        how=decision.relay.fields(),
        restrictions=_restrictions(site, decision),
        rules=rules,
        kinds=facts.kinds,
        policy=policy.digest,
        notes=decision.notes,
    )


def _restrictions(site: Site, decision: Decision) -> Restrictions:
    """Return the terms of an answer that the policy seals; others are sealed as they always are."""
    if decision.outcome is not Outcome.SEAL:
        return FREE
    return restrictions([decision.seal], site.store.clock())
