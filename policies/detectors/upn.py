"""Unique Pupil Numbers: a check letter and twelve digits; the last is a letter in a temporary one.

Source: UK Government Data Standards Catalogue, Unique Pupil Number 2.0: the sum of characters 2 to
13 times their place, modulo 23, picks the letter from an alphabet without I, O and S. The code of
the authority is not checked: the list grows, and the letter is proof enough.
"""

from collections.abc import Iterator

import re2

from policies.detectors.base import Candidate, ShapeDetector
from policies.detectors.context import Words
from policies.detectors.finding import Confidence, Severity
from policies.detectors.triggers import NUMBER, options
from policies.text.numbers import alphanumeric, figures_in
from policies.text.view import View

_LETTERS = "ABCDEFGHJKLMNPQRTUVWXYZ"
_GAP = r"[^0-9A-Za-z|]{0,2}"
_SHAPE = re2.compile(
    (
        rf"(?:^|[^A-Za-z0-9])([A-HJ-NP-RT-Za-hj-np-rt-z]{_GAP}(?:[0-9OoIl|]{_GAP}){{11}}"
        r"[0-9A-HJ-NP-RT-Za-hj-np-rt-zOoIl|])(?:[^A-Za-z0-9]|$)"
    ).encode(),
    options(),
)
_LABEL = Words("upn", "upns", "pupil number", "unique pupil number", "pupil", "census", "learner")
_YEARS = re2.compile(rb"[^0-9]{1,3}(?:(?:19|20)[0-9]{2}[^0-9]{0,2}){3}", options())
_FIGURES = bytes.maketrans(b"OoIl|", b"00111")
_FEWEST_FIGURES = 6


def valid(number: str) -> bool:
    """Tell whether thirteen characters in upper case carry the right check letter."""
    letter, figures, last = number[0], number[1:12], number[12]
    value = int(last) if last.isdecimal() else _LETTERS.find(last)
    if not figures.isdecimal() or value < 0:
        return False
    total = sum(place * int(figure) for place, figure in enumerate(figures, 2)) + 13 * value
    return _LETTERS[total % len(_LETTERS)] == letter


class UniquePupilNumber(ShapeDetector):
    """The shape with a right check letter, or a wrong one where words say that it is a UPN."""

    def candidates(self, view: View) -> Iterator[Candidate]:
        """Yield every place where the shape fits and letter or label speak for it."""
        for match in _SHAPE.finditer(view.ascii):
            start, end = match.span(1)
            compact = alphanumeric(match.group(1))
            if figures_in(compact) < _FEWEST_FIGURES:
                continue
            last = compact[12:].upper()
            number = compact[:1].upper() + compact[1:12].translate(_FIGURES)
            number += last.translate(_FIGURES) if last in b"OI|" else last
            if _YEARS.fullmatch(match.group(1)[1:]):
                continue  # (c) 1997, 2003, 2009
            if valid(number.decode("ascii")):
                yield start, end, Confidence.SURE
            elif _LABEL.near(view, start, end):
                yield start, end, Confidence.LIKELY


UPN = UniquePupilNumber(
    "upn",
    "a Unique Pupil Number",
    Severity.CRITICAL,
    _FEWEST_FIGURES,
    trigger=NUMBER,
    headers=("UPN", "Unique Pupil Number", "Pupil number"),
    at_once=True,
)
