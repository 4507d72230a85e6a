"""What a sender asked for reaches a next hop that offers it; what cannot be kept is returned."""

import re
from dataclasses import replace
from pathlib import Path

import pytest

from gateway.delivery.desk import Desk
from gateway.notices.settings import NoticeSettings
from gateway.relay import client
from gateway.relay.answers import Answer
from gateway.relay.connections import Connections
from gateway.relay.letter import Letter
from gateway.relay.parameters import MailParameters, Notify, RecipientParameters, Ret
from gateway.relay.rests import Rests
from gateway.relay.routes import Routes
from gateway.relay.sender import Sender
from gateway.relay.server import Server
from gateway.relay.settings import NextHopSettings
from gateway.relay.trying import DeliverySettings
from policies.settings import OrganisationSettings
from tests.certificates import server_context
from tests.gateway.office import mail, office
from tests.sink import Script, Sink
from vault import keys
from vault.address import Address
from vault.sending.outbox import Kind

JANE = Address.parse("jane@council.gov.uk")
AMY, BEN = Address.parse("amy@example.org"), Address.parse("ben@example.org")
MAIL = b"Subject: x\r\n\r\nHello\r\n"
ALL = ["PIPELINING", "8BITMIME", "DSN", "SMTPUTF8"]


def international(text: str) -> Address:
    """Make an address as it is once the door takes those beyond ASCII."""
    address = Address.parse("a@example.org")
    object.__setattr__(address, "local", text)
    return address


ZOE = international("zoë")
LETTER = Letter(JANE, (AMY,), [MAIL], len(MAIL))


async def send(sink: Sink, letter: Letter) -> dict[Address, Answer]:
    connections = Connections()
    hop = NextHopSettings.model_validate({"port": sink.port, "tls": "none"})
    try:
        return await client.send(Server.all_of(hop), letter, connections, Rests())
    finally:
        await connections.close()


def lines(sink: Sink, verb: str) -> list[str]:
    return [line for line in sink.commands if line.startswith(verb)]


@pytest.mark.parametrize("offered", [True, False])
async def test_8_bit_text_goes_as_it_is_or_comes_back(offered: bool) -> None:
    content = "Subject: x\r\n\r\ncafé\r\n".encode()
    letter = replace(LETTER, chunks=[content], size=len(content), eight_bit=True)
    async with Sink(Script(extensions=["8BITMIME"] if offered else [])) as sink:
        answer = (await send(sink, letter))[AMY]
        assert (await send(sink, LETTER))[AMY].positive
    if offered:
        assert "BODY=8BITMIME" in sink.mails[0].mail_line
        assert sink.mails[0].content == content
    else:
        assert (answer.code, answer.enhanced) == (554, "5.6.3")
        assert [mail.content for mail in sink.mails] == [MAIL]
    assert "BODY" not in sink.mails[-1].mail_line


DSN = replace(
    LETTER,
    recipients=(AMY, BEN),
    asked=MailParameters(ret=Ret.HDRS, envid="QQ+2B1"),
    asked_for={
        AMY: RecipientParameters(
            notify=frozenset({Notify.DELAY, Notify.SUCCESS}), orcpt="rfc822;amy+2Bx@example.org"
        )
    },
)


async def test_dsn_parameters_are_passed_on() -> None:
    async with Sink(Script(extensions=ALL)) as sink:
        answers = await send(sink, DSN)
    assert lines(sink, "MAIL") == [f"MAIL FROM:<{JANE}> RET=HDRS ENVID=QQ+2B1"]
    assert lines(sink, "RCPT") == [
        f"RCPT TO:<{AMY}> NOTIFY=SUCCESS,DELAY ORCPT=rfc822;amy+2Bx@example.org",
        f"RCPT TO:<{BEN}>",
    ]
    assert all(answer.reports for answer in answers.values())


async def test_without_dsn_the_mail_goes_and_the_reports_stay_with_us() -> None:
    async with Sink() as sink:
        answers = await send(sink, DSN)
    assert not re.search("RET|ENVID|NOTIFY|ORCPT", "".join(sink.commands))
    assert all(answer.positive and not answer.reports for answer in answers.values())


async def test_a_parameter_cannot_end_a_command() -> None:
    evil = RecipientParameters(orcpt="rfc822;a\r\nRCPT TO:<evil@example.org>")
    async with Sink(Script(extensions=ALL)) as sink:
        answers = await send(sink, replace(DSN, asked_for={AMY: evil}))
        assert (answers[AMY].permanent, answers[BEN].positive) == (True, True)
        worse = replace(DSN, asked=MailParameters(envid="a\r\nDATA"))
        assert {one.code for one in (await send(sink, worse)).values()} == {553}
    assert not any("evil" in line for line in sink.commands)
    assert len(sink.mails) == 1


