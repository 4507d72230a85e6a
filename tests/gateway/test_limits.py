"""What the SMTP door puts up with: sizes, floods, slowness."""

import asyncio
import contextlib
import gc
import ipaddress
import resource
import socket
import ssl
import warnings
from pathlib import Path

import pytest

from gateway.smtp import replies
from gateway.smtp.limits import Gate, Limits, plain_ip
from gateway.smtp.premises import Kind
from tests.dialogue import Talk
from tests.gateway.doorway import FAST, MAIL, MIB, begin, doorway, until


def resident() -> int:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize()


# --- size, and memory


async def test_a_large_mail_arrives_byte_for_byte(tmp_path: Path) -> None:
    body = b"".join(b".%d " % n + bytes(range(128, 256)) * 8 + b"\r\n" for n in range(8000))
    async with doorway(tmp_path, FAST) as door, await door.talk(hello=True) as talk:
        await begin(talk)
        stuffed = (b"\r\n" + body).replace(b"\r\n.", b"\r\n..")[2:]
        assert (await talk.say(stuffed + b".\r\n")).startswith("250")
        assert door.taken[0].content == body
        assert len(body) > 7 * MIB
        assert door.files == []


async def test_a_line_of_ten_megabytes_is_a_line(tmp_path: Path) -> None:
    async with doorway(tmp_path, FAST) as door, await door.talk(hello=True) as talk:
        await begin(talk)
        assert (await talk.say(b"A" * 10 * MIB + b"\r\n.\r\n")).startswith("250")
        assert door.taken[0].content == b"A" * 10 * MIB + b"\r\n"


