"""Unique Learner Numbers: ten digits that follow a learner from fourteen on.

Source: Learning Records Service, ULN specification: weights 10 to 2, and a check digit that makes
the sum ten more than a multiple of 11, so that no ULN is an NHS number. One number in twelve
passes: words of learning must stand by it.
"""

from policies.detectors.context import THINGS, Words
from policies.detectors.finding import Severity
from policies.detectors.registered_number import RegisteredNumber
from policies.detectors.tens import Span, Tens
from policies.detectors.triggers import NUMBER
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


class UniqueLearnerNumber(RegisteredNumber):
    """Ten digits that check beside words of learning; any ten that are called a ULN."""

    def own(self) -> Words:
        """Give what such a number is called."""
        return _OWN

    def field(self) -> Words:
        """Give the words of learning."""
        return _LEARNING

    def checking(self, tens: Tens) -> list[Span]:
        """Give where the numbers stand that check as those of learners."""
        return tens.learners

    def foreign(self, view: View, start: int, end: int) -> bool:
        """Tell whether it is called the number of a thing."""
        return THINGS.right_before(view, start)

    def doubtful(self, view: View, start: int, end: int) -> bool:
        """Tell whether words of things stand near."""
        return THINGS.near(view, start, end)


ULN = UniqueLearnerNumber(
    "uln",
    "a Unique Learner Number",
    Severity.HIGH,
    trigger=NUMBER,
    headers=("ULN", "Unique Learner Number", "Learner number"),
    at_once=True,
)
