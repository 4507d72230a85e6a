"""A mail from the client to the next hop or into the vault: real parts, the council's policy."""

import asyncio
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select, text

from gateway.relay.letter import Letter
from gateway.smtp.limits import Limits
from policies.language.loader import load_text
from tests.gateway.office import (
    AMY,
    BEN,
    BOSS,
    CAT,
    JANE,
    captured,
    mail,
    office,
)
from vault.errors import StoreUnavailable
from vault.sending.outbox import Kind
from vault.storage import tables
from vault.trail.audit import Act

MIB = 1 << 20
NOTHING = {"packages": 0, "grants": 0, "outbox": 0, "events": 0, "contents": 0}
FLAGGED = "[secure] Hello"


async def test_a_clear_mail_is_relayed_byte_for_byte(tmp_path: Path) -> None:
    async with office(tmp_path) as here:
        original = mail("Lunch")
        reply = await here.send(JANE, AMY, data=original)
        assert reply.startswith("250 2.0.0 Relayed ")
        (caught,) = here.sink.mails
        received, _, rest = caught.content.partition(b"From: ")
        assert b"From: " + rest == original
        assert received.startswith(b"Received: from client.example ([127.0.0.1])\r\n\tby gate.")
        assert b"with ESMTPSA id " in received
        assert reply.split(" ")[3].encode() in received
        assert caught.sender == JANE
        assert caught.recipients == (AMY,)
        assert here.acts() == [Act.RELAY_QUEUED, Act.RELAY_DONE]
        assert here.kept == {**NOTHING, "events": 2}
        assert here.files == []


async def test_what_kinds_of_data_were_found_is_kept_and_none_of_them(tmp_path: Path) -> None:
    """The same number in two spellings is one value."""
    async with office(tmp_path) as here:
        told = b"NHS number 943 476 5919, that is NHS number 9434765919"
        twice = mail("Hello").replace(b"Good morning", told)
        for data in (twice, mail(FLAGGED)):
            assert (await here.send(JANE, AMY, data=data)).startswith("250 2.0.0 Sealed ")
        with here.store.reading() as tx:
            wanted = select(tables.packages.c.found).order_by(tables.packages.c.sealed_at)
            found = list(tx.execute(wanted).scalars())
        assert found == ['{"nhs_number": 1}', "{}"]


async def test_a_flagged_mail_is_sealed_and_nothing_leaves(tmp_path: Path) -> None:
    async with office(tmp_path) as here:
        original = mail(FLAGGED, extra="In-Reply-To: <0@partner.org>\r\n")
        reply = await here.send(JANE, AMY, data=original)
        assert reply.startswith("250 2.0.0 Sealed ")
        assert here.sink.connections == 0
        assert here.opened(AMY) == original
        (line,) = here.received(AMY)
        assert line.package.reference == reply.split(" ")[3]
        assert str(line.package.author) == JANE
        assert line.summary.subject == FLAGGED
        assert line.summary.author_name == "Jane Jones"
        assert line.summary.to == (AMY,)
        assert line.package.expires_at is not None
        assert timedelta(days=29) < line.package.expires_at - datetime.now(UTC) < timedelta(days=31)
        (notice,) = here.queue()
        assert (notice.kind, str(notice.to)) == (Kind.NOTICE, AMY)


async def test_sealed_content_is_nowhere_in_the_clear(tmp_path: Path) -> None:
    marker = b"KANARIENVOGEL"
    async with office(tmp_path) as here:
        big = mail(FLAGGED + " " + marker.decode()) + (marker + b"\r\n") * 200_000
        small = mail(FLAGGED + " " + marker.decode()) + marker + b"\r\n"
        with captured() as entries:
            for data in (big, small):
                assert (await here.send(JANE, AMY, data=data)).startswith("250 2.0.0 Sealed")
        assert here.files
        assert written_with(marker, tmp_path) == []
        assert marker.decode() not in repr(entries)
    assert len(big) > 2 * MIB


def written_with(marker: bytes, folder: Path) -> list[Path]:
    files = [one for one in folder.rglob("*") if one.is_file()]
    assert len(files) > 5
    return [one for one in files if marker in one.read_bytes()]


