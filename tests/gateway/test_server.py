"""The SMTP door as a whole: hang-ups, failures of ours, a clean stop, and nothing said aloud."""

import ast
import asyncio
import gc
import inspect
import logging
import smtplib
import socket
import struct
from asyncio.sslproto import SSLProtocol
from pathlib import Path

import pytest
from aiosmtpd.smtp import SMTP

from gateway.errors import ClientGoneError
from gateway.smtp import connection, server
from gateway.smtp.intake import Intake
from gateway.smtp.limits import Limits
from gateway.smtp.premises import Commits, Kind
from gateway.smtp.replies import Reply
from gateway.smtp.server import Door
from tests.dialogue import Talk
from tests.gateway.doorway import FAST, MAIL, MIB, Doorway, begin, doorway, until
from vault.contents.spool import Spool
from vault.errors import StoreUnavailable

# --- a client that leaves


@pytest.mark.parametrize("way", ["close", "half-close", "reset"])
async def test_a_hang_up_after_the_dot_commits_exactly_once(way: str, tmp_path: Path) -> None:
    async with doorway(tmp_path, FAST) as door:
        door.notebook.before_commit = asyncio.Event()
        talk = await door.talk(hello=True)
        await begin(talk)
        await talk.send(MAIL + b"\r\n.\r\n")
        await until(lambda: door.notebook.begun)
        if way == "half-close":
            talk.writer.write_eof()
        else:
            if way == "reset":
                raw = talk.writer.get_extra_info("socket")
                raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            talk.writer.close()
            if way == "reset":
                await until(lambda: door.listener.connections == 0)
            await asyncio.sleep(0.05)
        assert not door.taken
        door.notebook.before_commit.set()
        await until(lambda: door.taken)
        await asyncio.sleep(0.05)
        assert door.notebook.begun == len(door.taken) == 1
        assert door.taken[0].content == MAIL + b"\r\n"
        if way == "half-close":
            assert (await talk.reply()).startswith("250")
        talk.writer.transport.abort()


async def test_the_idle_timer_does_not_cut_a_commit(tmp_path: Path) -> None:
    limits = Limits(greeting_pause=0, idle=0.2, commit=20)
    async with doorway(tmp_path, limits) as door, await door.talk(hello=True) as talk:
        door.notebook.before_commit = asyncio.Event()
        await begin(talk)
        await talk.send(MAIL + b"\r\n.\r\n")
        await asyncio.sleep(0.6)
        door.notebook.before_commit.set()
        assert (await talk.reply()).startswith("250")


async def test_the_answer_to_a_mail_waits_for_no_other_command(tmp_path: Path) -> None:
    """A client that hears of its mail late may send it twice."""
    begin = ("MAIL FROM:<a@council.example>", "RCPT TO:<b@partner.example>", "DATA")
    async with doorway(tmp_path, FAST) as door, await door.talk(hello=True) as talk:
        for line, code in zip(begin, ("250", "250", "354"), strict=True):
            await talk.say(line, code)
        door.notebook.before_sender = asyncio.Event()
        await talk.send(b"Subject: x\r\n\r\nHi\r\n.\r\nMAIL FROM:<a@council.example>\r\nNOOP\r\n")
        assert await talk.reply() == "250 2.0.0 Taken"
        door.notebook.before_sender.set()
        assert (await talk.reply()).startswith("250 2.1.0")


async def test_a_commit_outlives_the_longest_wait(tmp_path: Path) -> None:
    limits = Limits(greeting_pause=0, commit=0.2)
    async with doorway(tmp_path, limits) as door, await door.talk(hello=True) as talk:
        door.notebook.before_commit = asyncio.Event()
        await begin(talk)
        await talk.send(MAIL + b"\r\n.\r\n")
        assert (await talk.reply()).startswith("421 4.4.2")
        assert await talk.closed() == b""
        gc.collect()  # the task must be held by somebody
        door.notebook.before_commit.set()
        await until(lambda: door.taken)


async def test_a_commit_is_held_while_it_runs() -> None:
    """A task that nobody holds may be collected in the middle, and its mail with it."""
    commits, ended = Commits(), []

    async def commit() -> Reply:
        known_to_nobody: asyncio.Future[Reply] = asyncio.get_running_loop().create_future()
        try:
            return await known_to_nobody
        finally:
            ended.append(True)

    commits.start(commit())
    await asyncio.sleep(0)
    gc.collect()
    assert ended == []
    await commits.finish(0)
    assert ended == [True]


