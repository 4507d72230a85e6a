"""Registration marks of vehicles: AB12 CDE, A123 BCD, ABC 123D, ABZ 1234.

Source: DVLA INF104: the letters I, Q and Z are left out of the current style's first two, I and Q
of its last three; its two digits are 02 to 29 or 51 to 79. There is no check digit, and product and
course codes look alike: other styles than the current one need words of vehicles around.
"""

from collections.abc import Iterator

import re2

from policies.detectors.base import Candidate, ShapeDetector
from policies.detectors.context import Words
from policies.detectors.finding import Confidence, Severity
from policies.detectors.triggers import Trigger, inside, options
from policies.text.numbers import alphanumeric, figures_in
from policies.text.view import View

_GAP = "[^0-9A-Za-z|]{0,3}"
_FIGURE = "[0-9OoIl|]"
_EARLY, _LATE = "[A-HJ-PR-Y]", "[A-HJ-PR-Z]"
_YEAR = "[A-HJ-NPR-TV-Y]"
_THREE = _GAP.join([_LATE] * 3)
_NUMBER = (  # one of the figures is written as such
    rf"(?:[1-9]{_GAP}{_FIGURE}?{_GAP}{_FIGURE}?|[lI|]{_GAP}[0-9]{_GAP}{_FIGURE}?"
    rf"|[lI|]{_GAP}{_FIGURE}{_GAP}[0-9])"
)
_CURRENT_TEXT = rf"{_EARLY}{_GAP}{_EARLY}{_GAP}{_FIGURE}{_GAP}{_FIGURE}{_GAP}{_THREE}"
_EDGES = r"(?:^|[^0-9A-Za-z])(?i:{})(?:[^0-9A-Za-z]|$)"
_CURRENT = re2.compile(_EDGES.format(_CURRENT_TEXT).encode(), options())
_NORTHERN_LETTERS = "(?:[IZ][A-Z]{2}|[A-Z][IZ][A-Z]|[A-Z]{2}[IZ])"
_STYLED = re2.compile(
    _EDGES.format(
        rf"{_YEAR}{_GAP}{_NUMBER}{_GAP}{_THREE}|{_THREE}{_GAP}{_NUMBER}{_GAP}{_YEAR}"
        rf"|{_NORTHERN_LETTERS}{_GAP}[1-9][0-9]{{2,3}}|[1-9][0-9]{{2,3}}{_NORTHERN_LETTERS}"
    ).encode(),
    options(),
)
_LABEL = Words(
    "vrm", "vrn", "reg", "vehicle reg", "car reg", "registration", "registration number",
    "registration mark", "reg no", "reg number", "number plate", "plate", "licence plate",
    "index", "pcn appeal", "vehicle", "parking permit", "pcn", "car", "van",
)  # fmt: skip
_NAMED = re2.compile(
    _LABEL.leading_to(
        rf"[A-Z]{{3}}{_GAP}[1-9][0-9]{{0,3}}|[A-Z]{{1,2}}[1-9][0-9]{{0,3}}"
        rf"|[1-9][0-9]{{0,3}}[A-Z]{{1,3}}|[A-Z]{{1,2}} [1-9][0-9]{{1,3}}"
    ).encode(),
    options(),
)
_VEHICLE = Words(
    "vehicle", "vehicles", "reg", "registration", "vrm", "vrn", "plate", "plates", "car", "cars",
    "van", "vans", "lorry", "hgv", "minibus", "taxi", "taxis", "parking", "parked", "permit",
    "permits", "pcn", "penalty charge", "blue badge", "abandoned", "untaxed", "sorn", "dvla",
    "mot", "v5c", "v5", "driver", "drivers", "tow", "towed", "clamped", "keeper", "motorbike",
    "motorcycle", "scooter", "motorhome", "caravan", "dropped kerb", "driveway", "anpr", "ulez",
    "speeding", "collision", "bus lane", "ford", "vauxhall", "audi", "bmw", "nissan", "toyota",
    "peugeot", "renault", "citroen", "hyundai", "skoda", "mercedes", "fiesta", "corsa", "golf",
    "astra", "transit", "volkswagen", "vw", "hackney", "fly tipping", "fly tip", "cctv",
)  # fmt: skip
_CODES = Words(
    "room", "rooms", "course", "module", "code", "codes", "product", "part", "model", "sku", "item",
    "unit", "invoice", "order", "ref", "reference", "serial", "asset", "version", "build", "po",
    "batch", "ticket", "contract", "lot", "class", "postcode", "flight", "grid", "licence key",
    "key", "password", "promo", "voucher", "budget", "cost centre", "ledger",
)  # fmt: skip
_MONTHS = frozenset(b"JAN FEB MAR APR MAY JUN JUL AUG SEP OCT NOV DEC THE AND FOR ALL DAY".split())
_NORTHERN = frozenset(b"IZ")  # one of the two is in every mark of Northern Ireland
_LETTERS_NORTH, _FEW = 3, 2  # letters of such a mark; digits that are too few for one
_SHORTEST = 4  # of a mark that only its name makes one
_FIGURES = bytes.maketrans(b"OIL|", b"0111")  # of capitals
_TRIGGER = (
    r"(?:^|[^0-9A-Za-z])[A-HJ-PR-Y]{2}[0-9OIl]{2}[^0-9A-Za-z]{0,3}[A-HJ-PR-Z]{3}(?:[^0-9A-Za-z]|$)"
)


