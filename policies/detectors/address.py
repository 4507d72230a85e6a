"""Addresses of homes: a house number and a street, a flat in a house, a named house and a street.

A street alone is a place, and so is a street where something is built, closed or taught. Kinds of
street that are ordinary words as well (park, end, way) need capitals or words of a home.
"""

from collections.abc import Iterator

import re2

from policies.detectors.base import Candidate, ShapeDetector
from policies.detectors.context import Words
from policies.detectors.finding import Confidence, Severity
from policies.detectors.triggers import Trigger, options
from policies.text.view import View

_STREETS = (
    "street|st|str|road|rd|avenue|ave|av|lane|ln|drive|close|crescent|cres|grove|gardens|gdns"
    "|terrace|terr|mews|boulevard|blvd|broadway|cottages|villas|croft|wynd|brae|drove|heol|ffordd"
    "|stryd|rhodfa|maes|clos"
)
_WORDY = (
    "court|ct|place|pl|square|sq|hill|rise|walk|row|park|view|mount|green|parade|gate|wharf|quay"
    "|path|end|field|fields|meadow|meadows|heights|vale|loan|bank|common|way|dale|dell|fold|garth"
    "|heath|hollow|leas|nook|orchard|paddock|paddocks|ridge|spinney|bottom|cross|passage|yard"
    "|circus|embankment|dr|cl|estate|acre|acres|chase|copse|furlong|glade|glebe|knoll|link|mead"
    "|side|wood|woods|bridge|haven|lea|ley|lodge|moor|oval|piece|ride|tower|towers|house|cottage"
)
_KIND = f"(?:{_STREETS}|{_WORDY})"
_HOUSES = "house|court|heights|tower|towers|lodge|mansions|point|building|apartments|villas"
_DWELLINGS = "cottage|farm|lodge|barn|bungalow|villa|house|manor|farmhouse|rectory|vicarage"
_SPACE = r"[ ,._\-]{1,3}"
_JOINT = r"[ ._\-]{1,3}"
_FLAT = r"(?:flat|apartment|apt|maisonette|bedsit|flt)[ .]{1,2}[0-9]{1,3} ?[a-z]?"
_NUMBER = r"[0-9OolI]{0,3}[0-9][OolI]{0,2} ?[a-h]?(?: ?[-/&] ?[0-9]{1,4}[a-h]?)?"
_NAME = r"[a-z][a-z'\-]{1,20}"
_NUMBERED_TEXT = (
    rf"(?i:(?:^|[^0-9a-z.:/$#\-])((?:{_FLAT}[ ,]{{1,3}})?({_NUMBER}){_SPACE}"
    rf"((?:{_NAME}{_JOINT}){{1,3}})({_KIND}))(?:[^0-9a-z]|$))"
)
_FLAT_TEXT = (
    rf"(?i:(?:^|[^0-9a-z])({_FLAT}[ ,]{{1,3}}((?:{_NAME}[ .]){{1,2}})({_HOUSES}))(?:[^0-9a-z]|$))"
)
_HOUSE_TEXT = (
    r"(?:^|[^0-9A-Za-z])((?:[A-Z][A-Za-z'\-]{1,20} ){1,2}"
    rf"(?i:{_DWELLINGS}), {{0,2}}(?:[A-Z][A-Za-z'\-]{{1,20}} ){{1,2}}(?i:{_STREETS}))"
    r"(?:[^0-9A-Za-z]|$)"
)
_COMPOUND_TEXT = (
    rf"(?:^|[^0-9A-Za-z.:/$#\-])((?:(?i:{_FLAT})[ ,]{{1,3}})?[0-9]{{1,3}}[A-Ha-h]? "
    r"[A-Z][a-z]{2,12}"
    r"(?:side|gate|field|croft|dene|mead|view|lea|hurst|bank|wood|dale))(?:[^0-9A-Za-z]|$)"
)
_WELSH_TEXT = (
    rf"(?i:(?:^|[^0-9a-z.:/$#\-])({_NUMBER}{_SPACE}(?:heol|ffordd|stryd|clos|rhodfa|maes|lon)"
    rf"(?: yr?)?(?: {_NAME}){{1,2}})(?:[^0-9a-z]|$))"
)
_NUMBERED, _IN_FLATS, _NAMED, _COMPOUND, _WELSH = (
    re2.compile(text.encode(), options())
    for text in (_NUMBERED_TEXT, _FLAT_TEXT, _HOUSE_TEXT, _COMPOUND_TEXT, _WELSH_TEXT)
)
_DWELT = r"(?i:\b(?:address|lives? at|living at|moved to|moving to|residing at)\b)"
_HOME = Words(
    "address", "home address", "lives", "lives at", "living at", "live at", "resident", "residents",
    "tenant", "tenancy", "tenants", "occupier", "occupant", "householder", "landlord", "visit",
    "visited", "moved to", "moving to", "moved from", "home", "residing", "neighbour", "repair",
    "repairs", "eviction", "rent", "homeowner", "noise complaint", "missed bin",
    "change of address",
    "property", "welfare check", "homeless", "foster", "placement", "mrs", "mr", "miss",
)  # fmt: skip
_WORDS_OF_NONE = frozenset(
    b"of in at on for to and or from by with per people days day am pm min mins minutes minute "
    b"hour hours hrs week weeks month months year years mph miles mile km metres metre new "
    b"more other trees tree houses homes properties units units bins places spaces staff "
    b"pupils children students residents members cars vehicles visitors points steps reasons "
    b"ways things items january february march april may june july august september october "
    b"november december jan feb mar apr jun jul aug sep sept oct nov dec monday tuesday "
    b"wednesday thursday friday saturday sunday mon tue tues wed thu thur thurs fri sat sun is "
    b"was are were has have had will that this these those it we you they as if not no but "
    b"which who than then bed percent million thousand acres acre hectares x times nd th".split()
)
_BEFORE_NONE = frozenset(
    b"year years class room rooms bus route stage week term version page phase zone section "
    b"item part ward junction grade lot pitch stop platform gate bay channel table tier band "
    b"top next last over under about approx extension ext january february march april may "
    b"june july august september october november december jan feb mar apr jun jul aug sept "
    b"sep oct nov dec unit units first chapter act rule article level step group form set "
    b"paragraph question annex appendix figure agenda plot plots".split()
)
_AFTER_NONE = frozenset(
    b"closure closures closed roadworks works resurfacing junction roundabout station school "
    b"primary academy nursery college surgery practice centre center clinic hospital library "
    b"museum hotel pub depot offices office hub market cemetery industrial business retail "
    b"trading campus festival regeneration scheme consultation improvements traffic infant "
    b"junior preschool gym theatre stadium playground recreation bridge crossing development "
    b"masterplan diversion allotments car cycle upgrade team cafe restaurant garage care "
    b"project".split()
)
_PLANNING = Words("planning", "application", "licensing", "premises", "appeal", "listed building")
_FIGURES = bytes.maketrans(b"oil", b"011")
_YEARS = range(1900, 2100)


