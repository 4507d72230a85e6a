"""Servers in front of us: PROXY headers and XCLIENT, from those who may and from strangers."""

import asyncio
import contextlib
import ipaddress
import ssl
from pathlib import Path

import pytest

from gateway.errors import RefusedError
from gateway.smtp import proxied, xclient
from gateway.smtp.limits import Limits
from gateway.smtp.premises import Kind
from gateway.smtp.proxied import HeaderError, read_header
from tests.dialogue import Talk
from tests.gateway.doorway import FAST, MAIL, Doorway, begin, doorway, until
from tests.gateway.office import captured

SIGNATURE = b"\r\n\r\n\0\r\nQUIT\n"
CLIENT, CLIENT_6 = "198.51.100.7", "2001:db8::7"
HERE = ["127.0.0.0/8"]


def version_2(client: str = CLIENT, what: int = 0x21, more: bytes = b"") -> bytes:
    source = ipaddress.ip_address(client)
    family = 0x11 if source.version == 4 else 0x21
    ends = source.packed + source.packed + b"\x30\x39\x02\x4b"
    return SIGNATURE + bytes([what, family]) + (len(ends + more)).to_bytes(2, "big") + ends + more


LINE = f"PROXY TCP4 {CLIENT} 192.0.2.1 12345 587\r\n".encode()
GOOD = {
    "v1": (LINE, CLIENT),
    "v1 over IPv6": (f"PROXY TCP6 {CLIENT_6} ::1 12345 587\r\n".encode(), CLIENT_6),
    "v1 unknown": (b"PROXY UNKNOWN\r\n", proxied.NOBODY),
    "v1 unknown with the rest": (b"PROXY UNKNOWN ffff::1 ffff::2 1 2\r\n", proxied.NOBODY),
    "v2": (version_2(), CLIENT),
    "v2 over IPv6": (version_2(CLIENT_6), CLIENT_6),
    "v2 mapped": (version_2("::ffff:198.51.100.7"), CLIENT),
    "v2 with additions": (version_2(more=b"\x04\x00\x05hello"), CLIENT),
    "v2 local": (SIGNATURE + b"\x20\x00\x00\x00", ""),
}
BAD = {
    "another word": b"EHLO x\r\n",
    "lower case": LINE.lower(),
    "one part only": b"PROXY TCP4 198.51.100.7\r\n",
    "no number": b"PROXY TCP4 198.51.100.7 192.0.2.1 http 587\r\n",
    "wrong family": b"PROXY TCP4 2001:db8::7 ::1 12345 587\r\n",
    "wrong address": b"PROXY TCP4 198.51.100.777 192.0.2.1 12345 587\r\n",
    "UDP": b"PROXY UDP4 198.51.100.7 192.0.2.1 12345 587\r\n",
    "two blanks": LINE.replace(b" ", b"  "),
    "a bare line feed": LINE.replace(b"\r\n", b"\n") + b"EHLO x\r\n",
    "too long": b"PROXY UNKNOWN " + b"x" * 100,
    "v2 of version 1": version_2(what=0x11),
    "v2 unknown command": version_2(what=0x22),
    "v2 family unspecified": SIGNATURE + b"\x21\x00\x00\x0c" + bytes(12),
    "v2 datagrams": SIGNATURE + b"\x21\x12\x00\x0c" + bytes(12),
    "v2 too short": SIGNATURE + b"\x21\x11\x00\x08" + bytes(8),
    "v2 far too long": SIGNATURE + b"\x21\x11\xff\xff",
    "nearly the signature": SIGNATURE[:-1] + b"\r",
}


@pytest.mark.parametrize("name", GOOD)
def test_a_header_is_read_however_it_is_cut(name: str) -> None:
    header, client = GOOD[name]
    assert read_header(header + b"rest") == (client, b"rest")
    for cut in range(len(header)):
        assert read_header(header[:cut]) is None, cut


@pytest.mark.parametrize("name", BAD)
def test_nonsense_is_not_a_header(name: str) -> None:
    with pytest.raises(HeaderError):
        read_header(BAD[name])


