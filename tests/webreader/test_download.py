from __future__ import annotations

import asyncio
import contextlib
import hashlib
import os
import socket
import sys
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from aiohttp.test_utils import TestServer

from tests.webreader.browser import Browser
from tests.webreader.conftest import AUTHOR, BOB, FREE, HOST, SignIn, TurnedClock, mail
from vault.ending import destroying
from vault.origin import Origin
from vault.packages import catalogue, grants
from vault.packages.hours import DAYS, OpenHours
from vault.trail.audit import Act
from webreader.reading import download
from webreader.site import Site

Seal = Callable[..., str]
MIB = 1024 * 1024
OTHER_NODE = """
import sys
from pathlib import Path
from vault.packages import grants
from vault.address import Address
from vault.origin import Origin
from vault.settings import VaultSettings
from vault.storage.store import Store

folder, owner, package, reader = sys.argv[1:]
store = Store(VaultSettings(folder=Path(folder)))
print("ready", flush=True)
sys.stdin.readline()
grants.revoke(store, Address.parse(owner), package, Address.parse(reader), Origin())
print("withdrawn", flush=True)
store.close()
"""
BIG = mail(files=(("big.bin", bytes(12 * MIB)),))


async def test_an_attachment_arrives_byte_for_byte(sign_in: SignIn, seal: Seal, site: Site) -> None:
    data = os.urandom(3 * MIB + 17)
    package = seal(mail(files=(("a.pdf", b"%PDF-"), ("Bericht – größer.pdf", data))))
    browser = await sign_in(BOB)
    answer = await browser.get(f"/p/{package}/a/2")
    assert answer.status == 200
    assert hashlib.sha256(answer.body).digest() == hashlib.sha256(data).digest()
    assert answer.headers["Content-Length"] == str(len(data))
    assert answer.headers["Content-Type"] == "application/octet-stream"
    assert answer.headers["Content-Security-Policy"] == download.POLICY
    assert answer.headers["Content-Disposition"] == (
        'attachment; filename="Bericht groer.pdf"; '
        "filename*=UTF-8''Bericht%20%E2%80%93%20gr%C3%B6%C3%9Fer.pdf"
    )
    trail = catalogue.timeline(site.store, AUTHOR, package)
    assert [event.detail for event in trail if event.act is Act.ATTACHMENT_DOWNLOADED] == ["2"]


@pytest.mark.parametrize("number", ["3", "0", "01", "-1", "99999", "1.pdf", "1/x.css"])
async def test_what_is_not_there_is_not_found(sign_in: SignIn, seal: Seal, number: str) -> None:
    package = seal(mail(files=(("a.pdf", b"x"),)))
    browser = await sign_in(BOB)
    assert (await browser.get(f"/p/{package}/a/{number}")).status == 404


async def test_the_original_has_no_bcc_but_for_its_owner(sign_in: SignIn, seal: Seal) -> None:
    raw = mail(Bcc="Carol <carol@hidden.example>", X_Odd="kept")
    package = seal(raw)
    bob, owner = await sign_in(BOB), await sign_in(AUTHOR)
    answer = await bob.get(f"/p/{package}/original.eml")
    expected = b"".join(line for line in raw.splitlines(True) if not line.startswith(b"Bcc:"))
    assert answer.body == expected
    assert "message-" in answer.headers["Content-Disposition"]
    assert answer.headers["Content-Type"] == "application/octet-stream"
    assert (await owner.get(f"/p/{package}/original.eml")).body == raw


class Slow:
    """A client that reads at its own pace and notes when it last got something."""

    def __init__(self, plug: socket.socket, pace: float) -> None:
        self.plug, self.pace = plug, pace
        self.size, self.last, self.ended = 0, 0.0, ""
        self.begun = asyncio.Event()
        self.task = asyncio.create_task(self._read())

    async def _read(self) -> None:
        loop = asyncio.get_running_loop()
        while not self.ended:
            try:
                data = await loop.sock_recv(self.plug, 64 * 1024)
            except ConnectionResetError:
                self.ended = "reset"
                return
            self.ended = "" if data else "end"
            self.size, self.last = self.size + len(data), time.monotonic()
            self.begun.set()
            await asyncio.sleep(self.pace)


