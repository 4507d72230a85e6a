"""What can be wrong with a policy file or with what a sender wrote in a header.

    PolicyError     the policy file cannot be used; carries every Problem found
    FlagError       a sender's header cannot be honoured; its text is for the sender

Promises that each text says where, what was found, what is allowed and how to mend it.
Must never quote a mail: problems quote the policy file, flag errors quote nothing.
"""

from dataclasses import dataclass

QUOTED_AT_MOST = 60


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """One thing to mend in a policy file or list; `line` is 1-based, 0 for the file as a whole."""

    file: str
    line: int
    rule: str
    found: str
    allowed: str = ""
    mend: str = ""

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}" if self.line else self.file
        rule = f" rule {quoted(self.rule)}:" if self.rule else ""
        allowed = f"; allowed: {self.allowed}" if self.allowed else ""
        mend = f"; {self.mend}" if self.mend else ""
        return f"{place}:{rule} {self.found}{allowed}{mend}"


class PolicyError(Exception):
    """The policy cannot be used. `problems` holds every problem found, in file order."""

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        self.problems = tuple(sorted(problems))
        super().__init__("\n".join(str(problem) for problem in self.problems))


class FlagError(Exception):
    """A protection header cannot be honoured; the text is one line, fit for an SMTP reply."""


def quoted(text: str) -> str:
    """Return what an administrator wrote, in quotes: one line, printable, bounded."""
    shown = text if len(text) <= QUOTED_AT_MOST else text[: QUOTED_AT_MOST - 1] + "…"
    return "'" + "".join(c if c.isprintable() else "?" for c in shown) + "'"
