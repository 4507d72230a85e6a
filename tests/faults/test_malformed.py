"""Malformed mail by the thousand through a real node: an answer to each, and no byte changed.

A mail is refused with a reason, sealed, held or relayed as it was. Nothing crashes, nothing is
answered 4xx twice, and nobody waits long.
"""

from __future__ import annotations

import asyncio
import os
import re
import statistics
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.dialogue import Talk
from tests.e2e.machine import children
from tests.e2e.stage import SENDER, Stage
from tests.e2e.untouched import OUR_LINES, on_the_wire
from tests.faults.conftest import WHOLE, sample
from tests.faults.mutating import malformed

MAILS = sample(80, 20_000)
AT_ONCE = 4
SEED = int(os.environ.get("FAULTS_SEED", "9"))
LONGEST, USUAL = 10.0, 1.0  # seconds for one mail, and for all but one in a hundred
A_PYTHON, WORKER_MEMORY = 5 << 20, 300 << 20  # what any worker takes, and what none may
TO = "sam@partner.example"
REPLY = re.compile(r"[245]\d\d[ -][245]\.\d\.\d+ [ -~]{2,200}")

pytestmark = pytest.mark.asyncio(loop_scope="session")


@dataclass
class Seen:
    """What became of the mails."""

    replies: Counter[str] = field(default_factory=Counter)
    seconds: list[float] = field(default_factory=list)
    slowest: tuple[float, bytes] = (0.0, b"")
    problems: list[str] = field(default_factory=list)
    relayed: dict[str, bytes] = field(default_factory=dict)  # by reference
    memory: int = 0  # the most that any worker has held


async def say(stage: Stage, content: bytes) -> str:
    """Say a mail byte for byte; the last line of the answer to the final dot."""
    stuffed = (b"\r\n" + content).replace(b"\r\n.", b"\r\n..")[2:]
    async with await Talk.open(stage.ports["trusted"]) as talk:
        await talk.reply(60)
        await talk.say("EHLO client.example", "250")
        await talk.say(f"MAIL FROM:<{SENDER}> BODY=8BITMIME", "250")
        await talk.say(f"RCPT TO:<{TO}>", "250")
        await talk.say("DATA", "354")
        end = b".\r\n" if stuffed.endswith(b"\r\n") else b"\r\n.\r\n"
        await talk.send(stuffed + end)
        return await talk.reply(60)


async def tell(stage: Stage, content: bytes, seen: Seen) -> None:
    began = time.monotonic()
    reply = await say(stage, content)
    seen.seconds.append(time.monotonic() - began)
    seen.slowest = max(seen.slowest, (seen.seconds[-1], content))
    if reply.startswith("4"):
        reply = await say(stage, content)
        if reply.startswith("4"):
            seen.problems.append(f"4xx that stays: {reply}")
    seen.replies[reply[:9]] += 1
    if not all(map(REPLY.fullmatch, reply.splitlines() or [""])):
        seen.problems.append(f"not a reply for people: {reply!r}")
    if found := re.match(r"250 2\.0\.0 (?:Relayed|Queued) (\S+)", reply):
        seen.relayed[found[1].rstrip(";")] = content


def below(arrived: bytes) -> tuple[str, bytes]:
    """The reference of a relayed mail, and what stands below our line."""
    ours = OUR_LINES.match(arrived)
    assert ours, arrived[:300]
    named = re.search(rb" id ([0-9A-Z]{4}-[0-9A-Z]{4})", ours[0])
    assert named
    return named[1].decode(), arrived[ours.end() :]


async def test_malformed_mail_is_answered_for_and_left_as_it_is(
    node: Stage, capsys: pytest.CaptureFixture[str]
) -> None:
    before, seen = node.ended(), Seen()
    waiting = malformed(SEED, MAILS, hidden=WHOLE)

    async def work() -> None:
        for content in waiting:
            await tell(node, content, seen)
            # A worker is replaced now and then, and takes what it can tell with it.
            below = (worker for door in node.running("smtp") for worker in workers(door))
            seen.memory = max([seen.memory, *map(peak, below)])

    await asyncio.gather(*(work() for _ in range(AT_ONCE)))
    slow = statistics.quantiles(seen.seconds, n=100)[98]
    with capsys.disabled():
        print(f"\n    {MAILS} malformed mails: {dict(seen.replies.most_common(8))}")
        print(f"    p99 {slow:.2f} s, slowest {max(seen.seconds):.2f} s;", end=" ")
        print(f"worker {seen.memory >> 20} MB")
    assert seen.problems == []
    assert node.ended() == before, "a process died"
    assert "deliverer.fault" not in node.log_path.read_text()
    if WHOLE:  # a sample runs beside other tests, and says nothing about time
        assert max(seen.seconds) < LONGEST
        assert slow < USUAL
    assert A_PYTHON < seen.memory < WORKER_MEMORY, "no worker was seen" if not seen.memory else ""
    assert changed(node, seen) == []
    assert len(seen.relayed) > MAILS // 20, "too few were relayed to prove anything"
    assert (await say(node, next(malformed(1, 1)))).startswith("250")


def changed(node: Stage, seen: Seen) -> list[str]:
    """Which relayed mails are not what was sent; a mail with Bcc lines loses those on purpose."""
    arrived = dict(below(one.content) for one in node.sink.mails if OUR_LINES.match(one.content))
    return [
        reference
        for reference, sent in seen.relayed.items()
        if b"bcc" not in sent.partition(b"\r\n\r\n")[0].lower()
        and arrived.get(reference) != on_the_wire(sent)
    ]


def workers(pid: int) -> list[int]:
    """The processes below a process, at any depth."""
    try:
        below = children(pid)
    except OSError:
        return []  # it has ended
    return [*below, *(deeper for one in below for deeper in workers(one))]


def peak(pid: int) -> int:
    """The most memory that a process has ever held, in bytes."""
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return 0
    found = re.search(r"VmHWM:\s+(\d+) kB", status)
    return int(found[1]) * 1024 if found else 0


async def test_a_changed_byte_would_be_seen(node: Stage) -> None:
    """The control: of mails that were relayed, one arrives otherwise."""
    seen = Seen()
    for content in malformed(SEED + 1, 50):
        await tell(node, content, seen)
        if seen.relayed:
            break
    assert changed(node, seen) == []
    ((reference, content),) = seen.relayed.items()
    seen.relayed[reference] = content.replace(b"e", b"E", 1)
    assert changed(node, seen) == [reference]