@contextlib.asynccontextmanager
async def opened(door: Doorway, kind: Kind, header: bytes, cuts: int = 1):  # type: ignore[no-untyped-def]
    reader, writer = await asyncio.open_connection("127.0.0.1", door.port(kind))
    size = -(-len(header) // cuts)
    for at in range(0, len(header), size):
        writer.write(header[at : at + size])
        await writer.drain()
        await asyncio.sleep(0.01 if cuts > 1 else 0)
    if kind is Kind.TLS:
        await writer.start_tls(door.tls, server_hostname="localhost")
    async with Talk(reader, writer) as talk:
        yield talk


@pytest.mark.parametrize("kind", [Kind.STARTTLS, Kind.TLS])
@pytest.mark.parametrize("name", ["v1", "v2", "v2 over IPv6"])
async def test_the_client_that_a_balancer_names_is_the_one_that_counts(
    kind: Kind, name: str, tmp_path: Path
) -> None:
    header, client = GOOD[name]
    async with doorway(tmp_path, FAST, proxy_networks=HERE) as door:
        for cuts in (1, 3):
            async with opened(door, kind, header, cuts) as talk:
                assert (await talk.reply()).startswith("220")
                await talk.say("EHLO x", "250")
                if kind is Kind.STARTTLS:
                    await talk.say("STARTTLS", "220")
                    await talk.start_tls(door.tls)
                    await talk.say("EHLO x", "250")
                await talk.sign_in("jane@council.gov.uk", "correct horse")
                await begin(talk)
                assert (await talk.say(MAIL + b"\r\n.\r\n")).startswith("250")
        assert [one.session.peer_ip for one in door.taken] == [client, client]


async def test_trust_and_limits_are_the_real_clients(tmp_path: Path) -> None:
    limits = Limits(greeting_pause=0, connections_per_ip=1)
    async with doorway(tmp_path, limits, proxy_networks=HERE) as door:
        async with opened(door, Kind.TRUSTED, LINE) as talk:  # not from a trusted network
            assert (await talk.reply()).startswith("554 5.7.1")
        async with opened(door, Kind.TRUSTED, b"PROXY UNKNOWN\r\n") as talk:  # nor from anywhere
            assert (await talk.reply()).startswith("554 5.7.1")
        async with opened(door, Kind.STARTTLS, LINE) as first:
            assert (await first.reply()).startswith("220")
            async with opened(door, Kind.STARTTLS, LINE) as second:
                assert (await second.reply()).startswith("421 4.7.0")
            other = LINE.replace(b"100.7", b"100.8")
            async with opened(door, Kind.STARTTLS, other) as third:
                assert (await third.reply()).startswith("220")


@pytest.mark.parametrize("name", ["another word", "wrong address", "v2 too short"])
async def test_a_balancer_that_sends_none_is_dropped(name: str, tmp_path: Path) -> None:
    async with doorway(tmp_path, FAST, proxy_networks=HERE) as door:
        with captured() as entries:
            async with opened(door, Kind.TRUSTED, BAD[name]) as talk:
                assert await talk.closed() == b""
        assert "smtp.no_proxy_header" in [one["event"] for one in entries]
        assert door.listener.connections == 0


async def test_a_balancer_that_sends_nothing_is_dropped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(proxied, "WAIT", 0.05)
    async with (
        doorway(tmp_path, FAST, proxy_networks=HERE) as door,
        opened(door, Kind.TRUSTED, b"PROXY TCP4") as talk,
    ):
        assert await talk.closed() == b""


@pytest.mark.parametrize("networks", [[], ["192.0.2.0/24"]], ids=str)
@pytest.mark.parametrize("name", ["v1", "v2"])
async def test_a_header_from_a_stranger_is_an_early_talker(
    name: str, networks: list[str], tmp_path: Path
) -> None:
    limits = Limits(greeting_pause=0.2, linger=0.2)
    async with (
        doorway(tmp_path, limits, proxy_networks=networks) as door,
        opened(door, Kind.STARTTLS, GOOD[name][0]) as talk,
    ):
        assert (await talk.reply()).startswith("554 5.5.0")
        assert await talk.closed() == b""


async def test_tls_may_follow_the_header_at_once(tmp_path: Path) -> None:
    """A balancer passes on the header and the client's first bytes together."""
    async with doorway(tmp_path, FAST, proxy_networks=HERE) as door:
        incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        tls = door.tls.wrap_bio(incoming, outgoing, server_hostname="localhost")
        with contextlib.suppress(ssl.SSLWantReadError):
            tls.do_handshake()
        reader, writer = await asyncio.open_connection("127.0.0.1", door.port(Kind.TLS))
        writer.write(version_2() + outgoing.read())
        incoming.write(await reader.read(65536))
        with contextlib.suppress(ssl.SSLWantReadError):
            tls.do_handshake()
        assert tls.version() == "TLSv1.3"
        writer.transport.abort()
        await asyncio.sleep(0)


# --- XCLIENT


@pytest.mark.parametrize(
    ("argument", "client"),
    [
        ("ADDR=198.51.100.7", CLIENT),
        ("NAME=mail.example ADDR=198.51.100.7 PORT=1234 PROTO=ESMTP HELO=mail", CLIENT),
        ("addr=IPV6:2001:db8::7", CLIENT_6),
        ("ADDR=IPV6:::ffff:198.51.100.7", CLIENT),
        ("NAME=[UNAVAILABLE] ADDR=198.51.100.7", CLIENT),
        ("ADDR=198.51.100+2E7", CLIENT),
    ],
)
def test_xclient_is_read(argument: str, client: str) -> None:
    assert xclient.read(argument).peer_ip == client


@pytest.mark.parametrize(
    "argument",
    [
        "", "ADDR", "ADDR=", "NAME=x", "ADDR=[UNAVAILABLE]", "ADDR=[TEMPUNAVAIL]",
        "ADDR=mail.example",
        "ADDR=1.2.3", "ADDR=1.2.3.4 ADDR=5.6.7.8", "ADDR=1.2.3.4 LOGIN=boss", "ADDR=1.2.3.4+0D+0A",
        "ADDR=1.2.3.4 X=", "ADDR=1.2.3.4,5.6.7.8",
    ],
)  # fmt: skip
def test_nonsense_is_no_xclient(argument: str) -> None:
    with pytest.raises(RefusedError):
        xclient.read(argument)


async def test_a_server_in_front_names_the_client(tmp_path: Path) -> None:
    async with (
        doorway(tmp_path, FAST, xclient_networks=HERE) as door,
        await door.talk(Kind.TLS, hello=True) as talk,
    ):
        assert "XCLIENT NAME ADDR PORT PROTO HELO" in talk.last
        await talk.sign_in("jane@council.gov.uk", "correct horse")
        await talk.say("XCLIENT ADDR=198.51.100.7", "220 gate.council.gov.uk")
        await talk.say("MAIL FROM:<jane@council.gov.uk>", "503")  # it begins again
        await talk.say("EHLO y", "250")
        assert "AUTH" in talk.last
        await talk.say("MAIL FROM:<jane@council.gov.uk>", "530")  # and nobody is signed in
        await talk.sign_in("jane@council.gov.uk", "correct horse")
        await begin(talk)
        await talk.say(MAIL + b"\r\n.\r\n", "250")
        assert door.taken[0].session.peer_ip == CLIENT
        await talk.say("MAIL FROM:<jane@council.gov.uk>", "250")
        await talk.say("XCLIENT ADDR=198.51.100.8", "503 5.5.1")


async def test_an_untrusted_client_gets_nowhere_through_a_trusted_front(tmp_path: Path) -> None:
    async with (
        doorway(tmp_path, FAST, xclient_networks=HERE) as door,
        await door.talk(hello=True) as talk,
    ):
        await talk.say("XCLIENT ADDR=198.51.100.7", "554 5.7.1")
        assert await talk.closed() == b""
    assert door.listener.connections == 0


async def test_connections_are_counted_for_the_client_and_let_go(tmp_path: Path) -> None:
    limits = Limits(greeting_pause=0, linger=0.2, connections_per_ip=1)
    async with doorway(
        tmp_path, limits, xclient_networks=HERE, trusted_networks=["192.0.2.1"]
    ) as door:
        for _ in range(2):
            async with await door.talk(Kind.TLS, hello=True) as first:
                await first.say("XCLIENT ADDR=198.51.100.7", "220")
                async with await door.talk(Kind.TLS, hello=True) as second:
                    await second.say("XCLIENT ADDR=198.51.100.7", "421 4.7.0")
            await until(lambda: door.listener.connections == 0)


@pytest.mark.parametrize("networks", [[], ["192.0.2.0/24"]], ids=str)
async def test_a_stranger_speaks_for_nobody(networks: list[str], tmp_path: Path) -> None:
    async with (
        doorway(tmp_path, FAST, xclient_networks=networks) as door,
        await door.talk(hello=True) as talk,
    ):
        assert "XCLIENT" not in talk.last
        await talk.say("XCLIENT ADDR=127.0.0.1", "500 5.5.2")
        await begin(talk)
