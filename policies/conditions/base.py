"""What a condition is: a question about one mail and one recipient, and why the answer is yes.

For the compilers beside this module and for the engine. Promises that a reason is plain English.
Must never quote the mail in a reason.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from enum import IntEnum

from policies.agreements import Agreement
from policies.detectors import DETECTORS, Detector
from policies.extraction.passages import Where
from policies.facts import Facts
from policies.language.members import MemberList
from vault.address import Address


class Reads(IntEnum):
    """How much of a mail must be known before a condition can be asked."""

    ENVELOPE = 0  # this sender and this recipient, whoever else gets the mail
    CONTENT = 1  # the whole mail's headers and shape, and what the installation knows
    INSIDE = 2  # what its text says, and its attachments


@dataclass(frozen=True, slots=True)
class Because:
    """Why a condition holds: a sentence, and the labels of the detectors that found something."""

    text: str
    found: tuple[str, ...] = ()


Sought = frozenset[tuple[Where, str]]
"""Detectors by name, and where they are to look."""


@dataclass(frozen=True, slots=True)
class Condition:
    """One compiled condition. `asks` is its question in words, for explanations.

    `sought` says which texts must be searched, and for what, before it is asked.
    """

    asks: str
    reads: Reads
    test: Callable[[Facts, Address], Because | None]
    sought: Sought = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """What the rules of a policy may name."""

    lists: Mapping[str, MemberList] = field(default_factory=dict)
    groups: Mapping[str, MemberList] = field(default_factory=dict)
    partners: MemberList = field(default_factory=lambda: MemberList("partners"))
    not_partners: MemberList = field(default_factory=lambda: MemberList("not partners"))
    agreements: Mapping[str, Agreement] = field(default_factory=dict)
    detectors: Mapping[str, Detector] = field(default_factory=lambda: DETECTORS)

    def is_partner(self, address: Address) -> bool:
        """Say whether an address is in a partner's domain."""
        return address in self.partners and address not in self.not_partners


def either(names: Iterable[str]) -> str:
    """Return names as alternatives: "a or b"."""
    return " or ".join(names)


def counted(count: int, noun: str) -> str:
    """Return a number and its noun: "1 recipient", "7 recipients"."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def listing(names: Iterable[str]) -> str:
    """Return names as a phrase: "a", "a and b", "a, b and c"."""
    *rest, last = names
    return f"{', '.join(rest)} and {last}" if rest else last
