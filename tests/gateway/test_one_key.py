"""One address, one key: whatever form a client writes, policy, grant and next hop see the same.

Every form that the door takes is sent three ways: under a policy that names its canonical form in
a list, one that seals, and one that relays. What it does not take reaches none of them.
"""

import contextlib
import json
from collections.abc import AsyncIterator
from pathlib import Path

from sqlalchemy import select

from gateway.smtp.limits import Limits
from policies.engine import Policy
from policies.language.loader import load_text
from tests.dialogue import Talk
from tests.gateway.office import JANE, PASSWORD, Office, mail, office
from vault.address import Address
from vault.people import users
from vault.secrets import Secret
from vault.storage import tables

JORG = "jörg@council.gov.uk"

HEAD = "version: 1\nlists:\n  named: {{kind: addresses, entries: [{entry}]}}\nrules:\n"
REFUSE = (
    HEAD
    + """\
  - name: named
    when: {{recipient: {{in_list: named}}}}
    then: refuse
    tell_sender: "Not sent to anyone: not to this one."
"""
)
ALL = """\
version: 1
rules:
  - {{name: all, when: {{sender: {{domain: council.gov.uk}}}}, then: {then}}}
"""

SAME = [
    ("amy@example.org", "amy@example.org"),
    ("Amy@Example.ORG", "Amy@example.org"),
    ('"amy"@example.org', "amy@example.org"),
    ("amy@BÜCHER.example", "amy@xn--bcher-kva.example"),
    ("amy@bücher.example", "amy@xn--bcher-kva.example"),
    ("amy@bu\u0308cher.example", "amy@xn--bcher-kva.example"),
    ("amy@XN--BCHER-KVA.example", "amy@xn--bcher-kva.example"),
    ("amy@ｅxample.org", "amy@example.org"),
    ("amy@faß.example", "amy@xn--fa-hia.example"),
    ("jörg@example.org", "jörg@example.org"),
    ("jo\u0308rg@example.org", "jörg@example.org"),
    ('"jörg"@example.org', "jörg@example.org"),
    ("Jörg@Bücher.example", "Jörg@xn--bcher-kva.example"),
    ("用户@例え.テスト", "用户@xn--r8jz45g.xn--zckzah"),
    ("अजय@example.org", "अजय@example.org"),
    ("a.b+c_d'e@example.org", "a.b+c_d'e@example.org"),
    ('"amy jones"@example.org', '"amy jones"@example.org'),
]
DIFFERENT = [
    ("jorg@example.org", "jörg@example.org"),
    ("JÖRG@example.org", "jörg@example.org"),
    ("bıll@example.org", "bill@example.org"),
    ("аmy@example.org", "amy@example.org"),  # Cyrillic
    ("amy@fass.example", "amy@xn--fa-hia.example"),
    ("amy@sub.example.org", "amy@example.org"),
]
NEVER = [
    "ａmy@example.org",
    "amy@gm\u200dail.com",
    "ﬁona@example.org",
    "amy@example。org.",
    "\u212aate@e.org",
]


def refusing(address: str) -> Policy:
    return load_text(REFUSE.format(entry=json.dumps(address, ensure_ascii=False)))


def doing(outcome: str) -> Policy:
    return load_text(ALL.format(then=outcome))


async def sent(talk: Talk, form: str) -> str:
    await talk.say("RSET", "250")
    await talk.say(f"MAIL FROM:<{JANE}> SMTPUTF8", "250")
    reply = await talk.say(f"RCPT TO:<{form}>")
    if reply.startswith("250"):
        await talk.say("DATA", "354")
        reply = await talk.say(mail() + b".\r\n")
    return reply


def paths(here: Office) -> list[str]:
    """The recipients that the next hop was told of since this was last asked."""
    lines = [line for line in here.sink.commands if line.startswith("RCPT")]
    here.sink.commands.clear()
    return [line[len("RCPT TO:<") : line.rindex(">")] for line in lines]


@contextlib.asynccontextmanager
async def talking(folder: Path, policy: Policy) -> AsyncIterator[tuple[Office, Talk]]:
    limits = Limits(greeting_pause=0, idle_commands=1000)
    async with office(folder, policy=policy, limits=limits) as here, await here.talk() as talk:
        here.sink.script.extensions.append("SMTPUTF8")
        yield here, talk


async def test_policy_knows_every_form(tmp_path: Path) -> None:
    async with talking(tmp_path, doing("relay")) as (here, talk):
        for form, canonical in SAME:
            here.pipeline.policy = refusing(canonical)
            assert (await sent(talk, form)).startswith("550 5.7.1"), form
        assert paths(here) == []


