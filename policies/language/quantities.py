"""Sizes, times of day and dates as people write them: "10 MB", "17:30", "2027-03-31".

For policy files. Promises one reading for each text, and none for the rest. Must never guess a
unit, nor whether the day or the month comes first.
"""

import re
from datetime import date, time

KB, MB = 1024, 1024 * 1024

SIZE_EXAMPLE = "a number of kB or MB, such as '10 MB', up to 1000 MB"
SIZE_PATTERN = r"[1-9][0-9]{0,5} (kB|MB)"
CLOCK_EXAMPLE = "a time of day, such as '08:00' or '17:30'"
CLOCK_PATTERN = r"(([01]?[0-9]|2[0-3]):[0-5][0-9]|24:00)"
DAY_EXAMPLE = "a date, such as '2027-03-31'"
DAY_PATTERN = r"20[0-9]{2}-[01][0-9]-[0-3][0-9]"
MIDNIGHT = time()

_SIZE = re.compile(r"([1-9][0-9]{0,5}) ?(k|m)b", re.IGNORECASE)
_LARGEST = 1000 * MB


def parse_size(text: str) -> int:
    """Return a size in bytes; 1 kB is 1024 bytes. Raises ValueError, which quotes nothing."""
    found = _SIZE.fullmatch(text.strip())
    if found is None:
        raise ValueError(f"not a size; write {SIZE_EXAMPLE}")
    size = int(found[1]) * (KB if found[2] in "kK" else MB)
    if size > _LARGEST:
        raise ValueError("larger than 1000 MB")
    return size


def say_size(size: int) -> str:
    """Return words for a size in bytes: "10 MB", "700 kB"."""
    return f"{size // MB} MB" if size % MB == 0 else f"{size // KB} kB"


def parse_clock(text: str) -> time:
    """Return a time of day; 24:00 is midnight. Raises ValueError, which quotes nothing."""
    if not re.fullmatch(CLOCK_PATTERN, text):
        raise ValueError(f"not a time of day; write {CLOCK_EXAMPLE}")
    hours, minutes = text.split(":")
    return time(int(hours) % 24, int(minutes))


def parse_day(text: str) -> date:
    """Return a date written year first. Raises ValueError, which quotes nothing."""
    try:
        if re.fullmatch(DAY_PATTERN, text):
            return date.fromisoformat(text)
    except ValueError:
        pass
    raise ValueError(f"not a date; write {DAY_EXAMPLE}")
