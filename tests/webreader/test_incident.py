"""After a mistake: who is told, what the report says, who may have it, and what is not in it."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from datetime import timedelta

import pypdf
import pytest
from sqlalchemy import select

from tests.webreader.conftest import AUTHOR, BOB, EVE, OFFICER, SignIn, TurnedClock, mail
from vault.address import Address
from vault.contents.spool import Spool
from vault.origin import Origin
from vault.packages import catalogue
from vault.packages.deposit import Deposit, GrantFor, Summary
from vault.packages.depositing import deposit
from vault.sending.posting import Kind
from vault.storage import tables
from vault.trail import incident
from webreader.incident import forms
from webreader.incident.telling import report
from webreader.pages import zone
from webreader.site import Site

Seal = Callable[..., str]
CAROL = Address.parse("carol@hidden.example")


@pytest.fixture
def sealed(site: Site) -> str:
    """A mail in which detectors found something, to two people, one of them by mistake."""
    spool = Spool.of(site.store, mail("Annual review", files=(("Report.pdf", b"x" * 20),)))
    made = Deposit(
        spool=spool,
        author=AUTHOR,
        grants=(GrantFor(address=BOB), GrantFor(address=CAROL)),
        summary=Summary(subject="Annual review", attachments=("Report.pdf",)),
        because=("seal-personal-data",),
        found={"nhs_number": 3, "date_of_birth": 1},
    )
    package = deposit(site.store, site.sealing, made).package_id
    assert package
    return package


async def happened(package: str, sign_in: SignIn, clock: TurnedClock) -> None:
    """Bob opens and downloads, then access is withdrawn from him, and he tries again."""
    bob = await sign_in(BOB)
    for path in (f"/p/{package}", f"/p/{package}/a/1"):
        assert (await bob.get(path, headers={"User-Agent": "<b>Bob"})).status == 200
    clock.ahead += timedelta(hours=2)
    owner = await sign_in(AUTHOR)
    answer = await owner.post(f"/sent/{package}/revoke", {"address": str(BOB)})
    assert answer.status == 303
    bob = await sign_in(BOB)
    assert (await bob.get(f"/p/{package}")).status == 403


async def test_the_report_tells_what_is_on_record(
    sealed: str, sign_in: SignIn, clock: TurnedClock, site: Site
) -> None:
    await happened(sealed, sign_in, clock)
    owner = await sign_in(AUTHOR)
    told = json.loads((await owner.get(f"/incident/{sealed}/report.json")).text)
    facts = told["facts"]
    assert facts["found"] == {"nhs_number": 3, "date_of_birth": 1}
    assert facts["rules"] == ["seal-personal-data"]
    people = {one["address"]: one for one in facts["people"]}
    acts = [touch["act"] for touch in people[str(BOB)]["touches"]]
    assert set(acts) == {"package:opened", "attachment:downloaded", "access:denied"}
    assert people[str(BOB)]["touches"][0]["origin"]["ip"] == "127.0.0.1"
    assert (people[str(BOB)]["has_access"], people[str(CAROL)]["has_access"]) == (False, True)
    assert people[str(CAROL)]["touches"] == []
    html = (await owner.get(f"/incident/{sealed}/report.html")).text
    for words in (
        "NHS number: 3 different",
        "Downloaded attachment 1",
        "72 hours",
        "Has not opened",
    ):
        assert words in html
    assert "one recipient had opened it, and one recipient downloaded or printed from it" in html
    assert "&lt;b&gt;Bob" in html
    assert "<b>Bob" not in html


async def test_the_pdf_says_the_same(
    sealed: str, sign_in: SignIn, clock: TurnedClock, site: Site
) -> None:
    await happened(sealed, sign_in, clock)
    owner = await sign_in(AUTHOR)
    body = await owner.get(f"/incident/{sealed}/report.pdf")
    assert body.headers["Content-Type"] == "application/pdf"
    assert body.headers["Content-Disposition"].startswith("attachment")
    pages = pypdf.PdfReader(io.BytesIO(body.body)).pages
    text = " ".join(" ".join(one.extract_text() for one in pages).split())
    for words in ("NHS number: 3 different", str(BOB), "Information Commissioner", "<b>Bob"):
        assert words in text


async def test_neither_subject_nor_content_is_in_it(
    sealed: str, sign_in: SignIn, clock: TurnedClock
) -> None:
    await happened(sealed, sign_in, clock)
    owner = await sign_in(AUTHOR)
    for form in ("json", "html"):
        text = (await owner.get(f"/incident/{sealed}/report.{form}")).text
        for word in ("Annual review", "Report.pdf", "Dear Bob"):
            assert word not in text
    shown = (await owner.get(f"/sent/{sealed}")).text
    assert "Annual review" in shown  # the control: the mail does have one


async def test_owner_and_officer_are_told_once_and_both_may_have_it(
    sealed: str, sign_in: SignIn, clock: TurnedClock, site: Site
) -> None:
    await happened(sealed, sign_in, clock)
    owner = await sign_in(AUTHOR)
    await owner.post(f"/sent/{sealed}/revoke", {})  # from everybody, within the hour
    row = tables.outbox.c
    with site.store.reading() as tx:
        wanted = select(row.address).where(row.kind == Kind.INCIDENT, row.package_id == sealed)
        told = list(tx.execute(wanted.order_by(row.queued_at)).scalars())
    assert sorted(told) == sorted(map(str, (AUTHOR, OFFICER)))
    for one in (AUTHOR, OFFICER):
        browser = await sign_in(one)
        answer = await browser.get(f"/incident/{sealed}")
        assert answer.status == 200
        assert f"/incident/{sealed}/report.pdf" in answer.text


async def test_there_is_none_for_others_nor_before_anything_was_withdrawn(
    sealed: str, sign_in: SignIn, clock: TurnedClock
) -> None:
    for one in (AUTHOR, OFFICER):
        browser = await sign_in(one)
        assert (await browser.get(f"/incident/{sealed}")).status == 404
    await happened(sealed, sign_in, clock)
    for one in (BOB, CAROL, EVE):
        browser = await sign_in(one)
        for path in ("", "/report.pdf"):
            assert (await browser.get(f"/incident/{sealed}{path}")).status == 404


async def test_that_it_was_looked_at_is_on_record(
    sealed: str, sign_in: SignIn, clock: TurnedClock, site: Site
) -> None:
    await happened(sealed, sign_in, clock)
    officer = await sign_in(OFFICER)
    await officer.get(f"/incident/{sealed}/report.json")
    events = catalogue.timeline(site.store, AUTHOR, sealed)
    assert [one.actor for one in events if one.act == "incident:reported"] == [str(OFFICER)]


async def test_the_clock_runs_from_the_first_withdrawal(
    sealed: str, sign_in: SignIn, clock: TurnedClock, site: Site
) -> None:
    await happened(sealed, sign_in, clock)
    clock.ahead += timedelta(hours=80)
    found = incident.gather(site.store, sealed, by="x", origin=Origin())
    assert found.deadline - found.aware_at == timedelta(hours=72)
    told = report(found, site.organisation.name, zone(site))
    assert "that time has passed" in told.clock


def test_what_a_font_cannot_show_is_written_as_its_number() -> None:
    assert forms._shown("é€漢") == "é€[U+6F22]"
