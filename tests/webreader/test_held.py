"""Mending held mails on the site: by their sender, and through approval, and by nobody else."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from html import unescape

import pytest
from aiohttp import FormData

from policies.decision import Outcome
from policies.extraction.pool import ExtractionPool
from policies.language.loader import load_text
from policies.terms import HoldTerms
from tests.webreader.browser import Answer, Browser
from tests.webreader.conftest import AUTHOR, BOB, EVE, Letter, Post, SignIn, TurnedClock, mail
from tests.webreader.holding import (
    BOSS,
    CAROL,
    COLLEAGUE,
    DEPUTY,
    NUMBER,
    PREFIX,
    Holder,
    policy,
)
from tests.webreader.holding import HOLDING as RULES
from vault.address import Address
from vault.hold import lists as held
from vault.origin import Origin
from vault.packages import catalogue
from vault.packages.retrieve import retrieve
from vault.sending.outbox import Kind
from vault.trail.audit import Act
from webreader.holding.rehearing import hear
from webreader.site import Site

HOLDING = policy()
NOBODY = HoldTerms()


@pytest.fixture
def site(site: Site) -> Iterator[Site]:
    with closing(ExtractionPool(1)) as extraction:
        yield replace(site, rules=lambda: HOLDING, extraction=extraction)


@pytest.fixture
def hold(site: Site) -> Holder:
    return Holder(site)


def text_of(answer: Answer) -> str:
    words = " ".join(re.sub(r"<[^>]+>", " ", answer.text.partition("<main")[2]).split())
    return unescape(words.replace(" ,", ",").replace(" .", "."))


def revision(answer: Answer) -> str:
    found = re.search(r'name="revision" value="(\d+)"', answer.text)
    return found[1] if found else ""


async def act(browser: Browser, hold_id: str, verb: str = "", **form: object) -> Answer:
    """Load the page, send one of its forms, and follow where it leads."""
    seen = await browser.get(f"/held/{hold_id}")
    answer = await fill(browser, hold_id, verb, revision(seen), **form)
    return await browser.get(answer.location) if answer.status == 303 else answer


async def fill(browser: Browser, hold_id: str, verb: str, at: str, **form: object) -> Answer:
    data = FormData()
    data.add_field("csrf", browser.token)
    data.add_field("revision", at)
    for name, value in form.items():
        for one in value if isinstance(value, tuple) else (value,):
            data.add_field(name, str(one))
    return await browser.post(f"/held/{hold_id}{verb and '/'}{verb}", data)


async def send(browser: Browser, hold_id: str, subject: str, *to: object, **more: object) -> Answer:
    people = tuple(map(str, to or (BOB,)))
    return await act(browser, hold_id, to=people, subject=subject, do="send", **more)


def state(site: Site, hold_id: str) -> str:
    return str(held.find(site.store, AUTHOR, hold_id).state)


def copies(post_box: Post) -> list[Letter]:
    return [letter for letter in post_box.take() if letter.kind is Kind.RELAY]


# --- the sender ------------------------------------------------------------------------------


async def test_the_page_says_why_and_shows_the_mail(hold: Holder, sign_in: SignIn) -> None:
    hold_id = hold(mail(f"About {NUMBER}", html="<p>Dear <b>Bob</b></p><script>x</script>"))
    browser = await sign_in(AUTHOR)
    answer = await browser.get(f"/held/{hold_id}")
    said = text_of(answer)
    assert "Nobody has received it." in said
    assert "The subject seems to contain an NHS number. Take it out." in said
    assert f'value="{BOB}"' in answer.text
    assert f'value="About {NUMBER}"' in answer.text  # his own words, to be mended
    frame = await browser.get(f"/held/{hold_id}/body")
    assert "<b>Bob</b>" in frame.text
    assert "<script" not in frame.text
    assert "sandbox" in frame.headers["Content-Security-Policy"]
    listing = await browser.get("/held")
    assert f"/held/{hold_id}" in listing.text
    assert "Needs you" in listing.text


async def test_a_mended_subject_is_sent_and_nothing_else_changes(
    site: Site, hold: Holder, sign_in: SignIn, post: Post
) -> None:
    original = mail(f"About {NUMBER}", files=(("plan.pdf", b"%PDF"),), Thread_Topic=NUMBER)
    hold_id = hold(original)
    browser = await sign_in(AUTHOR)
    answer = await send(browser, hold_id, "About a child")
    assert "This message has been sent" in text_of(answer)
    assert "on its way" in text_of(answer)
    (copy,) = copies(post)
    assert (copy.to, copy.return_path) == (BOB, AUTHOR)
    expected = original.replace(f"Subject: About {NUMBER}".encode(), b"Subject: About a child")
    assert copy.data == expected.replace(f"Thread-Topic: {NUMBER}\r\n".encode(), b"")
    assert NUMBER.encode() not in copy.data
    assert state(site, hold_id) == "released"
    assert catalogue.sent(site.store, site.opening, AUTHOR).total == 0


async def test_what_is_still_wrong_is_said_and_nothing_is_sent(
    site: Site, hold: Holder, sign_in: SignIn, post: Post
) -> None:
    hold_id = hold()
    browser = await sign_in(AUTHOR)
    for subject in (f"Again {NUMBER}", f"About {NUMBER}", "943\u00a0476\u20095919"):
        answer = await send(browser, hold_id, subject)
        assert "Saved, but not sent" in text_of(answer)
        assert "seems to contain an NHS number" in text_of(answer)
    assert copies(post) == []
    assert state(site, hold_id) == "held"


async def test_an_untouched_subject_keeps_its_bytes(
    hold: Holder, sign_in: SignIn, post: Post
) -> None:
    odd = mail("x").replace(b"Subject: x", b"SUBJECT :  =?iso-8859-1?q?Caf=E9?=\r\n\t merger")
    hold_id = hold(odd, BOB, COLLEAGUE)
    answer = await send(await sign_in(AUTHOR), hold_id, "Café merger", COLLEAGUE)
    assert "on its way" in text_of(answer)
    (copy,) = copies(post)
    assert copy.data == odd


async def test_recipients_are_corrected_and_left_out(
    hold: Holder, sign_in: SignIn, post: Post
) -> None:
    hold_id = hold(mail("The merger"), BOB, EVE, COLLEAGUE, subject="The merger")
    browser = await sign_in(AUTHOR)
    people = (str(BOB), str(EVE), "K.Smith@example.gov.uk")
    answer = await act(browser, hold_id, to=people, out=("1", "2"), subject="The merger", do="send")
    assert "on its way" in text_of(answer)
    assert [copy.to for copy in copies(post)] == [Address.parse("k.smith@example.gov.uk")]


async def test_a_refusal_for_one_recipient_stops_all(
    site: Site, hold: Holder, sign_in: SignIn, post: Post
) -> None:
    hold_id = hold(mail("Lunch"), BOB, EVE, subject="Lunch")
    browser = await sign_in(AUTHOR)
    answer = await send(browser, hold_id, "Lunch", BOB, EVE)
    assert f"{EVE}: Nobody writes there." in text_of(answer)
    assert copies(post) == []
    assert "on its way" in text_of(await send(browser, hold_id, "Lunch", BOB))


@pytest.mark.parametrize(
    ("form", "said"),
    [
        ({"to": ("no address",)}, "This address cannot be used"),
        ({"to": ("",)}, "Enter an address"),
        ({"to": (str(BOB),), "out": ("1",)}, "Leave at least one recipient in"),
        ({"to": ()}, "Leave at least one recipient in"),
        ({"to": (str(BOB),), "subject": "x" * 301}, "at most 300 characters"),
    ],
)
async def test_what_cannot_be_used_is_said_and_what_was_typed_is_kept(
    site: Site, hold: Holder, sign_in: SignIn, form: dict[str, object], said: str
) -> None:
    hold_id = hold()
    answer = await act(await sign_in(AUTHOR), hold_id, **({"subject": "ours", "do": "send"} | form))
    assert answer.status == 400
    assert said in text_of(answer)
    assert 'value="ours"' in answer.text or "x" * 301 in answer.text
    assert held.find(site.store, AUTHOR, hold_id).revision == 1


async def test_sealed_instead_for_everybody_outside(
    site: Site, hold: Holder, sign_in: SignIn, post: Post
) -> None:
    hold_id = hold(b"", BOB, CAROL)
    reference = held.find(site.store, AUTHOR, hold_id).reference
    answer = await send(await sign_in(AUTHOR), hold_id, f"About {NUMBER}", BOB, CAROL, sealed="yes")
    assert "Who has opened it" in text_of(answer)
    letters = [letter for letter in post.take() if letter.kind is not Kind.HELD]
    assert {(letter.kind, letter.to) for letter in letters if letter.kind is not Kind.CODE} == {
        (Kind.NOTICE, BOB),
        (Kind.NOTICE, CAROL),
    }
    assert NUMBER not in repr([letter.fields for letter in letters])
    (line,) = catalogue.sent(site.store, site.opening, AUTHOR).items
    assert line.package.reference == reference
    assert {str(grant.address): grant.visible for grant in line.grants} == {
        str(BOB): True,
        str(CAROL): False,  # the header does not name her
    }
    opened = retrieve(site.store, site.opening, BOB, line.package.id, Act.PACKAGE_OPENED, Origin())
    assert b"".join(opened.read()) == mail(f"About {NUMBER}")


async def test_sealing_is_no_way_out_for_colleagues(
    hold: Holder, sign_in: SignIn, post: Post
) -> None:
    hold_id = hold(b"", BOB, COLLEAGUE)
    answer = await send(
        await sign_in(AUTHOR), hold_id, f"About {NUMBER}", BOB, COLLEAGUE, sealed="yes"
    )
    assert f"{COLLEAGUE}: The subject seems to contain an NHS number." in text_of(answer)
    assert copies(post) == []


async def test_a_flag_in_the_new_subject_seals_as_it_would_have(
    site: Site, hold: Holder, sign_in: SignIn
) -> None:
    hold_id = hold()
    await send(await sign_in(AUTHOR), hold_id, "[secure] About a child")
    (line,) = catalogue.sent(site.store, site.opening, AUTHOR).items
    assert line.summary.subject == "[secure] About a child"
    assert not line.package.reply_allowed
    assert line.package.expires_at is not None
    assert line.package.expires_at - site.store.clock() < timedelta(days=5)


BODY_RULE = """
version: 1
rules:
  - name: number-in-text
    when: {body: {finds: nhs_number}}
    then: hold
