"""Text as detectors see it: normalised, with a way back to where each character came from.

Promises that what a reader takes for the same text becomes the same text: invisible characters are
dropped, look-alikes and digits of every script become ASCII, dashes, quotes and spaces one each.
Findings are made on the normal text and reported on the original, through the offsets.
Must never change the length silently: a text longer than the limit is cut and says so (`View.cut`).
"""

import re
import unicodedata
from array import array
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any

from policies.text.confusables import FOREIGN, LOOKALIKES
from policies.text.encoded_words import TEXT_LIMIT, decode_header, unfold
from policies.text.numbers import Token, figures_in, runs_of, tokens_of, with_digits_for_letters
from policies.text.run import Run

__all__ = ["TEXT_LIMIT", "View", "decode_header", "normalise", "unfold"]

_MARK = "\0"  # stands for a combining mark in `_fold`; never reaches a normal text
_LONGEST_FOLD = 6  # some single characters unfold to whole phrases (U+FDFA to 18): left as they are
_ODD = {
    "\u00b7": ".", "\u2022": ".", "\u2219": ".", "\u22c5": ".", "\u2027": ".", "\u30fb": ".",
    "\u2024": ".", "\u3002": ".", "\uff61": ".", "\u2044": "/", "\u2215": "/", "\u29f8": "/",
    "\u2236": ":", "\ua789": ":", "\u02d0": ":", "\u2212": "-", "\u02d7": "-", "\u2043": "-",
    "\u2018": "'", "\u2019": "'", "\u201a": "'", "\u201b": "'", "\u2032": "'", "\u02bc": "'",
    "\u02b9": "'", "\u0060": "'", "\u00b4": "'", "\u201c": '"', "\u201d": '"', "\u201e": '"',
    "\u2033": '"', "\u00ab": '"', "\u00bb": '"', "\u2800": " ", "\u115f": "", "\u1160": "",
    "\u3164": "", "\uffa0": "", "\u2223": "|", "\u01c0": "|", "\u2758": "|",
}  # fmt: skip
_BY_CATEGORY = {
    "Cf": "", "Cs": "\ufffd", "Co": "\ufffd", "Cn": "\ufffd", "Mn": _MARK, "Me": _MARK,
    "Zs": " ", "Zl": " ", "Zp": " ", "Pd": "-",
}  # fmt: skip
_LETTER_BLOCKS = (0x1F130, 0x1F150, 0x1F170, 0x1F1E6)  # squared, circled, regional A to Z
_ALPHABET = 26
_SHORT = 256  # characters that are looked at one by one as fast
_FEW = 12  # changes that are made one after the other; characters to an odd one that is rare
_ASCII = bytes(range(128))
_IN_PLACE = bytes(range(32, 127)) + b"\t\n\r\f\v"  # become one character each
_FOLDED_IN_PLACE = bytes.maketrans(b"\t\n\r\f\v`", b"     '")
_STEADY = bytes(byte for byte in range(32, 127) if byte != ord("`"))  # stay what they are

_BLANK_LINE = re.compile(r"\n[ \t\r]*\n")
_TOKEN = re.compile(r"[^\W_]+")
_FOREIGNERS = frozenset(FOREIGN)


@dataclass(frozen=True)
class View:
    """A text and its normal form. `starts[i]`, `ends[i]`: where normal[i] stood in the original."""

    original: str
    normal: str
    starts: "array[int] | range"
    ends: "array[int] | range"
    cut: bool = False

    @property
    def offsets(self) -> "array[int] | range":
        """The start in the original of each normal character."""
        return self.starts

    def span(self, start: int, end: int) -> tuple[int, int]:
        """Give a non-empty span of the normal text as a span of the original."""
        return self.starts[start], self.ends[end - 1]

    def place(self, at: int) -> int:
        """Give where in the normal text stands what stands at a place of the original, or after."""
        if isinstance(self.starts, range):
            return min(max(0, at - self.starts.start), len(self.starts))
        return bisect_left(self.starts, at)

    def part(self, start: int, end: int) -> "View":
        """Give the view of a stretch of the normal text; its spans are of the same original."""
        spans = self.starts[start:end], self.ends[start:end]
        view = View(self.original, self.normal[start:end], *spans, self.cut)
        view.__dict__["ascii"] = self.ascii[start:end]
        return view

    @cached_property
    def ascii(self) -> bytes:
        """One byte a character of `normal`; look-alikes folded, what is not ASCII is a `?`."""
        if self.normal.isascii():
            return self.normal.encode("ascii")
        alike = {ord(char): LOOKALIKES.get(ord(char), "?") for char in _beyond_ascii(self.normal)}
        return _changed(self.normal, alike).encode("ascii", "replace")

    @cached_property
    def memory(self) -> dict[object, Any]:
        """What others worked out on this view, so that they do it once."""
        return {}

    @cached_property
    def lower(self) -> bytes:
        """`ascii` in small letters."""
        return self.ascii.lower()

    @cached_property
    def breaks(self) -> list[int]:
        """Where in the normal text there are blank lines in the original."""
        if not self.normal or "\n" not in self.original:
            return []
        blank = _BLANK_LINE.finditer(self.original, self.starts[0], self.ends[-1])
        return [self.place(match.start()) for match in blank]

    @cached_property
    def figures(self) -> int:
        """The number of ASCII digits in `ascii`."""
        return figures_in(self.ascii)

    @cached_property
    def tokens(self) -> tuple[Token, ...]:
        """The words and numbers of `ascii`, in order."""
        return tokens_of(self.ascii)

    @cached_property
    def words(self) -> tuple[int, ...]:
        """Which of the tokens are words."""
        return tuple(number for number, token in enumerate(self.tokens) if token[2].isalpha())

    @cached_property
    def digits(self) -> bytes:
        """`ascii` with letters that stand for digits made digits, in long digit-like runs only."""
        return with_digits_for_letters(self.ascii) if self.figures else self.ascii

    @cached_property
    def runs(self) -> tuple[Run, ...]:
        """The numbers in the text, as runs of groups that may belong together."""
        return runs_of(self.digits, self.ascii)


