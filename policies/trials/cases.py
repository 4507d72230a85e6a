"""Runs the golden cases of a policy: what it decides about each mail, beside what was expected.

For `sealgate policy test`. Promises that the engine is asked as it is for real mail, and that a
case passes only if everything that was written down came out so. Must never change a policy.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from policies.decision import Decision
from policies.engine import Policy
from policies.envelope import Envelope
from policies.extraction.mail import extract
from policies.facts import NOTHING_READ
from policies.knowledge import NOTHING_KNOWN
from policies.language.durations import say_duration
from policies.message.mime import outline
from policies.trials.case_files import PlacedCase
from policies.trials.case_schema import Expected, Known
from policies.trials.case_values import NULL_SENDER
from policies.trials.composing import compose
from vault.address import Address

NO_RULE = "no rule"


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that came out otherwise for a recipient: what, what was expected, what came."""

    recipient: str
    what: str
    expected: str
    found: str


@dataclass(frozen=True, slots=True)
class Result:
    """How a case went. `decisions` say why, in the policy's own words."""

    placed: PlacedCase
    decisions: tuple[Decision, ...]
    differences: tuple[Difference, ...]

    @property
    def passed(self) -> bool:
        """Whether everything came out as expected."""
        return not self.differences


class CaseKnowledge:
    """What a case says the installation knows."""

    def __init__(self, known: Known) -> None:
        self._known = known
        self._before = {_folded(one) for one in (*known.sent_before, *known.writes_often_to)}

    @property
    def now(self) -> datetime:
        """The moment the case names, else the time."""
        return self._known.now or NOTHING_KNOWN.now

    def has_sent_to(self, _sender: Address, recipient: Address) -> bool:
        """Say whether the case names the recipient as written to before."""
        return recipient.folded() in self._before

    def frequent_recipients(self, _sender: Address) -> tuple[Address, ...]:
        """Return whom the case names as often written to."""
        return tuple(Address.parse(one) for one in self._known.writes_often_to)

    def tls_verified(self, domain: str) -> bool:
        """Say whether the case names the domain."""
        return any(Address("any", domain).within([one]) for one in self._known.verified_tls)


def run_cases(
    policy: Policy, cases: Iterable[PlacedCase], domains: tuple[str, ...]
) -> Iterator[Result]:
    """Yield how each case goes. `domains` are ours where a file of cases names none."""
    for placed in cases:
        decisions = _decide(policy, placed, domains)
        pairs = zip(placed.case.to, decisions, strict=True)
        differences = [
            difference
            for recipient, decision in pairs
            for difference in _differences(recipient, decision, placed.case.expected(recipient))
        ]
        yield Result(placed, decisions, tuple(differences))


def _decide(policy: Policy, placed: PlacedCase, domains: tuple[str, ...]) -> tuple[Decision, ...]:
    sender = None if placed.sender == NULL_SENDER else Address.parse(placed.sender)
    envelope = Envelope(
        sender=sender,
        recipients=tuple(Address.parse(recipient) for recipient in placed.case.to),
        own_domains=placed.domains or domains,
        authenticated=sender is not None,
    )
    mail = compose(placed)
    read = outline([mail])
    content = extract(read, [mail]) if policy.reads_inside else NOTHING_READ
    return policy.decide(envelope, read, content, CaseKnowledge(placed.known))


def _differences(
    recipient: str, decision: Decision, expected: Expected | None
) -> Iterator[Difference]:
    if expected is None:
        return
    if decision.outcome != expected.outcome:
        yield Difference(recipient, "outcome", expected.outcome, str(decision.outcome))
    fired = {reason.rule for reason in decision.because}
    if expected.rules is not None and fired != set(expected.rules):
        yield Difference(recipient, "rules", _names(expected.rules), _names(fired))
    told = " ".join([decision.tell_sender, *(note.text for note in decision.notes)]).strip()
    yield from _missing(recipient, "told", expected.told, told)
    yield from _missing(recipient, "terms", expected.terms, ", ".join(decision.words()))
    if expected.expires_after is not None and decision.expires_after != expected.expires_after:
        length = decision.expires_after
        found = say_duration(length) if length else "as installed"
        yield Difference(recipient, "expires_after", say_duration(expected.expires_after), found)
    if expected.replies is not None and decision.reply_allowed is not expected.replies:
        yield Difference(
            recipient, "replies", _yes_no(expected.replies), _yes_no(decision.reply_allowed)
        )


def _missing(recipient: str, what: str, wanted: Iterable[str], said: str) -> Iterator[Difference]:
    for words in wanted:
        if words.casefold() not in said.casefold():
            yield Difference(recipient, what, words, said or "nothing")


def _names(rules: Iterable[str]) -> str:
    return ", ".join(sorted(rules)) or NO_RULE


def _yes_no(value: bool) -> str:
    return "yes" if value else "no"


def _folded(address: str) -> str:
    return Address.parse(address).folded()
