"""Lengths of time as people write them: "30 days".

For policy files and for what senders put in headers. Promises one reading for each text, and
none for the rest. Must never guess a unit.
"""

import re
from datetime import timedelta

LONGEST = timedelta(days=3650)
EXAMPLE = "a number of hours, days or weeks, such as '30 days', up to ten years"
PATTERN = r"[1-9][0-9]{0,4} (hour|day|week)s?"

_DURATION = re.compile(r"([1-9][0-9]{0,4}) ?(hour|day|week)s?", re.IGNORECASE)


def parse_duration(text: str) -> timedelta:
    """Return the length of time. Raises ValueError, which quotes nothing, for anything else."""
    found = _DURATION.fullmatch(" ".join(text.split()))
    if found is None:
        raise ValueError(f"not a length of time; write {EXAMPLE}")
    count, unit = int(found[1]), found[2].lower()
    length = timedelta(**{f"{unit}s": count})
    if length > LONGEST:
        raise ValueError("longer than ten years")
    return length


def say_duration(length: timedelta) -> str:
    """Return words for a length of time: "30 days", "36 hours"."""
    hours = int(length.total_seconds() // 3600)
    count, unit = (hours // 24, "day") if hours % 24 == 0 else (hours, "hour")
    return f"{count} {unit}" if count == 1 else f"{count} {unit}s"
