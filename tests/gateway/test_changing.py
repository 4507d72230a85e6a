"""Changed copies on their way: inline, through the outbox, and beside what is sealed."""

from pathlib import Path

from sqlalchemy import select

from gateway.delivery.desk import Desk
from gateway.notices.settings import NoticeSettings
from gateway.relay.routes import Routes
from gateway.relay.sender import Sender
from gateway.relay.settings import NextHopSettings
from gateway.relay.trying import DeliverySettings
from policies.engine import Policy
from policies.language.loader import load_text
from policies.settings import OrganisationSettings
from tests.gateway.office import AMY, BEN, CAT, JANE, Office, mail, office
from vault import keys
from vault.sending.outbox import Item, Kind
from vault.storage import tables
from vault.trail.audit import Act

STATEMENT = "For the addressee only."
DKIM = "DKIM-Signature: v=1; a=rsa-sha256; h=from; b=x\r\n"
NEUTRAL = "subject: neutral"
ADD = f"add: {{disclaimer: {STATEMENT}}}"


def ruled(*changes: str) -> Policy:
    rules = "".join(
        f"  - name: rule-{number}\n    when: {{sender: {{domain: council.gov.uk}}}}\n"
        f"    then: relay\n    {change}\n"
        for number, change in enumerate(changes)
    )
    marked = (
        "  - name: marked\n    when: {flag: any, recipient: {domain: police.example.org}}\n"
        "    then: seal\n"
    )
    return load_text(f"version: 1\nrules:\n{rules}{marked}")


def sent(here: Office, item: Item) -> bytes:
    """What the deliverer would send for a row."""
    folder = here.folder / "keys"
    desk = Desk(
        store=here.store,
        relay_keys=keys.load_relay(folder),
        sealing_keys=keys.load_sealing(folder),
        organisation=OrganisationSettings(domains=["council.gov.uk"]),
        relay=Sender(Routes(NextHopSettings())),
        notices=NoticeSettings(),
        delivery=DeliverySettings(),
    )
    letter = desk.letter(item)
    content = b"".join(letter.chunks())  # type: ignore[operator]
    assert letter.size == len(content)
    return content


def happened(here: Office) -> list[tuple[str, str, str]]:
    events = tables.events.c
    with here.store.reading() as tx:
        rows = tx.execute(select(events.act, events.subject, events.detail))
        return [(row.act, row.subject, row.detail) for row in rows if row.act.startswith("copy:")]


async def test_outside_and_inside_get_different_copies(tmp_path: Path) -> None:
    original = mail("Lunch", extra=f"Bcc: {BEN}\r\n")
    async with office(tmp_path, policy=ruled(ADD)) as here:
        reply = await here.send(JANE, AMY, CAT, data=original)
        assert reply.startswith("250 2.0.0 Relayed")
        outside, inside = here.sink.mails
        assert (outside.recipients, inside.recipients) == ((AMY,), (CAT,))
        assert inside.body == b"Good morning\r\n"
        assert outside.body == f"Good morning\r\n\r\n{STATEMENT}\r\n".encode()
        assert outside.header == inside.header
        assert BEN.encode() not in outside.content + inside.content
        assert f"SIZE={len(outside.content)}" not in inside.mail_line
        assert happened(here) == []


async def test_a_signed_mail_is_left_and_the_reason_is_on_record(tmp_path: Path) -> None:
    original = mail("Lunch", extra=DKIM)
    async with office(tmp_path, policy=ruled(ADD, "remove_headers: internal")) as here:
        assert (await here.send(JANE, AMY, data=original)).startswith("250 2.0.0 Relayed")
        (caught,) = here.sink.mails
        assert caught.content.endswith(original)
        why = "statement not added: it carries a DKIM-Signature"
        assert happened(here) == [(Act.COPY_UNCHANGED, AMY, why)]


