"""Conditions: what each word under `when` and `except` means.

For the engine. Each condition of the language is compiled once, when the policy is loaded, into
a test that says why it holds. Promises that a condition which reads only the envelope can be
asked before there is a message. Must never quote the mail in a reason.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import IntEnum
from functools import cached_property
from typing import Any

from policies.detectors import DETECTORS
from policies.envelope import Envelope
from policies.language import schema
from policies.language.members import MemberList
from policies.message.flags import Flag, FlagReader
from policies.message.mime import Outline
from policies.message.subject import SUBJECT_HEADERS, Readings, word_pattern
from policies.text.view import View
from vault.address import Address


class Reads(IntEnum):
    """How much of a mail must be known before a condition can be asked."""

    ENVELOPE = 0
    CONTENT = 1


class Facts:
    """What is known of one mail; the content is read at most once, and only if a rule asks."""

    def __init__(self, envelope: Envelope, outline: Outline | None, reader: FlagReader) -> None:
        self.envelope = envelope
        self._outline = outline
        self._reader = reader
        self._found: dict[str, bool] = {}

    @property
    def outline(self) -> Outline:
        """The message. Raises LookupError if it has not been received yet."""
        if self._outline is None:
            raise LookupError("a condition about the content was asked before DATA")
        return self._outline

    @cached_property
    def headers(self) -> Readings:
        """Every reading of every header."""
        return Readings(self.outline)

    @cached_property
    def subjects(self) -> tuple[View, ...]:
        """Every reading of every subject."""
        return self.headers.of(*SUBJECT_HEADERS)

    @cached_property
    def flags(self) -> tuple[Flag, ...]:
        """Every flag the sender set."""
        return self._reader.flags(self.headers)

    @cached_property
    def unreadable(self) -> bool:
        """Whether any part of the mail, or of its subject, could not be inspected."""
        return bool(self.outline.problems) or any(view.cut for view in self.subjects)

    def subject_has(self, detector: str) -> bool:
        """Say whether a detector finds anything in any reading of any subject."""
        if detector not in self._found:
            find = DETECTORS[detector].find
            self._found[detector] = any(find(view) for view in self.subjects)
        return self._found[detector]


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


Lists = Mapping[str, MemberList]


def compile_block(block: schema.Conditions, lists: Lists) -> tuple[Condition, ...]:
    """Return the conditions that are written in a block, in a fixed order."""
    written = ((name, getattr(block, name)) for name in type(block).model_fields)
    return tuple(_COMPILERS[name](value, lists) for name, value in written if value is not None)


def _direction(value: str, _lists: Lists) -> Condition:
    internal = value == "internal"
    side = "inside" if internal else "outside"
    because = Because(f"The recipient is {side} the organisation.")

    def test(facts: Facts, recipient: Address) -> Because | None:
        return because if facts.envelope.is_internal(recipient) is internal else None

    return Condition(f"the recipient is {side} the organisation", Reads.ENVELOPE, test)


def _sender(value: schema.AddressTest, lists: Lists) -> Condition:
    passes, words = _address_test(value, lists)
    because = Because(f"The sender's address is {words}.")

    def test(facts: Facts, _recipient: Address) -> Because | None:
        sender = facts.envelope.sender
        return because if sender is not None and passes(sender) else None

    return Condition(f"the sender's address is {words}", Reads.ENVELOPE, test)


def _recipient(value: schema.AddressTest, lists: Lists) -> Condition:
    passes, words = _address_test(value, lists)
    because = Because(f"The recipient's address is {words}.")

    def test(_facts: Facts, recipient: Address) -> Because | None:
        return because if passes(recipient) else None

    return Condition(f"the recipient's address is {words}", Reads.ENVELOPE, test)


def _address_test(value: schema.AddressTest, lists: Lists) -> tuple[Callable[[Address], bool], str]:
    """Return a test of an address and what it says; every written part must hold."""
    members = [lists[name] for name in value.in_list or ()]
    domains = MemberList("domain")
    for domain in value.domain or ():
        domains.add("domains", domain)
    words = []
    if members:
        words.append(f"on the list {_either([m.name for m in members])}")
    if value.domain:
        words.append(f"at {_either(value.domain)}")

    def passes(address: Address) -> bool:
        listed = not members or any(address in member for member in members)
        return listed and (not value.domain or address in domains)

    return passes, " and ".join(words)


def _subject(value: schema.SubjectTest, _lists: Lists) -> Condition:
    detectors = tuple(value.finds or ())
    patterns = [word_pattern(words) for words in value.contains or ()]
    asks = []
    if detectors:
        asks.append(f"seems to contain {_either([DETECTORS[d].label for d in detectors])}")
    if patterns:
        asks.append("contains one of the policy's words")

    def test(facts: Facts, _recipient: Address) -> Because | None:
        found = tuple(DETECTORS[d].label for d in detectors if facts.subject_has(d))
        if detectors and not found:
            return None
        if patterns and not _contains(facts.subjects, patterns):
            return None
        texts = [f"seems to contain {listing(found)}"] if found else []
        texts += ["contains a word that the policy names"] if patterns else []
        return Because(f"The subject {' and '.join(texts)}.", found)

    return Condition(f"the subject {' and '.join(asks)}", Reads.CONTENT, test)


def _contains(views: Iterable[View], patterns: Iterable[Any]) -> bool:
    texts = [view.normal for view in views]
    return any(pattern.search(text) for pattern in patterns for text in texts)


def _flag(value: list[str], _lists: Lists) -> Condition:
    kinds = frozenset(schema.FLAG_KINDS if "any" in value else value)

    def test(facts: Facts, _recipient: Address) -> Because | None:
        marks = [flag.where for flag in facts.flags if flag.kind in kinds]
        return Because(f"The sender marked it: {listing(marks)}.") if marks else None

    return Condition("the sender marked the mail", Reads.CONTENT, test)


def _unreadable(value: bool, _lists: Lists) -> Condition:
    can = "cannot" if value else "can"
    because = Because(f"The message {can} be fully inspected.")

    def test(facts: Facts, _recipient: Address) -> Because | None:
        return because if facts.unreadable is value else None

    return Condition(f"the message {can} be fully inspected", Reads.CONTENT, test)


def _either(names: Iterable[str]) -> str:
    return " or ".join(names)


def listing(names: Iterable[str]) -> str:
    """Return names as a phrase: "a", "a and b", "a, b and c"."""
    *rest, last = names
    return f"{', '.join(rest)} and {last}" if rest else last


_COMPILERS: Mapping[str, Callable[[Any, Lists], Condition]] = {
    "direction": _direction,
    "sender": _sender,
    "recipient": _recipient,
    "subject": _subject,
    "flag": _flag,
    "unreadable": _unreadable,
}
