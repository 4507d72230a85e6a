"""Clients that waste our time: slow ones, one that never ends a line, and large uploads.

An honest client beside them is answered quickly, memory does not grow with what they send, and
every file handle comes back.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
import statistics
import time
from pathlib import Path

import pytest

from tests.dialogue import Talk
from tests.e2e.machine import until
from tests.e2e.stage import SENDER, Stage
from tests.faults.conftest import WHOLE, sample

SLOW, UPLOADS = sample(60, 500), sample(3, 20)
MIB = 1 << 20
UPLOAD, STREAM = sample(8, 60) * MIB, sample(64, 1024) * MIB
GROWTH = 16 * MIB  # for a stream without line ends
HELD, CROWD = b"A" * 800_000, 400  # each spool keeps up to a mebibyte in memory
USUAL = 1.0  # seconds, for all but one of a hundred honest mails
TO = "amy@partner.example"
ATTACHED = (
    "MIME-Version: 1.0\r\nContent-Type: video/mp4; name=plans.mp4\r\n"
    "Content-Transfer-Encoding: base64\r\n"
)

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def begun(node: Stage, subject: str = "Hello", more: str = "") -> Talk:
    """A connection on which everything up to the content has been said."""
    talk = await Talk.open(node.ports["trusted"])
    await talk.reply(30)
    await talk.say("EHLO client.example", "250")
    await talk.say(f"MAIL FROM:<{SENDER}>", "250")
    await talk.say(f"RCPT TO:<{TO}>", "250")
    await talk.say("DATA", "354")
    head = f"From: <{SENDER}>\r\nTo: <{TO}>\r\nSubject: {subject}\r\n{more}\r\n"
    await talk.send(head.encode())
    return talk


async def honest(node: Stage) -> float:
    """How long one small mail takes, from connecting to the answer."""
    began = time.monotonic()
    async with await begun(node) as talk:
        await talk.send(b"Good morning\r\n.\r\n")
        reply = await talk.reply(60)
        assert reply.startswith("250 2.0.0 Relayed"), reply
    return time.monotonic() - began


async def slow(node: Stage, number: int) -> None:
    """Say a byte now and then: of a command, or of a mail."""
    if number % 2:
        talk = await begun(node)
    else:
        talk = await Talk.open(node.ports["trusted"])
        await talk.reply(30)
    async with talk:
        while True:
            await talk.send(b"X")
            await asyncio.sleep(5)


async def upload(node: Stage) -> str:
    """A film, as mail programs attach it."""
    async with await begun(node, "[secure] Plans", ATTACHED) as talk:
        line = b"AAAA" * 19 + b"\r\n"
        for _ in range(UPLOAD // MIB):
            await talk.send(line * (MIB // len(line)))
            await asyncio.sleep(0)
        await talk.send(b".\r\n")
        return await talk.reply(120)


def memory(node: Stage) -> int:
    """What all processes of the door hold now, in bytes: the kernel chooses who is connected to."""
    statuses = (Path(f"/proc/{pid}/status").read_text() for pid in node.running("smtp"))
    found = [re.search(r"VmRSS:\s+(\d+) kB", status) for status in statuses]
    assert found
    return sum(int(one[1]) * 1024 for one in found if one)


def handles(node: Stage) -> int:
    return sum(len(list(Path(f"/proc/{pid}/fd").iterdir())) for pid in node.running("smtp"))


async def test_an_honest_client_waits_for_nobody(
    node: Stage, capsys: pytest.CaptureFixture[str]
) -> None:
    for _ in range(20):
        await honest(node)
    before = handles(node)
    crowd = [asyncio.create_task(slow(node, number)) for number in range(SLOW)]
    await asyncio.sleep(1)
    uploads = [asyncio.create_task(upload(node)) for _ in range(UPLOADS)]
    seconds = [await honest(node) for _ in range(sample(40, 200))]
    while not all(one.done() for one in uploads):
        seconds.append(await honest(node))
    replies = [one.result() for one in uploads]
    assert all(reply.startswith("250 2.0.0 Sealed") for reply in replies), replies
    assert not any(one.done() for one in crowd), "a slow client was turned away too soon"
    for one in crowd:
        one.cancel()
    await asyncio.gather(*crowd, return_exceptions=True)
    median, p99 = statistics.median(seconds), statistics.quantiles(seconds, n=100)[98]
    await until(lambda: handles(node) <= before + 10, 30)
    with capsys.disabled():
        print(f"\n    beside {SLOW} slow clients and {UPLOADS} uploads of {UPLOAD // MIB} MB:")
        print(f"    {len(seconds)} honest mails, median {median:.3f} s, p99 {p99:.2f} s;")
        print(f"    {before} file handles before, {handles(node)} after; {memory(node) >> 20} MB")
    assert p99 < USUAL if WHOLE else p99 < 10 * USUAL


async def test_a_stream_without_line_ends_takes_no_memory(
    node: Stage, capsys: pytest.CaptureFixture[str]
) -> None:
    await honest(node)
    before = most = memory(node)
    sent, piece = 0, b"A" * MIB
    async with await begun(node) as talk:
        with contextlib.suppress(OSError):
            while sent < STREAM:
                await talk.send(piece)
                sent += len(piece)
                most = max(most, memory(node))
    grown = (most - before) / MIB
    with capsys.disabled():
        print(f"\n    {sent >> 20} MB without a line end: {grown:.1f} MB more memory")
    assert most - before < GROWTH
    assert await honest(node) < 10


async def test_memory_that_grows_would_be_seen(node: Stage) -> None:
    """The control: what is measured is the door's memory, and it can be seen to change.

    What earlier mails gave back may be taken again before anything grows: so as many mails are
    begun as it takes to use that up, and no more.
    """
    before, begun_mails = memory(node), 0
    async with contextlib.AsyncExitStack() as stack:
        while memory(node) <= before + 2 * GROWTH:
            assert begun_mails < CROWD, f"{CROWD} mails in memory, and nothing to be seen of them"
            for _ in range(20):
                talk = await stack.enter_async_context(await begun(node))
                await talk.send(HELD)
            begun_mails += 20
            await asyncio.sleep(0.2)  # the door is reading