async def test_a_copy_that_waits_is_changed_by_the_same_edits(tmp_path: Path) -> None:
    original = mail("Lunch", extra="X-Sealgate-Protect: no\r\n")
    async with office(tmp_path, policy=ruled(ADD, "remove_headers: internal")) as here:
        assert (await here.send(JANE, AMY, data=original)).startswith("250 2.0.0 Relayed")
        here.sink.script.answers["dot"] = "451 4.3.0 Not now"
        (tmp_path / "again").mkdir()
        assert (await here.send(JANE, AMY, data=original)).startswith("250 2.0.0 Queued")
        (item,) = here.queue()
        at_once = here.sink.mails[0].content.partition(b"From: ")[2]
        assert sent(here, item).partition(b"From: ")[2] == at_once
        assert STATEMENT.encode() in at_once
        assert b"X-Sealgate" not in at_once
        assert item.content is not None
        assert b"".join(item.content()) == original


async def test_beside_a_sealed_recipient_only_the_clear_copy_changes(tmp_path: Path) -> None:
    original = mail("[secure] Lunch", to=f"{AMY}, {BEN}")
    async with office(tmp_path, policy=ruled(ADD)) as here:
        assert (await here.send(JANE, AMY, BEN, data=original)).startswith("250 2.0.0 Sealed")
        assert here.opened(BEN) == original
        (copy,) = [item for item in here.queue() if item.kind is Kind.RELAY]
        assert STATEMENT.encode() in sent(here, copy)


async def test_a_neutral_subject_hides_it_and_seals_the_original(tmp_path: Path) -> None:
    original = mail("NHS 943 476 5919", extra="Thread-Topic: NHS 943 476 5919\r\n")
    async with office(tmp_path, policy=ruled(NEUTRAL)) as here:
        reply = await here.send(JANE, AMY, data=original)
        assert reply.startswith("250 2.0.0 Sealed")
        (item,) = here.queue()
        assert (item.kind, str(item.to)) == (Kind.RELAY, AMY)  # and no notice
        content = sent(here, item)
        assert b"943" not in content
        reference = reply.split(" ")[3]
        assert f"Subject: Secure message from Example Council - ref {reference}".encode() in content
        assert content.endswith(b"\r\nGood morning\r\n")
        assert here.opened(AMY) == original
        (line,) = here.received(AMY)
        assert line.package.reference == reference
        assert here.sink.connections == 0


async def test_a_subject_that_cannot_be_hidden_seals_the_mail(tmp_path: Path) -> None:
    original = mail("NHS 943 476 5919", extra=DKIM)
    async with office(tmp_path, policy=ruled(NEUTRAL)) as here:
        assert (await here.send(JANE, AMY, data=original)).startswith("250 2.0.0 Sealed")
        (item,) = here.queue()
        assert item.kind is Kind.NOTICE
        assert here.opened(AMY) == original
        why = "its subject cannot be hidden: it carries a DKIM-Signature"
        assert happened(here) == [(Act.COPY_SEALED, AMY, why)]


async def test_nothing_to_change_is_nothing_planned(tmp_path: Path) -> None:
    original = mail("Lunch")
    async with office(tmp_path, policy=ruled("remove_headers: X-Nobody")) as here:
        assert (await here.send(JANE, AMY, data=original)).startswith("250 2.0.0 Relayed")
        assert here.sink.mails[0].content.endswith(original)
        assert here.acts() == [Act.RELAY_QUEUED, Act.RELAY_DONE]


async def test_mail_without_a_sender_cannot_have_its_subject_hidden(tmp_path: Path) -> None:
    policy = load_text(
        "version: 1\nrules:\n  - name: all\n    when: {direction: external}\n    then: relay\n"
        "    subject: neutral\n"
    )
    async with office(tmp_path, policy=policy) as here:
        refused = await here.send("", AMY, data=mail(sender=JANE), trusted=True)
        assert refused.replace("550-", "550 ").startswith("550 5.7.1 Not sent to anyone")
        assert here.count("packages") == 0
        assert here.sink.connections == 0
