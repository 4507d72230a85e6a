"""What a condition is: a question about one mail and one recipient, and why the answer is yes.

For the compilers beside this module and for the engine. Promises that a reason is plain English.
Must never quote the mail in a reason.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import IntEnum

from policies.facts import Facts
from policies.language.members import MemberList
from vault.address import Address


class Reads(IntEnum):
    """How much of a mail must be known before a condition can be asked."""

    ENVELOPE = 0
    CONTENT = 1


@dataclass(frozen=True, slots=True)
class Because:
    """Why a condition holds: a sentence, and the labels of the detectors that found something."""

    text: str
    found: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Condition:
    """One compiled condition. `asks` is its question in words, for explanations."""

    asks: str
    reads: Reads
    test: Callable[[Facts, Address], Because | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """What the rules of a policy may name."""

    lists: Mapping[str, MemberList]


def either(names: Iterable[str]) -> str:
    """Return names as alternatives: "a or b"."""
    return " or ".join(names)


def listing(names: Iterable[str]) -> str:
    """Return names as a phrase: "a", "a and b", "a, b and c"."""
    *rest, last = names
    return f"{', '.join(rest)} and {last}" if rest else last
