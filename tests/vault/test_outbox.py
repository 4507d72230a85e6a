"""The outbox: nothing lost, nothing clobbered, nothing readable, nothing left over."""

import threading
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from tests.vault.bench import ALICE, BOB, BODY, CAROL, DAVE, HERE, ON_SQLITE, Safe
from tests.vault.test_deposit import LARGE, files
from vault.errors import Tampered
from vault.packages import grants
from vault.packages.facts import unwrap_key
from vault.sending import claims, outbox
from vault.sending.outbox import Item, Kind
from vault.storage import tables
from vault.storage.store import Store


def post(safe: Safe, kind: Kind = Kind.CODE, **more: object) -> str:
    available_at = safe.clock() + timedelta(minutes=more.pop("in_minutes", 0))  # type: ignore[arg-type]
    with safe.store.writing() as tx:
        fields = {"code": "12345678", "minutes": "10"}
        return outbox.post(tx, safe.keys.sealing, kind, BOB, fields, available_at=available_at)


def claim_one(safe: Safe) -> Item:
    (item,) = safe.claim()
    return item


def states(safe: Safe) -> list[str]:
    return [row.state for row in safe.rows("outbox")]


def test_a_claimed_row_is_with_one_worker(safe: Safe) -> None:
    safe.put(BOB)
    assert len(safe.claim()) == 1
    assert safe.claim() == []


def test_many_rows_are_claimed_at_once_in_their_order(safe: Safe) -> None:
    posted = [post(safe, Kind.NOTICE if n % 3 else Kind.CODE, in_minutes=-n) for n in range(19)]
    codes = [n for n in range(18, -1, -1) if n % 3 == 0]
    others = [n for n in range(18, -1, -1) if n % 3]
    first, second = safe.claim(limit=17), safe.claim(limit=17)
    assert [item.id for item in first + second] == [posted[n] for n in codes + others]
    leases = {row.id: (row.lease, row.attempts) for row in safe.rows("outbox")}
    assert leases == {item.id: (item.lease, 1) for item in first + second}
    assert first[0].lease != second[0].lease


def test_a_lease_that_ran_out_is_taken_over(safe: Safe) -> None:
    safe.put(BOB)
    first = claim_one(safe)
    safe.clock.advance(minutes=4, seconds=59)
    assert safe.claim() == []
    safe.clock.advance(seconds=1)
    second = claim_one(safe)
    assert (second.id, second.fields) == (first.id, first.fields)
    assert (first.attempts, second.attempts) == (1, 2)


@pytest.mark.parametrize("how", ["complete", "postpone", "give_up"])
def test_a_late_worker_changes_nothing(safe: Safe, how: str) -> None:
    safe.put(BOB)
    late = claim_one(safe)
    safe.clock.advance(minutes=6)
    current = claim_one(safe)
    before = safe.rows("outbox"), safe.rows("events"), safe.rows("grants")
    until = safe.clock() + timedelta(hours=1)
    settle = {
        "complete": lambda item: outbox.complete(safe.store, item, "250"),
        "postpone": lambda item: outbox.postpone(safe.store, item, "421", until),
        "give_up": lambda item: outbox.give_up(safe.store, safe.keys.sealing, item, "550"),
    }[how]
    assert not settle(late)
    assert (safe.rows("outbox"), safe.rows("events"), safe.rows("grants")) == before
    assert settle(current)  # the control: who holds the lease may
    assert not settle(current)  # once


def test_a_worker_whose_lease_ran_out_untaken_may_still_settle(safe: Safe) -> None:
    safe.put(BOB)
    item = claim_one(safe)
    safe.clock.advance(minutes=6)
    assert outbox.complete(safe.store, item, "250 ok")
    assert safe.claim() == []


def test_a_worker_that_starts_again_takes_up_what_it_held(safe: Safe) -> None:
    safe.put(BOB)
    before = claim_one(safe)
    assert outbox.release(safe.store, "another") == 0
    assert safe.claim() == []
    assert outbox.release(safe.store, "tester") == 1
    after = claim_one(safe)
    assert (after.id, after.attempts) == (before.id, 2)
    assert not outbox.complete(safe.store, before, "250")


