"""A text as a row of words, each with what it can be, how it is written and what stands before it.

Promises linear time. Worked out once for each view and kept there, nowhere else.
"""

import re
from dataclasses import dataclass
from enum import Enum

from policies.detectors.names.gazetteer import CUES, NAMED, Kind, folded, kinds_of, phrases
from policies.text.view import View

# One class each, separated by what the class excludes: there is nothing to go back to.
_WORD = re.compile(r"[^\W\d_]+(?:['-][^\W\d_]+)*|[0-9]+")
_ASCII_WORD = re.compile(r"[A-Za-z]+(?:['-][A-Za-z]+)*|[0-9]+")  # the same, twice as fast
_PREFIX = frozenset({"re", "fw", "fwd", "aw", "sv", "wg"})
_MOST = 240  # words of one text that are looked at; no subject that people write has more
_LONGEST_GAP = 12


@dataclass(slots=True)
class Word:
    """One word: its span in the normal text, folded, without the 's of possession."""

    start: int
    end: int
    text: str
    low: str
    kinds: int
    gap: str  # what stands between the word before and this one
    owns: bool = False
    thing: bool = False  # part of the name of a place, a body or a theme

    @property
    def shape(self) -> str:
        """Tell how it is written: `T`itle, `U`pper case, `l`ower case, `n`umber, `m`ixed."""
        text = self.text
        if text.islower():
            return "l"
        if text.isupper():
            return "U" if len(text) > 1 else "T"
        if text[0].isupper():
            return "T"
        return "n" if text[0].isdigit() else "m"


class Case(Enum):
    """How a whole text is written; only in a mixed one do capitals say anything."""

    MIXED = "x"
    LOWER = "l"
    UPPER = "u"


@dataclass(frozen=True, slots=True)
class Line:
    """The words of one text, in order."""

    words: tuple[Word, ...]
    case: Case


def line_of(view: View) -> Line:
    """Give the words of a view, cut and judged once."""
    found = view.memory.get(Line)
    if found is None:
        found = view.memory[Line] = read(view.normal)
    line: Line = found
    return line


def read(text: str) -> Line:
    """Cut a normal text into words."""
    words: list[Word] = []
    last = 0
    for match in _pattern(text).finditer(text):
        start, end = match.span()
        word = word_of(match.group(), start, text[last:start][-_LONGEST_GAP:])
        if words and start == last:  # PO643400, LU3
            words[-1].thing = word.thing = True
        if text[end : end + 1] == "'" and word.low.endswith("s"):
            word.owns = True
        words.append(word)
        last = end
        if len(words) == _MOST:
            break
    if "@" in text:
        _mark_addresses(words, text)
    _mark_things(words)
    return Line(tuple(words), _case(words))


def word_of(written: str, start: int = 0, gap: str = "") -> Word:
    """Judge one word by itself."""
    low = written.lower() if written.isascii() else folded(written)
    owns = low.endswith("'s")
    if owns:
        low, written = low[:-2], written[:-2]
    kinds = 0 if low[0].isdigit() else kinds_of(low)
    return Word(start, start + len(written), written, low, kinds, gap, owns)


def words_in(text: str) -> list[str]:
    """Give the words of which `read` makes a line, as they are written."""
    return _pattern(text).findall(text)[:_MOST]


def _pattern(text: str) -> "re.Pattern[str]":
    return _ASCII_WORD if text.isascii() else _WORD


def counts_as(word: Word) -> Case | None:
    """Tell for which case a word speaks; prefixes, figures and single letters speak for none."""
    if len(word.text) == 1 or word.low in _PREFIX:
        return None
    if word.text.islower():
        return Case.LOWER
    if word.text.isupper():
        return Case.UPPER
    return None if word.text[0].isdigit() else Case.MIXED


def _case(words: list[Word]) -> Case:
    """Tell the case of the text, leaving out prefixes, acronyms and single letters."""
    upper = 0
    lower = False
    for word in words:
        case = counts_as(word)
        if case is Case.MIXED:
            return case
        lower = lower or case is Case.LOWER
        upper += case is Case.UPPER
    if lower:
        return Case.LOWER
    return Case.UPPER if upper > 1 else Case.MIXED


def _mark_things(words: list[Word]) -> None:
    """Mark the names of places, bodies and themes that have several words."""
    known = phrases()
    for number, word in enumerate(words):
        for phrase in known.get(word.low, ()):
            if _stands(phrase, words, number):
                for one in words[number : number + len(phrase)]:
                    one.thing = True


def _mark_addresses(words: list[Word], text: str) -> None:
    """Mark the words of e-mail addresses: another detector finds those."""
    start = 0
    spans = []
    for piece in text.split(" "):
        if "@" in piece:
            spans.append((start, start + len(piece)))
        start += len(piece) + 1
    at = 0
    for word in words:
        while at < len(spans) and spans[at][1] <= word.start:
            at += 1
        if at < len(spans) and spans[at][0] <= word.start:
            word.thing = True


def _stands(phrase: tuple[str, ...], words: list[Word], at: int) -> bool:
    """Tell whether a phrase stands here; its last word may own something: Barnardo's."""
    if at + len(phrase) > len(words):
        return False
    if len(phrase) > 1 and not words[at + 1].low.startswith(phrase[1].removesuffix("'s")):
        return False  # as nearly always
    for piece, word in zip(phrase, words[at : at + len(phrase)], strict=True):
        if word.low != piece and not (word.owns and f"{word.low}'s" == piece):
            return False
    return True


__all__ = ["CUES", "NAMED", "Case", "Kind", "Line", "Word", "line_of", "read"]
