"""Opening hours by the clock on the wall, on both days of the year on which clocks are changed."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from vault.packages.hours import OpenHours

LONDON = ZoneInfo("Europe/London")
OFFICE = OpenHours.parse("Mon-Fri 08:00-18:00 Europe/London")


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("at", "is_open"),
    [
        ("2026-10-23 06:59", False),  # Friday, summer time: 07:59
        ("2026-10-23 07:00", True),
        ("2026-10-23 16:59", True),
        ("2026-10-23 17:00", False),  # 18:00
        ("2026-10-24 10:00", False),  # Saturday
        ("2026-10-26 07:59", False),  # Monday, the clocks went back on Sunday
        ("2026-10-26 08:00", True),
        ("2026-10-26 17:59", True),
        ("2026-10-26 18:00", False),
    ],
)
def test_the_clock_on_the_wall_decides(at: str, is_open: bool) -> None:
    assert OFFICE.holds(utc(at)) is is_open


@pytest.mark.parametrize(
    ("at", "opens"),
    [
        ("2026-10-23 17:00", "2026-10-26 08:00"),  # over the weekend on which clocks go back
        ("2026-03-27 18:00", "2026-03-30 07:00"),  # and on which they go forward
        ("2026-03-30 03:00", "2026-03-30 07:00"),
        ("2026-11-02 08:00", "2026-11-02 08:00"),  # it is open
        ("2026-11-02 18:00", "2026-11-03 08:00"),
    ],
)
def test_it_opens_again_when_the_clock_says_so(at: str, opens: str) -> None:
    assert OFFICE.next_opening(utc(at)) == utc(opens)


def test_hours_that_the_change_leaves_out_open_when_the_clock_jumps_over_their_beginning() -> None:
    night = OpenHours.parse("Sun 01:30-02:30")
    assert night.next_opening(utc("2026-03-29 00:00")) == utc("2026-03-29 01:00")  # 02:00 BST
    assert night.holds(utc("2026-03-29 01:29"))
    assert not night.holds(utc("2026-03-29 01:30"))


def test_hours_that_are_wholly_left_out_do_not_come_that_day() -> None:
    night = OpenHours.parse("Sun 01:00-02:00")
    assert night.next_opening(utc("2026-03-29 00:00")) == utc("2026-04-05 00:00")


def test_hours_that_come_twice_count_twice() -> None:
    night = OpenHours.parse("Sun 01:00-02:00")
    first, between = utc("2026-10-25 00:00"), utc("2026-10-25 01:00")
    assert night.holds(first)
    assert night.holds(between)  # 01:00 GMT, after 01:59 BST
    assert not night.holds(utc("2026-10-25 02:00"))
    early = OpenHours.parse("Sun 01:30-01:45")
    assert early.next_opening(utc("2026-10-25 00:50")) == utc("2026-10-25 01:30")


def test_hours_past_midnight_belong_to_the_day_on_which_they_began() -> None:
    night = OpenHours.parse("Fri 22:00-06:00")
    assert night.holds(utc("2026-11-06 23:00"))
    assert night.holds(utc("2026-11-07 05:59"))
    assert not night.holds(utc("2026-11-06 05:00"))
    assert night.next_opening(utc("2026-11-07 06:00")) == utc("2026-11-13 22:00")


def test_of_several_weeks_all_must_allow_it() -> None:
    both = OFFICE.joined(OpenHours.parse("Mon-Sun 09:00-24:00 Europe/Paris"))
    assert OpenHours.parse(str(both)) == both
    assert both.next_opening(utc("2026-11-02 00:00")) == utc("2026-11-02 08:00")
    never = OFFICE.joined(OpenHours.parse("Sat-Sun 00:00-24:00"))
    assert never.next_opening(utc("2026-11-02 00:00")) is None
    assert OFFICE.joined(OFFICE) == OFFICE


@pytest.mark.parametrize("change", ["2026-03-29", "2026-10-25"])
@pytest.mark.parametrize(
    "written",
    ["Mon-Fri 08:00-18:00", "Sat-Sun 00:30-01:30, Mon 02:00-03:00", "Sun 23:00-02:00 Europe/Paris"],
)
def test_the_next_opening_is_the_first_minute_that_is_open(written: str, change: str) -> None:
    """Against the plainest reference: look at every minute."""
    hours, now = OpenHours.parse(written), utc(change) - timedelta(hours=7)
    found = hours.next_opening(now)
    minutes = (now + timedelta(minutes=number) for number in range(14 * 24 * 60))
    assert found == next(at for at in minutes if hours.holds(at))


@pytest.mark.parametrize(
    "written",
    [
        "",
        "Mon-Fri",
        "08:00-18:00",
        "mon-fri 08:00-18:00",
        "Mon-Fri 8:00-18:00",
        "Mon-Fri 08:00-25:00",
        "Mon-Fri 08:00-08:00",
        "Mon-Fri 08:00-18:00 Europe/Nowhere",
        "Mon-Fri 08:00-18:00 ../../etc/passwd",
        "Mon-Fri 08:00-18:00; Sat 09:00-10:00",
        "Mon-Fri 08:00-18:00 Europe/London\n",
    ],
)
def test_anything_else_is_refused(written: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - the policy language words it
        OpenHours.parse(written)


def test_people_read_it_in_words() -> None:
    assert OFFICE.words() == "Monday to Friday, 08:00 to 18:00 (UK time)"
    two = OpenHours.parse("Mon-Thu 08:00-18:00, Fri 08:00-16:00 Europe/Paris")
    assert two.words() == (
        "Monday to Thursday, 08:00 to 18:00; Friday, 08:00 to 16:00 (Europe/Paris)"
    )
