"""Telephone numbers of people: mobiles, landlines and numbers with a country code.

Service and free numbers (03, 08, 09) belong to organisations. How long a number may be in another
country is asked of the plans in `phonenumbers`, once for each country; no number is kept.
"""

import re
from collections.abc import Iterator, Sequence
from functools import cache

import phonenumbers

from policies.detectors.base import Candidate, ShapeDetector
from policies.detectors.context import LINKS, THINGS, Words
from policies.detectors.finding import Confidence, Severity
from policies.detectors.triggers import GAP, TEN_DIGITS, Trigger
from policies.text.numbers import SPOKEN, STAND_IN
from policies.text.run import Run, Window
from policies.text.view import View

_CALL = Words(
    "tel", "tel no", "telephone", "phone", "phoned", "mobile", "mob", "cell", "call", "called",
    "calls", "ring", "rang", "text", "whatsapp", "contact number", "callback", "call back",
    "landline", "dial", "sms", "voicemail", "ffon", "ph", "fax",
)  # fmt: skip
_TO_WHOM = LINKS | frozenset(b"me him her them us back on at mum dad please new to".split())
_OFFICE = Words(
    "switchboard", "helpline", "hotline", "reception", "main line", "customer services",
    "customer service", "call centre", "contact centre", "freephone", "press office", "office",
    "helpdesk", "help desk", "service desk", "out of hours line", "dial in", "conference", "bridge",
    "teams meeting", "extension",
)  # fmt: skip
_PLUS = re.compile(rb"\+[ (]{0,2}")
_ABROAD = range(9, 18)
_PAIR = 2
_NATIONAL = (10, 11)
_LOCAL = (6, 7, 8, 10)
_SHORTEST = min(*_ABROAD, *_NATIONAL)


class Phone(ShapeDetector):
    """A number that starts as telephone numbers do and has a possible length."""

    def candidates(self, view: View) -> Iterator[Candidate]:
        """Yield windows of whole groups that can be dialled, unless they are an office's."""
        for run in view.runs:
            for window in _dialled(view, run):
                yield from _judged(view, window)
            if len(run.digits) in _LOCAL and _local(view, run):
                yield run.starts[0], run.end(len(run.digits) - 1), Confidence.LIKELY


def _dialled(view: View, run: Run) -> Iterator[Window]:
    """Yield the windows that begin as numbers do, and have a length of theirs."""
    digits, starts = run.digits, run.starts
    if len(digits) < _SHORTEST:
        return
    pluses = _pluses(view)
    if "0" not in digits and not pluses:
        return
    ends = frozenset(run.heads)
    for at in run.heads[:-1]:
        if digits[at] == "0" and digits[at + 1 : at + 2] in {"1", "2", "7"}:
            lengths: Sequence[int] = _NATIONAL
        elif starts[at] in pluses or (at == 0 and digits.startswith("00")):
            lengths = _ABROAD
        else:
            continue
        shortest = at + lengths[0] - 1
        if shortest >= len(digits) or b"+" in view.digits[starts[at] : run.end(shortest)]:
            continue
        for length in lengths:
            if at + length in ends and not _inside_another(view.digits, run, at, at + length - 1):
                yield run.window(at, length)


def _pluses(view: View) -> frozenset[int]:
    """Give the places right after a plus, a bracket and a space between at most."""
    found: frozenset[int] | None = view.memory.get(_pluses)
    if found is None:
        matches = _PLUS.finditer(view.ascii) if b"+" in view.ascii else ()
        found = view.memory[_pluses] = frozenset(match.end() for match in matches)
    return found


def _plus_before(view: View, start: int) -> int | None:
    """Give the position of a plus that stands just before, brackets and a space between at most."""
    first = max(0, start - 3)
    before = view.ascii[first:start].rstrip(b" (")
    return first + len(before) - 1 if before.endswith(b"+") else None


def _judged(view: View, window: Window) -> Iterator[Candidate]:
    digits, start, end = window.digits, window.start, window.end
    plus = _plus_before(view, start)
    if plus is not None and _abroad(digits):
        yield plus, end, Confidence.SURE
    elif digits.startswith("00") and _abroad(digits[2:]) and not _goods(view, window):
        yield start, end, Confidence.SURE
    elif digits[1] in "127" and len(digits) in _NATIONAL and _grouped(window.groups):
        if digits[1] == "7" and len(digits) == max(_NATIONAL):
            yield start, end, Confidence.SURE
        elif not _OFFICE.near(view, start, end) and not _goods(view, window):
            yield start, end, Confidence.LIKELY


def _grouped(groups: tuple[int, ...]) -> bool:
    """Tell whether the groups are a telephone number's, and not a date's as in `01 02 2025 10`."""
    return len(groups) == 1 or groups[0] > _PAIR or max(groups) <= _PAIR


def _goods(view: View, window: Window) -> bool:
    span = window.start, window.end
    return THINGS.near(view, *span) and not _CALL.near(view, *span)


def _local(view: View, run: Run) -> bool:
    """Judge a number without its area code or first nought, which only words make a number."""
    span = run.starts[0], run.end(len(run.digits) - 1)
    called = _CALL.right_before(view, span[0], _TO_WHOM)
    return called and not THINGS.near(view, *span) and not _OFFICE.near(view, *span)


def _inside_another(text: bytes, run: Run, first: int, last: int) -> bool:
    """Tell whether digits are a piece of a date, a time, a sort code or a longer code."""
    start, end = run.starts[first], run.end(last)
    before, after = text[max(0, start - 2) : start], text[end : end + 2]
    joined = before[-1:].isalpha() or (
        before[-1:] in b"-/.:" and before[:1].isdigit() and len(before) > 1
    )
    return (
        joined
        or after[:1].isalpha()
        or (after[:1] in b"/:" and after[1:].isdigit())
        or b":" in text[start:end]
        or b"+" in text[start:end]
    )


def _abroad(digits: str) -> bool:
    """Tell whether digits after a plus are possible; the nought of `+44 (0)20` is left out."""
    number = digits.replace("440", "44", 1) if digits.startswith("440") else digits
    codes = (number[:length] for length in (1, 2, 3))
    return any(len(number) - len(code) in _lengths(code) for code in codes)


@cache
def _lengths(code: str) -> frozenset[int]:
    """Give the lengths of whole numbers, after a country's code, that its plan knows."""
    regions = phonenumbers.COUNTRY_CODE_TO_REGION_CODE.get(int(code), ())
    plan = phonenumbers.PhoneMetadata.metadata_for_region(regions[0], None) if regions else None
    numbers = plan.general_desc if plan else None
    return frozenset(numbers.possible_length) if numbers else frozenset()


PHONE = Phone(
    "phone",
    "a telephone number",
    Severity.MEDIUM,
    trigger=Trigger(
        numbers=rf"{TEN_DIGITS}|(?:\+|[0Oo]{GAP}{{0,5}}[0Oo])(?:{GAP}{{0,5}}{STAND_IN}){{7}}",
        words=rf"{_CALL.pattern}[^0-9]{{0,24}}[0-9]",
        signs=SPOKEN,
    ),
    headers=(
        "Telephone",
        "Phone",
        "Mobile",
        "Telephone number",
        "Phone number",
        "Mobile number",
        "Tel",
    ),
    at_once=True,
)
