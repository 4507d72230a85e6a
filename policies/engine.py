"""The engine: a policy and a mail become one decision for each recipient.

For the SMTP door, the reader and the command line. Promises that all rules are read, top to
bottom, for each recipient, that the most protective outcome wins, and that the same mail always
gets the same answer. Must never relay to an external recipient what could not be inspected, nor
decide on anything a header claims about recipients.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from policies.conditions import Because, Condition, Reads, listing
from policies.decision import Decision, Outcome, Reason, without_opening
from policies.detectors import Detector
from policies.envelope import Envelope
from policies.extraction.passages import Content
from policies.facts import NOTHING_READ, Facts, Searched
from policies.knowledge import NOTHING_KNOWN, Knowledge
from policies.message.flags import FlagReader
from policies.message.mime import Outline
from policies.remedy import NO_REMEDY, Remedy
from policies.terms import (
    ANY_WAY,
    FOR_THE_SENDER,
    NOTHING_SAID,
    UNCHANGED,
    Changes,
    HoldTerms,
    Note,
    RelayTerms,
    SealTerms,
    merge_changes,
    merge_hold,
    merge_relay,
    merge_seal,
)
from vault.address import Address

UNINSPECTABLE = Reason(
    "uninspectable",
    "The message cannot be fully inspected, so it does not leave in the clear.",
    0,
)
BY_CHOICE = Reason("sealed-by-choice", "The sender has chosen to have it sealed.", 0)
FOUND = "{found}"
NAMED_AT_MOST = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One compiled rule; `line` is where it stands in the policy file.

    One that warns has the outcome RELAY, which no other outcome gives way to. One that is a shadow
    is asked like any other and settles nothing.
    """

    name: str
    line: int
    when: tuple[Condition, ...]
    unless: tuple[Condition, ...]
    then: Outcome
    tell_sender: str = ""
    warns: bool = False
    hold: HoldTerms = FOR_THE_SENDER
    seal: SealTerms = NOTHING_SAID
    relay: RelayTerms = ANY_WAY
    changes: Changes = UNCHANGED
    shadow: bool = False

    @property
    def word(self) -> str:
        """What the rule says under `then`."""
        return "warn" if self.warns else str(self.then)

    @property
    def reads(self) -> Reads:
        """How much of a mail must be known before this rule can be asked."""
        return max((c.reads for c in (*self.when, *self.unless)), default=Reads.ENVELOPE)

    def fires(self, facts: Facts, recipient: Address) -> "Fired | None":
        """Return why this rule fires, or None if it does not."""
        because = holds(self.when, facts, recipient)
        if because is None or (self.unless and holds(self.unless, facts, recipient) is not None):
            return None
        return Fired(self, because)


def holds(block: tuple[Condition, ...], facts: Facts, recipient: Address) -> list[Because] | None:
    """Return why every condition of a block holds, or None if one does not."""
    reasons = []
    for condition in block:
        because = condition.test(facts, recipient)
        if because is None:
            return None
        reasons.append(because)
    return reasons


def searched(rules: tuple[Rule, ...], detectors: Mapping[str, Detector]) -> Searched:
    """Return the detectors that some rule asks about the texts in each place, in their order."""
    conditions = (one for rule in rules for one in (*rule.when, *rule.unless))
    sought = {pair for condition in conditions for pair in condition.sought}
    return {
        where: tuple(one for name, one in detectors.items() if (where, name) in sought)
        for where in dict.fromkeys(where for where, _name in sorted(sought))
    }


@dataclass(frozen=True, slots=True)
class Fired:
    """A rule that fired, and why."""

    rule: Rule
    because: list[Because]

    @property
    def reason(self) -> Reason:
        """The rule and why, for the decision."""
        text = " ".join(because.text for because in self.because)
        return Reason(self.rule.name, text, self.rule.line)

    def lifted(self, remedy: Remedy, recipient: Address, *, external: bool) -> bool:
        """Say whether this rule held the mail and what people did about it was enough."""
        held = self.rule.then is Outcome.HOLD
        return held and remedy.lifts(self.rule.hold, recipient, external=external)

    @property
    def note(self) -> Note:
        """What the sender is told by mail."""
        return Note(self.rule.name, self.tell_sender, self.rule.line)

    @property
    def tell_sender(self) -> str:
        """The sentence for the sender, with what was found filled in."""
        found = [label for because in self.because for label in because.found]
        return fill(self.rule.tell_sender, found)


