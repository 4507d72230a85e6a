"""What a next hop says: replies on the wire, and the answer each recipient gets.

Promises that every answer is short, printable ASCII with a consistent enhanced status code
(RFC 3463), whatever the next hop sent. Must never raise on text from outside.
"""

import re
from dataclasses import dataclass, field, replace
from typing import Self

LONGEST_TEXT = 300

YES, GO_ON, LATER, NEVER = 2, 3, 4, 5  # the first digit of a code (RFC 5321 section 4.2.1)
READY, LOGGED_IN, DONE, NEXT_WORD, SEND_MAIL, CLOSING = 220, 235, 250, 334, 354, 421

_LINE = re.compile(rb"([2-5][0-9][0-9])(?:([ -])(.*))?", re.DOTALL)
_ENHANCED = re.compile(r"([245])\.(\d{1,3})\.(\d{1,3})(?!\S)")
_UNPRINTABLE = re.compile(r"[^ -~]+")


class UnintelligibleError(Exception):
    """The next hop said something that is not an SMTP reply."""


@dataclass(frozen=True, slots=True)
class Reply:
    """One reply as it arrived: a code and its lines, without codes and line ends."""

    code: int
    lines: tuple[bytes, ...]

    @property
    def positive(self) -> bool:
        """Whether the command was done (2yz)."""
        return self.code // 100 == YES


@dataclass(frozen=True, slots=True)
class Answer:
    """The outcome for one recipient: code (2yz, 4yz or 5yz), enhanced code, short text.

    `reports`: the next hop has taken over telling the sender what becomes of it (RFC 3461). `by` is
    the name of the server that answered, "" where none did.
    """

    code: int
    enhanced: str
    text: str
    reports: bool = field(default=False, compare=False)
    by: str = field(default="", compare=False)

    @property
    def positive(self) -> bool:
        """Whether the next hop took the mail for this recipient."""
        return self.code // 100 == YES

    @property
    def temporary(self) -> bool:
        """Whether trying again later may help."""
        return self.code // 100 == LATER

    @property
    def permanent(self) -> bool:
        """Whether trying again cannot help."""
        return self.code // 100 == NEVER

    @property
    def status(self) -> str:
        """Return the enhanced code and the text, as kept in the audit and told to senders."""
        return f"{self.enhanced} {self.text}"

    @classmethod
    def of(cls, reply: Reply) -> Self:
        """Read the enhanced code out of a reply; give `n.0.0` where there is none that fits."""
        words = b" ".join(reply.lines).decode("utf-8", "replace")
        found = _ENHANCED.match(words)
        enhanced = f"{reply.code // 100}.0.0"
        if found and found[1] == enhanced[0]:
            enhanced = found[0]
            # Each line of a multi-line reply repeats the code (RFC 2034 section 3).
            words = words.replace(found[0], "")
        return cls(reply.code, enhanced, printable(words))

    def reported(self) -> "Answer":
        """Return the same answer from a next hop that tells the sender what becomes of it."""
        return replace(self, reports=True)

    def said_by(self, host: str) -> "Answer":
        """Return the same answer with the name of the server that gave it."""
        return replace(self, by=host)

    def later(self) -> "Answer":
        """Return the same answer as a temporary one, for refusals that are not the mail's fault."""
        code = 400 + self.code % 100
        return Answer(code, "4" + self.enhanced[1:], self.text)


def printable(text: str) -> str:
    """Return `text` as one short line of printable ASCII."""
    return " ".join(_UNPRINTABLE.sub(" ", text).split())[:LONGEST_TEXT]


def reply_line(line: bytes) -> tuple[int, bytes, bool]:
    """Split one reply line, without its line end, into code, text and whether it is the last.

    A missing text and a missing space are forgiven (RFC 5321 section 4.2.1).
    """
    found = _LINE.fullmatch(line)
    if found is None:
        raise UnintelligibleError("the next hop did not speak SMTP")
    return int(found[1]), found[3] or b"", found[2] != b"-"
