"""Malware scanners at the SMTP door: the real clamd behind the real door."""

import asyncio
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import select

from gateway.pipeline import scanning
from policies.language.loader import load_text
from tests.e2e.machine import until
from tests.gateway.office import AMY, BEN, JANE, Office, captured, mail, office
from tests.gateway.test_holding import HOLDING, NUMBER
from tests.scanners import EICAR, Icap, clamd, crooked, icap_scanner, panel, scanner
from vault.storage import tables
from vault.trail.audit import Act

NOBODY = "127.0.0.1:9"
NOTHING = {"packages": 0, "grants": 0, "outbox": 0, "events": 0, "contents": 0}
NAMED = "Test.Eicar.UNOFFICIAL (clamav)"
REFUSED = "550 5.7.0 Not sent to anyone: a scanner found malware in it: " + NAMED
LATER = "451 4.7.0 Not taken now: no malware scanner could look at this message."
FORBIDDING = load_text("""
version: 1
rules:
  - name: never
    when: {subject: {contains: forbidden}}
    then: refuse
    tell_sender: "Not sent to anyone: this may not be sent."
""")


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with clamd() as found:
        yield found


def bad(subject: str = "Hello") -> bytes:
    return mail(subject) + EICAR + b"\r\n"


def events(here: Office) -> list[tuple[str, str, str, str]]:
    row = tables.events.c
    with here.store.reading() as tx:
        found = tx.execute(select(row.act, row.actor, row.subject, row.detail)).all()
    return [(one.act, one.actor, one.subject, one.detail) for one in found]


@pytest.mark.parametrize("subject", ["Hello", "[secure] Hello"], ids=["relayed", "sealed"])
async def test_malware_goes_nowhere_and_the_trail_says_so(
    tmp_path: Path, address: str, subject: str
) -> None:
    with panel(clamav=scanner(address)) as asked, captured() as entries:
        async with office(tmp_path, panel=asked) as here:
            reply = await here.send(JANE, AMY, BEN, data=bad(subject))
            assert reply.startswith(REFUSED)
            assert here.sink.mails == []
            assert here.files == []
            assert here.kept == {**NOTHING, "events": 2}
            assert events(here) == [(Act.MALWARE_FOUND, JANE, to, NAMED) for to in (AMY, BEN)]
            clean = await here.send(JANE, AMY, data=mail(subject))
            assert clean.startswith("250 2.0.0 ")
    assert "mail.infected" in {entry["event"] for entry in entries}
    assert "EICAR" not in repr(entries)


async def test_a_large_mail_is_scanned_to_its_end(tmp_path: Path, address: str) -> None:
    padding = b"A" * 76 + b"\r\n"
    with panel(clamav=scanner(address)) as asked:
        async with office(tmp_path, panel=asked) as here:
            large = mail() + padding * 30_000
            assert (await here.send(JANE, AMY, data=large)).startswith("250 2.0.0 Relayed")
            reply = await here.send(JANE, AMY, data=large + EICAR + b"\r\n")
            assert reply.startswith(REFUSED)
            reply = await here.send(JANE, AMY, data=large + padding * 20_000)
            assert reply.startswith("552 5.3.4 Not sent to anyone: the message is larger than is")
            assert len(here.sink.mails) == 1
            assert here.files == []


async def test_malware_is_not_held(tmp_path: Path, address: str) -> None:
    with panel(clamav=scanner(address)) as asked:
        async with office(tmp_path, panel=asked, policy=HOLDING) as here:
            reply = await here.send(JANE, AMY, data=bad(f"About {NUMBER}"))
            assert reply.startswith(REFUSED)
            reply = await here.send(JANE, AMY, data=mail(f"About {NUMBER}"))
            assert reply.startswith("250 2.0.0 Held")


@pytest.mark.parametrize("subject", ["Hello", "[secure] Hello", f"About {NUMBER}"])
async def test_without_a_scanner_nothing_is_taken(tmp_path: Path, subject: str) -> None:
    with panel(clamav=scanner(NOBODY)) as asked, captured() as entries:
        async with office(tmp_path, panel=asked, policy=HOLDING) as here:
            reply = await here.send(JANE, AMY, data=mail(subject))
            assert reply.startswith(LATER)
            assert here.kept == NOTHING
            assert here.sink.connections == 0
    (entry,) = (one for one in entries if one["event"] == "mail.not_scanned")
    assert entry["scanners"] == {"clamav": "down"}


