"""Telephone numbers of people: mobiles, landlines and numbers with a country code.

Service and free numbers (03, 08, 09) belong to organisations. What is possible in a country's plan
is asked of `phonenumbers`, behind a test of our own on first digits and length, so that most
numbers never reach it.
"""

from collections.abc import Iterator

import phonenumbers

from policies.detectors.base import Candidate, ShapeDetector
from policies.detectors.context import THINGS, Words
from policies.detectors.finding import Confidence, Severity
from policies.text import View

_CALL = Words(
    "tel", "tel no", "telephone", "phone", "phoned", "mobile", "mob", "cell", "call", "called",
    "calls", "ring", "rang", "text", "whatsapp", "contact number", "callback", "call back",
    "landline", "dial", "sms", "voicemail", "ffon", "ph", "fax",
)  # fmt: skip
_OFFICE = Words(
    "switchboard", "helpline", "hotline", "reception", "main line", "customer services",
    "customer service", "call centre", "contact centre", "freephone", "press office", "office",
    "helpdesk", "help desk", "service desk", "out of hours line", "dial in", "conference", "bridge",
    "teams meeting", "extension",
)  # fmt: skip
_SHORTEST, _LONGEST = 6, 15
_NATIONAL = (10, 11)
_LOCAL = (6, 7, 8, 10)
_SHORTEST_ABROAD = 9


class Phone(ShapeDetector):
    """A number that starts as telephone numbers do and has a possible length."""

    def candidates(self, view: View) -> Iterator[Candidate]:
        """Yield windows of whole digit groups that can be dialled, unless they are an office's."""
        for run in view.runs:
            for length in range(_SHORTEST, _LONGEST + 3):
                for digits, start, end in run.windows(length):
                    if _inside_another(view.digits, start, end):
                        continue
                    span = self._dialled(view, digits, start, end) or (
                        self._local(view, start, end) if digits == run.digits else None
                    )
                    if span:
                        yield span

    def _dialled(self, view: View, digits: str, start: int, end: int) -> Candidate | None:
        before = view.ascii[max(0, start - 2) : start].rstrip(b" (")
        if before.endswith(b"+") or digits.startswith("00"):
            plus = view.ascii.rfind(b"+", 0, start) if before.endswith(b"+") else start
            return (plus, end, Confidence.SURE) if _abroad(digits) else None
        if digits[0] == "0" and len(digits) in _NATIONAL:
            return self._national(view, digits, start, end)
        return None

    def _local(self, view: View, start: int, end: int) -> Candidate | None:
        """Judge a number without its area code or first nought, which only words make a number."""
        figures = sum(view.groups(start, end))
        called = figures in _LOCAL and _CALL.right_before(view, start)
        if not called or THINGS.near(view, start, end) or _OFFICE.near(view, start, end):
            return None
        return start, end, Confidence.LIKELY

    def _national(self, view: View, digits: str, start: int, end: int) -> Candidate | None:
        if digits[1] not in "127" or not _possible(digits, "GB"):
            return None
        if digits[1] == "7" and len(digits) == max(_NATIONAL):
            return start, end, Confidence.SURE
        if _OFFICE.near(view, start, end):
            return None
        if THINGS.near(view, start, end) and not _CALL.near(view, start, end):
            return None
        return start, end, Confidence.LIKELY


def _inside_another(text: bytes, start: int, end: int) -> bool:
    """Tell whether the window is a piece of a date, a time, a sort code or a longer code."""
    before, after = text[max(0, start - 2) : start], text[end : end + 2]
    joined = before[-1:].isalpha() or (
        before[-1:] in b"-/.:" and before[:1].isdigit() and len(before) > 1
    )
    return (
        joined
        or after[:1].isalpha()
        or (after[:1] in b"/:" and after[1:].isdigit())
        or b":" in text[start:end]
    )


def _abroad(digits: str) -> bool:
    if len(digits.removeprefix("00")) < _SHORTEST_ABROAD:
        return False
    return _possible("+" + digits.removeprefix("00").replace("440", "44", 1), None)


def _possible(number: str, region: str | None) -> bool:
    try:
        return phonenumbers.is_possible_number(phonenumbers.parse(number, region))
    except phonenumbers.NumberParseException:
        return False


PHONE = Phone("phone", "a telephone number", Severity.MEDIUM)
