"""A notice that did not arrive: the sender sees why, and sends the same message elsewhere."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.webreader.browser import Browser
from tests.webreader.conftest import AUTHOR, BOB, Post, SignIn
from tests.webreader.test_sending import CAROL, COLLEAGUE, act, line, states, text_of
from vault.address import Address
from vault.errors import AccessDenied, Denial
from vault.packages.retrieve import recheck
from vault.sending import outbox, returns
from vault.sending.outbox import Kind
from webreader.managing.manage import DONE
from webreader.site import Site

Seal = Callable[..., str]
RIGHT = Address.parse("bob.baker@partner.example")
REASON = "5.1.1 User unknown in virtual mailbox table"


def bounce(site: Site, post: Post, package: str, status: str = REASON) -> None:
    """Have the notice to Bob come back after it was relayed."""
    post.take()
    token = returns.token(site.store, site.sealing, package, BOB)
    notice = returns.find(site.store, site.sealing, token)
    assert notice is not None
    assert returns.failed(site.store, site.sealing, notice, status)


async def test_the_page_says_why_in_plain_words(
    site: Site, seal: Seal, sign_in: SignIn, post: Post
) -> None:
    package = seal(to=(BOB, CAROL))
    bounce(site, post, package)
    browser = await sign_in(AUTHOR)
    page = await browser.get(f"/sent/{package}")
    seen = text_of(page)
    assert states(page)[:2] == ["Not delivered", "Not opened yet"]
    assert "Not delivered: there is no such mailbox" in seen
    assert "Not delivered to bob@partner.example" in seen
    assert "There is no such mailbox. The mail system said: 5.1.1 User unknown" in seen
    assert page.text.count("/correct") == 1
    assert states(await browser.get("/sent")) == ["Not delivered"]


async def test_the_same_message_goes_to_the_right_address(
    site: Site, seal: Seal, sign_in: SignIn, post: Post
) -> None:
    package = seal(to=(BOB, CAROL))
    bounce(site, post, package)
    post.take()
    browser = await sign_in(AUTHOR)
    page = await act(browser, package, "correct", mistaken=str(BOB), address=str(RIGHT))
    seen = text_of(page)
    assert DONE["corrected"] in seen
    assert "Address corrected to bob.baker@partner.example" in seen
    assert "It was bob@partner.example." in seen
    assert "Access withdrawn from bob@partner.example" in seen
    recheck(site.store, RIGHT, package)
    recheck(site.store, CAROL, package)
    with pytest.raises(AccessDenied) as refused:
        recheck(site.store, BOB, package)
    assert refused.value.denial is Denial.REVOKED
    assert [one.to for one in post.take() if one.kind is Kind.NOTICE] == [RIGHT]
    assert "/correct" not in (await browser.get(f"/sent/{package}")).text


async def test_a_blind_copy_stays_blind(
    site: Site, seal: Seal, sign_in: SignIn, post: Post
) -> None:
    package = seal(to=(CAROL,), bcc=(BOB,))
    browser = await sign_in(AUTHOR)
    await act(browser, package, "correct", mistaken=str(BOB), address=str(RIGHT))
    shown = {grant.address: grant.visible for grant in line(site, package).grants}
    assert shown == {CAROL: True, BOB: False, RIGHT: False}


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("", "Enter an address"),
        ("not an address", "This address cannot be used"),
        (str(BOB), "This is the address that did not work"),
        ("someone@gmail.com", "This address cannot be used"),
    ],
)
async def test_the_right_address_is_held_to_the_policy(
    site: Site, seal: Seal, sign_in: SignIn, post: Post, typed: str, said: str
) -> None:
    package = seal()
    bounce(site, post, package)
    browser = await sign_in(AUTHOR)
    await browser.get(f"/sent/{package}")
    form = {"mistaken": str(BOB), "address": typed}
    page = await browser.post(f"/sent/{package}/correct", form)
    assert page.status == 400
    assert said in text_of(page)
    assert 'href="#right"' in page.text
    assert 'id="right"' in page.text
    assert {grant.state for grant in line(site, package).grants} == {"active"}


async def test_nobody_else_corrects_it(site: Site, seal: Seal, sign_in: SignIn, post: Post) -> None:
    package = seal()
    bounce(site, post, package)
    form = {"mistaken": str(BOB), "address": str(RIGHT)}
    for who in (COLLEAGUE, BOB):
        browser: Browser = await sign_in(who)
        await browser.get("/")
        assert (await browser.post(f"/sent/{package}/correct", form)).status == 404
    assert [grant.address for grant in line(site, package).grants] == [BOB]


async def test_whoever_has_no_access_cannot_be_exchanged(
    site: Site, seal: Seal, sign_in: SignIn
) -> None:
    package = seal()
    browser = await sign_in(AUTHOR)
    await act(browser, package, "revoke", address=str(BOB))
    form = {"mistaken": str(BOB), "address": str(RIGHT)}
    assert (await browser.post(f"/sent/{package}/correct", form)).status == 404
    form["mistaken"] = "never@partner.example"
    assert (await browser.post(f"/sent/{package}/correct", form)).status == 404
    assert [grant.address for grant in line(site, package).grants] == [BOB]


async def test_a_notice_of_the_right_address_may_come_back_too(
    site: Site, seal: Seal, sign_in: SignIn, post: Post
) -> None:
    package = seal()
    bounce(site, post, package)
    browser = await sign_in(AUTHOR)
    await act(browser, package, "correct", mistaken=str(BOB), address=str(RIGHT))
    for item in outbox.claim(site.store, post._keys, "test"):
        if item.kind is Kind.NOTICE:
            outbox.give_up(site.store, site.sealing, item, "5.2.2 Mailbox full")
    page = await browser.get(f"/sent/{package}")
    assert "Not delivered: the mailbox is full" in text_of(page)
    assert page.text.count("/correct") == 1
