"""Mail that comes back to notices, through the real door: recorded, and never passed on."""

import contextlib
import email
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
from pydantic import ValidationError

from gateway.bounces.returns import Returns
from gateway.bounces.settings import BounceSettings
from gateway.delivery.desk import Desk
from gateway.notices.settings import NoticeSettings
from gateway.relay.trying import DeliverySettings
from gateway.scanners.panel import Panel
from policies.settings import OrganisationSettings
from tests.gateway.office import AMY, BOSS, JANE, Office, captured, mail, office
from vault import keys
from vault.address import Address
from vault.sending import outbox, returns
from vault.sending.outbox import Kind

SAMPLES = Path(__file__).parents[1] / "golden" / "bounces"
SENDER = "secure@council.gov.uk"
BASE = "bounces@secure.council.gov.uk"
POST = "postroom@council.gov.uk"


@contextlib.asynccontextmanager
async def receiving(
    folder: Path, forward_to: str = "", panel: Panel | None = None
) -> AsyncIterator[Office]:
    settings = BounceSettings(address=BASE, forward_to=forward_to)
    async with office(folder, panel=panel) as here:
        before = Returns(
            here.pipeline,
            here.store,
            keys.load_sealing(folder / "keys"),
            workers=here.pipeline._workers,
            settings=settings,
            sender=Address.parse(SENDER),
            hostname="gate.council.gov.uk",
            panel=panel,
        )
        object.__setattr__(here.listener._premises, "handler", before)
        yield here


def desk(here: Office) -> Desk:
    folder = here.folder / "keys"
    return Desk(
        store=here.store,
        relay_keys=keys.load_relay(folder),
        sealing_keys=keys.load_sealing(folder),
        organisation=OrganisationSettings(
            name="Council", domains=["council.gov.uk"], public_url="https://x.council.gov.uk"
        ),
        relay=here.pipeline._relay,
        notices=NoticeSettings(sender=SENDER),
        delivery=DeliverySettings(),
        bounces=BounceSettings(address=BASE),
    )


async def sealed(here: Office) -> tuple[str, str, bytes]:
    """Have a notice sent; return its package, its return path and its bytes."""
    await here.send(JANE, AMY, data=mail("[secure] Hello"))
    (item,) = here.queue()
    assert item.kind is Kind.NOTICE
    letter = desk(here).letter(item)
    outbox.complete(here.store, item, "250")
    assert callable(letter.chunks)
    content = b"".join(letter.chunks())
    return str(item.package_id), str(letter.return_path), content


async def back(here: Office, sender: str, to: str, data: bytes) -> str:
    return await here.send(sender, to, data=data, trusted=True)


def sample(name: str) -> bytes:
    return (SAMPLES / f"{name}.eml").read_bytes()


def notice_state(here: Office) -> str:
    with here.store.reading() as tx:
        return str(tx.execute(outbox.tables.grants.select()).one().notice)


async def test_a_notice_leaves_with_a_return_path_of_its_own(tmp_path: Path) -> None:
    async with receiving(tmp_path) as here:
        package, path, content = await sealed(here)
        assert path.startswith("bounces+")
        assert path.endswith("@secure.council.gov.uk")
        found = returns.find(
            here.store, keys.load_sealing(tmp_path / "keys"), path[8:].partition("@")[0]
        )
        assert found is not None
        assert found.package_id == package
        assert path.encode() not in content


async def test_a_bounce_is_recorded_and_goes_nowhere(tmp_path: Path) -> None:
    async with receiving(tmp_path) as here:
        _, path, _ = await sealed(here)
        kept = here.kept
        with captured() as logged:
            reply = await back(here, "", path, sample("postfix-no-such-user"))
        assert reply.startswith("250 2.0.0 Noted")
        assert notice_state(here) == "bounced"
        assert here.sink.mails == []
        (letter,) = here.queue()
        assert (letter.kind, letter.to) == (Kind.BOUNCE, Address.parse(JANE))
        assert letter.fields["status"].startswith("5.1.1 ")
        assert here.kept["packages"] == kept["packages"]
        assert here.kept["contents"] == kept["contents"]
        assert path[8:24] not in str(logged)
        # the same once more changes nothing
        assert (await back(here, "", path, sample("postfix-no-such-user"))).startswith("250 ")
        assert here.queue() == []
        assert here.acts().count("notice:bounced") == 1
        assert here.opened(AMY)


@pytest.mark.parametrize("sender", ["", "bob@clinic.example", "postmaster@clinic.example"])
async def test_it_may_come_from_anybody(tmp_path: Path, sender: str) -> None:
    async with receiving(tmp_path) as here:
        _, path, _ = await sealed(here)
        assert (await back(here, sender, path.upper(), sample("qmail-no-mailbox"))).startswith(
            "250"
        )
        assert notice_state(here) == "bounced"


async def test_out_of_office_is_recorded_and_never_answered(tmp_path: Path) -> None:
    async with receiving(tmp_path) as here:
        _, path, _ = await sealed(here)
        for name in ("out-of-office-exchange", "out-of-office-subject-only", "read-receipt"):
            reply = await back(here, "bob@clinic.example", path, sample(name))
            assert reply.startswith("250 2.0.0 Noted")
        assert here.queue() == []
        assert here.sink.mails == []
        assert here.acts().count("notice:answered") == 1
        assert notice_state(here) == "relayed"


