"""Every system call of the commit path, killed once: what was answered 250 is there, whole.

`strace` kills the process when it enters a call. Then a new process starts on what is left, and
the client, who was told nothing, sends again.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from tests.e2e.stage import Answer
from tests.faults.conftest import sample
from tests.faults.letters import AMY, BEN, LARGE, letter
from tests.faults.nursery import Nursery, Subject, copy
from tests.faults.oracle import Sent, problems, recovered, waiting
from tests.faults.tracing import CALLS, Point, killing, points, spread, traced
from tests.sink import Sink

MAILS = {
    "clear": letter(sealed=False),
    "sealed": letter(sealed=True),
    "sealed, in a file": letter(sealed=True, size=LARGE),
}
FEW = 4
LEASE_SECONDS = 5.5


def send(subject: Subject, mail: Sent) -> Answer:
    return subject.send(mail.sender, mail.to, mail.content)


def passed_by(
    nursery: Nursery, folder: Path, sink: int, role: str, act: Callable[[Subject], object]
) -> list[Point]:
    """What one undisturbed run makes."""
    out = folder.with_suffix(".trace")
    with (
        nursery.start(folder, sink, role) as subject,
        traced(subject.pid, "-e", f"trace={','.join(CALLS)}", out=out),
    ):
        act(subject)
    return points(out)


@pytest.mark.parametrize("name", MAILS)
async def test_a_door_killed_at_any_call_loses_nothing(
    nursery: Nursery,
    empty: Path,
    shelf: Path,
    name: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    mail = MAILS[name]
    async with Sink() as sink:
        first = copy(empty, shelf / "first")
        found = await asyncio.to_thread(
            passed_by, nursery, first, sink.port, "door", lambda subject: send(subject, mail)
        )
        assert not problems(first, mail, [], sink.mails)
        chosen = spread(found, sample(FEW, 0))
        killed = acknowledged = 0
        for point in chosen:
            sink.mails.clear()
            folder = copy(empty, shelf / f"{point.call}{point.number}")
            answers, died = await asyncio.to_thread(killed_once, nursery, folder, sink, mail, point)
            killed += died
            acknowledged += answers[0].code == 250
            assert problems(folder, mail, answers, sink.mails) == [], f"killed at {point}"
            assert answers[-1].code == 250, f"killed at {point}, it is not taken again"
            assert len(sink.mails) <= 2, f"killed at {point}, it was relayed too often"
    with capsys.disabled():
        print(
            f"\n    {name}: {len(found)} points, {len(chosen)} tried, {killed} killed there, ",
            end="",
        )
        print(f"{acknowledged} times after the answer")
    assert killed > len(chosen) // 2


def killed_once(
    nursery: Nursery, folder: Path, sink: Sink, mail: Sent, point: Point, broken: str = ""
) -> tuple[list[Answer], bool]:
    """Send under strace, look at what is left, and send again if nobody said 250."""
    with nursery.start(folder, sink.port, broken=broken) as subject:
        with traced(subject.pid, *killing(point), out=folder.with_suffix(".trace")):
            answers = [send(subject, mail)]
        died = not subject.lives
    recovered(folder)
    assert problems(folder, mail, answers, sink.mails) == [], f"killed at {point}, before a restart"
    if answers[0].code != 250:
        with nursery.start(folder, sink.port) as subject:
            answers.append(send(subject, mail))
    return answers, died


async def test_a_deliverer_killed_at_any_call_sends_everything(
    nursery: Nursery, empty: Path, shelf: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    mail = letter(sealed=True)
    async with Sink() as sink:
        queued = copy(empty, shelf / "queued")
        with nursery.start(queued, sink.port) as subject:
            assert (await asyncio.to_thread(send, subject, mail)).code == 250
        first = copy(queued, shelf / "first")
        found = await asyncio.to_thread(
            passed_by, nursery, first, sink.port, "deliver", lambda one: all_sent(one, first)
        )
        for point in (chosen := spread(found, sample(FEW, 0))):
            sink.mails.clear()
            folder = copy(queued, shelf / f"{point.call}{point.number}")
            await asyncio.to_thread(deliverer_killed_once, nursery, folder, sink, point)
            told = sorted(to for one in sink.mails for to in one.recipients)
            assert set(told) == {AMY, BEN}, f"killed at {point}"
            assert len(told) <= 4, f"killed at {point}, they were told too often"
            assert waiting(folder) == 0
    with capsys.disabled():
        print(f"\n    deliverer: {len(found)} points, {len(chosen)} tried")


def all_sent(subject: Subject, folder: Path) -> None:
    """Let a deliverer begin, and wait until nothing waits or it is dead."""
    os.kill(subject.pid, signal.SIGUSR1)
    until = time.monotonic() + 20
    while subject.lives and waiting(folder) and time.monotonic() < until:
        time.sleep(0.02)


def deliverer_killed_once(nursery: Nursery, folder: Path, sink: Sink, point: Point) -> None:
    with (
        nursery.start(folder, sink.port, "deliver") as subject,
        traced(subject.pid, *killing(point), out=folder.with_suffix(".trace")),
    ):
        all_sent(subject, folder)
    recovered(folder)
    with nursery.start(folder, sink.port, "deliver") as subject:
        all_sent(subject, folder)


# --- negative controls: promises that are broken are seen


async def test_an_answer_before_the_commit_is_seen(
    nursery: Nursery, empty: Path, shelf: Path
) -> None:
    async with Sink() as sink:
        with pytest.raises(AssertionError, match="lost: answered"):
            await asyncio.to_thread(
                killed_once,
                nursery,
                copy(empty, shelf / "one"),
                sink,
                MAILS["sealed"],
                Point("fdatasync", 1),
                "hasty",
            )


@pytest.mark.parametrize("table", ["grants", "outbox", "receipts", "contents"])
async def test_half_of_a_mail_is_seen(
    nursery: Nursery, empty: Path, shelf: Path, table: str
) -> None:
    mail, folder = MAILS["sealed"], copy(empty, shelf / "one")
    async with Sink() as sink:
        with nursery.start(folder, sink.port) as subject:
            answer = await asyncio.to_thread(send, subject, mail)
    assert problems(folder, mail, [answer], []) == []
    with closing(sqlite3.connect(folder / "sealgate.sqlite")) as database:
        database.execute(f"DELETE FROM {table} WHERE rowid IN (SELECT rowid FROM {table} LIMIT 1)")
        database.commit()
    assert problems(folder, mail, [answer], []) != []
