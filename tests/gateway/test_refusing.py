"""Mail that the policy refuses stands in the audit trail, without a word of it."""

from pathlib import Path

from sqlalchemy import select

from tests.gateway.office import AMY, BEN, JANE, Office, mail, office
from vault.storage import tables
from vault.trail.audit import Act, Event, event_of

NUMBER = "943 476 5919"


def events(here: Office) -> list[Event]:
    here.store.settle()
    with here.store.reading() as tx:
        rows = tx.execute(select(tables.events).order_by(tables.events.c.id))
        return [event_of(row) for row in rows.mappings()]


async def test_everybody_who_was_refused_has_a_line(tmp_path: Path) -> None:
    async with office(tmp_path) as here:
        reply = await here.send(JANE, AMY, BEN, data=mail(f"NHS number {NUMBER}"))
        assert reply.startswith("550")
        lines = events(here)
        assert [(one.act, one.actor, one.subject) for one in lines] == [
            (Act.MAIL_REFUSED, JANE, AMY),
            (Act.MAIL_REFUSED, JANE, BEN),
        ]
        for one in lines:
            assert one.detail.split(", ")[0] == "no-personal-data-in-subject"
            assert one.policy == here.pipeline.policy.digest
            assert one.origin.ip == "127.0.0.1"
            assert NUMBER.replace(" ", "") not in repr(one).replace(" ", "")


async def test_a_recipient_refused_by_name_has_one_too(tmp_path: Path) -> None:
    async with office(tmp_path) as here:
        assert (await here.send(JANE, "someone@gmail.com", data=mail())).startswith("550")
        (line,) = events(here)
        assert (line.act, line.subject) == (Act.MAIL_REFUSED, "someone@gmail.com")
        assert (line.detail, line.policy) == ("no-personal-webmail", here.pipeline.policy.digest)


async def test_what_no_rule_refuses_has_none(tmp_path: Path) -> None:
    async with office(tmp_path) as here:
        looped = mail(extra="Received: by x\r\n" * 60)
        assert (await here.send(JANE, AMY, data=looped)).startswith("554")
        assert events(here) == []


async def test_a_refusal_does_not_wait_for_the_disk(tmp_path: Path) -> None:
    async with office(tmp_path) as here, await here.talk() as talk:
        await talk.say(f"MAIL FROM:<{JANE}>", "250")
        with here.store.writing():
            assert (await talk.say("RCPT TO:<someone@gmail.com>")).startswith("550")
        assert [one.act for one in events(here)] == [Act.MAIL_REFUSED]
