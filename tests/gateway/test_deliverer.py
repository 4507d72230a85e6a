"""The deliverer with a real store, real keys and a next hop that can be scripted."""

import asyncio
import email
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any, cast

import dkim
import pytest
from cryptography.hazmat.primitives.asymmetric import ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from hypothesis import given
from hypothesis import strategies as st

from gateway.delivery import backoff, deliverer
from gateway.delivery.deliverer import Deliverer
from gateway.delivery.desk import Desk, make_signer
from gateway.notices.settings import NoticeSettings
from gateway.relay.dkim import DkimKeyError, Signer
from gateway.relay.routes import Routes
from gateway.relay.sender import Sender
from gateway.relay.settings import NextHopSettings
from gateway.relay.trying import DeliverySettings
from policies.settings import OrganisationSettings
from tests.sink import Sink
from tests.vault.bench import ALICE, BOB, CAROL, DAVE, Safe
from tests.vault.lockup import Lockup
from vault.contents.spool import Spool
from vault.hold import lists as held
from vault.hold import settling as holds
from vault.packages.deposit import Deposit, GrantFor, Queued
from vault.packages.depositing import deposit
from vault.sending import outbox
from vault.sending.outbox import Kind

PREFIX = b"Received: from x ([192.0.2.1])\r\n\tby gate with ESMTPSA id 7F3K-92QD;\r\n\tnow\r\n"


def sender(sink: Sink, **routes: NextHopSettings) -> Sender:
    plain = {"port": sink.port, "tls": "none", "reply_timeout": 5, "connect_timeout": 5}
    return Sender(Routes(NextHopSettings.model_validate(plain), routes))


def desk(safe: Safe, sink: Sink, signer: Signer | None = None, **delivery: Any) -> Desk:
    quick = {"poll": timedelta(milliseconds=20), "grace": timedelta(seconds=5)}
    return Desk(
        store=safe.store,
        relay_keys=safe.keys.relay,
        sealing_keys=safe.keys.sealing,
        organisation=OrganisationSettings(
            name="Example Council",
            domains=["council.example"],
            public_url="https://secure.council.example",
        ),
        relay=sender(sink),
        notices=NoticeSettings(sender="secure@council.example"),
        delivery=DeliverySettings.model_validate({**quick, **delivery}),
        signer=signer,
    )


@asynccontextmanager
async def delivering(at: Desk, worker: str = "tester-1") -> AsyncIterator[Deliverer]:
    running = Deliverer(at, worker)
    task = asyncio.create_task(running.run())
    try:
        yield running
    finally:
        running.stop()
        async with asyncio.timeout(20):
            await task
            await cast("Sender", at.relay).close()


async def until(true: Any, seconds: float = 10) -> None:
    async with asyncio.timeout(seconds):
        while not true():  # noqa: ASYNC110 - a database tells nobody when it changes
            await asyncio.sleep(0.02)


def states(safe: Safe) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for row in safe.rows("outbox"):
        found.setdefault(row.kind, []).append(row.state)
    return found


def settled(safe: Safe) -> bool:
    return all(row.state != "queued" for row in safe.rows("outbox"))


def ask_code(safe: Safe, code: str = "12345678") -> None:
    with safe.store.writing() as tx:
        outbox.post(tx, safe.keys.sealing, Kind.CODE, BOB, {"code": code, "minutes": "10"})


def copy_of(safe: Safe, content: bytes, *to: Any, **more: Any) -> None:
    spool = Spool.of(safe.store, content)
    queued = Queued(recipients=to, prefix=PREFIX, return_path=ALICE)
    deposit(
        safe.store, safe.keys.sealing, Deposit(spool=spool, author=ALICE, queued=queued, **more)
    )
    spool.abort()


async def test_a_notice_goes_out_and_is_on_record(safe: Safe, sink: Sink) -> None:
    package = safe.package(BOB, GrantFor(address=CAROL, visible=False))
    async with delivering(desk(safe, sink)):
        await sink.wait_for(2)
        await until(lambda: settled(safe))
    assert {mail.recipients for mail in sink.mails} == {(str(BOB),), (str(CAROL),)}
    for mail in sink.mails:
        (recipient,) = mail.recipients
        assert mail.sender == ""
        assert email.message_from_bytes(mail.content)["To"] == recipient
        others = {str(BOB), str(CAROL)} - {recipient}
        assert not any(other.encode() in mail.content for other in others)
        assert f"https://secure.council.example/p/{package}".encode() in mail.content
    assert safe.acts().count("notice:relayed") == 2
    assert {row.notice for row in safe.rows("grants")} == {"relayed"}


