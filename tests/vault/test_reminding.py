"""Who has not opened is reminded, as often as the policy says; their sender is told who has not."""

import json
from datetime import timedelta
from typing import Any

import pytest

from tests.vault.bench import ALICE, BOB, CAROL, DAVE, HERE, Safe
from vault.address import Address
from vault.packages import grants, lifetime, requests
from vault.packages.deposit import GrantFor
from vault.packages.hours import OpenHours
from vault.sending import outbox, reminding, reporting
from vault.sending.outbox import Kind

DAY = timedelta(days=1)


def reminded(safe: Safe) -> list[Address]:
    """Run the reminders, send everything, and return who was reminded."""
    reminding.remind(safe.store, safe.keys.sealing)
    return [item.to for item in safe.deliver_all() if item.kind is Kind.REMINDER]


def days_of_reminders(safe: Safe, days: int) -> list[int]:
    """Return on which days Bob is reminded, looking each day."""
    found = []
    for day in range(1, days + 1):
        safe.clock.advance(days=1)
        found += [day] * len(reminded(safe))
    return found


def report(safe: Safe) -> list[dict[str, Any]]:
    """Run the reports, send everything, and return what each letter tells."""
    reporting.report(safe.store, safe.keys.sealing)
    sent = [item for item in safe.deliver_all() if item.kind is Kind.REPORT]
    assert all(item.to == ALICE for item in sent)
    return [json.loads(item.fields["packages"]) for item in sent]


@pytest.mark.parametrize(
    ("life", "number", "days"),
    [(30, 1, [15]), (30, 2, [10, 20]), (30, 0, []), (None, 2, [7, 14]), (3, 5, [1, 2])],
)
def test_as_many_as_the_policy_says_and_spread_evenly(
    safe: Safe, life: int | None, number: int, days: list[int]
) -> None:
    expires = None if life is None else life * DAY
    safe.put(BOB, expires_in=expires, terms={"reminders": number})
    safe.deliver_all()
    found = days_of_reminders(safe, 40)
    if (life, number) == (3, 5):  # several a day are looked for once a day here
        assert len(found) <= 5
        assert max(found) <= 2
    else:
        assert found == days


def test_a_reminder_says_nothing_of_the_mail(safe: Safe) -> None:
    safe.put(BOB, expires_in=10 * DAY)
    safe.deliver_all()
    safe.clock.advance(days=5)
    reminding.remind(safe.store, safe.keys.sealing)
    (item,) = safe.claim()
    assert item.kind is Kind.REMINDER
    assert set(item.fields) == {
        *("reference", "package_id", "author", "expires_at", "not_before", "open_hours"),
        *("view_only", "replies", "sealed_at"),
    }
    assert safe.acts()[-1] == "reminder:queued"
    assert outbox.complete(safe.store, item, "250 2.0.0 Ok")
    assert safe.acts()[-1] == "reminder:relayed"
    (grant,) = safe.rows("grants")
    assert (grant.reminded, grant.notice) == (1, "relayed")


def test_nobody_is_reminded_in_vain(safe: Safe) -> None:
    package_id = safe.package(
        BOB,
        CAROL,
        DAVE,
        GrantFor(address=Address.parse("q@x.example"), notify=False),
        expires_in=10 * DAY,
    )
    for item in safe.claim():
        if item.to == CAROL:
            outbox.give_up(safe.store, safe.keys.sealing, item, "550 5.1.1 no such user")
        else:
            outbox.complete(safe.store, item, "250 2.0.0 Ok")
    safe.open(BOB, package_id)
    grants.revoke(safe.store, ALICE, package_id, DAVE, HERE)
    assert days_of_reminders(safe, 20) == []


def test_a_notice_that_is_still_on_its_way_is_waited_for(safe: Safe) -> None:
    safe.put(BOB, expires_in=10 * DAY)
    safe.clock.advance(days=5)
    assert reminding.remind(safe.store, safe.keys.sealing) == 0
    safe.deliver_all()
    safe.clock.advance(hours=1)
    assert reminded(safe) == [BOB]


def test_a_reminder_waits_for_opening_hours(safe: Safe) -> None:
    office = OpenHours.parse("Mon-Fri 08:00-18:00")
    safe.put(BOB, expires_in=12 * DAY, terms={"open_hours": office})  # Monday, 9:00
    safe.deliver_all()
    safe.clock.advance(days=6)  # Sunday
    assert reminded(safe) == []
    safe.clock.advance(hours=22)  # Monday, 7:00
    assert reminded(safe) == []
    safe.clock.advance(hours=1)
    assert reminded(safe) == [BOB]


def test_more_time_means_further_reminders_of_those_left(safe: Safe) -> None:
    package_id = safe.package(BOB, expires_in=4 * DAY, terms={"reminders": 2})
    safe.deliver_all()
    safe.clock.advance(days=2)
    assert reminded(safe) == [BOB]
    grants.extend(safe.store, ALICE, package_id, safe.clock() + 20 * DAY, HERE)
    assert days_of_reminders(safe, 30) == [10]


