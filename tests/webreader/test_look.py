"""The site in a real browser: without scripts, for keyboards, and looked over by axe."""

from __future__ import annotations

import asyncio
import hashlib
import os
import shutil
import socket
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser, BrowserContext, Page, async_playwright

from policies.settings import OrganisationSettings
from tests.certificates import self_signed
from tests.webreader.conftest import AUTHOR, BOB, EVE, Post, TurnedClock, mail
from tests.webreader.test_correcting import bounce
from vault.address import Address
from vault.ending import certifying, destroying
from vault.keys import signing
from vault.origin import Origin
from vault.packages import requests
from vault.packages.deposit import Restrictions
from vault.packages.hours import DAYS, OpenHours
from webreader.listen import Listener
from webreader.settings import WebSettings
from webreader.site import Site

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
SCAN = os.urandom(300_000)
HTML = """<p>Dear <b>Bob</b>, see <a href="https://example.org/">this</a>.</p>
<script>document.title = "run"</script><img src="https://tracker.example/x.gif">
<form action="https://evil.example"><button>Pay</button></form>"""

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="no chromium on this machine"),
]


@dataclass
class Stage:
    """The site on its own port, and a browser that notes what should not happen."""

    base: str
    chromium: Browser
    post: Post
    complaints: list[str] = field(default_factory=list)

    async def visitor(self, *, scripts: bool = False, width: int = 1280) -> Page:
        context: BrowserContext = await self.chromium.new_context(
            ignore_https_errors=True,
            java_script_enabled=scripts,
            viewport={"width": width, "height": 800},
        )
        context.set_default_timeout(15_000)
        page = await context.new_page()
        page.on("request", lambda request: self._note(request.url))
        page.on("dialog", lambda dialog: self.complaints.append(f"dialog {dialog.message}"))
        page.on("console", lambda said: self._heard(said.type, said.text))
        return page

    async def sign_in(self, page: Page, address: Address, path: str = "/") -> None:
        await page.goto(self.base + path)
        await page.get_by_label("Your email address").fill(str(address))
        await page.get_by_role("button", name="Email me a code").click()
        await page.get_by_role("heading", name="Check your email").wait_for()
        code = await asyncio.to_thread(self.post.code_for, address)
        await page.get_by_label("Code from the email").fill(f"{code[:4]} {code[4:]}")
        await page.keyboard.press("Enter")
        await page.get_by_role("button", name="Sign out").wait_for()

    def _note(self, url: str) -> None:
        if not url.startswith((self.base, "data:")):
            self.complaints.append(url)

    def _heard(self, kind: str, text: str) -> None:
        if kind == "error" and "server responded with a status" not in text:
            self.complaints.append(text)


@pytest.fixture
async def stage(site: Site, post: Post, tmp_path: Path) -> AsyncIterator[Stage]:
    certificate, key = self_signed(tmp_path, "localhost")
    with socket.socket() as plug:
        plug.bind(("127.0.0.1", 0))
        port = plug.getsockname()[1]
    base = f"https://localhost:{port}"
    organisation = OrganisationSettings(
        name="Example County Council", domains=["example.gov.uk"], public_url=base
    )
    settings = WebSettings(listen=f"127.0.0.1:{port}", tls_certificate=certificate, tls_key=key)
    listener = Listener(replace(site, organisation=organisation, settings=settings))
    await listener.start()
    async with async_playwright() as playwright:
        chromium = await playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield Stage(base, chromium, post)
        await chromium.close()
    await listener.stop()


