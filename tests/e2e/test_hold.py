"""A mail that may not go: held by a running node, and mended by its sender in a real browser."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from tests.e2e.chromium import DESK, PHONE, Browser, Person, ViewportSize, expect, somebody
from tests.e2e.keyboard import TALL, unreached
from tests.e2e.letters import with_files
from tests.e2e.stage import SENDER, Stage, mail, plain_text
from tests.e2e.test_at_rest import found_in
from tests.e2e.test_browser_look import wrong
from tests.e2e.untouched import below_ours
from tests.sink import Caught

pytestmark = pytest.mark.browser

PAT = "pat@solicitors.example"
KIM = "kim@carehome.example"
LI = "li@council.example"
DIRECTOR = "director@council.example"
NUMBER = "943 476 5919"
POLICY = Path(__file__).parent / "holding.yaml"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def stage(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stage]:
    """A node whose policy holds."""
    async with Stage(tmp_path_factory.mktemp("hold") / "node", policy=POLICY) as running:
        yield running


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def sam(browser: Browser, stage: Stage) -> AsyncIterator[Person]:
    """The sender, on a phone, signed in."""
    async with somebody(browser, stage, PHONE) as person:
        await person.sign_in(SENDER, "/held")
        yield person


def held_link(caught: Caught) -> str:
    found = re.search(r"https://localhost:\d+/held/[a-z2-7]{26}", plain_text(caught.content))
    assert found, plain_text(caught.content)
    return found[0]


async def held(stage: Stage, content: bytes, to: list[str]) -> str:
    """Submit a mail that is held; return the page that its sender is told of."""
    answer = await stage.submit(content, to)
    assert (answer.code, answer.text.split()[:2]) == (250, ["2.0.0", "Held"]), answer
    name = answer.reference.encode()
    (letter,) = await stage.mails_to(SENDER, where=lambda caught: name in caught.content)
    assert b"is held and has not been sent" in letter.content
    assert NUMBER.encode() not in letter.content
    assert not [one for one in stage.sink.mails if set(one.recipients) & set(to)]
    return held_link(letter)


def copies(stage: Stage) -> list[Caught]:
    """What left the node that is no letter of its own."""
    return [caught for caught in stage.sink.mails if caught.sender == SENDER]


async def test_a_mended_mail_arrives_byte_for_byte_but_for_its_subject(
    stage: Stage, sam: Person
) -> None:
    message = with_files(mail(PAT, f"Plan for {NUMBER}", "The plan."), {"plan.bin": bytes(9000)})
    message["Thread-Topic"] = f"Plan for {NUMBER}"
    content = message.as_bytes()
    await sam.go(await held(stage, content, [PAT]))
    assert "The subject seems to contain an NHS number. Take it out." in await sam.words()
    text = sam.page.frame_locator("iframe")
    await expect(text.get_by_text("The plan.")).to_be_visible()
    subject = sam.page.get_by_label("Subject")
    await subject.fill("Plan for 943-476-5919")
    await sam.press("Check and send").click()
    await expect(sam.page.get_by_role("alert")).to_contain_text("Saved, but not sent")
    assert copies(stage) == []
    await subject.fill("The plan we spoke of")
    await sam.press("Check and send").click()
    await expect(sam.heading("This message has been sent")).to_be_visible()
    (copy,) = await stage.mails_to(PAT)
    expected = re.sub(rb"Subject: Plan[^\r]*", b"Subject: The plan we spoke of", content)
    expected = re.sub(rb"Thread-Topic:[^\r]*\r\n", b"", expected)
    assert below_ours(copy.content) == expected
    assert (copy.sender, copy.recipients) == (SENDER, (PAT,))


async def test_a_recipient_left_out_gets_nothing_and_another_is_corrected(
    stage: Stage, sam: Person
) -> None:
    content = mail(f"{PAT}, {KIM}", f"About {NUMBER}").as_bytes()
    await sam.go(await held(stage, content, [PAT, KIM]))
    await sam.page.get_by_label("Subject").fill("About the visit")
    await sam.page.get_by_label("Recipient 1", exact=True).fill(LI)
    await sam.page.get_by_role("checkbox", name=re.compile("Leave out recipient 2")).check()
    await sam.press("Check and send").click()
    await expect(sam.heading("This message has been sent")).to_be_visible()
    (copy,) = await stage.mails_to(LI)
    assert PAT.encode() in copy.content.partition(b"\r\n\r\n")[0]  # what the header says stays
    assert [one.recipients for one in copies(stage)] == [(LI,)]


async def test_sealed_instead_it_is_read_on_the_site(
    browser: Browser, stage: Stage, sam: Person
) -> None:
    await sam.go(await held(stage, mail(PAT, f"About {NUMBER}", "Sealed.").as_bytes(), [PAT]))
    await sam.page.get_by_role("checkbox", name=re.compile("Send it sealed")).check()
    await sam.press("Check and send").click()
    await sam.link("Who has opened it").click()
    await expect(sam.heading(f"About {NUMBER}")).to_be_visible()
    link = await stage.link_for(PAT)
    (notice,) = [one for one in stage.sink.mails if PAT in one.recipients]
    assert NUMBER.encode() not in notice.content
    async with somebody(browser, stage, PHONE) as pat:
        await pat.sign_in(PAT, link)
        await expect(pat.heading(f"About {NUMBER}")).to_be_visible()
    assert copies(stage) == []


async def test_taken_back_it_goes_to_nobody(stage: Stage, sam: Person) -> None:
    link = await held(stage, mail(PAT, f"Oops {NUMBER}").as_bytes(), [PAT])
    await sam.go(link)
    await sam.press("Take the message back").click()
    await expect(sam.heading("This message was taken back")).to_be_visible()
    await sam.go(link)
    assert await sam.page.get_by_role("button", name="Check and send").count() == 0
    assert copies(stage) == []


async def test_approved_it_goes_as_it_is(browser: Browser, stage: Stage, sam: Person) -> None:
    content = mail(PAT, "The merger", "The draft.").as_bytes()
    link = await held(stage, content, [PAT])
    async with somebody(browser, stage, DESK) as director:
        await director.sign_in(DIRECTOR, link)
        await expect(director.heading("This message is not available to you")).to_be_visible()
        await sam.go(link)
        await sam.page.get_by_label("Why should it be sent?").fill("Agreed on Monday.")
        await sam.press("Ask for approval").click()
        await expect(sam.page.get_by_role("status")).to_contain_text("Approval has been asked for")
        (asked,) = await stage.mails_to(
            DIRECTOR, where=lambda caught: b"waits for your approval" in caught.content
        )
        assert b"merger" not in asked.content
        await director.go(held_link(asked))
        assert "Agreed on Monday." in await director.words()
        await director.press("Approve and send").click()
        await expect(director.page.get_by_role("status")).to_contain_text("You have approved")
    (copy,) = await stage.mails_to(PAT)
    assert below_ours(copy.content) == content
    await stage.mails_to(SENDER, where=lambda caught: b"was approved" in caught.content)
    await sam.go(link)
    assert f"released by {DIRECTOR}" in await sam.words()


async def test_refused_its_sender_reads_why(browser: Browser, stage: Stage, sam: Person) -> None:
    link = await held(stage, mail(PAT, "The merger again").as_bytes(), [PAT])
    await sam.go(link)
    await sam.press("Ask for approval").click()
    async with somebody(browser, stage, PHONE) as director:
        await director.sign_in(DIRECTOR, link)
        await director.page.get_by_role("textbox", name="Reason").fill("Not before Friday.")
        await director.press("Refuse").click()
        await expect(director.page.get_by_role("status")).to_contain_text("You have refused")
    (told,) = await stage.mails_to(SENDER, where=lambda caught: b"was refused" in caught.content)
    assert b"Friday" not in told.content
    await sam.go(link)
    assert "Not before Friday." in await sam.words()
    assert copies(stage) == []


async def test_another_colleague_finds_nothing(browser: Browser, stage: Stage, sam: Person) -> None:
    link = await held(stage, mail(PAT, f"Mine {NUMBER}").as_bytes(), [PAT])
    async with somebody(browser, stage, DESK) as li:
        await li.sign_in(LI, link)
        here = await li.words()
        assert "This message is not available to you" in here
        await li.go("/held/" + "a" * 26)
        assert await li.words() == here
        await li.go("/held")
        assert "Nothing is held for you." in await li.words()
    await sam.go("/held")
    assert f"Mine {NUMBER}" in await sam.words()


async def test_when_its_time_is_over_it_is_deleted_and_its_sender_told(
    stage: Stage, sam: Person
) -> None:
    """The row's time is put back, which is what a clock does from the other end."""
    link = await held(stage, mail(PAT, f"Later {NUMBER}").as_bytes(), [PAT])
    hold_id = link.rpartition("/")[2]
    with sqlite3.connect(stage.folder / "vault" / "sealgate.sqlite", timeout=20) as database:
        past = "2020-01-01 00:00:00.000000"
        changed = "UPDATE holds SET expires_at = ? WHERE id = ?"
        assert database.execute(changed, (past, hold_id)).rowcount == 1
        database.execute("DELETE FROM chores")  # nor has anybody looked within this minute
    await sam.go(link)
    await expect(sam.heading("The time for this message has run out")).to_be_visible()
    stage.kill("deliver")  # a new one looks at the clock first
    told = await stage.mails_to(SENDER, where=lambda caught: b"has expired" in caught.content)
    assert held_link(told[-1]) == link
    with sqlite3.connect(stage.folder / "vault" / "sealgate.sqlite", timeout=20) as database:
        gone = database.execute("SELECT wrapped, content_id FROM holds WHERE id = ?", (hold_id,))
        assert gone.fetchone() == (None, None)
    assert copies(stage) == []


