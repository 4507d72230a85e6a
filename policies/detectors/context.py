"""Words around a candidate that make it more or less likely to be personal data.

Promises to look only so far before and after, at whole words, whatever their case, in linear time.
"""

import re
import string
from bisect import bisect_left
from collections.abc import Iterator

from policies.text.view import View

_BEFORE = 60
_AFTER = 40
_WIDEST_GAP = 3  # between the words of a phrase: "date-of-birth", "d.o.b."
_WIDEST_LINK = 6  # between a label and its value
_FURTHEST = 48  # back to where the word before a place may begin
_WORD = re.compile(rb"[a-z]+")
_LETTERS = string.ascii_lowercase.encode("ascii")
_NEITHER = bytes(set(range(256)) - set(string.ascii_letters.encode() + string.digits.encode()))
_TO_WORDS = bytes(byte if byte in _LETTERS else ord(" ") for byte in range(256))
LINKS = frozenset({b"is", b"was", b"are", b"no", b"nos", b"number", b"numbers", b"num", b"s"})


class Words:
    """A set of words and short phrases, in letters; a phrase may be joined: `DateOfBirth`."""

    def __init__(self, *phrases: str) -> None:
        spelt = {tuple(_WORD.findall(phrase.lower().encode("ascii"))) for phrase in phrases}
        self._phrases: dict[bytes, list[tuple[bytes, ...]]] = {}  # by their last word
        for words in sorted(spelt | {(b"".join(words),) for words in spelt}):
            self._phrases.setdefault(words[-1], []).append(words)
        self._lasts = frozenset(self._phrases)

    @property
    def pattern(self) -> str:
        """A pattern (re2) that finds every one of them, standing as a word."""
        joint = f"[^0-9A-Za-z]{{0,{_WIDEST_GAP}}}"
        phrases = {words for ending in self._phrases.values() for words in ending}
        either = "|".join(sorted(joint.join(map(bytes.decode, words)) for words in phrases))
        return f"(?:^|[^A-Za-z])(?i:{either})(?:[^A-Za-z]|$)"

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
        text = view.lower
        while True:
            word, first, gap = _word_before(text, start)
            if not word or gap > _WIDEST_LINK:
                return False
            ending = self._phrases.get(word)
            if ending and any(_ends_at(phrase, text, first) for phrase in ending):
                return True
            if word not in links:
                return False
            start = first

    def _places(self, view: View) -> list[int]:
        """Where the last words of all of them begin."""
        text = _text(view)
        if self._lasts.isdisjoint(text.words):
            return _NOWHERE
        places = text.places.get(self)
        if places is None:
            places = text.places[self] = sorted(self._read(text))
        return places

    def _read(self, text: "_Text") -> Iterator[int]:
        """Look up those of its words that are there at all."""
        for word in self._lasts & text.words:
            phrases = self._phrases[word]
            alone = (word,) in phrases
            for at in text.where(word):
                if alone or any(_ends_at(phrase, text.lower, at) for phrase in phrases):
                    yield at


class _Text:
    """A text as rows of letters: which words are in it, and where."""

    def __init__(self, lower: bytes) -> None:
        letters = lower.translate(_TO_WORDS)
        self.lower = lower
        self.words = frozenset(letters.split())
        self.places: dict[Words, list[int]] = {}  # of those that were asked about
        self._padded = b" " + letters + b" "

    def where(self, word: bytes) -> Iterator[int]:
        """Yield where a word begins, standing alone."""
        whole = b" " + word + b" "
        at = self._padded.find(whole)
        while at >= 0:
            yield at
            at = self._padded.find(whole, at + len(word))


_NOWHERE: list[int] = []


def _text(view: View) -> _Text:
    found: _Text | None = view.memory.get(_Text)
    if found is None:
        found = view.memory[_Text] = _Text(view.lower)
    return found


def _word_before(text: bytes, end: int) -> tuple[bytes, int, int]:
    """Give the word before a place, where it begins, and how far its end is; none is a figure."""
    first = max(0, end - _FURTHEST)
    before = text[first:end].rstrip(_NEITHER)
    word = before[len(before.rstrip(_LETTERS)) :]
    return word, first + len(before) - len(word), end - first - len(before)


def _ends_at(phrase: tuple[bytes, ...], text: bytes, at: int) -> bool:
    """Tell whether the words before the last one of a phrase, which begins at `at`, are there."""
    for wanted in phrase[-2::-1]:
        word, at, gap = _word_before(text, at)
        if word != wanted or gap > _WIDEST_GAP:
            return False
    return True


def _paragraph(view: View, start: int, end: int) -> tuple[int, int]:
    """Give between which blank lines a span stands: words beyond them speak of something else."""
    breaks = view.breaks
    if not breaks:
        return 0, len(view.normal)
    above, below = bisect_left(breaks, start), bisect_left(breaks, end)
    first = breaks[above - 1] if above else 0
    return first, breaks[below] if below < len(breaks) else len(view.normal)


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
    "gl code", "policy", "policy no", "premium", "webinar", "meeting id", "zoom", "conference id",
    "passcode", "booking",
)  # fmt: skip
