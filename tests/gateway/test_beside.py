"""Words beside the addresses do not carry in the clear what a header may not."""

from pathlib import Path

import pytest

from gateway.pipeline import beside
from policies.language.loader import load_text
from tests.gateway.office import AMY, JANE, Office, captured, mail, office
from vault.sending.outbox import Kind

NUMBER = "943+2D476+2D5919"  # xtext for an NHS number as people write it
BARE = "9434765919"
MACHINE = "QQ314159-20261122.4711"


async def said(here: Office, *, envid: str, orcpt: str, helo: str, subject: str = "Hello") -> str:
    here.sink.script.extensions.append("DSN")
    async with await here.talk() as talk:
        await talk.say(f"EHLO {helo}", "250")
        await talk.say(f"MAIL FROM:<{JANE}> ENVID={envid}", "250")
        await talk.say(f"RCPT TO:<{AMY}> NOTIFY=SUCCESS ORCPT={orcpt}", "250")
        await talk.say("DATA", "354")
        return await talk.say(mail(subject) + b".\r\n")


def told(here: Office) -> tuple[str, str, str]:
    """What the next hop was told: MAIL, RCPT, and the trace line."""
    (one,) = here.sink.mails
    rcpt = next(line for line in here.sink.commands if line.startswith("RCPT"))
    return one.mail_line, rcpt, one.header.split(b"\r\n")[0].decode()


async def test_words_that_say_nothing_travel_on(tmp_path: Path) -> None:
    async with office(tmp_path) as here:
        other = f"rfc822;{MACHINE}@clinic.example"
        reply = await said(here, envid=MACHINE, orcpt=other, helo="pc7.council.gov.uk")
        assert reply.startswith("250 2.0.0 Relayed")
        mail_line, rcpt, trace = told(here)
        assert f"ENVID={MACHINE}" in mail_line
        assert rcpt.endswith(f"NOTIFY=SUCCESS ORCPT={other}")
        assert trace.startswith("Received: from pc7.council.gov.uk (")


@pytest.mark.parametrize("number", [NUMBER, BARE, "943.476.5919"])
async def test_words_that_hold_a_number_of_a_person_stay(tmp_path: Path, number: str) -> None:
    helo = number.replace("+2D", "-")
    with captured() as entries:
        async with office(tmp_path) as here:
            orcpt = f"rfc822;{number}@clinic.example"
            reply = await said(here, envid=f"patient+20{number}", orcpt=orcpt, helo=helo)
            assert reply.startswith("250 2.0.0 Relayed")
            mail_line, rcpt, trace = told(here)
            assert "ENVID" not in mail_line
            assert rcpt.endswith("NOTIFY=SUCCESS")
            assert trace.startswith("Received: from unknown (")
            assert "5919" not in repr(here.sink.mails)
    (entry,) = (one for one in entries if one["event"] == "mail.words_left_out")
    assert entry["what"] == ["envid", "orcpt", "helo"]
    assert "5919" not in repr(entries)


async def test_nor_do_they_wait_in_the_queue(tmp_path: Path) -> None:
    async with office(tmp_path) as here:
        here.sink.script.answers["mail"] = "451 4.3.0 Not now"
        reply = await said(here, envid=NUMBER, orcpt=f"rfc822;{BARE}@clinic.example", helo=BARE)
        assert reply.startswith("250 2.0.0 Queued")
        (item,) = here.queue()
        assert item.kind is Kind.RELAY
        assert item.fields["notify"] == "SUCCESS"
        assert not {"envid", "orcpt"} & item.fields.keys()
        assert item.content is not None
        assert b"5919" not in b"".join(item.content())


async def test_the_recipients_own_address_stays(tmp_path: Path) -> None:
    """It travels anyway, whatever it looks like."""
    async with office(tmp_path) as here:
        here.sink.script.extensions.append("DSN")
        to = f"{BARE}@partner.org"
        async with await here.talk() as talk:
            await talk.say(f"MAIL FROM:<{JANE}>", "250")
            await talk.say(f"RCPT TO:<{to}> ORCPT=rfc822;{to}", "250")
            await talk.say("DATA", "354")
            reply = await talk.say(mail(to=to) + b".\r\n")
        assert reply.startswith("250 2.0.0 Relayed")
        assert f"ORCPT=rfc822;{to}" in " ".join(here.sink.commands)


async def test_what_takes_too_long_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(beside, "SECONDS", -1.0)
    async with office(tmp_path) as here:
        long = "9" * 90
        reply = await said(here, envid=long, orcpt=f"rfc822;{AMY}", helo="pc8")
        assert reply.startswith("250 2.0.0 Relayed")
        assert "ENVID" not in told(here)[0]


async def test_a_policy_that_searches_nothing_lets_them_pass(tmp_path: Path) -> None:
    policy = load_text("""
version: 1
rules:
  - name: flagged
    when: {flag: sensitivity}
    then: seal
""")
    async with office(tmp_path, policy=policy) as here:
        reply = await said(here, envid=BARE, orcpt=f"rfc822;{AMY}", helo="pc9")
        assert reply.startswith("250 2.0.0 Relayed")
        assert f"ENVID={BARE}" in told(here)[0]


def test_names_of_clients_are_remembered_within_bounds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(beside, "_MOST_CLIENTS", 10)
    beside._clients.clear()
    for number in range(50):
        beside._is_clean_client(f"pc{number}", "digest", {})
    assert len(beside._clients) == 10
