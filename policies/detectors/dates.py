"""Full dates in a text, as people in Britain write them.

Day first; year first as machines do; with the month's name, in English or in Welsh. Promises that a
day or a year that cannot be is no date, in linear time. Whose date it is, is for others to say.
"""

from collections.abc import Iterator
from datetime import date

import re2

from policies.text.view import View

_OPTIONS = re2.Options()
_OPTIONS.case_sensitive = False
_MONTHS = (
    b"jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?"
    b"|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?"
    # in Welsh, as they stand alone and after "o"
    b"|ionawr|[cg]hwefror|[mf]awrth|ebrill|[mf]ai|[mf]ehefin|g?orffennaf|awst|[mf]edi|hydref"
    b"|[td]achwedd|rhagfyr|ragfyr"
)
_GAP = rb"[ .\-/_,]{0,3}"
_SEP = rb"\s?[./\-\\_:, ]\s?"
_NUMBERS = re2.compile(
    rb"(?:^|[^0-9])([0-9]{1,2})"
    + _SEP
    + rb"([0-9]{1,2})"
    + _SEP
    + rb"('?[0-9]{2}|[0-9]{4})(?:[^0-9]|$)"
)
_YEAR_FIRST = re2.compile(
    rb"(?:^|[^0-9])([0-9]{4})" + _SEP + rb"([0-9]{1,2})" + _SEP + rb"([0-9]{1,2})(?:[^0-9]|$)"
)
_SPREAD = re2.compile(  # each figure by itself
    rb"(?:^|[^0-9])([0-9] [0-9]|[0-9]) ?[./\-] ?([0-9] [0-9]|[0-9]) ?[./\-] ?"
    rb"([0-9] [0-9](?: [0-9] [0-9])?)(?:[^0-9]|$)"
)
_CLOSED = re2.compile(rb"(?:^|[^0-9])([0-9]{2})([0-9]{2})([0-9]{4}|[0-9]{2})(?:[^0-9]|$)")
_DAY_MONTH = re2.compile(
    rb"(?:^|[^0-9])([0-9]{1,2})(?:st|nd|rd|th)?(?:\s?of?)?" + _GAP + rb"(" + _MONTHS + rb")" + _GAP
    + rb"('?[0-9]{2}|[0-9]{4})(?:[^0-9]|$)",
    _OPTIONS,
)  # fmt: skip
_MONTH_DAY = re2.compile(
    rb"(?:^|[^a-z])(" + _MONTHS + rb")" + _GAP + rb"([0-9]{1,2})(?:st|nd|rd|th)?[ .\-/_,]{1,3}"
    rb"('?[0-9]{2}|[0-9]{4})(?:[^0-9]|$)",
    _OPTIONS,
)  # fmt: skip
_NUMBER_OF = {
    name.encode("ascii"): number
    for number, names in enumerate(
        (
            "jan ion", "feb chw ghw", "mar maw faw", "apr ebr", "may mai fai", "jun meh feh",
            "jul gor orf", "aug aws", "sep med fed", "oct hyd", "nov tac dac",
            "dec rha rag",
        ),
        1,
    )
    for name in names.split()
}  # fmt: skip
_OLDEST = 1900


def dates(text: bytes) -> Iterator[tuple[int, int, bool]]:
    """Yield every possible date: its span, and whether only a label can make it a date."""
    shapes = (
        (_NUMBERS, (3, 2, 1), False),
        (_YEAR_FIRST, (1, 2, 3), False),
        (_DAY_MONTH, (3, 2, 1), False),
        (_MONTH_DAY, (3, 1, 2), False),
        (_CLOSED, (3, 2, 1), True),
        (_SPREAD, (3, 2, 1), True),
    )
    for shape, order, bare in shapes:
        at = 0
        while match := shape.search(text, at):
            at = match.start(1) + 1
            if _possible(*(match.group(number).replace(b" ", b"") for number in order)):
                yield match.start(1), match.end(3), bare


def _possible(year: bytes, month: bytes, day: bytes) -> bool:
    number = _month(month)
    full = int(year.lstrip(b"'"))
    full += 2000 if full < 100 else 0  # noqa: PLR2004 - two figures; only the day must be possible
    if number is None or not _OLDEST <= full <= date.max.year:
        return False
    return any(_is_date(full, a, b) for a, b in ((number, int(day)), (int(day), number)))


def _month(text: bytes) -> int | None:
    return int(text) if text.isdigit() else _NUMBER_OF[text[:3].lower()]


def _is_date(year: int, month: int, day: int) -> bool:
    try:
        date(year, month, day)
    except ValueError:
        return False
    return True


def dates_in(view: View) -> list[tuple[int, int]]:
    """List the spans, in the normal text, of full dates that can be, whosever they are.

    For what else makes a date a date of birth, such as a name beside it. Must not be taken for
    findings by itself.
    """
    texts = dict.fromkeys((view.ascii, view.digits))
    found = {(start, end) for text in texts for start, end, bare in dates(text) if not bare}
    return sorted(found)
