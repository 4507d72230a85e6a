"""A mail that is held because an address looks like another: its sender says that it is right."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace

import pytest

from policies.engine import Policy
from policies.extraction.pool import ExtractionPool
from policies.language.loader import load_text
from tests.webreader.browser import Browser
from tests.webreader.conftest import AUTHOR, Post, SignIn, mail
from tests.webreader.holding import BOSS, NUMBER, Holder
from tests.webreader.test_held import copies, send, state, text_of
from vault.address import Address
from vault.hold import lists as held
from vault.packages.history import OFTEN, Past, note
from vault.trail.audit import Act
from webreader.site import Site

PAT = Address.parse("pat.green@school.example")
NEAR = Address.parse("pat.greem@school.example")
OTHER = Address.parse("pat.gren@school.example")
RULES = """
version: 1
rules:
  - name: number-in-subject
    when: {subject: {finds: nhs_number}}
    then: hold
    tell_sender: "Waiting for you: take {found} out of the subject."
  - name: look-alike
    when: {direction: external, recipient: {near_miss: yes}}
    then: hold
    tell_sender: "Waiting for you: an address looks like another that you often write to."
  - name: marked
    when: {direction: external, flag: any}
    then: seal
"""
YES = "Yes, this address is right"


@pytest.fixture
def rules() -> list[Policy]:
    """The policy in force, which a test may replace."""
    return [load_text(RULES)]


@pytest.fixture
def site(site: Site, rules: list[Policy]) -> Iterator[Site]:
    """A site on which AUTHOR writes to PAT often."""
    for _ in range(OFTEN):
        with site.store.writing() as tx:
            note(tx, AUTHOR, [PAT])
    with closing(ExtractionPool(1)) as extraction:
        past = Past(site.store)
        yield replace(site, rules=lambda: rules[0], extraction=extraction, knowledge=past)


@pytest.fixture
def hold(site: Site) -> Holder:
    return Holder(site)


async def test_the_address_is_right_and_the_mail_goes(
    site: Site, hold: Holder, sign_in: SignIn, post: Post
) -> None:
    hold_id = hold(mail("Agenda"), PAT, NEAR, subject="Agenda")
    browser = await sign_in(AUTHOR)
    seen = await browser.get(f"/held/{hold_id}")
    assert seen.text.count(YES) == 1, "nobody doubts the address that is written to often"
    assert f"You often write to {PAT}" in text_of(seen)
    assert "Waiting for you" not in text_of(seen), "the page says so above"
    still = await send(browser, hold_id, "Agenda", PAT, NEAR)
    assert "still stands in the way" in text_of(still)
    done = await send(browser, hold_id, "Agenda", PAT, NEAR, right=NEAR)
    assert "The message is on its way." in text_of(done)
    assert f"Address confirmed by you: {NEAR}" in text_of(done)
    assert [letter.to for letter in copies(post)] == [PAT, NEAR]
    events = held.timeline(site.store, AUTHOR, hold_id)
    said = [one for one in events if one.act is Act.HOLD_CONFIRMED]
    assert [(one.actor, one.subject) for one in said] == [(str(AUTHOR), str(NEAR))]


async def test_it_is_one_answer_to_one_question(
    site: Site, hold: Holder, sign_in: SignIn, post: Post
) -> None:
    subject = f"About {NUMBER}"
    hold_id = hold(mail(subject), NEAR, subject=subject)
    browser = await sign_in(AUTHOR)
    still = await send(browser, hold_id, subject, NEAR, right=NEAR)
    assert "Take an NHS number out" in text_of(still)
    assert "looks like another" not in text_of(still)
    assert f'value="{NEAR}" checked' in still.text, "what was said is remembered, and can be unsaid"
    unsaid = await send(browser, hold_id, "Agenda", NEAR)
    assert "looks like another" in text_of(unsaid)
    assert state(site, hold_id) == "held"
    assert not copies(post)


async def test_another_address_is_another_question(
    site: Site, hold: Holder, sign_in: SignIn, post: Post
) -> None:
    hold_id = hold(mail("Agenda"), NEAR, subject="Agenda")
    browser = await sign_in(AUTHOR)
    answer = await send(browser, hold_id, "Agenda", OTHER, right=(NEAR, OTHER))
    assert "looks like another" in text_of(answer)
    assert state(site, hold_id) == "held"
    assert not copies(post)


async def test_what_is_to_be_sealed_is_sealed(hold: Holder, sign_in: SignIn, post: Post) -> None:
    hold_id = hold(mail("[secure] Agenda"), NEAR, subject="[secure] Agenda")
    browser = await sign_in(AUTHOR)
    done = await send(browser, hold_id, "[secure] Agenda", NEAR, right=NEAR)
    assert "The message is on its way." in text_of(done)
    assert not copies(post)


async def test_where_somebody_else_decides_it_is_no_way_out(
    rules: list[Policy], hold: Holder, sign_in: SignIn, post: Post
) -> None:
    named = f"    hold: {{for: approver, approvers: {BOSS}}}\n  - name: marked"
    rules[0] = load_text(RULES.replace("  - name: marked", named))
    hold_id = hold(mail("Agenda"), NEAR, subject="Agenda")
    browser = await sign_in(AUTHOR)
    assert YES not in (await browser.get(f"/held/{hold_id}")).text
    answer = await send(browser, hold_id, "Agenda", NEAR, right=NEAR)
    assert "looks like another" in text_of(answer)
    assert not copies(post)


async def test_signing_in_speaks_of_what_is_held(hold: Holder, browser: Browser) -> None:
    hold_id = hold(mail("Agenda"), NEAR, subject="Agenda")
    sent = await browser.get(f"/held/{hold_id}")
    assert "Sign in to see what is held" in (await browser.get(sent.location)).text
    assert "Sign in to read your message" in (await browser.get("/signin")).text
