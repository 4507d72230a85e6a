"""At the door, in a real browser: signing in and out, closed doors, and scanners of links."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.e2e.chromium import DESK, PHONE, Browser, Person, chromium, expect, somebody
from tests.e2e.stage import SENDER, Stage, mail
from tests.faults.conftest import WHOLE
from vault.clock import utc_now

pytestmark = pytest.mark.browser

VISITS = 20 if WHOLE else 6
REFUSED = "That code was not accepted"


def other(code: str) -> str:
    """A code that is wrong in one digit."""
    return code[:-1] + ("1" if code[-1] != "1" else "2")


async def seal(stage: Stage, to: str, **headers: str) -> str:
    """Send a sealed mail, and return its link."""
    answer = await stage.submit(
        mail(to, "[secure] Care plan", "She may come home.", **headers), [to]
    )
    assert answer.code == 250, answer
    return await stage.link_for(to)


async def test_a_wrong_code_is_refused_and_the_right_one_still_works(
    browser: Browser, stage: Stage
) -> None:
    async with somebody(browser, stage, PHONE) as ann:
        await ann.go("/signin")
        await ann.press("Email me a code").click()
        await expect(ann.page.get_by_role("alert")).to_contain_text("Enter your email address")
        code = await ann.ask_code("ann@doors.example")
        await ann.type_code("12345")
        await expect(ann.page.get_by_role("alert")).to_contain_text("It has 8 digits")
        await ann.type_code(other(code))
        await expect(ann.page.get_by_role("alert")).to_contain_text(REFUSED)
        await ann.type_code(code)
        await expect(ann.heading("Received messages")).to_be_visible()


async def test_a_code_works_in_the_browser_that_asked_and_in_no_other(
    browser: Browser, stage: Stage
) -> None:
    async with somebody(browser, stage, PHONE) as ben, somebody(browser, stage, DESK) as thief:
        for person in (ben, thief):
            await person.go("/signin")
        code = await ben.ask_code("ben@doors.example")
        await thief.ask_code("ben@doors.example")
        await thief.type_code(code)
        await expect(thief.page.get_by_role("alert")).to_contain_text(REFUSED)
        await ben.type_code(code)
        await expect(ben.heading("Received messages")).to_be_visible()
        await thief.type_code(code)
        await expect(thief.page.get_by_role("alert")).to_contain_text(REFUSED)


async def test_of_several_codes_the_first_works_too(browser: Browser, stage: Stage) -> None:
    async with somebody(browser, stage, PHONE) as cat:
        await cat.go("/signin")
        first = await cat.ask_code("cat@doors.example")
        for _ in range(2):
            again = await stage.code_for("cat@doors.example", cat.press("Send another code").click)
            assert again != first
        await cat.type_code(first)
        await expect(cat.heading("Received messages")).to_be_visible()


@pytest.mark.parametrize("keeps_pages", [False, True], ids=["reloads", "keeps pages"])
async def test_after_signing_out_going_back_shows_nothing(stage: Stage, keeps_pages: bool) -> None:
    """Also in a browser that keeps whole pages in memory to go back to."""
    kept = ["--disable-back-forward-cache"] if keeps_pages else []
    address = f"dan{keeps_pages:d}@doors.example"
    link = await seal(stage, address)
    async with chromium(ignore_default_args=kept) as own, somebody(own, stage, DESK) as dan:
        await dan.sign_in(address, link)
        await expect(dan.heading("Care plan")).to_be_visible()
        await dan.link("Reply").click()
        await dan.press("Sign out").click()
        await expect(dan.heading("You are signed out")).to_be_visible()
        for _ in range(2):
            await dan.page.go_back(wait_until="commit")
            await expect(dan.heading("Sign in to read your message")).to_be_visible()
            assert "Care plan" not in await dan.page.content()
        await dan.go(f"{link}/body")
        await expect(dan.heading("Sign in to read your message")).to_be_visible()


async def test_closed_doors_say_why_and_what_to_do(browser: Browser, stage: Stage) -> None:
    to = "eva@doors.example"
    soon = f"{utc_now() + timedelta(seconds=8):%Y-%m-%d %H:%M:%SZ}"
    expired = await seal(stage, to, X_Sealgate_Expires=soon)
    stage.sink.mails.clear()
    early = await seal(stage, to, X_Sealgate_Not_Before="3 days")
    async with somebody(browser, stage, PHONE) as eva:
        await eva.sign_in(to, early)
        await expect(eva.heading("This message is not available yet")).to_be_visible()
        await expect(eva.press("Ask for access")).to_have_count(0)
        await stage.wait_until(lambda: f"{utc_now():%Y-%m-%d %H:%M:%SZ}" > soon)
        await eva.go(expired)
        await expect(eva.heading("This message has expired")).to_be_visible()
        assert "Care plan" not in await eva.words()
        await eva.press("Ask for more time").click()
        await stage.mails_to(SENDER, where=lambda mail: to.encode() in mail.content)
        await eva.go("/")
        items = eva.page.get_by_role("main").get_by_role("listitem")
        await expect(items.filter(has_text="Not available yet")).to_have_count(1)
        await expect(items.filter(has_text="Expired")).to_have_count(1)


FILLED_IN_OR_NOT = "for (const form of document.forms) form.noValidate = true"


async def scan(browser: Browser, stage: Stage, link: str) -> None:
    """Visit a link as mail scanners do: run its scripts, send its forms, press everything."""
    async with somebody(browser, stage, DESK, java_script_enabled=True) as scanner:
        await scanner.go(link)
        forms = await scanner.page.locator("form").count()
        assert forms, "a scanner that finds no form proves nothing"
        for number in range(forms):
            await scanner.go(link)
            async with scanner.page.expect_navigation():
                await scanner.page.locator("form").nth(number).evaluate("form => form.submit()")
        await scanner.go(link)
        for number in range(await scanner.page.get_by_role("button").count()):
            await scanner.go(link)
            await scanner.page.evaluate(FILLED_IN_OR_NOT)
            async with scanner.page.expect_navigation():
                await scanner.page.get_by_role("button").nth(number).click()


async def fetch(scanner: Person, link: str) -> None:
    """Visit a link as simpler scanners do, without cookies."""
    for method in ("HEAD", "GET"):
        await scanner.context.clear_cookies()
        answer = await scanner.context.request.fetch(link, method=method)
        assert answer.status == 200


async def test_scanners_use_up_nothing_and_leave_no_trace(browser: Browser, stage: Stage) -> None:
    to = "fay@doors.example"
    link = await seal(stage, to)
    async with somebody(browser, stage, PHONE) as fay, somebody(browser, stage, DESK) as robot:
        await fay.go(link)
        code = await fay.ask_code(to)
        stage.sink.mails.clear()
        for _ in range(VISITS // 2):
            await fetch(robot, link)
            await scan(browser, stage, link)
        assert not stage.sink.mails, "a scanner made us send mail"
        async with somebody(browser, stage, DESK) as sam:
            await sam.sign_in(SENDER, link.replace("/p/", "/sent/"))
            recipients = sam.page.get_by_role("region", name="Recipients")
            await expect(recipients.get_by_text("Not opened yet")).to_be_visible()
            told = await sam.page.get_by_role("region", name="What has happened").inner_text()
            assert "Opened" not in told.replace("“Opened”", "")
            assert "Turned away" not in told
            await fay.type_code(code)
            await expect(fay.heading("Care plan")).to_be_visible()
            await sam.page.reload()
            await expect(recipients.get_by_text("Opened", exact=True)).to_be_visible()
