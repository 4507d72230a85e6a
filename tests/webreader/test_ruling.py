"""What our own people answer on the site is under the policy; what others answer is theirs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from datetime import timedelta

import pytest

from policies.engine import Policy
from policies.extraction.pool import ExtractionPool
from policies.language.loader import load_text
from tests.webreader.conftest import AUTHOR, BOB, Post, SignIn
from tests.webreader.holding import COLLEAGUE
from tests.webreader.test_reply import clear_copy, send
from vault.packages import catalogue
from vault.sending.outbox import Kind
from vault.trail.audit import Act
from webreader.site import Site

Seal = Callable[..., str]
RULES = """
version: 1
rules:
  - name: no-merger
    when: {anywhere: {contains: merger}}
    then: refuse
    tell_sender: "Not sent to anyone: nobody writes about this matter."
  - name: takeover-waits
    when: {anywhere: {contains: takeover}}
    then: hold
    tell_sender: "Waiting for you: the directors decide about this matter."
  - name: secret
    when: {anywhere: {contains: secret}}
    then: seal
    seal: {expires_after: 5 days, replies: no}
"""


@pytest.fixture
def site(site: Site) -> Iterator[Site]:
    policy: Policy = load_text(RULES)
    with closing(ExtractionPool(1)) as extraction:
        yield replace(site, rules=lambda: policy, extraction=extraction)


async def asked(sign_in: SignIn, seal: Seal, site: Site) -> str:
    """A question of BOB's to AUTHOR, as a package that AUTHOR may answer."""
    bob = await sign_in(BOB)
    package = seal()
    await send(bob, package, "What about the merger?")
    return catalogue.conversation(site.store, site.opening, AUTHOR, package)[-1].package.id


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("The merger is off.", "Not sent. Nobody writes about this matter."),
        ("The takeover is on.", "Not sent. The directors decide"),
    ],
)
async def test_what_the_policy_stops_is_said_and_nothing_is_lost(
    text: str, told: str, sign_in: SignIn, seal: Seal, post: Post, site: Site
) -> None:
    question = await asked(sign_in, seal, site)
    owner = await sign_in(AUTHOR)
    post.take()
    answer = await send(owner, question, text)
    assert answer.status == 403
    assert told in answer.text
    assert text in answer.text, "what was typed is still there"
    assert post.take() == []
    assert len(catalogue.conversation(site.store, site.opening, AUTHOR, question)) == 2
    events = catalogue.timeline(site.store, AUTHOR, question)
    (line,) = [one for one in events if one.act is Act.MAIL_REFUSED]
    assert (line.actor, line.subject) == (str(AUTHOR), str(BOB))
    assert line.policy == site.rules().digest


async def test_an_attachment_is_read_as_well(
    sign_in: SignIn, seal: Seal, post: Post, site: Site
) -> None:
    question = await asked(sign_in, seal, site)
    owner = await sign_in(AUTHOR)
    answer = await send(owner, question, "See file.", (("note.txt", b"About the merger"),))
    assert answer.status == 403


async def test_what_others_write_is_theirs(
    sign_in: SignIn, seal: Seal, post: Post, site: Site
) -> None:
    package, bob = seal(), await sign_in(BOB)
    post.take()
    assert (await send(bob, package, "What about the merger?")).status == 303
    letter, _ = clear_copy(post.take())
    assert letter.to == AUTHOR


async def test_the_terms_of_the_policy_hold(
    sign_in: SignIn, seal: Seal, post: Post, site: Site
) -> None:
    question = await asked(sign_in, seal, site)
    owner = await sign_in(AUTHOR)
    assert (await send(owner, question, "A secret.")).status == 303
    answer = catalogue.conversation(site.store, site.opening, AUTHOR, question)[-1].package
    assert not answer.reply_allowed
    assert answer.expires_at is not None
    assert abs(answer.expires_at - answer.sealed_at - timedelta(days=5)) < timedelta(minutes=1)


async def test_a_colleague_s_answer_is_sealed_where_a_rule_says_so(
    sign_in: SignIn, seal: Seal, post: Post, site: Site
) -> None:
    package, colleague = seal(to=(COLLEAGUE,)), await sign_in(COLLEAGUE)
    post.take()
    assert (await send(colleague, package, "Lunch?")).status == 303
    assert [one.kind for one in post.take()] == [Kind.RELAY]
    assert (await send(colleague, package, "A secret.")).status == 303
    assert [one.kind for one in post.take()] == [Kind.NOTICE]
