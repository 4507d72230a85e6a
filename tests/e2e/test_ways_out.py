"""A running node whose policy asks for TLS, hides subjects, adds statements and warns."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from tests.certificates import issued
from tests.e2e.stage import SENDER, Stage, mail, plain_text
from tests.sink import Sink
from tests.tap import Tap

GOOD, BAD, HIDDEN = "pat@good.example", "kim@bad.example", "lee@hidden.example"
NUMBER = "943 476 5919"
STATEMENT = "For the addressee and for nobody else."
POLICY = f"""\
version: 1
rules:
  - name: good-by-tls
    when: {{recipient: {{domain: good.example}}}}
    then: relay
    relay: {{tls: verified, route: good}}
    add: {{disclaimer: {STATEMENT}}}
  - name: bad-by-tls
    when: {{recipient: {{domain: bad.example}}}}
    then: relay
    relay: {{tls: verified, route: bad}}
    seal: {{view_only: yes}}
  - name: hidden
    when: {{recipient: {{domain: hidden.example}}}}
    then: relay
    subject: neutral
  - name: look-again
    when: {{subject: {{finds: nhs_number}}}}
    then: warn
    tell_sender: "The subject seems to contain {{found}}."
"""
ROUTES = """
[routes.good]
host = "127.0.0.1"
port = {good}
tls_name = "mx.good.example"
tls_authorities = "{authority}"

[routes.bad]
host = "127.0.0.1"
port = {bad}
tls_name = "mx.bad.example"
tls_authorities = "{authority}"
"""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def partner(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[tuple[Sink, Path]]:
    """A server whose certificate is good for one name and not for the other."""
    context, authority = issued(tmp_path_factory.mktemp("partner") / "tls", "mx.good.example")
    async with Sink(tls=context) as sink:
        yield sink, authority


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def line(partner: tuple[Sink, Path]) -> AsyncIterator[Tap]:
    """Somebody on the line to the other."""
    async with Tap(partner[0].port) as tap:
        yield tap


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def stage(
    tmp_path_factory: pytest.TempPathFactory, partner: tuple[Sink, Path], line: Tap
) -> AsyncIterator[Stage]:
    folder = tmp_path_factory.mktemp("ways")
    (folder / "rules.yaml").write_text(POLICY)
    sink, authority = partner
    routes = ROUTES.format(good=sink.port, bad=line.port, authority=authority)
    async with Stage(folder / "node", policy=folder / "rules.yaml", vault=routes) as running:
        yield running


async def test_each_goes_its_way(stage: Stage, partner: tuple[Sink, Path], line: Tap) -> None:
    """By verified TLS with a statement; sealed where the name is wrong; and nothing is heard."""
    sink, _ = partner
    content = mail(f"{GOOD}, {BAD}", "About the hedge", "The hedge is too high.").as_bytes()
    answer = await stage.submit(content, [GOOD])
    assert (answer.code, answer.text.split()[1]) == (250, "Relayed"), answer
    (caught,) = sink.mails
    assert caught.tls
    assert caught.recipients == (GOOD,)
    assert STATEMENT.encode() in caught.body
    sink.mails.clear()

    answer = await stage.submit(content, [GOOD, BAD])
    assert (answer.code, answer.text.split()[1]) == (250, "Sealed"), answer
    (notice,) = await stage.mails_to(BAD)
    assert b"hedge" not in notice.content
    (copy,) = await sink.wait_for(1)  # the deliverer's, by the same way
    assert (copy.tls, copy.recipients) == (True, (GOOD,))
    assert STATEMENT.encode() in copy.body
    for word in (b"hedge", b"MAIL FROM", BAD.encode()):
        assert word not in line.heard
    assert b"STARTTLS" in line.heard

    found = re.search(r"/p/[a-z2-7]{26}", plain_text(notice.content))
    assert found
    async with await stage.sign_in(BAD) as kim:
        page = await kim.get(found[0])
        assert "About the hedge" in page.text
        assert "This deters copying" in page.text
        assert (await kim.get(f"{found[0]}/original.eml")).status == 404


async def test_a_hidden_subject_and_a_note_to_the_sender(stage: Stage) -> None:
    answer = await stage.submit(mail(HIDDEN, f"Patient {NUMBER}").as_bytes(), [HIDDEN])
    assert answer.code == 250, answer
    name = answer.reference.encode()
    (copy,) = await stage.mails_to(HIDDEN)
    assert b"Subject: Secure message from Council of Example - ref " + name in copy.content
    assert NUMBER.encode() not in copy.content
    (note,) = await stage.mails_to(SENDER, where=lambda caught: name in caught.content)
    assert "The subject seems to contain an NHS number." in plain_text(note.content)
    assert note.sender == ""
    assert NUMBER.encode() not in note.content
    async with await stage.sign_in(HIDDEN) as lee:
        assert f"Patient {NUMBER}" in (await lee.get("/")).text
