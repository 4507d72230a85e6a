"""Unique Taxpayer References: ten digits, a K after them perhaps.

Source: HMRC, modulus check of the UTR: the digits after the first times 6 7 8 9 10 5 4 3 2, modulo
11, pick the first digit from 2 1 9 8 7 6 5 4 3 2 1. One number in ten passes: words of tax must
stand by it.
"""

from collections.abc import Iterator

from policies.detectors.base import Candidate, ShapeDetector
from policies.detectors.context import Words
from policies.detectors.finding import Confidence, Severity
from policies.detectors.health_number import LENGTH
from policies.detectors.triggers import NUMBER
from policies.text.numbers import Window
from policies.text.view import View

_WEIGHTS = (0, 6, 7, 8, 9, 10, 5, 4, 3, 2)
_FIRST = "21987654321"
_OWN = Words(
    "utr", "utrs", "unique taxpayer reference", "taxpayer reference", "tax reference", "tax ref",
    "unique tax reference", "taxpayer ref", "tax payer reference", "self assessment reference",
    "sa reference", "sa utr", "utr ref",
)  # fmt: skip
_TAX = Words(
    "hmrc", "self assessment", "self employed", "sole trader", "taxpayer", "tax return", "cis",
    "subcontractor", "sa100", "sa302", "ir35", "inland revenue",
)  # fmt: skip
_COMPANY = Words("vat", "corporation tax", "company number", "ct utr", "paye reference")


class UniqueTaxpayerReference(ShapeDetector):
    """Ten digits that check beside words of tax; any ten that are called a UTR."""

    def candidates(self, view: View) -> Iterator[Candidate]:
        """Yield ten-digit windows near such words."""
        named = _OWN.anywhere(view)
        if not named and not _TAX.anywhere(view):
            return
        for run in view.runs:
            sums = run.weighted(_WEIGHTS)
            for at in run.stretches(LENGTH):
                checks = _FIRST[sums[at] % 11] == run.digits[at]
                if checks or (at == 0 and named):
                    window = run.window(at, LENGTH)
                    confidence = _judge(view, window, checks=checks)
                    if confidence:
                        yield window.start, window.end, confidence


def _judge(view: View, window: Window, *, checks: bool) -> Confidence | None:
    start, end = window.start, window.end
    if _OWN.right_before(view, start):
        return Confidence.SURE if checks else Confidence.LIKELY
    if not checks or _COMPANY.near(view, start, end):
        return None
    if _OWN.near(view, start, end):
        return Confidence.SURE
    return Confidence.LIKELY if _TAX.near(view, start, end) else None


UTR = UniqueTaxpayerReference(
    "utr",
    "a Unique Taxpayer Reference",
    Severity.HIGH,
    trigger=NUMBER,
    headers=("UTR", "Unique Taxpayer Reference", "Tax reference"),
)