"""


async def test_what_the_mail_says_inside_is_read_again(
    site: Site, hold: Holder, sign_in: SignIn, post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tests.webreader.test_held.HOLDING", load_text(BODY_RULE))
    told, silent = (hold(mail("Lunch", text=text)) for text in (f"She is {NUMBER}.", "Nothing."))
    browser = await sign_in(AUTHOR)
    answer = await send(browser, told, "Lunch")
    assert "The text seems to contain an NHS number" in text_of(answer)
    assert copies(post) == []
    assert "on its way" in text_of(await send(browser, silent, "Lunch"))


async def test_what_cannot_be_read_inside_is_never_sent_in_the_clear(
    site: Site, hold: Holder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tests.webreader.test_held.HOLDING", load_text(BODY_RULE))
    found = held.inspect(site.store, site.opening, AUTHOR, hold(mail("Lunch")), Origin())
    for asked, outcome in ((site, Outcome.RELAY), (replace(site, extraction=None), Outcome.SEAL)):
        assert [one.outcome for one in hear(asked, found, found.slip).decisions] == [outcome]


async def test_a_rule_that_warns_does_so_when_the_mail_has_gone(
    hold: Holder, sign_in: SignIn, post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    rule = """
  - name: a-word
    when: {subject: {contains: lunch}}
    then: warn
    tell_sender: Lunch is private.