@pytest.mark.parametrize("error", [TimeoutError(), ConnectionResetError(), OSError()])
async def test_a_connection_that_breaks_is_not_the_end_of_a_mail(
    error: Exception, tmp_path: Path
) -> None:
    async with doorway(tmp_path, FAST) as door:
        reader, spool = asyncio.StreamReader(), Spool(door.notebook)
        intake = asyncio.create_task(Intake(reader, spool, FAST).receive(lambda: None))
        reader.feed_data(b"Subject: x\r\n\r\nhalf a mail\r\n")
        await asyncio.sleep(0.01)
        reader.set_exception(error)
        with pytest.raises((ClientGoneError, OSError)):
            await intake
        with pytest.raises(StoreUnavailable):
            spool.write(b"A" * 3 * MIB)  # it was aborted


async def test_a_mail_that_is_cut_off_leaves_nothing(tmp_path: Path) -> None:
    async with doorway(tmp_path, FAST) as door:
        talk = await door.talk(hello=True)
        await begin(talk)
        await talk.send(b"Subject: x\r\n\r\n" + b"A" * 3 * MIB)
        await until(lambda: door.notebook.spools[0].size > 2 * MIB)
        assert door.files
        talk.writer.transport.abort()
        await until(lambda: door.listener.connections == 0)
        await until(lambda: not door.files)
        assert door.notebook.begun == 0


# --- failures of ours


async def test_every_failure_of_ours_is_451_and_tells_nothing(tmp_path: Path) -> None:
    async with doorway(tmp_path, FAST) as door, await door.talk(hello=True) as talk:
        for error in (RuntimeError("secret /path"), StoreUnavailable("disk /path"), OSError("x")):
            door.notebook.error = error
            reply = await talk.mail("a@b.org", "c@d.org", data=MAIL)
            assert reply == "451 4.3.0 Temporary failure, try again later"
        door.notebook.error = None
        await talk.say("MAIL FROM:<a@b.org>", "250")
        for error in (RuntimeError("secret"), StoreUnavailable("x"), KeyError("x"), OSError("x")):
            door.notebook.rcpt_error = error
            reply = await talk.say("RCPT TO:<c@d.org>")
            assert reply == "451 4.3.0 Temporary failure, try again later"
        door.notebook.rcpt_error = None
        await talk.say("RSET", "250")
        assert (await talk.mail("a@b.org", "c@d.org", data=MAIL)).startswith("250")
        assert len(door.taken) == 1


async def test_a_disk_that_fails_is_451_and_the_talk_goes_on(tmp_path: Path) -> None:
    async with doorway(tmp_path, FAST) as door, await door.talk(hello=True) as talk:
        (tmp_path / "contents" / "tmp").rename(tmp_path / "gone")
        await begin(talk)
        reply = await talk.say(b"A" * 4 * MIB + b"\r\n.\r\n")
        assert reply == "451 4.3.0 Temporary failure, try again later"
        await talk.say("NOOP", "250")
        (tmp_path / "gone").rename(tmp_path / "contents" / "tmp")
        await begin(talk)
        assert (await talk.say(b"A" * 4 * MIB + b"\r\n.\r\n")).startswith("250")
        assert door.notebook.begun == len(door.taken) == 1


async def test_aiosmtpds_own_error_path_is_constant_too(tmp_path: Path) -> None:
    async with doorway(tmp_path, FAST) as door, await door.talk(hello=True):
        (one,) = door.listener._doors
        said = await one.handle_exception(RuntimeError("secret"))
        assert said == "451 4.3.0 Temporary failure, try again later"


# --- stopping


async def test_a_clean_stop_lets_a_mail_finish(tmp_path: Path) -> None:
    async with doorway(tmp_path, FAST) as door:
        idle, sending, waiting = [await door.talk(hello=True) for _ in range(3)]
        door.notebook.before_commit = asyncio.Event()
        await begin(sending)
        await begin(waiting)
        await waiting.send(MAIL + b"\r\n.\r\n")
        await until(lambda: door.notebook.begun == 1)
        port = door.port()
        stopping = asyncio.create_task(door.listener.stop(10))
        assert (await idle.reply()).startswith("421 4.3.2")
        with pytest.raises(ConnectionRefusedError):
            await Talk.open(port)
        await sending.send(MAIL + b"\r\n.\r\n")
        await until(lambda: door.notebook.begun == 2)
        door.notebook.before_commit.set()
        for one in (sending, waiting):
            assert (await one.reply()).startswith("250")
            assert (await one.reply()).startswith("421 4.3.2")
        await stopping
        assert len(door.taken) == 2
        for one in (idle, sending, waiting):
            one.writer.transport.abort()


