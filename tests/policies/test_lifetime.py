"""When a sealed mail may be opened, as its sender asked."""

from datetime import UTC, datetime, timedelta

import pytest

from policies.errors import FlagError
from policies.message.flags import lifetime
from tests.policies.mails import mail

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
SUMMER = datetime(2026, 6, 1, 12, 0, tzinfo=UTC)


def expires(value: str, now: datetime = NOW) -> datetime | None:
    return lifetime(mail(f"X-Sealgate-Expires: {value}"), now)[0]


def starts(value: str, now: datetime = NOW) -> datetime | None:
    return lifetime(mail(f"X-Sealgate-Not-Before: {value}"), now)[1]


def test_without_headers_nothing_is_asked():
    assert lifetime(mail("Subject: x"), NOW) == (None, None)


@pytest.mark.parametrize(
    ("value", "moment"),
    [
        ("14 days", NOW + timedelta(days=14)),
        ("14days", NOW + timedelta(days=14)),
        ("1 day", NOW + timedelta(days=1)),
        ("36 Hours", NOW + timedelta(hours=36)),
        ("  2   weeks ", NOW + timedelta(weeks=2)),
        ("2026-12-24", datetime(2026, 12, 25, tzinfo=UTC)),
        ("2026-12-24 17:00", datetime(2026, 12, 24, 17, tzinfo=UTC)),
        ("2026-12-24T17:00:30", datetime(2026, 12, 24, 17, 0, 30, tzinfo=UTC)),
        ("2026-12-24T17:00Z", datetime(2026, 12, 24, 17, tzinfo=UTC)),
        ("2026-12-24 17:00 +01:00", datetime(2026, 12, 24, 16, tzinfo=UTC)),
        ("2026-12-24t17:00-0500", datetime(2026, 12, 24, 22, tzinfo=UTC)),
        ("2027-07-01 09:00", datetime(2027, 7, 1, 8, tzinfo=UTC)),
        ("2027-06-30", datetime(2027, 6, 30, 23, tzinfo=UTC)),
        ("\r\n 2026-12-24\r\n 17:00", datetime(2026, 12, 24, 17, tzinfo=UTC)),
    ],
)
def test_expiry(value, moment):
    assert expires(value) == moment
    assert moment.tzinfo is UTC


@pytest.mark.parametrize(
    ("value", "moment"),
    [
        ("2 hours", NOW + timedelta(hours=2)),
        ("2026-12-24", datetime(2026, 12, 24, tzinfo=UTC)),
        ("2027-07-01", datetime(2027, 6, 30, 23, tzinfo=UTC)),
        ("2026-11-22", NOW),
    ],
)
def test_not_before(value, moment):
    assert starts(value) == moment


def test_today_is_todays_date_in_london():
    late = datetime(2026, 6, 1, 23, 30, tzinfo=UTC)  # already 2 June in London
    assert starts("2026-06-02", late) == late
    assert expires("2026-06-02", late) == datetime(2026, 6, 2, 23, tzinfo=UTC)


def test_when_clocks_go_back_the_protective_hour_counts():
    # 25 October 2026, 01:30 happens twice: at 00:30 and at 01:30 UTC.
    assert expires("2026-10-25 01:30", SUMMER) == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
    assert starts("2026-10-25 01:30", SUMMER) == datetime(2026, 10, 25, 1, 30, tzinfo=UTC)


def test_when_clocks_go_forward_the_protective_hour_counts():
    # 28 March 2027, 01:30 does not happen.
    assert expires("2027-03-28 01:30") == datetime(2027, 3, 28, 0, 30, tzinfo=UTC)
    assert starts("2027-03-28 01:30") == datetime(2027, 3, 28, 1, 30, tzinfo=UTC)


def test_of_several_headers_the_strictest_counts():
    outline = mail(
        "X-Sealgate-Expires: 14 days",
        "x-sealgate-expires: 3 days",
        "X-Sealgate-Not-Before: 1 day",
        "X-Sealgate-Not-Before: 2 days",
    )
    assert lifetime(outline, NOW) == (NOW + timedelta(days=3), NOW + timedelta(days=2))


UNREADABLE = [
    "",
    "soon",
    "14",
    "0 days",
    "-1 days",
    "1.5 days",
    "14 months",
    "99999 weeks",
    "24/12/2026",
    "24 December 2026",
    "2026-13-01",
    "2026-02-30",
    "2026-12-24 25:00",
    "2026-12-24 17",
    "2026-12-24 17:00 GMT",
    "2026-12-24 17:00 +99:99",
    "２０２６-１２-２４",
    "=?utf-8?q?14_days?=",
    "0001-01-01",
    "9999-12-31",
    "14 days; 2 days",
    "14 days" + " " * 300 + "x",
]


@pytest.mark.parametrize("value", UNREADABLE)
@pytest.mark.parametrize("header", ["X-Sealgate-Expires", "X-Sealgate-Not-Before"])
def test_what_cannot_be_read_is_refused_in_plain_words(header, value):
    with pytest.raises(FlagError) as caught:
        lifetime(mail(f"{header}: {value}"), NOW)
    assert str(caught.value).startswith(f"Not sent to anyone: the date in {header} could not")


@pytest.mark.parametrize("value", ["2026-11-21", "1999-01-01", "2026-11-22 11:59", "1000-01-01"])
def test_the_past_is_refused(value):
    with pytest.raises(FlagError, match="X-Sealgate-Expires is in the past"):
        expires(value)
    with pytest.raises(FlagError, match="X-Sealgate-Not-Before is in the past"):
        starts(value)


def test_more_than_ten_years_is_refused():
    with pytest.raises(FlagError, match="more than ten years"):
        expires("2999-12-31 23:59")


def test_dates_that_leave_no_time_to_open_are_refused():
    outline = mail("X-Sealgate-Expires: 2 days", "X-Sealgate-Not-Before: 3 days")
    with pytest.raises(FlagError, match="nobody could open it"):
        lifetime(outline, NOW)


@pytest.mark.parametrize("value", ["soon-zaphod", "1999-01-01", "2999-01-01"])
def test_sentences_fit_a_reply_and_quote_nothing(value):
    with pytest.raises(FlagError) as caught:
        expires(value)
    sentence = str(caught.value)
    assert len(sentence) < 180
    assert sentence.isascii()
    assert sentence.isprintable()
    assert value not in sentence
