"""What a replay came to: lines for people, one JSON object for machines.

For `sealgate policy diff --replay`. Promises that what cannot be told is counted and named, and
that no address is shown: records do not hold any.
"""

import json
from collections.abc import Iterator
from typing import Any

from policies.trials.replay import Change, Replayed

SHOWN_AT_MOST = 200


def text(replayed: Replayed) -> str:
    """Return the report for a person."""
    return "\n".join(_lines(replayed)) + "\n"


def to_json(replayed: Replayed) -> str:
    """Return the report as one JSON object."""
    return json.dumps(_plain(replayed), indent=2)


def _lines(replayed: Replayed) -> Iterator[str]:
    yield f"{replayed.mails} mails with {replayed.recipients} recipients, decided again:"
    same, changed, untold = replayed.same, len(replayed.changes), replayed.untold
    yield f"  {same} as before, {changed} otherwise, {untold} cannot be told."
    for (before, after), count in sorted(replayed.outcomes.items()):
        if before != after:
            yield f"  {before} becomes {after}: {count}"
    rules = sorted(replayed.rules_before.keys() | replayed.rules_after.keys())
    for rule in rules:
        fired, fires = replayed.rules_before[rule], replayed.rules_after[rule]
        if fired != fires:
            yield f"  rule {rule} fires {fires} times instead of {fired}"
    for what, count in replayed.unknown.most_common():
        yield f"  cannot tell for {count}: {what}"
    if replayed.changes:
        yield ""
        yield "These would fare otherwise (times in UTC; addresses are not kept):"
    for change in replayed.changes[:SHOWN_AT_MOST]:
        yield f"  {_said(change)}"
    if len(replayed.changes) > SHOWN_AT_MOST:
        yield f"  and {len(replayed.changes) - SHOWN_AT_MOST} more (--json shows all)"


def _said(change: Change) -> str:
    fired = ", ".join(change.after.rules) or "no rule"
    outcomes = f"{change.before.outcome} becomes {change.after.outcome}"
    return (
        f"{change.at:%Y-%m-%d %H:%M:%S}  {change.sender} to {change.recipient}: "
        f"{outcomes} ({fired})"
    )


def _plain(replayed: Replayed) -> dict[str, Any]:
    return {
        "mails": replayed.mails,
        "recipients": replayed.recipients,
        "same": replayed.same,
        "changed": len(replayed.changes),
        "cannot_tell": replayed.untold,
        "outcomes": [
            {"before": before, "after": after, "recipients": count}
            for (before, after), count in sorted(replayed.outcomes.items())
        ],
        "rules": {
            rule: {"before": replayed.rules_before[rule], "after": replayed.rules_after[rule]}
            for rule in sorted(replayed.rules_before.keys() | replayed.rules_after.keys())
        },
        "unknown": dict(replayed.unknown.most_common()),
        "changes": [
            {
                "at": change.at.isoformat(),
                "sender_domain": change.sender,
                "recipient_domain": change.recipient,
                "before": str(change.before.outcome),
                "after": str(change.after.outcome),
                "rules_before": list(change.before.rules),
                "rules_after": list(change.after.rules),
            }
            for change in replayed.changes
        ],
    }
