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

GAP = "[^0-9A-Za-z|]"
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
    labels: str = ""  # of which a value stands some way off, as of words
    signs: str = ""
    codes: str = ""
    streets: str = ""  # each with a digit in it


ANYTHING = Trigger()  # no pattern: the detector looks at every text
NUMBER = Trigger(numbers=TEN_DIGITS, signs=SPOKEN)


def options() -> "re2.Options":
    """Give the engine's options for triggers: bytes, and enough memory."""
    chosen = re2.Options()
    chosen.max_mem = _MEMORY
    chosen.encoding = re2.Options.Encoding.LATIN1
    chosen.log_errors = False
    return chosen


Place = tuple[int, int, int]  # a span, and the number of its kind
KINDS_OF_WORDS = frozenset({1, 2})


def inside(text: bytes, match: "re2._Match") -> tuple[int, int]:
    """Give the span of a match without the characters at its edges that are no letter or digit.

    A pattern without groups takes the engine one fast pass; groups cost it several slow ones.
    """
    start, end = match.span()
    return start + (not text[start : start + 1].isalnum()), end - (
        not text[end - 1 : end].isalnum()
    )


class Triggers:
    """Triggers by the name of their detector, matched together."""

    def __init__(self, triggers: dict[str, Trigger] | None = None) -> None:
        self._triggers = triggers or {}
        self._kinds: tuple[tuple[int, _Kind], ...] | None = None

    def add(self, name: str, trigger: Trigger) -> None:
        """Add one, or replace it."""
        self._triggers[name] = trigger
        self._kinds = None

    def among(self, names: Iterable[str]) -> "Triggers":
        """Give those of some detectors only."""
        return Triggers({name: self._triggers[name] for name in names if name in self._triggers})

    def __contains__(self, name: str) -> bool:
        return name in self._triggers

    def pulled(self, view: View, kinds: int = -1) -> frozenset[str]:
        """Give the names whose trigger stands in a view; worked out once for each view.

        `kinds`: a bit for each kind that may be there, if that is known.
        """
        found: frozenset[str] | None = view.memory.get(self)
        if found is None:
            names: set[str] = set()
            for number, kind in self._of_kinds():
                if kinds >> number & 1 and (view.figures or not kind.needs_digits):
                    names.update(kind.pulled(view.ascii))
            found = view.memory[self] = frozenset(names)
        return found

    def places(self, text: bytes) -> Iterator[Place]:
        """Yield places, so that every trigger in `text` overlaps one of its kind."""
        for number, kind in self._of_kinds():
            for start, end in kind.places(text):
                yield start, end, number

    def _of_kinds(self) -> "tuple[tuple[int, _Kind], ...]":
        """Give the kinds that have patterns, each with its number among all."""
        if self._kinds is None:
            named = [
                (kind, {name: one[number] for name, one in self._triggers.items() if one[number]})
                for number, kind in enumerate(Trigger._fields)
            ]
            self._kinds = tuple(
                (number, _Kind(kind, patterns))
                for number, (kind, patterns) in enumerate(named)
                if patterns
            )
        return self._kinds


class _Kind:
    """The triggers of one kind."""

    def __init__(self, kind: str, patterns: dict[str, str]) -> None:
        self._only_near_digits = kind == "words"
        self.needs_digits = kind in {"words", "streets"}
        self._names = frozenset(patterns)
        pulling: dict[str, list[str]] = {}  # many detectors have the same pattern
        for name, pattern in patterns.items():
            pulling.setdefault(pattern, []).append(name)
        self._pulling = (*pulling.values(), [])
        self._set = re2.Set.SearchSet(options())
        for pattern in pulling:
            self._set.Add(pattern.encode("ascii"))
        self._set.Add(_ALWAYS)
        self._set.Compile()
        self._any = re2.compile("|".join(pulling).encode("ascii"), options())

    def pulled(self, text: bytes) -> Collection[str]:
        """Give the names of those that match."""
        if not self._names:
            return ()
        matched = self._set.Match(text) or ()
        if text and len(self._pulling) - 1 not in matched:
            return self._names
        return [name for number in matched for name in self._pulling[number]]

    def places(self, text: bytes) -> Iterator[tuple[int, int]]:
        """Yield spans, in order, so that every match in `text` overlaps one of them."""
        at = 0 if self._names else len(text) + 1
        while at <= len(text) and (match := self._any.search(text, at)):
            start, end = match.span()
            at = max(end, at + 1)
            if not self._only_near_digits or _DIGIT.search(
                text, max(0, start - _NEAR), end + _NEAR
            ):
                yield start, end


TRIGGERS = Triggers()  # of the detectors that ship; each adds its own when it is made
