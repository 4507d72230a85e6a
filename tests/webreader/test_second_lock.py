"""The second lock on the site: set by the sender, opened by words that the reader was told."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from tests.webreader.browser import Answer, Browser
from tests.webreader.conftest import AUTHOR, BOB, EVE, Post, SignIn, mail
from tests.webreader.test_sending import text_of
from vault.address import Address
from vault.packages import phrase, second_lock
from webreader import cookies
from webreader.reading import secondlock
from webreader.site import Site

Seal = Callable[..., str]
CAROL = Address.parse("carol@school.example")
PDF = b"%PDF-1.7 a secret plan"


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(phrase, "MEMORY", 1024)


async def locked(browser: Browser, package: str) -> str:
    """Lock a message as its sender does; returns the words."""
    await browser.get(f"/sent/{package}/lock")
    answer = await browser.post(f"/sent/{package}/lock")
    assert answer.status == 200
    words = re.findall(r"<li><strong>([a-z]+)</strong></li>", answer.text)
    assert len(words) == phrase.WORDS
    return " ".join(words)


async def unlock(browser: Browser, package: str, words: str) -> Answer:
    await browser.get(f"/p/{package}")
    return await browser.post(f"/p/{package}/unlock", {"words": words})


async def test_a_message_is_locked_told_and_opened(seal: Seal, sign_in: SignIn, post: Post) -> None:
    package = seal(mail("About Tom", files=(("plan.pdf", PDF),)))
    post.take()
    sender, reader = await sign_in(AUTHOR), await sign_in(BOB)
    assert "Add a second lock" in (await sender.get(f"/sent/{package}")).text
    words = await locked(sender, package)
    page = await sender.get(f"/sent/{package}")
    assert "Opens only with the six words" in text_of(page)
    assert "Add a second lock" not in page.text
    assert "Second lock set by you" in text_of(page)
    for path in ("", "/body", "/print", "/a/1", "/original.eml"):
        shut = await reader.get(f"/p/{package}{path}")
        assert shut.status == 403
        assert "This message has a second lock" in shut.text
        assert "Tom" not in shut.text
    assert "Locked message" in (await reader.get("/")).text
    answer = await unlock(reader, package, words.upper())
    assert (answer.status, answer.headers["Location"]) == (303, f"/p/{package}")
    assert "Tom" in (await reader.get(f"/p/{package}")).text
    assert (await reader.get(f"/p/{package}/a/1")).body == PDF
    assert (await reader.get(f"/p/{package}/reply")).status == 200
    seen = text_of(await sender.get(f"/sent/{package}"))
    assert f"Second lock opened by {BOB}" in seen


async def test_what_is_unlocked_stays_in_that_browser_and_session(
    seal: Seal, sign_in: SignIn, post: Post
) -> None:
    first, second = seal(subject="One"), seal(subject="Two")
    post.take()
    sender, reader = await sign_in(AUTHOR), await sign_in(BOB)
    words = {package: await locked(sender, package) for package in (first, second)}
    for package in (first, second):
        await unlock(reader, package, words[package])
    for package in (first, second):
        assert (await reader.get(f"/p/{package}")).status == 200
    other = await sign_in(BOB)
    assert (await other.get(f"/p/{first}")).status == 403
    other.cookies[cookies.SECOND_LOCK] = reader.cookies[cookies.SECOND_LOCK]
    assert (await other.get(f"/p/{first}")).status == 403
    for forged in ("", "x", "A" * 200, reader.cookies[cookies.SECOND_LOCK][:-8] + "AAAAAAA="):
        reader.cookies[cookies.SECOND_LOCK] = forged
        assert (await reader.get(f"/p/{first}")).status == 403


async def test_wrong_words_are_told_apart_from_misspelt_ones(
    seal: Seal, sign_in: SignIn, post: Post
) -> None:
    package = seal()
    post.take()
    sender, reader = await sign_in(AUTHOR), await sign_in(BOB)
    words = await locked(sender, package)
    for typed, told in (
        ("", "Type all 6 words"),
        ("zoo", "Type all 6 words"),
        ("zoo zoo zooo zoo zoo zoo", "The third word is not one"),
    ):
        answer = await unlock(reader, package, typed)
        assert (answer.status, told in answer.text) == (400, True)
    wrong = "zoo " * phrase.WORDS
    for _ in range(second_lock.TRIES):
        answer = await unlock(reader, package, wrong)
        assert (answer.status, "not the words of this message" in answer.text) == (400, True)
        assert "zoo" not in answer.text, "what was typed is not shown again"
    answer = await unlock(reader, package, words)
    assert answer.status == 429
    assert answer.headers["Retry-After"] == "600"
    assert "Wrong words for the second lock" in text_of(await sender.get(f"/sent/{package}"))


async def test_only_who_may_open_it_is_asked_for_words(
    seal: Seal, sign_in: SignIn, post: Post
) -> None:
    package = seal()
    post.take()
    sender, stranger, reader = await sign_in(AUTHOR), await sign_in(EVE), await sign_in(BOB)
    words = await locked(sender, package)
    assert (await stranger.get(f"/p/{package}")).status == 404
    answer = await stranger.post(f"/p/{package}/unlock", {"words": words})
    invented = await stranger.post(f"/p/{'a' * 26}/unlock", {"words": words})
    assert answer.status == invented.status == 404
    assert (await reader.get(f"/sent/{package}/lock")).status == 404
    assert (await reader.post(f"/sent/{package}/lock")).status == 404


async def test_words_are_shown_once(seal: Seal, sign_in: SignIn, post: Post) -> None:
    package = seal()
    post.take()
    sender = await sign_in(AUTHOR)
    words = await locked(sender, package)
    again = await sender.post(f"/sent/{package}/lock")
    assert (again.status, "it is locked already" in again.text) == (409, True)
    page = await sender.get(f"/sent/{package}/lock")
    assert "shown once and are kept nowhere" in text_of(page)
    for answer in (again, page, await sender.get(f"/sent/{package}")):
        assert words.replace(" ", "") not in re.sub(r"<[^>]+>|\s", "", answer.text)


async def test_a_message_whose_notice_waits_may_be_locked(
    site: Site, seal: Seal, sign_in: SignIn
) -> None:
    """A notice names no content; only a clear copy does."""
    package = seal()
    sender = await sign_in(AUTHOR)
    assert await locked(sender, package)


def test_as_many_messages_as_are_carried_fit_a_cookie() -> None:
    size = secondlock.MOST * (secondlock.ID_SIZE + secondlock.KEY_SIZE) + 28
    assert size * 4 / 3 < 4096 - 200