def normalise(text: str, limit: int = TEXT_LIMIT) -> View:
    """Make the normal view of `text`, of which at most `limit` characters are read."""
    cut = len(text) > limit
    text = text[:limit]
    if text.isascii() and text.isprintable() and "`" not in text:
        return _unmoved(text, text, cut)
    if text.isascii() and not (raw := text.encode("ascii")).translate(None, _IN_PLACE):
        return _unmoved(text, raw.translate(_FOLDED_IN_PLACE).decode("ascii"), cut)
    moved, folds, foreign = _folds(text)
    if not moved:
        normal = _changed(text, folds)
        return _unmoved(text, _unmix(normal) if foreign else normal, cut)
    out: list[str] = []
    starts, ends = array("L"), array("L")
    places: Sequence[int] = [place for place, char in enumerate(text) if char in moved]
    if len(places) * _FEW > len(text):
        places = range(len(text))  # hardly a stretch between them is worth its own steps
    at = 0
    for place in (*places, len(text)):
        if at < place:
            out += _changed(text[at:place], folds)
            starts.extend(range(at, place))
            ends.extend(range(at + 1, place + 1))
        if place < len(text):
            _put(text[place], place, out, starts, ends)
        at = place + 1
    normal = "".join(out)
    return View(text, _unmix(normal) if foreign else normal, starts, ends, cut)


def _unmoved(text: str, normal: str, cut: bool) -> View:
    """Make the view of a text of which each character became one."""
    return View(text, normal, range(len(text)), range(1, len(text) + 1), cut)


def _folds(text: str) -> tuple[frozenset[str], dict[int, str], bool]:
    """Give the characters that are not one character each in the normal text, and other changes.

    And whether any of them may be taken for a Latin letter.
    """
    moved: list[str] = []
    folds: dict[int, str] = {}
    foreign = False
    for char in _odd(text):
        folded = _fold(char)
        foreign = foreign or not _FOREIGNERS.isdisjoint(folded)
        if len(folded) != 1 or folded == _MARK:
            moved.append(char)
        elif folded != char:
            folds[ord(char)] = folded
    return frozenset(moved), folds, foreign


def _odd(text: str) -> set[str]:
    """Give the characters that may change: not one by one, for texts are long."""
    raw = text.encode("utf-8", "surrogatepass").translate(None, _STEADY)
    return set(raw.decode("utf-8", "surrogatepass"))


def _beyond_ascii(text: str) -> set[str]:
    raw = text.encode("utf-8", "surrogatepass").translate(None, _ASCII)
    return set(raw.decode("utf-8", "surrogatepass"))


def _changed(text: str, folds: dict[int, str]) -> str:
    if len(folds) > _FEW or len(text) < _SHORT:
        return text.translate(folds)
    for code, folded in folds.items():
        text = text.replace(chr(code), folded)
    return text


def _put(char: str, at: int, out: list[str], starts: "array[int]", ends: "array[int]") -> None:
    folded = _fold(char)
    if folded == _MARK:
        _compose(out, ends, char, at)
        return
    for piece in folded:
        out.append(piece)
        starts.append(at)
        ends.append(at + 1)


@lru_cache(maxsize=8192)
def _fold(char: str) -> str:
    """Tell what one character looks like: nothing, one character, or a few."""
    if char in _ODD:
        return _ODD[char]
    category = unicodedata.category(char)
    if category in _BY_CATEGORY:
        return _BY_CATEGORY[category]
    if category == "Cc":
        return " " if char in "\t\n\r\f\v\x85" else ""
    digit = unicodedata.digit(char, None)
    return _compatible(char) if digit is None else str(digit)


def _compatible(char: str) -> str:
    for first in _LETTER_BLOCKS:
        if 0 <= ord(char) - first < _ALPHABET:
            return chr(ord("A") + ord(char) - first)
    folded = unicodedata.normalize("NFKC", char)
    if folded == char or len(folded) > _LONGEST_FOLD:
        return char
    return "".join(_fold(piece) for piece in folded).replace(_MARK, "")


def _compose(out: list[str], ends: "array[int]", mark: str, at: int) -> None:
    """Join a mark to the letter before it where the two make one letter; else drop it."""
    if out:
        out[-1] = _joined(out[-1], mark)
        ends[-1] = at + 1


@lru_cache(maxsize=4096)
def _joined(letter: str, mark: str) -> str:
    if not letter.isalpha():
        return letter
    joined = unicodedata.normalize("NFC", letter + mark)
    return joined if len(joined) == 1 else letter


def _unmix(text: str) -> str:
    """Fold look-alikes inside words that mix them with ASCII letters or digits, only there."""
    out = list(text)
    for match in _TOKEN.finditer(text):
        word = match.group()
        if word.isascii() or (word.isalpha() and not any(map(str.isascii, word))):
            continue
        start = match.start()
        for at, char in enumerate(word):
            out[start + at] = FOREIGN.get(char, char)
    return "".join(out)