async def test_a_recipient_reads_saves_and_answers_without_scripts(
    stage: Stage, seal: Callable[..., str], tmp_path: Path
) -> None:
    package = seal(mail(html=HTML, files=(("Scan größer.pdf", SCAN),)))
    page = await stage.visitor(width=390)
    await stage.sign_in(page, BOB, f"/p/{package}")
    await page.get_by_role("heading", name="Annual review").wait_for()
    text = page.frame_locator("iframe")
    assert await text.locator("b").inner_text() == "Bob"
    assert await text.locator("form, script, img[src^=http]").count() == 0
    async with page.expect_download() as started:
        await page.get_by_role("link", name="Download Scan größer.pdf").click()
    download = await started.value
    await download.save_as(tmp_path / "saved")
    assert download.suggested_filename == "Scan größer.pdf"
    saved = hashlib.sha256((tmp_path / "saved").read_bytes()).digest()
    assert saved == hashlib.sha256(SCAN).digest()
    await page.get_by_role("link", name="Reply").click()
    await page.get_by_label("Your message").fill("Thank you.")
    await page.get_by_label("Attachments").set_input_files(
        [
            {"name": "a.pdf", "mimeType": "application/pdf", "buffer": SCAN},
            {"name": "b ☃.txt", "mimeType": "text/plain", "buffer": b"snow"},
        ]
    )
    await page.get_by_role("button", name="Send reply").click()
    await page.get_by_role("heading", name="Your reply has been sent").wait_for()
    assert "b ☃.txt" in await page.locator("main").inner_text()
    await page.get_by_role("link", name="Back to the message").click()
    await page.get_by_role("heading", name="Conversation").wait_for()
    await page.goto(f"{stage.base}/p/{package}/print")
    assert "Dear Bob" in await page.locator(".sheet-body").inner_text()
    assert stage.complaints == []


async def test_every_page_satisfies_axe_and_fits_a_small_screen(
    stage: Stage, site: Site, seal: Callable[..., str]
) -> None:
    package = seal(mail(html=HTML, files=(("Scan.pdf", SCAN),)))
    later = Restrictions(not_before=datetime.now(UTC) + timedelta(days=1))
    seal(subject="Later", restrictions=later)
    locked = seal(mail("A second letter"))
    found: list[str] = []

    async def look(page: Page, path: str, name: str = "") -> None:
        if path:
            await page.goto(stage.base + path)
        seen = await Axe().run(page, options={"runOnly": RULES})
        wrong = [rule["id"] for rule in seen.response["violations"]]
        wide = await page.evaluate("document.documentElement.scrollWidth")
        found.extend(f"{name or path}: {rule}" for rule in wrong)
        if wide > 320:
            found.append(f"{name or path}: {wide} px wide")

    page = await stage.visitor(scripts=True, width=320)
    await look(page, "/signin")
    await page.get_by_role("button", name="Email me a code").click()
    await look(page, "", "an error")
    await stage.sign_in(page, BOB, f"/p/{package}")
    for path in ("/", f"/p/{package}", f"/p/{package}/reply", "/nowhere", "/p/" + "a" * 26):
        await look(page, path)
    await page.get_by_role("button", name="Ask for access").click()
    await look(page, "", "asked")
    owner = await stage.visitor(scripts=True, width=320)
    await stage.sign_in(owner, AUTHOR)
    for path in ("/sent", f"/sent/{package}"):
        await look(owner, path)
    await asyncio.to_thread(bounce, site, stage.post, package)
    await look(owner, f"/sent/{package}", "a notice that came back")
    await owner.get_by_role("button", name="Send to this address instead").click()
    await look(owner, "", "an address that is not corrected")
    await owner.goto(f"{stage.base}/sent/{locked}")
    await owner.get_by_role("link", name="Add a second lock").click()
    await look(owner, "", "before a second lock")
    await owner.get_by_role("button", name="Lock it and show me the words").click()
    await look(owner, "", "the words of a second lock")
    words = await owner.locator(".words strong").all_inner_texts()
    await look(page, f"/p/{locked}", "a message with a second lock")
    await page.get_by_label("The six words").fill("zoo zoo")
    await page.keyboard.press("Enter")
    await page.wait_for_url("**/unlock")
    await look(page, "", "words that cannot be")
    await page.get_by_label("The six words").fill(" ".join(words))
    await page.keyboard.press("Enter")
    await page.get_by_role("heading", name="A second letter").wait_for()
    assert found == []
    assert stage.complaints == []