async def test_a_clear_copy_is_the_mail_below_its_prefix(safe: Safe, sink: Sink) -> None:
    head = b"From: alice@council.example\r\nBcc: dave@home.example,\r\n bob@clinic.example\r\n"
    rest = "Subject: x\r\n\r\n.café\r\n".encode() + b"\xff" * 900 + b"\r\nno newline"
    long = rest + b"\r\n" + (b"z" * 70 + b"\r\n") * 50_000 + b"end"
    copy_of(safe, head + long, BOB, DAVE)
    async with delivering(desk(safe, sink)):
        await sink.wait_for(2)
        await until(lambda: settled(safe))
    for mail in sink.mails:
        assert mail.content == PREFIX + b"From: alice@council.example\r\n" + long + b"\r\n"
        assert mail.sender == str(ALICE)
        assert f"SIZE={len(mail.content) - 2} BODY=8BITMIME" in mail.mail_line
    assert safe.acts().count("relay:done") == 2
    assert list((safe.folder / "contents").glob("[a-z2-7]" * 26)) == []


async def test_codes_overtake(safe: Safe, sink: Sink) -> None:
    for number in range(6):
        safe.package(BOB, body=b"Subject: %d\r\n\r\nx\r\n" % number)
    ask_code(safe)
    async with delivering(desk(safe, sink, at_once=1)):
        await sink.wait_for(7)
    assert b"1234 5678" in sink.mails[0].content


async def test_a_temporary_refusal_is_tried_again_later(safe: Safe, sink: Sink) -> None:
    safe.package(BOB)
    sink.script.recipients[str(BOB)] = ["451 4.7.1 Greylisted", "451 4.7.1 Greylisted"]
    async with delivering(desk(safe, sink)):
        for turn in range(2):
            await until(lambda turn=turn: safe.rows("outbox")[0].attempts == turn + 1)
            await until(lambda: safe.rows("outbox")[0].leased_until is None)
            assert sink.mails == []
            safe.clock.advance(hours=2)
        await sink.wait_for(1)
        await until(lambda: settled(safe))
    assert safe.acts().count("notice:delayed") == 1
    assert safe.rows("outbox")[0].attempts == 3


async def test_a_permanent_refusal_is_told_to_the_owner(safe: Safe, sink: Sink) -> None:
    package = safe.package(BOB)
    sink.script.recipients[str(BOB)] = "550 5.1.1 No such user"
    async with delivering(desk(safe, sink)):
        (bounce,) = await sink.wait_for(1)
        await until(lambda: settled(safe))
    assert bounce.recipients == (str(ALICE),)
    assert bounce.sender == ""
    assert b"5.1.1 No such user" in bounce.content
    assert f"/sent/{package}".encode() in bounce.content
    assert states(safe) == {"notice": ["failed"], "bounce": ["done"]}
    assert "notice:bounced" in safe.acts()


async def test_only_the_refused_recipient_of_a_clear_mail_bounces(safe: Safe, sink: Sink) -> None:
    copy_of(safe, b"Subject: x\r\n\r\nx\r\n", BOB, CAROL)
    sink.script.recipients[str(BOB)] = "550 5.1.1 No such user"
    async with delivering(desk(safe, sink)):
        await sink.wait_for(2)
        await until(lambda: settled(safe))
    assert {mail.recipients for mail in sink.mails} == {(str(CAROL),), (str(ALICE),)}
    assert sorted(states(safe)["relay"]) == ["done", "failed"]


async def test_a_mail_is_given_up_after_days(safe: Safe, sink: Sink) -> None:
    safe.package(BOB)
    sink.script.recipients[str(BOB)] = "451 4.2.1 Not now"
    safe.clock.advance(days=5, seconds=1)
    async with delivering(desk(safe, sink)):
        (bounce,) = await sink.wait_for(1)
    assert bounce.recipients == (str(ALICE),)
    assert b"Given up after 5 days: Not now" in bounce.content
    assert b"Status: 5.4.7" in bounce.content


