"""What every shipped detector does alike: turn candidates into findings that do not overlap.

Promises that of two candidates in one place the surer one is kept, then the longer one.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from policies.detectors.finding import Confidence, Finding, Severity
from policies.detectors.triggers import ANYTHING, TRIGGERS, Trigger
from policies.text.view import View

_MOST = 100  # candidates looked at in a short text
_ROOM = 64  # characters of a long text for each candidate

Candidate = tuple[int, int, Confidence]  # a span of the normal text, and how sure


@dataclass(frozen=True, slots=True, eq=False)
class ShapeDetector:
    """A detector whose subclass gives the candidates in a view's normal text."""

    name: str
    label: str
    severity: Severity
    fewest_figures: int = 0  # a text with fewer ASCII digits is not looked at
    trigger: Trigger = ANYTHING  # without it a text is not looked at either
    headers: tuple[str, ...] = ()  # what a column of such values is called
    at_once: bool = False  # judges all by what stands near it, so a long text may be given at once

    @property
    def waits(self) -> bool:
        """Whether it finds nothing in a text without its trigger."""
        return self.trigger is not ANYTHING

    def __post_init__(self) -> None:
        """Make the trigger known."""
        if any(self.trigger):
            TRIGGERS.add(self.name, self.trigger)

    def candidates(self, view: View) -> Iterator[Candidate]:
        """Yield spans of the normal text, in any order, overlaps allowed."""
        raise NotImplementedError

    def find(self, view: View) -> list[Finding]:
        """List the findings in `view`, as spans of its original text."""
        if self.waits and self.name not in TRIGGERS.pulled(view):
            return []
        return self.read(view)

    def read(self, view: View) -> list[Finding]:
        """List the findings in a view, whether a trigger stands in it or not."""
        if view.figures < self.fewest_figures:
            return []
        found = [*islice(self.candidates(view), most_in(view))]
        return [
            Finding(*view.span(start, end), self.name, confidence, self.severity)
            for start, end, confidence in (_apart(found) if len(found) > 1 else found)
        ]


def most_in(view: View) -> int:
    """Give how many candidates are looked at in a view: a text with more is full of them."""
    return max(_MOST, len(view.normal) // _ROOM)


def _apart(candidates: list[Candidate]) -> list[Candidate]:
    ranked = sorted(candidates, key=lambda one: (-one[2], one[0] - one[1], one[0]))
    kept: list[Candidate] = []
    taken: set[int] = set()
    for candidate in ranked:
        span = range(candidate[0], candidate[1])
        if taken.isdisjoint(span):
            kept.append(candidate)
            taken.update(span)
    return sorted(kept)
