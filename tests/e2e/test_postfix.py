"""A real Postfix after the node and one before it: what each sees of the other.

The next hop delivers the organisation's own mail into mailboxes and relays the rest to a sink that
keeps every byte. The upstream is the office's mail server: it hands everything to the trusted port.
All talk between them is under TLS, as the node's and Postfix's defaults have it.
"""

import asyncio
import re
import smtplib
from collections.abc import AsyncIterator
from email.message import EmailMessage

import pytest
import pytest_asyncio

from tests.e2e.postfix import Postfix
from tests.e2e.stage import DOMAIN, SENDER, Stage, mail, plain_text
from tests.e2e.untouched import below_ours, left, sha256
from tests.golden.awkward import awkward_mails
from tests.sink import Sink

PAT, KIM = "pat@solicitors.example", "kim@carehome.example"
GONE, SLOW = "gone@partner.example", "slow@partner.example"
AWKWARD = dict(awkward_mails())
HOP_LINES = re.compile(
    rb"Received: from gateway\.council\.example \(localhost \[127\.0\.0\.1\]\)\r\n"
    rb"\tby mail\.council\.example \(Postfix\) with ESMTPS id [0-9A-Z]+(?:\r\n\tfor <[!-~]+>)?;"
    rb"\s[^\r]*\r\n(?:\t[^\r]*\r\n)*"
)
LONGEST = 998  # RFC 5321 section 4.5.3.1.6, which Postfix's smtp_line_length_limit follows

REFUSALS = f"""
smtpd_recipient_restrictions = check_recipient_access inline:{{
    {{ {GONE} = 550 5.1.1 No such person at this firm }}
    {{ {SLOW} = 450 4.2.1 Mailbox busy }} }}
body_checks = regexp:{{ {{ /^forbidden by the next hop/ REJECT The next hop dislikes this }} }}
"""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def world() -> AsyncIterator[Sink]:
    """Everywhere else: what the next hop relays arrives here."""
    async with Sink() as sink:
        yield sink


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def hop(world: Sink) -> AsyncIterator[Postfix]:
    """The server behind the node."""
    boxes = (SENDER, f"li@{DOMAIN}")
    async with Postfix(world.port, domains=(DOMAIN,), mailboxes=boxes, more=REFUSALS) as running:
        yield running


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def stage(
    hop: Postfix, world: Sink, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Stage]:
    """The node, whose outside world is what the next hop relays."""
    stage = Stage(
        tmp_path_factory.mktemp("stage") / "node",
        next_hop_port=hop.port,
        next_hop_tls="opportunistic",
    )
    async with stage:
        unused, stage.sink = stage.sink, world
        yield stage
        stage.sink = unused


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def office(stage: Stage) -> AsyncIterator[Postfix]:
    """The office's mail server before the node; bounces come back into mailboxes there."""
    async with Postfix(
        stage.ports["trusted"],
        name="office",
        domains=(DOMAIN,),
        mailboxes=(SENDER,),
        outgoing_tls="may",
    ) as running:
        yield running


# --- Postfix as the next hop


def as_postfix_passes_on(content: bytes) -> bytes:
    """What Postfix itself changes of a mail that it relays, and nothing else.

    It takes out blanks before the colon of a header and a Return-Path line, and breaks lines that
    are longer than SMTP allows.
    """
    head, blank, body = content.partition(b"\r\n\r\n")
    head = re.sub(rb"(?m)^([!-9;-~]+)[ \t]+:", rb"\1:", head)
    head = re.sub(rb"(?m)^Return-Path:[^\r]*\r\n", b"", head)
    return b"\r\n".join(map(broken, (head + blank + body).split(b"\r\n")))


def broken(line: bytes) -> bytes:
    """A line in pieces of at most 998 bytes, each but the first beginning with a blank."""
    first, rest = line[:LONGEST], line[LONGEST:]
    step = LONGEST - 1
    pieces = [b" " + rest[at : at + step] for at in range(0, len(rest), step)]
    return b"\r\n".join([first, *pieces])


async def test_clear_mails_arrive_as_sent_below_what_both_put_on_top(stage: Stage) -> None:
    """All the golden mails: ten of them Postfix changes, for the three reasons above."""
    for name, golden in AWKWARD.items():
        stage.sink.mails.clear()
        answer = await stage.hand_over(golden, [PAT])
        assert answer.startswith("250 2.0.0 Relayed"), f"{name}: {answer}"
        (caught,) = await stage.mails_to(PAT)
        on_top = HOP_LINES.match(caught.content)
        assert on_top, caught.content[:400]
        arrived = below_ours(caught.content[on_top.end() :])
        assert sha256(arrived) == sha256(as_postfix_passes_on(left(golden))), name
    changed = {name for name, golden in AWKWARD.items() if as_postfix_passes_on(golden) != golden}
    assert len(changed) == 10, changed