async def test_mixed_recipients_each_get_their_route(tmp_path: Path) -> None:
    async with office(tmp_path) as here:
        original = mail(FLAGGED, to=f"{AMY}, {CAT}", extra=f"Bcc: {BEN}\r\n")
        reply = await here.send(JANE, AMY, CAT, BEN, data=original)
        assert reply.startswith("250 2.0.0 Sealed ")
        assert here.sink.connections == 0  # the deliverer relays what is clear
        items = {(item.kind, str(item.to)): item for item in here.queue()}
        assert set(items) == {(Kind.NOTICE, AMY), (Kind.NOTICE, BEN), (Kind.RELAY, CAT)}
        clear = items[Kind.RELAY, CAT]
        assert clear.content is not None
        assert b"".join(clear.content()) == original
        assert str(clear.return_path) == JANE
        assert clear.dropped == (b"bcc", b"resent-bcc")
        assert clear.prefix.startswith(b"Received: from client.example")
        assert b"for <" not in clear.prefix
        assert here.opened(AMY) == here.opened(BEN) == original


async def test_nobody_learns_of_a_bcc(tmp_path: Path) -> None:
    async with office(tmp_path) as here:
        original = mail(FLAGGED, to=AMY.upper().replace("ORG", "org"), extra=f"Bcc: {BEN}\r\n")
        assert (await here.send(JANE, AMY, BEN, data=original)).startswith("250")
        (line,) = here.received(AMY)
        assert [str(one.address) for one in line.grants] == [AMY]
        (line,) = here.received(BEN)
        assert line.summary.to
        clear = mail("Lunch", extra=f"Bcc: {BEN},\r\n\t{CAT}\r\nX-After: yes\r\n")
        assert (await here.send(JANE, AMY, BEN, data=clear)).startswith("250 2.0.0 Relayed")
        (caught,) = here.sink.mails
        assert BEN.encode() not in caught.content
        assert b"X-After: yes\r\n\r\n" in caught.content


async def test_personal_webmail_is_refused_at_rcpt_by_name(tmp_path: Path) -> None:
    async with office(tmp_path) as here, await here.talk() as talk:
        await talk.say(f"MAIL FROM:<{JANE}>", "250")
        reply = await talk.say("RCPT TO:<someone@gmail.com>")
        text = reply.replace("\n550-5.7.1", "").replace("\n550 5.7.1", "")
        assert text.startswith("550")
        assert "5.7.1 Not sent to someone@gmail.com: this is a personal webmail address." in text
        assert (await talk.say("RCPT TO:<info@partner.org>")).startswith("550")
        await talk.say(f"RCPT TO:<{AMY}>", "250")
        await talk.say("DATA", "354")
        assert (await talk.say(mail() + b".\r\n")).startswith("250 2.0.0 Relayed")
        (caught,) = here.sink.mails
        assert caught.recipients == (AMY,)


@pytest.mark.parametrize("to", [AMY, CAT])
async def test_a_subject_with_personal_data_is_refused_for_all(to: str, tmp_path: Path) -> None:
    async with office(tmp_path) as here:
        with captured() as entries:
            reply = await here.send(JANE, to, BEN, data=mail("NHS number 943 476 5919 for review"))
        assert reply.startswith("550")
        assert "5.7.1 Not sent to anyone: the subject seems to contain" in reply
        assert "Not sent to anyone: Not sent" not in reply
        assert "943" not in reply
        assert here.kept == {**NOTHING, "events": 2}
        assert here.files == []
        assert here.sink.connections == 0
        (entry,) = [one for one in entries if one["event"] == "mail.refused"]
        assert entry["rules"] == ("no-personal-data-in-subject", "seal-personal-data")
        assert "943" not in json.dumps(entries, default=str)