async def test_the_next_hop_is_told_the_one_form(tmp_path: Path) -> None:
    async with talking(tmp_path, doing("relay")) as (here, talk):
        for form, canonical in SAME:
            assert (await sent(talk, form)).startswith("250 2.0.0 Relayed"), form
            assert paths(here) == [canonical]


async def test_grants_are_for_the_one_form(tmp_path: Path) -> None:
    async with talking(tmp_path, doing("seal")) as (here, talk):
        for form, _ in SAME:
            assert (await sent(talk, form)).startswith("250 2.0.0 Sealed"), form
        here.store.settle()
        with here.store.reading() as tx:
            granted = set(tx.execute(select(tables.grants.c.address)).scalars())
        assert granted == {canonical for _, canonical in SAME}
        assert paths(here) == []


async def test_look_alikes_are_somebody_else(tmp_path: Path) -> None:
    async with talking(tmp_path, doing("relay")) as (here, talk):
        for form, other in DIFFERENT:
            here.pipeline.policy = refusing(other)
            reply = await sent(talk, form)
            assert not reply.startswith("5"), form
            assert other not in paths(here)


async def test_what_is_refused_reaches_nobody(tmp_path: Path) -> None:
    async with talking(tmp_path, doing("relay")) as (here, talk):
        for form in NEVER:
            assert (await sent(talk, form)).startswith("501 5.1.3"), form
        assert paths(here) == []
        assert here.kept["grants"] == 0


async def test_a_next_hop_that_does_not_know_such_addresses_is_not_given_them(
    tmp_path: Path,
) -> None:
    async with talking(tmp_path, doing("relay")) as (here, talk):
        here.sink.script.extensions.remove("SMTPUTF8")
        reply = await sent(talk, "jörg@example.org")
        assert reply.startswith("553 5.6.7"), reply
        assert (await sent(talk, "amy@bücher.example")).startswith("250")
        assert here.sink.mails[0].mail_line.count("SMTPUTF8") == 0  # ASCII by now, header and all


FROM_JORG = [
    ("jörg@council.gov.uk", "250"),
    ('"Jörg M" <jörg@council.gov.uk>', "250"),
    ("Jörg (jörg@council.gov.uk) <jörg@council.gov.uk>", "250"),
    ("jorg@council.gov.uk", "550 5.7.1"),
    ("jörg@council.gov.uk <jane@council.gov.uk>", "550 5.7.1"),
    ('"jane@council.gov.uk" <jörg@council.gov.uk>', "550 5.7.1"),
    ('"jorg@council.gov.uk" <jörg@council.gov.uk>', "550 5.7.1"),
    ("jõrg@council.gov.uk", "550 5.7.1"),
]


async def test_a_sender_beyond_ascii_is_theirs_alone_in_the_header_too(tmp_path: Path) -> None:
    async with talking(tmp_path, doing("relay")) as (here, _):
        users.add(here.store, Address.parse(JORG), Secret(PASSWORD.encode()))
        async with await here.talk(JORG) as talk:
            for sender, expected in FROM_JORG:
                await talk.say(f"MAIL FROM:<{JORG}> SMTPUTF8", "250")
                await talk.say("RCPT TO:<amy@example.org>", "250")
                await talk.say("DATA", "354")
                reply = await talk.say(mail(sender=sender) + b".\r\n")
                assert reply.startswith(expected), (sender, reply)
        assert len(here.sink.mails) == 3
        assert all(one.mail_line.endswith(" SMTPUTF8") for one in here.sink.mails)


async def test_undeclared_letters_in_the_senders_address_are_refused(tmp_path: Path) -> None:
    """Nobody could tell whose it is. Those of others travel as they were written."""
    async with talking(tmp_path, doing("relay")) as (here, _):
        for sender, to, expected in [
            (f"jörg@council.gov.uk, {JANE}", "amy@example.org", "550 5.6.7"),
            (f"Jörg Jones <{JANE}>", "amy@example.org", "250"),
            (JANE, "jörg@example.org", "250"),
            (JANE, "Jörg <jorg@example.org>", "250"),
        ]:
            reply = await here.send(JANE, "amy@example.org", data=mail(sender=sender, to=to))
            assert reply.startswith(expected), (sender, to, reply)


async def test_how_it_came_is_in_the_trace(tmp_path: Path) -> None:
    async with talking(tmp_path, doing("relay")) as (here, talk):
        await sent(talk, "jörg@example.org")
        assert b"with UTF8SMTPSA id" in here.sink.mails[0].header
        assert "for <jörg@example.org>;".encode() in here.sink.mails[0].header
