"""Words around a candidate that make it more or less likely to be personal data.

Promises to look only so far before and after, at whole words, in linear time.
"""

import re2

from policies.text import View

_BEFORE = 60
_AFTER = 40


class Words:
    """A set of words and short phrases, found without regard to case.

    A space in a phrase stands for any run of spaces and joining punctuation, or for none, so that
    "date of birth" is found in `DateOfBirth` and "date-of-birth".
    """

    def __init__(self, *phrases: str) -> None:
        options = re2.Options()
        options.encoding = re2.Options.Encoding.LATIN1
        options.case_sensitive = False
        spelt = "|".join(
            re2.escape(phrase).replace("\\ ", r"[\s._\-/&]{0,3}") for phrase in phrases
        )
        self._anywhere = re2.compile(
            rf"(?:^|[^A-Za-z])(?:{spelt})(?:[^A-Za-z]|$)".encode(), options
        )
        self._last = re2.compile(
            rf"(?:^|[^A-Za-z])(?:{spelt})(?:[\s:;,.#=\-_/()\[\]'\"?*]|is|was|are|no|nos|number|num)*$".encode(),
            options,
        )

    def near(self, view: View, start: int, end: int) -> bool:
        """Tell whether one stands within reach of a span of the normal text."""
        text = view.ascii
        return self._found(text, start - _BEFORE, start) or self._found(text, end, end + _AFTER)

    def before(self, view: View, start: int) -> bool:
        """Tell whether one stands within reach before a position of the normal text."""
        return self._found(view.ascii, start - _BEFORE, start)

    def right_before(self, view: View, start: int) -> bool:
        """Tell whether one stands just before, with nothing but "no", "is" or a colon between."""
        text = view.ascii[max(0, start - _BEFORE) : start]
        return self._last.search(text) is not None

    def _found(self, text: bytes, start: int, end: int) -> bool:
        return self._anywhere.search(text[max(0, start) : end]) is not None


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
