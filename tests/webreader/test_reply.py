from __future__ import annotations

import asyncio
import email
import hashlib
import io
import os
import re
from collections.abc import Callable
from datetime import timedelta
from email import policy
from email.message import EmailMessage

import aiohttp
import pytest

from tests.webreader.browser import Answer, Browser
from tests.webreader.conftest import AUTHOR, BOB, EVE, Letter, Post, SignIn, TurnedClock, mail
from vault.origin import Origin
from vault.packages import catalogue, grants
from vault.packages.deposit import Restrictions
from vault.sending.outbox import Kind
from vault.trail.audit import Act
from webreader.settings import WebSettings
from webreader.site import Site

Seal = Callable[..., str]
Files = tuple[tuple[str, bytes], ...]
DRAFT = re.compile(r'name="draft" value="([0-9a-f]{32})"')


@pytest.fixture
def settings() -> WebSettings:
    return WebSettings(reply_max_bytes=3_000_000, reply_max_files=3, replies_per_hour=4)


def form(browser: Browser, shown: Answer, text: str, files: Files = ()) -> aiohttp.FormData:
    """Fill in the form of a page as a browser would send it."""
    found = DRAFT.search(shown.text)
    filled = aiohttp.FormData(quote_fields=False, default_to_multipart=True)
    filled.add_field("csrf", browser.token)
    filled.add_field("draft", found[1] if found else "")
    filled.add_field("message", text)
    for name, data in files or (("", b""),):
        filled.add_field(
            "files", io.BytesIO(data), filename=name, content_type="application/octet-stream"
        )
    return filled


async def send(browser: Browser, package: str, text: str, files: Files = ()) -> Answer:
    shown = await browser.get(f"/p/{package}/reply")
    assert shown.status == 200, shown.text
    return await browser.post(f"/p/{package}/reply", form(browser, shown, text, files))


def clear_copy(letters: list[Letter]) -> tuple[Letter, EmailMessage]:
    (letter,) = [letter for letter in letters if letter.kind is Kind.RELAY]
    read = email.message_from_bytes(letter.data, policy=policy.default)
    assert isinstance(read, EmailMessage)
    return letter, read


async def test_an_answer_reaches_the_owner_with_its_files(
    sign_in: SignIn, seal: Seal, post: Post, site: Site
) -> None:
    scan, photo = os.urandom(1_200_000), b"jpeg"
    package = seal()
    bob = await sign_in(BOB)
    post.take()
    answer = await send(
        bob,
        package,
        "Thank you.\r\nSigned form attached.",
        (("Scan ☃.pdf", scan), ("p.jpg", photo)),
    )
    assert answer.status == 303
    receipt = await bob.get(answer.location)
    for shown in ("Your reply has been sent", str(AUTHOR), "Scan ☃.pdf", "1.2 MB", "4 bytes"):
        assert shown in receipt.text
    letter, read = clear_copy(post.take())
    assert letter.to == AUTHOR
    assert str(letter.return_path) == "secure@example.gov.uk"
    assert read["From"].addresses[0].addr_spec == "secure@example.gov.uk"
    assert read["From"].addresses[0].display_name == "Bob Partner via Example County Council"
    assert read["Reply-To"].addresses[0].addr_spec == str(BOB)
    assert [one.addr_spec for one in read["To"].addresses] == [str(AUTHOR)]
    assert read["Subject"] == "Re: Annual review [secure]"
    assert read["In-Reply-To"] == "<original-1@example.gov.uk>"
    parts = list(read.iter_attachments())
    assert [part.get_filename() for part in parts] == ["Scan ☃.pdf", "p.jpg"]
    digests = [hashlib.sha256(part.get_payload(decode=True)).digest() for part in parts]  # type: ignore[arg-type]
    assert digests == [hashlib.sha256(data).digest() for data in (scan, photo)]
    body = read.get_body()
    assert body is not None
    assert "Signed form attached." in body.get_content()
    sealed = catalogue.conversation(site.store, site.opening, AUTHOR, package)[-1]
    assert (sealed.package.author, sealed.package.owner) == (BOB, AUTHOR)
    assert sealed.summary.attachments == ("Scan ☃.pdf", "p.jpg")
    sent = [
        one for one in catalogue.timeline(site.store, AUTHOR, package) if one.act == Act.REPLY_SENT
    ]
    assert [(one.actor, one.subject) for one in sent] == [(str(BOB), str(AUTHOR))]


