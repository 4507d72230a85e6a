"""Names of persons, in subjects and short texts: rules first, then what the words around say.

A full name or a title is of medium severity, a first name alone of low.
"""

from dataclasses import dataclass

from policies.detectors.finding import Confidence, Finding, Severity
from policies.detectors.names.rules import NameSpan, spans
from policies.detectors.names.words import Line, line_of
from policies.text.view import View

_NAME = "person_name"
_SPANS = object()  # where a view keeps its names


def names_in(view: View) -> list[NameSpan]:
    """Give the names in a view as spans of its words; worked out once."""
    found: list[NameSpan] | None = view.memory.get(_SPANS)
    if found is None:
        found = view.memory[_SPANS] = _names(line_of(view))
    return found


def _names(line: Line) -> list[NameSpan]:
    return list(spans(line))


@dataclass(frozen=True, slots=True)
class PersonName:
    """Finds names of persons."""

    name: str = _NAME
    label: str = "a person's name"
    severity: Severity = Severity.MEDIUM

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
