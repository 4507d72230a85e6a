"""Dates of birth: a full date beside words of birth or an age, or right beside a name.

A bare date is not one. Dates are read as people in Britain write them, day first; year first as
machines do; and with the month's name. A day or a year that cannot be is no date.
"""

from bisect import bisect_left
from collections.abc import Iterator
from datetime import date, timedelta

import re2

from policies.detectors.base import Candidate, ShapeDetector
from policies.detectors.context import LINKS, Words
from policies.detectors.dates import dates
from policies.detectors.facts.prose import OWNED
from policies.detectors.finding import Confidence, Finding, Severity
from policies.detectors.names.person_name import names_in
from policies.detectors.names.words import line_of
from policies.detectors.spelt_dates import SPELT, spelt
from policies.detectors.triggers import TRIGGERS, Trigger
from policies.text.view import View

_OPTIONS = re2.Options()
_OPTIONS.case_sensitive = False
_BIRTH = Words(
    "dob", "d o b", "date of birth", "dates of birth", "birth date", "birthdate", "born", "born on",
    "bday", "birth", "dob's", "dobs", "date birth", "dofb", "ganwyd", "dyddiad geni",
)  # fmt: skip
_AGE_TEXT = (
    r"(?:\b(?:aged?|turns|turning)[\s:]{0,2}[0-9]{1,3}\b|"
    r"\b[0-9]{1,3}[\s\-]?(?:yo|y/o|yrs? old|years? old|year-old|months? old|weeks? old)\b|"
    r"\([0-9]{1,2} ?(?:m|f|yrs?|years?)?\))"
)
_AGE = re2.compile(_AGE_TEXT.encode(), _OPTIONS)
_REACH = 60
_YOUNGEST = 1  # years ago, for a date beside a name to be one of birth; of four figures
_SUBJECT = 300  # characters; in longer texts only words of birth tell
_BOUND = re2.compile(
    rb"(?:^|[^a-z])(?:(?:between|before|after|since|until|(?:prior|up) to|as (?:of|at|from)"
    rb"|(?:later|earlier|younger|older) than|effective)(?: the)?"
    rb"|(?:between|from) [^.;]{4,40} (?:and|to|until))[^0-9a-z]{1,2}$",
    _OPTIONS,
)
_BOUND_REACH = 64
_DAY_NUMBER = re2.compile(rb"(?:^|[^0-9A-Za-z.,])([1-4][0-9]{4})(?:[^0-9A-Za-z.,]|$)")
_FIRST_DAY = date(1899, 12, 30)
_FEWEST = 3  # figures of a date that is not in words
_TO_A_DAY = LINKS | {b"on", b"the", b"of"}
_FEWEST_IN_FULL = 5  # figures of a date with its whole year
_NUMBERED = re2.compile(rb"[0-9A-Z]{2}, $")
_WIDEST = 4
_AHEAD = 5  # years that somebody may plan ahead in two figures
_RECENT = 2  # years back, of which dates in two figures are often appointments
_WIDEST_CELL = 32
_CELL = re2.compile(rb"\s?[|;\t]\s?[0-9A-Z. -]{6,24}\s?[|;\t]\s?")  # a number between the two
_YEAR = re2.compile(rb"(?:19|20)[0-9]{2}")


class DateOfBirth(ShapeDetector):
    """A date that can be, within reach of a word of birth or of somebody's age."""

    def candidates(self, view: View) -> Iterator[Candidate]:
        """Yield every date beside such words."""
        text = view.ascii
        if not (_BIRTH.anywhere(view) or _AGE.search(text)):
            return
        yield from _in_words(view)
        if view.figures < _FEWEST:
            return
        yield from _as_numbers(view)
        texts = dict.fromkeys((text, view.digits))
        for start, end, bare in (one for some in texts for one in dates(some)):
            if _of_many(view.ascii, start):
                continue
            if _BIRTH.right_before(view, start):
                yield start, end, Confidence.SURE
            elif not bare and (_BIRTH.near(view, start, end) or _aged(view, start, end)):
                yield start, end, Confidence.LIKELY

    @property
    def waits(self) -> bool:
        """Whether it finds nothing in a text without its trigger: a name may speak for a date."""
        return False

    def find(self, view: View) -> list[Finding]:
        """List the findings, and in subjects a date of the past right beside somebody's name."""
        found = self.read(view) if self.name in TRIGGERS.pulled(view) else []
        if found or len(view.original) > _SUBJECT or view.figures < _FEWEST_IN_FULL:
            return found
        spans = list(_beside_names(view))
        return [
            Finding(*view.span(start, end), self.name, Confidence.LIKELY, self.severity)
            for start, end in spans
        ]

    def beside(self, line: View) -> list[Finding]:
        """List the dates in one line of a longer text that stand beside a name as births do.

        Those in brackets after it, and where a number of one person is near, those that follow a
        name or a number. Asked only where names are looked for anyway: to read for them is slow.
        """
        if line.figures < _FEWEST_IN_FULL:
            return []
        owned, text = line.memory.get(OWNED), line.ascii
        spans = [
            (start, end)
            for start, end in _beside_names(line)
            if owned or (text[start - 1 : start] == b"(" and text[end : end + 1] == b")")
        ]
        if owned and not spans:
            spans = [
                (start, end)
                for start, end, bare in dates(text)
                if not bare and _is_past(text[start:end]) and _NUMBERED.search(text[:start][-9:])
            ]
        return [
            Finding(*line.span(start, end), self.name, Confidence.LIKELY, self.severity)
            for start, end in spans[:1]
        ]