@contextlib.asynccontextmanager
async def slowly(
    server: TestServer, browser: Browser, path: str, pace: float
) -> AsyncIterator[Slow]:
    """Begin a download over a small window, `pace` seconds between two reads."""
    loop = asyncio.get_running_loop()
    cookie = "; ".join(f"{name}={value}" for name, value in browser.cookies.items())
    request = f"GET {path} HTTP/1.1\r\nHost: {HOST}\r\nCookie: {cookie}\r\n"
    request += "Connection: close\r\n\r\n"
    with socket.socket() as plug:
        plug.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 32 * 1024)
        plug.setblocking(False)
        await loop.sock_connect(plug, (server.host, server.port))
        await loop.sock_sendall(plug, request.encode())
        slow = Slow(plug, pace)
        await asyncio.wait_for(slow.begun.wait(), 20)
        yield slow
        slow.task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await slow.task


async def test_after_a_withdrawal_nothing_new_leaves(
    server: TestServer, sign_in: SignIn, seal: Seal, site: Site
) -> None:
    package = seal(BIG)
    async with slowly(server, await sign_in(BOB), f"/p/{package}/a/1", pace=0.01) as slow:
        await asyncio.to_thread(grants.revoke, site.store, AUTHOR, package, BOB, Origin())
        withdrawn = time.monotonic()
        await asyncio.wait_for(slow.task, 10)
    assert slow.ended == "reset"
    assert slow.size < 12 * MIB
    assert slow.last < withdrawn + 1.0


async def test_a_withdrawal_on_one_node_cuts_a_download_on_another(
    server: TestServer, sign_in: SignIn, seal: Seal, site: Site
) -> None:
    """The other node is a process of its own: nothing is shared but the database."""
    package = seal(BIG)
    folder = site.store.settings.folder
    browser = await sign_in(BOB)
    node = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", OTHER_NODE, str(folder), str(AUTHOR), package, str(BOB)),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    assert node.stdin is not None
    assert node.stdout is not None
    assert await node.stdout.readline() == b"ready\n"
    async with slowly(server, browser, f"/p/{package}/a/1", pace=0.01) as slow:
        node.stdin.write(b"\n")
        assert await node.stdout.readline() == b"withdrawn\n"
        withdrawn = time.monotonic()
        await asyncio.wait_for(slow.task, 10)
    await asyncio.wait_for(node.wait(), 20)
    assert slow.ended == "reset"
    assert slow.size < 12 * MIB
    assert slow.last < withdrawn + 1.0


@pytest.mark.parametrize("ends", ["destroyed", "expired", "closed"])
async def test_a_download_ends_with_the_message(
    server: TestServer, sign_in: SignIn, seal: Seal, site: Site, clock: TurnedClock, ends: str
) -> None:
    now = site.store.clock()
    hours = OpenHours.parse(f"{DAYS[now.weekday()]} 00:00-24:00 Etc/UTC")
    limits = {
        "destroyed": {"expires_at": now + timedelta(days=8), "kept_after_expiry": timedelta(0)},
        "expired": {"expires_at": now + timedelta(days=1)},
        "closed": {"open_hours": hours},
    }
    package = seal(BIG, restrictions=replace(FREE, **limits[ends]))
    browser = await sign_in(BOB)
    async with slowly(server, browser, f"/p/{package}/a/1", pace=0.01) as slow:
        clock.ahead = timedelta(days=1) if ends != "destroyed" else timedelta(days=9)
        if ends == "destroyed":
            assert await asyncio.to_thread(destroying.destroy, site.store) == 1
        await asyncio.wait_for(slow.task, 10)
    assert slow.ended == "reset"
    assert slow.size < 12 * MIB


async def test_a_client_that_reads_nothing_is_cut_off_as_well(
    server: TestServer, sign_in: SignIn, seal: Seal, site: Site
) -> None:
    package = seal(BIG)
    async with slowly(server, await sign_in(BOB), f"/p/{package}/a/1", pace=2) as slow:
        await asyncio.to_thread(grants.revoke, site.store, AUTHOR, package, BOB, Origin())
        await asyncio.sleep(1.5)
        slow.pace = 0
        await asyncio.wait_for(slow.task, 10)
    assert slow.ended == "reset"
    assert slow.size < MIB