async def test_a_refusal_of_one_names_the_one(tmp_path: Path) -> None:
    only_ben = """
version: 1
rules:
  - name: not-ben
    when:
      recipient:
        domain: police.example.org
      subject:
        contains: [lunch]
    then: refuse
    tell_sender: "Not sent: Ben does not lunch."
"""
    async with office(tmp_path) as here:
        here.pipeline.policy = load_text(only_ben)
        reply = await here.send(JANE, AMY, BEN, data=mail("Lunch"))
        assert reply == f"550 5.7.1 Not sent to anyone: {BEN}: Ben does not lunch."
        reply = await here.send(JANE, BEN, data=mail("Lunch"))
        assert reply == "550 5.7.1 Not sent to anyone: Ben does not lunch."
        assert here.sink.connections == 0


SEAL_ALL = """
version: 1
rules:
  - name: all
    when:
      direction: external
    then: seal
"""


async def test_the_policy_can_be_replaced_between_two_mails(tmp_path: Path) -> None:
    async with office(tmp_path) as here:
        assert (await here.send(JANE, AMY, data=mail())).startswith("250 2.0.0 Relayed")
        here.pipeline.policy = load_text(SEAL_ALL)
        assert (await here.send(JANE, AMY, data=mail())).startswith("250 2.0.0 Sealed")


# --- who sends


FROM_LINES = [
    (f"Jane <{JANE}>", "250"),
    (JANE.upper().replace("COUNCIL.GOV.UK", "council.gov.uk"), "250"),
    (f'"Jones, Jane" <{JANE}>', "250"),
    (f"=?utf-8?q?J=C3=A4ne?= <{JANE}>", "250"),
    ("Team <team@council.gov.uk>", "250"),
    (f"{JANE}, Team <team@council.gov.uk>", "250"),
    (f"Boss <{BOSS}>", "550 5.7.1"),
    (f"{JANE}, {BOSS}", "550 5.7.1"),
    (f"Staff: {JANE}, {BOSS};", "550 5.7.1"),
    (f'"{BOSS}" <{JANE}>', "550 5.7.1"),
    (f"{JANE} ({BOSS})", "550 5.7.1"),
    (f"=?utf-8?q?boss=40council=2Egov=2Euk?= <{JANE}>", "550 5.7.1"),
    (f"=?utf-8?b?Ym9zc0Bjb3VuY2lsLmdvdi51aw==?= <{JANE}>", "550 5.7.1"),
    ("=?utf-8?q?jane=40council=2Egov=2Euk?=", "550 5.6.0"),
    (f"{JANE}, boss@council.gov.uk.", "550 5.7.1"),
    (f"{JANE} <{JANE}.evil.org>", "550 5.7.1"),
    (f"<@evil.org:{JANE}>", "550 5.7.1"),
    (f"{JANE}\r\n\t,{BOSS}", "550 5.7.1"),
    (f'"{BOSS}." <{JANE}>', "550 5.7.1"),
    (f"\"'{BOSS}'\" <{JANE}>", "550 5.7.1"),
    (f"\"'{JANE}'\" <{JANE}>", "250"),
    (f'"boss\\@council.gov.uk" <{JANE}>', "550 5.7.1"),
    (f'"boss @ council.gov.uk" <{JANE}>', "550 5.7.1"),
    (f'"Jane @ work" <{JANE}>', "250"),
    (f'"boss\uff20council.gov.uk" <{JANE}>', "550 5.7.1"),
    (f'"boss@council\u200b.gov.uk" <{JANE}>', "550 5.7.1"),
    (f'"boss@council\u2024gov.uk" <{JANE}>', "550 5.7.1"),
    (f'"b\u043ess@council.gov.uk" <{JANE}>', "550 5.7.1"),
    ("Jane Jones", "550 5.6.0"),
    ("", "550 5.6.0"),
    (f"{'x' * 5000} <{JANE}>", "550 5.6.0"),
]


async def test_the_from_line_must_be_theirs(tmp_path: Path) -> None:
    async with office(tmp_path) as here:
        for header, expected in FROM_LINES:
            here.sink.mails.clear()
            before = here.kept
            reply = await here.send(JANE, AMY, data=mail(sender=header))
            assert reply.replace("550-", "550 ").startswith(expected), (header, reply)
            assert len(here.sink.mails) == (expected == "250"), header
            if expected != "250":
                assert "Not sent to anyone" in reply
                assert here.kept == before


