"""Every page of the site as people see it: on a phone and a desk, by day and night, by keyboard.

`SEALGATE_PICTURES=folder pytest tests/e2e/test_browser_look.py` also keeps a picture of each.
"""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import pytest_asyncio
from axe_playwright_python.async_playwright import Axe  # type: ignore[import-untyped]

from tests.e2e.chromium import (
    DESK,
    PHONE,
    Browser,
    FilePayload,
    Page,
    Person,
    Route,
    ViewportSize,
    expect,
    overflow,
    somebody,
)
from tests.e2e.keyboard import TALL, tab_to, unreached
from tests.e2e.letters import illustrated, with_files
from tests.e2e.stage import SENDER, Stage, mail

pytestmark = pytest.mark.browser

PAT = "pat.okonkwo@solicitors.example"
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
PICTURES = os.environ.get("SEALGATE_PICTURES", "")
LETTER = """<p>Dear Pat,</p><p>please find the draft order and the report of the
<b>occupational therapist</b>. The hearing is on <a href="https://example.org">3 December</a>.</p>
<p><img src="cid:plan" alt="Plan of the house"></p><p>Kind regards<br>Sam Taylor</p>"""
TEXT = "Dear Pat,\n\nthe school has confirmed the place.\n\nKind regards\nSam Taylor\n"


@dataclass(frozen=True)
class Site:
    """Two people who are signed in, and the mails between them."""

    pat: Person
    sam: Person
    html: str
    plain: str
    withdrawn: str
    locked: str


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def site(browser: Browser, stage: Stage) -> AsyncIterator[Site]:
    files = {"Draft order.pdf": b"x" * 40_000, "OT report – final.docx": b"y" * 900_000}
    html = illustrated(PAT, "[secure] Hearing on 3 December", LETTER, files)
    plain = with_files(mail(PAT, "[secure] School place", TEXT), {"offer.pdf": b"z"})
    links = []
    short = [mail(PAT, f"[secure] {subject}", "x") for subject in ("Old address", "New address")]
    for message, to in ((html, PAT), (plain, PAT), *((one, PAT) for one in short)):
        stage.sink.mails.clear()
        await stage.submit(message, [to, "kim@carehome.example"])
        links.append(await stage.link_for(to))
    async with (
        somebody(browser, stage, PHONE, reduced_motion="reduce") as pat,
        somebody(browser, stage, DESK, reduced_motion="reduce") as sam,
    ):
        await pat.sign_in(PAT, links[0])
        await sam.sign_in(SENDER, links[2].replace("/p/", "/sent/"))
        await sam.press(f"Withdraw access of {PAT}").click()
        await sam.go(links[3].replace("/p/", "/sent/") + "/lock")
        await sam.press("Lock it and show me the words").click()
        await pat.go(f"{links[1]}/reply")
        await pat.page.get_by_role("textbox", name="Your message").fill("Thank you.")
        await pat.press("Send reply").click()
        async with somebody(browser, stage, PHONE) as stranger:
            await stranger.sign_in("robin@elsewhere.example", links[0])
            await stranger.press("Ask for access").click()
        await sam.go(links[0])
        yield Site(pat, sam, *links)


def pages(site: Site) -> dict[str, tuple[Person | None, str]]:
    """Every page that opens by its address: who sees it, and where it is.

    The text of a mail, which the message page frames, is its sender's work and not looked at.
    """
    manage = site.html.replace("/p/", "/sent/")
    return {
        "sign-in": (None, "/signin"),
        "nowhere": (None, "/nowhere"),
        "received": (site.pat, "/"),
        "message": (site.pat, site.html),
        "message-plain": (site.pat, site.plain),
        "reply": (site.pat, f"{site.html}/reply"),
        "print": (site.pat, f"{site.html}/print"),
        "withdrawn": (site.pat, site.withdrawn),
        "unlock": (site.pat, site.locked),
        "unknown": (site.pat, "/p/" + "a" * 26),
        "received-none": (site.sam, "/"),
        "sent": (site.sam, "/sent"),
        "found": (site.sam, "/sent?q=school"),
        "found-none": (site.sam, "/sent?q=nothing"),
        "manage": (site.sam, manage),
        "manage-withdrawn": (site.sam, site.withdrawn.replace("/p/", "/sent/")),
        "manage-locked": (site.sam, site.locked.replace("/p/", "/sent/")),
        "lock": (site.sam, f"{manage}/lock"),
        "destroy": (site.sam, f"{manage}/destroy"),
        "incident": (site.sam, site.withdrawn.replace("/p/", "/incident/")),
        "message-own": (site.sam, site.html),
    }


async def wrong(page: Page, name: str) -> list[str]:
    """Look at a page by day and by night, and say what is wrong with it."""
    found = []
    for scheme, rules in (("light", RULES), ("dark", ["color-contrast"])):
        await page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
        seen = await Axe().run(page, options={"runOnly": rules, "resultTypes": ["violations"]})
        found += [
            f"{name}, {scheme}: {rule['id']} {node['target']}"
            for rule in seen.response["violations"]
            for node in rule["nodes"]
        ]
        if PICTURES:
            size = page.viewport_size or DESK
            path = Path(PICTURES, f"{name}-{size['width']}-{scheme}.png")
            await page.screenshot(path=path, full_page=True)
    if (wide := await overflow(page)) > 0:
        found.append(f"{name}: {wide} px wider than the window")
    return found