async def test_a_mailbox_at_the_next_hop_gets_the_bytes(stage: Stage, hop: Postfix) -> None:
    message = mail(f"li@{DOMAIN}", "Minutes", "As agreed.\n.\nFrom the chair\n")
    answer = await stage.submit(message, [f"li@{DOMAIN}"])
    assert answer.text.startswith("2.0.0 Relayed")
    (stored,) = await hop.mails_in(f"li@{DOMAIN}")
    assert stored.endswith(message.as_bytes().replace(b"\r\n", b"\n"))
    assert b"with ESMTPSA id" in stored, "by us, from the mail client"
    assert b"(Postfix) with ESMTPS id" in stored, "by Postfix, from us"


async def test_notice_code_and_reply_go_through_postfix(stage: Stage, hop: Postfix) -> None:
    await stage.submit(mail(PAT, "[secure] Draft order", "Room four."), [PAT])
    link = await stage.link_for(PAT)
    async with await stage.sign_in(PAT) as pat:
        assert "Draft order" in (await pat.get(link)).text
        page = await pat.get(f"{link}/reply")
        sent = await pat.submit(
            page, "/reply", message="Thank you, agreed.", files=("a.txt", b"note")
        )
        assert sent.status == 200
    (reply,) = await hop.mails_in(
        SENDER, where=lambda stored: "Thank you, agreed." in plain_text(stored)
    )
    assert b"a.txt" in reply
    assert not [caught for caught in stage.sink.mails if b"Room four." in caught.content]


async def test_a_recipient_the_next_hop_refuses_is_refused_with_its_words(stage: Stage) -> None:
    answer = await stage.submit(mail(GONE), [GONE])
    assert (answer.code, answer.stage) == (550, "data")
    assert answer.text.startswith("5.1.1 Not sent to anyone: the next mail server refused it: ")
    assert "No such person at this firm" in answer.text
    assert_readable(answer.text)


async def test_one_of_two_refused_is_told_at_once_and_by_mail(stage: Stage, hop: Postfix) -> None:
    message = mail(f"{KIM}, {GONE}", "Rota", "See below.")
    answer = await stage.submit(message, [KIM, GONE])
    assert answer.code == 250
    assert f"; refused for {GONE}" in answer.text
    (caught,) = await stage.mails_to(KIM)
    assert caught.content.endswith(message.as_bytes())
    (bounce,) = await hop.mails_in(SENDER, where=lambda stored: names(stored, answer.reference))
    assert bounce.startswith(b"Return-Path: <>\n")
    assert GONE in plain_text(bounce)


async def test_a_notice_that_is_refused_is_told_to_the_sender(stage: Stage, hop: Postfix) -> None:
    answer = await stage.submit(mail(GONE, "[secure] For you"), [GONE])
    assert answer.text.startswith("2.0.0 Sealed")
    (bounce,) = await hop.mails_in(SENDER, where=lambda stored: names(stored, answer.reference))
    assert GONE in plain_text(bounce)
    assert "For you" not in bounce.decode()


async def test_what_the_next_hop_refuses_after_the_content_is_refused(stage: Stage) -> None:
    answer = await stage.submit(mail(PAT, "Hello", "forbidden by the next hop"), [PAT])
    assert answer.code == 550
    assert "The next hop dislikes this" in answer.text
    assert_readable(answer.text)


async def test_what_is_too_big_for_the_next_hop_is_refused(stage: Stage) -> None:
    message = mail(PAT, "Plans")
    message.add_attachment(bytes(21 << 20), maintype="image", subtype="tiff", filename="p.tiff")
    answer = await stage.submit(message, [PAT])
    assert answer.code == 552
    assert_readable(answer.text)


async def test_not_now_is_queued_and_tried_again(stage: Stage, hop: Postfix) -> None:
    before = hop.log().count(f"<{SLOW}>: Recipient address rejected")
    answer = await stage.submit(mail(SLOW), [SLOW])
    assert answer.code == 250
    assert answer.text.startswith("2.0.0 Queued")
    await hop.wait_until(
        lambda: hop.log().count(f"<{SLOW}>: Recipient address rejected") >= before + 3
    )


