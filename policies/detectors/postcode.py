"""Full unit postcodes of the United Kingdom, such as LN1 1YQ. An outward code alone is not one.

Source: BS 7666 and Royal Mail's Programmer's Guide for the shape; the 124 postcode areas.
"""

import re
from collections.abc import Iterator

import re2

from policies.detectors.base import Candidate, ShapeDetector
from policies.detectors.context import Words
from policies.detectors.finding import Confidence, Severity
from policies.detectors.triggers import Trigger, options
from policies.text.numbers import alphanumeric, figures_in, pieces
from policies.text.view import View

_AREAS = (
    "AB AL B BA BB BD BH BL BN BR BS BT BX CA CB CF CH CM CO CR CT CV CW DA DD DE DG DH DL DN DT "
    "DY E EC EH EN EX FK FY G GL GU GY HA HD HG HP HR HS HU HX IG IM IP IV JE KA KT KW KY L LA LD "
    "LE LL LN LS LU M ME MK ML N NE NG NN NP NR NW OL OX PA PE PH PL PO PR RG RH RM S SA SE SG SK "
    "SL SM SN SO SP SR SS ST SW SY TA TD TF TN TQ TR TS TW UB W WA WC WD WF WN WR WS WV YO ZE"
)
_AREA = frozenset(_AREAS.encode().split())
_GAP = r"[^0-9A-Za-z|]{0,3}"
_FIGURE = r"[0-9OoIl|]"
_SHAPE = re.compile(  # for what the other has found only: a few characters, each gap between two
    (
        r"(?i)(?:^|[^A-Za-z0-9])"
        rf"([A-PR-UWYZ](?:{_GAP}[A-HK-Y])?){_GAP}({_FIGURE}(?:{_GAP}[0-9A-HJ-NPR-Y])?)"
        rf"({_GAP})({_FIGURE}{_GAP}[ABD-HJLNP-UW-Z]{_GAP}[ABD-HJLNP-UW-Z])(?:[^A-Za-z0-9]|$)"
    ).encode()
)
_OUTWARD = rf"(?:^|[^A-Za-z0-9])(?i:(?:{'|'.join(_GAP.join(a) for a in _AREAS.split())}){_GAP}"
_INWARD = rf"{_GAP}[ABD-HJLNP-UW-Z]{_GAP}[ABD-HJLNP-UW-Z])(?:[^A-Za-z0-9]|$)"
_TRIGGER = (
    rf"{_OUTWARD}(?:[0-9]{_GAP}[0-9A-HJ-NPR-Y]?{_GAP}{_FIGURE}"
    rf"|{_FIGURE}{_GAP}[0-9A-HJ-NPR-Y]?{_GAP}[0-9]|[l|1]{_GAP}l?{_GAP}[l|1]){_INWARD}"
)
_PLACE = re2.compile(_TRIGGER.encode(), options())
_LABEL = Words(
    "postcode", "post code", "postal code", "address", "postcodes", "zip", "lives at", "moved to",
    "home address", "council tax", "catchment", "property", "tenant", "resident", "visit", "flat",
)  # fmt: skip
_THINGS = Words(
    "order", "invoice", "part", "model", "serial", "asset", "room", "version", "po", "ref", "error",
    "build", "ram", "memory", "disk", "ssd", "storage", "data", "laptop", "sku", "licence",
    "plan", "flight", "gate", "seat", "firmware", "channel", "kb",
)  # fmt: skip
# "E1 4GB", "M4 1st floor": not postcodes, unless words say that they are
_UNITS = frozenset({b"GB", b"TB", b"HR", b"PT"})
_COUNTED = Words(
    "floor", "of", "year", "grade", "edition", "anniversary", "meeting", "january", "february",
    "march", "april", "may", "june", "july", "august", "september", "october", "november",
    "december", "jan", "feb", "mar", "apr", "jun", "jul", "aug", "sep", "sept", "oct", "nov", "dec",
)  # fmt: skip
_CLOSE = 24  # before a postcode of two letters, which little else looks like
_ORDINALS = (b"1ST", b"2ND", b"3RD")


class Postcode(ShapeDetector):
    """The shape in an area that exists; odd spacing must be odd throughout, or labelled."""

    def candidates(self, view: View) -> Iterator[Candidate]:
        """Yield every place where the shape fits."""
        text = view.ascii
        at = 0
        while place := _PLACE.search(text, at):
            match = _SHAPE.search(text, place.start(), place.end())
            if match is None:
                at = place.start() + 1
                continue
            start, end = match.start(1), match.end(4)
            confidence = self._judge(view, match, start, end)
            at = end if confidence else start + 1
            if confidence:
                yield start, end, confidence

    def _judge(self, view: View, match: re.Match[bytes], start: int, end: int) -> Confidence | None:
        area, inward = alphanumeric(match.group(1)), alphanumeric(match.group(4))
        written = view.ascii[start:end]
        if area.upper() not in _AREA or not _has_figures(written):
            return None
        if _LABEL.near(view, start, end):
            return Confidence.SURE
        if len(area) == 1 and (_is_measure(view, inward, end) or _THINGS.near(view, start, end)):
            return None
        if _THINGS.before(view, start, _CLOSE):
            return None
        if not match.group(2)[:1].isdigit() or not _evenly_written(match, written):
            return None
        middle = match.group(3)
        return Confidence.SURE if middle and inward[:1].isdigit() else Confidence.LIKELY


def _is_measure(view: View, inward: bytes, end: int) -> bool:
    """Tell whether it is "4GB" or "1st": an ordinal is in small letters, or a thing follows."""
    unit = inward[1:].upper()
    if unit in _UNITS:
        return True
    ordinal = unit == b"TH" or inward.upper() in _ORDINALS
    return ordinal and (inward[1:].islower() or _COUNTED.near(view, end, end))


def _has_figures(written: bytes) -> bool:
    """Tell whether a digit is there, or a small L among capitals that passes for one."""
    return figures_in(written) > 0 or (b"l" in written and written.replace(b"l", b"").isupper())


def _evenly_written(match: re.Match[bytes], written: bytes) -> bool:
    """Tell whether it is in one case and has its one gap, or none, or one after each character."""
    area, outward, middle, inward = match.groups()
    if not middle and written not in {written.upper(), written.lower()}:
        return False
    if len(written) - len(middle) > len(alphanumeric(written)):
        return len(pieces(written)) == len(alphanumeric(written))
    if inward[:1].isdigit():
        return True
    plate = len(area) == len(outward) == len("AB")  # AB12 OCD is a car's number plate
    return bool(middle) and not plate and written.isupper()


POSTCODE = Postcode(
    "postcode",
    "a full postcode",
    Severity.MEDIUM,
    trigger=Trigger(codes=_TRIGGER),
    headers=("Postcode", "Post code", "Postal code"),
    at_once=True,
)
