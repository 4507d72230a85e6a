"""Names of persons: those of a roster, then by rules, then by what the words around say.

A full name or a title is of medium severity, a first name alone of low.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from policies.detectors.finding import Confidence, Finding, Severity
from policies.detectors.names.candidates import (
    FIRST,
    NAMED,
    OTHER,
    SURNAME,
    after_saint,
    makes_thing,
    may_be,
)
from policies.detectors.names.model import Model
from policies.detectors.names.roster import known_in
from policies.detectors.names.rules import NameSpan, spans
from policies.detectors.names.words import Case, Line, line_of
from policies.text.view import View

_NAME = "person_name"
_SPANS = object()  # where a view keeps its names
_LEAST = 0.5  # chance from which a word alone is a possible name
_DOUBTFUL = 0.85  # the same for a word that is something else as well
_ALONE_IN_CASE = 0.97  # and where capitals say nothing
_UNKNOWN = 0.95  # and for words that are in no list of names
_LIKELY = 0.95
_BETWEEN = frozenset({" & ", "/", " / ", " + "})
_LONGEST_NAME = 3
_INSIDE = frozenset({" ", "-", ", ", ". "})  # what may stand between the words of one name


def names_in(view: View) -> list[NameSpan]:
    """Give the names in a view as spans of its words; worked out once."""
    found: list[NameSpan] | None = view.memory.get(_SPANS)
    if found is None:
        found = view.memory[_SPANS] = _names(line_of(view))
    return found


def none_in(view: View) -> None:
    """Let a view that cannot hold names have none, without reading it."""
    view.memory[_SPANS] = []


def _names(line: Line) -> list[NameSpan]:
    found = list(known_in(line))
    taken = {at for first, end, _ in found for at in range(first, end)}
    found += [one for one in spans(line) if taken.isdisjoint(range(one[0], one[1]))]
    taken.update(at for first, end, _ in found for at in range(first, end))
    left = [at for at, word in enumerate(line.words) if at not in taken and may_be(line, word)]
    if not left:
        return found
    model = Model(line)
    likely = {at: chance for at in left if (chance := model.probability(at)) > _LEAST}
    found = sorted(found + list(_joined(line, likely)))
    return sorted(found + list(_partners(line, found))) if found else found


def _partners(line: Line, found: list[NameSpan]) -> Iterator[NameSpan]:
    """Find the other half of `Mark and Scarlett`, where one half is known."""
    starts, ends = {one[0] for one in found}, {one[1] for one in found}
    taken = {at for first, end, _ in found for at in range(first, end)}
    for at in range(len(line.words) - 1):
        gap = 2 if line.words[at + 1].low == "and" else 1
        other = at + gap
        if other >= len(line.words) or (gap == 1 and line.words[other].gap not in _BETWEEN):
            continue
        for here, there in ((at, other in starts), (other, at + 1 in ends)):
            word = line.words[here]
            if there and here not in taken and word.kinds & FIRST and may_be(line, word):
                taken.add(here)
                yield here, here + 1, Confidence.POSSIBLE


def _joined(line: Line, likely: dict[int, float]) -> Iterator[NameSpan]:
    """Join likely words that stand together, and say how sure each row of them is."""
    rows: list[list[int]] = []
    for at in likely:
        if rows and rows[-1][-1] == at - 1 and line.words[at].gap in _INSIDE:
            rows[-1].append(at)
        else:
            rows.append([at])
    for row in rows:
        if not _stands_for_a_person(line, row, likely):
            continue
        sure = len(row) > 1 and all(likely[at] > _LIKELY for at in row)
        yield row[0], row[-1] + 1, Confidence.LIKELY if sure else Confidence.POSSIBLE


def _stands_for_a_person(line: Line, row: list[int], likely: dict[int, float]) -> bool:
    """Ask more of words that are in no list of names, and of what makes a place or a firm."""
    owns = line.words[row[-1]].owns
    if after_saint(line, row[0]) or (_leads_to_a_thing(line, row[-1]) and not owns):
        return False
    if len(row) == 1 and _of_a_firm(line, row[0]):
        return False
    best = max(likely[at] for at in row)
    known = [line.words[at].kinds for at in row if line.words[at].kinds & NAMED]
    if not known:
        return best > (_UNKNOWN if len(row) == 1 else _DOUBTFUL)
    if len(row) > 1 or not known[0] & OTHER:
        return best > _LEAST
    return best > (_DOUBTFUL if line.case is Case.MIXED else _ALONE_IN_CASE)


def _leads_to_a_thing(line: Line, at: int) -> bool:
    """Tell whether a place or firm is called after somebody: Margaret McMillan Nursery."""
    after = at + 1
    while after < len(line.words) and after - at < _LONGEST_NAME:
        if makes_thing(line, after):
            return True
        word = line.words[after]
        if word.gap != " " or not word.kinds & NAMED or not may_be(line, word):
            return False
        after += 1
    return False


def _of_a_firm(line: Line, at: int) -> bool:
    """Tell whether surnames are joined as firms join them: Marsh & Levy."""
    words = line.words
    surname = words[at].kinds & NAMED == SURNAME or not words[at].kinds
    gaps = [words[at].gap] if at else []
    gaps += [words[at + 1].gap] if at + 1 < len(words) else []
    return surname and " & " in gaps


@dataclass(frozen=True, slots=True, eq=False)
class PersonName:
    """Finds names of persons."""

    name: str = _NAME
    label: str = "a person's name"
    severity: Severity = Severity.MEDIUM
    headers: tuple[str, ...] = (
        "name", "full name", "forename", "forenames", "first name", "surname", "last name",
        "family name", "known as", "preferred name", "pupil name", "pupil", "student name",
        "child name", "patient name", "client name", "tenant name", "employee name", "parent name",
        "contact name", "carer name", "next of kin",
    )  # fmt: skip

    def find(self, view: View) -> list[Finding]:
        """List the names in a view."""
        line = line_of(view)
        return [self._finding(view, line, span) for span in names_in(view)]

    def _finding(self, view: View, line: Line, span: NameSpan) -> Finding:
        first, end, confidence = span
        start, stop = view.span(line.words[first].start, line.words[end - 1].end)
        severity = Severity.LOW if confidence is Confidence.POSSIBLE else self.severity
        return Finding(start, stop, self.name, confidence, severity)


PERSON_NAME = PersonName()
