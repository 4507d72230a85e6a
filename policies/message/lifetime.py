"""For how long a sealed mail may be opened, as its sender asked in headers.

`X-Sealgate-Expires` and `X-Sealgate-Not-Before` hold a date, a date and time, or a length of
time. Promises the more protective reading where two are possible, and a plain sentence where
none is. Must never fall back to a default when a header is there: the sender relies on it.
"""

import re
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from policies.errors import FlagError
from policies.language.durations import LONGEST, parse_duration
from policies.message.mime import Outline

EXPIRES = "X-Sealgate-Expires"
NOT_BEFORE = "X-Sealgate-Not-Before"
LONDON = ZoneInfo("Europe/London")

_UNREADABLE = (
    "Not sent to anyone: the date in {header} could not be read. "
    "Write it like 2026-12-24, 2026-12-24 17:00 or 14 days, and send again."
)
_PAST = "Not sent to anyone: the date in {header} is in the past. Give a later date and send again."
_TOO_FAR = (
    "Not sent to anyone: the date in {header} is more than ten years away. "
    "Give an earlier date and send again."
)
_CROSSED = (
    f"Not sent to anyone: {EXPIRES} is not later than {NOT_BEFORE}, "
    "so nobody could open it. Mend the dates and send again."
)

_MOMENT = re.compile(
    r"([12][0-9]{3}-[0-9]{2}-[0-9]{2})"
    r"(?:[Tt ]([0-9]{2}:[0-9]{2}(?::[0-9]{2})?) ?([Zz]|[+-][0-9]{2}:?[0-9]{2})?)?"
)


def lifetime(outline: Outline, now: datetime) -> tuple[datetime | None, datetime | None]:
    """Return (expires, not_before) as aware UTC, None where the sender asked for nothing.

    A date alone means the end of that day for expiry and its start for not-before; times without
    a zone are Europe/London. Several headers: the earliest expiry, the latest not-before.
    Raises FlagError, fit for an SMTP reply, if a header cannot be read or is in the past.
    """
    expiries = [_expires(raw, now) for raw in outline.all(EXPIRES)]
    starts = [_not_before(raw, now) for raw in outline.all(NOT_BEFORE)]
    expires, not_before = min(expiries, default=None), max(starts, default=None)
    if expires is not None and not_before is not None and expires <= not_before:
        raise FlagError(_CROSSED)
    return expires, not_before


def _expires(raw: bytes, now: datetime) -> datetime:
    value = _value(raw, EXPIRES)
    if isinstance(value, timedelta):
        return now + value
    if not isinstance(value, datetime):
        value = datetime.combine(value, time()) + timedelta(days=1)
    return _bounded(min(_in_utc(value)), now, EXPIRES)


def _not_before(raw: bytes, now: datetime) -> datetime:
    value = _value(raw, NOT_BEFORE)
    if isinstance(value, timedelta):
        return now + value
    if not isinstance(value, datetime):
        if value == now.astimezone(LONDON).date():
            return now
        value = datetime.combine(value, time())
    return _bounded(max(_in_utc(value)), now, NOT_BEFORE)


def _value(raw: bytes, header: str) -> timedelta | datetime | date:
    """Read a header value: a length of time, a moment (aware or London time), or a day."""
    try:
        text = " ".join(raw.decode("ascii").split())
        found = _MOMENT.fullmatch(text)
        if found is None:
            return parse_duration(text)
        day, clock, zone = found.groups()
        if clock is None:
            return date.fromisoformat(day)
        return datetime.fromisoformat(f"{day}T{clock}{(zone or '').upper()}")
    except ValueError:
        raise FlagError(_UNREADABLE.format(header=header)) from None


def _in_utc(moment: datetime) -> tuple[datetime, datetime]:
    """Return both instants a local time may mean: when clocks change, one hour is two or none."""
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=LONDON)
    return moment.replace(fold=0).astimezone(UTC), moment.replace(fold=1).astimezone(UTC)


def _bounded(moment: datetime, now: datetime, header: str) -> datetime:
    if moment <= now:
        raise FlagError(_PAST.format(header=header))
    if moment - now > LONGEST:
        raise FlagError(_TOO_FAR.format(header=header))
    return moment