async def test_the_grace_ends(tmp_path: Path) -> None:
    async with doorway(tmp_path, FAST) as door:
        door.notebook.before_commit = asyncio.Event()
        sending, waiting = [await door.talk(hello=True) for _ in range(2)]
        await begin(sending)
        await sending.send(b"half a mail")
        await begin(waiting)
        await waiting.send(MAIL + b"\r\n.\r\n")
        await until(lambda: door.notebook.begun == 1)
        async with asyncio.timeout(5):
            await door.listener.stop(0.2)
        for one in (sending, waiting):
            assert (await one.reply()).startswith("421 4.3.2")
            one.writer.transport.abort()
        assert door.taken == []


async def test_a_port_that_is_taken_opens_none(tmp_path: Path) -> None:
    async with doorway(tmp_path, FAST) as door:
        taken = f"127.0.0.1:{door.port()}"
        with pytest.raises(OSError, match="in use"):
            async with doorway(tmp_path, FAST, tls=taken):
                pass


# --- what it stands on


def _private_names() -> set[str]:
    """The underscored attributes that we use on aiosmtpd's object, reader and writer."""
    used = {
        node.attr
        for module in (connection, server)
        for node in ast.walk(ast.parse(inspect.getsource(module)))
        if isinstance(node, ast.Attribute) and node.attr.startswith("_")
    }
    here = {**vars(connection.Connection), **vars(Door)}
    overridden = {name for name in here if name.startswith("_") and hasattr(SMTP, name)}
    ours = {name for name in here if name not in overridden}
    assigned = {
        node.attr
        for node in ast.walk(
            ast.parse(
                inspect.getsource(connection.Connection.__init__).strip().replace("\n    ", "\n")
            )
        )
        if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store)
    }
    return (used | {name for name in overridden if not name.startswith("__")}) - ours - assigned


async def test_the_private_names_we_touch_exist(tmp_path: Path) -> None:
    """When aiosmtpd or asyncio drops one of them, this fails before a customer finds out."""
    names = _private_names()
    assert {"_handle_client", "_timeout_cb", "_reset_timeout", "_buffer", "_limit", "_transport",
            "_smtp_methods", "_reader", "_writer"} <= names  # fmt: skip
    async with doorway(tmp_path, FAST) as door, await door.talk(Kind.TLS, hello=True):
        (one,) = door.listener._doors
        assert isinstance(one._tls, SSLProtocol)
        places: list[object] = [SMTP, one._reader, one._writer, one._tls]
        plain = SMTP(object(), hostname="x", loop=asyncio.get_running_loop())
        plain.connection_made(_Nothing())
        places.append(plain)
        for name in names:
            assert any(hasattr(place, name) for place in places), name
        for task in (plain._handler_coroutine, plain._timeout_handle):
            assert task is not None
            task.cancel()


class _Nothing(asyncio.Transport):
    def get_extra_info(self, name: str, default: object = None) -> object:
        return default

    def write(self, data: object) -> None:
        return

    def is_closing(self) -> bool:
        return True

    def close(self) -> None:
        return


def test_every_command_is_ours() -> None:
    """No command of aiosmtpd's own, with its own words, can be reached."""
    for name in dir(Door):
        if name.startswith("smtp_"):
            assert name in vars(Door), name


async def test_the_library_logs_nothing_of_what_is_said(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)  # the root; the library's own logger keeps its level
    assert logging.getLogger("mail.log").level == logging.WARNING
    async with doorway(tmp_path, FAST) as door, await door.talk(Kind.TLS, hello=True) as talk:
        await talk.sign_in("canary@council.gov.uk", "canary-password", "535")
        await talk.sign_in("jane@council.gov.uk", "correct horse")
        await talk.mail("canary@council.gov.uk", "canary@example.org", data=b"Subject: canary")
        await talk.say("CANARY", "500")
    assert "canary" not in caplog.text.lower()


