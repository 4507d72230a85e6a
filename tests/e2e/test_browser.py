"""What recipients do in a real browser, on a phone and without scripts."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from typing import Any

import pytest
import pytest_asyncio

from tests.e2e.chromium import (
    NARROW,
    PHONE,
    Browser,
    FilePayload,
    Frame,
    Person,
    expect,
    overflow,
    sha256,
    somebody,
)
from tests.e2e.letters import MIB, Lurker, illustrated, lurker, noise, with_files
from tests.e2e.stage import SENDER, Stage, mail

pytestmark = pytest.mark.browser

PAT = "pat@solicitors.example"
KIM = "kim@carehome.example"
LEE = "lee@school.example"
ODD = "Año 2026 – «plan» & co; 50% 日本 'x'.txt"
SAVED = "Año 2026 – «plan» & co_ 50_ 日本 'x'.txt"
FILES = {"order.pdf": b"%PDF-1.4 draft", "scan of the file.tif": noise(5 * MIB), ODD: b"odd"}


@dataclass(frozen=True)
class Parcel:
    """A sealed mail, and who would like to hear of its reader."""

    reference: str
    link: str
    lurker: Lurker


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def parcel(stage: Stage) -> AsyncIterator[Parcel]:
    async with lurker() as lurking:
        html = f'<h2>The plan</h2><img src="cid:plan" alt="Plan of the house">{lurking.tricks()}'
        message = illustrated(PAT, "[secure] Plan for the house", html, FILES)
        answer = await stage.submit(message, [PAT])
        assert answer.code == 250, answer
        yield Parcel(answer.reference, await stage.link_for(PAT), lurking)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def pat(browser: Browser, stage: Stage, parcel: Parcel) -> AsyncIterator[Person]:
    """The recipient, who has followed the link in the notice and signed in."""
    async with somebody(browser, stage, PHONE) as person:
        await person.sign_in(PAT, parcel.link)
        yield person


async def text_frame(person: Person) -> Frame:
    handle = await person.page.get_by_title("Text of the message").element_handle()
    frame = await handle.content_frame()
    assert frame is not None
    return frame


async def test_the_link_leads_through_a_code_to_the_message(pat: Person, parcel: Parcel) -> None:
    await expect(pat.heading("Plan for the house")).to_be_visible()
    assert pat.page.url == parcel.link
    assert parcel.reference in await pat.words()
    await expect(pat.page.get_by_text("Address verified by Council of Example")).to_be_visible()


async def test_the_message_is_shown_with_its_picture_and_nothing_else_acts(
    pat: Person, parcel: Parcel
) -> None:
    await pat.go(parcel.link)
    frame = await text_frame(pat)
    await expect(frame.get_by_role("heading", name="The plan")).to_be_visible()
    plan = frame.get_by_alt_text("Plan of the house")
    assert await plan.evaluate("image => image.naturalWidth") == 160
    await expect(frame.get_by_role("button")).to_have_count(0)
    assert "remote pictures were not loaded" in await pat.words()
    assert parcel.lurker.calls == []


async def test_a_hostile_mail_is_inert_where_scripts_run(
    browser: Browser, stage: Stage, pat: Person, parcel: Parcel
) -> None:
    """With its control: the same HTML, shown as it was sent, calls its master at once."""
    state = await pat.context.storage_state()
    async with somebody(browser, stage, PHONE, java_script_enabled=True, storage_state=state) as p:
        for path in ("", "/body", "/print"):
            await p.go(parcel.link + path)
            await p.page.wait_for_timeout(1500)
            assert parcel.lurker.calls == [], path
        await p.page.goto(f"{parcel.lurker.url}/trap")
        await p.page.wait_for_url("**/refresh")
    expected = ["/pixel.gif", "/script", "/file.js", "/error", "/style.css", "/back.png", "/frame"]
    assert set(expected) <= set(parcel.lurker.calls)
    parcel.lurker.calls.clear()


@pytest.mark.parametrize(
    ("name", "saved"),
    [("order.pdf", "order.pdf"), ("scan of the file.tif", "scan of the file.tif"), (ODD, SAVED)],
    ids=["small", "5 MB", "odd name"],
)
async def test_an_attachment_arrives_byte_for_byte(
    pat: Person, parcel: Parcel, name: str, saved: str
) -> None:
    await pat.go(parcel.link)
    download = await pat.download(f"Download {name}")
    assert download.suggested_filename == saved
    assert await sha256(download) == hashlib.sha256(FILES[name]).hexdigest()


async def test_the_original_arrives_byte_for_byte(pat: Person, parcel: Parcel) -> None:
    await pat.go(parcel.link)
    download = await pat.download("Download original")
    original = message_from_bytes((await download.path()).read_bytes(), policy=default)
    assert download.suggested_filename == f"message-{parcel.reference}.eml"
    assert isinstance(original, EmailMessage)
    assert {
        part.get_filename(): part.get_content() for part in original.iter_attachments()
    } == FILES


async def test_the_print_view_is_one_sheet(pat: Person, parcel: Parcel) -> None:
    await pat.go(parcel.link)
    await pat.link("Print view").click()
    words = await pat.words()
    for expected in ("The plan", SENDER, parcel.reference, "order.pdf", f"Printed by {PAT}"):
        assert expected in words
    assert (await pat.page.pdf()).startswith(b"%PDF-")


async def test_a_reply_with_two_attachments_reaches_the_senders_own_mailbox(
    stage: Stage, pat: Person, parcel: Parcel
) -> None:
    files: list[FilePayload] = [
        {"name": "signed.pdf", "mimeType": "application/pdf", "buffer": noise(2 * MIB)},
        {"name": "Fotos – Küche.zip", "mimeType": "application/zip", "buffer": noise(70_000)},
    ]
    await pat.go(parcel.link)
    await pat.link("Reply").click()
    await pat.page.get_by_role("textbox", name="Your message").fill(
        "Thank you.\nIt is signed – Pat"
    )
    await pat.page.get_by_label("Attachments").set_input_files(files)
    await pat.press("Send reply").click()
    await expect(pat.heading("Your reply has been sent")).to_be_visible()
    assert "2 attachments received" in await pat.words()

    (copy,) = await stage.mails_to(SENDER, where=lambda mail: b"signed.pdf" in mail.content)
    reply: Any = message_from_bytes(copy.content, policy=default)
    assert reply["Subject"] == "Re: [secure] Plan for the house"
    assert "It is signed – Pat" in reply.get_body().get_content()
    got = {part.get_filename(): part.get_content() for part in reply.iter_attachments()}
    assert got == {file["name"]: file["buffer"] for file in files}

    await pat.link("Back to the message").click()
    conversation = pat.page.get_by_role("region", name="Conversation").get_by_role("listitem")
    await expect(conversation).to_have_count(2)
    await conversation.nth(1).get_by_role("link").click()
    assert "Thank you." in await (await text_frame(pat)).locator("body").inner_text()
    await expect(pat.link("Download signed.pdf")).to_be_visible()
    again = await pat.download("Download Fotos – Küche.zip")
    assert await sha256(again) == hashlib.sha256(files[1]["buffer"]).hexdigest()


async def test_an_empty_reply_says_what_is_missing(pat: Person, parcel: Parcel) -> None:
    await pat.go(f"{parcel.link}/reply")
    await pat.press("Send reply").click()
    await expect(pat.page.get_by_role("alert")).to_contain_text("Write a message")
    assert await pat.page.title() == "Error: Reply – Council of Example"


async def test_nothing_is_cut_off_at_320_pixels(browser: Browser, stage: Stage) -> None:
    subject = "[secure] Wohnungsgeberbestätigungsbescheinigung und mehr"
    word = "Donaudampfschifffahrtsgesellschaftskapitänsmütze" * 2
    message = mail(KIM, subject, f"A long word: {word}\nhttps://example.org/{'x' * 200}\n")
    await stage.submit(with_files(message, {f"{word}.pdf": b"x", "a b.pdf": b"y"}), [KIM])
    link = await stage.link_for(KIM)
    async with somebody(browser, stage, NARROW) as kim:
        seen = []

        async def look(name: str) -> None:
            await expect(kim.heading(name).first).to_be_visible()
            seen.append((name, await overflow(kim.page)))

        await kim.go(link)
        await look("Sign in to read your message")
        code = await kim.ask_code(KIM)
        await look("Check your email")
        await kim.type_code("1" + code[1:] if code[0] != "1" else "2" + code[1:])
        await look("There is a problem")
        await kim.type_code(code)
        await look("Wohnungsgeberbest")
        assert await (await text_frame(kim)).evaluate("document.body.scrollWidth") <= 320
        await kim.link("Reply").click()
        await look("Reply")
        await kim.page.get_by_role("textbox", name="Your message").fill(word)
        await kim.press("Send reply").click()
        await look("Your reply has been sent")
        await kim.link("All messages").click()
        await look("Received messages")
        await kim.go(f"{link}/print")
        await look("Wohnungsgeberbest")
        await kim.go("/p/" + "a" * 26)
        await look("This message is not available to you")
        await kim.press("Ask for access").click()
        await look("Your request is on its way")
        await kim.press("Sign out").click()
        await look("You are signed out")
    assert [wide for _, wide in seen] == [0] * 11, seen
