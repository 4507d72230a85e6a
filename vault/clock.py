"""What time it is, in aware UTC.

Everything in the safe that needs the time takes a `Clock`, so that a test can pass one of its own.
Must never hand out a naive datetime.
"""

from collections.abc import Callable
from datetime import UTC, datetime

Clock = Callable[[], datetime]


def utc_now() -> datetime:
    """Return the present moment as an aware datetime in UTC."""
    return datetime.now(UTC)