async def test_or_it_is_sealed(tmp_path: Path) -> None:
    with panel(clamav=scanner(NOBODY, when_unavailable="seal")) as asked:
        async with office(tmp_path, panel=asked) as here:
            reply = await here.send(JANE, AMY, data=mail())
            assert reply.startswith("250 2.0.0 Sealed")
            assert here.sink.mails == []
            assert here.opened(AMY) == mail()
            missed = [one for one in events(here) if one[0] == Act.SCAN_MISSED]
            assert missed == [(Act.SCAN_MISSED, "", AMY, "clamav cannot be reached")]


async def test_or_it_goes_and_the_trail_says_so(tmp_path: Path) -> None:
    with panel(clamav=scanner(NOBODY, when_unavailable="pass")) as asked:
        async with office(tmp_path, panel=asked) as here:
            reply = await here.send(JANE, AMY, data=mail())
            assert reply.startswith("250 2.0.0 Relayed")
            assert here.acts() == [Act.RELAY_QUEUED, Act.SCAN_MISSED, Act.RELAY_DONE]


async def test_the_policy_does_not_wait_for_the_scanner(tmp_path: Path) -> None:
    """Both look at the mail at the same time, and what the policy refuses is refused at once."""

    def never(connection: socket.socket) -> None:
        while connection.recv(65536):
            pass

    with crooked(never) as silent, panel(slow=icap_scanner(silent)) as asked:
        async with office(tmp_path, panel=asked, policy=FORBIDDING) as here:
            began = time.monotonic()
            reply = await here.send(JANE, AMY, data=mail("forbidden"))
            assert reply.startswith("550 5.7.1 Not sent to anyone: this may")
            assert time.monotonic() - began < 4
            assert here.files == []
    assert time.monotonic() - began < 4  # the scan was cut short as well


@pytest.mark.parametrize("size", [0, 100_000])
async def test_what_is_found_in_a_refused_mail_is_on_record_too(
    tmp_path: Path, size: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scanning, "LINGER", 30)
    free, padding = threading.Event(), b"A" * 76 + b"\r\n"

    def when_free(_: Icap, http: bytes, body: bytes) -> bytes:
        free.wait(20)
        return b"ICAP/1.0 200 OK\r\nX-Virus-ID: Later\r\nEncapsulated: null-body=0\r\n\r\n"

    with crooked(Icap(when_free)) as late, panel(late=icap_scanner(late)) as asked:
        async with office(tmp_path, panel=asked, policy=FORBIDDING) as here:
            data = bad("forbidden") + padding * (size // len(padding))
            for _ in range(scanning.MOST_LINGERING + 1):
                reply = await here.send(JANE, AMY, BEN, data=data)
                assert reply.startswith("550 5.7.1 Not sent to anyone: this may")
            acts = [act for act, *_ in events(here)]
            assert set(acts) == {Act.MAIL_REFUSED}
            free.set()
            found = [(Act.MALWARE_FOUND, JANE, to, "Later (late)") for to in (AMY, BEN)]
            wanted = found * scanning.MOST_LINGERING  # one more than that was not waited for

            def seen() -> list[tuple[str, str, str, str]]:
                return [one for one in events(here) if one[0] == Act.MALWARE_FOUND]

            await until(lambda: len(seen()) >= len(wanted), 10)
            assert seen() == wanted
            assert here.files == []
            assert here.sink.mails == []


async def test_a_refused_mail_without_malware_leaves_no_line(tmp_path: Path, address: str) -> None:
    with panel(clamav=scanner(address)) as asked:
        async with office(tmp_path, panel=asked, policy=FORBIDDING) as here:
            await here.send(JANE, AMY, data=mail("forbidden"))
            await here.send(JANE, AMY, data=bad("forbidden"))
            await until(lambda: Act.MALWARE_FOUND in here.acts(), 10)
            assert sorted(here.acts()) == [Act.MAIL_REFUSED, Act.MAIL_REFUSED, Act.MALWARE_FOUND]


async def test_a_slow_scanner_delays_nobody_else(tmp_path: Path) -> None:
    """Scans have threads of their own: there are two workers here, and six mails wait."""
    free = threading.Event()

    def when_free(_: Icap, http: bytes, body: bytes) -> bytes:
        if b"slow" in body:
            free.wait(20)
        return b"ICAP/1.0 204 OK\r\n\r\n"

    with crooked(Icap(when_free)) as server, panel(one=icap_scanner(server)) as asked:
        async with office(tmp_path, panel=asked) as here:
            waiting = [
                asyncio.create_task(here.send(JANE, AMY, data=mail(f"slow {number}")))
                for number in range(6)
            ]
            await asyncio.sleep(0.3)
            async with asyncio.timeout(5):
                assert (await here.send(JANE, AMY, data=mail())).startswith("250 2.0.0 Relayed")
            assert not any(one.done() for one in waiting)
            free.set()
            assert all(one.startswith("250 2.0.0") for one in await asyncio.gather(*waiting))