"""
    monkeypatch.setattr("tests.webreader.test_held.HOLDING", load_text(RULES + rule))
    hold_id = hold(mail(f"Lunch {NUMBER}"))
    browser = await sign_in(AUTHOR)
    await send(browser, hold_id, f"Lunch on {NUMBER}")
    assert not [one for one in post.take() if one.kind is Kind.WARNING]
    await send(browser, hold_id, "Lunch")
    (note,) = [one for one in post.take() if one.kind is Kind.WARNING]
    assert (note.to, note.fields["sentences"]) == (AUTHOR, "Lunch is private.")


async def test_taking_it_back(site: Site, hold: Holder, sign_in: SignIn, post: Post) -> None:
    hold_id = hold()
    answer = await act(await sign_in(AUTHOR), hold_id, "withdraw")
    assert "This message was taken back" in text_of(answer)
    assert state(site, hold_id) == "withdrawn"
    assert copies(post) == []


async def test_a_form_sent_twice_sends_one_mail(hold: Holder, sign_in: SignIn, post: Post) -> None:
    hold_id = hold()
    browser = await sign_in(AUTHOR)
    at = revision(await browser.get(f"/held/{hold_id}"))
    form = {"to": (str(BOB),), "subject": "About a child", "do": "send"}
    first = await post_form(browser, hold_id, at, form)
    again = await post_form(browser, hold_id, at, form)
    assert (first.status, again.status) == (303, 409)
    assert "not waiting any more" in again.text
    assert len(copies(post)) == 1


async def post_form(browser: Browser, hold_id: str, at: str, form: dict[str, object]) -> Answer:
    return await fill(browser, hold_id, "", at, **form)


async def test_a_page_that_is_too_old_sends_nothing(
    hold: Holder, sign_in: SignIn, post: Post
) -> None:
    hold_id = hold()
    browser = await sign_in(AUTHOR)
    old = revision(await browser.get(f"/held/{hold_id}"))
    await send(browser, hold_id, f"Other {NUMBER}")
    form = {"to": (str(BOB),), "subject": "About a child", "do": "send"}
    for at in (old, "", "x", "99"):
        answer = await post_form(browser, hold_id, at, form)
        assert answer.status == 409
        assert "changed meanwhile" in answer.text
    assert copies(post) == []


async def test_time_runs_out(
    site: Site, hold: Holder, sign_in: SignIn, post: Post, clock: TurnedClock
) -> None:
    hold_id = hold(days=1 / 24)
    browser = await sign_in(AUTHOR)
    at = revision(await browser.get(f"/held/{hold_id}"))
    clock.ahead += timedelta(hours=1, minutes=1)
    browser = await sign_in(AUTHOR)
    form = {"to": (str(BOB),), "subject": "About a child", "do": "send"}
    await browser.get("/held")
    assert (await post_form(browser, hold_id, at, form)).status == 409
    assert "has run out" in text_of(await browser.get(f"/held/{hold_id}"))
    assert copies(post) == []


async def test_a_signature_over_the_subject_is_spoken_of(hold: Holder, sign_in: SignIn) -> None:
    signed = mail(NUMBER, DKIM_Signature="v=1; a=rsa-sha256; h=from:subject; bh=x; b=y")
    browser = await sign_in(AUTHOR)
    said = text_of(await browser.get(f"/held/{hold(signed)}"))
    assert "that signature no longer fits" in said
    plain = text_of(await browser.get(f"/held/{hold()}"))
    assert "signature" not in plain
    body = b"MIME-Version: 1.0\r\nContent-Type: application/pkcs7-mime; name=x\r\n\r\nabc\r\n"
    smime = f"From: {AUTHOR}\r\nTo: {BOB}\r\nSubject: {NUMBER}\r\n".encode() + body
    said = text_of(await browser.get(f"/held/{hold(smime)}"))
    assert "That stays valid" in said


async def test_an_older_subject_that_travels_along_is_shown_and_taken_out(
    hold: Holder, sign_in: SignIn, post: Post
) -> None:
    hold_id = hold(mail("About a child", Thread_Topic=NUMBER), subject="About a child")
    browser = await sign_in(AUTHOR)
    answer = await send(browser, hold_id, "About a child")
    assert "Saved, but not sent" in text_of(answer)
    assert "earlier subject" in text_of(answer)
    await send(browser, hold_id, "About a child", clean="yes")
    (copy,) = copies(post)
    assert b"Thread-Topic" not in copy.data
    assert copy.data.count(b"Subject: About a child\r\n") == 1


async def test_the_way_that_the_policy_asks_for_goes_along(
    site: Site, hold: Holder, sign_in: SignIn, post: Post
) -> None:
    assert PREFIX
    hold_id = hold()
    await send(await sign_in(AUTHOR), hold_id, "About a child")
    (copy,) = copies(post)
    assert {"route": "", "tls": "verified"}.items() <= copy.fields.items()


async def test_an_attachment_can_be_saved(hold: Holder, sign_in: SignIn) -> None:
    hold_id = hold(mail(NUMBER, files=(("plan.pdf", b"%PDF-1"),)))
    browser = await sign_in(AUTHOR)
    answer = await browser.get(f"/held/{hold_id}/a/1")
    assert answer.body == b"%PDF-1"
    assert "plan.pdf" in answer.headers["Content-Disposition"]
    assert (await browser.get(f"/held/{hold_id}/a/7")).status == 404


# --- others ----------------------------------------------------------------------------------


@pytest.mark.parametrize("who", [BOB, EVE, COLLEAGUE, BOSS], ids=str)
async def test_for_anybody_else_there_is_nothing(
    site: Site, hold: Holder, sign_in: SignIn, post: Post, who: Address
) -> None:
    hold_id, unreal = hold(mail("The merger"), subject="The merger"), "a" * 26
    browser = await sign_in(who)
    for verb in ("", "/body", "/a/1"):
        real, none = [await browser.get(f"/held/{one}{verb}") for one in (hold_id, unreal)]
        assert (real.status, none.status) == (404, 404)
        assert real.text == none.text
    form = {"csrf": browser.token, "revision": "1", "do": "send", "to": "x@y.example"}
    for verb in ("", "/withdraw", "/approve", "/refuse"):
        real, none = [await browser.post(f"/held/{one}{verb}", form) for one in (hold_id, unreal)]
        assert (real.status, none.status) == (404, 404)
        assert real.text == none.text
    assert hold_id not in (await browser.get("/held")).text
    assert state(site, hold_id) == "held"
    assert copies(post) == []


async def test_nobody_gets_here_without_signing_in(hold: Holder, browser: Browser) -> None:
    hold_id = hold()
    for path in ("/held", f"/held/{hold_id}", f"/held/{hold_id}/body"):
        answer = await browser.get(path)
        back = "" if path.endswith("/body") else f"?next={path}"
        assert (answer.status, answer.location) == (303, f"/signin{back}")


async def test_no_form_is_taken_without_its_token(
    site: Site, hold: Holder, sign_in: SignIn
) -> None:
    hold_id = hold()
    browser = await sign_in(AUTHOR)
    for verb in ("", "/withdraw", "/approve", "/refuse"):
        answer = await browser.post(f"/held/{hold_id}{verb}", {"csrf": "", "revision": "1"})
        assert answer.status == 403
    assert state(site, hold_id) == "held"


# --- approval --------------------------------------------------------------------------------


@pytest.fixture
async def merger(hold: Holder, sign_in: SignIn) -> tuple[str, Browser]:
    """A mail about the merger, for which approval was asked; and its sender's browser."""
    hold_id = hold(mail("The merger"), BOB, COLLEAGUE, subject="The merger")
    browser = await sign_in(AUTHOR)
    people = (str(BOB), str(COLLEAGUE))
    answer = await act(
        browser, hold_id, to=people, subject="The merger", note="Agreed by phone", do="ask"
    )
    assert "Approval has been asked for" in text_of(answer)
    assert f"from {BOSS} and {DEPUTY}" in text_of(answer)
    return hold_id, browser