class VehicleRegistration(ShapeDetector):
    """The current style in capitals or beside words of vehicles; the older ones beside them."""

    def candidates(self, view: View) -> Iterator[Candidate]:
        """Yield every place where a style fits and letters, digits and words speak for it."""
        for shape, judge in ((_CURRENT, _judge_current), (_STYLED, _judge_older)):
            at = 0
            while match := shape.search(view.ascii, at):
                start, end = inside(view.ascii, match)
                confidence = judge(view, start, end)
                at = end if confidence else start + 1
                if confidence:
                    yield start, end, confidence
        for match in _NAMED.finditer(view.ascii):
            start, end = match.span(1)
            confidence = _judge_older(view, start, end)
            if confidence:
                yield start, end, confidence


def _judge_current(view: View, start: int, end: int) -> Confidence | None:
    written = view.ascii[start:end]
    mark = alphanumeric(written).upper()
    if figures_in(mark[2:4]) == 0 or mark[4:] in _MONTHS:
        return None
    issued = 2 <= int(mark[2:4].translate(_FIGURES)) % 50 <= 29  # noqa: PLR2004 - as above
    if _VEHICLE.near(view, start, end) and not _CODES.right_before(view, start):
        return Confidence.SURE if issued else Confidence.LIKELY
    as_written = written.isupper() and alphanumeric(written[:4]) == written[:4]
    if issued and as_written and len(written) <= len("AB12 CDE"):
        return None if _CODES.near(view, start, end) else Confidence.LIKELY
    return None


def _judge_older(view: View, start: int, end: int) -> Confidence | None:
    """Judge a mark that a code may be as well: named, or of a style's own and beside vehicles."""
    if not _VEHICLE.near(view, start, end):
        return None
    mark = alphanumeric(view.ascii[start:end])
    letters = len(mark) - figures_in(mark)
    if letters == len(mark):
        return None
    northern = letters == _LETTERS_NORTH and not _NORTHERN.isdisjoint(mark.upper())
    styled = letters > _LETTERS_NORTH or (northern and figures_in(mark) > _FEW)
    named = len(mark) >= _SHORTEST and _LABEL.right_before(view, start)
    if named and (styled or view.ascii[start:end].isupper()):
        return Confidence.LIKELY
    return Confidence.LIKELY if styled and not _CODES.near(view, start, end) else None


VEHICLE_REGISTRATION = VehicleRegistration(
    "vehicle_registration",
    "a vehicle registration",
    Severity.MEDIUM,
    1,
    trigger=Trigger(codes=_TRIGGER, words=_VEHICLE.pattern),
    headers=(
        "VRM", "VRN", "Registration number", "Vehicle registration", "Vehicle reg", "Car reg",
        "Number plate", "Vehicle", "Car", "Reg",
    ),
    at_once=True,
)  # fmt: skip