ILL_FORMED = [
    (b"Subject: x\r\n\r\nbody\r\n", "no From line"),
    (b"", "no From line"),
    (b"\r\nbody\r\n", "no From line"),
    (b"just text, no header at all\r\n", "no From line"),
    (f"From: {JANE}\r\nFrom: {JANE}\r\n\r\nx\r\n".encode(), "more than one"),
    (f"From: {JANE}\r\nfrom : {BOSS}\r\n\r\nx\r\n".encode(), "more than one"),
    (f"From: {JANE}\r\nFrom\r\n : {BOSS}\r\n\r\nx\r\n".encode(), "more than one"),
    (f"From \r\n\t\r\n : {BOSS}\r\n\r\nx\r\n".encode(), "From line is not yours"),
    (f"From: {JANE}\r\nSender: {JANE}\r\nSender: {JANE}\r\n\r\nx\r\n".encode(), "more than one"),
    (f"From: {JANE}\r\nSender: {BOSS}\r\n\r\nx\r\n".encode(), "Sender line is not yours"),
    (f"From: {JANE}\r\nResent-From: {BOSS}\r\n\r\nx\r\n".encode(), "Resent-From line"),
    (f"From: {JANE}\r\n".encode() + b"Received: x\r\n" * 50 + b"\r\nx\r\n", "circles"),
    (f"From: {JANE}\r\n".encode() + b"X-A: y\r\n" * 1001 + b"\r\nx\r\n", "header is larger"),
    (f"From: {JANE}\r\n".encode() + b"X-A: " + b"y" * 300_000 + b"\r\n\r\nx\r\n", "header is"),
    (f"From: {JANE}\r\nX-Sealgate-Expires: soon\r\n\r\nx\r\n".encode(), "X-Sealgate-Expires"),
]


async def test_mails_that_are_refused_for_their_form(tmp_path: Path) -> None:
    async with office(tmp_path) as here:
        for data, words in ILL_FORMED:
            reply = await here.send(JANE, AMY, data=data)
            assert reply[:3] in {"550", "552", "554"}, (words, reply)
            assert words in reply
            assert reply.count("Not sent to anyone:") == 1
        assert here.kept == NOTHING
        assert here.sink.connections == 0


async def test_the_author_is_who_signed_in(tmp_path: Path) -> None:
    async with office(tmp_path) as here:
        data = mail(FLAGGED, sender="The Team <team@council.gov.uk>")
        reply = await here.send("team@council.gov.uk", AMY, data=data, signed=JANE)
        assert reply.startswith("250 2.0.0 Sealed")
        (line,) = here.received(AMY)
        assert str(line.package.author) == str(line.package.owner) == JANE
        assert line.summary.author_name == "The Team"


async def test_the_envelope_sender_must_be_theirs(tmp_path: Path) -> None:
    async with office(tmp_path) as here, await here.talk() as talk:
        for sender in (JANE, "Team@Council.gov.uk", ""):
            await talk.say(f"MAIL FROM:<{sender}>", "250")
            await talk.say("RSET", "250")
        for sender in (BOSS, "jane@partner.org", "jane@sub.council.gov.uk"):
            reply = await talk.say(f"MAIL FROM:<{sender}>", "553")
            assert "5.7.1 Not sent" in reply


async def test_the_trusted_port(tmp_path: Path) -> None:
    async with office(tmp_path) as here:
        for sender, expected in [("x@partner.org", "553 5.7.1"), (BOSS, "250 2.0.0 Relayed")]:
            reply = await here.send(sender, AMY, data=mail(sender=BOSS), trusted=True)
            assert reply.startswith(expected)
        assert b"with ESMTP id" in here.sink.mails[0].content
        flagged = mail(FLAGGED, sender="boss@partner.org")
        sealed = await here.send("Boss@council.gov.uk", AMY, data=flagged, trusted=True)
        assert sealed.startswith("250 2.0.0 Sealed")
        (line,) = here.received(AMY)
        assert str(line.package.author) == BOSS


