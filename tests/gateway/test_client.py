"""The SMTP client against a next hop that records bytes and can lie."""

import asyncio
import itertools
import re
from collections.abc import AsyncIterator, Iterable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from pydantic import SecretStr, ValidationError

from gateway.relay import client
from gateway.relay.answers import Answer, Reply
from gateway.relay.commands import UnsafeCommandError, command, path, plain
from gateway.relay.connections import Connections
from gateway.relay.content import DotStuffer, UnsafeContentError, measure
from gateway.relay.letter import Letter
from gateway.relay.rests import Rests
from gateway.relay.server import Server
from gateway.relay.settings import NextHopSettings, TlsMode
from tests.certificates import server_context
from tests.sink import Script, Sink
from vault.address import Address

JANE = Address.parse("jane@council.gov.uk")
AMY = Address.parse("amy@example.org")
BEN = Address.parse("ben@example.org")
CAT = Address.parse("cat@example.net")
MAIL = b"Subject: x\r\n\r\nHello\r\n"


def hop(sink: Sink, **changes: object) -> NextHopSettings:
    return NextHopSettings.model_validate(
        {
            "host": "127.0.0.1",
            "port": sink.port,
            "tls": "none",
            "hello": "gate.council.gov.uk",
            "reply_timeout": timedelta(seconds=5),
            **changes,
        }
    )


def letter(content: bytes | Iterable[bytes] = MAIL, *to: Address, **changes: object) -> Letter:
    chunks = [content] if isinstance(content, bytes) else content
    size = len(content) if isinstance(content, bytes) else 0
    return Letter(JANE, to or (AMY,), chunks, size, **changes)  # type: ignore[arg-type]


async def send(to: NextHopSettings, what: Letter) -> dict[Address, Answer]:
    """Send one mail over a connection of its own."""
    connections = Connections()
    try:
        return await client.send(Server.all_of(to), what, connections, Rests())
    finally:
        await connections.close()


def codes(answers: dict[Address, Answer]) -> dict[str, tuple[int, str]]:
    return {str(to): (answer.code, answer.enhanced) for to, answer in answers.items()}


async def test_a_mail_arrives_byte_for_byte() -> None:
    async with Sink() as sink:
        answers = await send(hop(sink), letter(MAIL, AMY, BEN))
    (mail,) = sink.mails
    assert mail.content == MAIL
    assert mail.sender == str(JANE)
    assert mail.recipients == (str(AMY), str(BEN))
    assert mail.mail_line == f"MAIL FROM:<{JANE}> SIZE={len(MAIL)}"
    assert answers[AMY] == Answer(250, "2.0.0", "Taken")
    assert answers[BEN].positive
    assert sink.commands[0] == "EHLO gate.council.gov.uk"
    assert sink.commands[-1] == "QUIT"


async def test_without_extensions_everything_is_one_by_one() -> None:
    async with Sink(Script(extensions=[])) as sink:
        answers = await send(hop(sink), letter(MAIL, AMY, BEN))
    assert codes(answers) == {str(AMY): (250, "2.0.0"), str(BEN): (250, "2.0.0")}
    assert sink.mails[0].mail_line == f"MAIL FROM:<{JANE}>"


async def test_helo_follows_a_refused_ehlo() -> None:
    async with Sink(Script(answers={"ehlo": "502 What?"})) as sink:
        assert (await send(hop(sink), letter()))[AMY].positive
    assert [line.split()[0] for line in sink.commands] == [
        "EHLO", "HELO", "MAIL", "RCPT", "DATA", "QUIT",
    ]  # fmt: skip


async def test_the_null_path() -> None:
    async with Sink() as sink:
        await send(hop(sink), Letter(None, (AMY,), [MAIL], len(MAIL)))
    assert sink.mails[0].mail_line.startswith("MAIL FROM:<> ")


# Content


def reference_stuffing(content: bytes) -> bytes:
    whole = content if not content or content.endswith(b"\r\n") else content + b"\r\n"
    lines = whole.split(b"\r\n")[:-1]
    return b"".join(b"." * line.startswith(b".") + line + b"\r\n" for line in lines) + b".\r\n"


