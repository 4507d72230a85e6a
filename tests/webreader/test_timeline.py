"""Every act has its words, and none says more than what happened."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from vault.address import Address
from vault.origin import Origin
from vault.trail.audit import Act, Event
from webreader.managing.timeline import WORDS, by_day, people, tell

OWNER = Address.parse("ann@council.example")
AT = datetime(2026, 11, 3, 14, 2, tzinfo=UTC)


def event(act: Act, **more: object) -> Event:
    facts = {"at": AT, "actor": "pat@example.org", "subject": "sam@example.org"}
    made = {"origin": Origin("192.0.2.7"), "detail": ""} | facts | more
    return Event(act=act, **made)  # type: ignore[arg-type]  # a row of a table in short


@pytest.mark.parametrize("act", list(Act))
def test_every_act_has_words(act: Act) -> None:
    (moment,) = tell([event(act)], OWNER)
    assert moment.text[0].isupper()
    assert "{" not in moment.text
    if act is not Act.LINK_FETCHED:  # nobody is known: that is the point of it
        people = ("pat@example.org", "sam@example.org")
        assert any(one in moment.text for one in people) or WORDS[act].by
    (empty,) = tell([event(act, actor="", subject="", origin=Origin())], OWNER)
    assert empty.place == ""
    assert "{" not in empty.text


def test_the_words_of_the_brief() -> None:
    (moment,) = tell([event(Act.PACKAGE_OPENED, subject="")], OWNER)
    assert (moment.text, moment.place) == ("Opened by pat@example.org", "192.0.2.7")
    (moment,) = tell([event(Act.PACKAGE_OPENED, actor=str(OWNER), subject="")], OWNER)
    assert moment.text == "Opened by you"


def test_one_act_for_several_people_is_one_line() -> None:
    events = [event(Act.ACCESS_GRANTED, subject=f"p{at}@example.org") for at in range(3)]
    later = event(Act.ACCESS_GRANTED, subject="p9@example.org", at=AT + timedelta(seconds=1))
    told = [moment.text for moment in tell([*events, later], OWNER)]
    assert told == [
        "Access given to p0@example.org, p1@example.org and p2@example.org by pat@example.org",
        "Access given to p9@example.org by pat@example.org",
    ]


def test_openings_are_never_put_together() -> None:
    twice = [event(Act.PACKAGE_OPENED, subject="")] * 2
    assert len(tell(twice, OWNER)) == 2


def test_a_crowd_is_counted() -> None:
    names = [f"p{at}@example.org" for at in range(40)]
    assert people(names).endswith("p6@example.org and 33 others")
    assert people(["a", "a", ""]) == "a"
    assert people([]) == "somebody"


@pytest.mark.parametrize("detail", ["", "x", "x -> y", "2026-11-03 -> ", " -> never", "never"])
def test_a_limit_that_cannot_be_read_is_left_out(detail: str) -> None:
    (moment,) = tell([event(Act.EXPIRY_CHANGED, detail=detail)], OWNER)
    assert moment.limits is None


def test_days_are_those_of_the_clocks_here() -> None:
    late = event(Act.PACKAGE_OPENED, at=datetime(2026, 7, 1, 22, 59, tzinfo=UTC))
    later = event(Act.PACKAGE_OPENED, at=datetime(2026, 7, 1, 23, 1, tzinfo=UTC))
    days = by_day(tell([late, later], OWNER), ZoneInfo("Europe/London"))
    assert [len(moments) for _, moments in days] == [1, 1]
