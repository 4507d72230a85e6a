"""Explains decisions: every rule, whether it fired, and why.

For `sealgate policy explain`; `policies.trials.explain_report` writes it down. Promises that the
trace and the decision come from the same compiled conditions, so they cannot disagree. Must never
show a matched value: subjects are masked, reasons quote nothing.
"""

from dataclasses import dataclass

from policies.conditions import Condition
from policies.decision import Decision
from policies.detectors import DETECTORS
from policies.engine import Policy, Rule, holds
from policies.envelope import Envelope
from policies.extraction.passages import Attachment, Content, State, Where
from policies.facts import NOTHING_READ, Facts
from policies.knowledge import NOTHING_KNOWN, Knowledge
from policies.message.mime import Outline
from policies.trials.masking import Excerpt, Shown, excerpts, masked
from policies.trials.negation import denied
from vault.address import Address


@dataclass(frozen=True, slots=True)
class Step:
    """One rule, asked about one recipient. `why` is a sentence either way."""

    rule: str
    line: int
    then: str
    fired: bool
    why: str
    shadow: bool = False


@dataclass(frozen=True, slots=True)
class Trace:
    """The decision for one recipient and every rule on the way to it, in file order."""

    decision: Decision
    steps: tuple[Step, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """Why a mail would be treated as it would. Subjects are masked."""

    policy: str
    digest: str
    subjects: tuple[Shown, ...]
    flags: tuple[str, ...]
    problems: tuple[str, ...]
    excerpts: tuple[Excerpt, ...]
    attachments: tuple[str, ...]
    traces: tuple[Trace, ...]


def explain(
    policy: Policy,
    envelope: Envelope,
    outline: Outline,
    content: Content = NOTHING_READ,
    knowledge: Knowledge = NOTHING_KNOWN,
) -> Explanation:
    """Return why `policy` decides as it does about a mail, for each recipient."""
    facts = policy.facts(envelope, outline, content, knowledge)
    decisions = policy.decide(envelope, outline, content, knowledge)
    asked = {one.name: one for found in policy.searched.values() for one in found}
    inside = [one for one in content.passages if one.where is not Where.SUBJECT]
    return Explanation(
        policy=policy.name,
        digest=policy.digest,
        subjects=masked(facts.subjects, {**DETECTORS, **asked}.values()),
        flags=tuple(flag.where for flag in facts.flags),
        problems=(*outline.problems, *content.problems),
        excerpts=excerpts(inside, {**DETECTORS, **asked}.values()),
        attachments=tuple(_attachment(one) for one in content.attachments),
        traces=tuple(
            Trace(decision, tuple(_step(rule, facts, decision.recipient) for rule in policy.rules))
            for decision in decisions
        ),
    )


def _step(rule: Rule, facts: Facts, recipient: Address) -> Step:
    fired = rule.fires(facts, recipient)
    why = fired.reason.text if fired else _why_not(rule, facts, recipient)
    return Step(rule.name, rule.line, rule.word, fired is not None, why, rule.shadow)


def _attachment(one: Attachment) -> str:
    """Describe an attachment without its name, which may hold anything."""
    state = {State.READ: "read", State.ENCRYPTED: "encrypted"}.get(one.state, "cannot be read")
    return f"{one.kind}, {one.size:,} bytes, {state}"


def _why_not(rule: Rule, facts: Facts, recipient: Address) -> str:
    missing = _first_that_fails(rule.when, facts, recipient)
    if missing is not None:
        return denied(missing.asks)
    because = holds(rule.unless, facts, recipient) or []
    return "Its exception holds: " + " ".join(reason.text for reason in because)


def _first_that_fails(
    block: tuple[Condition, ...], facts: Facts, recipient: Address
) -> Condition | None:
    return next((c for c in block if c.test(facts, recipient) is None), None)
