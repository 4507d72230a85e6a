"""An explanation written down: a trace that a person can read, and one JSON object for programs.

For `sealgate policy explain`. Promises that both say the same. Must never show what the
explanation itself does not hold: its texts are masked already.
"""

import json
from collections.abc import Iterator
from typing import Any

from policies.decision import Decision, Outcome
from policies.extraction.passages import Where
from policies.trials.explain import Explanation, Trace

SHOWN_OF_DIGEST = 12
_PLACES = {
    Where.SUBJECT: "subject",
    Where.BODY: "text",
    Where.ATTACHMENT_NAME: "name of an attachment",
    Where.ATTACHMENT: "in an attachment",
}


def text(explanation: Explanation) -> str:
    """Return the explanation for a person to read."""
    return "\n".join(_lines(explanation)) + "\n"


def to_json(explanation: Explanation) -> str:
    """Return the explanation as one JSON object."""
    return json.dumps(_plain(explanation), indent=2)


def _lines(explanation: Explanation) -> Iterator[str]:
    yield f"Policy {explanation.policy}, version {explanation.digest[:SHOWN_OF_DIGEST]}"
    yield ""
    yield "What the detectors saw (findings are masked)"
    for shown in explanation.subjects:
        found = f"    found: {', '.join(shown.found)}" if shown.found else ""
        yield f'  subject: "{shown.text}"{found}'
    for attachment in explanation.attachments:
        yield f"  attachment: {attachment}"
    for one in explanation.excerpts:
        yield f'  {_PLACES[one.where]}: "… {one.text} …"    found: {", ".join(one.found)}'
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
        then = f"{step.then}, only recorded" if step.shadow else step.then
        yield f"  {mark}  {step.rule} (line {step.line}, {then}): {step.why}"
    built_in = [reason for reason in decision.because if reason.line == 0]
    for reason in built_in:
        yield f"  fired  {reason.rule} (built in, seal): {reason.text}"
    if decision.tell_sender:
        yield f"  The sender is told: {decision.tell_sender}"
    for note in decision.notes:
        yield f"  The sender is sent a note ({note.rule}): {note.text}"


def _terms(decision: Decision) -> str:
    words = list(decision.words())
    return f" ({', '.join(words)})" if words else ""


def _plain(explanation: Explanation) -> dict[str, Any]:
    return {
        "policy": explanation.policy,
        "digest": explanation.digest,
        "subjects": [{"text": s.text, "found": list(s.found)} for s in explanation.subjects],
        "flags": list(explanation.flags),
        "excerpts": [
            {"where": str(one.where), "part": one.part, "text": one.text, "found": list(one.found)}
            for one in explanation.excerpts
        ],
        "attachments": list(explanation.attachments),
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
        "terms": list(decision.words()),
        "notes": [{"rule": n.rule, "line": n.line, "text": n.text} for n in decision.notes],
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
                "shadow": step.shadow,
                "why": step.why,
            }
            for step in trace.steps
        ],
    }
