"""A real OpenSMTPD after the node: what it takes is what was sent."""

import re
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from tests.e2e.opensmtpd import REFUSED, OpenSmtpd
from tests.e2e.stage import Stage, mail
from tests.e2e.untouched import below_ours, left, sha256
from tests.golden.awkward import awkward_mails
from tests.sink import Sink

PAT, NOBODY = "pat@solicitors.example", f"sam@{REFUSED}"
ITS_LINES = re.compile(
    rb"Received: from gateway\.council\.example \(localhost \[127\.0\.0\.1\]\)\r\n"
    rb"\tby hop\.opensmtpd\.example \(OpenSMTPD\) with ESMTP id [0-9a-f]+"
    rb"(?:\r\n|\t| |[^\r\n])*?;\r\n?\s[^\r]*\r\n"
)
LARGE = 3 << 20
CHANGED = {"no-message-id-no-date", "empty-to", "headers-out-of-order"}
"""OpenSMTPD adds a Date and a Message-ID where there is none (or none that it finds), and its name
to an empty group."""
TOO_LONG = {"base64-one-long-line", "line-of-a-megabyte", "line-of-a-megabyte-without-line-end"}
"""It refuses lines of more than 64 KiB; the sender hears why."""

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="module")]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def world() -> AsyncIterator[Sink]:
    async with Sink() as sink:
        yield sink


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def hop(world: Sink, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[OpenSmtpd]:
    async with OpenSmtpd(tmp_path_factory.mktemp("hop") / "smtpd", world.port) as running:
        yield running


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def stage(
    hop: OpenSmtpd, world: Sink, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Stage]:
    folder = tmp_path_factory.mktemp("stage") / "node"
    async with Stage(folder, next_hop_port=hop.port, next_hop_tls="opportunistic") as stage:
        unused, stage.sink = stage.sink, world
        yield stage
        stage.sink = unused


def below_its(arrived: bytes) -> bytes:
    """What stands below the lines that OpenSMTPD put on top."""
    on_top = ITS_LINES.match(arrived)
    assert on_top, arrived[:600]
    return arrived[on_top.end() :]


async def test_clear_mails_arrive_as_sent_below_what_both_put_on_top(stage: Stage) -> None:
    """All the golden mails; OpenSMTPD changes three and refuses some, as said above."""
    wanted, too_long = {}, set()
    for number, (name, golden) in enumerate(awkward_mails()):
        to = f"pat{number}@solicitors.example"
        answer = await stage.hand_over(golden, [to])
        if "the next mail server refused it: Line too long" in answer:
            too_long.add(name)
            continue
        assert answer.startswith("250 2.0.0 Relayed"), f"{name}: {answer}"
        wanted[to] = (name, golden)
    differ = set()
    for to, (name, golden) in wanted.items():
        (caught,) = await stage.mails_to(to)
        arrived = below_ours(below_its(caught.content))
        if sha256(arrived) != sha256(left(golden)):
            differ.add(name)
    assert differ == CHANGED
    assert too_long == TOO_LONG


async def test_a_large_mail_arrives_whole(stage: Stage) -> None:
    stage.sink.mails.clear()
    line = b".dots at the start, and " + b"x" * 50 + b"\r\n"
    content = bytes(mail(PAT, "Plans")).rstrip() + b"\r\n" + line * (LARGE // len(line))
    assert (await stage.hand_over(content, [PAT])).startswith("250 2.0.0 Relayed")
    (caught,) = await stage.mails_to(PAT)
    assert sha256(below_ours(below_its(caught.content))) == sha256(content)


async def test_a_notice_goes_through_and_the_content_does_not(stage: Stage) -> None:
    stage.sink.mails.clear()
    answer = await stage.submit(mail(PAT, "[secure] Order", "Room four."), [PAT])
    assert answer.text.startswith("2.0.0 Sealed")
    assert await stage.link_for(PAT)
    assert not [caught for caught in stage.sink.mails if b"Room four." in caught.content]


async def test_whom_it_refuses_is_refused_and_others_get_the_mail(stage: Stage) -> None:
    stage.sink.mails.clear()
    alone = await stage.submit(mail(NOBODY, "Minutes"), [NOBODY])
    assert alone.code == 550
    assert "Invalid recipient" in alone.text
    both = await stage.submit(mail(f"{PAT}, {NOBODY}", "Minutes"), [PAT, NOBODY])
    assert both.code == 250
    await stage.mails_to(PAT)


async def test_what_waits_while_it_is_away_arrives_when_it_is_back(
    stage: Stage, hop: OpenSmtpd
) -> None:
    stage.sink.mails.clear()
    hop.stop()
    answer = await stage.submit(mail(PAT, "Later"), [PAT])
    assert answer.text.startswith("2.0.0 Queued")
    await hop.start()
    (caught,) = await stage.mails_to(PAT)
    assert b"Subject: Later" in caught.content


async def test_connections_were_used_again(hop: OpenSmtpd) -> None:
    log = hop.log()
    mails = log.count(" smtp message ")
    assert mails > 30
    assert log.count(" smtp connected ") < mails / 2
