"""Recorded decisions, decided again by two policies: which mail would fare otherwise.

For `sealgate policy diff --replay`. A rule is asked of the record as it is asked of a mail; where a
record does not say enough, the answer is neither yes nor no. Promises that an outcome is told only
if nothing that is unknown could change it. Must never take what was not recorded for absent.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from policies.conditions import Condition
from policies.decision import Outcome
from policies.detectors import DETECTORS
from policies.engine import UNINSPECTABLE, Policy, Rule
from policies.envelope import Envelope
from policies.language.loader import Source
from policies.trials.recorded import Record
from policies.trials.recorded_facts import PLACES, Known, NotRecorded, RecordedFacts
from vault.address import Address

MARKS = ("sensitivity", "subject_tags", "protective_markings", "msip_labels")
_ABOUT_ADDRESSES = ("the recipient's address", "the sender's address")
FORGOTTEN = "the policy of that time, which is not in the history"


@dataclass(frozen=True, slots=True)
class Tried:
    """A policy as it was read, and compiled."""

    source: Source
    policy: Policy


@dataclass(frozen=True, slots=True)
class Again:
    """What one policy would decide about a recorded recipient; None: it cannot be told.

    `unknown` names what would have to be known.
    """

    outcome: Outcome | None
    rules: tuple[str, ...]
    unknown: tuple[str, ...] = ()


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
            _Asked(tried, asker, record, at, envelope, known).answers() for tried in (old, new)
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


class _Asked:
    """One policy, asked about one record."""

    def __init__(
        self,
        tried: Tried,
        asker: Tried | None,
        record: Record,
        at: datetime,
        envelope: Envelope,
        known: Known,
    ) -> None:
        self._known = known
        self._policy = tried.policy
        self._asker = asker
        self._again = tried
        self._envelope = envelope
        self._facts = RecordedFacts(
            record, at, tried.policy, envelope, flags_hold=_same_marks(tried, asker)
        )

    def answers(self) -> Iterator[Again]:
        """Yield an answer for each recipient."""
        return (self._answer(recipient) for recipient in self._envelope.recipients)

    def _answer(self, recipient: Address) -> Again:
        fired, outcomes, open_ones = [], [Outcome.RELAY], []
        unknown: list[str] = []
        for rule in self._policy.rules:
            if rule.shadow:
                continue
            verdict = self._fires(rule, recipient, unknown)
            if verdict:
                fired.append(rule.name)
                outcomes.append(rule.then)
            elif verdict is None:
                open_ones.append(rule.then)
        self._uninspectable(recipient, fired, outcomes, open_ones, unknown)
        outcome = max(outcomes, key=lambda one: one.protection)
        if any(one.protection > outcome.protection for one in open_ones):
            return Again(None, tuple(fired), tuple(dict.fromkeys(unknown)))
        return Again(outcome, tuple(fired))

    def _uninspectable(
        self,
        recipient: Address,
        fired: list[str],
        outcomes: list[Outcome],
        open_ones: list[Outcome],
        unknown: list[str],
    ) -> None:
        """Ask the built-in rule as well."""
        if self._envelope.is_internal(recipient):
            return
        try:
            inside = self._policy.asks_inside
            if self._facts.unreadable if inside else self._facts.damaged:
                fired.append(UNINSPECTABLE.rule)
                outcomes.append(Outcome.SEAL)
        except NotRecorded as missing:
            open_ones.append(Outcome.SEAL)
            unknown.append(str(missing))

    def _fires(self, rule: Rule, recipient: Address, unknown: list[str]) -> bool | None:
        """Say whether a rule fires; None if the record does not say."""
        when, missing = self._all_hold(rule.when, recipient)
        if when is False:
            return False
        unless, also = self._all_hold(rule.unless, recipient) if rule.unless else (False, [])
        if unless is True:
            return False
        if when and unless is False:
            return True
        unknown += missing + also
        return None

    def _all_hold(
        self, block: tuple[Condition, ...], recipient: Address
    ) -> tuple[bool | None, list[str]]:
        missing: list[str] = []
        for condition in block:
            try:
                self._check_sought(condition)
                if condition.test(self._facts, recipient) is None:
                    self._check_pattern(condition)
                    return False, []
            except NotRecorded as error:
                missing.append(str(error))
        return (None if missing else True), missing

    def _check_pattern(self, condition: Condition) -> None:
        """Raise NotRecorded if an address that is known by its hash might fit a pattern."""
        if self._known.odd_patterns and condition.asks.startswith(_ABOUT_ADDRESSES):
            raise NotRecorded("whether a mailbox fits a pattern such as *list")

    def _check_sought(self, condition: Condition) -> None:
        """Raise NotRecorded if a detector was not asked then, or was another of that name."""
        for where, name in sorted(condition.sought):
            if self._asker is None:
                raise NotRecorded(FORGOTTEN)
            asked = {one.name for one in self._asker.policy.searched.get(where, ())}
            if name not in asked or not self._same_detector(name):
                raise NotRecorded(f"{name} in {PLACES[where]}, for which no rule asked then")

    def _same_detector(self, name: str) -> bool:
        if name in DETECTORS or self._asker is None:
            return True
        mine, theirs = (
            getattr(one.source.parsed, "detectors", {}).get(name)
            for one in (self._again, self._asker)
        )
        return bool(mine == theirs)


def _same_marks(tried: Tried, asker: Tried | None) -> bool:
    if asker is None:
        return False
    mine, theirs = tried.source.parsed.settings, asker.source.parsed.settings
    return all(getattr(mine, name) == getattr(theirs, name) for name in MARKS)