def pieces(content: bytes, cuts: list[int]) -> Iterator[bytes]:
    edges = [0, *sorted(cut % (len(content) + 1) for cut in cuts), len(content)]
    for start, end in itertools.pairwise(edges):
        yield content[start:end]


@settings(max_examples=150, deadline=None)
@given(
    st.lists(st.sampled_from([b"\r\n", b".", b"a", b"\xff", b"\r\n.", b"\r\n.\r\n"])).map(b"".join),
    st.lists(st.integers(0, 60), max_size=8),
)
@example(b".\r\n.\r\n", [1, 2, 3, 4, 5])
@example(b"a\r\n.b", [2])
def test_dots_are_stuffed_over_any_borders(content: bytes, cuts: list[int]) -> None:
    stuffer = DotStuffer()
    wire = b"".join([stuffer.feed(piece) for piece in pieces(content, cuts)]) + stuffer.finish()
    assert wire == reference_stuffing(content)
    assert wire.count(b"\r\n.\r\n") + wire.startswith(b".\r\n") == 1


UNSAFE = [
    b"\r",
    b"\n",
    b"\0",
    b"a\r\r\n",
    b"a\n\r\n",
    b"\r\n\r",
    b"a\r\nb\n.\r\nc",
    b"\r\n.\r",
    b"\r\0\n",
]


@pytest.mark.parametrize("content", UNSAFE)
def test_bare_cr_lf_and_nul_are_refused_over_any_border(content: bytes) -> None:
    for cut in range(len(content) + 1):
        with pytest.raises(UnsafeContentError):
            measure([content[:cut], content[cut:]])


def test_measure() -> None:
    found = measure([b"a\r", b"\n", "é".encode()])
    assert (found.size, found.eight_bit) == (5, True)
    assert measure([]).size == 0


@pytest.mark.parametrize("ending", [b"\n.\r\n", b"\r\n.\n", b"\r.\r", b"\n.\n", b"\r\n.\r\r\n"])
async def test_nothing_can_be_smuggled_to_the_next_hop(ending: bytes) -> None:
    evil = b"Subject: x\r\n\r\nbody" + ending + b"MAIL FROM:<ceo@council.gov.uk>\r\n"
    async with Sink() as sink:
        answers = await send(hop(sink), letter([evil[:30], evil[30:]]))
        assert codes(answers) == {str(AMY): (554, "5.6.0")}
        await asyncio.sleep(0.05)
    assert sink.mails == []
    assert "MAIL FROM:<ceo@council.gov.uk>" not in sink.commands


async def test_a_clean_end_of_data_inside_stays_inside() -> None:
    evil = b"Subject: x\r\n\r\nbody\r\n.\r\nMAIL FROM:<ceo@council.gov.uk>\r\n"
    async with Sink() as sink:
        await send(hop(sink), letter(evil))
    (mail,) = sink.mails
    assert mail.content == evil
    assert b"\r\n..\r\nMAIL" in mail.raw


@pytest.mark.parametrize("content", [b"", b".", b"Subject: x\r\n\r\nno newline", b"\r\n"])
async def test_a_final_newline_is_added_once_if_missing(content: bytes) -> None:
    async with Sink() as sink:
        await send(hop(sink), letter(content))
    missing = b"" if not content or content.endswith(b"\r\n") else b"\r\n"
    assert sink.mails[0].content == content + missing


async def test_a_large_mail_streams_from_any_source() -> None:
    block = b"x" * 998 + b"\r\n"

    def blocks() -> Iterator[bytes]:
        for _ in range(20):
            yield block * 300

    async def later() -> AsyncIterator[bytes]:
        for one in blocks():
            await asyncio.sleep(0)
            yield one

    async with Sink() as sink:
        for source in (blocks(), later()):
            assert (await send(hop(sink), Letter(JANE, (AMY,), source, 6_000_000)))[AMY].positive
    assert [mail.content for mail in sink.mails] == [block * 6000] * 2


async def test_a_source_that_fails_leaves_no_mail() -> None:
    def broken() -> Iterator[bytes]:
        yield MAIL
        raise LookupError("gone")

    async with Sink() as sink:
        with pytest.raises(LookupError):
            await send(hop(sink), letter(broken()))
        await asyncio.sleep(0.05)
    assert sink.mails == []


# Answers


