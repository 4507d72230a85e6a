"""Depositing: once, whole, or not at all."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text

from tests.vault.bench import ALICE, BOB, BODY, CAROL, DAVE, EVE, Safe
from vault.address import Address
from vault.contents.stream import CHUNK_EXPONENT
from vault.ending import upkeep
from vault.errors import StoreUnavailable
from vault.packages.deposit import GrantFor, Summary
from vault.sending.outbox import Kind

LARGE = bytes(range(256)) * ((3 << CHUNK_EXPONENT) // 256) + b"end"
WRITTEN = ["contents", "packages", "grants", "outbox", "receipts", "events"]


def counts(safe: Safe) -> dict[str, int]:
    return {name: len(safe.rows(name)) for name in WRITTEN}


def files(safe: Safe) -> list[str]:
    contents = safe.folder / "contents"
    return sorted(path.name for path in contents.rglob("*") if path.is_file())


@contextmanager
def failing(safe: Safe, table: str, verb: str = "INSERT") -> Iterator[None]:
    """Make the database refuse every write of a kind to one table."""
    name = f"fail_{table}"
    trigger = f"CREATE TRIGGER {name} BEFORE {verb} ON {table}"
    begin, end = [f"{trigger} BEGIN SELECT RAISE(ABORT, 'x'); END"], [f"DROP TRIGGER {name}"]
    if safe.store.settings.is_postgresql:
        says = f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS"
        begin = [
            f"{says} $$ BEGIN RAISE EXCEPTION 'x'; END $$",
            f"{trigger} FOR EACH ROW EXECUTE FUNCTION {name}()",
        ]
        end = [f"DROP FUNCTION {name} CASCADE"]
    with safe.store.writing() as tx:
        for one in begin:
            tx.execute(text(one))
    try:
        yield
    finally:
        with safe.store.writing() as tx:
            for one in end:
                tx.execute(text(one))


@pytest.mark.parametrize("body", [BODY, b"", b"\x00\r\n.\r\n", LARGE], ids=len)
def test_what_is_deposited_opens_byte_for_byte(safe: Safe, body: bytes) -> None:
    package_id = safe.package(BOB, body=body)
    assert safe.open(BOB, package_id) == body
    assert len(files(safe)) == (1 if body is LARGE else 0)


def test_one_deposit_makes_everything_true(safe: Safe) -> None:
    receipt = safe.put(BOB, GrantFor(address=CAROL, notify=False), queued=(DAVE,))
    assert counts(safe) == {
        "contents": 1,
        "packages": 1,
        "grants": 2,
        "outbox": 2,
        "receipts": 1,
        "events": 5,
    }
    assert safe.acts() == [
        "package:sealed",
        "access:granted",
        "notice:queued",
        "access:granted",
        "relay:queued",
    ]
    assert {(row.address, row.notice) for row in safe.rows("grants")} == {
        (str(BOB), "queued"),
        (str(CAROL), "none"),
    }
    (package,) = safe.rows("packages")
    assert (package.id, package.reference) == (receipt.package_id, receipt.reference)
    assert package.author == package.owner == str(ALICE)


def test_the_notice_says_who_and_when_and_no_more(safe: Safe) -> None:
    receipt = safe.put(BOB, expires_in=timedelta(days=30), opens_in=timedelta(hours=1))
    (item,) = safe.claim()
    assert (item.kind, item.to, item.attempts) == (Kind.NOTICE, BOB, 1)
    assert item.fields == {
        "reference": receipt.reference,
        "package_id": receipt.package_id,
        "author": str(ALICE),
        "author_name": "Alice Ash",
        "expires_at": "2026-12-02T09:00:00+00:00",
        "not_before": "2026-11-02T10:00:00+00:00",
        "open_hours": "",
        "again": "",
        "view_only": "",
        "replies": "yes",
    }


def test_the_same_mail_again_is_the_same_package(safe: Safe) -> None:
    first = safe.put(BOB, CAROL, queued=(DAVE,), body=LARGE)
    before, on_disk = counts(safe), files(safe)
    again = safe.put(CAROL, BOB, queued=(DAVE,), body=LARGE)
    assert (again.reference, again.package_id) == (first.reference, first.package_id)
    assert (first.duplicate, again.duplicate) == (False, True)
    assert counts(safe) == before
    assert files(safe) == on_disk


@pytest.mark.parametrize(
    "different",
    [
        {"body": BODY + b"."},
        {"to": (BOB,)},
        {"to": (BOB, CAROL, DAVE)},
        {"to": (BOB,), "queued": (CAROL,)},
        {"author": EVE},
    ],
    ids=str,
)
def test_another_mail_is_another_package(safe: Safe, different: dict[str, Any]) -> None:
    different = {**different}
    first = safe.put(BOB, CAROL)
    other = safe.put(*different.pop("to", (BOB, CAROL)), **different)
    assert not other.duplicate
    assert other.package_id != first.package_id


def test_after_the_window_it_is_another_package(safe: Safe) -> None:
    first = safe.put(BOB)
    safe.clock.advance(hours=23, minutes=59, seconds=59)
    assert safe.put(BOB).package_id == first.package_id
    upkeep.clear(safe.store)  # forgets no receipt that still counts
    assert safe.put(BOB).duplicate
    safe.clock.advance(seconds=1)
    assert not safe.put(BOB).duplicate
    assert len(safe.rows("packages")) == 2


def test_twenty_at_once_are_one(safe: Safe) -> None:
    ready, receipts = threading.Barrier(20), []

    def send() -> None:
        ready.wait(timeout=30)
        receipts.append(safe.put(BOB, CAROL, body=LARGE))

    threads = [threading.Thread(target=send) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({receipt.package_id for receipt in receipts}) == 1
    assert sorted(receipt.duplicate for receipt in receipts) == [False] + [True] * 19
    assert len(safe.rows("packages")) == 1
    assert sorted(item.to for item in safe.claim()) == [BOB, CAROL]
    assert len(files(safe)) == 1
    assert safe.open(BOB, receipts[0].package_id) == LARGE


@pytest.mark.parametrize("table", WRITTEN)
def test_a_failure_at_any_table_leaves_nothing(safe: Safe, table: str) -> None:
    with failing(safe, table), pytest.raises(StoreUnavailable):
        safe.put(BOB, queued=(CAROL,))
    assert set(counts(safe).values()) == {0}
    assert not safe.put(BOB, queued=(CAROL,)).duplicate  # the second try is accepted as new
    assert 0 not in counts(safe).values()  # the control: the count does see what is written


def test_content_is_on_the_disk_before_the_row(safe: Safe) -> None:
    with failing(safe, "packages"), pytest.raises(StoreUnavailable):
        safe.put(BOB, body=LARGE)
    assert len(files(safe)) == 1  # flushed first: a file without a row, for the sweep
    assert set(counts(safe).values()) == {0}


def test_clear_copies_alone_make_no_package(safe: Safe) -> None:
    receipt = safe.put(queued=(BOB, CAROL))
    assert receipt.package_id is None
    assert receipt.reference
    assert safe.rows("packages") == []
    assert [b"".join(item.content()) for item in safe.claim() if item.content] == [BODY, BODY]


def test_an_address_named_twice_is_one_grant(safe: Safe) -> None:
    bcc = GrantFor(address=BOB, visible=False, notify=False)
    safe.package(bcc, GrantFor(address=BOB), GrantFor(address=CAROL, visible=False), bcc)
    assert [(row.address, row.visible, row.notify) for row in safe.rows("grants")] == [
        (str(BOB), True, True),
        (str(CAROL), False, True),
    ]
    assert len(safe.claim()) == 2


def test_a_deposit_needs_a_recipient(safe: Safe) -> None:
    with pytest.raises(ValueError, match="recipient"):
        safe.put()


def test_an_owner_need_not_be_the_author(safe: Safe) -> None:
    safe.package(BOB, author=EVE, owner=ALICE)
    (package,) = safe.rows("packages")
    assert (package.author, package.owner) == (str(EVE), str(ALICE))


def conversation(safe: Safe, *to: Address, **more: Any) -> str:
    package_id = safe.package(*to, **more)
    (found,) = [row.conversation for row in safe.rows("packages") if row.id == package_id]
    return str(found)


def test_an_answer_joins_the_conversation(safe: Safe) -> None:
    first = conversation(safe, BOB, message_id="<1@council.example>")
    answers = ("<unknown@x.example>", " <1@council.example> ")
    assert conversation(safe, ALICE, author=BOB, body=b"re", answers=answers) == first


def test_a_colleague_of_the_conversation_joins_it(safe: Safe) -> None:
    first = conversation(safe, BOB, message_id="<1@council.example>")
    answers = ("<1@council.example>",)
    assert conversation(safe, BOB, author=CAROL, body=b"also", answers=answers) == first


def test_quoting_a_message_id_of_strangers_joins_nothing(safe: Safe) -> None:
    first = conversation(safe, BOB, message_id="<1@council.example>")
    answers = ("<1@council.example>",)
    assert conversation(safe, DAVE, author=EVE, body=b"me too", answers=answers) != first


def test_mails_without_message_id_do_not_answer_each_other(safe: Safe) -> None:
    first = conversation(safe, BOB, message_id=" ")
    assert conversation(safe, BOB, body=b"two", message_id="", answers=("", " ")) != first


def test_a_conversation_can_be_named(safe: Safe) -> None:
    first = conversation(safe, BOB)
    assert conversation(safe, ALICE, author=BOB, body=b"re", conversation=first) == first


def test_any_text_can_be_deposited(safe: Safe) -> None:
    odd = "\ud800 \x00 \u202e 'quoted\" \U0001f4ec"
    summary = Summary(subject=odd, author_name=odd, to=(odd,), attachments=(odd,))
    package_id = safe.package(
        BOB, summary=summary, message_id=odd, answers=(odd,), because=(odd,), policy="p"
    )
    assert safe.open(BOB, package_id) == BODY
