"""Our own bounces: what senders and their programs are told, of what, and how often."""

import email
from collections.abc import Iterator
from email import policy as mail_policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest

from gateway.delivery import undelivered
from gateway.relay.parameters import MailParameters, Notify, RecipientParameters
from tests.gateway.office import AMY, BEN, JANE, office
from tests.gateway.office import mail as written
from tests.gateway.test_deliverer import delivering, desk, settled
from tests.gateway.test_deliverer import until as until_soon
from tests.sink import Caught, Sink
from tests.vault.bench import ALICE, BOB, CAROL, Safe
from vault.address import Address
from vault.contents.spool import Spool
from vault.packages.deposit import Deposit, GrantFor, Queued
from vault.packages.depositing import deposit

MAIL = (
    b"Received: from laptop\r\nDKIM-Signature: v=1; b=abc\r\nFrom: alice@council.example\r\n"
    b"To: bob@clinic.example, carol@school.example\r\nBcc: dave@home.example\r\n"
    b"Subject: About the\r\n meeting\r\nDate: Mon, 2 Nov 2026 09:00:00 +0000\r\n"
    b"Message-ID: <m1@council.example>\r\n\r\nThe minutes are private.\r\n"
)


async def until(true: Any) -> None:
    """Wait as long as a busy machine may take."""
    await until_soon(true, seconds=40)


def put(
    safe: Safe,
    *clear: Address,
    sealed: tuple[Address, ...] = (),
    notify: str = "",
    return_path: Address | None = ALICE,
) -> None:
    asked = RecipientParameters(
        notify=frozenset(map(Notify, notify.split(","))) if notify else frozenset(),
        orcpt="rfc822;old+2Bname@clinic.example",
    )
    how = MailParameters(envid="env+2B7").to_fields() | asked.to_fields()
    grants = tuple(GrantFor(address=one, how=how) for one in sealed)
    each = dict.fromkeys(clear, how)
    queued = Queued(recipients=clear, return_path=return_path, how=each) if clear else None
    spool = Spool.of(safe.store, MAIL)
    both = Deposit(spool=spool, author=ALICE, grants=grants, queued=queued)
    deposit(safe.store, safe.keys.sealing, both)
    spool.abort()


def parsed(caught: Caught) -> EmailMessage:
    found = email.message_from_bytes(caught.content, policy=mail_policy.default)
    assert isinstance(found, EmailMessage)
    assert not found.defects
    return found


def parts(bounce: EmailMessage) -> tuple[dict[str, str], dict[str, str], str]:
    """Per-message fields, per-recipient fields, and the returned header lines."""
    assert bounce.get_content_type() == "multipart/report"
    assert bounce.get_param("report-type") == "delivery-status"
    _, status, *headers = bounce.iter_parts()
    assert status.get_content_type() == "message/delivery-status"
    about, recipient = status.iter_parts()
    text = ""
    if headers:
        assert headers[0].get_content_type() == "text/rfc822-headers"
        text = str(headers[0].get_content())
    return dict(about.items()), dict(recipient.items()), text


def row(safe: Safe) -> Any:
    """The row of the mail itself."""
    return next(one for one in safe.rows("outbox") if one.kind != "bounce")


def quiet(safe: Safe) -> bool:
    """Whether nobody has a row, and every bounce has gone."""
    rows = safe.rows("outbox")
    waiting = any(one.kind == "bounce" and one.state == "queued" for one in rows)
    return not waiting and not any(one.leased_until for one in rows)


async def bounced(safe: Safe, sink: Sink, answer: str = "550 5.1.1 No such user") -> EmailMessage:
    sink.script.recipients[str(BOB)] = answer
    async with delivering(desk(safe, sink)):
        await until(lambda: settled(safe))
    (caught,) = (one for one in sink.mails if one.recipients == (str(ALICE),))
    assert caught.sender == ""
    return parsed(caught)


