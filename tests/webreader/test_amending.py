"""A held mail whose clear copy a rule changes: it is relayed as changed, as at the SMTP door."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace

import pytest
from sqlalchemy import select

from policies.changes.splice import from_text, splice
from policies.engine import Policy
from policies.extraction.pool import ExtractionPool
from policies.language.loader import load_text
from policies.message.mime import outline
from tests.webreader.conftest import AUTHOR, BOB, Letter, Post, SignIn, mail
from tests.webreader.holding import CAROL, NUMBER, Holder
from tests.webreader.test_held import copies, send, text_of
from vault.hold import lists as held
from vault.packages import catalogue
from vault.sending.outbox import Kind
from vault.storage import tables
from vault.trail.audit import Act
from webreader.site import Site

STATEMENT = "For the addressee only."
RULES = """
version: 1
rules:
  - name: number-in-subject
    when: {subject: {finds: nhs_number}}
    then: hold
    tell_sender: "Waiting for you: take {found} out of the subject."
  - name: stated
    when: {recipient: {domain: DOMAIN}}
    then: relay
    CHANGES
"""


def ruled(changes: str, domain: str = BOB.domain) -> Policy:
    return load_text(RULES.replace("CHANGES", changes).replace("DOMAIN", domain))


@pytest.fixture
def rules() -> list[Policy]:
    """The policy in force, which a test may replace."""
    return [ruled(f"add: {{disclaimer: {STATEMENT}}}")]


@pytest.fixture
def site(site: Site, rules: list[Policy]) -> Iterator[Site]:
    with closing(ExtractionPool(1)) as extraction:
        yield replace(site, rules=lambda: rules[0], extraction=extraction)


@pytest.fixture
def hold(site: Site) -> Holder:
    return Holder(site)


def sent(copy: Letter) -> bytes:
    """What the deliverer sends for a row, below the lines put on top."""
    return b"".join(splice([copy.data], from_text(copy.fields.get("edits", ""))))


async def test_a_statement_is_added_to_the_mended_mail(
    hold: Holder, sign_in: SignIn, post: Post
) -> None:
    hold_id = hold(mail(f"About {NUMBER}"), BOB, CAROL)
    done = await send(await sign_in(AUTHOR), hold_id, "About a child", BOB, CAROL)
    assert "on its way" in text_of(done)
    stated, plain = copies(post)
    assert (stated.to, plain.to) == (BOB, CAROL)
    mended = mail("About a child")
    assert sent(plain) == plain.data == mended
    assert sent(stated).replace(f"\r\n{STATEMENT}\r\n".encode(), b"") != sent(stated)
    head, _, text = sent(stated).partition(b"\r\n\r\n")
    assert head == mended.partition(b"\r\n\r\n")[0]
    assert text.startswith(mended.partition(b"\r\n\r\n")[2].rstrip())


async def test_a_hidden_subject_is_sealed_beside_the_copy(
    site: Site, rules: list[Policy], hold: Holder, sign_in: SignIn, post: Post
) -> None:
    rules[0] = ruled("subject: neutral")
    hold_id = hold(mail(f"About {NUMBER}", files=(("a child.pdf", b"%PDF-1"),)))
    reference = held.find(site.store, AUTHOR, hold_id).reference
    await send(await sign_in(AUTHOR), hold_id, "About a child")
    letters = post.take()
    (copy,) = [one for one in letters if one.kind is Kind.RELAY]
    seen = outline([sent(copy)])
    subject = seen.first("Subject") or ""
    assert "Secure message from" in subject
    assert reference in subject
    assert b"a child" not in sent(copy)
    assert not [one for one in letters if one.kind is Kind.NOTICE], "the copy names the reference"
    (line,) = catalogue.received(site.store, site.opening, BOB).items
    assert (line.summary.subject, line.package.reference) == ("About a child", reference)


async def test_what_cannot_be_hidden_is_sealed(
    site: Site, rules: list[Policy], hold: Holder, sign_in: SignIn, post: Post
) -> None:
    rules[0] = ruled("subject: neutral")
    signed = mail(f"About {NUMBER}", DKIM_Signature="v=1; a=rsa-sha256; h=from; b=x")
    hold_id = hold(signed)
    await send(await sign_in(AUTHOR), hold_id, "About a child")
    assert [one.kind for one in post.take() if one.kind is not Kind.CODE] == [Kind.NOTICE]
    (line,) = catalogue.received(site.store, site.opening, BOB).items
    events = catalogue.timeline(site.store, AUTHOR, line.package.id)
    assert [one.subject for one in events if one.act is Act.COPY_SEALED] == [str(BOB)]


async def test_a_statement_that_would_break_a_signature_is_left_out_and_said(
    site: Site, hold: Holder, sign_in: SignIn, post: Post
) -> None:
    hold_id = hold(mail(f"About {NUMBER}", DKIM_Signature="v=1; a=rsa-sha256; h=from; b=x"))
    await send(await sign_in(AUTHOR), hold_id, "About a child")
    (copy,) = copies(post)
    assert "edits" not in copy.fields
    with site.store.reading() as tx:
        acts = [row.act for row in tx.execute(select(tables.events.c.act))]
    assert Act.COPY_UNCHANGED in acts
