"""Nodes that do the same at the same moment: what one has looked at, no other changes meanwhile.

Each node is a store of its own, with connections of its own, on one database.
"""

import secrets
from datetime import timedelta
from functools import partial

import pytest

from tests.vault.bench import ALICE, BOB, BODY, CAROL, DAVE, EVE, HERE, Safe
from tests.vault.lockup import Lockup
from tests.vault.nodes import NODES, PATIENCE, Nodes, kinds, race
from vault import rulebook
from vault.address import Address
from vault.errors import CodeRefused, NotHeld, TooMany
from vault.packages import grants, requests
from vault.people import attempts, codes, guesses, users
from vault.rulebook import PolicyActKind
from vault.secrets import Secret
from vault.sending import outbox, warnings
from vault.storage import turns

ROUNDS = 4
PASSWORD = Secret(b"a long password")


def bodies() -> list[bytes]:
    return [BODY + f"{number}\r\n".encode() for number in range(ROUNDS)]


def test_the_same_mail_is_one_package(nodes: Nodes) -> None:
    for body in bodies():
        receipts = nodes.race(lambda safe, body=body: safe.put(BOB, CAROL, body=body))
        assert len({receipt.package_id for receipt in receipts}) == 1
        assert sorted(receipt.duplicate for receipt in receipts) == [False, True, True, True]
    assert len(nodes.first.rows("packages")) == ROUNDS
    assert len(nodes.first.rows("outbox")) == 2 * ROUNDS


def test_mails_of_one_sender_are_all_counted(nodes: Nodes) -> None:
    for number in range(ROUNDS):
        nodes.race(
            lambda safe, number=number: safe.put(
                BOB,
                CAROL,
                body=BODY + f"{number} {id(safe)}".encode(),
                wrote_as=ALICE,
            )
        )
    assert [row.times for row in nodes.first.rows("correspondence")] == [NODES * ROUNDS] * 2


def test_a_mailbox_gets_no_more_codes_than_its_number(nodes: Nodes) -> None:
    def ask(safe: Safe) -> None:
        codes.ask(safe.store, safe.keys.sealing, safe.keys.web, BOB, secrets.token_bytes(32), HERE)

    refused = sum(kinds(nodes.race(ask), TooMany) for _ in range(5))
    assert len(nodes.first.rows("sign_in_codes")) == attempts.CODES_A_DAY
    assert refused == 5 * NODES - attempts.CODES_A_DAY


def asked(safe: Safe) -> tuple[bytes, str]:
    visit = secrets.token_bytes(32)
    codes.ask(safe.store, safe.keys.sealing, safe.keys.web, BOB, visit, HERE)
    (letter,) = safe.claim()
    outbox.complete(safe.store, letter, "250 2.0.0 Ok")
    return visit, letter.fields["code"]


def test_a_code_signs_in_once(nodes: Nodes) -> None:
    for _ in range(ROUNDS):
        visit, code = asked(nodes.first)
        results = nodes.race(
            lambda safe, visit=visit, code=code: codes.answer(
                safe.store, safe.keys.web, visit, code, HERE
            )
        )
        assert results.count(BOB) == 1
        assert kinds(results, CodeRefused) == NODES - 1


def test_every_wrong_code_counts(nodes: Nodes) -> None:
    visits = [asked(safe)[0] for safe in nodes.safes]
    wrong = [
        partial(codes.answer, safe.store, safe.keys.web, visit, "0" * 8, HERE)
        for safe, visit in zip(nodes.safes, visits, strict=True)
    ]
    assert kinds(race(*wrong), CodeRefused) == NODES
    (row,) = nodes.first.rows("sign_in_failures")
    assert row.failures == NODES


def test_every_guess_counts_and_tries_come_one_after_the_other(nodes: Nodes) -> None:
    marks = [bytes([number]) * 16 for number in range(3)]

    def guess(safe: Safe) -> None:
        work = partial(guesses.add_failure, marks=marks)
        safe.store.hand_over(work, *turns.guesses(marks)).result(PATIENCE)

    for _ in range(ROUNDS):
        nodes.race(guess)
    assert [row.failures for row in nodes.first.rows("guesses")] == [NODES * ROUNDS] * 3

    def wait(safe: Safe) -> timedelta:
        turn = partial(guesses.take_turn, mark=marks[0], delay=timedelta(seconds=1))
        return safe.store.hand_over(turn, *turns.guesses(marks[:1])).result(PATIENCE)

    waits = sorted(nodes.race(wait))
    assert waits == [timedelta(seconds=seconds) for seconds in range(1, NODES + 1)]


def test_a_row_of_the_queue_is_with_one_deliverer(nodes: Nodes) -> None:
    for body in bodies():
        nodes.first.put(BOB, CAROL, DAVE, body=body)
    claimed = nodes.race(lambda safe: safe.claim(limit=5))
    ids = [item.id for items in claimed for item in items]
    assert len(ids) == len(set(ids))
    rest = nodes.first.claim(limit=100)
    assert len(ids) + len(rest) == 3 * ROUNDS