async def test_the_owner_answers_back_and_only_a_notice_leaves(
    sign_in: SignIn, seal: Seal, post: Post
) -> None:
    package = seal()
    bob, owner = await sign_in(BOB), await sign_in(AUTHOR)
    await send(bob, package, "A question")
    shown = await bob.get(f"/p/{package}")
    assert "Conversation" in shown.text
    answer = re.findall(r'href="/p/([a-z2-7]{26})"', shown.text)[-1]
    assert "A question" in (await bob.get(f"/p/{answer}/body")).text
    post.take()
    page = await owner.get(f"/p/{answer}")
    assert f"/p/{answer}/reply" in page.text
    assert f"/p/{package}/reply" not in (await owner.get(f"/p/{package}")).text
    assert (await owner.get(f"/p/{package}/reply")).status == 403
    assert f'"/sent/{answer}"' not in page.text
    assert f'"/sent/{package}"' in (await owner.get(f"/p/{package}")).text
    assert answer in (await owner.get("/")).text
    assert answer not in (await owner.get("/sent")).text
    assert (await send(owner, answer, "The answer")).status == 303
    letters = post.take()
    assert [(letter.kind, letter.to) for letter in letters] == [(Kind.NOTICE, BOB)]
    thread = await bob.get(f"/p/{package}")
    third = re.findall(r'href="/p/([a-z2-7]{26})"', thread.text)[-1]
    assert "The answer" in (await bob.get(f"/p/{third}/body")).text


async def test_one_form_sent_twice_is_one_answer(sign_in: SignIn, seal: Seal, post: Post) -> None:
    package = seal()
    bob = await sign_in(BOB)
    post.take()
    shown = await bob.get(f"/p/{package}/reply")
    answers = await asyncio.gather(
        *(bob.post(f"/p/{package}/reply", form(bob, shown, "Hello")) for _ in range(4))
    )
    again = await bob.post(f"/p/{package}/reply", form(bob, shown, "Hello"))
    assert {answer.status for answer in (*answers, again)} == {303}
    assert {answer.location for answer in answers} == {again.location}
    assert len([one for one in post.take() if one.kind is Kind.RELAY]) == 1


async def test_a_receipt_is_for_the_sender_only(sign_in: SignIn, seal: Seal) -> None:
    package = seal(to=(BOB, EVE))
    bob, eve = await sign_in(BOB), await sign_in(EVE)
    answer = await send(bob, package, "private")
    seen = await eve.get(answer.location)
    assert (seen.status, seen.location) == (303, f"/p/{package}")


async def test_an_empty_answer_is_asked_for_again(sign_in: SignIn, seal: Seal, post: Post) -> None:
    package = seal()
    bob = await sign_in(BOB)
    post.take()
    answer = await send(bob, package, "  \r\n ")
    assert answer.status == 400
    assert 'href="#message"' in answer.text
    assert post.take() == []
    filled = form(bob, answer, "now with text")
    assert (await bob.post(f"/p/{package}/reply", filled)).status == 303


@pytest.mark.parametrize(
    "sizes", [(3_000_001,), (2_000_000, 2_000_000), (1, 1, 1, 1), (9_000_000,)]
)
async def test_too_much_is_refused_and_nothing_is_kept(
    sign_in: SignIn, seal: Seal, post: Post, site: Site, sizes: tuple[int, ...]
) -> None:
    package = seal()
    bob = await sign_in(BOB)
    post.take()
    files = tuple((f"{number}.bin", bytes(size)) for number, size in enumerate(sizes))
    answer = await send(bob, package, "My <b>text</b>", files)
    assert answer.status == 413
    assert 'href="#files"' in answer.text
    assert "My &lt;b&gt;text&lt;/b&gt;" in answer.text
    assert post.take() == []
    left = [path for path in site.store.settings.folder.rglob("*") if "tmp" in path.name]
    assert [path for path in left if path.is_file()] == []


