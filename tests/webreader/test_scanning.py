"""What is written or released on the site is looked at for malware first."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace

import pytest
from sqlalchemy import select

from gateway.scanners.panel import Panel
from gateway.scanners.settings import ScannerSettings
from policies.extraction.pool import ExtractionPool
from sealgate.scanning import SiteScan
from tests.scanners import EICAR, SIGNATURE, Icap, crooked, icap_scanner, looked, scanner, unchanged
from tests.webreader.conftest import AUTHOR, BOB, Post, SignIn, mail
from tests.webreader.holding import BOSS, Holder, policy
from tests.webreader.test_held import act, state, text_of
from tests.webreader.test_held import send as release
from tests.webreader.test_reply import Seal, send
from vault.sending.outbox import Kind
from vault.storage import tables
from vault.trail.audit import Act
from webreader.settings import WebSettings
from webreader.site import Site

FOUND = f"{SIGNATURE} (av)"
NOBODY = "127.0.0.1:9"
CLEAN = "Holidays"
HOLDING = policy()


@pytest.fixture
def icap() -> Icap:
    return Icap(looked)


@pytest.fixture
def av(icap: Icap) -> Iterator[ScannerSettings]:
    with crooked(icap) as address:
        yield icap_scanner(address)


@pytest.fixture
def site(site: Site, av: ScannerSettings) -> Iterator[Site]:
    with closing(Panel({"av": av})) as panel, closing(ExtractionPool(1)) as extraction:
        yield replace(site, scan=SiteScan(panel), rules=lambda: HOLDING, extraction=extraction)


def found(site: Site) -> list[tuple[str, str, str]]:
    row = tables.events.c
    with site.store.reading() as tx:
        wanted = select(row.actor, row.subject, row.detail).where(row.act == Act.MALWARE_FOUND)
        return [tuple(one) for one in tx.execute(wanted)]


async def test_a_reply_with_malware_is_not_sent(
    sign_in: SignIn, seal: Seal, post: Post, site: Site, icap: Icap
) -> None:
    package, bob = seal(), await sign_in(BOB)
    post.take()
    answer = await send(bob, package, "See attached.", (("a.com", EICAR.ljust(3000)),))
    assert answer.status == 422
    assert f"A scanner found {FOUND} in it, so nothing was sent." in answer.text
    assert "See attached." in answer.text  # what was typed is not lost
    assert post.take() == []
    assert found(site) == [(str(BOB), str(AUTHOR), FOUND)]
    answer = await send(bob, package, "Here is a better one.", (("a.txt", b"fine"),))
    assert answer.status == 303
    assert [letter.kind for letter in post.take()] == [Kind.RELAY]
    assert b"Here is a better one." in icap.bodies[-1]


@pytest.mark.parametrize("av", [scanner(NOBODY)], ids=["down"])
async def test_a_reply_waits_until_it_can_be_looked_at(
    sign_in: SignIn, seal: Seal, post: Post, site: Site
) -> None:
    package, bob = seal(), await sign_in(BOB)
    post.take()
    answer = await send(bob, package, "Good morning.")
    assert answer.status == 503
    assert "The malware scanner does not answer at the moment" in answer.text
    assert post.take() == []


@pytest.mark.parametrize("av", [scanner(NOBODY, max_size=1024)], ids=["small"])
async def test_a_reply_too_large_for_the_scanner_is_not_sent(
    sign_in: SignIn, seal: Seal, post: Post
) -> None:
    package, bob = seal(), await sign_in(BOB)
    post.take()
    answer = await send(bob, package, "Good morning.\n" * 200)
    assert answer.status == 413
    assert "larger than what is looked at for malware" in answer.text
    assert post.take() == []


@pytest.mark.parametrize("av", [scanner(NOBODY, when_unavailable="seal")], ids=["seal"])
async def test_or_a_reply_stays_sealed(sign_in: SignIn, seal: Seal, post: Post) -> None:
    package, bob = seal(), await sign_in(BOB)
    post.take()
    answer = await send(bob, package, "Good morning.")
    assert answer.status == 303
    assert [letter.kind for letter in post.take()] == [Kind.NOTICE]  # no copy in the clear


async def test_a_held_mail_is_looked_at_before_it_is_released(
    sign_in: SignIn, post: Post, site: Site
) -> None:
    """It may have been clean when it came: the scanner knows more by now."""
    hold = Holder(site)
    bad, good = hold(mail() + EICAR), hold()
    post.take()
    ann = await sign_in(AUTHOR)
    post.take()
    answer = await release(ann, bad, CLEAN)
    assert answer.status == 422
    assert "Malware was found in this message" in text_of(answer)
    assert state(site, bad) == "held"
    assert post.take() == []
    assert found(site) == [(str(AUTHOR), str(BOB), FOUND)]
    assert "The message is on its way." in text_of(await release(ann, good, CLEAN))
    assert state(site, good) == "released"


async def test_an_approver_cannot_release_malware(sign_in: SignIn, post: Post, site: Site) -> None:
    held = Holder(site)(mail("merger") + EICAR, subject="merger")
    ann = await sign_in(AUTHOR)
    asked = await act(ann, held, to=(str(BOB),), subject="merger", do="ask")
    assert "Approval has been asked for" in text_of(asked)
    boss = await sign_in(BOSS)
    answer = await act(boss, held, "approve")
    assert answer.status == 422
    assert "Malware was found in this message" in text_of(answer)
    assert state(site, held) == "held"


@pytest.mark.parametrize("av", [scanner(NOBODY, when_unavailable="seal")], ids=["seal"])
async def test_or_a_held_mail_is_released_sealed(sign_in: SignIn, post: Post, site: Site) -> None:
    held = Holder(site)()
    ann = await sign_in(AUTHOR)
    post.take()
    assert "The message is on its way." in text_of(await release(ann, held, CLEAN))
    assert [letter.kind for letter in post.take()] == [Kind.NOTICE]


def late(_: Icap, http: bytes, body: bytes) -> bytes:
    time.sleep(2.5)
    return unchanged(_, http, body)


@pytest.fixture
def settings(request: pytest.FixtureRequest) -> WebSettings:
    hurried = request.node.name.startswith("test_no_page_waits")
    return WebSettings(request_seconds=3) if hurried else WebSettings()


async def test_no_page_waits_longer_than_a_request_may(
    sign_in: SignIn, site: Site, icap: Icap
) -> None:
    icap.verdict = late
    held = Holder(site)()
    ann = await sign_in(AUTHOR)
    began = time.monotonic()
    answer = await release(ann, held, CLEAN)
    assert (answer.status, state(site, held)) == (503, "held")
    assert "could not be checked for malware" in text_of(answer)
    assert time.monotonic() - began < site.settings.request_seconds
