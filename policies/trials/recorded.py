"""What is kept of a decision, so that another policy can be asked about it later.

For the gateway, which writes a record of every decision; `policies.trials.recorded_facts` reads it.
A record holds sizes, kinds, counts, domains and keyed hashes of addresses. Promises that it holds
no word of a mail: no subject, no name, no value, no address that could be read.
"""

import re
from collections.abc import Callable
from typing import Any, Final

from policies.conditions.counts import shown_outside
from policies.decision import Decision
from policies.envelope import Envelope
from policies.extraction.passages import Where
from policies.facts import Facts
from policies.findings import Found
from policies.language.members import mailbox_name
from vault.address import Address

MOST_RECIPIENTS: Final = 50
MOST_FINDINGS: Final = 60
MOST_ATTACHMENTS: Final = 40
MOST_PATTERNS: Final = 8
SEPARATORS: Final = r"[._'-]"

Hashed = Callable[[str], str]
"""Gives a keyed hash of a text, in hex."""
Record = dict[str, Any]


def record(
    facts: Facts, decisions: tuple[Decision, ...], hashed: Hashed, *, inside: bool
) -> Record:
    """Return the record of a decided mail, as plain JSON. `inside`: its content was read."""
    facts.found(Where.SUBJECT)  # what a subject holds is kept even if no rule came to ask
    found = {str(where): _findings(there) for where, there in facts.looked_at.items() if there}
    made: Record = {
        "from": _mailbox(facts.envelope.sender, hashed),
        "to": _recipients(decisions, hashed),
        "more": max(0, len(decisions) - MOST_RECIPIENTS),
        "size": facts.outline.size,
        "damaged": facts.damaged,
        "flags": sorted({flag.kind for flag in facts.flags}),
        "shown": _domains(facts),
        "looked": [str(where) for where in facts.looked_at],
        "found": found,
    }
    if inside:
        attachments = facts.content.attachments[:MOST_ATTACHMENTS]
        made["unread"] = facts.content.unread
        made["files"] = [[one.part, one.kind, one.size, str(one.state)] for one in attachments]
    if facts.asked_marking:
        made["marking"] = facts.marking.level.name if facts.marking else None
    return made


def record_of_recipient(envelope: Envelope, decision: Decision, hashed: Hashed) -> Record:
    """Return the record of a recipient who was refused before there was a mail."""
    return {
        "from": _mailbox(envelope.sender, hashed),
        "to": _recipients((decision,), hashed),
        "more": 0,
    }


def _recipients(decisions: tuple[Decision, ...], hashed: Hashed) -> list[Record]:
    return [
        {
            "at": _mailbox(one.recipient, hashed),
            "outcome": str(one.outcome),
            "rules": [reason.rule for reason in one.because],
            "shadow": [reason.rule for reason in one.shadow],
        }
        for one in decisions[:MOST_RECIPIENTS]
    ]


def _mailbox(address: Address | None, hashed: Hashed) -> list[Any] | None:
    """Return the domain, and what recognises address, mailbox and patterns among known ones."""
    if address is None:
        return None
    patterns = [hashed(pattern) for pattern in patterns_of(address.local)[:MOST_PATTERNS]]
    mailbox = hashed(f"{mailbox_name(address.local)}@")
    return [address.domain, hashed(address.folded()), mailbox, patterns]


def patterns_of(local: str) -> list[str]:
    """Return the patterns of one star beside a separator that a mailbox fits: `*-list`, `all-*`."""
    words = re.split(SEPARATORS, local.split("+", 1)[0].lower())
    heads = ("-".join(words[:n]) for n in range(1, len(words)))
    tails = ("-".join(words[n:]) for n in range(len(words) - 1, 0, -1))
    return [pattern for pair in zip(heads, tails, strict=True) for pattern in _either_end(*pair)]


def _either_end(head: str, tail: str) -> tuple[str, str]:
    return f"{head}-*", f"*-{tail}"


def _findings(found: tuple[Found, ...]) -> list[list[Any]]:
    tokens: dict[int, int] = {}
    rows = (
        [
            one.finding.detector,
            int(one.finding.severity),
            int(one.finding.confidence),
            one.part,
            tokens.setdefault(one.token, len(tokens)),
        ]
        for one in found
    )
    return [row for row, _ in zip(rows, range(MOST_FINDINGS), strict=False)]


def _domains(facts: Facts) -> dict[str, int]:
    counts: dict[str, int] = {}
    for address in {one.folded(): one for one in shown_outside(facts)}.values():
        counts[address.domain] = counts.get(address.domain, 0) + 1
    return dict(list(counts.items())[:MOST_RECIPIENTS])