INTERNATIONAL = [
    pytest.param(replace(LETTER, recipients=(ZOE,)), id="recipient"),
    pytest.param(replace(LETTER, return_path=ZOE), id="sender"),
    pytest.param(replace(LETTER, asked=MailParameters(smtputf8=True)), id="header"),
]


@pytest.mark.parametrize("letter", INTERNATIONAL)
async def test_international_mail_goes_to_who_offers_it_and_comes_back_from_others(
    letter: Letter,
) -> None:
    async with Sink(Script(extensions=ALL)) as able, Sink() as unable:
        assert all(one.positive for one in (await send(able, letter)).values())
        refused = (await send(unable, letter)).values()
    assert able.mails[0].mail_line.endswith(" SMTPUTF8")
    assert {(one.code // 100, one.enhanced) for one in refused} == {(5, "5.6.7")}
    assert unable.mails == []
    if ZOE in letter.recipients:
        assert able.mails[0].recipients == ("zoë@example.org",)


async def test_one_international_recipient_does_not_stop_the_others() -> None:
    async with Sink() as sink:
        answers = await send(sink, replace(LETTER, recipients=(AMY, ZOE, BEN)))
    assert [answers[one].positive for one in (AMY, ZOE, BEN)] == [True, False, True]
    assert answers[ZOE].enhanced == "5.6.7"
    assert "SMTPUTF8" not in sink.mails[0].mail_line


@pytest.mark.parametrize("offered", [True, False])
@pytest.mark.parametrize("named", [True, False])
async def test_required_tls_needs_a_proved_name_and_a_server_that_promises_it(
    tmp_path: Path, offered: bool, named: bool
) -> None:
    context, authority = server_context(tmp_path, "mail.council.gov.uk")
    script = Script(extensions=[*ALL, "REQUIRETLS"] if offered else ALL)
    letter = replace(LETTER, asked=MailParameters(requiretls=True))
    async with Sink(script, tls=context) as sink:
        name = "mail.council.gov.uk" if named else "mail.example.org"
        hop = {"port": sink.port, "tls_authorities": authority, "tls_name": name}
        sender = Sender(Routes(NextHopSettings.model_validate(hop)))  # opportunistic by itself
        answer = (await sender.send(letter))[AMY]
        await sender.close()
    if offered and named:
        assert sink.mails[0].mail_line.endswith(" REQUIRETLS")
        assert sink.mails[0].tls
    else:
        assert answer.enhanced == ("5.7.30" if named else "4.7.0")
        assert sink.mails == []
        assert lines(sink, "MAIL") == []


@pytest.mark.parametrize("queued", [True, False])
async def test_it_comes_through_the_door_and_the_queue(tmp_path: Path, queued: bool) -> None:
    async with office(tmp_path) as here:
        here.sink.script.extensions.append("DSN")
        if queued:
            here.sink.script.answers["dot"] = ["451 4.3.0 Not now"]
        async with await here.talk() as talk:
            await talk.say("MAIL FROM:<jane@council.gov.uk> RET=HDRS ENVID=QQ1", "250")
            await talk.say(f"RCPT TO:<{AMY}> NOTIFY=FAILURE ORCPT=rfc822;amy@other.example", "250")
            await talk.say("DATA", "354")
            await talk.say(mail() + b".\r\n", "250 2.0.0 Queued" if queued else "250 2.0.0 Relayed")
        if queued:
            (item,) = here.queue()
            desk = Desk(
                store=here.store,
                relay_keys=keys.load_relay(tmp_path / "keys"),
                sealing_keys=keys.load_sealing(tmp_path / "keys"),
                organisation=OrganisationSettings(domains=["council.gov.uk"]),
                relay=here.pipeline._relay,
                notices=NoticeSettings(sender="a@council.gov.uk", return_path="b@council.gov.uk"),
                delivery=DeliverySettings(),
            )
            assert (await desk.relay.send(desk.letter(item)))[AMY].positive
        said = lines(here.sink, "MAIL")[-1], lines(here.sink, "RCPT")[-1]
    assert said[0].endswith(" RET=HDRS ENVID=QQ1")
    assert said[1] == f"RCPT TO:<{AMY}> NOTIFY=FAILURE ORCPT=rfc822;amy@other.example"


async def test_no_report_may_return_a_mail_that_is_sealed_for_somebody(tmp_path: Path) -> None:
    async with office(tmp_path) as here:
        async with await here.talk() as talk:
            await talk.say("MAIL FROM:<jane@council.gov.uk> RET=FULL", "250")
            for one in (AMY, "cat@council.gov.uk"):
                await talk.say(f"RCPT TO:<{one}>", "250")
            await talk.say("DATA", "354")
            await talk.say(mail("[secure] x") + b".\r\n", "250 2.0.0 Sealed")
        (copy,) = [item for item in here.queue() if item.kind is Kind.RELAY]
    assert copy.fields["ret"] == "HDRS"