async def test_mail_without_a_sender_is_relayed_or_refused_never_sealed(tmp_path: Path) -> None:
    async with office(tmp_path) as here:
        bounce = mail("Undeliverable", sender="postmaster@council.gov.uk")
        assert (await here.send("", AMY, data=bounce, trusted=True)).startswith("250 2.0.0 Relayed")
        assert here.sink.mails[0].sender == ""
        refused = await here.send("", AMY, data=mail(FLAGGED, sender=JANE), trusted=True)
        assert refused.replace("550-", "550 ").startswith("550 5.7.1 Not sent to anyone")
        assert here.count("packages") == 0
        here.sink.script.answers["mail"] = "421 4.3.2 Not now"
        assert (await here.send("", AMY, data=bounce, trusted=True)).startswith("250 2.0.0 Queued")
        (item,) = here.queue()
        assert item.return_path is None


# --- the next hop


async def test_the_next_hops_refusal_is_ours(tmp_path: Path) -> None:
    async with office(tmp_path) as here:
        here.sink.script.recipients[AMY] = "550 5.1.1 No such user"
        reply = await here.send(JANE, AMY, data=mail())
        assert reply.startswith("550 5.1.1 Not sent to anyone: the next mail server refused it")
        assert "No such user" in reply
        assert here.acts() == [Act.RELAY_QUEUED, Act.RELAY_BOUNCED]
        assert here.count("outbox") == 0
        here.sink.script.recipients[AMY] = "250 OK"
        here.sink.script.answers["dot"] = "554 5.7.1 Content"
        assert (await here.send(JANE, AMY, data=mail())).startswith("554 5.7.1 Not sent to anyone")


async def test_a_next_hop_that_cannot_take_it_now_leaves_it_queued(tmp_path: Path) -> None:
    async with office(tmp_path) as here:
        original = mail("Lunch", extra=f"Bcc: {BEN}\r\n")
        here.sink.script.answers["dot"] = "451 4.3.0 Not now"
        reply = await here.send(JANE, AMY, BEN, data=original)
        assert reply.startswith("250 2.0.0 Queued ")
        items = here.queue()
        assert sorted(str(item.to) for item in items) == [AMY, BEN]
        for item in items:
            assert item.kind is Kind.RELAY
            assert item.content is not None
            assert b"".join(item.content()) == original
        assert here.count("packages") == 0


async def test_a_next_hop_that_is_not_there_leaves_it_queued(tmp_path: Path) -> None:
    async with office(tmp_path) as here:
        here.sink._server.close()
        reply = await here.send(JANE, AMY, data=mail())
        assert reply.startswith("250 2.0.0 Queued ")


async def test_a_next_hop_that_stalls_does_not_hold_the_client(tmp_path: Path) -> None:
    async with office(tmp_path, patience=0.3) as here:
        here.sink.script.stall.add("dot")
        async with asyncio.timeout(8):
            reply = await here.send(JANE, AMY, data=mail())
        assert reply.startswith("250 2.0.0 Queued ")


async def test_each_recipient_has_an_own_fate(tmp_path: Path) -> None:
    async with office(tmp_path) as here:
        here.sink.script.recipients[AMY] = "550 5.1.1 No such user"
        here.sink.script.recipients[BEN] = "450 4.2.1 Not now"
        reply = await here.send(JANE, AMY, BEN, CAT, data=mail())
        assert reply.startswith("250 2.0.0 Queued ")
        assert f"refused for {AMY}" in reply
        (caught,) = here.sink.mails
        assert caught.recipients == (CAT,)
        items = {item.kind: item for item in here.queue()}
        assert set(items) == {Kind.RELAY, Kind.BOUNCE}
        assert str(items[Kind.RELAY].to) == BEN
        assert str(items[Kind.BOUNCE].to) == JANE
        assert items[Kind.BOUNCE].fields["recipient"] == AMY
        assert items[Kind.BOUNCE].fields["status"] == "5.1.1 No such user"
        assert sorted(here.acts()) == sorted(
            [Act.RELAY_QUEUED] * 4 + [Act.RELAY_DONE, Act.RELAY_BOUNCED]
        )


