"""The SMTP door, attacked and used: dialogues written down, each played against a real door."""

import asyncio
import base64
import contextlib
import random
import re
from dataclasses import replace
from pathlib import Path

import pytest
import structlog

from gateway.smtp.limits import Limits
from gateway.smtp.premises import Kind
from gateway.smtp.sasl import PASSWORD_MECHANISMS, TOKEN_MECHANISMS
from tests.dialogue import Talk, play, read_dialogues
from tests.gateway.doorway import doorway, until

LIMITS = Limits(
    greeting_pause=0,
    message_bytes=20_000,
    recipients=3,
    messages=3,
    idle_commands=12,
    errors=6,
    data_linger=0.2,
    linger=0.2,
    handshake=5,
)

QUICK = replace(LIMITS, idle=1.2, handshake=1.2, data_rate=1000, data_rate_after=0.6)

HERE = Path(__file__).parent / "dialogues"
COMMON = read_dialogues(HERE / "common.txt")
FILES = {file.stem: read_dialogues(file, COMMON) for file in HERE.glob("*.txt")}
FILES.pop("common")
AT_ONCE = 16
EVERYTHING = (*PASSWORD_MECHANISMS, *TOKEN_MECHANISMS)


@pytest.mark.parametrize("name", sorted(FILES))
async def test_dialogues(name: str, tmp_path: Path) -> None:
    """Play every dialogue of a file, many at once, at one door; each has its own name in EHLO."""
    kind, _, subject = name.partition("-")
    limits = QUICK if subject == "timeouts" else LIMITS
    room = asyncio.Semaphore(AT_ONCE)
    problems: list[str] = []
    async with doorway(tmp_path, limits, mechanisms=EVERYTHING) as door:

        async def played(number: int, title: str, steps: list[str]) -> None:
            me = f"c{number}.example"
            mine = [
                re.sub(
                    r"\b(EHLO|HELO) (?:x|client\.example)\b", rf"\1 {me}", one, flags=re.IGNORECASE
                )
                for one in steps
            ]
            async with room, await door.talk(Kind(kind)) as talk:
                try:
                    await play(
                        talk,
                        mine,
                        door.tls,
                        lambda: sum(one.session.helo == me for one in door.taken),
                    )
                except (AssertionError, OSError, TimeoutError) as error:
                    problems.append(f"{title}: {error!r}")

        scripts = enumerate(FILES[name].items())
        await asyncio.gather(*(played(number, *one) for number, one in scripts))
        assert problems == []
        async with await door.talk(hello=True) as honest:
            assert (await honest.mail("a@b.org", "c@d.org", data=b"x")).startswith("250")


def test_there_are_enough() -> None:
    assert sum(map(len, FILES.values())) >= 200


async def test_a_dialogue_can_fail(tmp_path: Path) -> None:
    """Negative control: a wrong expectation is noticed."""
    wrong = [step.replace("< 250", "< 251") for step in COMMON["ready"]]
    async with doorway(tmp_path, LIMITS) as door, await door.talk() as talk:
        with pytest.raises(AssertionError):
            await play(talk, wrong, door.tls)


WORDS = [
    b"EHLO x\r\n", b"HELO x\r\n", b"MAIL FROM:<a@council.gov.uk>\r\n", b"MAIL FROM:<> SIZE=9\r\n",
    b"RCPT TO:<b@c.org>\r\n", b"DATA\r\n", b"x: y\r\n\r\nz\r\n.\r\n", b"\r\n.\r\n", b".\r\n",
    b"RSET\r\n", b"NOOP\r\n", b"AUTH PLAIN AGEAYg==\r\n", b"AUTH LOGIN\r\n", b"YQ==\r\n", b"*\r\n",
    b"STARTTLS\r\n", b"QUIT\r\n", b"\r", b"\n", b"\0", b" ", b"\xff\r\n", b"A" * 5000, b"\r\n",
    b"BDAT 3\r\n", b"HELP\r\n",
]  # fmt: skip