async def test_a_bounce_says_what_the_standard_asks(safe: Safe, sink: Sink) -> None:
    put(safe, BOB)
    bounce = await bounced(safe, sink)
    assert bounce["Auto-Submitted"] == "auto-replied"
    assert bounce["Subject"].startswith("Not delivered to bob@clinic.example")
    about, recipient, header = parts(bounce)
    assert about["Original-Envelope-Id"] == "env+7"
    assert about["Arrival-Date"] == "Mon, 02 Nov 2026 09:00:00 +0000"
    assert about["Reporting-MTA"].startswith("dns; ")
    assert recipient == {
        "Original-Recipient": "rfc822;old+name@clinic.example",
        "Final-Recipient": "rfc822; bob@clinic.example",
        "Action": "failed",
        "Status": "5.1.1",
        "Remote-MTA": "dns; 127.0.0.1",
        "Diagnostic-Code": "smtp; No such user",
        "Last-Attempt-Date": "Mon, 02 Nov 2026 09:00:00 +0000",
    }
    assert header.splitlines() == [
        "From: alice@council.example",
        "To: bob@clinic.example, carol@school.example",
        "Date: Mon, 2 Nov 2026 09:00:00 +0000",
        "Message-ID: <m1@council.example>",
        "Subject: About the meeting",
    ]
    assert b"private" not in sink.mails[-1].content
    assert b"dave@home" not in sink.mails[-1].content


async def test_a_sealed_mail_is_named_by_its_reference_alone(safe: Safe, sink: Sink) -> None:
    put(safe, sealed=(BOB,))
    bounce = await bounced(safe, sink)
    about, recipient, header = parts(bounce)
    assert about["Original-Envelope-Id"] == "env+7"
    assert recipient["Original-Recipient"] == "rfc822;old+name@clinic.example"
    assert "Subject: Secure message from" in header
    assert "meeting" not in str(bounce)
    assert "carol@" not in str(bounce)


async def test_the_clear_copy_of_a_sealed_mail_returns_no_subject(safe: Safe, sink: Sink) -> None:
    put(safe, BOB, sealed=(CAROL,))
    bounce = await bounced(safe, sink)
    header = parts(bounce)[2]
    assert "Message-ID: <m1@council.example>" in header
    assert "meeting" not in str(bounce)


@pytest.mark.parametrize("notify", ["NEVER", "SUCCESS", "DELAY"])
@pytest.mark.parametrize("sealed", [False, True])
async def test_who_does_not_want_to_hear_does_not(
    safe: Safe, sink: Sink, notify: str, sealed: bool
) -> None:
    put(safe, *(() if sealed else (BOB,)), sealed=(BOB,) if sealed else (), notify=notify)
    sink.script.recipients[str(BOB)] = "550 5.1.1 No such user"
    async with delivering(desk(safe, sink)):
        await until(lambda: settled(safe))
    assert sink.mails == []
    assert {"relay:bounced", "notice:bounced"} & set(safe.acts())


async def test_the_null_sender_hears_nothing(safe: Safe, sink: Sink) -> None:
    put(safe, BOB, return_path=None)
    sink.script.recipients[str(BOB)] = "550 5.1.1 No such user"
    async with delivering(desk(safe, sink)):
        await until(lambda: settled(safe))
    assert sink.mails == []


@pytest.mark.parametrize("sealed", [False, True])
async def test_a_delay_is_told_once(safe: Safe, sink: Sink, sealed: bool) -> None:
    put(safe, *(() if sealed else (BOB,)), sealed=(BOB,) if sealed else ())
    sink.script.recipients[str(BOB)] = ["451 4.7.1 Greylisted"] * 9
    async with delivering(desk(safe, sink)):
        for turn in range(4):
            await until(lambda turn=turn: row(safe).attempts == turn + 1)
            # A clock that jumps hours ahead ends every lease: nothing may be under way.
            await until(lambda: quiet(safe))
            safe.clock.advance(hours=3)
        await sink.wait_for(1)
    (warning,) = sink.mails
    about, recipient, _ = parts(parsed(warning))
    assert (recipient["Action"], recipient["Status"]) == ("delayed", "4.7.1")
    assert recipient["Will-Retry-Until"] == "Sat, 07 Nov 2026 09:00:00 +0000"
    assert about["Arrival-Date"] == "Mon, 02 Nov 2026 09:00:00 +0000"
    assert "not told of this delay again" in " ".join(warning.content.decode().split())


async def test_a_delay_is_not_told_to_who_wants_failures_alone(safe: Safe, sink: Sink) -> None:
    put(safe, BOB, notify="FAILURE")
    sink.script.recipients[str(BOB)] = ["451 4.7.1 Greylisted"] * 9
    safe.clock.advance(hours=5)
    async with delivering(desk(safe, sink)):
        await until(lambda: row(safe).delayed)
    assert len(safe.rows("outbox")) == 1