# --- failures of ours


@pytest.mark.parametrize("data", [mail(), mail(FLAGGED)], ids=["clear", "flagged"])
async def test_a_broken_store_is_451_and_nothing_is_kept_or_sent(
    data: bytes, tmp_path: Path
) -> None:
    async with office(tmp_path) as here, await here.talk() as talk:
        with here.store.writing() as tx:
            tx.execute(text("ALTER TABLE events RENAME TO gone"))
        reply = await talk.mail(JANE, AMY, data=data.removesuffix(b"\r\n"))
        assert reply == "451 4.3.0 Temporary failure, try again later"
        with here.store.writing() as tx:
            tx.execute(text("ALTER TABLE gone RENAME TO events"))
        assert here.kept == NOTHING
        assert here.files == []
        assert here.sink.connections == 0
        # It recovers by itself.
        reply = await talk.mail(JANE, AMY, data=data.removesuffix(b"\r\n"))
        assert reply.startswith("250")


async def test_a_disk_that_fails_under_a_large_sealed_mail(tmp_path: Path) -> None:
    async with office(tmp_path) as here:
        contents = tmp_path / "vault" / "contents"
        contents.rename(tmp_path / "away")
        reply = await here.send(JANE, AMY, data=mail(FLAGGED) + b"A" * 3 * MIB + b"\r\n")
        assert reply == "451 4.3.0 Temporary failure, try again later"
        (tmp_path / "away").rename(contents)
        assert here.kept == NOTHING
        assert here.files == []


async def test_a_large_mail_leaves_no_file_unless_it_is_sealed(tmp_path: Path) -> None:
    async with office(tmp_path) as here:
        body = b"A" * 3 * MIB + b"\r\n"
        for subject, words in [("NHS 943 476 5919", "550"), ("Lunch", "250 2.0.0 Relayed")]:
            assert (await here.send(JANE, AMY, data=mail(subject) + body)).startswith(words)
            assert here.files == []
        assert (await here.send(JANE, AMY, data=mail(FLAGGED) + body)).startswith("250")
        assert len(here.files) == 1
        assert here.opened(AMY) == mail(FLAGGED) + body


async def test_a_policy_that_fails_relays_nothing(tmp_path: Path) -> None:
    class Broken:
        digest = "x"

        def decide_recipient(self, *_: object) -> None:
            return None

        def decide(self, *_: object) -> None:
            raise RuntimeError("secret")

    async with office(tmp_path) as here:
        here.pipeline.policy = Broken()  # type: ignore[assignment]
        reply = await here.send(JANE, AMY, data=mail())
        assert reply == "451 4.3.0 Temporary failure, try again later"
        assert here.kept == NOTHING
        assert here.sink.connections == 0


async def test_a_client_that_tries_again_gets_the_same_package(tmp_path: Path) -> None:
    async with office(tmp_path) as here:
        first = await here.send(JANE, AMY, data=mail(FLAGGED))
        second = await here.send(JANE, AMY, data=mail(FLAGGED))
        assert first == second
        assert here.count("packages") == 1
        assert len(here.queue()) == 1


async def test_a_hang_up_after_the_dot_seals_exactly_once(tmp_path: Path) -> None:
    async with office(tmp_path) as here:
        for _ in range(5):
            talk = await here.talk()
            await talk.say(f"MAIL FROM:<{JANE}>", "250")
            await talk.say(f"RCPT TO:<{AMY}>", "250")
            await talk.say("DATA", "354")
            await talk.send(mail(FLAGGED) + b".\r\n")
            talk.writer.transport.abort()
        for _ in range(200):
            if not here.listener.connections and here.count("packages"):
                break
            await asyncio.sleep(0.02)
        await asyncio.sleep(0.2)
        assert here.count("packages") in {0, 1}
        assert (await here.send(JANE, AMY, data=mail(FLAGGED))).startswith("250 2.0.0 Sealed")
        assert here.count("packages") == 1