async def test_nobody_hears_of_a_bounce_that_bounces(safe: Safe, sink: Sink) -> None:
    safe.package(BOB)
    sink.script.answers["rcpt"] = "550 5.1.1 Nobody here"
    async with delivering(desk(safe, sink)):
        await until(lambda: len(safe.rows("outbox")) == 2 and settled(safe))
    assert sink.mails == []
    assert states(safe) == {"notice": ["failed"], "bounce": ["failed"]}


async def test_an_old_code_is_not_sent(safe: Safe, sink: Sink) -> None:
    ask_code(safe)
    safe.clock.advance(minutes=10)
    ask_code(safe, "87654321")
    async with delivering(desk(safe, sink)):
        await sink.wait_for(1)
        await until(lambda: settled(safe))
    (mail,) = sink.mails
    assert b"8765 4321" in mail.content
    assert sorted(states(safe)["code"]) == ["done", "failed"]


async def test_a_code_is_tried_again_within_seconds(safe: Safe, sink: Sink) -> None:
    ask_code(safe)
    sink.script.answers["rcpt"] = ["451 4.7.1 Greylisted"]
    async with delivering(desk(safe, sink)):
        await until(lambda: safe.rows("outbox")[0].delayed)
        safe.clock.advance(seconds=7)
        await sink.wait_for(1)


async def test_a_row_that_makes_no_letter_blocks_nobody(safe: Safe, sink: Sink) -> None:
    with safe.store.writing() as tx:
        for _ in range(3):
            outbox.post(tx, safe.keys.sealing, Kind.NOTICE, BOB, {"author": "x\r\ny"})
            outbox.post(tx, safe.keys.sealing, Kind.CODE, BOB, {"code": "x", "minutes": "10"})
            outbox.post(tx, safe.keys.sealing, Kind.RELAY, BOB, {})
    safe.package(CAROL)
    async with delivering(desk(safe, sink, at_once=1)):
        await sink.wait_for(1)
        await until(lambda: sum(row.delayed for row in safe.rows("outbox")) == 9)
    assert sink.mails[0].recipients == (str(CAROL),)
    assert set(states(safe)["code"]) == {"queued"}


async def test_damaged_content_is_never_sent(safe: Safe, sink: Sink) -> None:
    copy_of(safe, b"Subject: x\r\n\r\n" + b"secret\r\n" * 300_000, BOB)
    (path,) = (safe.folder / "contents").glob("[a-z2-7]" * 26)
    whole = path.read_bytes()
    path.chmod(0o600)
    path.write_bytes(whole[:-50] + bytes([whole[-50] ^ 1]) + whole[-49:])
    async with delivering(desk(safe, sink)):
        await until(lambda: safe.rows("outbox")[0].delayed)
        assert sink.connections == 0
        path.write_bytes(whole)
        safe.clock.advance(hours=2)
        await sink.wait_for(1)


async def test_content_with_a_bare_line_feed_bounces(safe: Safe, sink: Sink) -> None:
    copy_of(safe, b"Subject: x\r\n\r\na\n.\r\nMAIL FROM:<ceo@council.example>\r\n", BOB)
    async with delivering(desk(safe, sink)):
        (bounce,) = await sink.wait_for(1)
    assert bounce.recipients == (str(ALICE),)
    assert b"Status: 5.6.0" in bounce.content
    assert not any("ceo@" in line for line in sink.commands)


async def test_a_next_hop_that_is_away(safe: Safe) -> None:
    safe.package(BOB)
    async with Sink() as gone:
        port = gone.port
        away = desk(safe, gone)
    async with delivering(away):
        await until(lambda: safe.rows("outbox")[0].delayed)
    assert safe.rows("outbox")[0].status.startswith("4.4.1 ")
    async with Sink() as back:
        safe.clock.advance(hours=1)
        async with delivering(replace(away, relay=sender(back))):
            await back.wait_for(1)
    assert port != back.port


async def test_an_answer_that_never_came_sends_the_same_mail_again(safe: Safe, sink: Sink) -> None:
    safe.package(BOB)
    sink.script.swallow = True
    async with delivering(desk(safe, sink)):
        await until(lambda: safe.rows("outbox")[0].delayed)
        sink.script.swallow = False
        safe.clock.advance(hours=1)
        await sink.wait_for(2)
    one, two = (email.message_from_bytes(mail.content)["Message-ID"] for mail in sink.mails)
    assert one == two
    assert sink.mails[0].content == sink.mails[1].content