async def test_the_pages_of_a_messages_end_satisfy_axe_and_fit(
    stage: Stage,
    site: Site,
    seal: Callable[..., str],
    clock: TurnedClock,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    now = site.store.clock()
    ended = Restrictions(
        expires_at=now + timedelta(days=1), kept_after_expiry=timedelta(days=5), retention=None
    )
    late = Restrictions(expires_at=now + timedelta(days=10))
    never = OpenHours.parse(f"{DAYS[(now + timedelta(days=14)).weekday()]} 00:00-00:01")
    gone, over = seal(restrictions=ended), seal(subject="Late", restrictions=late)
    shut = seal(subject="Closed", restrictions=Restrictions(open_hours=never))
    clock.ahead = timedelta(days=14, hours=1)
    assert destroying.destroy(site.store) == 1
    key = signing.make(tmp_path_factory.mktemp("signing"))
    assert certifying.finish(site.store, lambda: key, "Example County Council") == 1
    requests.ask(site.store, site.sealing, BOB, over, Origin())
    found: list[str] = []
    shots = os.environ.get("SEALGATE_SHOTS")

    async def look(page: Page, path: str) -> None:
        await page.goto(stage.base + path)
        for width in (320, 390, 1280) if shots else (320,):
            await page.set_viewport_size({"width": width, "height": 800})
            wide = await page.evaluate("document.documentElement.scrollWidth")
            if wide > width:
                found.append(f"{path}: {wide} px wide on {width}")
            if shots:
                name = path.strip("/").replace("/", "-")
                await page.screenshot(path=f"{shots}/{name}-{width}.png", full_page=True)
        seen = await Axe().run(page, options={"runOnly": RULES})
        found.extend(f"{path}: {rule['id']}" for rule in seen.response["violations"])

    bob, owner = await stage.visitor(scripts=True), await stage.visitor(scripts=True)
    await stage.sign_in(bob, BOB)
    for package in (gone, over, shut):
        await look(bob, f"/p/{package}")
    await stage.sign_in(owner, AUTHOR)
    for path in (gone, over, shut, f"{gone}/certificate"):
        await look(owner, f"/sent/{path}")
    assert found == []
    assert stage.complaints == []


async def test_the_control_is_found_by_axe(stage: Stage) -> None:
    page = await stage.visitor(scripts=True)
    await page.goto(f"{stage.base}/signin")
    await page.locator("label").evaluate("label => label.remove()")
    seen = await Axe().run(page, options={"runOnly": RULES})
    assert "label" in {rule["id"] for rule in seen.response["violations"]}


async def test_a_keyboard_is_enough(stage: Stage, seal: Callable[..., str]) -> None:
    package = seal()
    page = await stage.visitor(scripts=True)
    await page.goto(f"{stage.base}/p/{package}")
    await page.keyboard.press("Tab")
    assert await page.evaluate("document.activeElement.textContent") == ("Skip to the main content")
    await page.keyboard.press("Enter")
    await page.keyboard.press("Tab")
    await page.keyboard.type(str(EVE))
    await page.keyboard.press("Enter")
    await page.get_by_role("heading", name="Check your email").wait_for()
    outline = await page.locator("#code").evaluate(
        "field => { field.focus(); return getComputedStyle(field).outlineStyle }"
    )
    assert outline == "solid"


async def test_after_signing_out_back_shows_nothing(stage: Stage, seal: Callable[..., str]) -> None:
    package = seal(to=(AUTHOR,))
    page = await stage.visitor()
    await stage.sign_in(page, AUTHOR, f"/p/{package}")
    await page.get_by_role("button", name="Sign out").click()
    await page.get_by_role("heading", name="You are signed out").wait_for()
    await page.go_back()
    assert "Annual review" not in await page.locator("body").inner_text()