async def test_no_talk_brings_the_door_down(tmp_path: Path) -> None:
    """Nonsense of every kind: an answer or a close each time, and no failure of ours."""
    chance = random.Random(20261122)
    limits = Limits(greeting_pause=0, linger=0, data_linger=0.05, idle=0.3, handshake=0.3)
    async with doorway(tmp_path, limits) as door:
        with structlog.testing.capture_logs() as entries:
            for _ in range(150):
                async with await door.talk(chance.choice([Kind.TRUSTED, Kind.STARTTLS])) as talk:
                    words = [b"EHLO x\r\n"] * chance.randrange(2)
                    words += chance.choices(WORDS, k=chance.randrange(12))
                    for word in words:
                        with contextlib.suppress(ConnectionError):
                            await talk.send(word)
                        await asyncio.sleep(chance.choice([0, 0, 0.002]))
                    if chance.random() < 0.8:
                        continue  # hang up, wherever it is
                    for line in (await talk.closed()).split(b"\r\n")[:-1]:
                        assert re.match(rb"[2-5]\d\d[ -]", line), line
            await until(lambda: door.listener.connections == 0)
        assert {one["event"] for one in entries} <= {
            "smtp.refused", "smtp.gone", "smtp.timeout", "smtp.tls_failed", "smtp.tls_injection",
        }  # fmt: skip
        async with await door.talk(hello=True) as honest:
            assert (await honest.mail("a@b.org", "c@d.org", data=b"x")).startswith("250")


# Every way that some server has been seen to end a mail (CVE-2023-51764, -51765, -51766,
# CVE-2024-27305): here none of them does, and a bare CR or LF refuses the mail and closes.
FAKE_ENDS = [
    b"\n.\n",
    b"\n.\r\n",
    b"\r\n.\n",
    b"\r.\r",
    b"\r.\r\n",
    b"\r\n.\r",
    b"\n.\r",
    b"\r.\n",
    b"\r\n.\r\r\n",
    b"\r\r\n.\r\n",
    b"\r\r\n.\r\r\n",
    b"\n\n.\n\n",
    b"\n\r.\n\r",
    b"\r\n\n.\r\n",
    b"\r\n.\x00\r\n",
    b"\r\n\x00.\r\n",
    b"\x00.\r\n",
    b"\r\n. \r\n",
    b"\x0b.\x0b",
    b"\x0c.\x0c",
    b"\x85.\x85",
    b"\xc2\x85.\xc2\x85",
    "\u2028.\u2028".encode(),
    b"\r\n.\x1a\r\n",
]
SMUGGLED = (
    b"MAIL FROM:<ceo@council.gov.uk>\r\nRCPT TO:<victim@example.org>\r\nDATA\r\n"
    b"From: ceo@council.gov.uk\r\n\r\npwned\r\n.\r\n"
)


@pytest.mark.parametrize("end", FAKE_ENDS, ids=lambda end: ascii(end)[2:-1])
async def test_nothing_is_smuggled(end: bytes, tmp_path: Path) -> None:
    async with doorway(tmp_path, LIMITS) as door, await door.talk() as talk:
        await play(talk, COMMON["in data"], door.tls)
        sent = b"Subject: t\r\n\r\nbody" + end + SMUGGLED
        reply = await talk.say(sent)
        doubtful = sent.replace(b"\r\n", b"")
        if b"\r" in doubtful or b"\n" in doubtful:
            assert reply.startswith("550 5.6.0")
            assert "bare CR or LF" in reply
            assert await talk.closed() == b""
            assert door.taken == []
        elif b"\0" in sent:
            assert reply.startswith("550 5.6.0")
            assert door.taken == []
            await talk.say("NOOP", "250")
        else:
            assert reply.startswith("250")
            assert len(door.taken) == 1
            stuffed = b"\r\n" + sent.removesuffix(b".\r\n")
            assert door.taken[0].content == stuffed.replace(b"\r\n.", b"\r\n")[2:]
            await talk.say("NOOP", "250")


