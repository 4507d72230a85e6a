from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from tests.webreader.browser import Browser
from tests.webreader.conftest import BOB, EVE, Post, SignIn, TurnedClock
from vault.errors import TooMany
from webreader.cookies import SESSION, SIGN_IN, VISIT
from webreader.signin import allowed, wait


async def test_a_link_leads_through_a_code_to_the_message(
    browser: Browser, seal: Callable[..., str], post: Post
) -> None:
    package = seal()
    post.take()
    answer = await browser.get(f"/p/{package}")
    assert (answer.status, answer.location) == (303, f"/signin?next=/p/{package}")
    await browser.get(answer.location)
    answer = await browser.post("/signin", {"address": str(BOB), "next": f"/p/{package}"})
    assert (answer.status, answer.location) == (303, "/signin/code")
    answer = await browser.get("/signin/code")
    assert str(BOB) in answer.text
    assert 'inputmode="numeric"' in answer.text
    assert 'autocomplete="one-time-code"' in answer.text
    code = post.code_for(BOB)
    answer = await browser.post("/signin/code", {"code": f" {code[:4]} {code[4:]}\n"})
    assert (answer.status, answer.location) == (303, f"/p/{package}")
    answer = await browser.get(f"/p/{package}")
    assert answer.status == 200
    assert "Annual review" in answer.text


async def test_signing_in_gives_a_new_session_and_ends_the_old(sign_in: SignIn, post: Post) -> None:
    browser = await sign_in(BOB)
    first = browser.cookies[SESSION]
    assert set(browser.cookies) == {SESSION}
    del browser.cookies[SESSION]
    await browser.get("/signin")
    planted = "A" * 43
    browser.cookies[SESSION] = planted
    await browser.post("/signin", {"address": str(BOB)})
    await browser.get("/signin/code")
    await browser.post("/signin/code", {"code": post.code_for(BOB)})
    assert browser.cookies[SESSION] not in (first, planted)


async def test_a_code_works_only_in_the_browser_that_asked(
    new_browser: Callable[[], Browser], post: Post
) -> None:
    asker, thief = new_browser(), new_browser()
    for one in (asker, thief):
        await one.get("/signin")
    await asker.post("/signin", {"address": str(BOB)})
    code = post.code_for(BOB)
    await thief.post("/signin", {"address": str(EVE)})
    await thief.get("/signin/code")
    answer = await thief.post("/signin/code", {"code": code})
    assert answer.status == 400
    assert "not accepted" in answer.text
    assert SESSION not in thief.cookies
    await asker.get("/signin/code")
    assert (await asker.post("/signin/code", {"code": code})).status == 303


async def test_another_code_can_be_asked_for_and_both_work(browser: Browser, post: Post) -> None:
    await browser.get("/signin")
    await browser.post("/signin", {"address": str(BOB)})
    first = post.code_for(BOB)
    answer = await browser.get("/signin/code")
    assert "Send another code" in answer.text
    assert "few minutes" in answer.text
    await browser.post("/signin", {"address": str(BOB)})
    await browser.get("/signin/code")
    assert (await browser.post("/signin/code", {"code": first})).status == 303


@pytest.mark.parametrize("typed", ["", "bob", "bob@", "b b@x.example", "bob@x", "<b@x.example>"])
async def test_a_mistyped_address_is_explained_beside_its_field(
    browser: Browser, typed: str
) -> None:
    await browser.get("/signin")
    answer = await browser.post("/signin", {"address": typed})
    assert answer.status == 400
    assert 'href="#address"' in answer.text
    assert 'aria-describedby="address-hint address-error" aria-invalid="true"' in answer.text


@pytest.mark.parametrize("typed", ["", "1234567", "123456789", "abcdefgh", "٣٣٣٣٣٣٣٣"])
async def test_what_is_no_code_spends_no_try(browser: Browser, post: Post, typed: str) -> None:
    await browser.get("/signin")
    await browser.post("/signin", {"address": str(BOB)})
    await browser.get("/signin/code")
    for _ in range(8):
        answer = await browser.post("/signin/code", {"code": typed})
        assert answer.status == 400
        assert 'href="#code"' in answer.text
    assert (await browser.post("/signin/code", {"code": post.code_for(BOB)})).status == 303


async def test_known_and_unknown_addresses_get_the_same_answer(
    browser: Browser, seal: Callable[..., str]
) -> None:
    seal()
    await browser.get("/signin")
    seen = []
    for address in (str(BOB), str(EVE)):
        answer = await browser.post("/signin", {"address": address})
        then = await browser.get("/signin/code")
        length = (len(then.body), then.text.count(address))
        seen.append((answer.status, answer.location, then.status, then.text.replace(address, "")))
        assert length[1] == 2
    assert seen[0] == seen[1]


async def test_too_many_codes_are_told_to_wait(browser: Browser) -> None:
    await browser.get("/signin")
    statuses = [(await browser.post("/signin", {"address": str(BOB)})).status for _ in range(12)]
    assert statuses[:3] == [303, 303, 303]
    assert statuses[-1] == 429


async def test_signing_out_ends_the_session_everywhere(sign_in: SignIn) -> None:
    browser = await sign_in(BOB)
    token = browser.cookies[SESSION]
    answer = await browser.post("/signout")
    assert answer.status == 200
    assert "Clear-Site-Data" in answer.headers
    assert "You are signed out" in answer.text
    assert SESSION not in browser.cookies
    browser.cookies[SESSION] = token
    assert (await browser.get("/")).location == "/signin"


async def test_a_session_ends_by_itself(sign_in: SignIn, clock: TurnedClock) -> None:
    browser = await sign_in(BOB)
    clock.ahead = timedelta(minutes=31)
    assert (await browser.get("/")).location == "/signin"
    answer = await browser.post("/signout")
    assert answer.status == 403
    assert "You have been signed out" in answer.text


@pytest.mark.parametrize(
    "wanted",
    [
        "//evil.example",
        "/\\evil.example",
        "https://evil.example",
        "https:evil.example",
        "/p/../signout",
        "/%2f%2fevil.example",
        "/p/" + "a" * 26 + "\r\nX: y",
        "/p/" + "a" * 26 + "/original.eml",
        "/signout",
        "",
    ],
)
async def test_only_pages_of_ours_are_led_to(browser: Browser, wanted: str) -> None:
    assert allowed(wanted) == "/"
    answer = await browser.get("/signin?next=https://evil.example")
    assert "evil" not in answer.text


@pytest.mark.parametrize("wanted", ["/", "/sent", "/p/" + "a" * 26, "/p/" + "b" * 26 + "/reply"])
def test_pages_of_ours_are_led_to(wanted: str) -> None:
    assert allowed(wanted) == wanted


@pytest.mark.parametrize(
    "cookie",
    ["", "x", "bm90IGFueXRoaW5n", "L3NlbnQKbm9ib2R5", "CmFAYi5jCg==", "_w==", "W1tb" * 1000],
)
async def test_a_strange_cookie_leads_back_to_the_start(browser: Browser, cookie: str) -> None:
    browser.cookies[SIGN_IN] = cookie
    browser.cookies[VISIT] = cookie
    answer = await browser.get("/signin/code")
    assert (answer.status, answer.location) == (303, "/signin")


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(1, "a minute"), (61, "2 minutes"), (3600, "60 minutes"), (3601, "2 hours")],
)
def test_how_long_to_wait(seconds: int, said: str) -> None:
    assert wait(TooMany(timedelta(seconds=seconds))) == said
