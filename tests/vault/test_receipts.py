"""When the same mail again has the earlier receipt, and when it is a mail of its own."""

from datetime import timedelta

import pytest
from sqlalchemy import update

from tests.vault.bench import ALICE, BOB, CAROL, DAVE, HERE, Safe
from vault.address import Address
from vault.packages import grants
from vault.sending import outbox
from vault.storage import tables

NAMED = {"message_id": "<1@council.example>"}


def give_up(safe: Safe, number: int = 1) -> None:
    """End what waits as failed, as a queue's administrator or time does."""
    items = safe.claim(limit=number)
    assert len(items) == number
    for item in items:
        assert outbox.give_up(safe.store, safe.keys.sealing, item, "5.0.0 dropped", tell=False)


def test_a_copy_that_waits_is_not_queued_twice(safe: Safe) -> None:
    first = safe.put(queued=(DAVE,), **NAMED)
    again = safe.put(queued=(DAVE,), **NAMED)
    assert again.duplicate
    assert again.reference == first.reference
    safe.deliver_all()
    assert safe.put(queued=(DAVE,), **NAMED).duplicate  # it was handed on


def test_a_copy_that_was_given_up_is_queued_again(safe: Safe) -> None:
    safe.put(queued=(DAVE,), **NAMED)
    give_up(safe)
    assert not safe.put(queued=(DAVE,), **NAMED).duplicate
    assert [item.to for item in safe.claim()] == [DAVE]


def test_one_copy_of_two_that_was_given_up_is_enough(safe: Safe) -> None:
    safe.put(queued=(CAROL, DAVE), **NAMED)
    give_up(safe)
    assert not safe.put(queued=(CAROL, DAVE), **NAMED).duplicate


def test_copies_without_a_message_id_are_each_their_own(safe: Safe) -> None:
    assert not safe.put(queued=(DAVE,)).duplicate
    assert not safe.put(queued=(DAVE,)).duplicate
    assert len(safe.deliver_all()) == 2


def test_a_package_without_a_message_id_is_one(safe: Safe) -> None:
    assert not safe.put(BOB).duplicate
    assert safe.put(BOB).duplicate


def test_a_package_whose_notice_came_back_is_sealed_again(safe: Safe) -> None:
    first = safe.put(BOB)
    give_up(safe)
    again = safe.put(BOB)
    assert again.package_id != first.package_id
    assert [item.to for item in safe.claim()] == [BOB]


def test_a_package_that_has_expired_is_sealed_again(safe: Safe) -> None:
    safe.put(BOB, expires_in=timedelta(hours=1))
    safe.clock.advance(hours=1)
    assert not safe.put(BOB).duplicate


@pytest.mark.parametrize("whom", [BOB, None], ids=["one", "all"])
def test_access_that_was_taken_away_stays_so(safe: Safe, whom: Address | None) -> None:
    """A mail program that tries again for hours must not undo what its user did on the site."""
    package_id = safe.package(BOB, CAROL)
    grants.revoke(safe.store, ALICE, package_id, whom, HERE)
    assert safe.put(BOB, CAROL).duplicate


def test_a_package_whose_key_is_gone_is_sealed_again(safe: Safe) -> None:
    safe.put(BOB)
    with safe.store.writing() as tx:
        tx.execute(update(tables.packages).values(wrapped=None))
    assert not safe.put(BOB).duplicate