async def test_several_at_once_and_no_more(safe: Safe, sink: Sink) -> None:
    sink.script.delay["dot"] = 0.1
    for number in range(20):
        safe.package(BOB, body=b"Subject: %d\r\n\r\nx\r\n" % number)
    async with delivering(desk(safe, sink, at_once=5)):
        await sink.wait_for(20)
        await until(lambda: settled(safe))
    assert 2 <= sink.most_open <= 5
    assert len({email.message_from_bytes(mail.content)["Message-ID"] for mail in sink.mails}) == 20


async def test_stop_lets_what_is_under_way_finish(safe: Safe, sink: Sink) -> None:
    sink.script.delay["dot"] = 0.6
    safe.package(BOB)
    async with delivering(desk(safe, sink)):
        await until(lambda: "DATA" in sink.commands)
        assert sink.mails == []
    assert len(sink.mails) == 1
    assert states(safe) == {"notice": ["done"]}


async def test_what_the_grace_cuts_off_is_free_at_once(safe: Safe, sink: Sink) -> None:
    sink.script.stall.add("dot")
    safe.package(BOB)
    async with delivering(desk(safe, sink, grace=timedelta(0))):
        await until(lambda: "DATA" in sink.commands)
    assert sink.mails == []
    sink.script.stall.clear()
    async with delivering(desk(safe, sink), "another"):
        await sink.wait_for(1)


async def test_after_a_crash_its_own_leases_are_free_and_no_others(safe: Safe, sink: Sink) -> None:
    safe.package(BOB)
    safe.package(CAROL, body=b"Subject: 2\r\n\r\nx\r\n")
    (mine,) = outbox.claim(safe.store, safe.keys.relay, "tester-1", limit=1)
    (other,) = outbox.claim(safe.store, safe.keys.relay, "another", limit=1)
    async with delivering(desk(safe, sink)):
        (mail,) = await sink.wait_for(1)
        await asyncio.sleep(0.2)
        assert len(sink.mails) == 1
        assert mail.recipients == (str(mine.to),)
        safe.clock.advance(minutes=20)
        await sink.wait_for(2)
    assert not outbox.complete(safe.store, other, "late")


async def test_a_store_that_fails_is_waited_for(
    safe: Safe, sink: Sink, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deliverer, "TROUBLE_PAUSE", timedelta(milliseconds=50))
    safe.package(BOB)
    sink.script.delay["dot"] = 0.3
    taken, free = threading.Event(), threading.Event()

    def occupy() -> None:
        with safe.store.writing():
            taken.set()
            free.wait(10)

    async with delivering(desk(safe, sink)):
        await until(lambda: "DATA" in sink.commands)
        thread = threading.Thread(target=occupy)
        thread.start()
        await asyncio.to_thread(taken.wait, 10)
        await sink.wait_for(1)
        await asyncio.sleep(0.6)
        assert states(safe) == {"notice": ["queued"]}
        free.set()
        await until(lambda: settled(safe))
        await asyncio.to_thread(thread.join)
    assert len(sink.mails) == 1


