"""`time`: when the mail is sent, on the clock that hangs in London.

Promises that hours past midnight belong to the day on which they began, and that summer time is
as the law has it: the clock on the wall is read, so the hour that comes twice counts twice.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from datetime import time as clock
from zoneinfo import ZoneInfo

from policies.conditions.base import Because, Condition, Reads, Scope, either
from policies.facts import Facts
from policies.language.schema import WEEKDAYS, TimeTest
from vault.address import Address

LONDON = ZoneInfo("Europe/London")
MIDNIGHT = clock()
_GROUPS = {"weekdays": WEEKDAYS[:5], "weekend": WEEKDAYS[5:]}


def time(value: TimeTest, _scope: Scope) -> Condition:
    """Compile days and hours."""
    days = _days(value.days or WEEKDAYS)
    begin, end = value.from_ or MIDNIGHT, value.to or MIDNIGHT
    words = _words(value)
    because = Because(f"The mail is sent {words}.")

    def test(facts: Facts, _recipient: Address) -> Because | None:
        began = _began(facts.knowledge.now, begin, end)
        return because if began is not None and began in days else None

    return Condition(f"the mail is sent {words}", Reads.ENVELOPE, test)


def _began(now: datetime, begin: clock, end: clock) -> int | None:
    """Return the weekday on which the hours that `now` lies in began; None if in none."""
    here = now.astimezone(LONDON)
    at = here.time()
    if begin < end or end == MIDNIGHT:
        inside = begin <= at and (end == MIDNIGHT or at < end)
        return here.weekday() if inside else None
    if at >= begin:
        return here.weekday()
    return (here - timedelta(days=1)).weekday() if at < end else None


def _days(names: Iterable[str]) -> frozenset[int]:
    every = (day for name in names for day in _GROUPS.get(name, (name,)))
    return frozenset(WEEKDAYS.index(day) for day in every)


def _words(value: TimeTest) -> str:
    words = [f"on {either(_shown(day) for day in value.days)}"] if value.days else []
    begin = "" if value.from_ is None else f"{value.from_:%H:%M}"
    end = "" if value.to in {None, MIDNIGHT} else f"{value.to:%H:%M}"
    if begin and end:
        words.append(f"between {begin} and {end}")
    elif begin or end:
        words.append(f"from {begin} on" if begin else f"before {end}")
    return " ".join(words) or "at any time"


def _shown(day: str) -> str:
    known = {"weekdays": "a weekday", "weekend": "a weekend"}
    return known.get(day, day.capitalize())
