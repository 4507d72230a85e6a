"""Unique Taxpayer References: ten digits, a K after them perhaps.

Source: HMRC, modulus check of the UTR: the digits after the first times 6 7 8 9 10 5 4 3 2, modulo
11, pick the first digit from 2 1 9 8 7 6 5 4 3 2 1. One number in ten passes: words of tax must
stand by it.
"""

from policies.detectors.context import Words
from policies.detectors.finding import Severity
from policies.detectors.registered_number import RegisteredNumber
from policies.detectors.tens import Span, Tens
from policies.detectors.triggers import NUMBER
from policies.text.view import View

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


class UniqueTaxpayerReference(RegisteredNumber):
    """Ten digits that check beside words of tax; any ten that are called a UTR."""

    def own(self) -> Words:
        """Give what such a number is called."""
        return _OWN

    def field(self) -> Words:
        """Give the words of tax."""
        return _TAX

    def checking(self, tens: Tens) -> list[Span]:
        """Give where the numbers stand that check as those of taxpayers."""
        return tens.taxpayers

    def foreign(self, view: View, start: int, end: int) -> bool:
        """Tell whether words of a company stand near."""
        return _COMPANY.near(view, start, end)

    def doubtful(self, _view: View, _start: int, end: int) -> bool:
        """Say that words of tax suffice."""
        return False


UTR = UniqueTaxpayerReference(
    "utr",
    "a Unique Taxpayer Reference",
    Severity.HIGH,
    trigger=NUMBER,
    headers=("UTR", "Unique Taxpayer Reference", "Tax reference"),
    at_once=True,
)
