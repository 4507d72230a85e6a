"""The chain of heads, read from the first on: which of them are believed, and what they say.

Each is signed with the key of the one before, or with that which it named in its place, and with no
other. Believed is one whose key was given, or named by one that is believed. And a head that is
believed vouches for all before it, whoever signed those: it holds their hashes.

Promises that what is wrong is a finding, and that what is believed was never changed.
"""

import hashlib
import json
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from vault.keys.signing import VerifyingKey
from vault.trail import chain, heads
from vault.trail.heads import Head

MOST_FINDINGS = 100


@dataclass(slots=True)
class Findings:
    """What is wrong, in words; after `MOST_FINDINGS` they are only counted."""

    told: list[str] = field(default_factory=list)
    count: int = 0

    def add(self, sentence: str) -> None:
        """Take one more."""
        self.count += 1
        if len(self.told) < MOST_FINDINGS:
            self.told.append(sentence)


@dataclass(frozen=True, slots=True)
class Kept:
    """A head of which a copy was kept elsewhere."""

    number: int
    hash: bytes


class Signed:
    """The chain of heads, read from the first on."""

    def __init__(self, keys: Mapping[str, VerifyingKey], findings: Findings) -> None:
        self.marks: dict[str, tuple[int, bytes]] = {}
        self.last: Head | None = None
        self.count = 0
        self.lines = 0
        self._keys = dict(keys)
        self._findings = findings
        self._hashes: dict[int, bytes] = {}
        self._turn = ""  # id of the key that is to sign the next
        self._strange: Head | None = None  # the first that nothing vouches for yet

    def take(self, head: Head) -> None:
        """Check one head against the one before, and take in what it says if it is genuine.

        Raises ValueError, KeyError, TypeError for what no program of ours has written.
        """
        last, self.last = self.last, head
        self.count += 1
        self._hashes[head.number] = head.hash
        expected = last.number + 1 if last else 1
        if head.number != expected:
            self._findings.add(f"heads {expected} to {head.number - 1} are missing")
        if problem := self._problem(head, last if head.number == expected else None):
            self._findings.add(f"head {head.number} {problem}")
            return
        lines, marks = _counted(json.loads(head.body))
        self._believe(head)
        self.lines = lines
        self.marks |= marks

    def compare(self, kept: Iterable[Kept]) -> None:
        """Check heads of which copies were kept elsewhere."""
        if (strange := self._strange) is not None:
            self._findings.add(
                f"head {strange.number} is signed with key {strange.key_id}, which is not one of "
                "those given"
            )
        if not self.count:
            self._findings.add("there is no head: nothing vouches for these lines")
        for copy in kept:
            here = self._hashes.get(copy.number)
            if here is None:
                self._findings.add(
                    f"head {copy.number} was kept elsewhere and is missing here: "
                    "the trail has been cut off"
                )
            elif here != copy.hash:
                self._findings.add(f"head {copy.number} is not the one that was kept elsewhere")

    def expect(self, signers: Collection[str]) -> None:
        """Check that the key whose turn it is lies among those that a node signs with.

        Whoever has stolen a key that was replaced could end the trail before its successor.
        """
        if self._turn and signers and self._turn not in signers:
            self._findings.add(
                f"it would be key {self._turn} that signs next, and this node signs with another: "
                "the head that named that one has been cut off"
            )

    def _believe(self, head: Head) -> None:
        """Note who signs from here on, or that nobody vouches for this head yet."""
        named = head.successor
        self._turn = named.id if named else head.key_id
        if head.key_id not in self._keys:
            self._strange = self._strange or head
            return
        self._strange = None
        if named:
            self._keys[named.id] = named

    def _problem(self, head: Head, last: Head | None) -> str:
        key = self._keys.get(head.key_id)
        if self._turn and head.key_id != self._turn:
            return f"is signed with key {head.key_id}, which no head before it has named"
        if key is not None and not head.is_signed(key):
            return "has a signature that is not genuine"
        if hashlib.sha256(head.body.encode()).digest() != head.hash:
            return "has been changed"
        told = json.loads(head.body)  # genuine from here on
        said = (told["number"], told["at"], told["lines"])
        if said != (head.number, chain.spelt(head.at), head.lines):
            return "has been changed"
        before = last.hash if last else heads.NOTHING_BEFORE
        if (last or head.number == 1) and told["previous"] != before.hex():
            return "does not follow the one before it"
        return ""


def _counted(told: Mapping[str, Any]) -> tuple[int, dict[str, tuple[int, bytes]]]:
    """Return what a head says of the trail: how many lines, and where which strand ends.

    It may be one that nobody has vouched for yet: raises ValueError for values of another kind.
    """
    lines = told["lines"]
    marks = {str(name): (number, bytes.fromhex(tip)) for name, number, tip in told["strands"]}
    if any(type(number) is not int for number in (lines, *(one for one, _ in marks.values()))):
        raise ValueError("a number is none")
    return lines, marks
