"""msmtp and nodemailer at the ports: they send, and they are refused in words people can read."""

import pytest

from tests.e2e.clients import Client
from tests.e2e.more_clients import Msmtp, Nodemailer
from tests.e2e.stage import SENDER, Stage, mail
from tests.e2e.test_clients import ACCEPTED, KIM, PAT, order, refusals, with_attachment
from tests.e2e.untouched import assert_same_below

EVERY: dict[str, Client] = {
    f"{program.__name__} {port}": program(port, security, mechanism)
    for program in (Msmtp, Nodemailer)
    for port, security, mechanism in (
        ("starttls", "STARTTLS", "PLAIN"),
        ("tls", "TLS", "LOGIN"),
        ("trusted", "none", ""),
    )
}


@pytest.mark.parametrize("name", EVERY)
async def test_a_mail_to_several_arrives_as_it_was_sent(name: str, stage: Stage) -> None:
    message = with_attachment(PAT, KIM)
    said = await EVERY[name].send(stage, order(message, PAT, KIM))
    assert [line for line in said if ACCEPTED.fullmatch(line)], said
    assert not refusals(said)
    (caught,) = stage.sink.mails
    assert (caught.sender, caught.recipients) == (SENDER, (PAT, KIM))
    assert_same_below(caught.content, message.as_bytes())


@pytest.mark.parametrize("program", [Msmtp, Nodemailer])
async def test_what_policy_refuses_is_refused_in_plain_words(
    program: type[Client], stage: Stage
) -> None:
    message = mail(PAT, "NHS number 943 476 5919", "Good morning\r\n")
    said = await program("starttls", "STARTTLS", "PLAIN").send(stage, order(message, PAT))
    (refusal,) = refusals(said)
    assert "Not sent to anyone" in refusal
    assert "943" not in refusal
    assert not stage.sink.mails
