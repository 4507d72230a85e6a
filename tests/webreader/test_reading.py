from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta

import pytest

from tests.webreader.browser import Browser
from tests.webreader.conftest import AUTHOR, BOB, EVE, Post, SignIn, TurnedClock, mail
from vault.address import Address
from vault.origin import Origin
from vault.packages import catalogue, grants
from vault.packages.deposit import Restrictions
from vault.trail.audit import Act
from webreader.reading.read import BODY_POLICY, PRINT_POLICY
from webreader.site import Site

Seal = Callable[..., str]
CAROL = Address.parse("carol@hidden.example")


def acts(site: Site, package: str) -> list[tuple[Act, str]]:
    """Return who did what, without the sealing and the notices."""
    quiet = ("package:sealed", "access:granted", "notice:")
    return [
        (event.act, event.actor)
        for event in catalogue.timeline(site.store, AUTHOR, package)
        if not event.act.startswith(quiet)
    ]


async def test_a_message_is_shown_with_its_facts(sign_in: SignIn, seal: Seal, site: Site) -> None:
    raw = mail(
        "Réview <b>papers</b>",
        Cc="Head <head@partner.example>",
        Bcc=str(CAROL),
        files=(("Report.pdf", b"x" * 2048),),
    )
    package = seal(
        raw, bcc=(CAROL,), restrictions=Restrictions(expires_at=site.store.clock() + timedelta(9))
    )
    browser = await sign_in(BOB)
    answer = await browser.get(f"/p/{package}")
    assert answer.status == 200
    for shown in (
        "Réview &lt;b&gt;papers&lt;/b&gt;",
        "Joanna Whitfield",
        str(AUTHOR),
        "Head &lt;head@partner.example&gt;",
        "Available until",
        "Report.pdf",
        "PDF document, 2.0 kB",
        f'src="/p/{package}/body"',
        'sandbox="allow-popups allow-popups-to-escape-sandbox"',
    ):
        assert shown in answer.text
    for one in (answer, await browser.get(f"/p/{package}/print")):
        assert "<b>papers" not in one.text
        assert "carol" not in one.text.lower()
        assert "<script" not in one.text
        assert " style=" not in one.text
    assert acts(site, package) == [(Act.PACKAGE_OPENED, str(BOB)), (Act.PACKAGE_PRINTED, str(BOB))]


async def test_the_text_is_in_a_sandbox_of_its_own(sign_in: SignIn, seal: Seal) -> None:
    package = seal(mail(html="<p>Dear <b>Bob</b></p><script>alert(1)</script>"))
    browser = await sign_in(BOB)
    answer = await browser.get(f"/p/{package}/body")
    assert answer.headers["Content-Security-Policy"] == BODY_POLICY
    assert "<b>Bob</b>" in answer.text
    assert "alert" not in answer.text
    assert "csrf" not in answer.text
    sheet = await browser.get(f"/p/{package}/print")
    assert sheet.headers["Content-Security-Policy"] == PRINT_POLICY
    assert "<b>Bob</b>" in sheet.text
    assert "<form" not in sheet.text


async def test_a_stranger_sees_the_same_for_any_identifier(sign_in: SignIn, seal: Seal) -> None:
    package = seal()
    browser = await sign_in(EVE)
    real = await browser.get(f"/p/{package}")
    unreal = await browser.get("/p/" + "a" * 26)
    assert real.status == unreal.status == 404
    assert real.text.replace(package, "") == unreal.text.replace("a" * 26, "")
    assert dict(real.headers) == dict(unreal.headers) | {"Date": real.headers["Date"]}
    assert "Whitfield" not in real.text
    assert "Ask for access" in real.text
    for page in ("body", "print", "reply", "a/1", "original.eml"):
        answers = [await browser.get(f"/p/{one}/{page}") for one in (package, "a" * 26)]
        assert {answer.status for answer in answers} == {404}
        assert answers[0].text.replace(package, "") == answers[1].text.replace("a" * 26, "")