async def test_each_recipient_gets_its_own_answer() -> None:
    refusals = {str(BEN): "550-5.1.1 No such\r\n550 5.1.1 user", str(CAT): "452 4.2.2 Full"}
    for extensions in (["PIPELINING"], []):
        async with Sink(Script(extensions, recipients=dict(refusals))) as sink:
            answers = await send(hop(sink), letter(MAIL, AMY, BEN, CAT))
        assert codes(answers) == {
            str(AMY): (250, "2.0.0"),
            str(BEN): (550, "5.1.1"),
            str(CAT): (452, "4.2.2"),
        }
        assert answers[BEN].text == "No such user"
        assert answers[BEN].permanent
        assert answers[CAT].temporary
        assert sink.mails[0].recipients == (str(AMY),)


@pytest.mark.parametrize("extensions", [["PIPELINING"], []])
async def test_nobody_taken_means_no_content(extensions: list[str]) -> None:
    script = Script(extensions, recipients={str(AMY): "550 5.1.1 No"})
    async with Sink(script) as sink:
        assert codes(await send(hop(sink), letter())) == {str(AMY): (550, "5.1.1")}
    assert sink.mails == sink.refused == []


@pytest.mark.parametrize("extensions", [["PIPELINING"], []])
async def test_a_refused_sender_is_everyones_answer(extensions: list[str]) -> None:
    async with Sink(Script(extensions, answers={"mail": "553 5.7.1 Not yours"})) as sink:
        answers = await send(hop(sink), letter(MAIL, AMY, BEN))
    assert set(codes(answers).values()) == {(553, "5.7.1")}


@pytest.mark.parametrize(
    ("stage", "said", "expected"),
    [
        ("dot", "550 5.7.1 Spam", (550, "5.7.1")),
        ("dot", "451 Later", (451, "4.0.0")),
        ("dot", "250 5.9.9 muddled", (250, "2.0.0")),
        ("dot", "354 more?", (454, "4.0.0")),
        ("data", "554 5.5.1 No", (554, "5.5.1")),
        ("data", "250 2.0.0 Taken, trust me", (450, "4.0.0")),
        ("mail", "530 5.7.0 Must issue a STARTTLS command first", (430, "4.7.0")),
        ("greeting", "554 5.7.1 Go away", (451, "4.7.1")),
        ("greeting", "421 4.3.2 Restarting", (451, "4.3.2")),
        ("ehlo", "421 busy", (451, "4.3.2")),
    ],
)
async def test_answers_are_read_with_care(stage: str, said: str, expected: tuple[int, str]) -> None:
    async with Sink(Script(extensions=[], answers={stage: said})) as sink:
        assert codes(await send(hop(sink), letter())) == {str(AMY): expected}


@pytest.mark.parametrize("stage", ["greeting", "ehlo", "mail", "rcpt", "data", "dot"])
@pytest.mark.parametrize("how", ["drop", "stall"])
async def test_silence_at_any_stage_is_temporary(stage: str, how: str) -> None:
    script = Script(drop={stage}) if how == "drop" else Script(stall={stage})
    async with Sink(script) as sink:
        quick = hop(
            sink, reply_timeout=timedelta(seconds=0.3), final_timeout=timedelta(seconds=0.3)
        )
        answers = await send(quick, letter(MAIL, AMY, BEN))
    assert set(codes(answers).values()) == {(451, "4.4.2")}


async def test_a_next_hop_that_is_not_there() -> None:
    async with Sink() as sink:
        gone = hop(sink)
    assert codes(await send(gone, letter())) == {str(AMY): (451, "4.4.1")}


async def test_a_refusal_in_the_middle_of_the_content_counts() -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 x\r\n")
        for said in (b"250 x\r\n", b"250 ok\r\n", b"250 ok\r\n", b"354 go\r\n"):
            await reader.readline()
            writer.write(said)
        await reader.readexactly(100)
        writer.write(b"552 5.3.4 Too big\r\n")
        await reader.read(-1)
        writer.close()

    async def slow() -> AsyncIterator[bytes]:
        yield b"x" * 98 + b"\r\n"
        await asyncio.sleep(0.3)
        yield b"y\r\n"

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        next_hop = NextHopSettings(host="127.0.0.1", port=port, tls=TlsMode.NONE)
        answers = await send(next_hop, Letter(JANE, (AMY,), slow(), 103))
    assert codes(answers) == {str(AMY): (552, "5.3.4")}


