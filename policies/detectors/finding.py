"""What a detector is, and what it finds.

Promises that a finding says where, what kind and how sure, never what: the value stays in the text.
"""

from dataclasses import dataclass
from enum import IntEnum
from typing import Protocol

from policies.text.view import View


class Severity(IntEnum):
    """How much harm it does in the wrong hands."""

    LOW = 1
    MEDIUM = 2
    HIGH = 3
    CRITICAL = 4


class Confidence(IntEnum):
    """How sure the detector is: by shape alone, with context, by a check digit or a label."""

    POSSIBLE = 1
    LIKELY = 2
    SURE = 3


@dataclass(frozen=True, slots=True, order=True)
class Finding:
    """A span of the original text, in characters, that holds one piece of personal data."""

    start: int
    end: int
    detector: str
    confidence: Confidence
    severity: Severity


class Detector(Protocol):
    """Finds one kind of personal data in a view; linear in its length, never raises."""

    @property
    def name(self) -> str:
        """The name policy files use: `nhs_number`."""

    @property
    def label(self) -> str:
        """What people are told: "an NHS number"."""

    @property
    def severity(self) -> Severity:
        """The severity of its findings."""

    def find(self, view: View) -> list[Finding]:
        """Its findings in the order of the text, none overlapping another."""