def test_many_workers_never_share_a_row(safe: Safe) -> None:
    for number in range(10):
        safe.put(BOB, CAROL, body=b"%d" % number)
    taken: list[str] = []
    ready = threading.Barrier(6)

    def work() -> None:
        ready.wait(timeout=30)
        while items := safe.claim(limit=2):
            taken.extend(item.id for item in items)

    threads = [threading.Thread(target=work) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(taken) == len(set(taken)) == 20


def test_codes_go_first_and_then_who_waits_longest(safe: Safe) -> None:
    safe.put(BOB)
    safe.clock.advance(seconds=1)
    safe.put(CAROL)
    safe.clock.advance(seconds=1)
    post(safe)
    found = [(item.kind, item.to) for _ in range(3) for item in safe.claim(limit=1)]
    assert found == [(Kind.CODE, BOB), (Kind.NOTICE, BOB), (Kind.NOTICE, CAROL)]


def test_what_is_for_later_waits(safe: Safe) -> None:
    post(safe, in_minutes=30)
    assert safe.claim() == []
    safe.clock.advance(minutes=30)
    assert claim_one(safe).fields["code"] == "12345678"


def test_a_relayed_notice_is_on_record(safe: Safe) -> None:
    package_id = safe.package(BOB)
    outbox.complete(safe.store, claim_one(safe), "250 2.0.0 queued as 42\r\nX")
    (event,) = [row for row in safe.rows("events") if row.act == "notice:relayed"]
    assert (event.package_id, event.subject) == (package_id, str(BOB))
    assert event.detail == "250 2.0.0 queued as 42 X"
    assert [row.notice for row in safe.rows("grants")] == ["relayed"]
    assert outbox.backlog(safe.store) == outbox.Backlog(0, None)


def test_the_first_delay_is_on_record_once(safe: Safe) -> None:
    safe.put(BOB)
    for _ in range(3):
        outbox.postpone(
            safe.store, claim_one(safe), "451 later", safe.clock() + timedelta(minutes=7)
        )
        assert safe.claim() == []
        safe.clock.advance(minutes=7)
    assert safe.acts().count("notice:delayed") == 1
    assert [row.notice for row in safe.rows("grants")] == ["delayed"]
    item = claim_one(safe)
    assert item.attempts == 4
    assert outbox.complete(safe.store, item, "250")
    assert [row.notice for row in safe.rows("grants")] == ["relayed"]


def test_a_bounced_notice_is_told_to_the_owner(safe: Safe) -> None:
    receipt = safe.put(BOB)
    outbox.give_up(safe.store, safe.keys.sealing, claim_one(safe), "550 5.1.1 no such user")
    bounce = claim_one(safe)
    assert (bounce.kind, bounce.to, bounce.package_id) == (Kind.BOUNCE, ALICE, receipt.package_id)
    assert bounce.fields == {
        "reference": receipt.reference,
        "recipient": str(BOB),
        "status": "550 5.1.1 no such user",
        "what": "notice",
        "package_id": receipt.package_id,
        "action": "failed",
        "arrived_at": safe.clock().isoformat(),
        "attempted_at": safe.clock().isoformat(),
    }
    assert [row.notice for row in safe.rows("grants")] == ["bounced"]
    assert "notice:bounced" in safe.acts()


def test_a_bounced_clear_copy_is_told_to_the_return_path(safe: Safe) -> None:
    receipt = safe.put(queued=(BOB,), return_path=DAVE)
    outbox.give_up(safe.store, safe.keys.sealing, claim_one(safe), "550 no")
    bounce = claim_one(safe)
    assert (bounce.kind, bounce.to) == (Kind.BOUNCE, DAVE)
    assert (bounce.fields["what"], bounce.fields["package_id"]) == ("mail", "")
    assert bounce.fields["reference"] == receipt.reference
    assert "relay:bounced" in safe.acts()


def test_nobody_is_told_at_the_null_return_path(safe: Safe) -> None:
    safe.put(queued=(BOB,), return_path=None)
    outbox.give_up(safe.store, safe.keys.sealing, claim_one(safe), "550 no")
    assert safe.claim() == []


@pytest.mark.parametrize(
    "kind", [Kind.CODE, Kind.BOUNCE, Kind.ACCESS_REQUEST, Kind.ACCESS_DECLINED]
)
def test_no_bounce_of_a_bounce(safe: Safe, kind: Kind) -> None:
    post(safe, kind)
    outbox.give_up(safe.store, safe.keys.sealing, claim_one(safe), "550 no")
    assert safe.claim() == []
    assert states(safe) == ["failed"]


@pytest.mark.parametrize("body", [BODY, LARGE], ids=len)
def test_queued_content_goes_with_its_last_copy(safe: Safe, body: bytes) -> None:
    safe.put(queued=(BOB, CAROL), body=body)
    first, second = safe.claim()
    outbox.complete(safe.store, first, "250")
    assert len(safe.rows("contents")) == 1  # the control: one copy still needs it
    assert len(files(safe)) == (1 if body is LARGE else 0)
    assert second.content is not None
    assert b"".join(second.content()) == body
    outbox.give_up(safe.store, safe.keys.sealing, second, "550")
    assert safe.rows("contents") == []
    assert files(safe) == []


def test_content_that_a_package_needs_stays(safe: Safe) -> None:
    package_id = safe.package(BOB, queued=(CAROL,), body=LARGE)
    (copy,) = [item for item in safe.claim() if item.kind is Kind.RELAY]
    assert copy.package_id == package_id
    assert copy.content is not None
    assert b"".join(copy.content()) == LARGE
    outbox.complete(safe.store, copy, "250")
    assert safe.open(BOB, package_id) == LARGE


def test_a_clear_copy_comes_with_its_envelope(safe: Safe) -> None:
    prefix = b"Received: from \xff by us\r\n"
    safe.put(queued=(BOB,), return_path=DAVE, prefix=prefix)
    item = claim_one(safe)
    assert (item.return_path, item.prefix, item.dropped) == (DAVE, prefix, (b"bcc", b"resent-bcc"))
    safe.put(queued=(CAROL,), return_path=None)
    assert claim_one(safe).return_path is None


def test_the_deliverer_cannot_open_a_package(safe: Safe) -> None:
    safe.package(BOB)
    (package,) = safe.rows("packages")
    with pytest.raises(Tampered):
        unwrap_key(safe.keys.relay.relay, package.id, package.wrapped)
    assert unwrap_key(safe.keys.opening.vault, package.id, package.wrapped)  # the control


def test_a_settled_row_keeps_nothing_to_open(safe: Safe) -> None:
    safe.put(BOB, queued=(CAROL,))
    safe.deliver_all()
    for row in safe.rows("outbox"):
        assert (row.state, row.payload, row.wrapped, row.content_id) == ("done", b"", None, None)
        assert (row.lease, row.leased_by, row.leased_until) == ("", "", None)


def test_a_payload_opens_only_in_its_own_row(safe: Safe) -> None:
    one, two = post(safe), post(safe)
    payloads = {row.id: row.payload for row in safe.rows("outbox")}
    with safe.store.writing() as tx:
        for row_id, other in ((one, two), (two, one)):
            chosen = tables.outbox.c.id == row_id
            tx.execute(update(tables.outbox).where(chosen).values(payload=payloads[other]))
    assert safe.claim() == []
    assert states(safe) == ["queued", "queued"]  # held and logged, not dropped
    assert outbox.backlog(safe.store).queued == 2


def test_a_payload_opens_only_as_its_own_kind(safe: Safe) -> None:
    post(safe)
    with safe.store.writing() as tx:
        tx.execute(update(tables.outbox).values(kind="bounce"))
    assert safe.claim() == []


def test_one_row_that_does_not_open_stops_no_other(safe: Safe) -> None:
    bad = post(safe)
    good = post(safe)
    with safe.store.writing() as tx:
        broken = update(tables.outbox).where(tables.outbox.c.id == bad)
        tx.execute(broken.values(payload=b"junk"))
    assert [item.id for item in safe.claim()] == [good]


def test_an_item_does_not_show_what_it_carries(safe: Safe) -> None:
    post(safe)
    assert "12345678" not in repr(claim_one(safe))


def test_backlog_counts_what_still_waits(safe: Safe) -> None:
    begun = safe.clock()
    safe.put(BOB)
    safe.clock.advance(hours=1)
    safe.put(CAROL)
    safe.claim()
    assert outbox.backlog(safe.store) == outbox.Backlog(2, begun)


def test_a_cancelled_notice_in_flight_is_settled_as_it_went(safe: Safe) -> None:
    package_id = safe.package(BOB)
    item = claim_one(safe)
    grants.revoke(safe.store, ALICE, package_id, BOB, HERE)
    assert states(safe) == ["cancelled"]
    assert outbox.complete(safe.store, item, "250")
    assert states(safe) == ["done"]
    assert "notice:relayed" in safe.acts()


def test_a_cancelled_notice_put_back_is_not_sent(safe: Safe) -> None:
    package_id = safe.package(BOB)
    item = claim_one(safe)
    grants.revoke(safe.store, ALICE, package_id, BOB, HERE)
    outbox.postpone(safe.store, item, "451", safe.clock())
    safe.clock.advance(hours=1)
    assert safe.claim() == []
    assert [row.notice for row in safe.rows("grants")] == ["none"]


@ON_SQLITE
def test_what_is_not_due_costs_a_look_nothing(safe: Safe) -> None:
    """Counted in steps of SQLite's machine, which do not depend on who else is busy."""

    def steps(store: Store) -> int:
        seen = 0

        def step() -> None:
            nonlocal seen
            seen += 1

        with store.reading() as tx:
            driver: Any = tx._connection.connection.driver_connection
            driver.set_progress_handler(step, 1)
            try:
                assert tx.execute(select(tables.outbox.c.id).where(claims.due(tx.now))).all() == []
            finally:
                driver.set_progress_handler(None, 0)
        return seen

    post(safe, in_minutes=60)
    few = steps(safe.store)
    for _ in range(200):
        post(safe, in_minutes=60)
    assert steps(safe.store) <= few + 10