def test_a_reminder_that_is_refused_is_a_notice_that_does_not_arrive(safe: Safe) -> None:
    package_id = safe.package(BOB, expires_in=8 * DAY, terms={"reminders": 3})
    safe.deliver_all()
    safe.clock.advance(days=2)
    reminding.remind(safe.store, safe.keys.sealing)
    (item,) = safe.claim()
    outbox.give_up(safe.store, safe.keys.sealing, item, "550 5.1.1 no such user", word={})
    (told,) = [item for item in safe.deliver_all() if item.kind is Kind.BOUNCE]
    assert told.to == ALICE
    assert days_of_reminders(safe, 5) == []
    right = Address.parse("bob.right@clinic.example")
    grants.correct(safe.store, safe.keys.sealing, ALICE, package_id, BOB, right, HERE)
    assert {item.to for item in safe.deliver_all()} == {right}


def test_revoking_cancels_a_reminder_that_waits(safe: Safe) -> None:
    package_id = safe.package(BOB, expires_in=4 * DAY)
    safe.deliver_all()
    safe.clock.advance(days=2)
    assert reminding.remind(safe.store, safe.keys.sealing) == 1
    grants.revoke(safe.store, ALICE, package_id, BOB, HERE)
    assert safe.deliver_all() == []
    (grant,) = safe.rows("grants")
    assert grant.notice == "relayed"  # the notice itself had gone


def test_a_sender_is_told_halfway_before_the_end_and_at_the_end(safe: Safe) -> None:
    package_id = safe.package(BOB, CAROL, DAVE, expires_in=10 * DAY)
    safe.deliver_all()
    safe.open(BOB, package_id)
    told = []
    for day in range(1, 15):
        safe.clock.advance(days=1)
        reminding.remind(safe.store, safe.keys.sealing)
        told += [(day, letter) for letter in report(safe)]
    assert [day for day, _ in told] == [5, 8, 10]
    (found,) = told[0][1]
    assert (found["opened"], found["recipients"]) == (1, 3)
    assert found["unopened"] == [str(CAROL), str(DAVE)]
    assert not found["is_over"]
    assert told[2][1][0]["is_over"]
    assert safe.acts().count("owner:reported") == 3


def test_what_everybody_has_opened_is_not_reported(safe: Safe) -> None:
    package_id = safe.package(BOB, expires_in=10 * DAY)
    safe.deliver_all()
    safe.open(BOB, package_id)
    safe.clock.advance(days=20)
    assert report(safe) == []


def test_all_that_is_due_goes_into_one_letter(safe: Safe) -> None:
    for number in range(5):
        safe.put(BOB, body=b"mail %d" % number, expires_in=10 * DAY)
    safe.deliver_all()
    safe.clock.advance(days=5)
    (letter,) = report(safe)
    assert len(letter) == 5
    assert report(safe) == []


def test_answers_of_others_are_not_reported(safe: Safe) -> None:
    safe.put(ALICE, author=BOB, owner=ALICE, expires_in=10 * DAY)
    safe.deliver_all()
    safe.clock.advance(days=20)
    assert report(safe) == []


def test_who_comes_late_asks_for_more_time_and_gets_it(safe: Safe) -> None:
    package_id = safe.package(BOB, expires_in=DAY)
    safe.deliver_all()
    safe.clock.advance(days=2)
    requests.ask(safe.store, safe.keys.sealing, BOB, package_id, HERE)
    requests.ask(safe.store, safe.keys.sealing, BOB, package_id, HERE)  # once is enough
    (letter,) = safe.deliver_all()
    assert (letter.kind, letter.to) == (Kind.ACCESS_REQUEST, ALICE)
    assert letter.fields["expired_at"]
    assert safe.acts()[-1] == "extension:asked"
    (asked,) = requests.pending(safe.store, ALICE)
    until = safe.clock() + 14 * DAY
    requests.approve(safe.store, safe.keys.sealing, ALICE, asked.id, HERE, until=until)
    (again,) = safe.deliver_all()
    assert (again.kind, again.to, again.fields["expires_at"]) == (
        *(Kind.NOTICE, BOB),
        until.isoformat(),
    )
    safe.open(BOB, package_id)
    assert requests.pending(safe.store, ALICE) == []


def test_who_never_had_access_asks_as_before(safe: Safe) -> None:
    package_id = safe.package(BOB, expires_in=DAY)
    safe.clock.advance(days=2)
    requests.ask(safe.store, safe.keys.sealing, CAROL, package_id, HERE)
    assert safe.acts()[-1] == "access:requested"


def test_moments_of_short_lives(safe: Safe) -> None:
    now = safe.clock()
    assert lifetime.next_reminder(now, now + timedelta(hours=7), 1) is None
    assert lifetime.next_reminder(now, now + timedelta(hours=8), 1) == now + timedelta(hours=4)
    assert lifetime.next_report(now, now, now + DAY) == now + DAY
    assert lifetime.next_report(now + DAY, now, now + DAY) is None
    assert lifetime.next_report(now, now, None) == now + 7 * DAY
