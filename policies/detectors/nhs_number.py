"""NHS numbers of England, Wales and the Isle of Man, and CHI and Health & Care numbers (10 digits).

Source: NHS Data Dictionary, NHS NUMBER: weights 10 to 2, and a check digit that makes the sum a
multiple of 11. One in eleven numbers passes, so a bare one needs an issued range and no word of
goods.
"""

from collections.abc import Iterator

from policies.detectors.base import Candidate, ShapeDetector
from policies.detectors.context import THINGS, Words
from policies.detectors.finding import Confidence, Severity
from policies.text.numbers import Window
from policies.text.view import View

_LENGTH = 10
_PRINTED = (3, 3, 4)  # how the numbers are printed on letters
_SPREAD = 2  # digits set apart one by one or in twos, as nobody writes a number of goods
_INVENTED = frozenset({"1234567890", "0123456789", "9876543210"})
_LABEL = Words("nhs", "nhsno", "nhs number", "chi", "chi number", "h&c", "hcn")
_PATIENT = Words(
    "nhs", "chi", "patient", "patients", "gp", "hospital", "clinic", "surgery", "discharge",
    "referral", "appointment", "ward", "health", "medical", "prescription", "midwife", "camhs",
    "ehcp", "pupil", "child", "resident", "client", "service user", "consultant", "vaccination",
    "dentist", "adult", "safeguarding", "carer", "mother", "father",
)  # fmt: skip


def _issued(digits: str) -> bool:
    """Tell whether the range is in use.

    4, 6, 7 in England and Wales, 320 to 399 in Northern Ireland, 9 in examples and tests; in
    Scotland the number begins with a day and a month.
    """
    if digits[0] in "4679" or "320" <= digits[:3] <= "399":
        return True
    return "01" <= digits[:2] <= "31" and "01" <= digits[2:4] <= "12"


class NhsNumber(ShapeDetector):
    """Ten digits with a right check digit, however grouped, unless they are a number of goods."""

    def candidates(self, view: View) -> Iterator[Candidate]:
        """Yield ten-digit windows judged by check digit, range, grouping and words around."""
        named, cared_for = _LABEL.anywhere(view), _PATIENT.anywhere(view)
        for run in view.runs:
            for at in run.stretches(_LENGTH):
                digits = run.digits[at : at + _LENGTH]
                checks = run.weighted(at, _LENGTH) % 11 == 0 and len(set(digits)) > 1
                if named or (checks and (cared_for or _issued(digits))):
                    window = run.window(at, _LENGTH)
                    confidence = _judge(view, window) if checks else _mistyped(view, window)
                    if confidence:
                        yield window.start, window.end, confidence


def _judge(view: View, window: Window) -> Confidence | None:
    start, end, groups = window.start, window.end, window.groups
    if _LABEL.near(view, start, end):
        return Confidence.SURE
    spread = max(groups) <= _SPREAD
    one_number = spread or len(groups) <= len(_PRINTED)
    if not one_number or _dialled(view, start) or THINGS.right_before(view, start):
        return None
    if _PATIENT.near(view, start, end):
        return Confidence.SURE
    if not _issued(window.digits) or THINGS.near(view, start, end):
        return None
    if groups == _PRINTED or spread:
        return Confidence.SURE
    return Confidence.LIKELY if len(groups) == 1 else None


def _mistyped(view: View, window: Window) -> Confidence | None:
    """Judge a number that does not check: a slip of the finger leaves it a patient's number."""
    invented = window.digits in _INVENTED or len(set(window.digits)) == 1
    labelled = not invented and _LABEL.right_before(view, window.start)
    return Confidence.LIKELY if labelled else None


def _dialled(view: View, start: int) -> bool:
    """Tell whether the digits follow a country code, as in +44 7700 900123."""
    before = view.ascii[max(0, start - 8) : start].rstrip(b" (-0)")
    return before.endswith((b"+", b"+44", b"44"))


NHS_NUMBER = NhsNumber("nhs_number", "an NHS number", Severity.CRITICAL)