async def test_what_is_held_is_nowhere_on_the_disk_and_in_no_log(stage: Stage, sam: Person) -> None:
    marker = "BrambleOrchardFinch"
    message = with_files(
        mail(PAT, f"{marker} {NUMBER}", f"The body says {marker}."),
        {f"{marker}.bin": b"x" * 90_000},
    )
    link = await held(stage, message.as_bytes(), [PAT])
    await sam.go(link)
    assert marker in await sam.words(), "the marker was in what is held"
    await sam.page.get_by_label("Subject").fill(f"{marker} again {NUMBER}")
    await sam.press("Check and send").click()
    assert found_in(stage.folder / "vault", marker) == []
    await sam.press("Take the message back").click()
    assert found_in(stage.folder / "vault", marker) == []
    assert marker not in stage.log_path.read_text()


@pytest.mark.parametrize("size", [PHONE, DESK], ids=["phone", "desk"])
async def test_axe_finds_nothing_on_the_pages_of_held_mail(
    browser: Browser, stage: Stage, sam: Person, size: ViewportSize
) -> None:
    wordy = mail(f"{PAT}, {KIM}", f"About {NUMBER}", "Text.", Thread_Topic="Older")
    link = await held(stage, with_files(wordy, {"plan.pdf": b"x"}).as_bytes(), [PAT, KIM])
    merger = await held(stage, mail(PAT, f"The merger {size['width']}").as_bytes(), [PAT])
    state = await sam.context.storage_state()
    found: list[str] = []
    still: dict[str, Any] = {"java_script_enabled": True, "reduced_motion": "reduce"}
    async with somebody(browser, stage, size, storage_state=state, **still) as looker:
        for path, name in ((link, "held"), ("/held", "held-list"), (merger, "held-approval")):
            await looker.go(path)
            found += await wrong(looker.page, name)
        await looker.press("Ask for approval").click()
        found += await wrong(looker.page, "held-asked")
        await looker.go(link)
        await looker.page.get_by_label("Recipient 2", exact=True).fill("kim at home")
        await looker.press("Check and send").click()
        found += await wrong(looker.page, "held-error")
        await looker.go(link)
        await looker.press("Take the message back").click()
        found += await wrong(looker.page, "held-settled")
    async with somebody(browser, stage, size, **still) as director:
        await director.sign_in(DIRECTOR, merger)
        found += await wrong(director.page, "approve")
        await director.press("Refuse").click()
        found += await wrong(director.page, "approve-error")
    assert not found, "\n".join(found)


async def test_the_tab_key_reaches_everything(browser: Browser, stage: Stage, sam: Person) -> None:
    text = "See https://example.org/plan\n"  # a frame without a link is nothing to tab to
    message = mail(f"{PAT}, {KIM}", f"Keys {NUMBER}", text)
    link = await held(stage, message.as_bytes(), [PAT, KIM])
    state = await sam.context.storage_state()
    async with somebody(browser, stage, TALL, storage_state=state) as typist:
        for path in ("/held", link):
            await typist.go(path)
            assert await unreached(typist.page) == [], path
