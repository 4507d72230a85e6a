"""Every call of the commit path, failing once: the answer is 4xx or the mail is safe, never a loss.

`strace` makes the call fail with a full disk, a broken disk, a disk that turned read-only, or no
file handles left. The same process must then take the same mail.
"""

from __future__ import annotations

import asyncio
import os
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.e2e.stage import Answer
from tests.faults.conftest import sample
from tests.faults.letters import LARGE, letter
from tests.faults.nursery import Nursery, Subject, copy
from tests.faults.oracle import Sent, problems, recovered
from tests.faults.test_syscalls import passed_by, send
from tests.faults.tracing import FILES, Point, failing, spread, traced
from tests.sink import Sink

MAILS = {
    "clear": letter(sealed=False),
    "sealed": letter(sealed=True),
    "sealed, in a file": letter(sealed=True, size=LARGE),
}
ERRORS = {
    "openat": ("EMFILE", "EIO", "EROFS"),
    "write": ("ENOSPC", "EIO", "EDQUOT"),
    "pwrite64": ("ENOSPC", "EIO", "EDQUOT"),
    "fsync": ("EIO", "ENOSPC"),
    "fdatasync": ("EIO", "ENOSPC"),
    "rename": ("ENOSPC", "EIO"),
    "ftruncate": ("EIO",),
}
FEW = 3
RECOVERS_WITHIN = 10.0


@pytest.mark.parametrize("name", MAILS)
async def test_a_call_that_fails_costs_no_mail(
    nursery: Nursery,
    empty: Path,
    shelf: Path,
    name: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    mail = MAILS[name]
    async with Sink() as sink:
        found = await asyncio.to_thread(
            passed_by,
            nursery,
            copy(empty, shelf / "first"),
            sink.port,
            "door",
            lambda one: send(one, mail),
        )
        tried = [
            (point, error) for point in found if point.call in FILES for error in ERRORS[point.call]
        ]
        said = []
        for point, error in (chosen := spread(tried, sample(FEW, 0))):
            sink.mails.clear()
            folder = copy(empty, shelf / f"{point.call}{point.number}{error}")
            answers = await asyncio.to_thread(
                failed_once, nursery, folder, sink, mail, point, error
            )
            said.append(answers[0].code)
            assert problems(folder, mail, answers, sink.mails) == [], f"{error} at {point}"
            assert answers[-1].code == 250, f"{error} at {point}: not taken again"
            assert len(sink.mails) <= 2
    with capsys.disabled():
        kinds = {code: said.count(code) for code in sorted(set(said))}
        print(f"\n    {name}: {len(tried)} failures, {len(chosen)} tried, answers {kinds}")
    assert any(code in {451, 452, 421, 0} for code in said)


def failed_once(
    nursery: Nursery,
    folder: Path,
    sink: Sink,
    mail: Sent,
    point: Point,
    error: str,
    broken: str = "",
) -> list[Answer]:
    """Send while a call fails, then again to the same process until it is taken."""
    with (
        nursery.start(folder, sink.port, broken=broken) as subject,
        traced(subject.pid, *failing(point, error), out=folder.with_suffix(".trace")),
    ):
        answers = [send(subject, mail)]
        until = time.monotonic() + RECOVERS_WITHIN
        while answers[-1].code != 250 and time.monotonic() < until:
            answers.append(send(subject, mail))
        assert subject.lives, f"{error} at {point} ended the process"
    recovered(folder)
    return answers


# A disk that is full

SPACE = 4 << 20


@contextmanager
def small_disk(folder: Path) -> Iterator[Path]:
    """A file system of 4 MB."""
    folder.mkdir()
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={SPACE}", "tmpfs", folder],
        check=False,
        capture_output=True,
    )
    if done.returncode:
        pytest.skip("a file system can be mounted by root only")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", folder], check=True)


