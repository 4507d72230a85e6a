"""Unique Learner Numbers: ten digits that follow a learner from fourteen on.

Source: Learning Records Service, ULN specification: weights 10 to 2, and a check digit that makes
the sum ten more than a multiple of 11, so that no ULN is an NHS number. One number in twelve
passes: words of learning must stand by it.
"""

from collections.abc import Iterator

from policies.detectors.base import Candidate, ShapeDetector
from policies.detectors.context import THINGS, Words
from policies.detectors.finding import Confidence, Severity
from policies.detectors.health_number import LENGTH, WEIGHTS
from policies.detectors.triggers import NUMBER
from policies.text.numbers import Window
from policies.text.view import View

_OWN = Words(
    "uln", "ulns", "unique learner number", "learner number", "learner no", "learner id",
    "learner ref", "learner",
)  # fmt: skip
_LEARNING = Words(
    "learners", "exam", "exams", "exam entry", "candidate", "enrolment", "enrolled", "enrol",
    "qualification", "btec", "gcse", "a level", "apprentice", "apprenticeship", "college",
    "student", "students", "sixth form", "lrs", "ilr", "plr", "personal learning record",
    "achievement", "certificate", "results", "school leaver", "traineeship", "t level",
)  # fmt: skip
_REMAINDER = 10


class UniqueLearnerNumber(ShapeDetector):
    """Ten digits that check beside words of learning; any ten that are called a ULN."""

    def candidates(self, view: View) -> Iterator[Candidate]:
        """Yield ten-digit windows near such words."""
        named = _OWN.anywhere(view)
        if not named and not _LEARNING.anywhere(view):
            return
        for run in view.runs:
            sums = run.weighted(WEIGHTS)
            for at in run.stretches(LENGTH):
                checks = sums[at] % 11 == _REMAINDER
                if checks or (at == 0 and named):
                    window = run.window(at, LENGTH)
                    confidence = _judge(view, window, checks=checks)
                    if confidence:
                        yield window.start, window.end, confidence


def _judge(view: View, window: Window, *, checks: bool) -> Confidence | None:
    start, end = window.start, window.end
    if _OWN.right_before(view, start):
        return Confidence.SURE if checks else Confidence.LIKELY
    if not checks or THINGS.right_before(view, start):
        return None
    if _OWN.near(view, start, end):
        return Confidence.SURE
    near = _LEARNING.near(view, start, end) and not THINGS.near(view, start, end)
    return Confidence.LIKELY if near else None


ULN = UniqueLearnerNumber(
    "uln",
    "a Unique Learner Number",
    Severity.HIGH,
    trigger=NUMBER,
    headers=("ULN", "Unique Learner Number", "Learner number"),
)
