"""Looking at a mail once it is complete: what it is, whether it may be sent, and how to whom.

Promises one outcome for each recipient, or a refusal for all with a sentence that says what to
change. Must never change the mail, nor quote it.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

import structlog

from gateway.errors import RefusedError
from gateway.pipeline.beside import cleared
from gateway.pipeline.copies import Copy, copies_for
from gateway.pipeline.ownership import check_headers
from gateway.pipeline.recorder import Recorder
from gateway.relay.parameters import PLAIN_RECIPIENT, MailParameters
from gateway.smtp.handler import MailSession
from gateway.smtp.replies import Reply
from policies.changes.plan import Plan
from policies.decision import Decision, Outcome
from policies.engine import Policy
from policies.envelope import Envelope
from policies.errors import FlagError
from policies.extraction.passages import Content
from policies.knowledge import NOTHING_KNOWN, Knowledge
from policies.message.lifetime import lifetime
from policies.message.mime import DEFAULT_LIMITS, Outline, outline
from policies.terms import UNCHANGED, Changes
from vault.address import Address
from vault.contents.spool import Spool
from vault.packages.deposit import Happened

log = structlog.get_logger()

Read = Callable[[Outline, Iterable[bytes]], Content]
"""Says what a mail contains."""

MOST_HOPS = 50
"""Received lines a mail may have; RFC 5321 section 6.3 asks for a hundred at least, of software
that also has a next hop of its own: half of it is left for them."""

LOOP = Reply(
    554, "5.4.6", f"Not sent to anyone: it has passed {MOST_HOPS} mail servers and goes in circles."
)
HEADER_TOO_LARGE = Reply(
    552,
    "5.3.4",
    f"Not sent to anyone: the header is larger than {DEFAULT_LIMITS.header_bytes >> 10} KiB "
    f"or has {DEFAULT_LIMITS.headers} lines or more.",
)
NO_SENDER_TO_SEAL = Reply(
    550,
    "5.7.1",
    "Not sent to anyone: it would have to be sealed, and a message without a sender cannot be.",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Examined:
    """A mail that may be sent. Times are aware UTC."""

    session: MailSession
    outline: Outline
    decisions: tuple[Decision, ...]
    policy: str
    at: datetime
    expires_at: datetime | None
    not_before: datetime | None
    happened: tuple[Happened, ...] = ()
    kinds: Mapping[str, int] = field(default_factory=dict)
    plans: Mapping[Changes, Plan] = field(default_factory=dict, repr=False)
    reference: str = ""

    @property
    def is_held(self) -> bool:
        """Whether anybody's copy waits to be mended: then all of the mail waits."""
        return any(one.outcome is Outcome.HOLD for one in self.decisions)

    def recipients(self, outcome: Outcome) -> tuple[Address, ...]:
        """Return the recipients with this outcome, in the envelope's order."""
        return tuple(one.recipient for one in self.decisions if one.outcome is outcome)

    @property
    def asked(self) -> MailParameters:
        """What travels on with the mail: SMTPUTF8 only if its header is written in UTF-8.

        What is sealed for anybody comes back whole from nobody.
        """
        asked = self.session.asked.for_sealed() if self.kept else self.session.asked
        return replace(asked, smtputf8=asked.smtputf8 and self.outline.header_8bit)

    @property
    def how(self) -> dict[Address, dict[str, str]]:
        """What the client asked for each recipient, as a queued row keeps it."""
        mail, each = self.asked.to_fields(), self.session.asked_for
        return {
            one: mail | each.get(one, PLAIN_RECIPIENT).to_fields()
            for one in self.session.recipients
        }

    @property
    def kept(self) -> tuple[Decision, ...]:
        """The decisions that need the mail as it was written to be sealed."""
        return tuple(one for one in self.decisions if one.is_kept)

    @property
    def is_changed(self) -> bool:
        """Whether any clear copy is to differ from the mail."""
        return any(one.changes != UNCHANGED for one in self.decisions)

    @property
    def copies(self) -> tuple[Copy, ...]:
        """The clear copies."""
        return copies_for(self.decisions, self.plans)

    @property
    def rules(self) -> tuple[str, ...]:
        """The names of the rules that fired, each once."""
        return tuple(dict.fromkeys(rule.rule for one in self.decisions for rule in one.because))

    @property
    def shadow(self) -> tuple[str, ...]:
        """The names of the shadow rules that fired, each once."""
        return tuple(dict.fromkeys(rule.rule for one in self.decisions for rule in one.shadow))


