"""Words around a candidate that make it more or less likely to be personal data.

Promises to look only so far before and after, at whole words, whatever their case, in linear time.
"""

from bisect import bisect_left
from itertools import pairwise

from policies.numbers import Token
from policies.text import View

_BEFORE = 60
_AFTER = 40
_WIDEST_GAP = 3  # between the words of a phrase: "date-of-birth", "d.o.b."
_WIDEST_LINK = 6  # between a label and its value
_LINKS = frozenset({b"is", b"was", b"are", b"no", b"nos", b"number", b"numbers", b"num", b"s"})


class Words:
    """A set of words and short phrases. The words of a phrase may be joined: `DateOfBirth`."""

    def __init__(self, *phrases: str) -> None:
        self._phrases: dict[bytes, set[tuple[bytes, ...]]] = {}  # by their last word
        for phrase in phrases:
            words = tuple(phrase.encode("ascii").split())
            for spelt in (words, (b"".join(words),)):
                self._phrases.setdefault(spelt[-1], set()).add(spelt)

    def near(self, view: View, start: int, end: int) -> bool:
        """Tell whether one stands within reach of a span of the normal text."""
        tokens = view.tokens
        first = bisect_left(tokens, (start - _BEFORE,))
        last = bisect_left(tokens, (end + _AFTER,))
        return any(
            self._ends_at(tokens, number)
            for number in range(first, last)
            if not start <= tokens[number][0] < end
        )

    def right_before(self, view: View, start: int) -> bool:
        """Tell whether one stands just before, with nothing but "no", "is" or a colon between."""
        tokens = view.tokens
        number = bisect_left(tokens, (start,)) - 1
        while number >= 0 and start - tokens[number][1] <= _WIDEST_LINK:
            if self._ends_at(tokens, number):
                return True
            start, _end, word = tokens[number]
            if word not in _LINKS:
                return False
            number -= 1
        return False

    def anywhere(self, view: View) -> bool:
        """Tell whether one stands anywhere in the text."""
        return any(self._ends_at(view.tokens, number) for number in range(len(view.tokens)))

    def _ends_at(self, tokens: tuple[Token, ...], number: int) -> bool:
        phrases = self._phrases.get(tokens[number][2], ())
        return any(_spelt_at(phrase, tokens, number) for phrase in phrases)


def _spelt_at(phrase: tuple[bytes, ...], tokens: tuple[Token, ...], last: int) -> bool:
    first = last - len(phrase) + 1
    if first < 0:
        return False
    words = tokens[first : last + 1]
    return all(token[2] == word for token, word in zip(words, phrase, strict=True)) and all(
        after[0] - before[1] <= _WIDEST_GAP for before, after in pairwise(words)
    )


# What is not a person's number, though it may have the same shape.
THINGS = Words(
    "invoice", "invoices", "inv", "order", "orders", "purchase order", "po", "quote", "quotation",
    "tracking", "consignment", "parcel", "delivery note", "shipment", "awb", "waybill", "ticket",
    "incident", "asset", "serial", "part", "model", "version", "build", "release", "isbn", "issn",
    "ean", "barcode", "batch", "lot", "sku", "product", "job", "requisition", "contract", "tender",
    "licence", "license", "planning", "application ref", "imei", "iccid", "mac", "meter", "mpan",
    "company number", "company no", "charity number", "vat", "urn", "uprn", "usrn", "utr",
    "receipt", "transaction", "folder", "file", "error", "case", "ref", "reference", "po number",
    "remittance", "cost centre", "ledger", "budget", "gl code", "webinar", "meeting id", "zoom",
    "conference id", "passcode", "booking",
)  # fmt: skip
