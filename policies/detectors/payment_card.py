"""Payment card numbers: a known issuer range of the right length with a right Luhn digit.

Source: ISO/IEC 7812-1 (Luhn) and the public issuer ranges of the schemes. One number in ten passes
Luhn, so an unusual grouping needs a word of payment, and a number of goods is left alone.
"""

from collections.abc import Iterator
from functools import lru_cache

from policies.detectors.base import Candidate, ShapeDetector
from policies.detectors.context import Words
from policies.detectors.finding import Confidence, Severity
from policies.detectors.triggers import NUMBER
from policies.text.run import Window
from policies.text.view import View

_SCHEMES: tuple[tuple[str, str, frozenset[int]], ...] = (  # first and last prefix, lengths
    ("300000", "305999", frozenset(range(14, 20))),  # Diners Club
    ("340000", "349999", frozenset({15})),  # American Express
    ("352800", "358999", frozenset(range(16, 20))),  # JCB
    ("360000", "369999", frozenset(range(14, 20))),  # Diners Club
    ("370000", "379999", frozenset({15})),  # American Express
    ("380000", "399999", frozenset(range(16, 20))),  # Diners Club
    ("222100", "272099", frozenset({16})),  # Mastercard
    ("400000", "499999", frozenset({13, 16, 19})),  # Visa
    ("501800", "503899", frozenset(range(16, 20))),  # Maestro
    ("510000", "559999", frozenset({16})),  # Mastercard
    ("589300", "589399", frozenset(range(16, 20))),  # Maestro
    ("601100", "601199", frozenset(range(16, 20))),  # Discover
    ("620000", "629999", frozenset(range(16, 20))),  # UnionPay
    ("630400", "630499", frozenset(range(16, 20))),  # Maestro
    ("644000", "659999", frozenset(range(16, 20))),  # Discover
    ("675900", "676399", frozenset(range(16, 20))),  # Maestro
)
_FIRST = frozenset("23456")
_SHORTEST = 13
_PREFIX = 6
_WRITTEN = frozenset({(4, 4, 4, 4), (4, 6, 5), (4, 6, 4), (4, 4, 4, 4, 3), (4, 4, 4, 1), (8, 8)})
_SPREAD = 2  # digits set apart one by one or in twos, as nobody writes a number of goods
_PAYMENT = Words(
    "card", "cards", "visa", "mastercard", "master card", "amex", "american express", "maestro",
    "debit", "credit", "pan", "cvv", "cvc", "payment", "expiry", "exp", "discover", "jcb", "diners",
    "unionpay",
)  # fmt: skip
_GOODS = Words(
    "tracking", "imei", "iccid", "isbn", "ean", "barcode", "barcodes", "serial", "consignment",
    "parcel", "meter", "mpan", "asset", "uprn", "invoice", "order", "awb", "waybill", "sim",
)  # fmt: skip


def lengths(prefix: str) -> frozenset[int]:
    """Give the lengths that a scheme gives its numbers which begin with these six digits."""
    return _lengths(prefix) if prefix[:1] in _FIRST else frozenset()


@lru_cache(maxsize=4096)
def _lengths(prefix: str) -> frozenset[int]:
    schemes = (some for first, last, some in _SCHEMES if first <= prefix <= last)
    return next(schemes, frozenset())


class PaymentCard(ShapeDetector):
    """Thirteen to nineteen digits of a scheme with a right check digit."""

    def candidates(self, view: View) -> Iterator[Candidate]:
        """Yield groups of digits that check, written as cards are or beside words of payment."""
        for run in view.runs:
            digits, heads = run.digits, run.heads
            if len(digits) < _SHORTEST or _FIRST.isdisjoint(digits):
                continue
            ends = frozenset(heads)
            for at in heads:
                for length in lengths(digits[at : at + _PREFIX]):
                    if at + length in ends and run.luhn(at, length) % 10 == 0:
                        window = run.window(at, length)
                        if _is_card(view, window):
                            yield window.start, window.end, Confidence.SURE


def _is_card(view: View, window: Window) -> bool:
    if _PAYMENT.near(view, window.start, window.end):
        return True
    groups = window.groups
    as_cards_are = len(groups) == 1 or groups in _WRITTEN or max(groups) <= _SPREAD
    return as_cards_are and not _GOODS.near(view, window.start, window.end)


PAYMENT_CARD = PaymentCard(
    "payment_card",
    "a payment card number",
    Severity.CRITICAL,
    trigger=NUMBER,
    headers=("Card number", "Payment card", "Card no"),
    at_once=True,
)