class Address(ShapeDetector):
    """A house or flat that somebody may live in."""

    def candidates(self, view: View) -> Iterator[Candidate]:
        """Yield numbered houses, flats in houses, and named houses where words say home."""
        text = view.ascii
        at = 0
        while match := _NUMBERED.search(text, at):
            at = match.end(2)
            if _is_house(view, match):
                yield *match.span(1), _sureness(view, *match.span(1))
                at = match.end(1)
        for match in _IN_FLATS.finditer(text):
            yield *match.span(1), Confidence.LIKELY
        for match in _WELSH.finditer(text):
            yield *match.span(1), Confidence.LIKELY
        for match in _COMPOUND.finditer(text):
            start, end = match.span(1)
            if not text[start : start + 1].isdigit() or _HOME.near(view, start, end):
                yield start, end, Confidence.LIKELY
        for match in _NAMED.finditer(text):
            if _HOME.near(view, *match.span(1)):
                yield *match.span(1), Confidence.LIKELY


def _is_house(view: View, match: "re2._Match") -> bool:
    number, names, kind = match.group(2), match.group(3), match.group(4)
    words = names.lower().replace(b"-", b" ").split()
    words = [word.strip(b" ,._") for word in words]
    if not _WORDS_OF_NONE.isdisjoint(words) or b"the" in words[1:]:
        return False
    figures = number.lower().translate(_FIGURES).strip(b"abcdefgh ")
    if figures[:4].isdigit() and (int(figures[:4]) in _YEARS or not int(figures[:4])):
        return False
    flat = match.start(2) > match.start(1)
    if not flat and (_word_before(view, match.start(1)) in _BEFORE_NONE):
        return False
    if _word_after(view, match.end(1)) in _AFTER_NONE:
        return False
    return flat or _looks_named(view, match.span(1), names, kind)


def _looks_named(view: View, span: tuple[int, int], names: bytes, kind: bytes) -> bool:
    """Tell whether words are a street's name: by their capitals, or by words of a home around."""
    capitals = all(word[:1].isupper() for word in names.replace(b"the ", b"").split())
    if capitals and kind[:1].isupper():
        return True
    small = names.islower() and kind.islower()
    if kind.decode("ascii").lower() in _STREETS.split("|"):
        return capitals or (small and (view.ascii.islower() or _HOME.near(view, *span)))
    return small and _HOME.near(view, *span)


def _sureness(view: View, start: int, end: int) -> Confidence:
    if _HOME.near(view, start, end):
        return Confidence.SURE
    return Confidence.POSSIBLE if _PLANNING.near(view, start, end) else Confidence.LIKELY


def _word_before(view: View, start: int) -> bytes:
    words = view.ascii[max(0, start - 24) : start].lower().split()
    return words[-1].strip(b"(,.:;-") if words else b""


def _word_after(view: View, end: int) -> bytes:
    words = view.ascii[end : end + 24].lower().split()
    return words[0].strip(b"),.:;-") if words else b""


ADDRESS = Address(
    "address",
    "a home address",
    Severity.MEDIUM,
    trigger=Trigger(
        streets=f"{_NUMBERED_TEXT}|{_FLAT_TEXT}|{_COMPOUND_TEXT}|{_WELSH_TEXT}", labels=_DWELT
    ),
    headers=("Address", "Home address", "Address line"),
)
