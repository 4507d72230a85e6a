"""Passport numbers: nine digits, or letters and digits as other countries have them, when named.

There is no check digit in the number itself: only the word "passport" makes it one. The lines of a
passport that machines read have check digits, and need no word (`travel_zone`).
Source: HM Passport Office (nine digits).
"""

from collections.abc import Iterator

import re2

from policies.detectors.base import Candidate, ShapeDetector
from policies.detectors.context import THINGS, Words
from policies.detectors.finding import Confidence, Severity
from policies.detectors.travel_zone import ZONE, zones
from policies.detectors.triggers import GAP, Trigger, options
from policies.text.numbers import alphanumeric, figures_in
from policies.text.view import View

_LABEL = Words(
    "passport", "passports", "passport no", "passport number", "passport num", "passport id",
    "brp", "biometric residence permit", "brp number", "travel document",
    "pasbort", "rhif pasbort",
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


class Passport(ShapeDetector):
    """A number right after the word, or close to it and no number of goods; or the zone."""

    def candidates(self, view: View) -> Iterator[Candidate]:
        """Yield the zones that check, and the numbers near the word."""
        for start, end in zones(view.ascii):
            yield start, end, Confidence.SURE
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


PASSPORT = Passport(
    "passport",
    "a passport number",
    Severity.CRITICAL,
    trigger=Trigger(numbers=ZONE, words=_LABEL.pattern),
    headers=("Passport number", "Passport no", "Passport"),
)
