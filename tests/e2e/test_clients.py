"""Real mail clients at the three ports: they send, they are refused, and people can read why."""

import asyncio
import re
import smtplib
from concurrent.futures import ThreadPoolExecutor
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path

import pytest

from tests.e2e.clients import Client, Curl, Order, PythonClient, Swaks
from tests.e2e.stage import DOMAIN, PASSWORD, SENDER, Stage, mail, plain_text
from tests.e2e.untouched import assert_same_below

PAT, KIM, LI = "pat@solicitors.example", "kim@carehome.example", f"li@{DOMAIN}"

SUBMITTING: dict[str, Client] = {
    f"{program.__name__} {security} {mechanism}": program(port, security, mechanism)
    for program in (Swaks, PythonClient, Curl)
    for port, security in (("starttls", "STARTTLS"), ("tls", "TLS"))
    for mechanism in ("PLAIN", "LOGIN")
}
TRUSTED: dict[str, Client] = {
    f"{program.__name__} trusted {security}": program("trusted", security)
    for program in (Swaks, PythonClient, Curl)
    for security in ("none", "STARTTLS")
}
EVERY = SUBMITTING | TRUSTED

# A refusal: a code, an enhanced code of the same class, and a sentence of several plain words.
REFUSAL = re.compile(r"([45])\d\d \1\.\d{1,3}\.\d{1,3} [A-Z]\w+ [ -~]*[a-z]{2,}[ -~]*")
ACCEPTED = re.compile(r"250 2\.0\.0 (Relayed|Sealed) [0-9A-Z]{4}-[0-9A-Z]{4}")

WRONG_PASSWORD = "535 5.7.8 User name, password or token not accepted"


def refusals(said: list[str]) -> list[str]:
    """The refusals among the replies; each is one readable line."""
    found = [line for line in said if line[0] in "45"]
    for line in found:
        assert len(line) < 200, line
        assert REFUSAL.fullmatch(line), line
    return found


@pytest.mark.parametrize(
    "line",
    [
        "550 Not sent to anyone",
        "550 4.7.1 Not sent to anyone",
        "550 5.7.1 E1234",
        "550-5.7.1 Not sent to anyone",
        "550 5.7.1 Not sent " + "to anyone " * 20,
        "550 5.7.1 Nicht gesendet für dich",
    ],
)
def test_a_refusal_that_people_cannot_read_would_be_noticed(line: str) -> None:
    with pytest.raises(AssertionError):
        refusals(["250 2.1.0 Sender OK", line])


def with_attachment(*to: str, subject: str = "Plans") -> EmailMessage:
    message = mail(", ".join(to), subject, "Côd post £5\r\nand a second line.\r\n")
    message.add_attachment(
        bytes(range(256)) * 40, maintype="application", subtype="pdf", filename="plans.pdf"
    )
    return message


def order(message: EmailMessage, *to: str, **more: str) -> Order:
    return Order(message.as_bytes(), to, **more)


# --- mail that goes through


@pytest.mark.parametrize("name", EVERY)
async def test_a_mail_to_several_arrives_as_it_was_sent(name: str, stage: Stage) -> None:
    message = with_attachment(PAT, KIM, LI)
    said = await EVERY[name].send(stage, order(message, PAT, KIM, LI))
    assert not refusals(said)
    assert [line for line in said if ACCEPTED.fullmatch(line)], said
    (caught,) = stage.sink.mails
    assert (caught.sender, caught.recipients) == (SENDER, (PAT, KIM, LI))
    assert_same_below(caught.content, message.as_bytes())
    assert how(caught.content) == expected_how(EVERY[name])


def how(content: bytes) -> str:
    """How our Received line says that the mail came in (RFC 3848)."""
    found = re.search(rb"\tby \S+ with (\S+) id ", content)
    assert found
    return found[1].decode()


def expected_how(client: Client) -> str:
    return "ESMTP" + "S" * (client.security != "none") + "A" * bool(client.mechanism)


@pytest.mark.parametrize("name", EVERY)
async def test_a_flagged_mail_is_sealed(name: str, stage: Stage) -> None:
    message = with_attachment(PAT, subject="[secure] Plans")
    said = await EVERY[name].send(stage, order(message, PAT))
    assert [line for line in said if line.startswith("250 2.0.0 Sealed ")], said
    (notice,) = await stage.mails_to(PAT)
    assert b"plans.pdf" not in notice.content


