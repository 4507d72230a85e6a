"""How much one user may send within an hour, in plain words, and counted once for all processes."""

import os
import time
from collections.abc import Iterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from gateway.smtp.limits import Limits
from gateway.smtp.premises import Kind
from gateway.smtp.quotas import Quotas
from gateway.smtp.tally import MINUTES, SHARED, Sum, Tally
from tests.gateway.doorway import begin, doorway
from vault.address import Address
from vault.people.users import User


@pytest.fixture
def tally() -> Iterator[Tally]:
    counts = Tally(64)
    yield counts
    counts.close()


JANE = User(Address.parse("jane@council.gov.uk"), frozenset())
BEN = User(Address.parse("ben@council.gov.uk"), frozenset())


class Clock:
    now = 10_000.0

    def __call__(self) -> float:
        return self.now


def test_an_hour_holds_so_many_messages(tally: Tally) -> None:
    clock = Clock()
    quotas = Quotas(3, 0, clock, tally)
    for _ in range(3):
        assert quotas.another_mail(JANE) is None
        quotas.count(JANE, 1)
        clock.now += 600
    refusal = quotas.another_mail(JANE)
    assert refusal is not None
    assert refusal.code == 451
    assert "3 messages within an hour" in refusal.text
    assert "Try again in 30 minutes" in refusal.text
    assert quotas.another_mail(BEN) is None
    assert quotas.another_mail(None) is None
    clock.now += 30 * 60
    assert quotas.another_mail(JANE) is None
    quotas.count(JANE, 1)
    assert quotas.another_mail(JANE) is not None


def test_an_hour_holds_so_many_recipients(tally: Tally) -> None:
    quotas = Quotas(0, 10, Clock(), tally)
    quotas.count(JANE, 7)
    assert quotas.another_recipient(JANE, 2) is None
    refusal = quotas.another_recipient(JANE, 3)
    assert refusal is not None
    assert "10 recipients within an hour" in refusal.text
    assert quotas.another_mail(JANE) is None
    assert quotas.another_recipient(BEN, 3) is None


def test_nothing_is_counted_where_there_is_no_limit(tally: Tally) -> None:
    quotas = Quotas(tally=tally)
    quotas.count(JANE, 1000)
    assert quotas.another_mail(JANE) is None
    assert quotas.another_recipient(JANE, 1000) is None
    assert tally.sum(str(JANE.address), 166).messages == 0


def test_processes_share_one_count(tally: Tally) -> None:
    children = []
    for _ in range(4):
        if (child := os.fork()) == 0:
            os.closerange(3, 1000)  # as a process of a node does
            for _ in range(250):
                tally.add("jane", 7, 2)
            os._exit(0)
        children.append(child)
    for child in children:
        assert os.waitpid(child, 0)[1] == 0
    assert tally.sum("jane", 7) == Sum(1000, 2000, 7)


def test_a_process_that_died_while_counting_stops_nobody(tally: Tally) -> None:
    if (child := os.fork()) == 0:
        tally._lock.acquire()
        os._exit(0)
    os.waitpid(child, 0)
    tally.add("jane", 7, 2)
    began = time.monotonic()
    for _ in range(20):
        tally.add("jane", 7, 2)  # only the first of them has waited
    assert time.monotonic() - began < 1
    assert tally.sum("jane", 7).messages == 21


def test_an_hour_passes_minute_by_minute(tally: Tally) -> None:
    for minute in range(1, 200):
        tally.add("jane", minute, 1)
        assert tally.sum("jane", minute).messages == min(minute, MINUTES)
    assert tally.sum("jane", 199 + MINUTES - 1) == Sum(1, 1, 199)
    assert tally.sum("jane", 199 + MINUTES) == Sum()


def test_who_sent_last_is_remembered_when_there_are_too_many(tally: Tally) -> None:
    for number in range(300):
        tally.add(f"u{number}", 1 + number // 6, 1)
    assert tally.sum("u299", 50).messages == 1
    assert sum(tally.sum(f"u{n}", 50).messages for n in range(300)) <= 64
    assert tally.sum("u0", 50) == Sum()


async def test_a_user_hears_it_in_plain_words_and_nobody_else_does(tmp_path: Path) -> None:
    limits = Limits(greeting_pause=0, user_messages=2, user_recipients=3)
    async with doorway(tmp_path, limits) as door:
        async with await door.talk(Kind.TLS, hello=True) as talk:
            await talk.sign_in("jane@council.gov.uk", "correct horse")
            await talk.mail("jane@council.gov.uk", "a@b.org", "c@d.org", data=b"x")
            await talk.say("MAIL FROM:<jane@council.gov.uk>", "250")
            await talk.say("RCPT TO:<a@b.org>", "250")
            reply = await talk.say("RCPT TO:<c@d.org>", "451 4.7.0 Not now: you have reached 3 ")
            assert "Try again in" in reply
            await talk.say("DATA", "354")
            await talk.say(b"x\r\n.\r\n", "250")
            await talk.say("MAIL FROM:<jane@council.gov.uk>", "451 4.7.0 Not now: ")
        async with await door.talk(hello=True) as trusted:
            await begin(trusted)
        assert len(door.taken) == 2


@pytest.fixture
def nothing_counted() -> None:
    memory = SHARED._memory
    memory[:] = bytes(len(memory))


@pytest.mark.usefixtures("nothing_counted")
@pytest.mark.parametrize("most", [{"user_messages": 1}, {"user_recipients": 2}])
async def test_mails_begun_side_by_side_are_one_count(most: dict[str, int], tmp_path: Path) -> None:
    async with (
        doorway(tmp_path, Limits(greeting_pause=0, **most)) as door,
        AsyncExitStack() as all_,
    ):
        talks = [
            await all_.enter_async_context(await door.talk(Kind.TLS, hello=True)) for _ in range(3)
        ]
        for talk in talks:
            await talk.sign_in("jane@council.gov.uk", "correct horse")
            await talk.say("MAIL FROM:<jane@council.gov.uk>", "250")
            await talk.say("RCPT TO:<a@b.org>", "250")
            await talk.say("RCPT TO:<c@d.org>", "250")
            await talk.say("DATA", "354")
        await talks[0].say(b"x\r\n.\r\n", "250")
        for talk in talks[1:]:
            await talk.say(b"x\r\n.\r\n", "451 4.7.0 Not now: you have reached ")
            await talk.say("NOOP", "250")
        assert len(door.taken) == 1
