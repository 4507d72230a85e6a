"""Whoever only fetches links changes nothing, and is on record for it apart from any reader."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from tests.webreader.browser import Browser
from tests.webreader.conftest import BOB, Post, SignIn, TurnedClock
from vault.packages import fetches
from vault.storage import tables
from vault.storage.store import Store

Seal = Callable[..., str]
SCANNERS = ("Mozilla/5.0 (compatible; BingPreview/1.0b)", "python-requests/2", "Slackbot", "")
LINK = re.compile(r'(?:href|src|action)="(/[^"]*)"')


TRAIL = {"events", "strands"}
SEALING = ("package:sealed", "access:", "notice:")


def everything(store: Store) -> list[object]:
    """Return every row of every table but the trail's, which `acts` tells."""
    store.settle()
    with store.reading() as tx:
        return [
            (table.name, tuple(map(tuple, tx.execute(select(table)).all())))
            for table in tables.metadata.sorted_tables
            if table.name not in TRAIL
        ]


def acts(store: Store, package: str) -> list[Any]:
    """Return act, actor and agent of every line about a package, after the notice."""
    store.settle()
    event = tables.events.c
    wanted = select(event.act, event.actor, event.agent).where(event.package_id == package)
    with store.reading() as tx:
        rows = map(tuple, tx.execute(wanted.order_by(event.id)).all())
        return [
            row for row in rows if not row[0].startswith(("package:sealed", "access:", "notice:"))
        ]  # type: ignore[misc]


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
    # one line a minute for each program, nobody's name, and no word of an opening
    assert sorted(acts(store, package)) == sorted(("link:fetched", "", one) for one in SCANNERS)


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
    assert acts(store, package) == []
    await browser.get(f"/p/{package}")
    assert everything(store) != before
    assert [row[:2] for row in acts(store, package)] == [("package:opened", str(BOB))]


async def test_a_link_that_was_followed_is_on_record_within_bounds(
    browser: Browser, seal: Seal, store: Store, clock: TurnedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fetches, "MOST_A_DAY", 3)
    package = seal()
    for _ in range(6):
        await browser.get(f"/p/{package}")
        store.settle()
        clock.ahead += timedelta(minutes=2)
    await browser.get(f"/p/{'a' * 26}")  # invented
    await browser.get(f"/sent/{package}")  # not a link that anybody was sent
    assert [row[0] for row in acts(store, package)] == ["link:fetched"] * 3
    clock.ahead += timedelta(days=2)
    await browser.get(f"/p/{package}")
    assert len(acts(store, package)) == 4


async def test_signing_in_makes_no_opening_by_itself(
    seal: Seal, store: Store, sign_in: SignIn
) -> None:
    package = seal()
    await sign_in(BOB)
    assert [row for row in acts(store, package) if row[0] == "package:opened"] == []