async def unwalled(route: Route) -> None:
    """Show a page without its policy: axe is a script, and these pages run none."""
    answer = await route.fetch()
    headers = {**answer.headers, "content-security-policy": ""}
    await route.fulfill(response=answer, headers=headers)


async def entering(looker: Person) -> AsyncIterator[str]:
    """Go through the pages before somebody is signed in."""
    await looker.go("/signin")
    await looker.press("Email me a code").click()
    yield "sign-in-error"
    await looker.ask_code("jo@solicitors.example")
    yield "code"
    await looker.type_code("1234 567")
    yield "code-error"


async def answering(looker: Person, site: Site) -> AsyncIterator[str]:
    """Go through the pages that come of a recipient's acts."""
    await looker.go(f"{site.html}/reply")
    await looker.press("Send reply").click()
    yield "reply-error"
    await looker.page.get_by_role("textbox", name="Your message").fill("Thank you, Sam.")
    order: FilePayload = {"name": "Order.pdf", "mimeType": "application/pdf", "buffer": b"x" * 5000}
    await looker.page.get_by_label("Attachments").set_input_files(order)
    await looker.press("Send reply").click()
    yield "receipt"
    await looker.go("/p/" + "a" * 26)
    await looker.press("Ask for access").click()
    yield "asked"


async def managing(looker: Person, site: Site) -> AsyncIterator[str]:
    """Go through the pages that come of a sender's acts."""
    await looker.go(site.html.replace("/p/", "/sent/"))
    await looker.page.get_by_label("Email address").fill("lee at school")
    await looker.press("Add recipient").click()
    yield "manage-error"
    await looker.go(site.plain.replace("/p/", "/sent/"))
    await looker.press("Change limit").click()
    yield "manage-done"


@pytest.mark.parametrize("who", ["nobody", "recipient", "sender"])
@pytest.mark.parametrize("size", [PHONE, DESK], ids=["phone", "desk"])
async def test_axe_finds_nothing_on_any_page(
    browser: Browser, stage: Stage, site: Site, size: ViewportSize, who: str
) -> None:
    person = {"recipient": site.pat, "sender": site.sam}.get(who)
    state = await person.context.storage_state() if person else None
    found, seen = [], 0
    async with somebody(
        *(browser, stage, size),
        storage_state=state,
        java_script_enabled=True,
        reduced_motion="reduce",
    ) as looker:
        await looker.context.route("**/p/*/print", unwalled)
        for name, (whose, path) in pages(site).items():
            if whose is person:
                await looker.go(path)
                found += await wrong(looker.page, name)
                seen += 1
        acts = {"recipient": answering(looker, site), "sender": managing(looker, site)}
        async for name in acts.get(who) or entering(looker):
            found += await wrong(looker.page, name)
            seen += 1
    assert not found, "\n".join(found)
    assert seen >= 5


async def test_axe_and_the_ruler_find_what_is_wrong(browser: Browser, stage: Stage) -> None:
    """The control of the test above."""
    async with somebody(
        browser, stage, PHONE, java_script_enabled=True, reduced_motion="reduce"
    ) as looker:
        await looker.go("/signin")
        await looker.page.locator("label").evaluate("label => label.remove()")
        await looker.page.locator("h1").evaluate("title => title.style.width = '600px'")
        await looker.page.locator(".lead").evaluate("text => text.style.color = '#777a'")
        found = await wrong(looker.page, "spoilt")
    assert {finding.split()[-2] for finding in found} >= {"label", "color-contrast"}, found
    assert any("wider" in finding for finding in found)


async def test_the_tab_key_reaches_everything_in_order_and_shows_where_it_is(
    browser: Browser, stage: Stage, site: Site
) -> None:
    manage = site.html.replace("/p/", "/sent/")
    for person, paths in (
        (None, ["/signin"]),
        (site.pat, ["/", site.html, f"{site.html}/reply", "/p/" + "a" * 26]),
        (site.sam, ["/sent", manage]),
    ):
        state = await person.context.storage_state() if person else None
        async with somebody(browser, stage, TALL, storage_state=state) as typist:
            for path in paths:
                await typist.go(path)
                assert await unreached(typist.page) == [], path


async def test_a_keyboard_is_enough_from_the_link_to_the_reply(
    browser: Browser, stage: Stage
) -> None:
    address = "val@solicitors.example"
    await stage.submit(mail(address, "[secure] By keyboard", TEXT), [address])
    link = await stage.link_for(address)
    async with somebody(browser, stage, DESK) as val:
        await val.go(link)
        await tab_to(val.link("Skip to the main content"))
        await val.page.keyboard.press("Enter")
        await tab_to(val.page.get_by_label("Your email address"))
        await val.page.keyboard.type(address)
        code = await stage.code_for(address, lambda: val.page.keyboard.press("Enter"))
        await tab_to(val.page.get_by_label("Code from the email"))
        await val.page.keyboard.type(code)
        await val.page.keyboard.press("Enter")
        await tab_to(val.link("Reply"))
        await val.page.keyboard.press("Enter")
        await tab_to(val.page.get_by_role("textbox", name="Your message"))
        await val.page.keyboard.type("Typed, not clicked.")
        await tab_to(val.press("Send reply"))
        await val.page.keyboard.press("Enter")
        await expect(val.heading("Your reply has been sent")).to_be_visible()
        await stage.mails_to(SENDER, where=lambda mail: b"Typed, not clicked." in mail.content)
        await tab_to(val.press("Sign out"))
        await val.page.keyboard.press("Enter")
        await expect(val.heading("You are signed out")).to_be_visible()
