"""Detectors that an administrator writes in the policy file.

A pattern for the linear-time engine, perhaps words that must stand near it and a check digit.
Promises that a pattern can neither hang nor fill the memory: its length, its size once compiled
and its hits in a text are bounded. Must never find half of a longer word or number.
"""

import re
from bisect import bisect_left
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice

import re2

from policies.detectors.finding import Confidence, Finding, Severity
from policies.text.numbers import alphanumeric
from policies.text.view import View, normalise

LONGEST_PATTERN = 500
LARGEST_PROGRAM = 5000  # instructions of the engine; a{1000}{1000} would be a million
MOST_DETECTORS = 20
MOST_HITS = 100  # in one view
CHECKSUMS = ("luhn", "mod11", "mod97")
_MEMORY = 8 << 20
_UNAVAILABLE = re.compile(r"\(\?(?:=|!|<=|<!|>|\()|\(\?P=|\\[1-9]|\\g|[*+?}]\+")


class PatternError(ValueError):
    """A pattern cannot be used; the text says why, and quotes nothing but the pattern."""


@dataclass(frozen=True, eq=False)
class CustomDetector:
    """Finds what a pattern matches, standing alone, where its words and its check agree."""

    name: str
    label: str
    severity: Severity
    pattern: "re2._Regexp" = field(repr=False)
    near: "re2._Regexp | None" = field(default=None, repr=False)
    within: int = 60
    checksum: str | None = None

    def find(self, view: View) -> list[Finding]:
        """List the findings in `view`, as spans of its original text; at most `MOST_HITS`."""
        texts = dict.fromkeys((view.ascii, view.digits))
        spans = sorted({span for text in texts for span in self._spans(view, text)})
        confidence = Confidence.SURE if self.checksum or self.near else Confidence.LIKELY
        found: list[Finding] = []
        for start, end in spans:
            one = Finding(*view.span(start, end), self.name, confidence, self.severity)
            if not found or one.start >= found[-1].end:
                found.append(one)
        return found

    def _spans(self, view: View, text: bytes) -> Iterator[tuple[int, int]]:
        matches = islice(self.pattern.finditer(text), MOST_HITS)
        spans = (match.span(1) for match in matches)
        places = self._near_places(view)
        for start, end in spans:
            if end > start and self._checks(text[start:end]) and self._is_near(places, start, end):
                yield start, end

    def _near_places(self, view: View) -> list[int]:
        places: list[int] | None = view.memory.get(self)
        if places is None:
            matches = self.near.finditer(view.ascii) if self.near else ()
            places = view.memory[self] = [match.start(1) for match in matches]
        return places

    def _is_near(self, places: list[int], start: int, end: int) -> bool:
        if self.near is None:
            return True
        number = bisect_left(places, start - self.within)
        return number < len(places) and places[number] <= end + self.within

    def _checks(self, value: bytes) -> bool:
        return self.checksum is None or _CHECKS[self.checksum](alphanumeric(value).decode().upper())


def compile_pattern(pattern: str) -> "re2._Regexp":
    """Compile an administrator's pattern. Raises PatternError."""
    if len(pattern) > LONGEST_PATTERN:
        raise PatternError(f"the pattern is longer than {LONGEST_PATTERN} characters")
    if not pattern.isascii() or not pattern.isprintable():
        raise PatternError("the pattern holds a character beyond ASCII, or a control character")
    if _UNAVAILABLE.search(pattern):
        raise PatternError(
            "look-around, back-references and possessive repeats are not available: "
            "patterns run in linear time"
        )
    try:
        alone = re2.compile(pattern.encode("ascii"), _options())
        compiled = re2.compile(_standing_alone(pattern), _options())
    except re2.error as error:
        reason = error.args[0] if error.args else ""
        said = reason.decode("ascii", "replace") if isinstance(reason, bytes) else str(reason)
        raise PatternError(f"the pattern cannot be read: {said}") from error
    if compiled.programsize > LARGEST_PROGRAM:
        raise PatternError("the pattern repeats too much: it would fill too much memory")
    if alone.fullmatch(b"") or alone.groups:
        what = "fits an empty text" if not alone.groups else "holds a group: write (?:...)"
        raise PatternError(f"the pattern {what}")
    return compiled


def compile_words(words: Iterable[str]) -> "re2._Regexp | None":
    """Compile words that must stand near a value; None for none. Raises PatternError."""
    phrases = [re.findall("[0-9a-z]+", normalise(phrase).normal.lower()) for phrase in words]
    if not phrases:
        return None
    if not all(phrases):
        raise PatternError("words need letters or digits")
    either = "|".join("[^0-9A-Za-z]{0,3}".join(phrase) for phrase in phrases)
    return re2.compile(f"(?:^|[^A-Za-z])({either})(?:[^A-Za-z]|$)".encode(), _options())


def _standing_alone(pattern: str) -> bytes:
    return f"(?:^|[^0-9A-Za-z])((?:{pattern}))(?:[^0-9A-Za-z]|$)".encode("ascii")


def _options() -> "re2.Options":
    options = re2.Options()
    options.max_mem = _MEMORY
    options.case_sensitive = False
    options.encoding = re2.Options.Encoding.LATIN1
    options.log_errors = False
    return options


def _luhn(number: str) -> bool:
    """ISO/IEC 7812-1: every second digit from the end doubled, a multiple of ten."""
    if not number.isdigit():
        return False
    doubled = (int(digit) * (2 - at % 2) for at, digit in enumerate(reversed(number), 1))
    return sum(value // 10 + value % 10 for value in doubled) % 10 == 0


def _mod11(number: str) -> bool:
    """Digits times their place from the end, a multiple of eleven; the last may be X for ten."""
    values = [int(digit) for digit in number[:-1] if digit.isdigit()]
    last = 10 if number[-1:] == "X" else int(number[-1]) if number[-1:].isdigit() else None
    if last is None or len(values) != len(number) - 1:
        return False
    return sum(at * value for at, value in enumerate((last, *reversed(values)), 1)) % 11 == 0


def _mod97(number: str) -> bool:
    """ISO/IEC 7064: letters as numbers from ten on, one modulo 97."""
    if not number.isalnum():
        return False
    return int("".join(str(int(char, 36)) for char in number)) % 97 == 1


_CHECKS = {"luhn": _luhn, "mod11": _mod11, "mod97": _mod97}