async def test_letters_are_signed(safe: Safe, sink: Sink, tmp_path: Path) -> None:
    private = rsa.generate_private_key(65537, 2048)
    path = tmp_path / "dkim.pem"
    path.write_bytes(private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    notices = NoticeSettings(sender="secure@council.example", dkim_selector="s1", dkim_key=path)
    signer = make_signer(notices)
    assert signer is not None
    name, text = signer.record()
    safe.package(BOB)
    copy_of(safe, b"Subject: clear\r\n\r\nx\r\n", CAROL)
    async with delivering(desk(safe, sink, signer)):
        await sink.wait_for(2)
    clear, notice = sorted(sink.mails, key=lambda mail: b"DKIM" in mail.content)
    assert name == "s1._domainkey.council.example"
    assert dkim.verify(notice.content, dnsfunc=lambda name, timeout=5: text.encode())
    assert b"DKIM" not in clear.content


def test_a_signer_is_made_or_the_start_is_refused(tmp_path: Path) -> None:
    assert make_signer(NoticeSettings()) is None
    path = tmp_path / "dkim.pem"
    settings = NoticeSettings(dkim_selector="s1", dkim_key=path)
    with pytest.raises(DkimKeyError, match="cannot be read"):
        make_signer(settings)
    path.write_bytes(
        ed25519.Ed25519PrivateKey.generate().private_bytes(
            Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()
        )
    )
    assert make_signer(settings) is not None


async def test_logs_hold_no_address_and_no_code(
    safe: Safe, sink: Sink, capfd: pytest.CaptureFixture[str]
) -> None:
    safe.package(BOB, body=b"Subject: marmalade\r\n\r\nmarmalade\r\n")
    ask_code(safe)
    copy_of(safe, b"Subject: marmalade\r\n\r\nmarmalade\r\n", CAROL)
    sink.script.recipients[str(CAROL)] = "550 5.1.1 carol@school.example is unknown"
    async with delivering(desk(safe, sink)):
        await sink.wait_for(3)
        await until(lambda: settled(safe))
    out, err = capfd.readouterr()
    logged = out + err
    assert "outbox.sent" in logged
    assert "outbox.given_up" in logged
    for word in ("marmalade", "12345678", "1234 5678", str(BOB), str(CAROL), str(ALICE), "Ash"):
        assert word not in logged


@given(
    st.integers(1, 10_000),
    st.integers(1, 3600),
    st.integers(1, 86_400),
    st.floats(0, 1, exclude_max=True),
)
def test_waits_stay_within_their_limits(attempts: int, first: int, more: int, dice: float) -> None:
    longest = timedelta(seconds=first + more)
    found = backoff.wait(attempts, timedelta(seconds=first), longest, lambda: dice)
    assert timedelta(seconds=first) * 0.75 <= found <= longest * 1.25
    assert found <= timedelta(seconds=first) * 2 ** min(attempts - 1, 30) * 1.25


def test_waits_double_and_spread() -> None:
    minute, hour = timedelta(minutes=1), timedelta(hours=1)
    steady = [backoff.wait(n, minute, hour, lambda: 0.5) for n in range(1, 9)]
    assert steady == [
        minute,
        2 * minute,
        4 * minute,
        8 * minute,
        16 * minute,
        32 * minute,
        hour,
        hour,
    ]
    assert len({backoff.wait(3, minute, hour) for _ in range(20)}) > 10


async def test_a_waiting_copy_goes_the_way_it_needs_or_not_at_all(
    safe: Safe, sink: Sink, tmp_path: Path
) -> None:
    """The next hop has no TLS: what needs it stays, and what needs nothing goes."""
    how = {DAVE: {"route": "", "tls": "verified"}, CAROL: {"route": "gone", "tls": "none"}}
    queued = Queued(recipients=(BOB, CAROL, DAVE), prefix=PREFIX, return_path=ALICE, how=how)
    spool = Spool.of(safe.store, b"Subject: x\r\n\r\nHello\r\n")
    deposit(safe.store, safe.keys.sealing, Deposit(spool=spool, author=ALICE, queued=queued))
    async with delivering(desk(safe, sink)):
        await sink.wait_for(1)
        await until(lambda: sum(row.delayed for row in safe.rows("outbox")) == 2)
    assert [one.recipients for one in sink.mails] == [(str(BOB),)]
    status = {row.address: row.status for row in safe.rows("outbox")}
    assert status[str(DAVE)].startswith("4.7.10 ")
    assert status[str(CAROL)].startswith("4.3.5 ")
    assert not any(str(DAVE) in line for line in sink.commands)


async def test_a_held_mail_that_waited_too_long_is_ended_and_its_sender_told(
    safe: Safe, sink: Sink
) -> None:
    lockup = Lockup(safe)
    hold_id = lockup.hold()
    async with delivering(desk(safe, sink)):
        await until(lambda: len(sink.mails) == 1)
        safe.clock.advance(days=3, minutes=2)
        assert await asyncio.to_thread(holds.expire, safe.store, safe.keys.sealing) == 1
        await until(lambda: len(sink.mails) == 2)
    told = [email.message_from_bytes(mail.content) for mail in sink.mails]
    assert [str(one["To"]) for one in told] == [str(ALICE)] * 2
    assert "is held and has not been sent" in str(told[0]["Subject"])
    assert "has expired and was not sent" in " ".join(str(told[1]["Subject"]).split())
    assert b"A plan" not in b"".join(mail.content for mail in sink.mails)
    assert held.find(safe.store, ALICE, hold_id).state == "expired"
    assert safe.rows("contents") == []