async def test_nobody_but_readers_may_answer(
    sign_in: SignIn, seal: Seal, post: Post, site: Site
) -> None:
    package = seal()
    bob, eve = await sign_in(BOB), await sign_in(EVE)
    shown = await bob.get(f"/p/{package}/reply")
    grants.revoke(site.store, AUTHOR, package, BOB, Origin())
    post.take()
    gone = await bob.post(f"/p/{package}/reply", form(bob, shown, "too late"))
    assert gone.status == 403
    stranger = await eve.post(f"/p/{package}/reply", form(eve, shown, "let me in"))
    assert stranger.status == 404
    assert post.take() == []


async def test_replies_can_be_switched_off(sign_in: SignIn, seal: Seal) -> None:
    package = seal(restrictions=Restrictions(reply_allowed=False))
    bob = await sign_in(BOB)
    assert "/reply" not in (await bob.get(f"/p/{package}")).text
    page = await bob.get(f"/p/{package}/reply")
    assert page.status == 403
    assert "cannot be answered" in page.text
    other = await bob.get(f"/p/{seal(mail('other'), subject='other')}/reply")
    filled = form(bob, other, "nevertheless")
    assert (await bob.post(f"/p/{package}/reply", filled)).status == 403


async def test_there_is_an_end_to_answers(sign_in: SignIn, seal: Seal, clock: TurnedClock) -> None:
    package = seal()
    bob = await sign_in(BOB)
    statuses = [(await send(bob, package, f"number {n}")).status for n in range(5)]
    assert statuses == [303, 303, 303, 303, 429]
    clock.ahead = timedelta(minutes=29)
    assert (await send(bob, package, "again")).status == 429


async def test_the_token_comes_first(sign_in: SignIn, seal: Seal, post: Post) -> None:
    package = seal()
    bob = await sign_in(BOB)
    post.take()
    shown = await bob.get(f"/p/{package}/reply")
    token, bob.token = bob.token, "0" * 64
    assert (await bob.post(f"/p/{package}/reply", form(bob, shown, "forged"))).status == 403
    late = aiohttp.FormData(default_to_multipart=True)
    for name, value in (("draft", "a" * 32), ("message", "forged"), ("csrf", token)):
        late.add_field(name, value)
    assert (await bob.post(f"/p/{package}/reply", late)).status == 403
    bob.token = token
    elsewhere = {"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example"}
    filled = form(bob, shown, "forged")
    assert (await bob.post(f"/p/{package}/reply", filled, headers=elsewhere)).status == 403
    assert post.take() == []


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("multipart/form-data; boundary=b", b""),
        ("multipart/form-data; boundary=b", b"--b\r\nnonsense"),
        ("multipart/form-data; boundary=b", b"--b\r\n" * 1000),
        ("multipart/form-data", b"--b\r\n"),
        ("multipart/form-data; xboundary=b", b"--b--\r\n"),
        ("multipart/form-data; boundary*=utf-8''b", b"--b--\r\n"),
        (f"multipart/form-data; boundary={'b' * 71}", b"--b--\r\n"),
        ("multipart/mixed; boundary=b", b"--b--\r\n"),
        ("application/json", b"{}"),
        ("multipart/form-data; boundary=b", b"--b\r\n" + b"a: b\r\n" * 20_000 + b"\r\n"),
    ],
)
async def test_what_is_no_form_is_refused(
    sign_in: SignIn, seal: Seal, kind: str, body: bytes
) -> None:
    package = seal()
    bob = await sign_in(BOB)
    answer = await bob.ask("POST", f"/p/{package}/reply", data=body, headers={"Content-Type": kind})
    assert answer.status in {400, 403, 415}
    assert "<h1>" in answer.text
