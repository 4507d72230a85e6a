"""What the doctor says: one thing that was looked at, how it is, and what to do.

Must never hold a secret or a word of a mail.
"""

from dataclasses import dataclass
from enum import Enum


class Verdict(Enum):
    """How a check went."""

    GOOD = "ok"
    WARNING = "warning"
    BAD = "stops mail"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at: what, how it is, and what to do."""

    what: str
    verdict: Verdict
    says: str


def good(what: str, says: str) -> Finding:
    """Say that something is as it should be."""
    return Finding(what, Verdict.GOOD, says)
