"""People in front of a real browser: headless Chromium, one context for each of them.

The product works without scripts, so nobody here has any, unless a test says so. People act on what
they see: roles, labels and words, never on the insides of a page.
"""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.stage import Stage

pytest.importorskip("playwright", reason="playwright is not installed: requirements/dev.txt has it")
from playwright.async_api import (
    Browser,
    BrowserContext,
    Download,
    FilePayload,
    FloatRect,
    Frame,
    Locator,
    Page,
    Route,
    ViewportSize,
    async_playwright,
    expect,
)

__all__ = [
    "Browser",
    "FilePayload",
    "FloatRect",
    "Frame",
    "Locator",
    "Page",
    "Route",
    "ViewportSize",
    "expect",
]

CHROMIUM = "/usr/bin/chromium"
IS_INSTALLED = Path(CHROMIUM).exists()
ARGUMENTS = [
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync"),
    *("--disable-background-networking", "--disable-component-update"),
    "--ignore-certificate-errors",  # ignore_https_errors does not reach a download's own connection
]
PHONE: ViewportSize = {"width": 390, "height": 844}
NARROW: ViewportSize = {"width": 320, "height": 640}
DESK: ViewportSize = {"width": 1280, "height": 900}
PATIENCE = 15_000  # milliseconds; a busy machine is slow


@asynccontextmanager
async def chromium(**more: Any) -> AsyncIterator[Browser]:
    """Start a browser, or skip the test with the reason."""
    if not IS_INSTALLED:
        pytest.skip(f"{CHROMIUM} is not there: deploy/setup/test-packages installs it")
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS, **more)
        yield browser
        await browser.close()


@dataclass
class Person:
    """Somebody with a browser of their own."""

    stage: Stage
    context: BrowserContext
    page: Page

    async def sign_in(self, address: str, start: str = "/") -> None:
        """Go somewhere, and prove to own a mailbox on the way."""
        await self.go(start)
        code = await self.ask_code(address)
        await self.type_code(code)

    async def go(self, path: str) -> None:
        await self.page.goto(self.url(path))

    def url(self, path: str) -> str:
        return path if "://" in path else f"https://localhost:{self.stage.web_port}{path}"

    async def ask_code(self, address: str) -> str:
        """Fill in the sign-in page, and read the code in the mailbox."""
        await self.page.get_by_label("Your email address").fill(address)
        return await self.stage.code_for(address, self.press("Email me a code").click)

    async def type_code(self, code: str) -> None:
        """Type a code as it stands in the mail, with its space."""
        field = self.page.get_by_label("Code from the email")
        await field.clear()
        await field.press_sequentially(code)
        await self.press("Continue").click()

    def press(self, name: str) -> Locator:
        return self.page.get_by_role("button", name=name)

    def link(self, name: str) -> Locator:
        return self.page.get_by_role("link", name=name)

    def heading(self, name: str) -> Locator:
        return self.page.get_by_role("heading", name=name)

    async def words(self) -> str:
        """Everything the page says."""
        return await self.page.locator("body").inner_text()

    async def download(self, name: str) -> Download:
        """Press a download link."""
        async with self.page.expect_download() as started:
            await self.link(name).click()
        return await started.value

    async def another_tab(self) -> Person:
        return Person(self.stage, self.context, await self.context.new_page())


@asynccontextmanager
async def somebody(
    browser: Browser, stage: Stage, size: ViewportSize, **more: Any
) -> AsyncIterator[Person]:
    """Someone new to the site. `more` goes to the browser's context."""
    settings: dict[str, Any] = {
        "viewport": size,
        "java_script_enabled": False,
        "ignore_https_errors": True,
        "locale": "en-GB",
        "has_touch": size["width"] < 700,
        **more,
    }
    context = await browser.new_context(**settings)
    context.set_default_timeout(PATIENCE)
    try:
        yield Person(stage, context, await context.new_page())
    finally:
        await context.close()


async def sha256(download: Download) -> str:
    """The digest of what was saved; fails if the download did."""
    path = await download.path()
    return hashlib.sha256(path.read_bytes()).hexdigest()


async def overflow(page: Page) -> int:
    """How many pixels the page is wider than its window."""
    wide: int = await page.evaluate(
        "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    )
    return wide
