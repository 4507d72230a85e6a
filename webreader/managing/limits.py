"""Until when a message can be opened: the day somebody types becomes an instant.

Promises that a day means to its end where the organisation's clocks are, summer or winter, and that
what is typed is understood as people here write dates: day first.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import Final

FURTHEST: Final = timedelta(days=3660)  # nobody means to keep a message open for longer
END_OF_DAY: Final = time(23, 59)
_ISO: Final = re.compile(r"(?P<y>\d{4})-(?P<m>\d{1,2})-(?P<d>\d{1,2})", re.ASCII)
_BRITISH: Final = re.compile(r"(?P<d>\d{1,2})[/. -](?P<m>\d{1,2})[/. -](?P<y>\d{4})", re.ASCII)


class Unusable(Exception):
    """What was typed cannot be used; the message says why."""


def limit_of(typed: str, zone: tzinfo, now: datetime) -> datetime:
    """Return the end of the day that was typed, in UTC. Raises Unusable."""
    match = _ISO.fullmatch(typed.strip()) or _BRITISH.fullmatch(typed.strip())
    if match is None:
        raise Unusable("Enter a date as day, month and year, for example 3/12/2026")
    try:
        day = date(int(match["y"]), int(match["m"]), int(match["d"]))
        limit = datetime.combine(day, END_OF_DAY, zone).astimezone(UTC)
    except (ValueError, OverflowError):
        raise Unusable("There is no such day: check the date") from None
    if limit <= now:
        raise Unusable("Choose today or a later day")
    if limit - now > FURTHEST:
        raise Unusable("Choose a day within the next ten years")
    return limit


def day_of(when: datetime | None, zone: tzinfo) -> str:
    """Return the day of an instant as a date field of a form holds it, or an empty text."""
    return when.astimezone(zone).date().isoformat() if when else ""
