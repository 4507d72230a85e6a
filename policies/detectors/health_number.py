"""Ten-digit numbers of patients: what those of the health services have in common.

Source: NHS Data Dictionary, NHS NUMBER: weights 10 to 2, and a check digit that makes the sum a
multiple of 11; the numbers of Scotland and Northern Ireland check the same way. One in eleven
numbers passes, so a bare one needs a range in use and no word of goods.
"""

from collections.abc import Iterator

from policies.detectors.base import Candidate, ShapeDetector
from policies.detectors.context import THINGS, Words
from policies.detectors.finding import Confidence
from policies.detectors.tens import LENGTH, tens_in
from policies.text.run import Window
from policies.text.view import View

_PRINTED = (3, 3, 4)  # how the numbers are printed on letters
_SPREAD = 2  # digits set apart one by one or in twos, as nobody writes a number of goods
_INVENTED = frozenset({"1234567890", "0123456789", "9876543210"})
PATIENT = Words(
    "nhs", "chi", "patient", "patients", "gp", "hospital", "clinic", "surgery", "discharge",
    "referral", "appointment", "ward", "health", "medical", "prescription", "midwife", "camhs",
    "ehcp", "pupil", "child", "resident", "client", "service user", "consultant", "vaccination",
    "dentist", "systmone", "emis", "adult", "safeguarding", "carer", "mother", "father",
)  # fmt: skip
_OF_A_PATIENT = Words(
    "patient ref", "patient reference", "patient id", "patient no", "patient number", "client ref",
    "client reference", "client id", "rhif claf", "rhif y claf",
)  # fmt: skip


class HealthNumber(ShapeDetector):
    """Ten digits with a right check digit, however grouped, unless they are a number of goods."""

    def own(self) -> Words:
        """Give what such a number is called."""
        raise NotImplementedError

    def others(self) -> Words:
        """Give what the numbers of other services are called."""
        raise NotImplementedError

    def issued(self, digits: str) -> bool:
        """Tell whether the range is in use."""
        raise NotImplementedError

    def possible(self, digits: str) -> bool:
        """Tell whether it may be such a number at all, where words speak of a patient."""
        return self.issued(digits)

    def candidates(self, view: View) -> Iterator[Candidate]:
        """Yield ten-digit windows judged by check digit, range, grouping and words around."""
        tens = tens_in(view)
        unnamed = tens.many and not self.own().anywhere(view)
        for window in tens.patients:
            if unnamed and not self.possible(window.digits):
                continue
            confidence = self._judge(view, window)
            if confidence:
                yield window.start, window.end, confidence
        for run in () if unnamed else tens.foremost:
            if self.own().right_before(view, run.starts[0]) and not _invented(run.digits[:LENGTH]):
                yield run.starts[0], run.end(LENGTH - 1), Confidence.LIKELY  # a slip of the finger

    def _judge(self, view: View, window: Window) -> Confidence | None:
        start, end = window.start, window.end
        if self.others().right_before(view, start):
            return None
        of_a_patient = self.possible(window.digits) and _OF_A_PATIENT.right_before(view, start)
        if of_a_patient or self.own().right_before(view, start):
            return Confidence.SURE
        if self.own().near(view, start, end) and (
            _one_number(window) or not _crosses_cells(view, start, end)
        ):
            return Confidence.SURE
        thing = _dialled(view, start) or THINGS.right_before(view, start)
        if thing or not self.possible(window.digits):
            return None
        if PATIENT.near(view, start, end):
            return Confidence.SURE if _one_number(window) else None
        return self._judge_bare(view, window)

    def _judge_bare(self, view: View, window: Window) -> Confidence | None:
        """Judge a number that no word speaks for."""
        if not self.issued(window.digits) or THINGS.near(view, window.start, window.end):
            return None
        if window.groups == _PRINTED or _spread(window):
            return Confidence.SURE
        return Confidence.LIKELY if len(window.groups) == 1 else None


def _invented(digits: str) -> bool:
    return digits in _INVENTED or len(set(digits)) == 1


def _spread(window: Window) -> bool:
    return max(window.groups) <= _SPREAD


def _one_number(window: Window) -> bool:
    return _spread(window) or len(window.groups) <= len(_PRINTED) + 1


def _crosses_cells(view: View, start: int, end: int) -> bool:
    """Tell whether a number goes from one line or cell of a table to the next."""
    written = view.original[view.starts[start] : view.ends[end - 1]]
    return "\n" in written or "\t" in written


def _dialled(view: View, start: int) -> bool:
    """Tell whether the digits follow a country code, as in +44 7700 900123."""
    before = view.ascii[max(0, start - 8) : start].rstrip(b" (-0)")
    return before.endswith((b"+", b"+44", b"44"))
