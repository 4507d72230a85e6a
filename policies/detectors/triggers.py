"""Triggers: what must stand in a text before a detector looks at it.

Each shipped detector names patterns; a few passes over a text ask all of them (`re2.Set`), so that
an ordinary text costs a few microseconds however many detectors there are. Promises that a
detector whose trigger is not there finds nothing, and that all are asked when the engine runs out
of memory: never fewer. Must never decide that something is found.
"""

import re
from collections.abc import Collection, Iterable, Iterator
from typing import NamedTuple

import re2

from policies.text.numbers import SPOKEN, STAND_IN
from policies.text.view import View

_MEMORY = 64 << 20
_ALWAYS = rb"(?s:.)"  # matches any text at all: its absence says that the engine gave up
_DIGIT = re.compile(rb"[0-9]")
_NEAR = 96  # where a digit must stand for a word to be worth a look

GAP = "[^0-9A-Za-z]"
TEN_DIGITS = rf"(?:{STAND_IN}{GAP}{{0,5}}){{9}}{STAND_IN}"
_SIX = rf"{GAP}{{0,3}}".join(["[A-Za-z9]", "[A-Za-z9]", *["[0-9OoIl|]"] * 6, "[A-Za-z]"])
SIX_IN_LETTERS = _SIX  # six digits in the midst of letters: AB123456C


class Trigger(NamedTuple):
    """Patterns of one detector (re2, on bytes), any of which is enough.

    Those of a kind are matched together. The kinds are apart because patterns that count digits,
    patterns that spell words and patterns that mix both would multiply each other's states.
    """

    numbers: str = ""
    words: str = ""  # no use without a digit nearby
    labels: str = ""  # neither
    signs: str = ""
    codes: str = ""
    streets: str = ""


ANYTHING = Trigger()  # no pattern: the detector looks at every text
NUMBER = Trigger(numbers=TEN_DIGITS, signs=SPOKEN)


def options() -> "re2.Options":
    """Give the engine's options for triggers: bytes, and enough memory."""
    chosen = re2.Options()
    chosen.max_mem = _MEMORY
    chosen.encoding = re2.Options.Encoding.LATIN1
    chosen.log_errors = False
    return chosen


class Triggers:
    """Triggers by the name of their detector, matched together."""

    def __init__(self, triggers: dict[str, Trigger] | None = None) -> None:
        self._triggers = triggers or {}
        self._kinds: tuple[_Kind, ...] | None = None

    def add(self, name: str, trigger: Trigger) -> None:
        """Add one, or replace it."""
        self._triggers[name] = trigger
        self._kinds = None

    def among(self, names: Iterable[str]) -> "Triggers":
        """Give those of some detectors only."""
        return Triggers({name: self._triggers[name] for name in names if name in self._triggers})

    def __contains__(self, name: str) -> bool:
        return name in self._triggers

    def pulled(self, view: View) -> frozenset[str]:
        """Give the names whose trigger stands in a view; worked out once for each view."""
        found: frozenset[str] | None = view.memory.get(self)
        if found is None:
            kinds = (kind.pulled(view.ascii) for kind in self._of_kinds())
            found = view.memory[self] = frozenset().union(*kinds)
        return found

    def places(self, text: bytes) -> list[tuple[int, int]]:
        """List spans, in order, so that every trigger in `text` overlaps one of them."""
        return sorted(span for kind in self._of_kinds() for span in kind.places(text))

    def _of_kinds(self) -> "tuple[_Kind, ...]":
        if self._kinds is None:
            named = {
                kind: {
                    name: pattern
                    for name, trigger in self._triggers.items()
                    if (pattern := trigger[number])
                }
                for number, kind in enumerate(Trigger._fields)
            }
            self._kinds = tuple(
                _Kind(kind, patterns) for kind, patterns in named.items() if patterns
            )
        return self._kinds


class _Kind:
    """The triggers of one kind."""

    def __init__(self, kind: str, patterns: dict[str, str]) -> None:
        self._only_near_digits = kind in {"words", "labels"}
        self._names = tuple(patterns)
        self._set = re2.Set.SearchSet(options())
        for pattern in patterns.values():
            self._set.Add(pattern.encode("ascii"))
        self._set.Add(_ALWAYS)
        self._set.Compile()
        together = "|".join(dict.fromkeys(patterns.values()))
        self._any = re2.compile(together.encode("ascii"), options())

    def pulled(self, text: bytes) -> Collection[str]:
        """Give the names of those that match."""
        matched = self._set.Match(text) or ()
        last = len(self._names)
        if text and last not in matched:
            return self._names
        return [self._names[number] for number in matched if number < last]

    def places(self, text: bytes) -> Iterator[tuple[int, int]]:
        """Yield spans, in order, so that every match in `text` overlaps one of them."""
        at = 0
        while match := self._any.search(text, at):
            start, end = match.span()
            at = max(end, at + 1)
            if not self._only_near_digits or _DIGIT.search(
                text, max(0, start - _NEAR), end + _NEAR
            ):
                yield start, end


TRIGGERS = Triggers()  # of the detectors that ship; each adds its own when it is made
