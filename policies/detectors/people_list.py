"""Lists of people: name after name, each beside a class, a day or an amount.

One name with a class is a letter; a dozen of them is a register, a schedule of arrears, a clinic's
list. Rows, cells and a run of brackets in one line are read alike. Promises that fewer than
`FEWEST` different names are no list, and that a text without as many details costs one pass.
Must never look closer at a text that is full of figures and names nobody.
"""

import re
from collections.abc import Iterator
from itertools import islice
from typing import NamedTuple

import re2

from policies.detectors.base import Candidate, ShapeDetector
from policies.detectors.finding import Confidence, Severity
from policies.detectors.names.candidates import TITLE
from policies.detectors.names.rules import spans
from policies.detectors.names.words import read
from policies.detectors.triggers import Trigger, Triggers, options
from policies.text.view import View

FEWEST = 8  # different people
_NAME = "people_list"
_MONTH = "(?:jan|feb|mar|apr|may|june?|july?|aug|sept?|oct|nov|dec)[a-z]{0,6}"
_CLASS = (
    r"\b(?i:year|yr|form|class|tutor group|set)[ :]?(?:1[0-3]|[1-9])[A-Za-z]{0,3}\b"
    r"|\b[Yy]?(?:1[0-3]|[1-9])(?:[A-Z][A-Za-z]{0,2}|[a-z])\b|\b[Yy](?:1[0-3]|[1-9])\b|\b(?i:reception)\b"
)
_DAY = (
    r"\b[0-9]{1,2}[/.-][0-9]{1,2}[/.-](?:[0-9]{4}|[0-9]{2})\b"
    r"|\b(?:19|20)[0-9]{2}-[01][0-9]-[0-3][0-9]\b"
    rf"|\b[0-9]{{1,2}}(?:st|nd|rd|th)?[ -](?i:{_MONTH})[ -](?:19|20)[0-9]{{2}}\b"
)
_AMOUNT = r"[?$] ?[0-9]|\b[0-9]{1,3}(?:,[0-9]{3})*\.[0-9]{2}\b"  # of pounds no sign is left
_EITHER = f"(?:{_CLASS}|{_DAY}|{_AMOUNT})"
_DETAIL = re2.compile(_EITHER.encode(), options())
# Whether there are enough at all, wherever they stand: to count them one by one is slow.
_ENOUGH = Triggers({_NAME: Trigger(codes=f"(?s:(?:{_EITHER}.*){{{FEWEST - 1}}}{_EITHER})")})
_SHORTEST = 80  # characters of such a list
_IS_CLASS = re2.compile(_CLASS.encode(), options())
_TWO_WORDS = re.compile(r"(?<!\w)[^\W\d_]+\.?[ ,;\t|\"]{1,4}[^\W\d_]{2,}(?!\w)")
_CELLS = re.compile(r"[ \"]*[,;\t|][ \"]*")
_MOST = 2000  # details of one text
# Places without a name, beyond which only a text that has names is read on: some, and more of a
# long text, in characters for each.
_MISSES, _ROOM = 16, 256
_BEFORE, _AFTER = 48, 32  # how far from a detail its name may be
_APART = 160  # between two of a list: a row that is read by nobody may stand between
_PERSONS_WORDS = 2  # in a name: a first name alone is anybody's


class Entry(NamedTuple):
    """Somebody in a list: where the name stands in the normal text, and what it is."""

    start: int
    end: int
    name: str


class PeopleList(ShapeDetector):
    """Everybody in a list of people, wherever the list stands in a text."""

    def candidates(self, view: View) -> Iterator[Candidate]:
        """Yield the names of each list, but one that stands by itself never."""
        if len(view.normal) < _SHORTEST or _NAME not in _ENOUGH.pulled(view):
            return
        details = [one.span() for one in islice(_DETAIL.finditer(view.ascii), _MOST)]
        for entries in _lists(_entries(view, details)):
            if len({one.name for one in entries}) >= FEWEST:
                for one in entries:
                    yield one.start, one.end, Confidence.LIKELY


def _lists(entries: Iterator[Entry]) -> Iterator[list[Entry]]:
    """Part those that do not stand together."""
    together: list[Entry] = []
    for one in entries:
        if together and one.start - together[-1].end > _APART:
            yield together
            together = []
        together.append(one)
    yield together


def _entries(view: View, details: list[tuple[int, int]]) -> Iterator[Entry]:
    """Yield the name beside each detail, in the order of the text, none twice."""
    read_to, misses, hits = 0, 0, 0
    most = _MISSES + len(view.normal) // _ROOM
    for number, (start, end) in enumerate(details):
        after = details[number + 1][0] if number + 1 < len(details) else len(view.normal)
        of_class = _IS_CLASS.fullmatch(view.ascii[start:end]) is not None
        first, last = _row(view, start, end)
        found = _name(view, max(read_to, first, start - _BEFORE), start, of_class)
        found = found or _name(view, end, min(after, last, end + _AFTER), of_class)
        if found is None:
            misses += 1
            if misses > most + hits:
                return
            continue
        hits, read_to = hits + 1, found.end
        yield found


def _row(view: View, start: int, end: int) -> tuple[int, int]:
    """Give between which line ends of the original a span stands, and the line above one alone."""
    text = view.original
    far, at = view.starts[max(0, start - _BEFORE)], view.starts[start]
    above = text.rfind("\n", far, at) + 1
    if above and not text[above:at].strip(' \r\t-*(£$"'):
        above = text.rfind("\n", far, len(text[:above].rstrip())) + 1
    below = text.find("\n", view.ends[end - 1], view.ends[min(len(view.normal), end + _AFTER) - 1])
    return (view.place(above) if above else 0), len(view.normal) if below < 0 else view.place(below)


def _name(view: View, start: int, end: int, of_class: bool) -> Entry | None:
    """Find somebody's name between two places, be it in two cells."""
    text = view.normal[start:end]
    if _TWO_WORDS.search(text) is None:
        return None
    for written in dict.fromkeys((text, _CELLS.sub(" ", text))):
        line = read(written)
        for first, after, sure in spans(line):
            words = line.words[first:after]
            teacher = of_class and words[0].kinds & TITLE
            if sure >= Confidence.LIKELY and len(words) >= _PERSONS_WORDS and not teacher:
                last = words[-1].text
                begins, ends = text.find(words[0].text), text.rfind(last) + len(last)
                name = " ".join(sorted(word.low for word in words))
                return Entry(start + begins, start + ends, name)
    return None


PEOPLE_LIST = PeopleList(
    _NAME,
    "a list of people",
    Severity.HIGH,
    FEWEST,
    at_once=True,
)