async def test_success_is_told_where_the_next_hop_tells_nobody(safe: Safe, sink: Sink) -> None:
    put(safe, BOB, notify="SUCCESS")
    async with delivering(desk(safe, sink)):
        await until(lambda: settled(safe))
    told = [one for one in sink.mails if one.recipients == (str(ALICE),)]
    recipient = parts(parsed(told[0]))[1]
    assert (recipient["Action"], recipient["Status"]) == ("relayed", "2.0.0")
    assert len(told) == 1


async def test_success_is_left_to_a_next_hop_that_reports(safe: Safe, sink: Sink) -> None:
    sink.script.extensions = [*sink.script.extensions, "DSN"]
    put(safe, BOB, notify="SUCCESS")
    async with delivering(desk(safe, sink)):
        await until(lambda: settled(safe))
    assert [one.recipients for one in sink.mails] == [(str(BOB),)]
    assert any("NOTIFY=SUCCESS" in line for line in sink.commands)


async def test_a_notice_asks_for_failures_whatever_its_sender_wants(safe: Safe, sink: Sink) -> None:
    sink.script.extensions = [*sink.script.extensions, "DSN"]
    put(safe, sealed=(BOB,), notify="NEVER")
    async with delivering(desk(safe, sink)):
        await until(lambda: settled(safe))
    assert "RET=HDRS" in sink.mails[0].mail_line
    assert any("NOTIFY=FAILURE,DELAY" in line for line in sink.commands)
    assert not any("ENVID" in line or "ORCPT" in line for line in sink.commands)


async def test_one_refused_at_the_door_is_told_by_a_report(tmp_path: Path) -> None:
    async with office(tmp_path) as here:
        here.sink.script.recipients[BEN] = "550 5.1.1 No such user"
        await here.send(JANE, AMY, BEN, data=written("Hello"))
        (bounce,) = (item for item in here.queue() if item.kind == "bounce")
    assert bounce.to == Address.parse(JANE)
    assert bounce.fields["recipient"] == BEN
    assert bounce.fields["head"].splitlines()[-1] == "Subject: Hello"
    assert bounce.fields["action"] == "failed"
    assert "Good morning" not in str(bounce.fields)


async def test_at_the_door_too_only_what_was_asked_for_is_told(tmp_path: Path) -> None:
    async with office(tmp_path) as here, await here.talk() as talk:
        here.sink.script.recipients[BEN] = "550 5.1.1 No such user"
        await talk.say(f"MAIL FROM:<{JANE}> ENVID=e1", "250")
        await talk.say(f"RCPT TO:<{AMY}> NOTIFY=SUCCESS,FAILURE", "250")
        await talk.say(f"RCPT TO:<{BEN}> NOTIFY=NEVER", "250")
        await talk.say("DATA", "354")
        assert (await talk.say(written("Hello") + b".\r\n")).startswith("250 2.0.0 Relayed")
        (told,) = (item for item in here.queue() if item.kind == "bounce")
    assert (told.fields["recipient"], told.fields["action"]) == (AMY, "relayed")
    assert told.fields["envid"] == "e1"


# --- the lines that go back


def test_only_what_is_plain_goes_back() -> None:
    header = (
        "Subject: caf\u00e9\r\nFrom: a@b.example\r\nTo: x\r\n\tfolded\r\nTo: second\r\n"
        "Message-ID: <" + "i" * 3000 + ">\r\nX-Secret: 1\r\n\r\nBody\r\nDate: none\r\n"
    )
    found = undelivered.head([header.encode()], undelivered.WITH_SUBJECT)
    assert found == "From: a@b.example\r\nTo: x folded\r\n"


@pytest.mark.parametrize("chunk", [1, 7, 100])
def test_however_it_is_cut(chunk: int) -> None:
    pieces = [MAIL[at : at + chunk] for at in range(0, len(MAIL), chunk)]
    assert undelivered.head(pieces, ("Subject",)) == "Subject: About the meeting\r\n"


def test_a_header_without_end_is_read_to_a_limit() -> None:
    asked: list[int] = []

    def endless() -> Iterator[bytes]:
        while True:
            asked.append(1)
            yield b"Subject: x\r\n" * 1000

    assert undelivered.head(endless(), ("Subject",)) == "Subject: x\r\n"
    assert len(asked) < 20


def test_content_that_is_gone_keeps_no_bounce_back() -> None:
    def gone() -> Iterator[bytes]:
        raise OSError
        yield b""

    said: Any = undelivered.word(
        MailParameters(), RecipientParameters(), Notify.FAILURE, gone, ("Subject",)
    )
    assert said == {}
