"""What a scanner is to the rest: it is given a mail in pieces and names what it found.

Promises that there is no third answer: a scanner names something, finds nothing, or raises.
"""

import re
import time
from collections.abc import Iterable, Iterator
from enum import StrEnum
from itertools import chain
from typing import Protocol

UNNAMED = "unnamed"
_LONGEST_NAME = 80
_NOT_IN_NAME = re.compile(r"[^A-Za-z0-9 ._:/()+!-]")

_LEAD = b"Received: by sealgate\r\n"
"""Goes to a scanner before every mail. A header field may be called `GIF89a` or `%PDF-1.4`: a
scanner that tells kinds of files by their first bytes would take the mail for a picture, and look
for no attachments in it."""


class Why(StrEnum):
    """Why a mail was not scanned."""

    DOWN = "cannot be reached"
    SLOW = "did not answer in time"
    TOO_LARGE = "does not look at all of a mail of this size"
    UNINTELLIGIBLE = "gave an answer that is not understood"


class NotScannedError(Exception):
    """A scanner has not looked at all of a mail, or nobody knows whether it did."""

    def __init__(self, why: Why) -> None:
        super().__init__(why.value)
        self.why = why


class Deadline:
    """The moment at which a scan must be over. May be brought forward from another thread."""

    def __init__(self, seconds: float) -> None:
        self._at = time.monotonic() + seconds

    def left(self) -> float:
        """Return the seconds that are left. Raise NotScannedError if there are none."""
        left = self._at - time.monotonic()
        if left <= 0:
            raise NotScannedError(Why.SLOW)
        return left

    def shorten(self, seconds: float) -> None:
        """Let the time be over in so many seconds, if it is not before."""
        self._at = min(self._at, time.monotonic() + seconds)

    def cut(self) -> None:
        """Let the time be over now: nobody waits for the answer any longer."""
        self._at = 0.0


class Scanner(Protocol):
    """One malware scanner. Safe to share between threads."""

    def scan(self, content: Iterable[bytes], size: int, deadline: Deadline) -> str | None:
        """Return the name of what was found in `size` bytes, None if nothing was. Blocks.

        Raise NotScannedError, and whatever reading `content` raises.
        """

    def about(self, deadline: Deadline) -> str:
        """Return what the scanner says it is, for people. Blocks; raises NotScannedError."""


def led(content: Iterable[bytes]) -> Iterator[bytes]:
    """Return a mail as it goes to a scanner: its first bytes say that it is one."""
    return chain([_LEAD], content)


LEAD_SIZE = len(_LEAD)


def plain_name(said: str) -> str:
    """Return what a scanner calls its find, as it may stand in a reply: short, plain characters."""
    return " ".join(_NOT_IN_NAME.sub("?", said).split())[:_LONGEST_NAME] or UNNAMED
