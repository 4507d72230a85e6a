"""`subject`, `body`, `anywhere`: what the texts of a mail hold.

Promises that words and findings are looked for in every reading, and that a value which stands in
several of them is counted once.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from policies.conditions.base import Because, Condition, Reads, Scope, Sought, either, listing
from policies.detectors import Confidence, Detector, Severity, groups
from policies.extraction.passages import Where
from policies.facts import Facts
from policies.findings import Found
from policies.language.schema import TextTest
from policies.text.words import Words
from vault.address import Address

EVERYWHERE = tuple(Where)
IN_ATTACHMENTS = (Where.ATTACHMENT_NAME, Where.ATTACHMENT)

_GROUPS = {
    "any": "personal data of any kind",
    "identifiers": "an identifier",
    "names": "a name",
    "facts": "a fact about a person",
}
"""The groups of detectors in people's words; to name each member would be read by nobody."""

Keeps = Callable[[int], bool]
"""Whether a part of the mail is one that is asked about."""


@dataclass(frozen=True, slots=True)
class TextSearch:
    """The tests of a text, compiled: `ask` returns None, or what was found, in words."""

    places: tuple[Where, ...]
    finds: bool  # whether anything must be found: a group may have no detector in it
    detectors: tuple[Detector, ...]
    named: tuple[str, ...]  # what is looked for, in people's words; a group is one of them
    severity: Severity
    confidence: Confidence
    at_least: int
    words: Words

    @classmethod
    def of(cls, value: TextTest, places: tuple[Where, ...], scope: Scope) -> "TextSearch":
        """Compile what is written; thresholds without `finds` are about any finding."""
        limited = value.severity or value.confidence or value.at_least
        words = value.finds or (["any"] if limited else [])
        members = (name for word in words for name in groups.members(word, scope.detectors))
        return cls(
            places,
            bool(words),
            tuple(scope.detectors[name] for name in dict.fromkeys(members)),
            tuple(_GROUPS.get(word) or scope.detectors[word].label for word in words),
            Severity[(value.severity or "low").upper()],
            Confidence[(value.confidence or "possible").upper()],
            value.at_least or 1,
            Words(value.contains or ()),
        )

    @property
    def sought(self) -> Sought:
        """What must be searched for, and where."""
        return frozenset((where, one.name) for where in self.places for one in self.detectors)

    @property
    def asks(self) -> str:
        """The question in words, after "the subject"."""
        asks = []
        if self.finds:
            labels = self.named if self.detectors else ("what no detector looks for",)
            named = either(_shortened(labels))
            atleast = f" at least {self.at_least} times" if self.at_least > 1 else ""
            asks.append(f"seems to contain {named}{atleast}{self._limits}")
        if self.words:
            asks.append("contains one of the policy's words")
        return " and ".join(asks)

    @property
    def _limits(self) -> str:
        limits = []
        if self.severity > Severity.LOW:
            limits.append(f"of {self.severity.name.lower()} severity or more")
        if self.confidence > Confidence.POSSIBLE:
            limits.append(f"that is {self.confidence.name.lower()} or more certain")
        return f" ({', '.join(limits)})" if limits else ""

    def ask(self, facts: Facts, keeps: Keeps = lambda _part: True) -> Because | None:
        """Return what was found in the parts that are kept, if it is all that was asked for."""
        texts: list[str] = []
        labels: tuple[str, ...] = ()
        if self.finds:
            found = self._found(facts, keeps)
            values = len({one.token for one in found})
            if values < self.at_least:
                return None
            labels = self._labels(found)
            number = f" ({values} different values)" if self.at_least > 1 else ""
            texts.append(f"seems to contain {listing(_shortened(labels))}{number}")
        if self.words:
            if not self._has_words(facts, keeps):
                return None
            texts.append("contains a word that the policy names")
        return Because(" and ".join(texts), labels)

    def _found(self, facts: Facts, keeps: Keeps) -> list[Found]:
        names = {detector.name for detector in self.detectors}
        return [
            one
            for where in self.places
            for one in facts.found(where)
            if one.finding.detector in names
            and one.finding.severity >= self.severity
            and one.finding.confidence >= self.confidence
            and keeps(one.part)
        ]

    def _labels(self, found: Iterable[Found]) -> tuple[str, ...]:
        names = {one.finding.detector for one in found}
        return tuple(one.label for one in self.detectors if one.name in names)

    def _has_words(self, facts: Facts, keeps: Keeps) -> bool:
        texts = (
            passage.text
            for where in self.places
            for passage in facts.prose(where)
            if keeps(passage.part)
        )
        return self.words.in_any(texts)


def subject(value: TextTest, scope: Scope) -> Condition:
    """Compile the tests of the subject."""
    return _condition("the subject", TextSearch.of(value, (Where.SUBJECT,), scope))


def body(value: TextTest, scope: Scope) -> Condition:
    """Compile the tests of the text."""
    return _condition("the text", TextSearch.of(value, (Where.BODY,), scope))


def anywhere(value: TextTest, scope: Scope) -> Condition:
    """Compile the tests of all texts together."""
    return _condition("the mail", TextSearch.of(value, EVERYWHERE, scope))


def _condition(what: str, search: TextSearch) -> Condition:
    def test(facts: Facts, _recipient: Address) -> Because | None:
        found = search.ask(facts)
        return found and Because(f"{what.capitalize()} {found.text}.", found.found)

    reads = Reads.CONTENT if search.places == (Where.SUBJECT,) else Reads.INSIDE
    return Condition(f"{what} {search.asks}", reads, test, search.sought)


SHOWN_AT_MOST = 8


def _shortened(labels: Iterable[str]) -> list[str]:
    """Return labels, or where there are many the first of them and that there are more."""
    every = list(labels)
    return every if len(every) <= SHOWN_AT_MOST + 1 else [*every[:SHOWN_AT_MOST], "more"]
