"""Passport numbers: nine digits, or letters and digits as other countries have them, when named.

There is no check digit in the number itself: only the word "passport" makes it one. The line of a
passport that machines read has check digits, and needs no word.
Source: HM Passport Office (nine digits); ICAO Doc 9303-4 (the machine readable zone).
"""

from collections.abc import Iterator

import re2

from policies.detectors.base import Candidate, ShapeDetector
from policies.detectors.context import THINGS, Words
from policies.detectors.finding import Confidence, Severity
from policies.detectors.triggers import GAP, Trigger, options
from policies.text.numbers import alphanumeric, figures_in
from policies.text.view import View

_LABEL = Words(
    "passport", "passports", "passport no", "passport number", "passport num", "passport id",
    "brp", "biometric residence permit", "brp number", "travel document",
)  # fmt: skip
_SHAPE = re2.compile(
    (
        r"(?i)(?:^|[^0-9A-Za-z])("
        rf"[A-Z]{{1,2}}{GAP}?[0-9OoIl|]{{6,9}}|[0-9]{{2}}[A-Z]{{2}}[0-9]{{5}}|[A-Z][0-9A-Z]{{8}}"
        rf"|[0-9OoIl|]{{8,9}}|(?:[0-9OoIl|]{{3}}{GAP}){{2}}[0-9OoIl|]{{3}}"
        rf"|(?:[A-Z]{GAP}{{1,3}}){{0,2}}(?:[0-9OoIl|]{GAP}{{1,3}}){{7,8}}[0-9OoIl|]"
        r")(?:[^0-9A-Za-z]|$)"
    ).encode(),
    options(),
)
_LENGTHS = range(7, 12)
_FEWEST = 5
_CLOSE = 32  # between the word and a number that does not stand right after it
_ZONE_TEXT = r"[A-Z0-9<]{9}[0-9][A-Z<]{3}[0-9]{6}[0-9][MFX<][0-9]{6}[0-9][A-Z0-9<]{14}[0-9<][0-9]"
_ZONE = re2.compile(_ZONE_TEXT.encode(), options())


class Passport(ShapeDetector):
    """A number right after the word, or close to it and no number of goods; or the zone."""

    def candidates(self, view: View) -> Iterator[Candidate]:
        """Yield the zones that check, and the numbers near the word."""
        for match in _ZONE.finditer(view.ascii):
            if _checks(match.group()):
                yield *match.span(), Confidence.SURE
        if not _LABEL.anywhere(view):
            return
        at = 0
        while match := _SHAPE.search(view.ascii, at):
            start, end = match.span(1)
            at = start + 1
            compact = alphanumeric(match.group(1))
            if len(compact) in _LENGTHS and figures_in(compact) >= _FEWEST:
                if _LABEL.right_before(view, start):
                    yield start, end, Confidence.SURE
                elif _LABEL.before(view, start, _CLOSE) and not THINGS.near(view, start, end):
                    yield start, end, Confidence.LIKELY


def _checks(zone: bytes) -> bool:
    """Tell whether the number, the birth and the expiry carry their check digits."""
    fields = ((0, 9), (13, 19), (21, 27))
    return all(_check_digit(zone[first:last]) == zone[last] - ord("0") for first, last in fields)


def _check_digit(field: bytes) -> int:
    values = (0 if char == ord("<") else int(chr(char), 36) for char in field)
    return sum(value * (7, 3, 1)[place % 3] for place, value in enumerate(values)) % 10


PASSPORT = Passport(
    "passport",
    "a passport number",
    Severity.CRITICAL,
    trigger=Trigger(numbers=_ZONE_TEXT, words=_LABEL.pattern),
    headers=("Passport number", "Passport no", "Passport"),
)
