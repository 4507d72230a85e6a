"""Words around a candidate that make it more or less likely to be personal data.

Promises to look only so far before and after, at whole words, whatever their case, in linear time.
"""

import re
import string
from bisect import bisect_left

from policies.text.view import View

_BEFORE = 60
_AFTER = 40
_WIDEST_GAP = 3  # between the words of a phrase: "date-of-birth", "d.o.b."
_WIDEST_LINK = 6  # between a label and its value
_BLOCK = 128  # characters of a text of which the words are known together
_LONGEST_WORD = 40  # no word of the lists has so many letters
_MOST_LINKS = 4  # between a label and its value
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
        return f"(?:^|[^A-Za-z]){self._either}(?:[^A-Za-z]|$)"

    def leading_to(self, value: str) -> str:
        """Give a pattern (re2) that finds, as its group, any such value right after one of them."""
        gap = f"[^0-9A-Za-z]{{1,{_WIDEST_LINK}}}"
        links = "|".join(sorted(map(bytes.decode, LINKS)))
        between = f"{gap}(?:(?i:{links}){gap}){{0,{_MOST_LINKS}}}"
        return f"(?:^|[^A-Za-z]){self._either}{between}((?i:{value}))(?:[^0-9A-Za-z]|$)"

    @property
    def _either(self) -> str:
        joint = f"[^0-9A-Za-z]{{0,{_WIDEST_GAP}}}"
        phrases = {words for ending in self._phrases.values() for words in ending}
        return f"(?i:{'|'.join(sorted(joint.join(map(bytes.decode, one)) for one in phrases))})"

    def near(self, view: View, start: int, end: int) -> bool:
        """Tell whether one stands within reach of a span of the normal text."""
        above, below = _paragraph(view, start, end)
        return self._begins_in(view, max(above, start - _BEFORE), start) or self._begins_in(
            view, end, min(below, end + _AFTER)
        )

    def before(self, view: View, start: int, reach: int = _BEFORE) -> bool:
        """Tell whether one stands within `reach` characters before a place."""
        return self._begins_in(view, max(_paragraph(view, start, start)[0], start - reach), start)

    def anywhere(self, view: View) -> bool:
        """Tell whether one stands anywhere in the text."""
        return self._begins_in(view, 0, len(view.lower))

    def right_before(self, view: View, start: int, links: frozenset[bytes] = LINKS) -> bool:
        """Tell whether one stands just before, with nothing but "no", "is" or a colon between."""
        while True:
            word, first, gap = _last_word(view, start)
            if not word or gap > _WIDEST_LINK:
                return False
            ending = self._phrases.get(word)
            if ending and any(_ends_at(phrase, view.lower, first) for phrase in ending):
                return True
            if word not in links:
                return False
            start = first

    def _begins_in(self, view: View, first: int, last: int) -> bool:
        """Tell whether the last word of any of them begins between two places."""
        for block in range(max(0, first) // _BLOCK, (last - 1) // _BLOCK + 1):
            there = _words_in(view, block)
            if not self._lasts.isdisjoint(there):
                start, end = max(first, block * _BLOCK), min(last, (block + 1) * _BLOCK)
                for word in self._lasts & there:
                    if self._stands(word, view.lower, start, end):
                        return True
        return False

    def _stands(self, word: bytes, text: bytes, first: int, last: int) -> bool:
        """Tell whether a phrase that ends with this word is there."""
        phrases, length = self._phrases[word], len(word)
        at = text.find(word, first, last - 1 + length)
        while at >= 0:
            alone = not (
                text[at - 1 : at].isalpha() or text[at + length : at + length + 1].isalpha()
            )
            if alone and any(_ends_at(phrase, text, at) for phrase in phrases):
                return True
            at = text.find(word, at + 1, last - 1 + length)
        return False


def _words_in(view: View, block: int) -> frozenset[bytes]:
    """Give the words that begin in a block of a text, and perhaps what is left of one cut in two.

    Worked out once for each block: many ask about the same candidate, or about one close by.
    """
    known: dict[int, frozenset[bytes]] = view.memory.setdefault(_words_in, {})
    found = known.get(block)
    if found is None:
        stretch = view.lower[block * _BLOCK : (block + 1) * _BLOCK + _LONGEST_WORD]
        found = known[block] = frozenset(stretch.translate(_TO_WORDS).split())
    return found


def _last_word(view: View, end: int) -> tuple[bytes, int, int]:
    """Do as `_word_before`, once for each place: many ask about the same candidate."""
    known: dict[int, tuple[bytes, int, int]] = view.memory.setdefault(_last_word, {})
    found = known.get(end)
    if found is None:
        found = known[end] = _word_before(view.lower, end)
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
