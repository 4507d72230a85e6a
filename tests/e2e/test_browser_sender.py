"""What senders do in a real browser at a desk, and what their recipients get of it."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from functools import partial

import pytest
import pytest_asyncio

from tests.e2e.chromium import DESK, PHONE, Browser, Person, expect, somebody
from tests.e2e.letters import MIB, noise, with_files
from tests.e2e.slow_line import slow_line
from tests.e2e.stage import SENDER, Stage, mail
from tests.sink import Caught
from vault.clock import utc_now

pytestmark = pytest.mark.browser

PAT = "pat@solicitors.example"
KIM = "kim@carehome.example"
LEE = "lee@school.example"
SLOW = "slow@library.example"
STRANGER = "robin@elsewhere.example"
SECOND = "toby@elsewhere.example"
SECRET = "The hearing is in room four."


@dataclass(frozen=True)
class Case:
    """A sealed mail to Pat and Kim, which Pat and its sender look at."""

    link: str
    manage: str
    pat: Person
    sam: Person


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def sam(browser: Browser, stage: Stage) -> AsyncIterator[Person]:
    """The sender, signed in."""
    async with somebody(browser, stage, DESK) as person:
        await person.sign_in(SENDER)
        yield person


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def case(browser: Browser, stage: Stage, sam: Person) -> AsyncIterator[Case]:
    message = mail(f"{PAT}, {KIM}", "[secure] Tenancy at 14 Mill Lane", SECRET)
    await stage.submit(with_files(message, {"lease.pdf": noise(300_000)}), [PAT, KIM])
    link = await stage.link_for(PAT)
    async with somebody(browser, stage, PHONE) as pat:
        await pat.sign_in(PAT, link)
        yield Case(link, link.replace("/p/", "/sent/"), pat, sam)


def _names(address: str, caught: Caught) -> bool:
    return address.encode() in caught.content


async def sees_nothing(person: Person, link: str, secrets: tuple[str, ...] = ()) -> None:
    """Every page of a message, asked for as this browser, holds nothing of it."""
    for path in ("", "/body", "/print", "/a/1", "/original.eml", "/reply"):
        answer = await person.context.request.get(link + path)
        body = await answer.body()
        assert answer.status in {403, 404}, path
        for secret in (SECRET, "Mill Lane", "lease.pdf", *secrets):
            assert secret.encode() not in body, path


async def test_a_sender_finds_a_message_and_sees_what_happened(case: Case) -> None:
    await case.pat.go(case.link)
    await case.pat.download("Download lease.pdf")
    sam = case.sam
    await sam.go("/")
    await sam.link("Sent").click()
    await sam.page.get_by_label("Find a message").fill("mill lane carehome")
    await sam.press("Search").click()
    await expect(sam.page.get_by_role("status")).to_contain_text("1 message found")
    await sam.link("Tenancy at 14 Mill Lane").click()
    timeline = sam.page.get_by_role("region", name="What has happened")
    for told in (
        "Sealed. Sent by you, from 127.0.0.1",
        f"Opened by {PAT}, from 127.0.0.1",
        f"Attachment 1 downloaded by {PAT}, from 127.0.0.1",
    ):
        await expect(timeline.get_by_text(told, exact=True)).to_have_count(1)
    for whom in (PAT, KIM):  # in one line, if both were sent at the same moment
        notice = re.compile(rf"Notice sent to .*{re.escape(whom)}")
        await expect(timeline.get_by_text(notice)).to_have_count(1)
    await expect(timeline.get_by_text(f"Opened by {KIM}")).to_have_count(0)
    await sam.go("/sent?q=%25")
    await expect(sam.page.get_by_text("Nothing was found.")).to_be_visible()


async def test_from_a_withdrawal_on_an_open_tab_gets_nothing_more(stage: Stage, case: Case) -> None:
    """Requests that begin after the sender sees it done give nothing: the bound is 0 s, not 1."""
    pat, answering, list_of_all = case.pat, await case.pat.another_tab(), case.pat
    await pat.go(case.link)
    await answering.go(f"{case.link}/reply")
    await answering.page.get_by_role("textbox", name="Your message").fill("Too late.")
    given: list[float] = []
    stop = asyncio.Event()

    async def ask_on_and_on() -> None:
        while not stop.is_set():
            begun = time.monotonic()
            answer = await pat.context.request.get(f"{case.link}/body")
            if SECRET.encode() in await answer.body():
                given.append(begun)

    asking = [asyncio.create_task(ask_on_and_on()) for _ in range(3)]
    await stage.wait_until(lambda: len(given) > 5)
    await case.sam.go(case.manage)
    await case.sam.press(f"Withdraw access of {PAT}").click()
    await expect(case.sam.page.get_by_role("status")).to_contain_text("Access has been withdrawn")
    done = time.monotonic()
    await sees_nothing(pat, case.link)
    stop.set()
    await asyncio.gather(*asking)
    assert max(given) < done

    async with pat.page.expect_download() as started:
        await pat.link("Download lease.pdf").click()
    assert await (await started.value).failure()
    await pat.page.reload()
    await expect(pat.heading("This message has been withdrawn")).to_be_visible()
    await answering.press("Send reply").click()
    await expect(answering.heading("This message has been withdrawn")).to_be_visible()
    await list_of_all.go("/")
    assert "Mill Lane" not in await list_of_all.words()
    assert not any(b"Too late." in caught.content for caught in stage.sink.mails)


async def test_access_is_given_back_to_one(stage: Stage, case: Case) -> None:
    await case.sam.go(case.manage)
    await case.sam.press(f"Give access back to {PAT}").click()
    await expect(case.sam.page.get_by_role("status")).to_contain_text("given back")
    assert await stage.link_for(PAT) == case.link
    await case.pat.go(case.link)
    await expect(case.pat.heading("Tenancy at 14 Mill Lane")).to_be_visible()


async def test_somebody_added_gets_a_notice_and_can_open(
    browser: Browser, stage: Stage, case: Case
) -> None:
    sam = case.sam
    await sam.go(case.manage)
    await sam.page.get_by_label("Email address").fill("lee at school")
    await sam.press("Add recipient").click()
    await expect(sam.page.get_by_role("alert")).to_contain_text("cannot be used")
    await sam.page.get_by_label("Email address").fill(LEE)
    await sam.press("Add recipient").click()
    await expect(sam.page.get_by_role("status")).to_contain_text("has been added")
    link = await stage.link_for(LEE)
    assert link == case.link
    assert not any(PAT in caught.recipients for caught in stage.sink.mails)
    async with somebody(browser, stage, PHONE) as lee:
        await lee.sign_in(LEE, link)
        await expect(lee.heading("Tenancy at 14 Mill Lane")).to_be_visible()


async def test_the_time_limit_is_changed_and_taken_away(case: Case) -> None:
    sam = case.sam
    limit = utc_now() + timedelta(days=40)
    await sam.go(case.manage)
    for day, told in (("2020-01-31", "Choose today or a later day"), (f"{limit:%Y-%m-%d}", "")):
        await sam.page.get_by_label("Last day").fill(day)
        await sam.press("Change limit").click()
        if told:
            await expect(sam.page.get_by_role("alert")).to_contain_text(told)
    shown = f"{limit.day} {limit:%B %Y} at 23:59"
    whole = re.compile(f"^{shown}")  # it is kept for a month after that, and a day may end alike
    await expect(sam.page.get_by_role("definition").get_by_text(whole)).to_be_visible()
    await case.pat.go(case.link)
    assert shown in await case.pat.words()
    await sam.press("Remove the limit").click()
    await expect(sam.page.get_by_role("definition").get_by_text("No time limit")).to_be_visible()


async def test_everybody_loses_and_regains_access(case: Case) -> None:
    await case.sam.go(case.manage)
    await case.sam.press("Withdraw from everybody").click()
    await expect(case.sam.page.get_by_text("Nobody but you can open this message")).to_be_visible()
    await sees_nothing(case.pat, case.link)
    await case.sam.press("Give access back to everybody").click()
    await expect(case.sam.page.get_by_role("status")).to_contain_text("given back")
    await case.pat.page.goto(case.link)
    await expect(case.pat.heading("Tenancy at 14 Mill Lane")).to_be_visible()


async def test_a_download_under_way_is_cut_within_a_second(
    browser: Browser, stage: Stage, sam: Person
) -> None:
    size = 12 * MIB
    message = with_files(mail(SLOW, "[secure] Recording"), {"hearing.wav": noise(size)})
    await stage.submit(message, [SLOW])
    link = await stage.link_for(SLOW)
    async with (
        slow_line(MIB) as line,
        somebody(browser, stage, DESK, proxy={"server": line.url}) as reader,
    ):
        await reader.sign_in(SLOW, link)
        download = await reader.download("Download hearing.wav")
        await stage.wait_until(lambda: line.busiest().size > MIB, 40)
        await sam.go(link.replace("/p/", "/sent/"))
        await sam.press(f"Withdraw access of {SLOW}").click()
        await expect(sam.page.get_by_role("status")).to_contain_text("has been cut off")
        withdrawn = time.monotonic()
        flow = line.busiest()
        await asyncio.wait_for(flow.is_over.wait(), 20)
        assert flow.size < size
        assert flow.last - withdrawn < 1, "bytes still came"
        assert flow.is_reset, "the download ended as if it were complete"
        assert await download.failure()


async def test_a_forwarded_link_leads_to_asking_and_the_sender_decides(
    browser: Browser, stage: Stage, case: Case
) -> None:
    async with (
        somebody(browser, stage, PHONE) as stranger,
        somebody(browser, stage, PHONE) as second,
    ):
        for person, address in ((stranger, STRANGER), (second, SECOND)):
            await person.sign_in(address, case.link)
            await expect(person.heading("This message is not available to you")).to_be_visible()
            await sees_nothing(person, case.link, (SENDER, PAT, "Sam Taylor"))
            here = await person.words()
            await person.go("/p/" + "a" * 26)
            assert await person.words() == here, "a stranger learns that there is a message"
            await person.go(case.link)
            await person.press("Ask for access").click()
            await expect(person.heading("Your request is on its way")).to_be_visible()
            await stage.mails_to(SENDER, where=partial(_names, address))

        sam = case.sam
        await sam.go("/sent")
        await expect(sam.page.get_by_role("region", name="requests for access")).to_be_visible()
        await sam.page.get_by_role("listitem").filter(has_text=STRANGER).get_by_role("link").click()
        await sam.press(f"Give access to {STRANGER}").click()
        await expect(sam.page.get_by_role("status")).to_contain_text("Access has been given")
        await sam.press(f"Decline the request of {SECOND}").click()
        await expect(sam.page.get_by_role("status")).to_contain_text("has been declined")

        assert await stage.link_for(STRANGER) == case.link
        await stage.mails_to(SECOND, where=lambda mail: b"not given you access" in mail.content)
        await stranger.go(case.link)
        await expect(stranger.heading("Tenancy at 14 Mill Lane")).to_be_visible()
        await sees_nothing(second, case.link, (SENDER, PAT, "Sam Taylor"))