# --- odd mails


ODD = [
    b"",
    b"Content-Type: multipart/mixed; boundary=x\r\n",
    b"Content-Type: application/pkcs7-mime; smime-type=enveloped-data\r\n",
    b"Content-Type: application/ms-tnef; name=winmail.dat\r\n",
]


async def test_odd_mails_arrive_unchanged_or_sealed(tmp_path: Path) -> None:
    head = mail().removesuffix(b"\r\nGood morning\r\n")
    bytes_of_all_kinds = bytes(range(1, 10)) + bytes(range(14, 256))
    outcomes = set()
    async with office(tmp_path) as here:
        for number, extra in enumerate(ODD):
            body = bytes_of_all_kinds + b"\r\n.\r\n..\r\n" + b"A" * 200_000 + b"\r\n"
            data, to = head + extra + b"\r\n" + body, f"to{number}@partner.org"
            reply = await here.send(JANE, to, data=data)
            outcomes.add(reply.split(" ")[2])
            if reply.startswith("250 2.0.0 Relayed"):
                assert here.sink.mails[-1].content.endswith(data)
            else:
                assert reply.startswith("250 2.0.0 Sealed")
                assert here.opened(to) == data
    assert outcomes == {"Relayed", "Sealed"}


async def test_what_cannot_be_inspected_is_sealed(tmp_path: Path) -> None:
    head = mail()[: -len(b"\r\nGood morning\r\n")]
    nested = head + b"".join(
        b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n" % (n, n) for n in range(40)
    )
    async with office(tmp_path) as here:
        assert (await here.send(JANE, AMY, data=nested + b"x\r\n")).startswith("250 2.0.0 Sealed")
        assert here.sink.connections == 0


async def test_a_protect_header_sets_the_terms(tmp_path: Path) -> None:
    async with office(tmp_path) as here:
        extra = "X-Sealgate-Protect: yes\r\nX-Sealgate-Not-Before: 60 days\r\n"
        assert (await here.send(JANE, AMY, data=mail(extra=extra))).startswith("250 2.0.0 Sealed")
        (line,) = here.received(AMY)
        now = datetime.now(UTC)
        assert line.package.not_before is not None
        assert line.package.expires_at is not None
        assert timedelta(days=59) < line.package.not_before - now < timedelta(days=61)
        assert timedelta(days=89) < line.package.expires_at - now < timedelta(days=91)


async def test_every_decision_is_logged_and_nothing_of_the_mail(tmp_path: Path) -> None:
    async with office(tmp_path, limits=Limits(greeting_pause=0)) as here:
        with captured() as entries:
            sealed = await here.send(JANE, AMY, CAT, data=mail(FLAGGED + " Kanarienvogel"))
            relayed = await here.send(JANE, AMY, data=mail("Kanarienvogel"))
            await here.send(JANE, "someone@gmail.com", data=mail("Kanarienvogel"))
        by_event = {one["event"]: one for one in entries}
        assert by_event["mail.sealed"]["reference"] == sealed.split(" ")[3]
        assert by_event["mail.sealed"]["rules"] == ("seal-marked-mail",)
        assert (by_event["mail.sealed"]["sealed"], by_event["mail.sealed"]["clear"]) == (1, 1)
        assert by_event["mail.relayed"]["reference"] == relayed.split(" ")[3]
        assert by_event["mail.recipient_refused"]["rules"] == ["no-personal-webmail"]
        written = json.dumps(entries, default=str)
        for secret in ("Kanarienvogel", JANE, AMY, "gmail.com", "correct horse", "Good morning"):
            assert secret not in written


async def test_the_relay_is_a_seam(tmp_path: Path) -> None:
    """Anything with `send` will do; what the content raises is a failure of ours."""

    class Torn:
        async def send(self, letter: Letter) -> dict[object, object]:
            raise StoreUnavailable("the spool is torn")

    async with office(tmp_path) as here:
        object.__setattr__(here.pipeline._route, "relay", Torn())
        assert (await here.send(JANE, AMY, data=mail())).startswith("451 4.3.0")
