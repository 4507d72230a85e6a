"""Explains decisions: every rule, whether it fired, and why, for people and for programs.

For `sealgate policy explain`. Promises that the trace and the decision come from the same
compiled conditions, so they cannot disagree. Must never show a matched value: subjects are
masked, reasons quote nothing.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from policies.conditions import Condition
from policies.decision import Decision, Outcome
from policies.engine import Policy, Rule, holds
from policies.envelope import Envelope
from policies.facts import Facts
from policies.language.durations import say_duration
from policies.message.mime import Outline
from policies.trials.masking import Shown, masked
from vault.address import Address

SHOWN_OF_DIGEST = 12


@dataclass(frozen=True, slots=True)
class Step:
    """One rule, asked about one recipient. `why` is a sentence either way."""

    rule: str
    line: int
    then: Outcome
    fired: bool
    why: str


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
    traces: tuple[Trace, ...]

    def text(self) -> str:
        """Return the explanation for a person to read."""
        return "\n".join(_lines(self)) + "\n"

    def to_json(self) -> str:
        """Return the explanation as one JSON object."""
        return json.dumps(_plain(self), indent=2)


def explain(policy: Policy, envelope: Envelope, outline: Outline) -> Explanation:
    """Return why `policy` decides as it does about a mail, for each recipient."""
    facts = policy.facts(envelope, outline)
    decisions = policy.decide(envelope, outline)
    return Explanation(
        policy=policy.name,
        digest=policy.digest,
        subjects=masked(facts.subjects),
        flags=tuple(flag.where for flag in facts.flags),
        problems=outline.problems,
        traces=tuple(
            Trace(decision, tuple(_step(rule, facts, decision.recipient) for rule in policy.rules))
            for decision in decisions
        ),
    )


def _step(rule: Rule, facts: Facts, recipient: Address) -> Step:
    fired = rule.fires(facts, recipient)
    why = fired.reason.text if fired else _why_not(rule, facts, recipient)
    return Step(rule.name, rule.line, rule.then, fired is not None, why)


def _why_not(rule: Rule, facts: Facts, recipient: Address) -> str:
    missing = _first_that_fails(rule.when, facts, recipient)
    if missing is not None:
        return f"It is not so that {missing.asks}."
    because = holds(rule.unless, facts, recipient) or []
    return "Its exception holds: " + " ".join(reason.text for reason in because)


def _first_that_fails(
    block: tuple[Condition, ...], facts: Facts, recipient: Address
) -> Condition | None:
    return next((c for c in block if c.test(facts, recipient) is None), None)


def _lines(explanation: Explanation) -> Iterator[str]:
    yield f"Policy {explanation.policy}, version {explanation.digest[:SHOWN_OF_DIGEST]}"
    yield ""
    yield "What the detectors saw (findings are masked)"
    for shown in explanation.subjects:
        found = f"    found: {', '.join(shown.found)}" if shown.found else ""
        yield f'  subject: "{shown.text}"{found}'
    for flag in explanation.flags:
        yield f"  marked by: {flag}"
    for problem in explanation.problems:
        yield f"  cannot be fully inspected: {problem}"
    for trace in explanation.traces:
        yield ""
        yield from _trace_lines(trace)


def _trace_lines(trace: Trace) -> Iterator[str]:
    decision = trace.decision
    yield f"To {decision.recipient}: {decision.outcome}{_terms(decision)}"
    for step in trace.steps:
        mark = "fired" if step.fired else "  -  "
        yield f"  {mark}  {step.rule} (line {step.line}, {step.then}): {step.why}"
    built_in = [reason for reason in decision.because if reason.line == 0]
    for reason in built_in:
        yield f"  fired  {reason.rule} (built in, seal): {reason.text}"
    if decision.tell_sender:
        yield f"  The sender is told: {decision.tell_sender}"


def _terms(decision: Decision) -> str:
    if decision.outcome is not Outcome.SEAL:
        return ""
    length = decision.expires_after
    expiry = f"expires after {say_duration(length)}" if length else "expires as installed"
    replies = "replies allowed" if decision.reply_allowed else "no replies"
    return f" ({expiry}, {replies})"


def _plain(explanation: Explanation) -> dict[str, Any]:
    return {
        "policy": explanation.policy,
        "digest": explanation.digest,
        "subjects": [{"text": s.text, "found": list(s.found)} for s in explanation.subjects],
        "flags": list(explanation.flags),
        "problems": list(explanation.problems),
        "recipients": [_plain_trace(trace) for trace in explanation.traces],
    }


def _plain_trace(trace: Trace) -> dict[str, Any]:
    decision = trace.decision
    sealed = decision.outcome is Outcome.SEAL
    length = decision.expires_after
    return {
        "recipient": str(decision.recipient),
        "outcome": str(decision.outcome),
        "tell_sender": decision.tell_sender,
        "expires_after_seconds": int(length.total_seconds()) if sealed and length else None,
        "reply_allowed": decision.reply_allowed if sealed else None,
        "because": [
            {"rule": reason.rule, "line": reason.line, "text": reason.text}
            for reason in decision.because
        ],
        "rules": [
            {
                "name": step.rule,
                "line": step.line,
                "then": str(step.then),
                "fired": step.fired,
                "why": step.why,
            }
            for step in trace.steps
        ],
    }
