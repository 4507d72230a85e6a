"""Power cuts, simulated: whatever was not flushed may be gone, and no promise is broken.

The door takes mail from several clients while strace records what it writes and flushes. From the
recording come states that a disk may be in after a power cut; on each a new process starts.
"""

from __future__ import annotations

import asyncio
import random
import shutil
import sqlite3
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.e2e.reconcile import open_packages
from tests.e2e.stage import Answer
from tests.faults import recording
from tests.faults.conftest import sample
from tests.faults.letters import LARGE, letter
from tests.faults.nursery import Nursery, copy
from tests.faults.oracle import Sent, halves, receipts, recovered
from tests.faults.replaying import Disk, State
from tests.faults.tracing import traced
from tests.sink import Sink
from vault.errors import StoreUnavailable

STATES, MAILS = sample(40, 1000), sample(12, 60)  # sixty are enough for a checkpoint
CLIENTS = 4
SIZES = (900, 20_000, LARGE)


@dataclass(frozen=True)
class Recorded:
    base: Path
    steps: list[recording.Step]
    digests: dict[str, bytes]  # of the mail that each reference was given to
    sealed: frozenset[str]


def recorded(
    nursery: Nursery, empty: Path, shelf: Path, sink: int, mails: list[Sent], broken: str = ""
) -> Recorded:
    """Have mails taken by a door, four at a time, and return what it did."""
    folder = copy(empty, shelf / "worked")
    trace = shelf / "trace"
    with nursery.start(folder, sink, broken=broken) as subject:
        base = copy(folder, shelf / "base")
        with (
            traced(subject.pid, *recording.OPTIONS, out=trace),
            ThreadPoolExecutor(CLIENTS) as at_once,
        ):
            act = lambda mail: subject.send(mail.sender, mail.to, mail.content)  # noqa: E731
            answers: list[Answer] = list(at_once.map(act, mails))
    assert [answer.code for answer in answers] == [250] * len(mails)
    given = dict(zip((answer.reference for answer in answers), mails, strict=True))
    return Recorded(
        base,
        recording.read(trace, folder),
        {reference: mail.digest for reference, mail in given.items()},
        frozenset(reference for reference, mail in given.items() if mail.sealed),
    )


def wrong(found: Recorded, state: State, folder: Path) -> list[str]:
    """Start on what a power cut left, and return which promises are broken."""
    shutil.rmtree(folder, ignore_errors=True)
    state.put_into(folder)
    try:
        recovered(folder)
        packages = open_packages(folder)
    except (StoreUnavailable, sqlite3.DatabaseError, AssertionError):
        return ["the database is damaged"]
    there = {package.reference: package.digest for package in packages}
    kept = receipts(folder)
    problems = [f"{one.reference} does not open" for one in packages if one.digest is None]
    for reference in state.promised:
        if reference not in kept:
            problems.append(f"{reference} is lost")
        elif reference in found.sealed and there.get(reference) != found.digests[reference]:
            problems.append(f"{reference} is not what was sent")
    return problems + halves(folder)


def tried(found: Recorded, folder: Path, states: int, *, flushes: bool = True) -> list[str]:
    """Return what is wrong in any of so many states."""
    dice, disk = random.Random(20261122), Disk(found.base, flushes=flushes)
    moments = Counter(dice.randrange(len(found.steps) + 1) for _ in range(states))
    problems = []
    for at, step in enumerate([*found.steps, None]):
        for _ in range(moments[at]):
            state = disk.cut(dice)
            said = wrong(found, state, folder)
            problems += [f"cut after {at} steps, {state.way}: {one}" for one in said]
        if step is not None:
            disk.take(step)
    return problems


def mixed(count: int) -> list[Sent]:
    """Mails of all sizes; a third cannot be relayed and wait in the queue."""
    return [
        letter(sealed=turn % 3 != 0, size=SIZES[turn // 3 % 3], serial=turn)
        for turn in range(count)
    ]


async def test_no_power_cut_breaks_a_promise(
    nursery: Nursery, empty: Path, shelf: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    async with Sink() as sink:
        await sink.shut()
        work = (nursery, empty, shelf, sink.port, mixed(MAILS))
        found = await asyncio.to_thread(recorded, *work)
        await sink.reopen()
    promised = {one for one in found.steps if isinstance(one, recording.Promised)}
    assert {one.reference for one in promised} == set(found.digests)
    flushes = sum(isinstance(step, recording.Flush) for step in found.steps)
    with capsys.disabled():
        print(f"\n    {MAILS} mails, {len(found.steps)} steps, {flushes} flushes, {STATES} states")
    assert await asyncio.to_thread(tried, found, shelf / "cut", STATES) == []
    # The same states, if flushing did nothing: what this proof looks for is seen.
    problems = await asyncio.to_thread(tried, found, shelf / "cut", 30, flushes=False)
    assert [one for one in problems if "is lost" in one or "is damaged" in one]


@pytest.mark.parametrize("broken", ["no flush", "no folder flush"])
async def test_a_flush_that_was_left_out_is_seen(
    nursery: Nursery, empty: Path, shelf: Path, broken: str
) -> None:
    mails = [letter(sealed=True, size=LARGE, serial=turn) for turn in range(4)]
    async with Sink() as sink:
        found = await asyncio.to_thread(recorded, nursery, empty, shelf, sink.port, mails, broken)
    problems = await asyncio.to_thread(tried, found, shelf / "cut", 60)
    assert [one for one in problems if "does not open" in one or "file is missing" in one]