Merger = tuple[str, Browser]


async def test_an_approver_sees_the_mail_and_lets_it_go(
    site: Site, merger: Merger, sign_in: SignIn, post: Post
) -> None:
    hold_id, _ = merger
    browser = await sign_in(BOSS)
    assert "Waiting for your approval" in (await browser.get("/held")).text
    answer = await browser.get(f"/held/{hold_id}")
    said = text_of(answer)
    assert "Agreed by phone" in said
    assert f"As an email {BOB} and {COLLEAGUE}" in said
    assert 'name="subject"' not in answer.text
    answer = await act(browser, hold_id, "approve")
    assert "You have approved the message" in text_of(answer)
    letters = post.take()
    assert {copy.to for copy in letters if copy.kind is Kind.RELAY} == {BOB, COLLEAGUE}
    (told,) = [letter for letter in letters if letter.kind is Kind.SETTLED]
    assert (told.to, told.fields["how"]) == (AUTHOR, "released")
    assert held.find(site.store, AUTHOR, hold_id).settled_by == str(BOSS)


async def test_a_refusal_needs_a_reason_which_the_sender_reads(
    site: Site, merger: Merger, sign_in: SignIn, post: Post
) -> None:
    hold_id, sender = merger
    browser = await sign_in(DEPUTY)
    answer = await act(browser, hold_id, "refuse", reason=" ")
    assert answer.status == 400
    assert "Say why" in text_of(answer)
    answer = await act(browser, hold_id, "refuse", reason="Wait until <Monday>.")
    assert "You have refused the message" in text_of(answer)
    said = text_of(await sender.get(f"/held/{hold_id}"))
    assert "Wait until <Monday>." in said
    assert f"{DEPUTY} did not approve it" in said
    letters = post.take()
    assert not [letter for letter in letters if letter.kind is Kind.RELAY]
    assert "Monday" not in repr(letters)
    assert state(site, hold_id) == "refused"