@pytest.mark.parametrize("name", [name for name in EVERY if name.startswith("Swaks")])
async def test_a_mail_that_swaks_writes_arrives_with_its_attachments(
    name: str, stage: Stage, tmp_path: Path
) -> None:
    """Here the client itself builds the mail, with its own line ends, dots and boundaries."""
    files = {"dots.txt": b".\n..\n.end\n", "plans.pdf": bytes(range(256)) * 100}
    words = ["--header", "Subject: Two files", "--body", ".\n.a line with a dot\n.\nend"]
    for file, content in files.items():
        (tmp_path / file).write_bytes(content)
        words += ["--attach-type", "application/octet-stream", "--attach", f"@{tmp_path / file}"]
    client = EVERY[name]
    assert isinstance(client, Swaks)
    said = await client.run(stage, Order(b"", (PAT, KIM)), *words)
    assert not refusals(said)
    (caught,) = stage.sink.mails
    assert caught.recipients == (PAT, KIM)
    assert "\n.a line with a dot\n.\nend" in plain_text(caught.content).replace("\r", "")
    arrived = message_from_bytes(caught.content, policy=default)
    assert [part.get_content() for part in arrived.iter_attachments()] == list(files.values())


# --- mail that is refused


@pytest.mark.parametrize("program", [Swaks, PythonClient, Curl])
async def test_a_user_that_does_not_exist_hears_what_a_wrong_password_hears(
    program: type[Client], stage: Stage
) -> None:
    stranger = order(mail(PAT), PAT, login=f"nobody@{DOMAIN}")
    told = refusals(await program("tls", "TLS", "LOGIN").send(stage, stranger))
    assert set(told) == {WRONG_PASSWORD}
    assert not stage.sink.mails


@pytest.mark.parametrize("name", SUBMITTING)
async def test_a_wrong_password_is_told_and_the_right_one_still_works(
    name: str, stage: Stage
) -> None:
    client, message = SUBMITTING[name], mail(PAT)
    said = await client.send(stage, order(message, PAT, password="a wrong one"))
    told = refusals(said)
    assert set(told) == {WRONG_PASSWORD}
    assert not stage.sink.mails
    assert not refusals(await client.send(stage, order(message, PAT)))
    assert len(stage.sink.mails) == 1


@pytest.mark.parametrize("name", EVERY)
async def test_personal_webmail_is_refused_by_name(name: str, stage: Stage) -> None:
    said = await EVERY[name].send(stage, order(mail("a@gmail.com"), "a@gmail.com"))
    (told,) = refusals(said)
    assert told.startswith("550 5.7.1 Not sent to a@gmail.com: ")
    assert "Use the person's work address" in told
    assert not [line for line in said if line.startswith("354")], "before the content"


@pytest.mark.parametrize("name", EVERY)
async def test_personal_data_in_the_subject_is_refused(name: str, stage: Stage) -> None:
    message = mail(PAT, "NHS number 999 012 3408")
    (told,) = refusals(await EVERY[name].send(stage, order(message, PAT)))
    assert told.startswith("550 5.7.1 Not sent to anyone: ")
    assert "an NHS number" in told
    assert not re.search(r"\d{3}", told.removeprefix("550"))
    assert not stage.sink.mails


@pytest.mark.parametrize("name", SUBMITTING)
async def test_nobody_sends_as_somebody_else(name: str, stage: Stage) -> None:
    mayor = order(mail(PAT), PAT, sender=f"mayor@{DOMAIN}")
    (told,) = refusals(await SUBMITTING[name].send(stage, mayor))
    assert told == (
        "553 5.7.1 Not sent to anyone: this address is not yours to send from. "
        f"You are signed in as {SENDER}."
    )
    forged = mail(PAT)
    forged.replace_header("From", f"The Mayor <mayor@{DOMAIN}>")
    (told,) = refusals(await SUBMITTING[name].send(stage, order(forged, PAT)))
    assert told.startswith("550 5.7.1 Not sent to anyone: the address in the From line is not")
    assert not stage.sink.mails


@pytest.mark.parametrize("name", TRUSTED)
async def test_the_trusted_port_takes_our_own_addresses_only(name: str, stage: Stage) -> None:
    stranger = order(mail(PAT), PAT, sender="eve@stranger.example")
    (told,) = refusals(await TRUSTED[name].send(stage, stranger))
    assert told.startswith("553 5.7.1 Not sent: ")
    assert not stage.sink.mails


@pytest.mark.parametrize("program", [Swaks, PythonClient, Curl])
@pytest.mark.parametrize("port", ["starttls", "tls"])
async def test_without_signing_in_nothing_is_taken(
    program: type[Client], port: str, stage: Stage
) -> None:
    secured = program(port, {"starttls": "STARTTLS", "tls": "TLS"}[port])
    told = refusals(await secured.send(stage, order(mail(PAT), PAT)))
    assert told == ["530 5.7.0 Sign in first (AUTH)"]
    assert not stage.sink.mails