async def test_an_anonymous_visitor_learns_nothing(
    new_browser: Callable[[], Browser], seal: Seal
) -> None:
    package = seal()
    visitor = new_browser()
    real, unreal = await visitor.get(f"/p/{package}"), await visitor.get("/p/" + "a" * 26)
    assert real.status == unreal.status == 303
    assert real.body == unreal.body == b""
    shown = [await visitor.get(one.location) for one in (real, unreal)]
    assert shown[0].text.replace(package, "") == shown[1].text.replace("a" * 26, "")


async def test_somebody_who_had_access_is_told_why_not(
    sign_in: SignIn, seal: Seal, site: Site, clock: TurnedClock
) -> None:
    now = site.store.clock()
    expired = seal(restrictions=Restrictions(expires_at=now + timedelta(minutes=1)))
    early = seal(subject="2", restrictions=Restrictions(not_before=now + timedelta(days=1)))
    gone = seal(subject="3")
    grants.revoke(site.store, AUTHOR, gone, BOB, Origin())
    clock.ahead = timedelta(minutes=2)
    browser = await sign_in(BOB)
    for package, said, asks in (
        (expired, "This message has expired", "Ask for more time"),
        (early, "This message is not available yet", ""),
        (gone, "This message has been withdrawn", "Ask for access"),
    ):
        for page in ("", "/body", "/print", "/reply", "/original.eml", "/a/1"):
            answer = await browser.get(f"/p/{package}{page}")
            assert answer.status == 403
            assert said in answer.text
            offered = {"Ask for access", "Ask for more time"}
            assert {one for one in offered if f">{one}</button>" in answer.text} == ({asks} - {""})
    home = await browser.get("/")
    for state in ("Expired", "Not available yet", "Withdrawn"):
        assert state in home.text
    assert "Annual review" not in home.text


async def test_home_lists_what_was_received(sign_in: SignIn, seal: Seal) -> None:
    first = seal(mail("First"), subject="First")
    seal(mail("Second"), subject="Second")
    browser = await sign_in(BOB)
    await browser.get(f"/p/{first}")
    home = await browser.get("/")
    assert home.text.count('class="mail ') + home.text.count('class="mail"') == 2
    assert home.text.index("Second") < home.text.index("First")
    assert home.text.count("Opened") == 1
    assert home.text.count(">New<") == 1
    assert "/sent" not in home.text
    other = await sign_in(EVE)
    assert "There are no messages" in (await other.get("/")).text
    staff = await sign_in(AUTHOR)
    assert 'href="/sent"' in (await staff.get("/")).text


async def test_a_long_list_has_pages(sign_in: SignIn, seal: Seal) -> None:
    for number in range(27):
        seal(mail(f"Number {number}"), subject=f"Number {number}")
    browser = await sign_in(BOB)
    assert "Number 26" in (await browser.get("/")).text
    assert 'href="/?page=2"' in (await browser.get("/")).text
    older = await browser.get("/?page=2")
    assert "Number 1" in older.text
    assert 'href="/?page=1"' in older.text
    for odd in ("0", "-1", "x", "99", "9" * 30, "%00"):
        assert (await browser.get(f"/?page={odd}")).status == 200


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"\r\n",
        b"no header at all",
        b"Subject: x\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n" * 40,
        b"From: \xff\xfe\r\nSubject: =?utf-8?b?////?=\r\n\r\n\x00\xff",
    ],
)
async def test_any_message_has_a_page(sign_in: SignIn, seal: Seal, raw: bytes) -> None:
    package = seal(raw or b" ")
    browser = await sign_in(BOB)
    for page in ("", "/body", "/print", "/original.eml"):
        assert (await browser.get(f"/p/{package}{page}")).status == 200