async def test_a_full_disk_is_answered_for_and_passes(
    nursery: Nursery, empty: Path, shelf: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Sealed mail of all sizes until nothing fits, more of it then, and room again at last."""
    mails = [
        letter(sealed=True, size=size, serial=turn) for turn in range(12) for size in (900, 400_000)
    ]
    with small_disk(shelf / "disk") as disk:
        folder = copy(empty, disk / "data")
        async with Sink() as sink:
            with nursery.start(folder, sink.port) as subject:
                answers = {mail: await asyncio.to_thread(send, subject, mail) for mail in mails}
                (disk / "ballast").touch()
                _fill(disk / "ballast")
                for mail in mails:
                    if answers[mail].code != 250:
                        answers[mail] = await asyncio.to_thread(send, subject, mail)
                refused = [mail for mail in mails if answers[mail].code != 250]
                assert refused, "the disk was not full"
                assert {answers[mail].code for mail in refused} <= {451, 452}
                assert not any("Error" in answers[mail].text for mail in refused)
                (disk / "ballast").unlink()
                await asyncio.to_thread(_grow, disk)
                began = time.monotonic()
                for mail in refused:
                    answers[mail] = await asyncio.to_thread(_until_taken, subject, mail, began)
                seconds = time.monotonic() - began
            recovered(folder)
            assert {answer.code for answer in answers.values()} == {250}
            assert _lost(folder, answers) == []
    with capsys.disabled():
        print(f"\n    full disk: {len(refused)} of {len(mails)} mails refused for now", end="")
        print(f", all taken {seconds:.1f} s after there was room")


def _grow(disk: Path) -> None:
    subprocess.run(["mount", "-o", "remount,size=64m", disk], check=True)


def _fill(path: Path) -> None:
    handle = os.open(path, os.O_WRONLY)
    try:
        while True:
            os.write(handle, b"x" * 4096)
    except OSError:
        pass
    finally:
        os.close(handle)


def _until_taken(subject: Subject, mail: Sent, began: float) -> Answer:
    while (answer := send(subject, mail)).code != 250:
        assert time.monotonic() < began + RECOVERS_WITHIN, answer
    return answer


def _lost(folder: Path, answers: dict[Sent, Answer]) -> list[str]:
    from tests.e2e.reconcile import open_packages

    kept = {package.reference: package.digest for package in open_packages(folder)}
    return [
        answer.text for mail, answer in answers.items() if kept.get(answer.reference) != mail.digest
    ]


async def test_no_file_handles_left_is_answered_for_and_passes(
    nursery: Nursery, empty: Path, shelf: Path
) -> None:
    """Idle clients take every handle that the process may have; then they leave."""
    folder, mail = copy(empty, shelf / "data"), letter(sealed=True, size=LARGE)
    async with Sink() as sink:
        with nursery.start(folder, sink.port, files=60) as subject:
            first = await asyncio.to_thread(send, subject, letter(sealed=True, serial=9))
            assert first.code == 250
            idle = [await asyncio.open_connection("127.0.0.1", subject.port) for _ in range(80)]
            await asyncio.sleep(0.3)
            for _, writer in idle:
                writer.close()
            began = time.monotonic()
            answer = await asyncio.to_thread(_until_taken, subject, mail, began)
            assert answer.code == 250
            assert subject.lives
        recovered(folder)


# --- negative controls


async def test_a_refusal_for_good_is_seen(nursery: Nursery, empty: Path, shelf: Path) -> None:
    folder, mail = copy(empty, shelf / "one"), MAILS["sealed"]
    act = (mail, Point("fdatasync", 1), "EIO")
    async with Sink() as sink:
        answers = await asyncio.to_thread(failed_once, nursery, folder, sink, *act, "rude")
    assert [one for one in problems(folder, mail, answers, []) if "refused for good" in one]


async def test_a_loss_that_nobody_heard_of_is_seen(
    nursery: Nursery, empty: Path, shelf: Path
) -> None:
    folder, mail = copy(empty, shelf / "one"), MAILS["sealed"]
    act = (mail, Point("fdatasync", 1), "EIO")
    async with Sink() as sink:
        answers = await asyncio.to_thread(failed_once, nursery, folder, sink, *act, "careless")
    assert [one for one in problems(folder, mail, answers, []) if one.startswith("lost")]