def _in_words(view: View) -> Iterator[Candidate]:
    """Yield the dates that somebody wrote out beside such words."""
    for start, end in spelt(view.ascii):
        if _BIRTH.right_before(view, start, _TO_A_DAY):
            yield start, end, Confidence.SURE
        elif not _of_many(view.ascii, start) and _BIRTH.near(view, start, end):
            yield start, end, Confidence.LIKELY


def _as_numbers(view: View) -> Iterator[Candidate]:
    """Yield the days that a spreadsheet counts from 1900, right behind such a word."""
    for match in _DAY_NUMBER.finditer(view.ascii):
        start, end = match.span(1)
        day = _FIRST_DAY + timedelta(int(match.group(1)))
        if day < date.today() and _BIRTH.right_before(view, start):  # noqa: DTZ011 - a day is enough
            yield start, end, Confidence.LIKELY


def _of_many(text: bytes, start: int) -> bool:
    """Tell whether a date bounds the births of many: born between, before, on or after it."""
    return _BOUND.search(text[max(0, start - _BOUND_REACH) : start]) is not None


def _beside_names(view: View) -> Iterator[tuple[int, int]]:
    """Yield dates of the past that end a name: what is planned lies in the future."""
    names: list[tuple[int, int]] | None = None
    for start, end, bare in dates(view.ascii):
        if (bare and b"." not in view.ascii[start:end]) or not _is_past(view.ascii[start:end]):
            continue
        if names is None:
            words = line_of(view).words
            names = [(words[one[0]].start, words[one[1] - 1].end) for one in names_in(view)]
        if any(_touch(view.ascii, *name, start, end) for name in names):
            yield start, end


def _is_past(written: bytes) -> bool:
    """Tell whether the year of a date is some time ago; two figures may be of either century."""
    now = date.today().year  # noqa: DTZ011 - a year is enough
    figures = written.replace(b" ", b"")
    full = _YEAR.search(figures)
    if full is not None:
        return int(full.group()) <= now - _YOUNGEST
    if not figures[-2:].isdigit():
        return False  # of a century that is not ours
    year = int(figures[-2:]) + now - now % 100
    return (year if year <= now + _AHEAD else year - 100) <= now - _RECENT


def _touch(text: bytes, first: int, last: int, start: int, end: int) -> bool:
    """Tell whether nothing but marks stands between a name and a date, or one cell of a row."""
    between = text[last:start] if last <= start else text[end:first]
    if len(between) <= _WIDEST:
        return not between.strip(b" ,;:-()[]/")
    return len(between) <= _WIDEST_CELL and _CELL.fullmatch(between) is not None


def _aged(view: View, start: int, end: int) -> bool:
    """Tell whether somebody's age is said within reach."""
    ages: list[int] | None = view.memory.get(_aged)
    if ages is None:
        ages = view.memory[_aged] = [match.start() for match in _AGE.finditer(view.ascii)]
    number = bisect_left(ages, start - _REACH)
    return number < len(ages) and ages[number] < end + _REACH


DATE_OF_BIRTH = DateOfBirth(
    "date_of_birth",
    "a date of birth",
    Severity.HIGH,
    trigger=Trigger(words=_BIRTH.pattern, labels=f"(?i:{_AGE_TEXT})|{SPELT}"),
    headers=("Date of birth", "DOB", "Birth date", "D.O.B"),
)