def fill(sentence: str, labels: list[str]) -> str:
    """Return a sentence with `{found}` replaced by what was found, in a bounded phrase."""
    if not labels:
        return sentence
    named = labels[:NAMED_AT_MOST] + (["more"] if len(labels) > NAMED_AT_MOST else [])
    return sentence.replace(FOUND, listing(named))


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """A loaded policy. `digest` is the SHA-256 of the file and every list it read, in hex."""

    name: str
    digest: str
    rules: tuple[Rule, ...]
    reader: FlagReader
    seal: SealTerms
    searched: Searched = field(default_factory=dict)
    asks_inside: bool = field(init=False)
    """Whether some rule that counts asks what the text or an attachment says."""
    reads_inside: bool = field(init=False)
    """Whether text and attachments must be read, be it for a shadow alone."""

    _early: tuple[Rule, ...] = field(init=False, repr=False)  # may refuse without a message

    def __post_init__(self) -> None:
        """Work out what every mail asks."""
        refusing = (one for one in self.rules if one.then is Outcome.REFUSE and not one.shadow)
        early = tuple(rule for rule in refusing if rule.reads is Reads.ENVELOPE)
        object.__setattr__(self, "_early", early)
        inside = [rule for rule in self.rules if rule.reads is Reads.INSIDE]
        object.__setattr__(self, "reads_inside", bool(inside))
        object.__setattr__(self, "asks_inside", not all(rule.shadow for rule in inside))

    @property
    def routes(self) -> frozenset[str]:
        """The names of the routes that its rules use."""
        return frozenset(rule.relay.route for rule in self.rules if rule.relay.route is not None)

    def decide_recipient(
        self, envelope: Envelope, recipient: Address, knowledge: Knowledge = NOTHING_KNOWN
    ) -> Decision | None:
        """Return a refusal that needs no message, for RCPT TO; None if there is none."""
        facts = Facts(envelope, None, self.reader, knowledge=knowledge)
        fired = [hit for rule in self._early if (hit := rule.fires(facts, recipient))]
        return self._decision(recipient, fired) if fired else None

    def decide(
        self,
        envelope: Envelope,
        outline: Outline,
        content: Content = NOTHING_READ,
        knowledge: Knowledge = NOTHING_KNOWN,
        remedy: Remedy = NO_REMEDY,
    ) -> tuple[Decision, ...]:
        """Return one decision for each recipient, in the envelope's order.

        `remedy` is for a mail that was held: what people have done about it since.
        """
        return self.decide_on(self.facts(envelope, outline, content, knowledge), remedy)

    def decide_on(self, facts: Facts, remedy: Remedy = NO_REMEDY) -> tuple[Decision, ...]:
        """Return the same from facts that `facts` gave."""
        recipients = facts.envelope.recipients
        return tuple(self._decide(facts, recipient, remedy) for recipient in recipients)

    def facts(
        self,
        envelope: Envelope,
        outline: Outline,
        content: Content = NOTHING_READ,
        knowledge: Knowledge = NOTHING_KNOWN,
    ) -> Facts:
        """Return the facts of a mail as this policy reads them."""
        return Facts(envelope, outline, self.reader, content, knowledge, self.searched)

    def _decide(self, facts: Facts, recipient: Address, remedy: Remedy) -> Decision:
        fired = [hit for rule in self.rules if (hit := rule.fires(facts, recipient))]
        external = not facts.envelope.is_internal(recipient)
        # What was read for a shadow alone has no say.
        for_shadows = self.reads_inside and not self.asks_inside
        unreadable = facts.damaged if for_shadows else facts.unreadable
        chosen = {UNINSPECTABLE: unreadable, BY_CHOICE: remedy.sealed}
        sealing = tuple(reason for reason, holds in chosen.items() if external and holds)
        return self._decision(recipient, fired, sealing, external=external, remedy=remedy)

    def _decision(
        self,
        recipient: Address,
        fired: list[Fired],
        sealing: tuple[Reason, ...] = (),
        *,
        external: bool = True,
        remedy: Remedy = NO_REMEDY,
    ) -> Decision:
        shadow = tuple(hit.reason for hit in fired if hit.rule.shadow)
        fired = [hit for hit in fired if not hit.rule.shadow]
        lifted = [hit for hit in fired if hit.lifted(remedy, recipient, external=external)]
        outcomes = [hit.rule.then for hit in fired if hit not in lifted]
        outcomes += [Outcome.SEAL] * len(sealing)
        outcome = max(outcomes, key=lambda o: o.protection, default=Outcome.RELAY)
        said = (hit for hit in fired if hit not in lifted and not hit.rule.warns)
        decisive = [hit for hit in said if hit.rule.then is outcome]
        decisive += lifted if outcome is Outcome.SEAL else []  # it is sealed by their terms too
        stopped = outcome in {Outcome.REFUSE, Outcome.HOLD}
        refused, relayed = outcome is Outcome.REFUSE, outcome is Outcome.RELAY
        return Decision(
            recipient=recipient,
            outcome=outcome,
            because=tuple(hit.reason for hit in fired) + sealing,
            shadow=shadow,
            tell_sender=decisive[0].tell_sender if stopped else "",
            stopped_by=_sentences(decisive) if stopped else (),
            hold=merge_hold(_of(decisive, "hold")) if outcome is Outcome.HOLD else FOR_THE_SENDER,
            seal=NOTHING_SAID if refused else merge_seal(_of(decisive, "seal"), self.seal),
            relay=merge_relay(_of(decisive, "relay")) if relayed else ANY_WAY,
            changes=_changes(fired, external=external) if relayed else UNCHANGED,
            notes=() if refused else tuple(hit.note for hit in fired if hit.rule.warns),
        )


def _sentences(decisive: list[Fired]) -> tuple[str, ...]:
    said = (without_opening(hit.tell_sender) or hit.reason.text for hit in decisive)
    return tuple(dict.fromkeys(said))


def _of(fired: list[Fired], terms: str) -> list[Any]:
    return [getattr(hit.rule, terms) for hit in fired]


def _changes(fired: list[Fired], *, external: bool) -> Changes:
    """Return what changes in a clear copy; inside the organisation it is the subject alone."""
    merged = merge_changes(_of(fired, "changes"))
    return merged if external else Changes(neutral_subject=merged.neutral_subject)
