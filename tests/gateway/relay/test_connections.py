"""The connection cache: fewer connections, and never a mail lost, doubled or sent with less TLS."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import pytest

from gateway.relay.answers import Answer
from gateway.relay.letter import Letter
from gateway.relay.routes import Routes, Way
from gateway.relay.sender import Sender
from gateway.relay.settings import NextHopSettings, TlsMode
from tests.certificates import server_context
from tests.sink import Script, Sink
from vault.address import Address

JANE = Address.parse("jane@council.gov.uk")
AMY, BEN = Address.parse("amy@example.org"), Address.parse("ben@example.org")
MAIL = b"Subject: x\r\n\r\nHello\r\n"
QUICK = {"reply_timeout": timedelta(seconds=2), "final_timeout": timedelta(seconds=2)}


@asynccontextmanager
async def sending(sink: Sink, **changes: object) -> AsyncIterator[Sender]:
    hop = {"port": sink.port, "tls": "none", "hello": "gate.council.gov.uk", **QUICK, **changes}
    sender = Sender(Routes(NextHopSettings.model_validate(hop)))
    try:
        yield sender
    finally:
        await sender.close()


def letter(content: bytes = MAIL, *to: Address, way: Way | None = None) -> Letter:
    return Letter(JANE, to or (AMY,), [content], len(content), way=way or Way())


def verbs(sink: Sink) -> list[str]:
    return [line.split(" ")[0] for line in sink.commands]


async def mailed(sender: Sender, count: int = 1) -> list[Answer]:
    return [(await sender.send(letter()))[AMY] for _ in range(count)]


async def test_mails_one_after_the_other_use_one_connection() -> None:
    async with Sink() as sink:
        async with sending(sink) as sender:
            assert all(answer.positive for answer in await mailed(sender, 5))
            assert sink.connections == 1
            assert verbs(sink) == ["EHLO", *["MAIL", "RCPT", "DATA"] * 5]
        assert verbs(sink)[-1] == "QUIT"
        assert [mail.content for mail in sink.mails] == [MAIL] * 5


async def test_mails_at_the_same_time_use_one_connection_each() -> None:
    async with Sink() as sink, sending(sink) as sender:
        for _ in range(2):
            await asyncio.gather(*(sender.send(letter()) for _ in range(7)))
        assert (sink.connections, sink.most_open, len(sink.mails)) == (7, 7, 14)


async def test_what_is_kept_is_bounded_in_number_mails_and_time() -> None:
    async with Sink() as sink:
        async with sending(sink, idle_connections=2) as sender:
            await asyncio.gather(*(sender.send(letter()) for _ in range(6)))
            await until(lambda: sink.open_now == 2)
        async with sending(sink, mails_per_connection=3) as sender:
            before = sink.connections
            await mailed(sender, 7)
            assert sink.connections - before == 3
        async with sending(sink, idle_limit=timedelta(seconds=0.1)) as sender:
            await mailed(sender)
            await asyncio.sleep(0.06)
            await mailed(sender)  # the clock begins anew
            await asyncio.sleep(0.06)
            assert sink.open_now == 1
            await until(lambda: sink.open_now == 0)
            assert verbs(sink)[-1] == "QUIT"
        async with sending(sink, idle_connections=0) as sender:
            before = sink.connections
            await mailed(sender, 2)
            assert sink.connections - before == 2


async def test_nothing_is_remembered_of_a_server_that_nothing_is_kept_of() -> None:
    async with Sink() as sink, sending(sink, idle_connections=0) as sender:
        await mailed(sender, 2)
        assert sender._connections._kept == {}


async def until(true: object, seconds: float = 5) -> None:
    assert callable(true)
    async with asyncio.timeout(seconds):
        while not true():  # noqa: ASYNC110 - the server tells nobody
            await asyncio.sleep(0.01)


@pytest.mark.parametrize("pipelining", [True, False])
@pytest.mark.parametrize("how", ["421 4.7.0 Enough", "503 5.5.1 One mail only", "drop", "stall"])
async def test_a_server_that_wants_one_mail_a_connection_gets_them_all(
    how: str, pipelining: bool
) -> None:
    script = Script(extensions=["PIPELINING"] if pipelining else [])
    async with Sink(script) as sink, sending(sink, reply_timeout=timedelta(seconds=1.5)) as sender:
        await mailed(sender)
        turn_away(script, how)
        assert (await mailed(sender))[0].positive
        assert sink.connections == 2
        assert [mail.content for mail in sink.mails] == [MAIL] * 2


def turn_away(script: Script, how: str) -> None:
    """Answer the next MAIL like this, and those after it as usual."""
    if how in {"drop", "stall"}:
        getattr(script, how).add("mail")
        asyncio.get_running_loop().call_later(0.2, getattr(script, how).discard, "mail")
        script.delay["greeting"] = 0.3
    else:
        script.answers["mail"] = [how]


async def test_a_server_that_wants_more_of_a_mail_is_not_given_the_next() -> None:
    async with Sink() as sink, sending(sink) as sender:
        sink.script.answers["dot"] = ["354 More, please"]
        assert (await mailed(sender))[0].temporary
        assert (await mailed(sender))[0].positive
        assert (sink.connections, len(sink.mails)) == (2, 1)


async def test_a_server_that_closes_after_each_mail_costs_nothing_but_connections() -> None:
    async with Sink() as sink, sending(sink) as sender:
        for _ in range(4):
            assert (await mailed(sender))[0].positive
            await sink.hang_up()
        assert (sink.connections, len(sink.mails)) == (4, 4)


async def test_what_a_server_says_unasked_ends_the_connection() -> None:
    async with Sink() as sink, sending(sink) as sender:
        await mailed(sender)
        await sink.say_to_all(b"421 4.3.2 Going down\r\n")
        assert (await mailed(sender))[0].positive
        await sink.say_to_all(b"250 2.0.0 And this one is taken too\r\n")
        sink.script.answers["dot"] = ["550 5.7.1 No"]
        assert (await mailed(sender))[0].permanent
        assert sink.connections == 3


async def test_a_fresh_connection_is_not_tried_again() -> None:
    async with Sink(Script(answers={"mail": "421 4.7.0 Enough"})) as sink, sending(sink) as sender:
        assert (await mailed(sender))[0].temporary
        assert sink.connections == 1


@pytest.mark.parametrize("stage", ["dot", "content"])
async def test_once_content_was_sent_nothing_is_sent_again(stage: str) -> None:
    async with Sink() as sink, sending(sink) as sender:
        await mailed(sender)
        if stage == "dot":
            sink.script.swallow = True  # it takes the mail, and hangs up without a word
        else:
            sink.script.drop_after = 10
        assert [(one.code, one.enhanced) for one in await mailed(sender)] == [(451, "4.4.2")]
        assert sink.connections == 1
        assert len(sink.mails) == (2 if stage == "dot" else 1)


@pytest.mark.parametrize("pipelining", [True, False])
async def test_a_refused_envelope_is_not_carried_into_the_next_mail(pipelining: bool) -> None:
    script = Script(["PIPELINING"] if pipelining else [], recipients={str(BEN): "550 5.1.1 No"})
    async with Sink(script) as sink, sending(sink) as sender:
        assert (await sender.send(letter(MAIL, BEN)))[BEN].permanent
        assert (await mailed(sender))[0].positive
        script.answers["data"] = ["451 4.3.0 Not now"]
        assert (await mailed(sender))[0].temporary
        assert (await mailed(sender))[0].positive
        assert sink.connections == 1
        assert verbs(sink).count("RSET") == 2
        assert [mail.recipients for mail in sink.mails] == [(str(AMY),)] * 2


async def test_unsafe_content_does_not_cost_the_connection() -> None:
    async with Sink() as sink, sending(sink) as sender:
        await mailed(sender)
        assert (await sender.send(letter(b"a\nb")))[AMY].enhanced == "5.6.0"
        await mailed(sender)
        assert (sink.connections, len(sink.mails)) == (1, 2)


async def test_a_cancelled_mail_takes_its_connection_with_it() -> None:
    async with Sink(Script(delay={"dot": 0.3})) as sink, sending(sink) as sender:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.1):
                await sender.send(letter())
        sink.script.delay.clear()
        assert (await mailed(sender))[0].positive
        assert sink.connections == 2


async def test_less_tls_is_never_taken_for_more(tmp_path: Path) -> None:
    context, authority = server_context(tmp_path, "mail.council.gov.uk")
    async with (
        Sink(tls=context) as sink,
        sending(sink, tls_authorities=authority, tls_name="mail.council.gov.uk") as sender,
    ):
        for _ in range(2):
            for tls in TlsMode:
                assert (await sender.send(letter(way=Way(tls=tls))))[AMY].positive
        assert [mail.tls for mail in sink.mails] == [False, True, True, True] * 2
        assert sink.connections == 4


async def test_what_was_tried_beforehand_is_used_for_the_mail() -> None:
    async with Sink() as sink, sending(sink) as sender:
        assert await sender.ready(Way()) is None
        await mailed(sender)
        assert sink.connections == 1


async def test_a_large_mail_and_a_small_one_share_a_connection() -> None:
    large = b"Subject: x\r\n\r\n" + b"..dots\r\n" * 50_000
    async with Sink() as sink, sending(sink) as sender:
        for content in (MAIL, large, b".\r\n" * 3, large):
            assert (await sender.send(letter(content)))[AMY].positive
        assert [mail.content for mail in sink.mails] == [MAIL, large, b".\r\n" * 3, large]
        assert sink.connections == 1


async def test_closing_leaves_politely_and_keeps_nothing_afterwards() -> None:
    async with Sink() as sink, sending(sink) as sender:
        await asyncio.gather(*(sender.send(letter()) for _ in range(3)))
        await sender.close()
        assert verbs(sink)[-3:] == ["QUIT"] * 3
        await mailed(sender)
        await until(lambda: sink.open_now == 0)
