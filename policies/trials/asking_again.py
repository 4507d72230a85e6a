"""One policy, asked about one recorded mail.

A rule is asked of the record as it is asked of a mail; where a record does not say enough, the
answer is neither yes nor no. A rule that stood in the policy which decided, with the same
conditions and the same lists, gives the answer that it gave then. Promises that an outcome is told
only if nothing that is unknown could change it. Must never take what was not recorded for absent.
"""

from collections.abc import Iterator
from dataclasses import dataclass
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


class Asked:
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
        self._record = record
        self._policy = tried.policy
        self._asker = asker
        self._again = tried
        self._envelope = envelope
        self._remembered = _unchanged(tried, asker) if _is_whole(record) else frozenset()
        self._facts = RecordedFacts(
            record, at, tried.policy, envelope, flags_hold=_same_marks(tried, asker)
        )

    def answers(self) -> Iterator[Again]:
        """Yield an answer for each recipient."""
        entries = self._record["to"]
        for recipient, entry in zip(self._envelope.recipients, entries, strict=True):
            yield self._answer(recipient, {*entry["rules"], *entry["shadow"]})

    def _answer(self, recipient: Address, then: set[str]) -> Again:
        fired, outcomes, open_ones = [], [Outcome.RELAY], []
        unknown: list[str] = []
        for rule in self._policy.rules:
            if rule.shadow:
                continue
            if rule.name in self._remembered:
                verdict: bool | None = rule.name in then
            else:
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


def _is_whole(record: Record) -> bool:
    """Say whether there was a mail: at RCPT only the rules that refuse were asked."""
    return "size" in record


def _unchanged(tried: Tried, asker: Tried | None) -> frozenset[str]:
    """Return the rules that fire for the same mail in both policies, as their texts show."""
    if asker is None:
        return frozenset()
    mine, theirs = tried.source, asker.source
    beside = (name for name in type(mine.parsed).model_fields if name != "rules")
    if mine.files != theirs.files or any(
        getattr(mine.parsed, name) != getattr(theirs.parsed, name) for name in beside
    ):
        return frozenset()  # what a rule names may mean something else
    then = {rule.name: (rule.when, rule.except_) for rule in theirs.parsed.rules}
    return frozenset(
        rule.name
        for rule in mine.parsed.rules
        if then.get(rule.name, ()) == (rule.when, rule.except_)
    )