async def test_a_client_of_the_standard_library(tmp_path: Path) -> None:
    def send(door: Doorway) -> None:
        name, starttls, tls = "localhost", door.port(Kind.STARTTLS), door.port(Kind.TLS)
        with smtplib.SMTP(name, starttls, timeout=10) as client:
            client.starttls(context=door.tls)
            client.login("jane@council.gov.uk", "correct horse")
            for number in range(3):
                to = ["amy@example.org", "refused@example.org"]
                refused = client.sendmail("jane@council.gov.uk", to, f"Subject: {number}\n\n.x\n")
                assert refused["refused@example.org"][0] == 550
        with smtplib.SMTP_SSL(name, tls, timeout=10, context=door.tls) as client:
            with pytest.raises(smtplib.SMTPAuthenticationError):
                client.login("jane@council.gov.uk", "wrong")
            client.login("jane@council.gov.uk", "correct horse")
            client.sendmail(
                "jane@council.gov.uk", "amy@example.org", b"\xff\r\n", ["BODY=8BITMIME"]
            )

    async with doorway(tmp_path, FAST) as door:
        await asyncio.to_thread(send, door)
        contents = [one.content for one in door.taken]
        assert contents == [b"Subject: %d\r\n\r\n.x\r\n" % n for n in range(3)] + [b"\xff\r\n"]


async def test_two_connections_share_no_state(tmp_path: Path) -> None:
    async with doorway(tmp_path, FAST) as door:
        one, two = [await door.talk(Kind.TLS, hello=True) for _ in range(2)]
        await one.sign_in("jane@council.gov.uk", "correct horse")
        await two.say("MAIL FROM:<jane@council.gov.uk>", "530")
        await one.say("MAIL FROM:<jane@council.gov.uk>", "250")
        for talk in (one, two):
            talk.writer.transport.abort()


async def test_what_the_handler_is_told(tmp_path: Path) -> None:
    async with doorway(tmp_path, FAST) as door:
        async with await door.talk(Kind.TLS, hello=True) as talk:
            await talk.sign_in("jane@council.gov.uk", "correct horse")
            await talk.say("MAIL FROM:<jane@council.gov.uk> SIZE=20 BODY=8BITMIME", "250")
            await talk.say("RCPT TO:<amy@example.org>", "250")
            await talk.say("DATA", "354")
            await talk.say(MAIL + b"\r\n.\r\n", "250")
            await talk.mail("", "amy@example.org", data=MAIL)
        async with await door.talk() as talk:
            await talk.reply()
            await talk.say("HELO ex\x7fchange_1 and more", "250")
            await talk.mail("jane@council.gov.uk", "amy@example.org", data=MAIL)
    first, second, third = (one.session for one in door.taken)
    assert [one.extended for one in (first, second, third)] == [True, True, False]
    assert [one.tls for one in (first, second, third)] == [True, True, False]
    assert first.tls_version.startswith("TLSv1.")
    assert (first.declared_size, first.body8, str(first.sender)) == (
        20,
        True,
        "jane@council.gov.uk",
    )
    assert (second.declared_size, second.body8, second.sender) == (None, False, None)
    assert second.user is not None
    assert (third.trusted, third.user, third.helo) == (True, None, "ex?change_1")
    assert first.peer_ip == "127.0.0.1"


@pytest.mark.skipif(not pytest.importorskip("uvloop"), reason="uvloop is optional")
def test_the_same_on_uvloop(tmp_path: Path) -> None:
    import uvloop

    async def go(door: Doorway) -> None:
        async with await door.talk(Kind.STARTTLS, hello=True) as talk:
            await talk.say("STARTTLS", "220")
            await talk.start_tls(door.tls)
            await talk.say("EHLO x", "250")
            await talk.sign_in("jane@council.gov.uk", "correct horse")
        async with await Talk.open(door.port(Kind.TLS)) as talk:
            await talk.send("this is not TLS")
            await talk.closed()
        await until(lambda: door.listener.connections == 0)
        for kind in (Kind.TLS, Kind.TRUSTED):
            async with await door.talk(kind, hello=True) as talk:
                if kind is Kind.TLS:
                    await talk.sign_in("jane@council.gov.uk", "correct horse")
                reply = await talk.mail("jane@council.gov.uk", "amy@example.org", data=b"A" * MIB)
                assert reply.startswith("250")
        async with await door.talk(hello=True) as talk:
            await begin(talk)
            await talk.send(MAIL + b"\r\n.\r\nQUIT\r\n")
            talk.writer.write_eof()
            assert (await talk.reply()).startswith("250")
            assert (await talk.reply()).startswith("221")

    async def main() -> None:
        async with doorway(tmp_path, FAST) as door:
            await go(door)
        assert len(door.taken) == 3

    uvloop.run(main())
