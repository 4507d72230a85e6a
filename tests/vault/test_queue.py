"""What an administrator does to the queue, against a real store."""

from datetime import timedelta

import pytest

from tests.vault.bench import ALICE, BOB, CAROL, DAVE, HERE, Safe
from vault.packages import grants
from vault.sending import outbox, queue
from vault.sending.queue import Chosen, Entry, Standing, UnknownEntryError

EVERY = Chosen(everything=True)
BY = "root"


def only(safe: Safe, chosen: Chosen = EVERY) -> Entry:
    (entry,) = queue.entries(safe.store, chosen)
    return entry


def drop(safe: Safe, entry: Entry, *, tell: bool = True) -> bool:
    keys = (safe.keys.relay, safe.keys.sealing)
    return queue.drop(safe.store, *keys, entry, BY, (lambda _: {}) if tell else None)


def events(safe: Safe, act: str) -> list[tuple[str, str]]:
    return [(row.actor, row.subject) for row in safe.rows("events") if row.act == act]


def test_what_waits_is_shown_without_a_word_of_it(safe: Safe) -> None:
    safe.put(queued=(BOB,), return_path=ALICE)
    safe.clock.advance(hours=2)
    entry = only(safe)
    assert (entry.kind, entry.standing, entry.sending) == ("relay", Standing.ACTIVE, False)
    assert (entry.sender_domain, entry.recipient_domain) == ("council.example", "clinic.example")
    assert safe.clock() - entry.queued_at == timedelta(hours=2)
    assert "plan" not in repr(entry).lower()
    assert "Hello" not in repr(entry)


def test_a_notice_is_on_behalf_of_its_owner_and_the_null_path_of_nobody(safe: Safe) -> None:
    safe.package(BOB)
    assert only(safe).sender_domain == "council.example"
    safe.put(queued=(CAROL,), return_path=None, body=b"x\r\n")
    assert {one.sender_domain for one in queue.entries(safe.store, EVERY)} == {
        "council.example",
        "",
    }


def test_the_words_for_how_it_stands(safe: Safe) -> None:
    safe.package(BOB)
    (item,) = safe.claim()
    assert (only(safe).standing, only(safe).sending) == (Standing.ACTIVE, True)
    until = safe.clock() + timedelta(hours=1)
    outbox.postpone(safe.store, item, "4.7.1 Greylisted", until)
    entry = only(safe)
    assert (entry.standing, entry.next_try, entry.attempts) == (Standing.DEFERRED, until, 1)
    assert entry.status == "4.7.1 Greylisted"
    queue.hold(safe.store, EVERY, BY)
    assert (only(safe).standing, only(safe).next_try) == (Standing.HOLD, None)


def test_what_is_on_hold_is_not_sent_until_it_is_released(safe: Safe) -> None:
    safe.package(BOB)
    assert queue.hold(safe.store, EVERY, BY).changed == 1
    safe.clock.advance(days=1)
    assert safe.claim() == []
    assert queue.hold(safe.store, EVERY, BY).changed == 0
    assert queue.release(safe.store, EVERY, BY).changed == 1
    assert [item.to for item in safe.claim()] == [BOB]
    assert events(safe, "queue:held") == [(BY, str(BOB))] == events(safe, "queue:released")


def test_what_is_being_sent_is_left_alone(safe: Safe) -> None:
    safe.package(BOB)
    (item,) = safe.claim()
    for act in (queue.hold, queue.retry):
        assert act(safe.store, EVERY, BY) == queue.Done(changed=0, sending=1)
    assert not drop(safe, only(safe))
    assert outbox.complete(safe.store, item, "250")
    assert queue.entries(safe.store, EVERY) == []


def test_a_claim_whose_holder_is_late_does_not_undo_a_hold(safe: Safe) -> None:
    safe.package(BOB)
    (item,) = safe.claim()
    safe.clock.advance(minutes=6)
    assert queue.hold(safe.store, EVERY, BY).changed == 1
    assert not outbox.postpone(safe.store, item, "451", safe.clock())
    assert only(safe).standing is Standing.HOLD


def test_retry_makes_due_what_is_deferred_and_nothing_else(safe: Safe) -> None:
    safe.package(BOB, CAROL)
    for item in safe.claim():
        outbox.postpone(safe.store, item, "451", safe.clock() + timedelta(hours=1))
    queue.hold(safe.store, Chosen(domain=CAROL.domain), BY)
    assert safe.claim() == []
    assert queue.retry(safe.store, EVERY, BY).changed == 1
    assert [item.to for item in safe.claim()] == [BOB]
    (line,) = (row for row in safe.rows("events") if row.act == "queue:retried")
    assert (line.actor, line.detail) == (BY, "1: all")


def test_rows_are_chosen_by_domain_and_by_the_beginning_of_an_id(safe: Safe) -> None:
    safe.package(BOB, CAROL, DAVE)
    by_domain = only(safe, Chosen(domain="clinic.example"))
    assert by_domain.recipient == str(BOB)
    assert only(safe, Chosen(ids=(by_domain.id[:8].upper(),))) == by_domain
    assert queue.entries(safe.store, Chosen(domain="example")) == []


@pytest.mark.parametrize("wrong", ["", "abc", "%%%%%%%%", "______", "zzzzzzzz", "a" * 26])
def test_an_id_that_is_none_changes_nothing(safe: Safe, wrong: str) -> None:
    safe.package(BOB)
    for act in (queue.hold, queue.release, queue.retry):
        with pytest.raises(UnknownEntryError):
            act(safe.store, Chosen(ids=(wrong,)), BY)
    assert only(safe).standing is Standing.ACTIVE


def test_a_dropped_mail_is_told_to_its_sender_and_kept_by_nobody(safe: Safe) -> None:
    safe.put(queued=(BOB,), return_path=ALICE)
    queue.hold(safe.store, EVERY, BY)
    assert drop(safe, only(safe))
    bounce = only(safe)
    assert (bounce.kind, bounce.recipient) == ("bounce", str(ALICE))
    assert safe.rows("contents") == []
    assert events(safe, "queue:dropped") == [(BY, str(BOB))]
    assert "relay:bounced" in safe.acts()


def test_a_mail_may_be_dropped_untold(safe: Safe) -> None:
    package = safe.package(BOB)
    assert drop(safe, only(safe), tell=False)
    assert queue.entries(safe.store, EVERY) == []
    assert safe.rows("grants")[0].notice == "bounced"
    assert safe.open(BOB, package), "the package itself stays"


def test_what_nobody_can_open_can_still_be_dropped(safe: Safe) -> None:
    safe.package(BOB)
    with safe.store.writing() as tx:
        tx.execute(outbox.tables.outbox.update().values(payload=b"exchanged"))
    assert drop(safe, only(safe))
    assert queue.entries(safe.store, EVERY) == []
    assert events(safe, "queue:dropped") == [(BY, str(BOB))]


def test_revoking_cancels_a_notice_on_hold(safe: Safe) -> None:
    package = safe.package(BOB)
    queue.hold(safe.store, EVERY, BY)
    grants.revoke(safe.store, ALICE, package, BOB, HERE)
    assert queue.entries(safe.store, EVERY) == []