@pytest.mark.parametrize("program", [Swaks, PythonClient, Curl])
async def test_without_tls_nothing_is_taken_and_no_password_asked_for(
    program: type[Client], stage: Stage
) -> None:
    said = await program("starttls", "none").send(stage, order(mail(PAT), PAT))
    assert refusals(said) == ["530 5.7.0 Use STARTTLS first"]
    assert not [line for line in said if "AUTH" in line], "it is not offered"
    assert not stage.sink.mails


@pytest.mark.parametrize("program", [Swaks, Curl])
async def test_one_of_several_recipients_is_refused_and_the_others_get_it(
    program: type[Client], stage: Stage
) -> None:
    """Swaks goes on; curl gives the mail up, which is its right."""
    message = mail(PAT)
    said = await program("tls", "TLS", "PLAIN").send(stage, order(message, PAT, "a@gmail.com", KIM))
    (told,) = refusals(said)
    assert "a@gmail.com" in told
    got = [caught.recipients for caught in stage.sink.mails]
    assert got == ([(PAT, KIM)] if program is Swaks else [])


async def test_python_goes_on_with_the_others_and_names_who_was_refused(stage: Stage) -> None:
    def send() -> dict[str, tuple[int, bytes]]:
        with PythonClient("tls", "TLS").connected(stage, []) as client:
            client.login(SENDER, PASSWORD)
            return client.sendmail(SENDER, [PAT, "a@gmail.com"], mail(PAT).as_bytes())

    refused = await asyncio.to_thread(send)
    assert list(refused) == ["a@gmail.com"]
    assert refused["a@gmail.com"][0] == 550
    assert stage.sink.mails[0].recipients == (PAT,)


# --- what only a client that says it by hand can say


BY_HAND = {
    "AUTH before TLS": (("starttls", "none"), ["AUTH PLAIN AGEAYg=="], "538 5.7.11 "),
    "AUTH on the trusted port": (("trusted", "none"), ["AUTH PLAIN AGEAYg=="], "502 5.5.1 "),
    "an unknown mechanism": (("tls", "TLS"), ["AUTH CRAM-MD5"], "504 5.5.4 "),
    "STARTTLS twice": (("tls", "TLS"), ["STARTTLS"], "503 5.5.1 "),
    "a mail announced too big": (
        ("trusted", "none"),
        [f"MAIL FROM:<{SENDER}> SIZE=60000000"],
        "552 5.3.4 ",
    ),
    "an address in UTF-8": (
        ("trusted", "none"),
        ["MAIL FROM:<siân@council.example>"],
        "553 5.6.7 ",
    ),
    "an address that is none": (
        ("trusted", "none"),
        [f"MAIL FROM:<{SENDER}>", "RCPT TO:<pat>"],
        "501 5.1.3 ",
    ),
    "DATA without recipients": (
        ("trusted", "none"),
        [f"MAIL FROM:<{SENDER}>", "DATA"],
        "503 5.5.1 ",
    ),
    "an unknown command": (("trusted", "none"), ["SEND IT"], "500 5.5.2 "),
    "a recipient too many": (
        ("trusted", "none"),
        [f"MAIL FROM:<{SENDER}>", *(f"RCPT TO:<p{n}@partner.example>" for n in range(101))],
        "452 4.5.3 ",
    ),
}


@pytest.mark.parametrize("name", BY_HAND)
async def test_odd_commands_are_answered_and_the_talk_goes_on(name: str, stage: Stage) -> None:
    (port, security), commands, expected = BY_HAND[name]
    said: list[str] = []

    def talk() -> str:
        with PythonClient(port, security).connected(stage, said) as client:
            client.command_encoding = "utf-8"
            client.ehlo("client.example")
            for command in commands:
                client.docmd(command)
            last = said[-1]
            assert client.noop()[0] == 250
            return last

    last = await asyncio.to_thread(talk)
    assert last.startswith(expected), last
    assert last in refusals(said)


async def test_fifty_clients_at_once_are_all_served(stage: Stage) -> None:
    message = mail(PAT)

    def send() -> None:
        with smtplib.SMTP("127.0.0.1", stage.ports["trusted"], timeout=60) as client:
            client.sendmail(SENDER, [PAT], message.as_bytes())

    loop = asyncio.get_running_loop()
    with ThreadPoolExecutor(50) as pool:
        await asyncio.gather(*(loop.run_in_executor(pool, send) for _ in range(50)))
    assert len(stage.sink.mails) == 50
