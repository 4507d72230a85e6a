"""Numbers in a text: groups of digits that may belong together, however they were written.

Promises to see `999 123 4567`, `9-9-9-1-2-3`, `O7700 9OOl23` and "nine nine nine one" alike, and to
say where each group stood. Must never join groups across a word, nor read a lone "one" as a digit.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate

import re2

Token = tuple[int, int, bytes]  # a run of letters, in lower case, or of digits, and its span
Group = tuple[int, int, bytes]  # some digits and the span they came from

# Patterns that the standard engine may run: one class each, so there is nothing to go back to.
_DIGITS = re.compile(rb"[0-9]+")
_WORDS = re.compile(rb"[a-z]+|[0-9]+")

# Letters that stand in for digits, but only inside something that is largely digits already.
_STAND_INS = rb"[0-9OoQDIl|iSsBZz]+"
_LEET = bytes.maketrans(b"OoQDIl|iSsBZz", b"0000111155822")
_DIGITISH = re2.compile(rb"\b" + _STAND_INS + rb"(?:[^0-9A-Za-z]{1,3}" + _STAND_INS + rb")*\b")
_STAND_IN_GROUP = re.compile(rb"\b" + _STAND_INS + rb"\b")
_FEWEST_DIGITISH = 8

_SPOKEN = {
    b"zero": b"0", b"nought": b"0", b"oh": b"0", b"o": b"0", b"nil": b"0", b"one": b"1",
    b"two": b"2", b"three": b"3", b"four": b"4", b"five": b"5", b"six": b"6", b"seven": b"7",
    b"eight": b"8", b"nine": b"9",
}  # fmt: skip
_TIMES = {b"double": 2, b"triple": 3, b"treble": 3}
_FEWEST_SPOKEN = 4  # spoken digits in a run, below which they are words
_SHORTEST = 6  # digits in a run that anybody looks at
_WIDEST_GAP = 5  # characters that may stand between two groups of one number

_NOT_DIGITS = bytes(set(range(256)) - set(b"0123456789"))
_NOT_ALPHANUMERIC = bytes(
    byte for byte in range(256) if not re2.match(rb"[0-9A-Za-z|]", bytes([byte]))
)
_TO_SPACES = bytes(32 if byte in _NOT_ALPHANUMERIC else byte for byte in range(256))


_MORE = (0, 1, 2, 3, 4, -4, -3, -2, -1, 0)  # what a digit grows by when Luhn doubles it


@dataclass(frozen=True, slots=True)
class Window:
    """Some whole groups of a run: their digits, their lengths, and their span in the text."""

    digits: str
    start: int
    end: int
    groups: tuple[int, ...]


@dataclass(frozen=True)
class Run:
    """Groups of digits close enough to be one number: `999 123 4567` is one run of three.

    Sums over any stretch of it take the same short time, however long the run.
    """

    groups: tuple[Group, ...]

    @cached_property
    def digits(self) -> str:
        """All the digits together."""
        return b"".join(group[2] for group in self.groups).decode("ascii")

    @cached_property
    def heads(self) -> dict[int, int]:
        """For each place in `digits` where a group begins, or the last one ends, its number."""
        places, place = {}, 0
        for number, group in enumerate(self.groups):
            places[place] = number
            place += len(group[2])
        places[place] = len(self.groups)
        return places

    def stretches(self, length: int) -> Iterator[int]:
        """Yield each place from which whole groups make this many digits."""
        return (at for at in self.heads if at + length in self.heads)

    def window(self, at: int, length: int) -> Window:
        """Give the whole groups of a stretch."""
        groups = self.groups[self.heads[at] : self.heads[at + length]]
        digits = self.digits[at : at + length]
        return Window(digits, groups[0][0], groups[-1][1], tuple(len(one[2]) for one in groups))

    def weighted(self, at: int, length: int) -> int:
        """Sum a stretch, its digits weighted from its length down to one."""
        end = at + length
        by_place = self._by_place[end] - self._by_place[at]
        return end * (self._sums[end] - self._sums[at]) - by_place

    def luhn(self, at: int, length: int) -> int:
        """Sum a stretch as Luhn does (ISO/IEC 7812-1): every second digit from the end doubled."""
        end = at + length
        doubled = self._doubled[end % 2]
        return self._sums[end] - self._sums[at] + doubled[end] - doubled[at]

    @cached_property
    def _sums(self) -> list[int]:
        return list(accumulate(map(int, self.digits), initial=0))

    @cached_property
    def _by_place(self) -> list[int]:
        return list(accumulate((n * int(d) for n, d in enumerate(self.digits)), initial=0))

    @cached_property
    def _doubled(self) -> tuple[list[int], list[int]]:
        """What doubling the digits at even places, and at odd places, adds up to."""
        more = [_MORE[int(digit)] for digit in self.digits]
        even, odd = (
            [value if place % 2 == parity else 0 for place, value in enumerate(more)]
            for parity in (0, 1)
        )
        return list(accumulate(even, initial=0)), list(accumulate(odd, initial=0))


def tokens_of(text: bytes) -> tuple[Token, ...]:
    """Cut a text into its words and numbers, in order."""
    return tuple((*one.span(), one.group()) for one in _WORDS.finditer(text.lower()))


def figures_in(text: bytes) -> int:
    """Count the ASCII digits."""
    return len(text.translate(None, _NOT_DIGITS))


def alphanumeric(text: bytes) -> bytes:
    """Leave out everything but ASCII letters and digits, and the bar that passes for one."""
    return text.translate(None, _NOT_ALPHANUMERIC)


def pieces(text: bytes) -> list[bytes]:
    """Cut at everything that `alphanumeric` leaves out."""
    return text.translate(_TO_SPACES).split()


def with_digits_for_letters(text: bytes) -> bytes:
    """Make digits of letters that stand for them, in long digit-like runs only; same length."""
    out = bytearray(text)
    for match in _DIGITISH.finditer(text):
        stretch = match.group()
        figures = figures_in(stretch)
        letters = len(alphanumeric(stretch)) - figures
        if letters and figures + letters >= _FEWEST_DIGITISH and 2 * figures >= letters:
            _put_digits(out, text, *match.span())
    return bytes(out)


def _put_digits(out: bytearray, text: bytes, start: int, end: int) -> None:
    """Translate each group that holds a digit, or nothing but noughts and ones.

    Other letters alone, as in `B 12 34 56`, only where every character stands alone.
    """
    one_by_one = max(map(len, pieces(text[start:end]))) == 1
    for match in _STAND_IN_GROUP.finditer(text, start, end):
        group = match.group()
        if one_by_one or figures_in(group) or not group.strip(b"OoIl|"):
            out[match.start() : match.end()] = group.translate(_LEET)


def runs_of(digits: bytes, tokens: tuple[Token, ...]) -> tuple[Run, ...]:
    """Find the numbers of six digits and more, as digits and as words."""
    groups = [(*match.span(), match.group()) for match in _DIGITS.finditer(digits)]
    spoken = _spoken(tokens)
    if spoken:
        groups = sorted({*groups, *spoken})
    runs: list[list[Group]] = []
    for group in groups:
        if runs and _close(digits, runs[-1][-1][1], group[0]):
            runs[-1].append(group)
        else:
            runs.append([group])
    return tuple(Run(tuple(run)) for run in runs if sum(len(one[2]) for one in run) >= _SHORTEST)


def _close(text: bytes, end: int, start: int) -> bool:
    gap = text[end:start]
    return len(gap) <= _WIDEST_GAP and not gap.translate(_TO_SPACES).strip()


def _spoken(tokens: tuple[Token, ...]) -> list[Group]:
    """Find digits spoken as words, where enough of them follow one another."""
    found: list[Group] = []
    row: list[Group] = []
    times, began = 1, 0
    for start, end, word in tokens:
        if row and start - row[-1][1] > _WIDEST_GAP and times == 1:
            found += row if len(row) >= _FEWEST_SPOKEN else []
            row = []
        if word in _TIMES:
            times, began = _TIMES[word], start
            continue
        if word in _SPOKEN:
            row.append((began if times > 1 else start, end, _SPOKEN[word] * times))
        times = 1
    return found + (row if len(row) >= _FEWEST_SPOKEN else [])