@pytest.mark.parametrize(
    "noise",
    [
        b"250-x\r\n" * 300,
        b"250-" + b"x" * 100_000 + b"\r\n",
        b"250-one\r\n550 two\r\n",
        b"\xff\xfe\x00garbage\r\n",
        b"HTTP/1.1 400 Bad Request\r\n\r\n",
        b"99 low\r\n",
        b"2500 long\r\n",
    ],
)
async def test_an_answer_that_is_no_smtp_is_temporary(noise: bytes) -> None:
    async with Sink(Script(answers={"dot": noise})) as sink:
        assert codes(await send(hop(sink), letter())) == {str(AMY): (451, "4.5.0")}


async def test_a_mail_beyond_the_announced_size_is_not_sent() -> None:
    async with Sink(Script(extensions=["SIZE 10"])) as sink:
        answers = await send(hop(sink), letter())
    assert codes(answers) == {str(AMY): (552, "5.3.4")}
    assert [line.split()[0] for line in sink.commands] == ["EHLO", "QUIT"]


async def test_answers_hold_printable_text_only() -> None:
    async with Sink(Script(answers={"dot": "550 5.1.1 a\x1b[31m\t\u202eb" + "c" * 900})) as sink:
        answer = (await send(hop(sink), letter()))[AMY]
    assert answer.text.startswith("a [31m bcc")
    assert len(answer.text) <= 300
    assert answer.status.startswith("5.1.1 a")


def test_an_enhanced_code_must_fit_its_code() -> None:
    assert Answer.of(Reply(550, (b"5.1.10 x",))).enhanced == "5.1.10"
    assert Answer.of(Reply(550, (b"4.1.1 x",))).enhanced == "5.0.0"
    assert Answer.of(Reply(550, (b"5.1.1x",))).enhanced == "5.0.0"


# TLS


@pytest.fixture
def tls(tmp_path: Path) -> tuple[object, Path]:
    return server_context(tmp_path, "mail.council.gov.uk")


@pytest.mark.parametrize("mode", ["opportunistic", "required"])
async def test_starttls_is_used_and_ehlo_said_again(tls: tuple, mode: str) -> None:  # type: ignore[type-arg]
    async with Sink(tls=tls[0]) as sink:
        assert (await send(hop(sink, tls=mode), letter(b"x\r\n" * 100_000)))[AMY].positive
    assert sink.mails[0].tls
    assert sink.commands[:3] == [
        "EHLO gate.council.gov.uk", "STARTTLS", "EHLO gate.council.gov.uk",
    ]  # fmt: skip


async def test_none_means_none(tls: tuple) -> None:  # type: ignore[type-arg]
    async with Sink(tls=tls[0]) as sink:
        assert (await send(hop(sink), letter()))[AMY].positive
    assert not sink.mails[0].tls


async def test_verified_needs_the_name_and_the_authority(tls: tuple) -> None:  # type: ignore[type-arg]
    context, authority = tls
    async with Sink(tls=context) as sink:
        good = hop(sink, tls="verified", tls_authorities=authority, tls_name="mail.council.gov.uk")
        assert (await send(good, letter()))[AMY].positive
        assert sink.mails.pop().tls
        for bad in (
            hop(sink, tls="verified", tls_authorities=authority, tls_name="mail.example.org"),
            hop(sink, tls="verified", tls_name="mail.council.gov.uk"),
            hop(sink, tls="verified", tls_authorities=authority.parent / "absent.pem"),
        ):
            assert codes(await send(bad, letter())) == {str(AMY): (451, "4.7.0")}
    assert sink.mails == []


@pytest.mark.parametrize("mode", ["required", "verified"])
async def test_stripped_starttls_is_never_answered_in_the_clear(tls: tuple, mode: str) -> None:  # type: ignore[type-arg]
    async with Sink() as bare, Sink(Script(answers={"starttls": "454 No"}), tls=tls[0]) as refusing:
        for sink in (bare, refusing):
            assert codes(await send(hop(sink, tls=mode), letter())) == {str(AMY): (451, "4.7.10")}
            assert not any(line.startswith(("MAIL", "AUTH")) for line in sink.commands)