def test_content_goes_with_the_last_copy(nodes: Nodes) -> None:
    for body in bodies():
        nodes.first.put(queued=(BOB, CAROL, DAVE, EVE), body=body)
        items = nodes.first.claim()
        ends = [
            partial(outbox.complete, safe.store, item, "250 2.0.0 Ok")
            for safe, item in zip(nodes.safes, items, strict=True)
        ]
        assert race(*ends) == [True] * NODES
    assert nodes.first.rows("contents") == []


def test_a_notice_is_settled_while_its_access_is_revoked(nodes: Nodes) -> None:
    for body in bodies():
        package_id = nodes.first.package(BOB, CAROL, body=body)
        items = nodes.first.claim()
        one, other, third, _ = nodes.safes
        race(
            *(partial(outbox.complete, one.store, item, "250 2.0.0 Ok") for item in items),
            partial(grants.revoke, other.store, ALICE, package_id, None, HERE),
            partial(grants.add, third.store, third.keys.sealing, ALICE, package_id, DAVE, HERE),
        )
    states = {(row.address, row.state) for row in nodes.first.rows("grants")}
    assert {(str(BOB), "revoked"), (str(CAROL), "revoked")} < states


def test_somebody_is_added_and_told_once(nodes: Nodes) -> None:
    package_id = nodes.first.package(BOB)
    nodes.race(
        lambda safe: grants.add(safe.store, safe.keys.sealing, ALICE, package_id, CAROL, HERE)
    )
    assert sorted(row.address for row in nodes.first.rows("grants")) == [str(BOB), str(CAROL)]
    assert sorted(row.address for row in nodes.first.rows("outbox")) == [str(BOB), str(CAROL)]


def test_somebody_asks_for_access_once_and_is_answered_once(nodes: Nodes) -> None:
    package_id = nodes.first.package(BOB)
    nodes.race(lambda safe: requests.ask(safe.store, safe.keys.sealing, EVE, package_id, HERE))
    (row,) = nodes.first.rows("access_requests")
    one, other, *_ = nodes.safes
    results = race(
        partial(requests.approve, one.store, one.keys.sealing, ALICE, row.id, HERE),
        partial(requests.decline, other.store, other.keys.sealing, ALICE, row.id, HERE),
    )
    assert results.count(None) == 1
    assert len([act for act in nodes.first.acts() if act == "access:declined"]) == (
        results[0] is not None
    )


def test_a_held_mail_has_one_end(nodes: Nodes) -> None:
    for body in bodies():
        lockups = [Lockup(safe) for safe in nodes.safes]
        receipts = race(*(partial(lockup.put, body) for lockup in lockups))
        (hold_id,) = {receipt.hold_id for receipt in receipts}
        nodes.first.clock.advance(days=2, hours=23)
        release, withdraw, again, expire = lockups
        results = race(
            partial(release.release, hold_id, body=body),
            partial(withdraw.withdraw, hold_id),
            partial(again.release, hold_id, body=body),
            expire.expire,
        )
        assert kinds(results[:3], NotHeld) == 2
    ends = [row.state for row in nodes.first.rows("holds")]
    copies = [row for row in nodes.first.rows("outbox") if row.kind == "relay"]
    assert len(copies) == ends.count("released")


def test_a_refusal_of_a_policy_is_news_once(nodes: Nodes) -> None:
    def refuse(safe: Safe) -> bool:
        with safe.store.writing(turns.POLICY) as tx:
            return rulebook.write(tx, PolicyActKind.REFUSED, "a" * 64, by="ann")

    assert sorted(nodes.race(refuse)) == [False, False, False, True]


def test_an_address_is_one_users(nodes: Nodes) -> None:
    def add(safe: Safe) -> None:
        number = nodes.safes.index(safe)
        own = Address.parse(f"user{number}@council.example")
        users.add(safe.store, own, PASSWORD, [BOB] if number % 2 else [CAROL, BOB])

    assert kinds(nodes.race(add), ValueError) == NODES - 1
    assert len(nodes.first.rows("users")) == 1


def test_a_sender_is_warned_once_an_hour(nodes: Nodes) -> None:
    nodes.race(
        lambda safe: warnings.warn(
            safe.store, safe.keys.sealing, ALICE, "7F3K92QD", [("rule", "Mind this.")]
        )
    )
    at_once, later = sorted(nodes.first.rows("outbox"), key=lambda row: row.available_at)
    assert later.available_at - at_once.available_at == timedelta(hours=1)


@pytest.mark.parametrize("backend", ["postgresql"])
def test_without_turns_the_races_are_lost(
    nodes: Nodes, monkeypatch: pytest.MonkeyPatch, backend: str
) -> None:
    """The control: the same race, and nobody waits for anybody."""
    monkeypatch.setattr(turns, "numbers", lambda _about: [])
    for number in range(100):
        mailbox = Address.parse(f"user{number}@clinic.example")
        for _ in range(4):
            nodes.race(
                lambda safe, mailbox=mailbox: codes.ask(
                    safe.store,
                    safe.keys.sealing,
                    safe.keys.web,
                    mailbox,
                    secrets.token_bytes(32),
                    HERE,
                )
            )
        rows = nodes.first.rows("sign_in_codes")
        if sum(row.address == str(mailbox) for row in rows) > attempts.CODES_A_DAY:
            return
        nodes.first.clock.advance(hours=2)
    pytest.fail("the races prove nothing")
