"""Columns of tables: a heading such as "NHS number" speaks for every value below it.

Reads csv, tab-separated text, text in columns two spaces apart, `|` tables, and a heading alone on
its line. Promises to give each cell under a known heading to the detector of that heading, as if
the label stood before the value. Must never read a row twice, nor a line longer than the limit.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import accumulate

import re2

from policies.detectors.finding import Detector
from policies.detectors.triggers import options

Cell = tuple[int, int]  # a span of the text

_LONGEST_LINE = 4000
_LONGEST_CELL = 100
_MOST_WORDS = 6  # in a heading: "Date of birth (DD/MM/YYYY)"
_DELIMITERS = "\t;|,"
_QUOTED = {mark: re.compile(rf'(?:"[^"]*"|[^{re.escape(mark)}"])*') for mark in _DELIMITERS}
_SPACED = re.compile(r"[^ \t]+(?: [^ \t]+)*")
_LETTERS = re.compile(r"[a-z]+")
_VALUE = re.compile(r"(?:[0-9][ -]?){6}")  # a label and its value head no column


class Headings:
    """What columns of values are called, for some detectors."""

    def __init__(self, detectors: Sequence[Detector]) -> None:
        self._detectors: dict[str, Detector] = {}  # by their headings, words joined
        self._labels: dict[str, str] = {}
        self._words: set[str] = set()  # of all headings
        for detector in detectors:
            headers: tuple[str, ...] = getattr(detector, "headers", ())
            for header in headers:
                self._detectors["".join(_words(header))] = detector
                self._words.update(_words(header))
                self._labels.setdefault(detector.name, header)
        self._pattern = _pattern(detectors) if self._detectors else None

    def within(self, text: bytes) -> Iterator[int]:
        """Yield places in a normal text where a heading may stand."""
        if self._pattern is not None:
            for match in self._pattern.finditer(text):
                yield match.end() - 1

    def labelled(self, text: str, at: int) -> "Table":
        """Read the table whose heading stands in the line around a place; it may have no rows."""
        first = text.rfind("\n", max(0, at - _LONGEST_LINE), at) + 1
        last = _end_of_line(text, at)
        if last - first > _LONGEST_LINE:
            return Table(text, last, "", {})
        line = text[first:last]
        mark = _delimiter(line)
        columns = {
            number: detector
            for number, (start, end) in enumerate(_cells(line, mark))
            if (detector := self._named(line[start:end])) is not None
        }
        return Table(text, last, mark, columns)

    def label(self, detector: Detector) -> str:
        """Give what to write before a value of a detector, so that it takes it for one."""
        return f"{self._labels[detector.name]}: "

    def _named(self, cell: str) -> Detector | None:
        words = _words(cell[:_LONGEST_CELL])
        if len(words) > _MOST_WORDS or self._words.isdisjoint(words):
            return None
        if _VALUE.search(cell[:_LONGEST_CELL]):
            return None
        for length in range(len(words), 0, -1):
            for first in range(len(words) - length + 1):
                detector = self._detectors.get("".join(words[first : first + length]))
                if detector is not None:
                    return detector
        return None


class Table:
    """The rows below a line of headings, up to a blank line or one without columns."""

    def __init__(self, text: str, at: int, mark: str, columns: Mapping[int, Detector]) -> None:
        self._text = text
        self._mark = mark
        self._columns = columns
        self.end = at

    def cells(self) -> Iterator[tuple[Detector, int, int]]:
        """Yield the cells of the columns that are known, row by row; `end` moves along."""
        if not self._columns:
            return
        while self.end < len(self._text):
            first = self.end + 1
            last = _end_of_line(self._text, first)
            line = self._text[first:last]
            cells = list(_cells(line, self._mark)) if last - first <= _LONGEST_LINE else []
            if not line.strip() or (self._mark and len(cells) == 1):
                return
            self.end = last
            for number, detector in self._columns.items():
                if number < len(cells):
                    start, end = cells[number]
                    if 0 < end - start <= _LONGEST_CELL:
                        yield detector, first + start, first + end


def _pattern(detectors: Iterable[Detector]) -> "re2._Regexp":
    headers = (header for detector in detectors for header in getattr(detector, "headers", ()))
    phrases = ("[^0-9A-Za-z]{0,3}".join(_words(header)) for header in headers)
    pattern = f"(?i)(?:^|[^0-9a-z])(?:{'|'.join(sorted(set(phrases)))})(?:[^0-9a-z]|$)"
    return re2.compile(pattern.encode(), options())


def _words(text: str) -> list[str]:
    return _LETTERS.findall(text.lower())


def _end_of_line(text: str, at: int) -> int:
    end = text.find("\n", at)
    return len(text) if end < 0 else end


def _delimiter(line: str) -> str:
    """Give the mark between the cells of a line; two spaces if they are, or nothing."""
    best = max(_DELIMITERS, key=line.count)
    if best in line:
        return best
    return "  " if "  " in line.strip() else ""


def _cells(line: str, mark: str) -> Iterator[Cell]:
    if not mark:
        yield 0, len(line)
    elif mark == "  ":
        yield from (match.span() for match in _SPACED.finditer(line))
    elif '"' in line:
        yield from _quoted(line, _QUOTED[mark])
    else:
        lengths = [len(cell) for cell in line.split(mark)]
        ends = accumulate(lengths, lambda end, length: end + 1 + length)
        yield from ((end - length, end) for end, length in zip(ends, lengths, strict=True))


def _quoted(line: str, cell: "re.Pattern[str]") -> Iterator[Cell]:
    at = 0
    while at <= len(line):
        match = cell.match(line, at)
        end = match.end() if match else at
        if line[end : end + 1] == '"':  # one that nothing closes: the rest is one cell
            end = len(line)
        yield at, end
        at = end + 1
