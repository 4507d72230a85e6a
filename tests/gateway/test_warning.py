"""A rule that warns: the mail goes, and its sender is told, by mail and in plain English."""

from pathlib import Path

import pytest

from gateway.delivery.desk import Desk
from gateway.notices.settings import NoticeSettings
from gateway.relay.routes import Routes
from gateway.relay.sender import Sender
from gateway.relay.settings import NextHopSettings
from gateway.relay.trying import DeliverySettings
from policies.language.loader import load_text
from policies.settings import OrganisationSettings
from tests.gateway.office import AMY, BEN, CAT, JANE, Office, mail, office
from vault import keys
from vault.sending.outbox import Item, Kind

NUMBER = "943 476 5919"
POLICY = load_text(
    """version: 1
rules:
  - name: warn-subject
    when: {subject: {finds: [nhs_number]}}
    then: warn
    tell_sender: "The subject seems to contain {found}."
  - name: warn-outside
    when: {subject: {finds: [nhs_number]}, direction: external}
    then: warn
    tell_sender: "It went outside."
  - name: marked
    when: {flag: any, direction: external}
    then: seal
  - name: never
    when: {recipient: {domain: police.example.org}}
    then: refuse
    tell_sender: "Not sent to anyone: no."
"""
)
PERSONAL = mail(f"NHS {NUMBER}")


def notes(here: Office) -> list[Item]:
    return [item for item in here.queue() if item.kind is Kind.WARNING]


async def test_the_mail_goes_and_its_sender_gets_one_note(tmp_path: Path) -> None:
    async with office(tmp_path, policy=POLICY) as here:
        reply = await here.send(JANE, AMY, CAT, data=PERSONAL)
        assert reply.startswith("250 2.0.0 Relayed")
        assert {to for one in here.sink.mails for to in one.recipients} == {AMY, CAT}
        (note,) = notes(here)
        assert str(note.to) == JANE
        assert note.fields == {
            "reference": reply.split(" ")[3],
            "sentences": "The subject seems to contain an NHS number.\nIt went outside.",
            "rules": "warn-subject, warn-outside",
        }
        folder = here.folder / "keys"
        desk = Desk(
            store=here.store,
            relay_keys=keys.load_relay(folder),
            sealing_keys=keys.load_sealing(folder),
            organisation=OrganisationSettings(domains=["council.gov.uk"]),
            relay=Sender(Routes(NextHopSettings())),
            notices=NoticeSettings(sender="secure@council.gov.uk", return_path="b@council.gov.uk"),
            delivery=DeliverySettings(),
        )
        letter = desk.letter(note)
        assert letter.return_path is None
        content = b"".join(letter.chunks())  # type: ignore[operator]
        assert b"Auto-Submitted: auto-generated\r\n" in content
        assert b'From: "Example Council" <secure@council.gov.uk>' in content
        assert b"seems to contain an NHS number" in content
        assert b"943" not in content
        assert b"Good morning" not in content


async def test_sealed_mail_brings_a_note_as_well_and_a_second_try_does_not(tmp_path: Path) -> None:
    async with office(tmp_path, policy=POLICY) as here:
        data = mail(f"[secure] NHS {NUMBER}")
        first = await here.send(JANE, AMY, data=data)
        assert first.startswith("250 2.0.0 Sealed")
        assert await here.send(JANE, AMY, data=data) == first
        (note,) = notes(here)
        assert note.fields["reference"] == first.split(" ")[3]
        assert here.acts().count("sender:warned") == 1


@pytest.mark.parametrize(
    "data",
    [
        mail(f"NHS {NUMBER}", extra="Auto-Submitted: auto-replied; x=y\r\n"),
        mail(f"NHS {NUMBER}", extra="Precedence: bulk\r\n"),
        mail("Lunch"),
    ],
)
async def test_what_a_program_wrote_brings_no_note(data: bytes, tmp_path: Path) -> None:
    async with office(tmp_path, policy=POLICY) as here:
        assert (await here.send(JANE, AMY, data=data)).startswith("250 2.0.0 Relayed")
        assert notes(here) == []


async def test_nobody_is_told_of_what_did_not_go_or_has_no_sender(tmp_path: Path) -> None:
    async with office(tmp_path, policy=POLICY) as here:
        assert (await here.send(JANE, BEN, data=PERSONAL)).startswith("550")
        here.sink.script.recipients[AMY] = "550 5.1.1 No such user"
        assert (await here.send(JANE, AMY, data=PERSONAL)).startswith("550 5.1.1")
        del here.sink.script.recipients[AMY]
        bounce = mail(f"NHS {NUMBER}", sender=JANE)
        assert (await here.send("", AMY, data=bounce, trusted=True)).startswith("250")
        assert notes(here) == []
        marked = mail(f"NHS {NUMBER}", extra="Auto-Submitted: no\r\n")
        assert (await here.send(JANE, AMY, data=marked)).startswith("250")
        assert len(notes(here)) == 1


async def test_a_flood_is_two_notes(tmp_path: Path) -> None:
    async with office(tmp_path, policy=POLICY) as here:
        for number in range(5):
            data = mail(f"{number} NHS {NUMBER}")
            assert (await here.send(JANE, AMY, data=data)).startswith("250")
        assert here.count("outbox") == 2
        assert here.acts().count("sender:warned") == 5
