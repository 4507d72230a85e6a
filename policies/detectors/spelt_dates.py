"""Dates written out in words: the fourth of March two thousand and eleven.

Promises spans of dates whose day or year is in words, in linear time. What makes such a date one of
birth is for others to say.
"""

from collections.abc import Iterator

import re2

from policies.detectors.triggers import options

_UNITS = "one|two|three|four|five|six|seven|eight|nine"
_TEENS = "ten|eleven|twelve|thirteen|fourteen|fifteen|sixteen|seventeen|eighteen|nineteen"
_TENS = "twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety"
_ORDINALS = (
    "first|second|third|fourth|fifth|sixth|seventh|eighth|ninth|tenth|eleventh|twelfth|thirteenth"
    "|fourteenth|fifteenth|sixteenth|seventeenth|eighteenth|nineteenth|twentieth|thirtieth"
)
_MONTHS = (
    "january|february|march|april|may|june|july|august|september|october|november|december"
    "|jan|feb|mar|apr|jun|jul|aug|sept?|oct|nov|dec"
)
_JOINT = "[^0-9A-Za-z]{1,3}"
_TWO = f"(?:(?:{_TENS})(?:{_JOINT}(?:{_UNITS}))?|{_TEENS}|oh?{_JOINT}(?:{_UNITS}))"
_LESS = f"(?:{_TWO}|{_UNITS})"
_YEAR = (
    f"(?:two{_JOINT}thousand(?:{_JOINT}and)?(?:{_JOINT}{_LESS})?"
    f"|(?:nineteen|twenty)(?:{_JOINT}hundred)?(?:{_JOINT}and)?{_JOINT}{_LESS})"
)
_DAY = f"(?:(?:(?:twenty|thirty){_JOINT})?(?:{_ORDINALS}))(?:{_JOINT}day)?"
_FIGURES_DAY = "[0-9]{1,2}(?:st|nd|rd|th)?"
_FIGURES_YEAR = "(?:19|20)[0-9]{2}"
_IN = f"(?:{_JOINT}in)?(?:{_JOINT}the{_JOINT}year)?{_JOINT}"


def _of(day: str, year: str) -> str:
    """Spell a date with its day before the month, or behind it."""
    month = f"(?:{_MONTHS})"
    return (
        f"(?:{day}(?:{_JOINT}of)?{_JOINT}{month}|{month}(?:{_JOINT}the)?{_JOINT}{day}){_IN}{year}"
    )


SPELT = rf"(?i:\b(?:{_of(_DAY, f'(?:{_YEAR}|{_FIGURES_YEAR})')}|{_of(_FIGURES_DAY, _YEAR)})\b)"
_SPELT = re2.compile(SPELT.encode(), options())


def spelt(text: bytes) -> Iterator[tuple[int, int]]:
    """Yield the spans of such dates in a normal text."""
    return (match.span() for match in _SPELT.finditer(text))
