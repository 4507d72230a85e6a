"""Attachments at the door: what they say decides, and what cannot be read does not leave."""

import base64
import os
import signal
import threading
import time
from pathlib import Path

import pytest

from tests.gateway.office import AMY, CAT, JANE, Office, captured, office
from tests.policies.extraction import files
from tests.policies.extraction.bombs import BOMBS
from vault.trail.audit import Act

NHS_NUMBER = "NHS number 943 476 5919"


def letter(data: bytes, name: str = "letter.bin", to: str = AMY) -> bytes:
    """A mail with one attachment."""
    head = (
        f"From: Jane Jones <{JANE}>\r\nTo: {to}\r\nSubject: Hello\r\nMIME-Version: 1.0\r\n"
        "Content-Type: multipart/mixed; boundary=bb\r\n\r\n--bb\r\n\r\nSee attached.\r\n--bb\r\n"
        f'Content-Type: application/octet-stream; name="{name}"\r\n'
        "Content-Transfer-Encoding: base64\r\n\r\n"
    ).encode()
    return head + base64.encodebytes(data).replace(b"\n", b"\r\n") + b"--bb--\r\n"


SEALED = {
    "a number in a docx": files.docx("Dear Jo", NHS_NUMBER),
    "a number in a pdf": files.pdf(files.shown(NHS_NUMBER)),
    "a number in a zip in a zip": files.zipped({"a.zip": files.zipped({"a.txt": NHS_NUMBER})}),
    "a zip with a password": files.locked_zip(),
    "a kind that nobody knows": bytes(range(256)) * 8,
}
RELAYED = {
    "a letter": files.docx("Dear Jo", "the room is booked."),
    "a picture": files.png(),
    "a table": files.xlsx('<row><c t="s"><v>0</v></c></row>', ["Rooms"]),
    "a pdf": files.pdf(files.shown("Agenda of the committee")),
}


@pytest.mark.parametrize("data", SEALED.values(), ids=SEALED.keys())
async def test_what_it_says_or_hides_is_sealed_for_others(tmp_path: Path, data: bytes) -> None:
    async with office(tmp_path) as here:
        original = letter(data)
        reply = await here.send(JANE, AMY, data=original)
        assert reply.startswith("250 2.0.0 Sealed ")
        assert here.sink.connections == 0
        assert here.opened(AMY) == original


@pytest.mark.parametrize("data", RELAYED.values(), ids=RELAYED.keys())
async def test_ordinary_files_are_relayed(tmp_path: Path, data: bytes) -> None:
    async with office(tmp_path) as here:
        reply = await here.send(JANE, AMY, data=letter(data))
        assert reply.startswith("250 2.0.0 Relayed ")


async def test_what_cannot_be_read_may_stay_among_ourselves(tmp_path: Path) -> None:
    async with office(tmp_path) as here:
        reply = await here.send(JANE, CAT, data=letter(files.locked_zip(), to=CAT))
        assert reply.startswith("250 2.0.0 Relayed ")


async def test_the_log_says_why_and_quotes_nothing(tmp_path: Path) -> None:
    async with office(tmp_path) as here:
        with captured() as entries:
            await here.send(JANE, AMY, data=letter(files.locked_zip(), "Jo Bloggs.zip"))
        (entry,) = (one for one in entries if one["event"] == "mail.not_read")
        assert entry["problems"] == ("a zip file with a password",)
        assert "Bloggs" not in str(entries)


def kill_when_busy(here: Office) -> None:
    """Kill the one worker as soon as there is one, in the middle of its mail."""
    pool = here.pipeline._extraction
    assert pool is not None
    until = time.monotonic() + 10
    while time.monotonic() < until:
        for one in pool._all.copy():
            time.sleep(0.5)
            os.kill(one.pid, signal.SIGKILL)
            return
        time.sleep(0.01)


async def test_a_worker_that_dies_seals_its_mail_and_no_other(tmp_path: Path) -> None:
    async with office(tmp_path) as here:
        killer = threading.Thread(target=kill_when_busy, args=(here,))
        killer.start()
        reply = await here.send(JANE, AMY, data=letter(BOMBS["PDF forms in forms"]()))
        killer.join()
        assert reply.startswith("250 2.0.0 Sealed ")
        reply = await here.send(JANE, AMY, data=letter(files.docx("the room is booked.")))
        assert reply.startswith("250 2.0.0 Relayed ")
        assert Act.RELAY_DONE in here.acts()
