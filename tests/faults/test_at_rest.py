"""No plaintext at rest: not in a file, not in a freed block, not in any write, nor after kills.

What is looked for are pieces of the mails as they were sent: their text in several encodings, their
base64, quoted-printable and gzip, their subject. Mails are taken while the door is killed.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import gzip
import quopri
import random
import shutil
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path

import pytest

from tests.faults import recording
from tests.faults.conftest import sample
from tests.faults.letters import AMY, BEN, SENDER
from tests.faults.nursery import Nursery, copy
from tests.faults.oracle import Sent
from tests.faults.tracing import traced
from tests.sink import Sink

MAILS, KILLS, RECORDED = sample(20, 2000), sample(1, 50), sample(3, 40)
WORD = "ZephyrQuillHarbour"
PIECE = 24  # bytes: none of them is there by chance


def marked(serial: int) -> Sent:
    """A mail with a word of its own, written in every way; every third is not sealed."""
    dice = random.Random(serial)
    word = f"{WORD}{dice.getrandbits(64):016x}"
    text = f"{word} says {word} to Zoë. " * dice.choice((3, 100, 1500))
    sealed = serial % 3 != 0
    parts = {
        "8bit": text.encode(),
        "base64 ": base64.encodebytes(text.encode()),
        "base64": base64.encodebytes(text.encode("utf-16")),
        "quoted-printable": quopri.encodestring(text.encode("latin-1")),
        "base64  ": base64.encodebytes(gzip.compress(text.encode(), mtime=0)),
    }
    head = (
        f"From: {word} <{SENDER}>\r\nTo: {AMY}, {BEN}\r\nSubject: {'[secure] ' * sealed}{word}\r\n"
        f"Message-ID: <{serial}.{word}@x.example>\r\nMIME-Version: 1.0\r\n"
        f"Content-Type: multipart/mixed; boundary={word[:40]}\r\n\r\n"
    ).encode()
    body = b"".join(
        f"--{word[:40]}\nContent-Transfer-Encoding: {how.strip()}\n\n".encode() + data + b"\n"
        for how, data in parts.items()
    )
    content = head + (body + f"--{word[:40]}--\n".encode()).replace(b"\n", b"\r\n")
    return Sent(SENDER, (AMY, BEN), content, sealed)


def pieces(mail: Sent) -> Iterator[bytes]:
    """What of a mail must not lie anywhere: the word in its forms, and pieces of every part."""
    word = mail.content.partition(b"From: ")[2].partition(b" <")[0].decode()
    yield word.encode()
    yield word.encode("utf-16-le")
    yield word.encode("utf-16-be")
    yield word.encode().hex().encode()
    for part in mail.content.split(b"\r\n--"):
        body = part.partition(b"\r\n\r\n")[2]
        for at in range(0, len(body) - PIECE, max(PIECE, len(body) // 3)):
            yield body[at : at + PIECE]


def found_in(place: bytes, mails: list[Sent]) -> list[bytes]:
    """Return what of these mails is in some bytes.

    All hold one word, so that is looked for of all of them, and pieces of some.
    """
    word = WORD.encode()
    shared = [word, word.hex().encode(), WORD.encode("utf-16-le"), WORD.encode("utf-16-be")]
    shared += [base64.b64encode(b"\0" * at + word)[4:20] for at in range(3)]
    some = mails[:: max(1, len(mails) // 8)]
    wanted = dict.fromkeys([*shared, *(piece for mail in some for piece in pieces(mail))])
    return [piece for piece in wanted if piece in place]


def at_rest(folder: Path, mails: list[Sent]) -> list[str]:
    """Return the files below a folder in which something of a mail stands."""
    files = [path for path in sorted(folder.rglob("*")) if path.is_file()]
    return [path.name for path in files if found_in(path.read_bytes(), mails)]


def _done(*words: str | Path) -> bool:
    try:
        return subprocess.run(words, check=False, capture_output=True).returncode == 0
    except FileNotFoundError:
        return False


@contextlib.contextmanager
def image(folder: Path) -> Iterator[tuple[Path, Path | None]]:
    """A file system in a file, and the file: freed blocks can be looked at. None: not as root."""
    raw, mounted = folder / "disk.raw", folder / "disk"
    mounted.mkdir()
    with raw.open("wb") as file:
        file.truncate(sample(24, 700) << 20)
    made = shutil.which("mkfs.ext4", path="/usr/sbin:/sbin:/usr/bin") or "mkfs.ext4"
    if not (_done(made, "-q", raw) and _done("mount", "-o", "loop", raw, mounted)):
        yield mounted, None
        return
    try:
        yield mounted, raw
    finally:
        subprocess.run(["umount", "-l", mounted], check=True)


async def test_nothing_lies_in_the_clear_whenever_it_is_killed(
    nursery: Nursery, empty: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    mails = [marked(serial) for serial in range(MAILS)]
    with image(tmp_path) as (disk, raw):
        folder = copy(empty, disk / "data")
        async with Sink() as sink:
            await sink.shut()  # what is not sealed must wait
            act = (nursery, folder, sink.port, mails)
            kills, taken = await asyncio.to_thread(_taken_and_killed, *act)
            await sink.reopen()
        assert at_rest(disk, mails) == []
        await asyncio.to_thread(subprocess.run, ["sync", "-f", disk], check=True)
        if raw is not None:
            assert await asyncio.to_thread(found_in, raw.read_bytes(), mails) == []
    with capsys.disabled():
        where = "files and blocks" if raw else "files"
        print(f"\n    {len(mails)} marked mails, {taken} taken, {kills} kills: nothing in {where}")
    assert taken > len(mails) // 2
    assert kills == KILLS


def _taken_and_killed(
    nursery: Nursery, folder: Path, sink: int, mails: list[Sent]
) -> tuple[int, int]:
    """Send everything, in as many lives as there are kills and one more."""
    dice, kills, taken = random.Random(6), 0, 0
    lives = KILLS + 1
    for life in range(lives):
        some = mails[life * len(mails) // lives : (life + 1) * len(mails) // lives]
        with nursery.start(folder, sink) as subject, ThreadPoolExecutor(4) as at_once:
            enough = dice.uniform(0.5, 0.9) * len(some) if life < KILLS else len(some) + 1
            sending = [at_once.submit(subject.send, *_envelope(one), one.content) for one in some]
            for done, one in enumerate(as_completed(sending)):
                taken += one.result().code == 250
                if done >= enough and subject.lives:
                    subject.kill()
                    kills += 1
    return kills, taken


def _envelope(mail: Sent) -> tuple[str, tuple[str, ...]]:
    return mail.sender, mail.to


async def test_no_write_holds_anything_in_the_clear(
    nursery: Nursery, empty: Path, shelf: Path
) -> None:
    """Also what is overwritten or deleted at once: every buffer of every write."""
    mails = [marked(serial) for serial in range(RECORDED)]
    assert await asyncio.to_thread(_written, nursery, empty, shelf, mails) == []


async def test_plaintext_would_be_found_even_if_it_was_there_for_a_moment(
    nursery: Nursery, empty: Path, shelf: Path
) -> None:
    mails = [marked(1)]
    wrong = await asyncio.to_thread(_written, nursery, empty, shelf, mails, "plain")
    assert len(wrong) > 10
    assert at_rest(shelf / "data", mails) == [], "it was removed again"


@pytest.mark.parametrize("number", range(len(list(pieces(marked(1))))))
def test_each_piece_would_be_found(number: int, tmp_path: Path) -> None:
    piece = list(pieces(marked(1)))[number]
    (tmp_path / "planted").write_bytes(b"\x00before " + piece + b" after\xff")
    assert at_rest(tmp_path, [marked(0), marked(1)]) == ["planted"]


def _written(
    nursery: Nursery, empty: Path, shelf: Path, mails: list[Sent], broken: str = ""
) -> list[bytes]:
    """Return what of the mails was in a write to any file."""
    folder, trace = copy(empty, shelf / "data"), shelf / "trace"
    with (
        nursery.start(folder, 9, broken=broken) as subject,
        traced(subject.pid, *recording.OPTIONS, out=trace),
    ):
        answers = [subject.send(*_envelope(one), one.content) for one in mails]
    assert {answer.code for answer in answers} == {250}
    steps = recording.read(trace, folder)
    data = b"\n".join(step.data for step in steps if isinstance(step, recording.Write))
    return found_in(data + (folder / "log").read_bytes(), mails)
