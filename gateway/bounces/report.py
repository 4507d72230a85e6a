"""What a mail that came back says: did the notice arrive, and if not, why.

Promises a status with an enhanced code (RFC 3463) and a short line of printable ASCII without
links, whatever the other side wrote: it is shown to a person. Pure.
"""

import re
from dataclasses import dataclass
from enum import StrEnum

LONGEST_SAID = 160

_UNPRINTABLE = re.compile(r"[^ -~]+")
_LINK = re.compile(r"(?:\b[a-z][a-z0-9+.-]{1,20}://|\bwww\.|\bmailto:)", re.IGNORECASE)
_ENHANCED = re.compile(r"(?<![\d.])([245]\.\d{1,3}\.\d{1,3})(?![\d.])")
_CODES = re.compile(r"(?<![\d.#])[245]\d\d[ -](?:[245]\.\d{1,3}\.\d{1,3}\b)?")
_LEAD = re.compile(r"^(?:smtp|x-[\w-]{1,40}|dns|unix)\s*;\s*", re.IGNORECASE)
_GENERIC = frozenset({"", "4.0.0", "5.0.0"})


class Outcome(StrEnum):
    """What became of a notice, as somebody else's server says."""

    FAILED = "failed"
    DELAYED = "delayed"
    DELIVERED = "delivered"
    AUTOMATIC = "automatic"  # an answer that no person wrote


@dataclass(frozen=True, slots=True)
class Report:
    """An outcome, its enhanced status code ("" for AUTOMATIC), and the other server's words."""

    outcome: Outcome
    status: str = ""
    said: str = ""

    @property
    def line(self) -> str:
        """Code and words, as an answer of the next hop is kept."""
        return f"{self.status} {self.said}".strip()


def failed(status: str, said: str) -> Report:
    """Return a failure. The code is taken from the words if the given one says nothing."""
    return Report(Outcome.FAILED, _coded(status, said, "5"), tidy(said))


def delayed(status: str, said: str) -> Report:
    """Return a delay."""
    return Report(Outcome.DELAYED, _coded(status, said, "4"), tidy(said))


def tidy(said: str) -> str:
    """Return another server's words on one line: no codes before them, no links, not long."""
    line = " ".join(_UNPRINTABLE.sub(" ", _LEAD.sub("", said.strip())).split())
    line = " ".join(_CODES.sub(" ", line).split())
    found = _LINK.search(line)
    line = line[: found.start()] if found else line
    return line[:LONGEST_SAID].strip(" -:;,").rstrip(" (<")


def enhanced(text: str) -> str:
    """Return the first enhanced status code in a text that tells of a failure; "" for none."""
    return next((one for one in _ENHANCED.findall(text) if one[0] != "2"), "")


def _coded(status: str, said: str, kind: str) -> str:
    """Return a code of this kind: what was given if it says something, else what the words say.

    A server that has tried for days reports a failure with a temporary code (4.4.7): as a
    permanent one it means the same.
    """
    given = enhanced(status) if status not in _GENERIC else ""
    code = given or enhanced(said)
    return f"{kind}{code[1:]}" if code else f"{kind}.0.0"
