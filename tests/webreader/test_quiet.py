"""Whoever only fetches links changes nothing: not a byte of the database, not a mail."""

from __future__ import annotations

import re
from collections.abc import Callable

from sqlalchemy import select

from tests.webreader.browser import Browser
from tests.webreader.conftest import BOB, Post, SignIn
from vault import tables
from vault.store import Store

Seal = Callable[..., str]
SCANNERS = ("Mozilla/5.0 (compatible; BingPreview/1.0b)", "python-requests/2", "Slackbot", "")
LINK = re.compile(r'(?:href|src|action)="(/[^"]*)"')


def everything(store: Store) -> list[object]:
    """Return every row of every table."""
    with store.reading() as tx:
        return [
            (table.name, tuple(map(tuple, tx.execute(select(table)).all())))
            for table in tables.metadata.sorted_tables
        ]


async def test_a_hundred_scanners_change_nothing(
    new_browser: Callable[[], Browser], seal: Seal, store: Store, post: Post
) -> None:
    package = seal()
    post.take()
    before = everything(store)
    for number in range(25):
        scanner = new_browser()
        headers = {"User-Agent": SCANNERS[number % len(SCANNERS)]}
        for method in ("GET", "HEAD"):
            for path in (f"/p/{package}", f"/p/{package}/original.eml"):
                answer = await scanner.ask(method, path, headers=headers)
                scanner.cookies.clear()
                if answer.location:
                    page = await scanner.ask("GET", answer.location, headers=headers)
                    for link in LINK.findall(page.text):
                        await scanner.ask(method, link, headers=headers)
                    scanner.cookies.clear()
    assert everything(store) == before
    assert post.take() == []


async def test_a_scanner_that_sends_the_form_it_is_shown_opens_nothing(
    browser: Browser, seal: Seal, store: Store, post: Post, sign_in: SignIn
) -> None:
    package = seal()
    page = await browser.follow(f"/p/{package}")
    for form in re.findall(r'<form[^>]*action="([^"]*)"', page.text):
        answer = await browser.post(form, {"address": "", "code": "", "next": ""})
        assert answer.status == 400
    assert {letter.kind.value for letter in post.take()} == {"notice"}
    reader = await sign_in(BOB)
    assert (await reader.get(f"/p/{package}")).status == 200


async def test_the_control_sees_an_opening(seal: Seal, store: Store, sign_in: SignIn) -> None:
    package = seal()
    browser = await sign_in(BOB)
    before = everything(store)
    await browser.ask("HEAD", f"/p/{package}")
    assert everything(store) == before
    await browser.get(f"/p/{package}")
    assert everything(store) != before