async def test_asking_for_access_says_the_same_for_any_identifier(
    sign_in: SignIn, seal: Seal, post: Post
) -> None:
    package = seal()
    browser = await sign_in(EVE)
    post.take()
    await browser.get(f"/p/{package}")
    real = await browser.post(f"/p/{package}/ask")
    unreal = await browser.post("/p/" + "a" * 26 + "/ask")
    assert real.status == unreal.status == 200
    assert real.text == unreal.text
    (letter,) = post.take()
    assert letter.to == AUTHOR
    assert letter.fields["requester"] == str(EVE)


async def test_what_is_view_only_is_read_and_not_taken_away(
    sign_in: SignIn, seal: Seal, site: Site
) -> None:
    raw = mail(files=(("plan.pdf", b"%PDF-"),))
    package = seal(raw, restrictions=Restrictions(view_only=True, protection="high"))
    browser, stranger = await sign_in(BOB), await sign_in(EVE)
    shown = await browser.get(f"/p/{package}")
    assert shown.status == 200
    assert "This deters copying; no web page can prevent it." in shown.text
    assert "High: handle with particular care" in shown.text
    assert "plan.pdf" in shown.text
    for path in ("/original.eml", "/a/1", "/print"):
        assert f"/p/{package}{path}" not in shown.text
        refused = await browser.get(f"/p/{package}{path}")
        unknown = await stranger.get(f"/p/{package}{path}")
        assert refused.status == unknown.status == 404
        assert _plain(refused.text, BOB) == _plain(unknown.text, EVE)
    assert (await browser.get(f"/p/{package}/body")).status == 200
    owner = await sign_in(AUTHOR)
    own = await owner.get(f"/p/{package}")
    assert f"/p/{package}/original.eml" in own.text
    assert (await owner.get(f"/p/{package}/original.eml")).body == raw
    managed = await owner.get(f"/sent/{package}")
    assert "View only: recipients are offered no download" in managed.text
    assert "With view only, high protection." in managed.text
    assert "It may be read here, and no copy of it is given out." in managed.text


def _plain(text: str, reader: Address) -> str:
    """The page without what names its reader."""
    return re.sub(r'name="csrf" value="[0-9a-f]+"', "", text.replace(str(reader), "READER"))


async def test_the_tag_that_sealed_a_message_is_not_shown(sign_in: SignIn, seal: Seal) -> None:
    raw = mail("[secure] Annual [ENCRYPT ] review [draft]")
    package = seal(raw, subject="[secure] Annual [ENCRYPT ] review [draft]")
    only = seal(mail("[secure]"), subject="[secure]")
    browser, owner = await sign_in(BOB), await sign_in(AUTHOR)
    pages = [
        await browser.get("/"),
        await browser.get(f"/p/{package}"),
        await browser.get(f"/p/{package}/print"),
        await browser.get(f"/p/{package}/reply"),
        await owner.get("/sent"),
        await owner.get(f"/sent/{package}"),
    ]
    for shown in pages:
        assert "Annual review [draft]" in shown.text
        assert "[secure]" not in shown.text
        assert "ENCRYPT" not in shown.text
    assert "<h1>(no subject)</h1>" in (await browser.get(f"/p/{only}")).text
    assert (await browser.get(f"/p/{package}/original.eml")).body == raw
    assert "Annual review [draft]" in (await owner.get("/sent?q=annual")).text


async def test_nobody_is_told_to_download_what_is_view_only(sign_in: SignIn, seal: Seal) -> None:
    raw = mail().replace(b"text/plain", b"application/pkcs7-mime")
    free = seal(raw)
    shut = seal(raw + b"\r\n", restrictions=Restrictions(view_only=True))
    browser = await sign_in(BOB)
    assert "Download the original and open it" in (await browser.get(f"/p/{free}")).text
    shown = await browser.get(f"/p/{shut}")
    assert "has encrypted this message as well" in shown.text
    assert "Download the original" not in shown.text
