"""Awkward mails through the real node: not a byte is changed, in the clear or sealed.

What may change is written down in `untouched.py`.
"""

import re
from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest
import pytest_asyncio

from tests.e2e.browser import Visitor
from tests.e2e.stage import DOMAIN, Stage, plain_text
from tests.e2e.untouched import assert_same_below, left, on_the_wire, sha256
from tests.golden.awkward import awkward_mails, hostile_mails

AWKWARD, HOSTILE = dict(awkward_mails()), dict(hostile_mails())
CERI = f"ceri.vaughan@{DOMAIN}"
SAM = "sam@partner.example"
FLAG = b"X-Sealgate-Protect: yes\r\n"

REFUSAL = re.compile(r"[245]\d\d[ -]\d\.\d\.\d+ [A-Z][ -~]{10,190}")


async def send(stage: Stage, mail: bytes) -> str:
    return await stage.hand_over(mail, [SAM], sender=CERI)


# --- in the clear


def test_there_are_enough() -> None:
    assert len(AWKWARD) >= 60


@pytest.mark.parametrize("name", AWKWARD)
async def test_relayed_in_the_clear_it_arrives_byte_for_byte(name: str, stage: Stage) -> None:
    answer = await send(stage, AWKWARD[name])
    assert answer.startswith("250 2.0.0 Relayed "), answer
    (caught,) = stage.sink.mails
    assert (caught.sender, caught.recipients) == (CERI, (SAM,))
    assert_same_below(caught.content, AWKWARD[name])


def test_only_the_bcc_lines_of_the_header_are_left_out() -> None:
    changed = {name for name, mail in AWKWARD.items() if left(mail) != on_the_wire(mail)}
    assert changed == {"bcc-in-headers"}
    assert b"Bcc" not in left(AWKWARD["bcc-in-headers"])
    assert b"Bcc: nobody@" in left(AWKWARD["body-that-looks-like-headers"])


@pytest.mark.parametrize("name", AWKWARD)
def test_one_changed_byte_would_be_noticed(name: str) -> None:
    """The control: first, middle and last byte, one byte more and one less, in turn."""
    mail = left(AWKWARD[name])
    prefix = (
        b"Received: from client.example ([127.0.0.1])\r\n"
        b"\tby gateway.council.example with ESMTP id 7F3K-92QD\r\n"
        b"\tfor <sam@partner.example>;\r\n\tMon, 16 Nov 2026 09:30:00 +0000\r\n"
    )
    assert_same_below(prefix + mail, AWKWARD[name])
    for at in (0, len(mail) // 2, len(mail) - 1):
        changed = bytearray(prefix + mail)
        changed[len(prefix) + at] ^= 1
        with pytest.raises(AssertionError):
            assert_same_below(bytes(changed), AWKWARD[name])
    for changed_length in (mail + b"\r\n", mail[:-1], b"X-More: yes\r\n" + mail):
        with pytest.raises(AssertionError):
            assert_same_below(prefix + changed_length, AWKWARD[name])


# --- sealed


@dataclass
class Reading:
    """Every awkward mail, flagged and sealed, and its reader."""

    links: dict[str, str]  # by the mail's name
    visitor: Visitor


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def reading(stage: Stage) -> AsyncIterator[Reading]:
    stage.sink.mails.clear()
    answers = {}
    for name, mail in AWKWARD.items():
        answer = await send(stage, FLAG + mail)
        assert answer.startswith("250 2.0.0 Sealed "), f"{name}: {answer}"
        answers[name] = answer.split()[-1]
    await stage.wait_until(lambda: len(stage.sink.mails) >= len(AWKWARD), seconds=180)
    notices = [plain_text(caught.content) for caught in stage.sink.mails]
    assert len(notices) == len(AWKWARD), "nothing but notices has left"
    links = {name: link_in(notices, reference) for name, reference in answers.items()}
    assert len(set(links.values())) == len(AWKWARD)
    async with await stage.sign_in(SAM) as visitor:
        yield Reading(links, visitor)


def link_in(notices: list[str], reference: str) -> str:
    (notice,) = [text for text in notices if reference in text]
    found = re.search(r"https://localhost:\d+/p/[a-z0-9]+", notice)
    assert found, notice
    return found[0]


@pytest.mark.parametrize("name", AWKWARD)
async def test_sealed_it_opens_byte_for_byte(name: str, reading: Reading) -> None:
    opened = await reading.visitor.get(f"{reading.links[name]}/original.eml")
    assert opened.status == 200
    assert sha256(opened.body) == sha256(left(FLAG + AWKWARD[name]))


@pytest.mark.parametrize("name", AWKWARD)
async def test_sealed_it_can_be_looked_at(name: str, reading: Reading) -> None:
    page = await reading.visitor.get(reading.links[name])
    assert page.status == 200, page.text
    for frame in page.frames:
        assert (await reading.visitor.get(frame)).status == 200


# --- hostile


@pytest.mark.parametrize("name", HOSTILE)
async def test_a_hostile_mail_is_sealed_or_refused_and_the_next_one_taken(
    name: str, stage: Stage
) -> None:
    answer = await send(stage, HOSTILE[name])
    for line in answer.splitlines():
        assert REFUSAL.fullmatch(line) or line.startswith("250 2.0.0 Sealed "), answer
    assert answer[0] in "25", f"a failure of ours? {answer}"
    honest = AWKWARD["dots"]
    assert (await send(stage, honest)).startswith("250 2.0.0 Relayed ")
    clear = [caught for caught in stage.sink.mails if b"golden mail" in caught.header.lower()]
    assert len(clear) == 1, "the hostile one has left in the clear"
    assert_same_below(clear[0].content, honest)


async def test_hostile_mails_that_are_sealed_open_byte_for_byte(stage: Stage) -> None:
    sent = {}
    for mail in HOSTILE.values():
        answer = await send(stage, FLAG + mail)
        if answer.startswith("250"):
            sent[answer.split()[-1]] = left(FLAG + mail)
    assert len(sent) >= 15, "most of them are merely odd"

    def noticed() -> bytes:
        return b"".join(caught.header for caught in stage.sink.mails)

    await stage.wait_until(lambda: all(one.encode() in noticed() for one in sent), seconds=60)
    notices = [plain_text(caught.content) for caught in stage.sink.mails]
    async with await stage.sign_in(SAM) as visitor:
        for reference, mail in sent.items():
            link = link_in(notices, reference)
            assert sha256((await visitor.get(f"{link}/original.eml")).body) == sha256(mail)
            assert (await visitor.get(link)).status == 200


async def test_nothing_broke_on_the_way(stage: Stage) -> None:
    """Every process is the one that was started, and none has logged an error."""
    assert len(stage.ready) == 3
    bad = [event for event in stage.logged() if event["level"] == "error"]
    assert not bad, bad[:5]
