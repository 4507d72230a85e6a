"""The small nouns of the site: settings, sizes, kinds of files, drafts, visitors' addresses."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from aiohttp.test_utils import make_mocked_request
from pydantic import ValidationError

from tests.webreader.conftest import BOB, EVE, TurnedClock
from vault.errors import TooMany
from webreader.answering.drafts import Drafts, Sent
from webreader.app import make_app
from webreader.content import kinds
from webreader.pages import TEMPLATES, size
from webreader.settings import WebSettings
from webreader.site import Site, came_from

SENT = Sent(BOB, "7F3K-92QD", datetime(2026, 7, 1, 12, tzinfo=UTC), 5, ())


@pytest.mark.parametrize(
    "wrong",
    [
        {"listen": "8443"},
        {"listen": "host:"},
        {"listen": "host:99999"},
        {"tls_certificate": "x.pem"},
        {"trusted_proxies": ["10.0.0.0/99"]},
        {"reply_max_bytes": 0},
        {"unknown": 1},
        {"time_zone": "Nowhere/Land"},
    ],
)
def test_settings_that_cannot_be_meant_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        WebSettings.model_validate(wrong)


def test_an_address_may_be_that_of_ipv6() -> None:
    settings = WebSettings(listen="[::1]:443")
    assert (settings.host, settings.port) == ("::1", 443)


@pytest.mark.parametrize(
    ("count", "said"),
    [
        (0, "0 bytes"),
        (1, "1 byte"),
        (999, "999 bytes"),
        (1000, "1.0 kB"),
        (9_949, "9.9 kB"),
        (188_211, "188 kB"),
        (25_000_000, "25 MB"),
        (3_200_000_000, "3.2 GB"),
    ],
)
def test_sizes_are_said_as_people_do(count: int, said: str) -> None:
    assert size(count) == said


@pytest.mark.parametrize(
    ("name", "badge", "kind"),
    [
        ("a.PDF", "PDF", "PDF document"),
        ("a.docx", "DOCX", "Word document"),
        ("archive.tar.gz", "GZ", "Archive of files"),
        ("odd.xyz", "XYZ", "XYZ file"),
        ("none", "FILE", "File"),
        ("a.<b>", "FILE", "File"),
        ("a.verylongend", "FILE", "File"),
    ],
)
def test_files_are_named_by_their_end(name: str, badge: str, kind: str) -> None:
    assert kinds.describe(name) == (badge, kind)


def test_times_are_shown_where_people_are(site: Site) -> None:
    filters = make_app(site)[TEMPLATES].filters
    summer = datetime(2026, 7, 1, 23, 30, tzinfo=UTC)
    assert (filters["day"](summer), filters["clock"](summer)) == ("2 July 2026", "00:30 BST")


@pytest.mark.parametrize(
    ("proxies", "forwarded", "found"),
    [
        ((), "6.6.6.6", "10.0.0.1"),
        (("10.0.0.0/8",), "6.6.6.6, 203.0.113.9", "203.0.113.9"),
        (("10.0.0.0/8",), "6.6.6.6, 203.0.113.9, 10.1.1.1", "203.0.113.9"),
        (("10.0.0.0/8",), "", "10.0.0.1"),
        (("10.0.0.0/8",), "nonsense", ""),
        (("10.0.0.0/8",), " , ,", "10.0.0.1"),
    ],
)
def test_only_our_own_proxies_say_who_is_behind_them(
    site: Site, proxies: tuple[str, ...], forwarded: str, found: str
) -> None:
    settings = WebSettings(trusted_proxies=proxies)
    app = make_app(replace(site, settings=settings))
    request = make_mocked_request("GET", "/", headers={"X-Forwarded-For": forwarded}, app=app)
    assert came_from(request.clone(remote="10.0.0.1")).ip == found


async def test_a_form_is_sent_once_whoever_waits() -> None:
    drafts, count = Drafts(10, TurnedClock()), 0

    async def send() -> Sent:
        nonlocal count
        count += 1
        await asyncio.sleep(0.01)
        return SENT

    got = await asyncio.gather(*(drafts.once(BOB, "a", send) for _ in range(20)))
    assert (count, set(got)) == (1, {SENT})
    assert drafts.find(BOB, "a") is SENT
    assert drafts.find(EVE, "a") is None


async def test_a_form_that_failed_may_be_sent_again() -> None:
    drafts = Drafts(10, TurnedClock())

    async def fail() -> Sent:
        await asyncio.sleep(0.01)
        raise OSError

    async def send() -> Sent:
        return SENT

    got = await asyncio.gather(
        *(drafts.once(BOB, "a", fail) for _ in range(3)), return_exceptions=True
    )
    assert [type(one) for one in got] == [OSError] * 3
    assert drafts.find(BOB, "a") is None
    assert await drafts.once(BOB, "a", send) is SENT


async def test_an_hour_makes_room_again() -> None:
    clock = TurnedClock()
    drafts = Drafts(2, clock)

    async def send() -> Sent:
        return SENT

    for name in "ab":
        await drafts.once(BOB, name, send)
    with pytest.raises(TooMany):
        await drafts.once(BOB, "c", send)
    await drafts.once(EVE, "c", send)
    clock.ahead = timedelta(hours=1, seconds=1)
    assert await drafts.once(BOB, "c", send) is SENT
    assert drafts.find(BOB, "a") is None
