"""Detectors of sensitive facts: a phrase of the list that is said of one person.

A fact is of high severity; beside a name it is likely, beside a mere noun as well, as nobody else
can be meant by who reads it. Amounts count with words of pay and debt.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from policies.detectors.facts.person import Evidence, evidence, said_of_somebody
from policies.detectors.facts.prose import GREETED, IN_PROSE, OWNED, Known, said_in, sentences
from policies.detectors.facts.terms import Term, terms_in
from policies.detectors.finding import Confidence, Finding, Severity
from policies.detectors.names.gazetteer import words_of
from policies.detectors.names.initials import initials_in
from policies.detectors.names.person_name import names_in
from policies.detectors.names.words import Line, line_of
from policies.text.view import View

_FACTS = object()  # where a view keeps its facts
SAID_OF_SOMEBODY = object()  # set in a view of one line of a form about a person
# Whose age is told beside their name is a case, and what follows is about them.
_AGED = re.compile(r"(?i)\b(?:aged?|age of) ?\d{1,3}\b|\b\d{1,2}[ -]?(?:years?|yrs?)[ -]old\b")
_AMOUNT = re.compile(r"£ ?[0-9][0-9,.]{0,12}k?")  # bounded: nothing to go back to
_PAY = words_of("cues.txt", "pay and debt", "facts")
_NO_PERSONS_MONEY = words_of("cues.txt", "money of bodies", "facts")

Fact = tuple[int, int, str]  # a span of the normal text, and what it is about


def facts_in(view: View) -> list[Fact]:
    """Give the facts in a view, worked out once."""
    found: list[Fact] | None = view.memory.get(_FACTS)
    if found is None:
        found = view.memory[_FACTS] = list(_facts(view))
    return found


def none_in(view: View) -> None:
    """Let a view that cannot hold facts have none, without reading it."""
    view.memory[_FACTS] = []


def _facts(view: View) -> Iterator[Fact]:
    line = line_of(view)
    terms = list(_longest(list(terms_in(line))))
    amounts = "£" in view.normal
    if not terms and not amounts:
        return
    named = names_in(view)
    if view.memory.get(IN_PROSE):
        yield from _in_prose(view, line, terms)
        return
    somebody = bool(named) or bool(initials_in(view)) or bool(view.memory.get(SAID_OF_SOMEBODY))
    about = evidence(line, somebody)
    inside = {at for first, end, _ in named if end - first > 1 for at in range(first, end)}
    for term in terms:
        if not (term.first in inside and term.end == term.first + 1) and said_of_somebody(
            line, term, about
        ):
            yield line.words[term.first].start, line.words[term.end - 1].end, term.about
    if amounts and _is_pay({word.low for word in line.words}, about):
        for match in _AMOUNT.finditer(view.normal):
            yield match.start(), match.end(), "money_fact"


def _in_prose(view: View, line: Line, terms: list[Term]) -> Iterator[Fact]:
    """Read a line of running text, a sentence at a time."""
    named = names_in(view)
    inside = {at for first, end, _ in named if end - first > 1 for at in range(first, end)}
    terms = [one for one in terms if not (one.first in inside and one.end == one.first + 1)]
    amounts = [one.span() for one in _AMOUNT.finditer(view.normal)] if "£" in view.normal else []
    known = Known(
        named,
        [(first, end) for first, end, _ in initials_in(view)],
        said=bool(view.memory.get(SAID_OF_SOMEBODY) or (named and _AGED.search(view.normal))),
        owned=bool(view.memory.get(OWNED)),
        greeted=bool(view.memory.get(GREETED)),
    )
    for start, sentence in sentences(line, known):
        words = sentence.line.words
        for term in terms:
            own = term._replace(first=term.first - start, end=term.end - start)
            if own.first >= 0 and own.end <= len(words) and said_in(sentence, own):
                yield words[own.first].start, words[own.end - 1].end, term.about
        if not sentence.generic and _is_pay({word.low for word in words}, sentence.about):
            for first, end in amounts:
                if words[0].start <= first <= words[-1].end:
                    yield first, end, "money_fact"


def _is_pay(words: set[str], about: Evidence) -> bool:
    somebody = about.named or (about.nouns and not about.themes)
    return bool(somebody) and not words.isdisjoint(_PAY) and words.isdisjoint(_NO_PERSONS_MONEY)


def is_of_pay(low: str) -> bool:
    """Tell whether a word is of those without which an amount is nobody's."""
    return low in _PAY


def _longest(terms: list[Term]) -> Iterator[Term]:
    """Leave out phrases inside a longer one about the same thing."""
    reach: dict[str, int] = {}
    for term in terms:
        if term.end > reach.get(term.about, 0):
            reach[term.about] = term.end
            yield term


@dataclass(frozen=True, slots=True, eq=False)
class FactDetector:
    """Finds facts of one kind."""

    name: str
    label: str
    severity: Severity = Severity.HIGH

    def find(self, view: View) -> list[Finding]:
        """List the facts of this kind in a view."""
        return [
            Finding(*view.span(start, end), self.name, Confidence.LIKELY, self.severity)
            for start, end, about in facts_in(view)
            if about == self.name
        ]


HEALTH_FACT = FactDetector("health_fact", "a fact about health")
SPECIAL_CATEGORY = FactDetector("special_category", "a protected fact")
EMPLOYMENT_FACT = FactDetector("employment_fact", "a fact about a job")
MONEY_FACT = FactDetector("money_fact", "a fact about money")
FACTS = (HEALTH_FACT, SPECIAL_CATEGORY, EMPLOYMENT_FACT, MONEY_FACT)