async def test_opportunistic_goes_on_when_tls_is_not_to_be_had() -> None:
    async with Sink() as sink:
        assert (await send(hop(sink, tls="opportunistic"), letter()))[AMY].positive


@pytest.mark.parametrize("mode", ["opportunistic", "required"])
async def test_bytes_behind_the_220_abort_the_connection(tls: tuple, mode: str) -> None:  # type: ignore[type-arg]
    async with Sink(Script(injected=b"250 evil\r\n"), tls=tls[0]) as sink:
        assert codes(await send(hop(sink, tls=mode), letter())) == {str(AMY): (451, "4.7.0")}
    assert sink.commands[-1] == "STARTTLS"
    assert sink.mails == []


# Logging in


@pytest.mark.parametrize("mechanisms", ["PLAIN LOGIN", "LOGIN"])
async def test_login(tls: tuple, mechanisms: str) -> None:  # type: ignore[type-arg]
    context, authority = tls
    script = Script(users={"gate": "pässword"}, mechanisms=mechanisms)
    async with Sink(script, tls=context) as sink:
        settings_ = {"tls": "verified", "tls_authorities": authority, "username": "gate"}
        right = hop(sink, **settings_, password="pässword")
        assert (await send(right, letter()))[AMY].positive
        assert sink.mails[0].login == "gate"
        wrong = hop(sink, **settings_, password="guess")
        assert codes(await send(wrong, letter())) == {str(AMY): (451, "4.7.8")}
    assert "pässword" not in repr(right)


async def test_login_that_is_not_offered_is_temporary() -> None:
    async with Sink() as sink:
        answers = await send(hop(sink, username="gate", password="x"), letter())
    assert codes(answers) == {str(AMY): (451, "4.7.8")}


def test_a_password_is_never_set_onto_an_unverified_connection() -> None:
    remote = {"host": "smtp.example.org", "username": "gate", "password": SecretStr("x")}
    assert NextHopSettings.model_validate({**remote, "tls": "verified"}).username
    for mode in ("none", "opportunistic", "required"):
        with pytest.raises(ValidationError, match="verified"):
            NextHopSettings.model_validate({**remote, "tls": mode})


# Injection


def forged(local: str, domain: str) -> Address:
    """Make an address past its own checks: the client must not rely on them."""
    address = Address.parse("a@example.org")
    object.__setattr__(address, "local", local)
    object.__setattr__(address, "domain", domain)
    return address


EVIL = [
    forged("a@example.org>\r\nRCPT TO:<evil", "example.org"),
    forged("a", "example.org\r\nDATA"),
    forged("a\0", "example.org"),
    forged("a>b", "example.org"),
    forged("a b", "example.org"),
    forged("jan\u2028é", "example.org"),
    forged("jan\x85", "example.org"),
    forged("a\n", "example.org"),
]


@pytest.mark.parametrize("evil", EVIL)
async def test_an_address_cannot_end_a_command(evil: Address) -> None:
    async with Sink() as sink:
        answers = await send(hop(sink), letter(MAIL, AMY, evil))
        assert answers[AMY].positive
        assert (answers[evil].code, answers[evil].enhanced) == (553, "5.1.3")
        answers = await send(hop(sink), Letter(evil, (AMY,), [MAIL], 1))
        assert (answers[AMY].code, answers[AMY].enhanced) == (553, "5.1.7")
    assert [mail.recipients for mail in sink.mails] == [(str(AMY),)]
    assert sum(line.startswith(("RCPT", "DATA")) for line in sink.commands) == 2


@given(st.text())
def test_no_command_holds_a_control_character(text: str) -> None:
    try:
        line = command("NOOP", text)
    except UnsafeCommandError:
        return
    assert line.endswith(b"\r\n")
    assert line[:-2].decode().isprintable()
    assert not re.search(rb"[\0-\x1f\x7f]", line[:-2])


def test_quoted_addresses_and_logins() -> None:
    assert path(Address.parse('"a b"@example.org')) == '<"a b"@example.org>'
    with pytest.raises(UnsafeCommandError):
        plain("gate\0root", "x")