ACCEPTED = [
    "amy@example.org",
    "Amy.O'Neil+tag@sub.example.co.uk",
    "a_b-c=d@example.org",
    "#$&'*+=?^_`{}~@example.org",
    '"amy"@example.org',
    '"amy jones"@example.org',
    "a@xn--bcher-kva.example",
    "x" * 64 + "@example.org",
]
REFUSED = [
    "", "amy", "@example.org",
    "amy@", "amy@example", "amy@@example.org", "amy@example.org@evil.org",
    "@relay.org:amy@example.org", "@a.org,@b.org:amy@example.org", "amy%evil.org@example.org",
    "evil.org!amy@example.org", "amy@[127.0.0.1]", "amy@[IPv6:::1]", "amy@127.0.0.1",
    "amy(comment)@example.org", "amy@example.org(comment)", "amy @example.org", "amy@ example.org",
    ".amy@example.org", "amy.@example.org", "a..b@example.org", "amy@example.org.", "amy@-a.org",
    "amy@a-.org", "amy@a_b.org", "amy@.example.org", "amy@example..org", "|cmd@example.org",
    "-oQtmp@example.org", "../../x@example.org", "/etc/passwd@example.org", '"a"b"@example.org',
    '"\\"@example.org', '"a\\"b"@example.org', '"a@b.org"@example.org', "a,b@example.org",
    "a;b@example.org", "a:b@example.org", "x" * 65 + "@example.org", "a@" + "b" * 64 + ".org",
    "a@" + "b." * 127 + "org", "amy\t@example.org", "amy\x7f@example.org", "amy\x1b@example.org",
    "<amy@example.org>", "amy@example.org><b@example.org", "amy@exa mple.org", "postmaster",
]  # fmt: skip


async def test_addresses_that_are_accepted_arrive_as_they_were(tmp_path: Path) -> None:
    async with (
        doorway(tmp_path, Limits(greeting_pause=0)) as door,
        await door.talk(hello=True) as talk,
    ):
        reply = await talk.mail("jane@council.gov.uk", *ACCEPTED, data=b"x")
        assert reply.startswith("250")
        (mail,) = door.taken
        expected = [one.replace('"amy"', "amy") for one in ACCEPTED if one != '"amy"@example.org']
        assert [str(one) for one in mail.session.recipients] == expected


async def test_addresses_that_are_refused_leave_the_talk_in_step(tmp_path: Path) -> None:
    async with (
        doorway(tmp_path, Limits(greeting_pause=0, errors=100)) as door,
        await door.talk(hello=True) as talk,
    ):
        await talk.say("MAIL FROM:<jane@council.gov.uk>", "250")
        for one in REFUSED:
            reply = await talk.say(f"RCPT TO:<{one}>")
            assert reply.startswith(("501 5.", "553 5.")), (one, reply)
        await talk.say("RSET", "250")
        for one in REFUSED[1:]:
            reply = await talk.say(f"MAIL FROM:<{one}>")
            assert reply.startswith(("501 5.", "553 5.")), (one, reply)
        await talk.say("NOOP", "250")


async def test_nobody_signs_in_as_one_and_acts_as_another(tmp_path: Path) -> None:
    async with doorway(tmp_path, LIMITS) as door:
        for acting_as, expected in [("jane@council.gov.uk", "235"), ("boss@council.gov.uk", "535")]:
            async with await door.talk(Kind.TLS, hello=True) as talk:
                blob = f"{acting_as}\0jane@council.gov.uk\0correct horse".encode()
                await talk.say(f"AUTH PLAIN {base64.b64encode(blob).decode()}", expected)
        assert door.notebook.tried == ["jane@council.gov.uk"]


async def test_an_early_talker_is_shown_out(tmp_path: Path) -> None:
    slow = Limits(greeting_pause=0.3, linger=0.2)
    async with doorway(tmp_path, slow) as door:
        for kind in (Kind.STARTTLS, Kind.TLS):
            async with await door.talk(kind) as talk:
                await talk.send("EHLO x")
                assert (await talk.reply()).startswith("554 5.5.0")
                assert await talk.closed() == b""
        async with await Talk.open(door.port()) as patient:
            assert (await patient.reply()).startswith("220")
