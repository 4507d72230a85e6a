"""Recorded decisions, decided again by two policies: which mail would fare otherwise.

For `sealgate policy diff --replay`. A rule is asked of the record as it is asked of a mail; where a
record does not say enough, the answer is neither yes nor no. Promises that an outcome is told only
if nothing that is unknown could change it. Must never take what was not recorded for absent.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from policies.decision import Outcome
from policies.envelope import Envelope
from policies.trials.asking_again import Again, Asked, Tried
from policies.trials.recorded import Record
from policies.trials.recorded_facts import Known


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A recorded recipient who would fare otherwise. Addresses are told as domains."""

    at: datetime
    sender: str
    recipient: str
    before: Again
    after: Again


@dataclass(slots=True)
class Replayed:
    """What a replay came to. Counts are of recipients; `changes` are in the order of time."""

    mails: int = 0
    recipients: int = 0
    same: int = 0
    changes: list[Change] = field(default_factory=list)
    outcomes: Counter[tuple[str, str]] = field(default_factory=Counter)
    rules_before: Counter[str] = field(default_factory=Counter)
    rules_after: Counter[str] = field(default_factory=Counter)
    unknown: Counter[str] = field(default_factory=Counter)

    @property
    def untold(self) -> int:
        """For how many recipients it cannot be told."""
        return self.recipients - self.same - len(self.changes)


def replay(
    old: Tried,
    new: Tried,
    records: Iterable[tuple[datetime, str, Record]],
    *,
    decided_by: Mapping[str, Tried],
    known: Known,
    own_domains: tuple[str, ...],
) -> Replayed:
    """Decide every record by both policies.

    A record comes with its time and the digest of the policy that decided it; `decided_by` holds
    those policies.
    """
    made = Replayed()
    for at, digest, record in records:
        made.mails += 1
        envelope = _envelope(record, known, own_domains)
        asker = decided_by.get(digest)
        before, after = (
            Asked(tried, asker, record, at, envelope, known).answers() for tried in (old, new)
        )
        for number, entry in enumerate(record["to"]):
            one, other = next(before), next(after)
            if digest == old.policy.digest:
                one = Again(Outcome(entry["outcome"]), tuple(entry["rules"]))
            _count(made, at, record, number, (one, other))
    return made


def _count(
    made: Replayed, at: datetime, record: Record, number: int, pair: tuple[Again, Again]
) -> None:
    before, after = pair
    made.recipients += 1
    made.rules_before.update(before.rules)
    made.rules_after.update(after.rules)
    if before.outcome is None or after.outcome is None:
        made.unknown.update(set(before.unknown + after.unknown))
        return
    made.outcomes[str(before.outcome), str(after.outcome)] += 1
    if before.outcome is after.outcome:
        made.same += 1
        return
    sender = record["from"][0] if record["from"] else "no sender"
    recipient = record["to"][number]["at"][0]
    made.changes.append(
        Change(at=at, sender=sender, recipient=recipient, before=before, after=after)
    )


def _envelope(record: Record, known: Known, own_domains: tuple[str, ...]) -> Envelope:
    return Envelope(
        sender=known.address(record["from"]) if record["from"] else None,
        recipients=tuple(known.address(entry["at"]) for entry in record["to"]),
        own_domains=own_domains,
        authenticated=True,
    )