def envelope_of(
    session: MailSession, recipients: Iterable[Address], own_domains: Iterable[str]
) -> Envelope:
    """Return the envelope as policy reads it."""
    return Envelope(
        sender=session.sender,
        recipients=tuple(recipients),
        own_domains=tuple(own_domains),
        authenticated=session.user is not None,
    )


def examine(
    session: MailSession,
    spool: Spool,
    policy: Policy,
    own_domains: Iterable[str],
    now: datetime,
    read: Read | None = None,
    knowledge: Knowledge = NOTHING_KNOWN,
    recorder: Recorder | None = None,
) -> Examined:
    """Read a finished spool and decide. Raise RefusedError if nobody is to get the mail.

    Without `read`, a policy that asks what a mail says is told that nothing could be read.
    """
    found = outline(spool.read())
    _check_form(session, found)
    session = cleared(session, policy)
    try:
        expires_at, not_before = lifetime(found, now)
    except FlagError as error:
        raise RefusedError(_not_sent(str(error))) from error
    content = _inside(found, spool, policy, read)
    envelope = envelope_of(session, session.recipients, own_domains)
    facts = policy.facts(envelope, found, content, knowledge)
    decisions = policy.decide_on(facts)
    if recorder is not None:
        recorder.mail(policy, now, facts, decisions)
    check_decisions(session, decisions, policy.digest)
    return Examined(
        session=session,
        outline=found,
        decisions=decisions,
        policy=policy.digest,
        at=now,
        expires_at=expires_at,
        not_before=not_before,
        kinds=facts.kinds,
    )


def _inside(found: Outline, spool: Spool, policy: Policy, read: Read | None) -> Content:
    """Read text and attachments if a rule asks for them; what a mail costs otherwise is nothing."""
    if not policy.reads_inside:
        return Content()
    if read is None:
        return Content(problems=("nothing here reads text and attachments",))
    content = read(found, spool)
    if content.problems:
        log.info("mail.not_read", problems=content.problems, size=found.size)
    return content


def _check_form(session: MailSession, found: Outline) -> None:
    limits = DEFAULT_LIMITS
    if found.header_size > limits.header_bytes or found.header_count >= limits.headers:
        # Beyond the limit a second From could hide.
        raise RefusedError(HEADER_TOO_LARGE)
    if len(found.all("Received")) >= MOST_HOPS:
        raise RefusedError(LOOP)
    if refusal := check_headers(session, found):
        raise RefusedError(refusal)


def check_decisions(session: MailSession, decisions: tuple[Decision, ...], policy: str) -> None:
    """Raise RefusedError if nobody is to get the mail. `policy` is the digest of what decided."""
    # A mail without a sender cannot be held: there is nobody to ask.
    stops = {Outcome.REFUSE} if session.sender is not None else {Outcome.REFUSE, Outcome.HOLD}
    refused = [one for one in decisions if one.outcome in stops]
    if refused:
        rules = dict.fromkeys(reason.rule for one in refused for reason in one.because)
        told = _not_sent(*_sentences(refused, of=len(decisions)))
        whom = tuple(one.recipient for one in refused)
        raise RefusedError(told, tuple(rules), policy, whom)
    if any(one.is_kept for one in decisions) and session.user is None and session.sender is None:
        raise RefusedError(NO_SENDER_TO_SEAL)


def _sentences(refused: list[Decision], of: int) -> list[str]:
    """Say why, once for each reason, and name the recipients if others would have been fine."""
    reasons: dict[str, list[str]] = {}
    for one in refused:
        reasons.setdefault(one.told, []).append(str(one.recipient))
    if len(reasons) == 1 and len(refused) == of:
        return list(reasons)
    return [f"{', '.join(names)}: {reason}" for reason, names in reasons.items()]


def _not_sent(*said: str) -> Reply:
    first, *others = (one.removeprefix("Not sent to anyone:").lstrip() for one in said)
    return Reply(550, "5.7.1", "\n".join([f"Not sent to anyone: {first}", *others]))