async def test_too_big_is_said_and_the_talk_goes_on(tmp_path: Path) -> None:
    limits = Limits(greeting_pause=0, message_bytes=MIB)
    async with doorway(tmp_path, limits) as door, await door.talk(hello=True) as talk:
        for extra, expected in [(0, "250"), (1, "552 5.3.4"), (MIB // 2, "552 5.3.4")]:
            await begin(talk)
            reply = await talk.say(b"A" * (MIB - 2 + extra) + b"\r\n.\r\n")
            assert reply.startswith(expected), (extra, reply)
            await talk.say("NOOP", "250")
        assert [len(one.content) for one in door.taken] == [MIB]
        assert door.files == []


async def test_an_endless_line_is_cut_off_in_constant_memory(tmp_path: Path) -> None:
    limits = Limits(greeting_pause=0, message_bytes=4 * MIB, linger=0.2)
    async with doorway(tmp_path, limits) as door, await door.talk(hello=True) as talk:
        await begin(talk)
        gc.collect()
        before, most, sent = resident(), 0, 0
        piece = b"A" * (256 << 10)
        with contextlib.suppress(ConnectionError):
            while sent < 200 * MIB:
                await talk.send(piece)
                sent += len(piece)
                most = max(most, resident())
        assert 8 * MIB <= sent < 100 * MIB
        assert most - before < 16 * MIB
        await until(lambda: door.listener.connections == 0)
        assert door.taken == []
        async with await door.talk(hello=True) as honest:
            assert (await honest.mail("a@b.org", "c@d.org", data=MAIL)).startswith("250")


async def test_an_endless_command_is_cut_off_in_constant_memory(tmp_path: Path) -> None:
    async with doorway(tmp_path, FAST) as door, await door.talk(hello=True) as talk:
        before, sent = resident(), 0
        with contextlib.suppress(ConnectionError):
            while sent < 100 * MIB:
                await talk.send(b"A" * (256 << 10))
                sent += 256 << 10
        assert sent < 50 * MIB
        assert resident() - before < 16 * MIB


async def test_a_long_command_is_refused_and_the_talk_goes_on(tmp_path: Path) -> None:
    async with doorway(tmp_path, FAST) as door, await door.talk(hello=True) as talk:
        for length in (4097, 100_000, 300_000):
            await talk.say("NOOP " + "x" * length, "500 5.5.6")
        await talk.say("NOOP", "250")


# --- floods and slowness


async def test_a_flood_of_recipients_is_answered_and_bounded(tmp_path: Path) -> None:
    async with doorway(tmp_path, FAST) as door, await door.talk(hello=True) as talk:
        await talk.say("MAIL FROM:<jane@council.gov.uk>", "250")
        await talk.send(b"".join(b"RCPT TO:<u%d@example.org>\r\n" % n for n in range(1001)))
        codes = [(await talk.reply())[:9] for _ in range(1001)]
        assert codes == ["250 2.1.5"] * 100 + ["452 4.5.3"] * 901
        await talk.say("NOOP", "250")
        await talk.send(b"".join(b"RCPT TO:<u%d@example.org>\r\n" % n for n in range(1001)))
        codes = [(await talk.reply())[:9] for _ in range(997)]
        assert set(codes[:-1]) <= {"250 2.1.5", "452 4.5.3"}
        assert codes[-1] == "421 4.7.0"


async def test_connections_are_counted(tmp_path: Path) -> None:
    limits = Limits(greeting_pause=0, connections=5, connections_per_ip=2)
    async with doorway(tmp_path, limits, trusted_networks=["10.0.0.0/8"]) as door:
        port = door.port(Kind.STARTTLS)
        mine = [await Talk.open(port) for _ in range(2)]
        for one in mine:
            assert (await one.reply()).startswith("220")
        async with await Talk.open(port) as third:
            assert (await third.reply()).startswith("421 4.7.0")
            assert await third.closed() == b""
        others = [await _from("127.0.0.2", port), await _from("127.0.0.2", port)]
        others.append(await _from("127.0.0.3", port))
        for one in others:
            assert (await one.reply()).startswith("220")
        async with await _from("127.0.0.4", port) as sixth:
            assert (await sixth.reply()).startswith("421 4.3.2")
        for one in (*mine, *others):
            one.writer.transport.abort()
        await until(lambda: door.listener.connections == 0)
        async with await Talk.open(port) as again:
            assert (await again.reply()).startswith("220")


async def _from(ip: str, port: int) -> Talk:
    reader, writer = await asyncio.open_connection("127.0.0.1", port, local_addr=(ip, 0))
    return Talk(reader, writer)


async def test_the_trusted_port_turns_strangers_away(tmp_path: Path) -> None:
    async with doorway(tmp_path, FAST, trusted_networks=["127.0.0.2/32", "::1/128"]) as door:
        async with await door.talk() as stranger:
            assert (await stranger.reply()).startswith("554 5.7.1")
            assert await stranger.closed() == b""
        async with await _from("127.0.0.2", door.port()) as server_of_ours:
            assert (await server_of_ours.reply()).startswith("220")


async def test_slow_clients_do_not_hold_up_an_honest_one(tmp_path: Path) -> None:
    limits = Limits(greeting_pause=0, connections_per_ip=200)
    async with doorway(tmp_path, limits) as door:
        slow = [await door.talk(hello=True) for _ in range(40)]
        for number, one in enumerate(slow):
            await (begin(one) if number % 2 else one.send(b"MAIL FR"))
            await one.send(b"x")
        async with asyncio.timeout(5), await door.talk(hello=True) as honest:
            assert (await honest.mail("a@b.org", "c@d.org", data=MAIL)).startswith("250")
        for one in slow:
            one.writer.transport.abort()


async def test_silence_ends_a_connection(tmp_path: Path) -> None:
    limits = Limits(greeting_pause=0, idle=1.0)
    async with doorway(tmp_path, limits) as door:
        for kind in (Kind.TRUSTED, Kind.TLS):
            async with await door.talk(kind, hello=True) as talk:
                await talk.send(b"NOO")  # half a command does not count as life
                assert (await talk.reply()).startswith("421 4.4.2")
                assert await talk.closed() == b""
        async with await door.talk(hello=True) as talk:
            await begin(talk)
            for _ in range(5):  # but every piece of a mail does
                await talk.send(b"Subject: x\r\n")
                await asyncio.sleep(0.3)
            assert (await talk.say(b"\r\n.\r\n")).startswith("250")
            await begin(talk)
            assert (await talk.reply()).startswith("421 4.4.2")
            assert len(door.taken) == 1


async def test_a_trickle_is_cut_off(tmp_path: Path) -> None:
    limits = Limits(greeting_pause=0, data_rate=1000, data_rate_after=0.3, linger=0.1)
    async with doorway(tmp_path, limits) as door, await door.talk(hello=True) as talk:
        await begin(talk)
        sent = 0
        with contextlib.suppress(ConnectionError):
            while sent < 100:
                await talk.send(b"x")
                sent += 1
                await asyncio.sleep(0.03)
        assert sent < 50
        assert door.notebook.begun == 0


def test_too_slow_is_a_matter_of_rate_and_of_total_time() -> None:
    limits = Limits(data=100, data_rate=10, data_rate_after=20)
    assert not limits.too_slow(0, 19)
    assert limits.too_slow(199, 20.1)
    assert not limits.too_slow(202, 20.1)
    assert limits.too_slow(10**9, 101)


async def test_a_client_that_never_reads_is_dropped(tmp_path: Path) -> None:
    limits = Limits(greeting_pause=0, idle=0.5, hang_up=0.2, commands=10**9, idle_commands=10**9)
    async with doorway(tmp_path, limits) as door:
        raw = socket.socket()
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        raw.connect(("127.0.0.1", door.port()))
        raw.setblocking(False)
        await until(lambda: door.listener.connections == 1)
        (one,) = door.listener._doors
        one.transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
        raw.send(b"VRFY x\r\n" * 5000)  # some 200 kB of answers
        await until(lambda: one.transport.get_write_buffer_size() > 32 << 10)
        await until(lambda: door.listener.connections == 0, 20)
        raw.close()


async def test_a_tls_handshake_has_a_deadline(tmp_path: Path) -> None:
    limits = Limits(greeting_pause=0, handshake=0.3)
    async with doorway(tmp_path, limits) as door:
        for kind in (Kind.TLS, Kind.STARTTLS):
            async with await Talk.open(door.port(kind)) as talk:
                if kind is Kind.STARTTLS:
                    await talk.reply()
                    await talk.say("STARTTLS", "220")
                await talk.closed()
            await until(lambda: door.listener.connections == 0)


async def test_old_tls_is_refused(tmp_path: Path) -> None:
    async with doorway(tmp_path, FAST) as door:
        old = ssl.create_default_context(cafile=str(tmp_path / "certificate.pem"))
        with warnings.catch_warnings(action="ignore", category=DeprecationWarning):
            old.minimum_version = ssl.TLSVersion.TLSv1
            old.maximum_version = ssl.TLSVersion.TLSv1_1
        with pytest.raises((ssl.SSLError, ConnectionError)):
            await Talk.open(door.port(Kind.TLS), old)


def test_the_gate_knows_addresses() -> None:
    assert plain_ip(("::ffff:10.0.0.1", 1, 0, 0)) == "10.0.0.1"
    assert plain_ip(("fe80::1%eth0", 1)) == "fe80::1"
    assert plain_ip("/run/socket") == plain_ip(None) == plain_ip(()) == ""
    gate = Gate(Limits(connections_per_ip=1), [ipaddress.ip_network("10.0.0.0/8")])
    assert gate.trusts("10.255.0.1")
    assert not gate.trusts("11.0.0.1")
    assert not gate.trusts("")
    assert gate.enter("10.0.0.1") is gate.enter("10.0.0.1") is None
    assert gate.enter("11.0.0.1") is None
    assert gate.enter("11.0.0.1") is replies.TOO_MANY_FROM_YOU
    gate.leave("11.0.0.1")
    assert gate.enter("11.0.0.1") is None
    assert gate.inside == 3


@pytest.mark.parametrize(("processes", "each"), [(1, 500), (2, 250), (3, 167)])
def test_processes_share_the_connections(processes: int, each: int) -> None:
    limits = Limits().shared_by(processes)
    assert limits.connections == each
    assert limits.connections_per_ip == -(-50 // processes)
    assert limits.messages == Limits().messages
