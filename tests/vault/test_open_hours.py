"""A package with opening hours is open to its recipients within them, and to its sender always."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import update

from tests.vault.bench import ALICE, BOB, HERE, Safe
from vault.errors import AccessDenied, Denial
from vault.packages import catalogue, requests
from vault.packages.hours import OpenHours
from vault.packages.retrieve import recheck
from vault.storage import tables

OFFICE = {"open_hours": OpenHours.parse("Mon-Fri 08:00-18:00 Europe/London")}
LONDON = ZoneInfo("Europe/London")


def refused(safe: Safe, package_id: str) -> AccessDenied:
    with pytest.raises(AccessDenied) as caught:
        safe.open(BOB, package_id)
    return caught.value


@pytest.mark.parametrize("monday", [datetime(2026, 3, 30), datetime(2026, 10, 26)])  # noqa: DTZ001
def test_over_the_weekend_on_which_clocks_change(safe: Safe, monday: datetime) -> None:
    safe.clock.now = (monday - timedelta(days=3)).replace(hour=12, tzinfo=LONDON)
    package_id = safe.package(BOB, terms=OFFICE)
    safe.open(BOB, package_id)
    safe.clock.now = (monday - timedelta(days=3)).replace(hour=18, tzinfo=LONDON)
    opens = monday.replace(hour=8, tzinfo=LONDON)
    found = refused(safe, package_id)
    assert (found.denial, found.opens_at) == (Denial.CLOSED, opens)
    safe.open(ALICE, package_id)
    safe.clock.now = opens - timedelta(seconds=1)
    assert refused(safe, package_id).denial is Denial.CLOSED
    safe.clock.now = opens
    safe.open(BOB, package_id)


def test_a_download_under_way_ends_with_the_hours(safe: Safe) -> None:
    package_id = safe.package(BOB, terms=OFFICE)
    recheck(safe.store, BOB, package_id)
    safe.clock.now = safe.clock.now.replace(hour=18)
    with pytest.raises(AccessDenied):
        recheck(safe.store, BOB, package_id)


def test_other_limits_are_told_first(safe: Safe) -> None:
    package_id = safe.package(
        BOB, terms=OFFICE, opens_in=timedelta(days=5), expires_in=timedelta(days=9)
    )
    found = refused(safe, package_id)  # from Saturday on
    assert found.denial is Denial.NOT_YET
    assert found.opens_at == datetime(2026, 11, 9, 8, tzinfo=LONDON)
    safe.clock.advance(days=8, hours=23)  # Wednesday, 8:00; expires at 9:00
    safe.open(BOB, package_id)
    safe.clock.now = safe.clock.now.replace(hour=7)
    assert refused(safe, package_id).opens_at is not None
    safe.clock.now = safe.clock.now.replace(hour=20)
    assert refused(safe, package_id).denial is Denial.EXPIRED


def test_when_it_does_not_open_again_no_time_is_told(safe: Safe) -> None:
    package_id = safe.package(BOB, terms=OFFICE, expires_in=timedelta(hours=12))
    safe.clock.now = safe.clock.now.replace(hour=19)
    found = refused(safe, package_id)
    assert (found.denial, found.opens_at) == (Denial.CLOSED, None)


def test_who_will_get_in_need_not_ask(safe: Safe) -> None:
    package_id = safe.package(BOB, terms=OFFICE)
    safe.clock.now = safe.clock.now.replace(hour=19)
    requests.ask(safe.store, safe.keys.sealing, BOB, package_id, HERE)
    assert requests.pending(safe.store, ALICE) == []
    (line,) = catalogue.received(safe.store, safe.keys.opening, BOB).items
    assert (line.package.denial, line.summary.subject) == (Denial.CLOSED, "")


def test_hours_that_cannot_be_read_are_never_open(safe: Safe) -> None:
    package_id = safe.package(BOB)
    with safe.store.writing() as tx:
        tx.execute(update(tables.packages).values(open_hours="always, please"))
    found = refused(safe, package_id)
    assert (found.denial, found.opens_at) == (Denial.CLOSED, None)
