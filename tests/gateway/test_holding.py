"""A mail that is held at the SMTP door: kept whole, told at once, sent to nobody."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from policies.language.loader import load_text
from tests.gateway.office import AMY, BEN, BOSS, CAT, JANE, Office, captured, mail, office
from vault.address import Address
from vault.hold import lists as held
from vault.hold.lists import Held
from vault.keys.opening import load_opening
from vault.origin import Origin
from vault.sending.outbox import Item, Kind
from vault.storage.tables import HoldState

NUMBER = "943 476 5919"
HOLDING = load_text("""
version: 1
rules:
  - name: number-in-subject
    when: {subject: {finds: nhs_number}}
    then: hold
    tell_sender: "Not sent to anyone: the subject seems to contain {found}. Take it out."
  - name: merger
    when: {subject: {contains: merger}}
    then: hold
    hold: {for: approver, approvers: [boss@council.gov.uk], expires_after: 1 day}
  - name: not-to-ben
    when: {recipient: {domain: police.example.org}, subject: {contains: budget}}
    then: hold
  - name: never
    when: {subject: {contains: forbidden}}
    then: refuse
    tell_sender: "Not sent to anyone: this may not be sent."
  - name: marked
    when: {direction: external, flag: any}
    then: seal
""")


def holding(here: Office) -> Office:
    here.pipeline.policy = HOLDING
    return here


def opened(here: Office, owner: str = JANE) -> Held:
    opening = load_opening(here.folder / "keys")
    who = Address.parse(owner)
    (line,) = held.listed(here.store, opening, who)
    return held.inspect(here.store, opening, who, line.hold.id, Origin())


def letter(here: Office) -> Item:
    (item,) = here.queue()
    assert item.kind is Kind.HELD
    return item


async def test_a_held_mail_goes_nowhere_and_its_sender_is_told(tmp_path: Path) -> None:
    async with office(tmp_path) as here:
        original = mail(f"About {NUMBER}", to=f"{AMY}, {CAT}", extra=f"Bcc: {BEN}\r\n")
        with captured() as entries:
            reply = await holding(here).send(JANE, AMY, CAT, BEN, data=original)
        assert reply.startswith("250 2.0.0 Held ")
        assert here.sink.connections == 0
        found = opened(here)
        assert b"".join(found.read()) == original
        assert found.hold.reference == reply.split(" ")[3].strip()
        assert (found.hold.owner, found.hold.state) == (Address.parse(JANE), HoldState.HELD)
        assert timedelta(hours=71) < found.hold.expires_at - datetime.now(UTC) < timedelta(hours=73)
        slip = found.slip
        assert [str(to) for to in slip.recipients] == [AMY, CAT, BEN]
        assert (str(slip.sender), slip.authenticated) == (JANE, True)
        assert slip.named == tuple(sorted([AMY, CAT]))
        assert slip.reasons == ("The subject seems to contain an NHS number. Take it out.",)
        assert slip.prefix.startswith(b"Received: from client.example")
        assert b"for <" not in slip.prefix
        item = letter(here)
        assert str(item.to) == JANE
        assert item.fields["reasons"] == slip.reasons[0]
        assert item.fields["recipients"] == f"{AMY}\n{CAT}\n{BEN}"
        assert item.fields["approval"] == ""
        assert "943" not in repr([item.fields, entries])
        assert here.kept == {"packages": 0, "grants": 0, "outbox": 1, "events": 2, "contents": 1}


async def test_what_the_client_asked_is_kept_also_for_whoever_is_added(tmp_path: Path) -> None:
    async with office(tmp_path) as here, await holding(here).talk() as talk:
        await talk.say(f"MAIL FROM:<{JANE}> RET=HDRS ENVID=x1 REQUIRETLS", "250")
        await talk.say(f"RCPT TO:<{AMY}> NOTIFY=NEVER", "250")
        await talk.say("DATA", "354")
        await talk.say(mail(f"About {NUMBER}") + b".\r\n", "250 2.0.0 Held ")
        slip = opened(here).slip
        of_all = {"requiretls": "yes", "ret": "HDRS", "envid": "x1"}
        assert slip.asked_for(Address.parse(AMY)) == {**of_all, "notify": "NEVER"}
        assert slip.asked_for(Address.parse(BEN)) == of_all


async def test_the_line_on_top_names_nobody_who_may_be_corrected_away(tmp_path: Path) -> None:
    async with office(tmp_path) as here:
        await holding(here).send(JANE, AMY, data=mail(NUMBER))
        assert AMY.encode() not in opened(here).slip.prefix


async def test_one_held_recipient_holds_the_whole_mail(tmp_path: Path) -> None:
    async with office(tmp_path) as here:
        reply = await holding(here).send(JANE, AMY, BEN, data=mail("[secure] The budget"))
        assert reply.startswith("250 2.0.0 Held ")
        assert here.sink.connections == 0
        assert here.count("packages") == 0
        (reason,) = opened(here).slip.reasons
        assert reason.startswith(f"{BEN}: The recipient's address is at police.example.org. ")
        assert reason.endswith("The subject contains a word that the policy names.")


async def test_a_refusal_is_stronger(tmp_path: Path) -> None:
    async with office(tmp_path) as here:
        reply = await holding(here).send(JANE, AMY, data=mail(f"forbidden {NUMBER}"))
        assert reply.startswith("550 5.7.1 Not sent to anyone: this may not be sent.")
        assert here.count("outbox") == here.count("contents") == 0


async def test_the_letter_offers_approval_where_somebody_else_may_give_it(tmp_path: Path) -> None:
    async with office(tmp_path) as here:
        await holding(here).send(JANE, AMY, data=mail("The merger"))
        assert letter(here).fields["approval"] == "yes"
        ends = opened(here).hold.expires_at - datetime.now(UTC)
        assert timedelta(hours=23) < ends < timedelta(hours=25)
        own = mail("The merger", sender=f"Boss <{BOSS}>")
        await here.send(BOSS, AMY, data=own)
        assert letter(here).fields["approval"] == ""
        await here.send(JANE, AMY, data=mail(f"The merger {NUMBER}"))
        assert letter(here).fields["approval"] == ""


async def test_the_same_mail_sent_again_is_held_once(tmp_path: Path) -> None:
    async with office(tmp_path) as here:
        data = mail(NUMBER)
        first = await holding(here).send(JANE, AMY, data=data)
        assert await here.send(JANE, AMY, data=data) == first
        assert here.count("outbox") == here.count("contents") == 1


async def test_a_mail_from_the_organisations_server_is_held_for_its_sender(tmp_path: Path) -> None:
    async with office(tmp_path) as here:
        sender = "Printer@council.gov.uk"
        data = mail(NUMBER, sender=sender)
        reply = await holding(here).send(sender, AMY, data=data, trusted=True)
        assert reply.startswith("250 2.0.0 Held ")
        found = opened(here, sender.lower())
        assert (str(found.slip.sender), found.slip.authenticated) == (sender, False)


@pytest.mark.parametrize("signed", ["", JANE])
async def test_a_mail_without_a_sender_is_refused_because_nobody_could_be_asked(
    tmp_path: Path, signed: str
) -> None:
    async with office(tmp_path) as here:
        here.pipeline.policy = HOLDING
        reply = await here.send("", AMY, data=mail(NUMBER), trusted=not signed, signed=signed)
        assert reply.startswith("550")
        assert "5.7.1 Not sent to anyone: the subject seems to contain an NHS number." in reply
        assert here.kept == {**dict.fromkeys(here.kept, 0), "events": 1}


async def test_if_it_cannot_be_kept_the_client_tries_again(tmp_path: Path) -> None:
    async with office(tmp_path) as here:
        holding(here).store.close()
        (tmp_path / "vault" / "sealgate.sqlite").write_bytes(b"no database" * 500)
        reply = await here.send(JANE, AMY, data=mail(NUMBER), trusted=True)
        assert reply.startswith("451 4.")
