"""Driving licence numbers of Great Britain, and of Northern Ireland where they are named.

Source: DVLA, driver number: five letters of the surname filled up with 9, the decade, month (50
more for women), day and year of birth, two initials or 9, and three characters more. The date in
it must be possible; that and the shape are proof enough.
"""

from collections.abc import Iterator

import re2

from policies.detectors.base import Candidate, ShapeDetector
from policies.detectors.context import Words
from policies.detectors.finding import Confidence, Severity
from policies.detectors.triggers import SIX_IN_LETTERS, Trigger, options
from policies.text.numbers import alphanumeric
from policies.text.view import View

_GAP = "[^0-9A-Za-z|]{0,3}"
_FIGURE = "[0-9OoIl|]"
_NAME = _GAP.join(["[A-Za-z]", *["[A-Za-z9]"] * 4])
_SHAPE_TEXT = (
    rf"(?:^|[^A-Za-z0-9])({_NAME}{_GAP}{_GAP.join([_FIGURE] * 6)}{_GAP}"
    rf"[A-Za-z]{_GAP}[A-Za-z9]{_GAP}[0-9A-Za-z]{_GAP}[A-Za-z]{_GAP}[A-Za-z])"
    r"(?:[0-9]{2}|[^A-Za-z0-9]|$)"
)
_SHAPE = re2.compile(_SHAPE_TEXT.encode(), options())
_CORE = re2.compile(f"[A-Za-z9]{_GAP}{_GAP.join([_FIGURE] * 6)}{_GAP}[A-Za-z]".encode(), options())
_BEFORE, _BEHIND = 20, 24  # characters of the shape on either side of the core, at most
_LABEL = Words(
    "driving licence", "driving license", "driver licence", "driver license", "drivers licence",
    "drivers license", "driver's licence", "driver's license", "driver number",
    "driving licence no", "driver no",
    "licence number", "license number", "licence no", "dvla", "dva licence",
)  # fmt: skip
_NORTHERN = Words(
    "driving licence", "driving license", "driving licence number", "driver licence", "dva licence",
    "driver number", "driving licence no", "driving license number",
)  # fmt: skip
_NORTHERN_LENGTH = 8
_FIGURES = bytes.maketrans(b"OoIl|", b"00111")


class DrivingLicence(ShapeDetector):
    """The shape with a possible date of birth inside, or any date where it is named."""

    def candidates(self, view: View) -> Iterator[Candidate]:
        """Yield every place where the shape fits, and eight digits that are named."""
        at = 0
        while core := _CORE.search(view.ascii, at):
            at = core.start() + 1
            first = max(0, core.start() - _BEFORE)
            match = _SHAPE.search(view.ascii, first, core.end() + _BEHIND)
            confidence = match and _judge(view, match)
            if match and confidence:
                yield *match.span(1), confidence
                at = max(at, match.end(1))
        for run in view.runs:
            if len(run.digits) == _NORTHERN_LENGTH and _NORTHERN.right_before(view, run.starts[0]):
                yield run.starts[0], run.end(_NORTHERN_LENGTH - 1), Confidence.LIKELY


def _judge(view: View, match: "re2._Match") -> Confidence | None:
    compact = alphanumeric(match.group(1))
    if not _name(compact[:5].upper()):
        return None
    if _dated(compact[5:11].translate(_FIGURES)):
        return Confidence.SURE
    return Confidence.LIKELY if _LABEL.near(view, *match.span(1)) else None


def _name(letters: bytes) -> bool:
    """Tell whether nines only fill up at the end."""
    return letters.rstrip(b"9").isalpha()


def _dated(figures: bytes) -> bool:
    """Tell whether decade, month, day and year are a date of birth."""
    month, day = int(figures[1:3]) % 50, int(figures[3:5])
    return figures.isdigit() and 1 <= month <= 12 and 1 <= day <= 31  # noqa: PLR2004 - a date


DRIVING_LICENCE = DrivingLicence(
    "driving_licence",
    "a driving licence number",
    Severity.CRITICAL,
    trigger=Trigger(numbers=SIX_IN_LETTERS, words=_NORTHERN.pattern),
    headers=("Driving licence number", "Driving licence no", "Driving licence", "Driver number"),
    at_once=True,
)
