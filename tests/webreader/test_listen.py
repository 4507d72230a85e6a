from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from pathlib import Path

import pytest

from tests.certificates import self_signed
from tests.webreader.conftest import BOB, HOST, mail
from vault.origin import Origin
from vault.people import sessions
from webreader import listen
from webreader.cookies import SESSION
from webreader.guard import HEADERS
from webreader.listen import Listener
from webreader.settings import WebSettings
from webreader.site import Site

Seal = Callable[..., str]
CLOSE = b"\r\nConnection: close\r\n\r\n"
HELLO = f"GET /healthz HTTP/1.1\r\nHost: {HOST}\r\n\r\n".encode()


@pytest.fixture
def settings() -> WebSettings:
    return WebSettings(
        listen="127.0.0.1:0", request_seconds=1, stall_seconds=1, max_connections_per_client=5
    )


@pytest.fixture
async def port(site: Site, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[int]:
    monkeypatch.setattr(listen, "TICK_SECONDS", 0.2)
    monkeypatch.setattr(listen, "LINGER_SECONDS", 0.5)
    listener = Listener(site)
    yield await listener.start()
    await listener.stop()


@pytest.fixture
async def patient_port(site: Site, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[int]:
    """A site that gives its pages time, and stalling clients none."""
    monkeypatch.setattr(listen, "TICK_SECONDS", 0.2)
    settings = WebSettings(listen="127.0.0.1:0", request_seconds=20, stall_seconds=1)
    listener = Listener(replace(site, settings=settings))
    yield await listener.start()
    await listener.stop()


async def connect(port: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    return await asyncio.open_connection("127.0.0.1", port)


async def ended(reader: asyncio.StreamReader) -> bool:
    """Say whether the other side ends the connection within a few seconds."""
    try:
        async with asyncio.timeout(6):
            while await reader.read(65536):
                pass
    except ConnectionResetError:
        return True
    except TimeoutError:
        return False
    return True


async def test_it_speaks_tls_1_2_or_newer(site: Site, tmp_path: Path) -> None:
    certificate, key = self_signed(tmp_path, HOST)
    settings = WebSettings(listen="127.0.0.1:0", tls_certificate=certificate, tls_key=key)
    listener = Listener(replace(site, settings=settings))
    port = await listener.start()
    try:
        context = ssl.create_default_context(cafile=certificate)
        reader, writer = await asyncio.open_connection(
            "127.0.0.1", port, ssl=context, server_hostname=HOST
        )
        writer.write(HELLO)
        assert (await reader.readline()) == b"HTTP/1.1 200 OK\r\n"
        writer.close()
        old = ssl.create_default_context(cafile=certificate)
        with pytest.warns(DeprecationWarning, match="TLSv1_1"):
            old.minimum_version = old.maximum_version = ssl.TLSVersion.TLSv1_1
        with pytest.raises((ssl.SSLError, ConnectionError)):
            await asyncio.open_connection("127.0.0.1", port, ssl=old, server_hostname=HOST)
    finally:
        await listener.stop()
    with pytest.raises(ConnectionError):
        await connect(port)


@pytest.mark.parametrize(
    "sent",
    [
        b"EHLO mail.example\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
        b"GET / HTTP/1.1\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"GET / HTTP/1.1\r\n" + b"X: y\r\n" * 200 + b"\r\n",
        b"GET /" + b"a" * 20_000 + b" HTTP/1.1\r\n\r\n",
    ],
)
async def test_what_is_no_request_gets_a_constant_answer(port: int, sent: bytes) -> None:
    reader, writer = await connect(port)
    writer.write(sent)
    answer = await asyncio.wait_for(reader.read(), 5)
    head, _, body = answer.partition(b"\r\n\r\n")
    assert head.startswith((b"HTTP/1.1 400", b"HTTP/1.0 400"))
    assert body == b"This is not a request that can be answered.\n"
    assert b"server:" not in head.lower()
    for name, value in HEADERS.items():
        assert f"{name}: {value}".encode() in head
    writer.close()


@pytest.mark.parametrize("sent", [b"", b"GET /heal", HELLO[:-2], HELLO])
async def test_a_silent_client_is_let_go(port: int, sent: bytes) -> None:
    reader, writer = await connect(port)
    writer.write(sent)
    started = time.monotonic()
    assert await ended(reader)
    assert time.monotonic() - started > 0.5
    writer.close()


async def test_a_client_that_sends_drop_by_drop_is_let_go(port: int) -> None:
    reader, writer = await connect(port)

    async def drip() -> None:
        with contextlib.suppress(ConnectionError):
            for byte in HELLO * 10:
                writer.write(bytes([byte]))
                await writer.drain()
                await asyncio.sleep(0.2)

    dripping = asyncio.create_task(drip())
    assert await ended(reader)
    dripping.cancel()
    writer.close()


async def test_a_form_that_never_ends_is_given_up(port: int) -> None:
    reader, writer = await connect(port)
    head = f"POST /signin HTTP/1.1\r\nHost: {HOST}\r\nContent-Length: 1000\r\n"
    writer.write(head.encode() + b"Content-Type: application/x-www-form-urlencoded\r\n\r\ncsrf=")
    assert b" 408 " in await asyncio.wait_for(reader.readline(), 5)
    assert await ended(reader)
    writer.close()


@pytest.mark.parametrize("page", ["a/1", "print"])
async def test_a_client_that_does_not_read_is_cut(
    patient_port: int, site: Site, seal: Seal, page: str
) -> None:
    """The download sees to it itself; for a page it is the watch at the port."""
    package = seal(mail(text="x" * 78 + "\n" + "word " * 700_000, files=(("a", bytes(9_000_000)),)))
    token = sessions.begin(site.store, BOB, Origin())
    loop = asyncio.get_running_loop()
    with socket.socket() as plug:
        plug.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8192)
        plug.setblocking(False)
        await loop.sock_connect(plug, ("127.0.0.1", patient_port))
        head = f"GET /p/{package}/{page} HTTP/1.1\r\nHost: {HOST}\r\nCookie: {SESSION}={token}"
        await loop.sock_sendall(plug, head.encode() + CLOSE)
        begun = await asyncio.wait_for(loop.sock_recv(plug, 1000), 20)
        got = len(begun)
        await asyncio.sleep(3.5)
        with contextlib.suppress(ConnectionResetError):
            while data := await asyncio.wait_for(loop.sock_recv(plug, 1_000_000), 5):
                got += len(data)
    assert 1000 <= got < 3_300_000
    assert begun.startswith(b"HTTP/1.1 200")


async def test_one_client_cannot_take_every_connection(port: int) -> None:
    kept = [await connect(port) for _ in range(5)]
    reader, more = await connect(port)
    assert await asyncio.wait_for(ended(reader), 0.9)
    for _, writer in (*kept, (reader, more)):
        writer.close()
    await asyncio.sleep(0.1)
    reader, writer = await connect(port)
    writer.write(HELLO)
    assert (await reader.readline()).startswith(b"HTTP/1.1 200")
    writer.close()


async def test_health_says_yes_or_no(port: int, site: Site) -> None:
    async def ask() -> bytes:
        reader, writer = await connect(port)
        writer.write(HELLO.replace(HOST.encode(), b"10.0.0.7").replace(b"\r\n\r\n", CLOSE))
        answer = await reader.read()
        writer.close()
        return answer

    assert b'"database": true' in await ask()
    site.store.close()
    for path in site.store.settings.folder.glob("*.sqlite*"):
        path.write_bytes(b"no database " * 1000)
    answer = await ask()
    assert answer.startswith(b"HTTP/1.1 503")
    assert str(site.store.settings.folder).encode() not in answer