async def test_without_a_withdrawal_the_slow_get_everything(
    server: TestServer, sign_in: SignIn, seal: Seal
) -> None:
    package = seal(BIG)
    async with slowly(server, await sign_in(BOB), f"/p/{package}/a/1", pace=0.001) as slow:
        await asyncio.wait_for(slow.task, 20)
    assert slow.size >= 12 * MIB
    assert slow.ended == "end"


async def test_a_download_goes_on_where_the_line_broke(sign_in: SignIn, seal: Seal) -> None:
    data = os.urandom(3 * MIB + 17)
    package = seal(mail(files=(("big.bin", data),)))
    browser = await sign_in(BOB)
    whole = await browser.get(f"/p/{package}/a/1")
    assert whole.headers["Accept-Ranges"] == "bytes"
    tag = whole.headers["ETag"]
    for asked, part in (
        ("bytes=1000000-", data[1_000_000:]),
        ("bytes=0-0", data[:1]),
        ("bytes=2097151-2097153", data[2097151:2097154]),
        ("bytes=-17", data[-17:]),
        ("bytes=5-99999999", data[5:]),
    ):
        answer = await browser.get(f"/p/{package}/a/1", headers={"Range": asked, "If-Range": tag})
        assert (answer.status, answer.body) == (206, part)
        begin = data.index(part[:32]) if len(part) > 16 else 0
        assert answer.headers["Content-Length"] == str(len(part))
        if begin:
            last = begin + len(part) - 1
            assert answer.headers["Content-Range"] == f"bytes {begin}-{last}/{len(data)}"


@pytest.mark.parametrize("asked", ["bytes=", "bytes=-", "bytes=9-3", "lines=1-2", "bytes=0-1,4-5"])
async def test_what_is_not_one_part_is_answered_with_the_whole(
    sign_in: SignIn, seal: Seal, asked: str
) -> None:
    package = seal(mail(files=(("a.bin", b"0123456789"),)))
    browser = await sign_in(BOB)
    answer = await browser.get(f"/p/{package}/a/1", headers={"Range": asked})
    assert (answer.status, answer.body) == (200, b"0123456789")


async def test_a_part_of_something_else_is_never_given(sign_in: SignIn, seal: Seal) -> None:
    package = seal(mail(files=(("a.bin", b"0123456789"), ("b.bin", b"abcdefghij"))))
    browser = await sign_in(BOB)
    tag = (await browser.get(f"/p/{package}/a/2")).headers["ETag"]
    headers = {"Range": "bytes=5-", "If-Range": tag}
    assert (await browser.get(f"/p/{package}/a/1", headers=headers)).body == b"0123456789"
    beyond = await browser.get(f"/p/{package}/a/1", headers={"Range": "bytes=10-"})
    assert beyond.status == 416
    assert beyond.headers["Content-Range"] == "bytes */10"


async def test_the_original_in_parts(sign_in: SignIn, seal: Seal) -> None:
    raw = mail(Bcc="Carol <carol@hidden.example>", files=(("big.bin", os.urandom(3 * MIB)),))
    package = seal(raw)
    bob, owner = await sign_in(BOB), await sign_in(AUTHOR)
    path = f"/p/{package}/original.eml"
    seen = b"".join(line for line in raw.splitlines(True) if not line.startswith(b"Bcc:"))
    for browser, expected in ((bob, seen), (owner, raw)):
        whole = await browser.get(path)
        assert whole.body == expected
        assert whole.headers["Content-Length"] == str(len(expected))
        for start in (0, 5, 200, MIB - 1, MIB + 1, len(expected) - 3):
            answer = await browser.get(path, headers={"Range": f"bytes={start}-"})
            assert answer.status == 206
            assert answer.body == expected[start:]


async def test_who_may_no_more_gets_no_part_either(sign_in: SignIn, seal: Seal, site: Site) -> None:
    package = seal(mail(files=(("a.bin", b"0123456789"),)))
    browser = await sign_in(BOB)
    assert (await browser.get(f"/p/{package}/a/1")).status == 200
    grants.revoke(site.store, AUTHOR, package, BOB, Origin("192.0.2.1"))
    answer = await browser.get(f"/p/{package}/a/1", headers={"Range": "bytes=5-"})
    assert b"56789" not in answer.body
    assert answer.status in {403, 404, 410}