async def test_while_the_next_hop_is_away_nothing_is_lost(stage: Stage, hop: Postfix) -> None:
    clear, sealed = mail(KIM, "Agenda", "Item one."), mail(PAT, "[secure] Order", "Item two.")
    await hop.stop()
    try:
        queued = await stage.submit(clear, [KIM])
        kept = await stage.submit(sealed, [PAT])
    finally:
        await hop.start()
    assert (queued.code, queued.text[:12]) == (250, "2.0.0 Queued")
    assert (kept.code, kept.text[:12]) == (250, "2.0.0 Sealed")
    (caught,) = await stage.mails_to(KIM)
    assert caught.content.endswith(clear.as_bytes())
    (notice,) = await stage.mails_to(PAT)
    assert kept.reference in plain_text(notice.content)


# --- Postfix before the node


async def test_mail_from_the_office_server_comes_through(stage: Stage, office: Postfix) -> None:
    message = mail(KIM, "From a program", "Côd post £5")
    await office.sendmail(SENDER, [KIM], message.as_bytes().replace(b"\r\n", b"\n"))
    (caught,) = await stage.mails_to(KIM)
    assert caught.content.endswith(message.as_bytes().partition(b"\r\n\r\n")[2])
    assert caught.content.count(b"Received: ") == 3
    assert b"with ESMTPS id" in caught.content, "the office server used TLS"
    assert caught.sender == SENDER


async def test_flagged_mail_from_the_office_server_is_sealed(stage: Stage, office: Postfix) -> None:
    answer = await send_through(office, mail(PAT, "[encrypt] Order", "In room four."), [PAT])
    assert answer == {}
    link = await stage.link_for(PAT)
    async with await stage.sign_in(PAT) as pat:
        page = await pat.get(link)
        assert "In room four." in (await pat.get(page.frames[0])).text


async def test_a_refusal_comes_back_as_a_bounce_with_our_sentence(
    stage: Stage, office: Postfix
) -> None:
    message = mail(f"{KIM}, someone@gmail.com", "Rota", "See below.")
    await send_through(office, message, [KIM, "someone@gmail.com"])
    bounce = await bounced(office, "someone@gmail.com")
    assert "said: 550 5.7.1 Not sent to someone@gmail.com" in bounce
    assert "personal webmail address" in bounce
    assert KIM not in bounce.partition("Diagnostic-Code")[0]
    await stage.mails_to(KIM)


async def test_a_refused_subject_comes_back_without_the_number(
    stage: Stage, office: Postfix
) -> None:
    await send_through(office, mail(KIM, "NHS number 999 012 3408"), [KIM])
    bounce = await bounced(office, KIM)
    report = bounce.partition("Content-Description: Undelivered Message")[0]
    assert "said: 550 5.7.1 Not sent to anyone" in report
    assert "an NHS number" in report
    assert "3408" not in report
    assert not stage.sink.mails


async def test_a_stranger_does_not_pass_the_office_server(stage: Stage, office: Postfix) -> None:
    """It would let anybody on its network send; the node lets the organisation's addresses."""
    await office.sendmail("eve@stranger.example", [KIM], b"From: eve@stranger.example\n\nHello.\n")
    await office.wait_until(lambda: "organisation's own addresses only" in office.log())
    assert not [mail for mail in stage.sink.mails if mail.sender or KIM in mail.recipients]


async def test_a_bounce_from_the_office_server_has_no_sender_and_passes(
    stage: Stage, office: Postfix
) -> None:
    await office.sendmail("", [KIM], b"From: MAILER-DAEMON@council.example\n\nReturned.\n")
    (caught,) = await stage.mails_to(KIM)
    assert caught.sender == ""


async def send_through(
    office: Postfix, message: EmailMessage, to: list[str]
) -> dict[str, tuple[int, bytes]]:
    """Send as a mail client of the office server; gives whom that refused."""

    def send() -> dict[str, tuple[int, bytes]]:
        with smtplib.SMTP("127.0.0.1", office.port, timeout=60) as client:
            return client.sendmail(SENDER, to, message.as_bytes())

    return await asyncio.to_thread(send)


async def bounced(office: Postfix, recipient: str) -> str:
    """The bounce about a recipient, with its lines joined: Postfix folds the sentence."""
    mark = f"Final-Recipient: rfc822; {recipient}".encode()
    stored = await office.mails_in(SENDER, where=lambda stored: mark in stored)
    return re.sub(r"\s+", " ", stored[-1].decode())


def names(stored: bytes, reference: str) -> bool:
    return reference.encode() in stored


def assert_readable(text: str) -> None:
    """One line of plain words."""
    assert "\n" not in text
    assert len(text) <= 200
    assert text.isprintable()