async def test_approvers_cannot_change_or_take_back(merger: Merger, sign_in: SignIn) -> None:
    hold_id, _ = merger
    browser = await sign_in(BOSS)
    await browser.get(f"/held/{hold_id}")
    for verb in ("", "withdraw"):
        answer = await fill(browser, hold_id, verb, "2", to=str(EVE), subject="x", do="send")
        assert answer.status == 404


async def test_a_sender_cannot_approve(merger: Merger, post: Post) -> None:
    hold_id, browser = merger
    await browser.get(f"/held/{hold_id}")
    assert (await act(browser, hold_id, "approve")).status == 404
    assert copies(post) == []


async def test_a_change_takes_the_question_back(
    merger: Merger, sign_in: SignIn, post: Post
) -> None:
    hold_id, sender = merger
    boss = await sign_in(BOSS)
    at = revision(await boss.get(f"/held/{hold_id}"))
    await send(sender, hold_id, "The merger, again", BOB)
    assert (await post_form(boss, hold_id + "/approve", at, {})).status == 404
    assert copies(post) == []


async def test_the_policy_is_asked_again_when_approval_is_given(
    site: Site, merger: Merger, sign_in: SignIn, post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    hold_id, _ = merger
    boss = await sign_in(BOSS)
    at = revision(await boss.get(f"/held/{hold_id}"))
    stricter = replace(HOLDING, rules=tuple(replace(rule, hold=NOBODY) for rule in HOLDING.rules))
    monkeypatch.setattr("tests.webreader.test_held.HOLDING", stricter)
    answer = await boss.follow((await post_form(boss, hold_id + "/approve", at, {})).location)
    assert "stands in the way of approval as well" in text_of(answer)
    assert copies(post) == []
    assert state(site, hold_id) == "held"


async def test_approval_is_not_offered_where_it_would_not_be_enough(
    hold: Holder, sign_in: SignIn
) -> None:
    subject = f"The merger {NUMBER}"
    hold_id = hold(mail(subject), subject=subject)
    browser = await sign_in(AUTHOR)
    assert "Ask for approval" not in (await browser.get(f"/held/{hold_id}")).text
    answer = await act(browser, hold_id, to=str(BOB), subject=subject, do="ask")
    assert "Approval would not be enough" in text_of(answer)
    answer = await act(browser, hold_id, to=str(BOB), subject="Lunch", do="ask")
    assert "you can send it without approval" in text_of(answer)
