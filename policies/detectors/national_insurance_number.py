"""National Insurance numbers: two letters, six digits, a letter from A to D.

Source: HMRC manual NIM39110: no D, F, I, Q, U, V in the prefix, no O as its second letter, and the
prefixes BG, GB, KN, NK, NT, TN and ZZ are not used. There is no check digit.
"""

import re
from collections.abc import Iterator

import re2

from policies.detectors.base import Candidate, ShapeDetector
from policies.detectors.context import Words
from policies.detectors.finding import Confidence, Severity
from policies.detectors.triggers import SIX_IN_LETTERS, Trigger, options
from policies.text.numbers import STAND_IN, alphanumeric, figures_in
from policies.text.view import View

_UNUSED = frozenset({b"BG", b"GB", b"KN", b"NK", b"NT", b"TN", b"ZZ"})
_GAP = r"[^0-9A-Za-z|]{0,3}"
_FIGURE = STAND_IN
_SIX = _GAP.join([_FIGURE] * 6)
_HEAD = (
    r"(?:^|[^A-Za-z0-9])([A-CEGHJ-PR-TW-Za-ceghj-pr-tw-z]"
    rf"{_GAP}[A-CEGHJ-NPR-TW-Za-ceghj-npr-tw-z]){_GAP}({_SIX})"
)
_SHAPE_TEXT = rf"{_HEAD}(?:{_GAP}([A-Da-d]))?(?:[^A-Za-z0-9]|$)".encode()
_PLACE = re2.compile(_SHAPE_TEXT, options())
_SHAPE = re.compile(_SHAPE_TEXT)  # for what the other has found only: a few characters
_LABEL = Words(
    "ni", "nino", "nin", "ni no", "ni number", "national insurance", "national insurance number",
    "nat ins", "insurance number", "payroll", "hmrc", "dwp", "universal credit",
    "yswiriant gwladol", "rhif yswiriant gwladol",
)  # fmt: skip
_WORDS = frozenset(b"ah am an as at by eh ha he hi ma me my pa we ye".split())
_FEWEST_FIGURES = 2
_TIGHT = len("AB123456C")
_AROUND = 100  # characters that tell whether somebody writes no capitals at all


class NationalInsuranceNumber(ShapeDetector):
    """The shape, with a prefix in use; without its last letter only beside words that name it."""

    def candidates(self, view: View) -> Iterator[Candidate]:
        """Yield every place where the shape fits and the prefix is one in use."""
        text = view.ascii
        at = 0
        while place := _PLACE.search(text, at):
            match = _SHAPE.match(text, *place.span())
            if match is None:
                at = place.start() + 1
                continue
            start, end = match.start(1), match.end(3 if match.group(3) else 2)
            at = start + 1
            confidence = self._judge(view, match, start, end)
            if confidence:
                yield start, end, confidence
                at = end

    def _judge(self, view: View, match: re.Match[bytes], start: int, end: int) -> Confidence | None:
        prefix, figures, suffix = match.groups()
        if alphanumeric(prefix).upper() in _UNUSED or figures_in(figures) < _FEWEST_FIGURES:
            return None
        labelled = _LABEL.near(view, start, end)
        if suffix is None:
            return Confidence.LIKELY if labelled else None
        if labelled or end - start <= _TIGHT:
            return Confidence.SURE
        if prefix.isupper() and suffix.isupper():
            return Confidence.SURE
        word = prefix.lower() in _WORDS  # "by 01 06 25 a" is not one
        small = view.ascii[max(0, start - _AROUND) : end + _AROUND].islower()
        return Confidence.LIKELY if small and not word else None


NATIONAL_INSURANCE_NUMBER = NationalInsuranceNumber(
    "national_insurance_number",
    "a National Insurance number",
    Severity.CRITICAL,
    _FEWEST_FIGURES,
    trigger=Trigger(numbers=SIX_IN_LETTERS, words=_LABEL.pattern),
    headers=("National Insurance number", "NI number", "NI no", "NINO", "NI"),
    at_once=True,
)