async def test_out_of_office_to_the_sender_is_known_by_the_letter_it_answers(
    tmp_path: Path,
) -> None:
    async with receiving(tmp_path) as here:
        _, _, content = await sealed(here)
        letter = email.message_from_bytes(content)["Message-ID"]
        answer = (
            f"From: amy@partner.org\r\nTo: {SENDER}\r\nSubject: Automatic reply: x\r\n"
            f"In-Reply-To: {letter}\r\n\r\nAway.\r\n"
        ).encode()
        assert (await back(here, AMY, SENDER, answer)).startswith("250 2.0.0 Noted")
        assert here.acts().count("notice:answered") == 1
        unknown = answer.replace(letter.encode(), b"<" + b"a" * 26 + b"@council.gov.uk>")
        assert (await back(here, AMY, SENDER, unknown)).startswith("250 2.0.0 Noted")
        assert here.acts().count("notice:answered") == 1


async def test_a_person_is_told_how_to_answer(tmp_path: Path) -> None:
    async with receiving(tmp_path) as here:
        _, path, _ = await sealed(here)
        kept = here.kept
        for to in (path, SENDER, BASE):
            reply = await back(here, AMY, to, sample("person-answers"))
            assert reply.startswith("550 5.7.1")
            assert "open it and reply there" in reply
        assert here.kept == kept


async def test_a_person_may_be_forwarded_to_a_mailbox(tmp_path: Path) -> None:
    async with receiving(tmp_path, forward_to=POST) as here:
        _, path, _ = await sealed(here)
        reply = await back(here, AMY, path, sample("person-answers"))
        assert reply.startswith("250 2.0.0 Queued")
        (copy,) = here.queue()
        assert (copy.kind, str(copy.to), copy.return_path) == (Kind.RELAY, POST, None)
        assert copy.content is not None
        assert b"Can you post it?" in b"".join(copy.content())
        assert notice_state(here) == "relayed"


async def test_a_made_up_token_is_nobody(tmp_path: Path) -> None:
    async with receiving(tmp_path) as here:
        await sealed(here)
        for wrong in ("1aaaaaaaaaaaaaaaa", "x", "1", "z" * 40):
            to = f"bounces+{wrong}@secure.council.gov.uk"
            reply = await back(here, "", to, sample("postfix-no-such-user"))
            assert reply.startswith("550 5.1.1")
        assert notice_state(here) == "relayed"


async def test_a_report_comes_alone(tmp_path: Path) -> None:
    async with receiving(tmp_path) as here:
        _, path, _ = await sealed(here)
        for first, second in ((path, BOSS), (BOSS, path), (path, SENDER)):
            async with await here.talk(None) as talk:
                await talk.say(f"MAIL FROM:<{JANE}>", "250")
                await talk.say(f"RCPT TO:<{first}>", "250")
                assert (await talk.say(f"RCPT TO:<{second}>")).startswith("452 4.5.3")


async def test_a_stranger_reaches_nobody_else_through_it(tmp_path: Path) -> None:
    """MAIL from a foreign address is taken on the trusted port, and RCPT to anybody is not."""
    async with receiving(tmp_path) as here, await here.talk(None) as talk:
        await talk.say("MAIL FROM:<eve@evil.example>", "250")
        for to in (AMY, BOSS, "x@secure.council.gov.uk", "bounces-1@secure.council.gov.uk"):
            assert (await talk.say(f"RCPT TO:<{to}>")).startswith("553 5.7.1")
        assert (await talk.say("DATA")).startswith("503")


async def test_a_user_cannot_write_to_it(tmp_path: Path) -> None:
    async with receiving(tmp_path) as here:
        _, path, _ = await sealed(here)
        assert (await here.send(JANE, path, data=mail())).startswith("550 5.7.1")


async def test_other_mail_goes_its_way(tmp_path: Path) -> None:
    async with receiving(tmp_path) as here:
        assert (await here.send(JANE, AMY, data=mail())).startswith("250 2.0.0 Relayed")
        reply = await here.send(JANE, AMY, data=mail(), trusted=True)
        assert reply.startswith("250 2.0.0 Relayed")
        assert len(here.sink.mails) == 2


async def test_a_report_in_circles_is_refused(tmp_path: Path) -> None:
    async with receiving(tmp_path, forward_to=POST) as here:
        _, path, _ = await sealed(here)
        loops = b"Received: from a\r\n" * 60 + sample("person-answers")
        assert (await back(here, AMY, path, loops)).startswith("554 5.4.6")
        assert here.queue() == []


async def test_the_disk_fails_and_the_report_comes_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from vault.errors import StoreUnavailable

    def broken(*_: object) -> bool:
        raise StoreUnavailable

    async with receiving(tmp_path) as here:
        _, path, _ = await sealed(here)
        with monkeypatch.context() as patch:
            patch.setattr(returns, "failed", broken)
            reply = await back(here, "", path, sample("postfix-no-such-user"))
            assert reply.startswith("451 4.3.0")
        assert (await back(here, "", path, sample("postfix-no-such-user"))).startswith("250")
        assert notice_state(here) == "bounced"


@pytest.mark.parametrize(
    "wrong",
    [
        {"address": "not an address"},
        {"address": "x" * 40 + "@council.gov.uk"},
        {"address": BASE, "forward_to": "bounces+x@secure.council.gov.uk"},
        {"address": BASE, "forward_to": BASE.upper()},
        {"address": BASE, "delimiter": "/"},
    ],
)
def test_settings_that_cannot_work_are_refused(wrong: dict[str, str]) -> None:
    with pytest.raises(ValidationError):
        BounceSettings.model_validate(wrong)


def test_every_delimiter_is_found_again() -> None:
    for delimiter in "+-=":
        found = BounceSettings.model_validate({"address": BASE, "delimiter": delimiter})
        path = found.with_token("1abc")
        assert path is not None
        assert found.token_in(path) == "1abc"
        assert found.token_in(replace(path, domain="council.gov.uk")) is None
