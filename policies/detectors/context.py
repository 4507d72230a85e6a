"""Words around a candidate that make it more or less likely to be personal data.

Promises to look only so far before and after, at whole words, whatever their case, in linear time.
"""

import re
from bisect import bisect_left
from itertools import pairwise

from policies.text.numbers import Token, tokens_of
from policies.text.view import View

_BEFORE = 60
_AFTER = 40
_WIDEST_GAP = 3  # between the words of a phrase: "date-of-birth", "d.o.b."
_WIDEST_LINK = 6  # between a label and its value
LINKS = frozenset({b"is", b"was", b"are", b"no", b"nos", b"number", b"numbers", b"num", b"s"})


class Words:
    """A set of words and short phrases, in letters; a phrase may be joined: `DateOfBirth`."""

    def __init__(self, *phrases: str) -> None:
        self._phrases: dict[bytes, set[tuple[bytes, ...]]] = {}  # by their last word
        self._spelt = [phrase.lower() for phrase in phrases]
        for phrase in phrases:
            words = tuple(token[2] for token in tokens_of(phrase.encode("ascii")))
            for spelt in (words, (b"".join(words),)):
                self._phrases.setdefault(spelt[-1], set()).add(spelt)
        for last in self._phrases:
            _VOCABULARY.setdefault(last, []).append(self)

    @property
    def pattern(self) -> str:
        """A pattern (re2) that finds every one of them, standing as a word."""
        words = (re.findall("[a-z]+", phrase) for phrase in self._spelt)
        joint = f"[^0-9A-Za-z]{{0,{_WIDEST_GAP}}}"
        phrases = "|".join(sorted({joint.join(phrase) for phrase in words}))
        return f"(?:^|[^A-Za-z])(?i:{phrases})(?:[^A-Za-z]|$)"

    def near(self, view: View, start: int, end: int) -> bool:
        """Tell whether one stands within reach of a span of the normal text."""
        places = self._places(view)
        if not places:
            return False
        above, below = _paragraph(view, start, end)
        first = bisect_left(places, max(above, start - _BEFORE))
        if first < len(places) and places[first] < start:
            return True
        after = bisect_left(places, end)
        return after < len(places) and places[after] < min(below, end + _AFTER)

    def before(self, view: View, start: int, reach: int = _BEFORE) -> bool:
        """Tell whether one stands within `reach` characters before a place."""
        places = self._places(view)
        first = bisect_left(places, max(_paragraph(view, start, start)[0], start - reach))
        return first < len(places) and places[first] < start

    def anywhere(self, view: View) -> bool:
        """Tell whether one stands anywhere in the text."""
        return bool(self._places(view))

    def right_before(self, view: View, start: int, links: frozenset[bytes] = LINKS) -> bool:
        """Tell whether one stands just before, with nothing but "no", "is" or a colon between."""
        if not self._places(view):
            return False
        tokens = view.tokens
        number = bisect_left(tokens, (start,)) - 1
        while number >= 0 and start - tokens[number][1] <= _WIDEST_LINK:
            if self._ends_at(tokens, number):
                return True
            start, _end, word = tokens[number]
            if word not in links:
                return False
            number -= 1
        return False

    def _places(self, view: View) -> list[int]:
        """Where the last words of all of them begin."""
        found: dict[Words, list[int]] | None = view.memory.get(Words)
        if found is None:
            found = view.memory[Words] = _read(view)
        return found.get(self, _NOWHERE)

    def _ends_at(self, tokens: tuple[Token, ...], number: int) -> bool:
        phrases = self._phrases.get(tokens[number][2], ())
        return any(_spelt_at(phrase, tokens, number) for phrase in phrases)


_VOCABULARY: dict[bytes, list[Words]] = {}  # who wants to know of a word
_NOWHERE: list[int] = []


def _read(view: View) -> dict[Words, list[int]]:
    """Read a text once for all who look for words in it."""
    tokens = view.tokens
    found: dict[Words, list[int]] = {}
    for number, token in enumerate(tokens):
        for words in _VOCABULARY.get(token[2], ()):
            if words._ends_at(tokens, number):  # noqa: SLF001 - of this module
                found.setdefault(words, []).append(token[0])
    return found


def _paragraph(view: View, start: int, end: int) -> tuple[int, int]:
    """Give between which blank lines a span stands: words beyond them speak of something else."""
    breaks = view.breaks
    if not breaks:
        return 0, len(view.normal)
    above, below = bisect_left(breaks, start), bisect_left(breaks, end)
    first = breaks[above - 1] if above else 0
    return first, breaks[below] if below < len(breaks) else len(view.normal)


def _spelt_at(phrase: tuple[bytes, ...], tokens: tuple[Token, ...], last: int) -> bool:
    if len(phrase) == 1:
        return True
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
    "foi", "eir", "crm", "tracking", "consignment", "parcel", "delivery note", "shipment", "awb",
    "waybill", "ticket", "incident", "asset", "serial", "part", "model", "version", "build",
    "release", "isbn", "issn", "ean", "barcode", "batch", "lot", "sku", "product", "job",
    "requisition", "contract", "tender", "licence", "license", "planning", "application ref",
    "imei", "iccid", "mac", "meter", "mpan", "company number", "company no", "charity number",
    "vat", "urn", "uprn", "usrn", "utr", "receipt", "transaction", "folder", "file", "error",
    "case", "ref", "reference", "po number", "remittance", "cost centre", "ledger", "budget",
    "gl code", "webinar", "meeting id", "zoom", "conference id", "passcode", "booking",
)  # fmt: skip
