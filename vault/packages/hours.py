"""Opening hours: at which hours of the week recipients may open a package.

Written as `Mon-Fri 08:00-18:00 Europe/London`; several hours are separated by commas, and the zone
is London's unless named. Hours past midnight belong to the day on which they began.

Promises that the clock on the wall decides, summer and winter: an hour that comes twice counts
twice, one that is left out never comes. Pure. Must never guess at a day, a time or a zone.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
FULL = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
USUAL_ZONE = "Europe/London"
EXAMPLE = "days, hours and a time zone, such as 'Mon-Fri 08:00-18:00 Europe/London'"
LOOKED_AHEAD = 15  # days: whatever opens once a week has opened by then, clocks changed or not
MIDNIGHT = time()
_DAY = f"(?:{'|'.join(DAYS)})"
_CLOCK = r"(?:[01][0-9]|2[0-3]):[0-5][0-9]"
_SPAN = rf"{_DAY}(?:-{_DAY})? {_CLOCK}-(?:{_CLOCK}|24:00)"
_ZONE = r"[A-Za-z]+(?:/[A-Za-z0-9_+-]+){0,2}"
PATTERN = rf"{_SPAN}(?:, {_SPAN})*(?: {_ZONE})?"
_WRITTEN = re.compile(rf"(?P<spans>{_SPAN}(?:, {_SPAN})*)(?: (?P<zone>{_ZONE}))?")
_AND = " and "
_DAY_LONG = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Span:
    """Hours of some days, from `begin` until before `end`; to midnight, or past it, if not later.

    `days` are counted from Monday, 0.
    """

    days: frozenset[int]
    begin: time
    end: time

    def holds(self, local: datetime) -> bool:
        """Say whether a clock that shows `local` shows a time within the hours."""
        at = local.time().replace(tzinfo=None)
        if self.begin < self.end:
            return local.weekday() in self.days and self.begin <= at < self.end
        if at >= self.begin:
            return local.weekday() in self.days
        return at < self.end and (local - _DAY_LONG).weekday() in self.days


@dataclass(frozen=True, slots=True)
class Week:
    """The hours of a week, by the clocks of one zone."""

    text: str
    spans: tuple[Span, ...]
    zone: ZoneInfo

    def holds(self, now: datetime) -> bool:
        """Say whether it is open at an instant."""
        local = now.astimezone(self.zone)
        return any(span.holds(local) for span in self.spans)

    def beginnings(self, now: datetime) -> Iterator[datetime]:
        """Yield the instants near and after `now` at which it may open, in no order, in UTC."""
        today = now.astimezone(self.zone).date()
        for ahead in range(-1, LOOKED_AHEAD):
            day = today + timedelta(days=ahead)
            for span in self.spans:
                if day.weekday() in span.days:
                    yield from _instants(day, span.begin, self.zone)
            yield from _change(day, self.zone)
            yield from _instants(day, MIDNIGHT, self.zone)


@dataclass(frozen=True, slots=True)
class OpenHours:
    """When a package is open: while each of its weeks is. Compares by what is written."""

    weeks: tuple[Week, ...]

    @classmethod
    def parse(cls, text: str) -> "OpenHours":
        """Read hours as they are written, or as `str` gave them; raises ValueError."""
        return cls(tuple(_week(part) for part in text.split(_AND)))

    def __str__(self) -> str:
        return _AND.join(week.text for week in self.weeks)

    def words(self) -> str:
        """Say it to people: "Monday to Friday, 08:00 to 18:00 (UK time)"."""
        return ", and only ".join(_words(week.text) for week in self.weeks)

    def joined(self, other: "OpenHours") -> "OpenHours":
        """Return the hours that are within both."""
        more = (week for week in other.weeks if week.text not in {one.text for one in self.weeks})
        return OpenHours((*self.weeks, *more))

    def holds(self, now: datetime) -> bool:
        """Say whether it is open at an instant, an aware one."""
        return all(week.holds(now) for week in self.weeks)

    def next_opening(self, now: datetime) -> datetime | None:
        """Return when it is open next, in UTC: `now` if it is; None if it never is."""
        if self.holds(now):
            return now
        found = {at for week in self.weeks for at in week.beginnings(now) if at > now}
        return min((at for at in found if self.holds(at)), default=None)


def _week(text: str) -> Week:
    match = _WRITTEN.fullmatch(text)
    if match is None:
        raise ValueError("hours are not written as they should be")
    zone = match["zone"] or USUAL_ZONE
    try:
        known = ZoneInfo(zone)
    except (LookupError, OSError) as error:
        raise ValueError("there is no such zone") from error
    spans = tuple(_span(part) for part in match["spans"].split(", "))
    return Week(f"{match['spans']} {zone}", spans, known)


def _words(text: str) -> str:
    spans, _, zone = text.rpartition(" ")
    told = []
    for span in spans.split(", "):
        days, _, hours = span.partition(" ")
        named = " to ".join(FULL[DAYS.index(day)] for day in days.split("-"))
        told.append(f"{named}, {' to '.join(hours.split('-'))}")
    return f"{'; '.join(told)} ({'UK time' if zone == USUAL_ZONE else zone})"


def _span(text: str) -> Span:
    days, _, hours = text.partition(" ")
    first, _, last = days.partition("-")
    begin, _, end = hours.partition("-")
    start, stop = DAYS.index(first), DAYS.index(last or first)
    length = (stop - start) % len(DAYS) + 1
    chosen = frozenset((start + step) % len(DAYS) for step in range(length))
    if begin == end:
        raise ValueError("the hours have no length")
    return Span(chosen, time.fromisoformat(begin), _end(end))


def _end(text: str) -> time:
    return MIDNIGHT if text == "24:00" else time.fromisoformat(text)


def _instants(day: date, clock: time, zone: ZoneInfo) -> Iterator[datetime]:
    """Yield when the clocks show a time on a day: twice where an hour is repeated."""
    for fold in (0, 1):
        yield datetime.combine(day, clock.replace(fold=fold), zone).astimezone(UTC)


def _change(day: date, zone: ZoneInfo) -> Iterator[datetime]:
    """Yield the instant of a day at which its clocks are put on or back, to the minute."""
    before = datetime.combine(day, MIDNIGHT, zone).astimezone(UTC)
    after = datetime.combine(day + _DAY_LONG, MIDNIGHT, zone).astimezone(UTC)
    shown = before.astimezone(zone).utcoffset()
    if after.astimezone(zone).utcoffset() == shown:
        return
    low, high = 0, int((after - before).total_seconds()) // 60
    while high - low > 1:
        middle = (low + high) // 2
        same = (before + timedelta(minutes=middle)).astimezone(zone).utcoffset() == shown
        low, high = (middle, high) if same else (low, middle)
    yield before + timedelta(minutes=high)
