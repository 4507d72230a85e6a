"""The sender's side: seeing who has a message and changing it, and nobody else doing so."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from html import unescape
from urllib.parse import quote
from zoneinfo import ZoneInfo

import pytest
from aiohttp.web_routedef import RouteDef

from tests.webreader.browser import Answer, Browser
from tests.webreader.conftest import AUTHOR, BOB, EVE, Post, SignIn, TurnedClock
from vault.address import Address
from vault.contents.spool import Spool
from vault.errors import AccessDenied, Denial
from vault.origin import Origin
from vault.packages import catalogue, grants, requests
from vault.packages.catalogue import Line
from vault.packages.deposit import Deposit, GrantFor, Queued, Restrictions, Summary
from vault.packages.depositing import deposit
from vault.packages.retrieve import recheck, retrieve
from vault.sending import outbox
from vault.sending.outbox import Kind
from vault.trail.audit import Act
from webreader.managing import manage, sent
from webreader.managing.manage import DONE
from webreader.site import Site

COLLEAGUE = Address.parse("k.other@example.gov.uk")
CAROL = Address.parse("carol@school.example")
LONDON = ZoneInfo("Europe/London")
PLACE = Origin("192.0.2.7", "A browser")
Seal = Callable[..., str]


def opened(site: Site, who: Address, package: str, act: Act = Act.PACKAGE_OPENED) -> None:
    retrieve(site.store, site.opening, who, package, act, PLACE, "1")


def line(site: Site, package: str) -> Line:
    return catalogue.one(site.store, site.opening, AUTHOR, package)


def turn(clock: TurnedClock, when: datetime) -> None:
    clock.ahead = when.astimezone(UTC) - datetime.now(UTC)


def text_of(answer: Answer) -> str:
    """What a person reads: no tags, one space between words."""
    words = " ".join(re.sub(r"<[^>]+>", " ", answer.text.partition("<main")[2]).split())
    return words.replace(" ,", ",").replace(" .", ".")


def states(answer: Answer) -> list[str]:
    return re.findall(r'<span class="tag tag-[a-z]+">([^<]+)', answer.text)


async def act(browser: Browser, package: str, verb: str, **form: str) -> Answer:
    """Load the page, send one of its forms, and follow where it leads."""
    await browser.get(f"/sent/{package}")
    answer = await browser.post(f"/sent/{package}/{verb}", form)
    assert answer.status == 303, answer.text
    assert answer.location == f"/sent/{package}"
    return await browser.get(answer.location)


# --- the list --------------------------------------------------------------------------------


async def test_the_list_says_how_each_message_stands(
    site: Site, seal: Seal, sign_in: SignIn, clock: TurnedClock
) -> None:
    seal(subject="Never opened")
    both = seal(subject="To two", to=(BOB, CAROL))
    opened(site, BOB, both)
    grants.revoke(site.store, AUTHOR, seal(subject="Taken back"), None, Origin())
    seal(subject="Over", restrictions=Restrictions(expires_at=clock() + timedelta(hours=1)))
    clock.ahead += timedelta(hours=2)
    page = await (await sign_in(AUTHOR)).get("/sent")
    assert sorted(states(page)) == ["Expired", "Not opened yet", "Opened by 1 of 2", "Withdrawn"]
    assert "To bob@partner.example and carol@school.example" in text_of(page)


@pytest.mark.parametrize(
    ("search", "found"),
    [
        ("care", ["Care plan 100%"]),
        ("CARE 100%", ["Care plan 100%"]),
        ("bob@partner.example", ["Care plan 100%", "Under_score"]),
        ("%", ["Care plan 100%"]),
        ("_", ["Under_score"]),
        ("' OR 1=1 --", []),
        ("care score", []),
        ("\\", []),
        ("*", []),
        ("\0", ["Care plan 100%", "Under_score"]),
        ("  ", ["Care plan 100%", "Under_score"]),
        ("x" * 5000, []),
    ],
)
async def test_search_knows_no_patterns(
    seal: Seal, sign_in: SignIn, search: str, found: list[str]
) -> None:
    seal(subject="Care plan 100%")
    seal(subject="Under_score")
    browser = await sign_in(AUTHOR)
    page = await browser.get(f"/sent?q={quote(search)}")
    assert page.status == 200
    assert sorted(re.findall(r'mail-subject">([^<]+)', page.text)) == found


async def test_search_finds_a_reference_however_it_is_typed(
    site: Site, seal: Seal, sign_in: SignIn
) -> None:
    reference = line(site, seal()).package.reference
    seal(subject="Another")
    browser = await sign_in(AUTHOR)
    for typed in (reference, reference.lower(), reference.replace("-", ""), f" {reference[:4]} "):
        page = await browser.get(f"/sent?q={quote(typed)}")
        assert "1 message found" in text_of(page)


async def test_long_lists_have_pages_and_keep_the_search(seal: Seal, sign_in: SignIn) -> None:
    for number in range(30):
        seal(subject=f"Contract & co {number:02}")
    browser = await sign_in(AUTHOR)
    first = await browser.get("/sent?q=contract+%26")
    assert first.text.count("mail-subject") == 25
    link = re.search(r'rel="next" href="([^"]+)"', first.text)
    assert link
    second = await browser.get(link[1].replace("&amp;", "&"))
    assert second.text.count("mail-subject") == 5
    assert "Page 2" in text_of(second)
    assert (await browser.get("/sent?page=-1")).status == 200
    assert (await browser.get("/sent?page=999999")).text.count("mail-subject") == 5


async def test_a_message_from_a_colleague_is_not_in_the_list(seal: Seal, sign_in: SignIn) -> None:
    seal(subject="Private to Joanna")
    page = await (await sign_in(COLLEAGUE)).get("/sent")
    assert "Private to Joanna" not in page.text
    assert "You have not sent any sealed messages yet" in page.text


# --- one message -----------------------------------------------------------------------------


async def test_the_page_tells_what_happened(
    site: Site, seal: Seal, sign_in: SignIn, post: Post, clock: TurnedClock
) -> None:
    turn(clock, datetime(2026, 11, 3, 14, 2, 20, tzinfo=LONDON))
    package = seal(to=(BOB,), bcc=(CAROL,))
    opened(site, BOB, package)
    opened(site, BOB, package, Act.ATTACHMENT_DOWNLOADED)
    with pytest.raises(AccessDenied):
        opened(site, EVE, package)
    post.take()
    page = await (await sign_in(AUTHOR)).get(f"/sent/{package}")
    seen = text_of(page)
    assert "Tuesday 3 November 2026" in seen
    for told in (
        "14:02 GMT Sealed. Sent by you",
        "14:02 GMT Access given to bob@partner.example and carol@school.example",
        "14:02 GMT Opened by bob@partner.example, from 192.0.2.7",
        "14:02 GMT Attachment 1 downloaded by bob@partner.example, from 192.0.2.7",
        "14:02 GMT Turned away: eve@stranger.example tried to open it, from 192.0.2.7",
        "It was not sent to this address.",
        "14:02 GMT Notice sent to bob@partner.example",
        "First opened 3 November 2026 at 14:02 GMT",
        "1 download",
        "Blind copy: the other recipients do not see this address",
    ):
        assert told in seen, told


async def test_summer_is_told_in_summer_time(
    seal: Seal, sign_in: SignIn, clock: TurnedClock
) -> None:
    turn(clock, datetime(2027, 7, 1, 9, 30, tzinfo=LONDON))
    page = await (await sign_in(AUTHOR)).get(f"/sent/{seal()}")
    assert "1 July 2027 at 09:30 BST" in text_of(page)


async def test_a_notice_that_fails_is_told_with_the_words_of_the_mail_system(
    site: Site, seal: Seal, sign_in: SignIn, post: Post
) -> None:
    package = seal(to=(BOB, CAROL))
    for item in outbox.claim(site.store, post._keys, "test"):
        if item.to == BOB:
            answer = "550 5.1.1 <b>no such user</b>"
            outbox.give_up(site.store, site.sealing, item, answer)
        else:
            later = site.store.clock() + timedelta(minutes=15)
            outbox.postpone(site.store, item, "451 4.7.1 Greylisted", later)
    page = await (await sign_in(AUTHOR)).get(f"/sent/{package}")
    assert states(page)[:2] == ["Not delivered", "Notice delayed"]
    assert "550 5.1.1 &lt;b&gt;no such user&lt;/b&gt;" in page.text
    assert "451 4.7.1 Greylisted" in text_of(page)


async def test_clear_copies_are_shown_as_sent_without_sealing(
    site: Site, sign_in: SignIn, post: Post
) -> None:
    browser = await sign_in(AUTHOR)
    spool = Spool.of(site.store, b"Subject: x\r\n\r\nx\r\n")
    made = Deposit(
        spool=spool,
        author=AUTHOR,
        grants=(GrantFor(address=BOB),),
        queued=Queued(recipients=(COLLEAGUE,), return_path=AUTHOR),
        summary=Summary(subject="Mixed"),
    )
    package = deposit(site.store, site.sealing, made).package_id
    page = await browser.get(f"/sent/{package}")
    seen = text_of(page)
    assert "Sent without sealing" in seen
    assert "k.other@example.gov.uk Waiting to be sent" in seen
    assert "It cannot be withdrawn from them" in seen
    post.take()
    again = text_of(await browser.get(f"/sent/{package}"))
    assert "k.other@example.gov.uk Sent" in again
    assert "Copy sent without sealing to k.other@example.gov.uk" in again
    assert page.text.count("/revoke") == 1


async def test_withdrawing_from_one_and_giving_it_back(
    site: Site, seal: Seal, sign_in: SignIn, post: Post
) -> None:
    package = seal(to=(BOB, CAROL))
    post.take()
    browser = await sign_in(AUTHOR)
    page = await act(browser, package, "revoke", address=str(BOB))
    assert DONE["withdrawn"] in text_of(page)
    assert states(page) == ["Access withdrawn", "Not opened yet"]
    with pytest.raises(AccessDenied) as refused:
        recheck(site.store, BOB, package)
    assert refused.value.denial is Denial.REVOKED
    recheck(site.store, CAROL, package)

    page = await act(browser, package, "restore", address=str(BOB))
    assert DONE["restored"] in text_of(page)
    recheck(site.store, BOB, package)
    assert [letter.to for letter in post.take() if letter.kind is Kind.NOTICE] == [BOB]


async def test_withdrawing_from_everybody(site: Site, seal: Seal, sign_in: SignIn) -> None:
    package = seal(to=(BOB, CAROL))
    browser = await sign_in(AUTHOR)
    page = await act(browser, package, "revoke")
    assert "Nobody but you can open this message" in text_of(page)
    assert {grant.state for grant in line(site, package).grants} == {"revoked"}
    page = await act(browser, package, "restore")
    assert {grant.state for grant in line(site, package).grants} == {"active"}


async def test_what_was_done_is_said_once(seal: Seal, sign_in: SignIn) -> None:
    package = seal()
    browser = await sign_in(AUTHOR)
    page = await act(browser, package, "revoke")
    assert 'role="status"' in page.text
    again = await browser.get(f"/sent/{package}")
    assert 'role="status"' not in again.text


@pytest.mark.parametrize("word", ["<script>", "withdrawn2", "", "x" * 3000])
async def test_what_was_done_is_out_of_a_fixed_list(seal: Seal, sign_in: SignIn, word: str) -> None:
    browser = await sign_in(AUTHOR)
    browser.cookies["__Host-sealgate-done"] = word
    page = await browser.get(f"/sent/{seal()}")
    assert 'role="status"' not in page.text
    assert "<script" not in page.text


async def test_adding_a_recipient(site: Site, seal: Seal, sign_in: SignIn, post: Post) -> None:
    package = seal()
    post.take()
    browser = await sign_in(AUTHOR)
    page = await act(browser, package, "add", address=" Carol@School.Example ")
    assert DONE["added"] in text_of(page)
    added = Address.parse("Carol@school.example")
    recheck(site.store, added, package)
    assert [letter.to for letter in post.take() if letter.kind is Kind.NOTICE] == [added]
    page = await act(browser, package, "add", address="K.Other@EXAMPLE.gov.uk")
    recheck(site.store, COLLEAGUE, package)


@pytest.mark.parametrize(
    "typed",
    ["", "   ", "nobody", "a@b", "a@b@c.example", "<i>@x.example", '"><script>alert(1)</script>',
     "a\r\nBcc: b@c.example", "x" * 5000 + "@example.org", "a@[192.0.2.1]", "=cmd|'/c calc'!A0"],
)  # fmt: skip
async def test_what_is_no_address_is_said_to_be_none(
    site: Site, seal: Seal, sign_in: SignIn, typed: str
) -> None:
    package = seal()
    browser = await sign_in(AUTHOR)
    await browser.get(f"/sent/{package}")
    answer = await browser.post(f"/sent/{package}/add", {"address": typed})
    assert answer.status == 400
    assert "There is a problem" in text_of(answer)
    assert 'aria-invalid="true"' in answer.text
    assert "<script" not in answer.text
    assert "<i>" not in answer.text
    assert len(line(site, package).grants) == 1


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("someone@gmail.com", "this is a personal webmail address."),
        ("Someone@GMail.com", "this is a personal webmail address."),
        ("info@school.example", "this is a shared mailbox."),
    ],
)
async def test_whom_the_policy_refuses_is_not_added_either(
    site: Site, seal: Seal, sign_in: SignIn, post: Post, typed: str, said: str
) -> None:
    package, browser = seal(), await sign_in(AUTHOR)
    await browser.get(f"/sent/{package}")
    post.take()
    answer = await browser.post(f"/sent/{package}/add", {"address": typed})
    assert answer.status == 400
    assert f"This address cannot be used: {said}" in text_of(answer)
    assert [grant.address for grant in line(site, package).grants] == [BOB]
    assert post.take() == []


async def test_whom_the_policy_refuses_is_not_let_in_on_request(
    site: Site, seal: Seal, sign_in: SignIn, post: Post
) -> None:
    package, browser = seal(), await sign_in(AUTHOR)
    stranger = Address.parse("someone@gmail.com")
    requests.ask(site.store, site.sealing, stranger, package, PLACE)
    (waiting,) = requests.pending(site.store, AUTHOR, package)
    await browser.get(f"/sent/{package}")
    post.take()
    path = f"/sent/{package}/requests/{waiting.id}"
    answer = await browser.post(path, {"answer": "approve"})
    assert answer.status == 400
    assert "someone@gmail.com: this is a personal webmail address." in text_of(answer)
    assert [grant.address for grant in line(site, package).grants] == [BOB]
    assert (await browser.post(path, {"answer": "decline"})).status == 303
    assert requests.pending(site.store, AUTHOR, package) == []


async def test_the_policy_holds_for_whoever_is_let_in_later(
    site: Site, seal: Seal, sign_in: SignIn, post: Post
) -> None:
    """What may not be sent to an address may not be opened up to it afterwards."""
    package = seal()
    webmail = Address.parse("pat.private@gmail.com")
    requests.ask(site.store, site.sealing, webmail, package, PLACE)
    (waiting,) = requests.pending(site.store, AUTHOR)
    told = site.refusal(AUTHOR, webmail)
    assert told
    browser = await sign_in(AUTHOR)
    await browser.get(f"/sent/{package}")
    for path, form in (
        ("add", {"address": str(webmail)}),
        (f"requests/{waiting.id}", {"answer": "approve"}),
    ):
        answer = await browser.post(f"/sent/{package}/{path}", form)
        assert answer.status == 400
        assert told in unescape(text_of(answer))
    assert len(line(site, package).grants) == 1
    with pytest.raises(AccessDenied):
        recheck(site.store, webmail, package)
    page = await act(browser, package, f"requests/{waiting.id}", answer="decline")
    assert DONE["declined"] in text_of(page)


async def test_addresses_are_text(site: Site, seal: Seal, sign_in: SignIn) -> None:
    """An address may hold `'`, `&`, `=` and more: nothing of it becomes markup or a formula."""
    odd = [Address.parse(f"{local}@example.org") for local in ("o'neill&co", "=1+1", "a{{7*7}}b")]
    package = seal(to=tuple(odd))
    browser = await sign_in(AUTHOR)
    for path in ("/sent", f"/sent/{package}"):
        page = await browser.get(path)
        assert "o&#39;neill&amp;co@example.org" in page.text
        assert "o'neill" not in page.text
        assert "neill&co" not in page.text
        assert "a{{7*7}}b@example.org" in page.text
        assert "a49b" not in page.text
    for address in odd:
        await act(browser, package, "revoke", address=str(address))
    assert {grant.state for grant in line(site, package).grants} == {"revoked"}


async def test_subjects_are_text(seal: Seal, sign_in: SignIn) -> None:
    subject = '"><img src=x onerror=alert(1)>{{7*7}}'
    package = seal(subject=subject)
    browser = await sign_in(AUTHOR)
    for path in ("/sent", f"/sent/{package}", f"/sent?q={quote(subject)}"):
        page = await browser.get(path)
        assert "<img src=x" not in page.text
        assert "{{7*7}}" in page.text


async def test_changing_the_limit(
    site: Site, seal: Seal, sign_in: SignIn, clock: TurnedClock
) -> None:
    turn(clock, datetime(2026, 11, 3, 14, 0, tzinfo=LONDON))
    package = seal()
    browser = await sign_in(AUTHOR)
    page = await act(browser, package, "expiry", day="2027-06-30")
    assert "Available until 30 June 2027 at 23:59 BST" in text_of(page)
    assert 'value="2027-06-30"' in page.text
    page = await act(browser, package, "expiry", day="3/12/2026")
    assert "Available until 3 December 2026 at 23:59 GMT" in text_of(page)
    told = "Time limit changed from 30 June 2027 at 23:59 BST to 3 December 2026 at 23:59 GMT"
    assert told in text_of(page)
    page = await act(browser, package, "expiry", day="2026-12-03", never="yes")
    assert "Available until No time limit" in text_of(page)
    page = await act(browser, package, "expiry", day="2026-11-03")
    clock.ahead += timedelta(hours=10)
    with pytest.raises(AccessDenied):
        recheck(site.store, BOB, package)
    page = await (await sign_in(AUTHOR)).get(f"/sent/{package}")
    assert "The time limit has passed" in text_of(page)


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("", "Enter a date"),
        ("tomorrow", "Enter a date"),
        ("2026-13-01", "no such day"),
        ("31/2/2027", "no such day"),
        ("2020-01-01", "today or a later day"),
        ("9999-12-31", "within the next ten years"),
        ("0000-01-01", "no such day"),
        ("٢٠٢٧-٠١-٠١", "Enter a date"),
        ("2027-01-01'; DROP TABLE", "Enter a date"),
        ("9" * 5000, "Enter a date"),
    ],
)
async def test_what_is_no_day_is_said_to_be_none(
    site: Site, seal: Seal, sign_in: SignIn, typed: str, said: str
) -> None:
    package = seal()
    browser = await sign_in(AUTHOR)
    await browser.get(f"/sent/{package}")
    answer = await browser.post(f"/sent/{package}/expiry", {"day": typed})
    assert answer.status == 400
    assert said in text_of(answer)
    assert line(site, package).package.expires_at is None


async def test_more_requests_than_are_shown(
    site: Site, seal: Seal, sign_in: SignIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(requests, "MOST_SHOWN", 2)
    package = seal()
    for who in (EVE, CAROL, Address.parse("third@stranger.example")):
        requests.ask(site.store, site.sealing, who, package, PLACE)
    browser = await sign_in(AUTHOR)
    assert "2 requests and more for access wait for you" in text_of(await browser.get("/sent"))
    page = text_of(await browser.get(f"/sent/{package}"))
    assert "2 people and more ask for access" in page
    assert "third@stranger.example" not in page.partition("What has happened")[0]


async def test_answering_a_request(site: Site, seal: Seal, sign_in: SignIn, post: Post) -> None:
    package = seal()
    for who in (EVE, CAROL):
        requests.ask(site.store, site.sealing, who, package, PLACE)
    waiting = {each.requester: each.id for each in requests.pending(site.store, AUTHOR)}
    browser = await sign_in(AUTHOR)
    listed = await browser.get("/sent")
    assert "2 requests for access wait for you" in text_of(listed)
    post.take()

    page = await act(browser, package, f"requests/{waiting[CAROL]}", answer="approve")
    assert DONE["approved"] in text_of(page)
    recheck(site.store, CAROL, package)
    page = await act(browser, package, f"requests/{waiting[EVE]}", answer="decline")
    assert DONE["declined"] in text_of(page)
    with pytest.raises(AccessDenied):
        recheck(site.store, EVE, package)
    kinds = {(letter.kind, letter.to) for letter in post.take()}
    assert kinds == {(Kind.NOTICE, CAROL), (Kind.ACCESS_DECLINED, EVE)}

    page = await act(browser, package, f"requests/{waiting[EVE]}", answer="approve")
    assert 'role="status"' not in page.text
    assert "Request of eve@stranger.example declined" in text_of(page)


async def test_a_request_is_answered_only_through_its_own_message(
    site: Site, seal: Seal, sign_in: SignIn
) -> None:
    one, other = seal(subject="one"), seal(subject="other")
    requests.ask(site.store, site.sealing, EVE, one, PLACE)
    (waiting,) = requests.pending(site.store, AUTHOR)
    await act(await sign_in(AUTHOR), other, f"requests/{waiting.id}", answer="approve")
    with pytest.raises(AccessDenied):
        recheck(site.store, EVE, one)


async def test_an_answer_to_the_owner_is_managed_but_not_listed_as_sent(
    site: Site, sign_in: SignIn
) -> None:
    made = Deposit(
        spool=Spool.of(site.store, b"Subject: Re: x\r\n\r\nx\r\n"),
        author=BOB,
        owner=AUTHOR,
        grants=(GrantFor(address=AUTHOR, notify=False),),
        summary=Summary(subject="Re: the review"),
    )
    package = deposit(site.store, site.sealing, made).package_id
    browser = await sign_in(AUTHOR)
    assert "Re: the review" not in (await browser.get("/sent")).text
    assert "From bob@partner.example" in text_of(await browser.get(f"/sent/{package}"))


# --- everybody else --------------------------------------------------------------------------

ROUTES = [route for route in (*sent.ROUTES, *manage.ROUTES) if isinstance(route, RouteDef)]
UNKNOWN = "a" * 26


def paths(package: str, request: str) -> list[tuple[str, str]]:
    """Every page of the sender's side about one message, as (method, path)."""
    found = []
    for route in ROUTES:
        path = re.sub(r"\{package[^}]*\}+", package, route.path)
        path = re.sub(r"\{request[^}]*\}+", request, path)
        if "{" not in path and package in path:
            found.append((route.method, path))
    return found


def test_there_are_twins_for_every_route() -> None:
    assert len(paths(UNKNOWN, UNKNOWN)) == len(ROUTES) - 1 == 7


@pytest.mark.parametrize("who", [COLLEAGUE, BOB, EVE], ids=["colleague", "recipient", "stranger"])
async def test_nobody_else_manages_a_message(
    site: Site, seal: Seal, sign_in: SignIn, post: Post, who: Address
) -> None:
    package = seal()
    requests.ask(site.store, site.sealing, EVE, package, PLACE)
    (waiting,) = requests.pending(site.store, AUTHOR)
    browser = await sign_in(who)
    post.take()
    before = line(site, package)
    form = {"address": str(EVE), "day": "2030-01-01", "answer": "approve"}
    invented = dict(zip(paths(package, waiting.id), paths(UNKNOWN, UNKNOWN), strict=True))
    for (method, path), (_, twin) in invented.items():
        pages = []
        for wanted in (path, twin):
            if method == "GET":
                pages.append(await browser.get(wanted))
            else:
                await browser.get("/")
                pages.append(await browser.post(wanted, form))
        real, absent = pages
        assert (real.status, absent.status) == (404, 404), path
        same = absent.text.replace(UNKNOWN, package)
        assert re.sub(r'value="[0-9a-f]+"', "", real.text) == re.sub(r'value="[0-9a-f]+"', "", same)
        assert "Annual review" not in real.text
        assert line(site, package).package.reference not in real.text
    assert line(site, package) == before
    assert post.take() == []
    assert len(requests.pending(site.store, AUTHOR)) == 1


async def test_visitors_who_are_not_signed_in_get_the_sign_in_page(
    seal: Seal, browser: Browser
) -> None:
    package = seal()
    for method, path in [("GET", "/sent"), *paths(package, UNKNOWN)]:
        answer = await (browser.get(path) if method == "GET" else browser.post(path))
        if method == "GET":
            assert answer.status == 303
            assert answer.location.startswith("/signin")
        else:
            assert answer.status == 403


async def test_forms_without_the_token_change_nothing(
    site: Site, seal: Seal, sign_in: SignIn
) -> None:
    package = seal()
    browser = await sign_in(AUTHOR)
    before = line(site, package)
    for method, path in paths(package, UNKNOWN):
        if method == "POST":
            answer = await browser.post(path, {"csrf": "0" * 64, "address": str(EVE)})
            assert answer.status == 403, path
            answer = await browser.post(path, headers={"Sec-Fetch-Site": "cross-site"})
            assert answer.status == 403, path
    assert line(site, package) == before


async def test_looking_changes_nothing(site: Site, seal: Seal, sign_in: SignIn) -> None:
    package = seal()
    browser = await sign_in(AUTHOR)
    before = catalogue.timeline(site.store, AUTHOR, package)
    for path in ("/sent", f"/sent/{package}", f"/sent/{package}?done=withdrawn"):
        await browser.get(path)
        await browser.ask("HEAD", path)
    for _, path in paths(package, UNKNOWN)[1:]:
        assert (await browser.get(path)).status == 405
    assert catalogue.timeline(site.store, AUTHOR, package) == before


async def test_recipients_have_no_sender_pages(sign_in: SignIn) -> None:
    browser = await sign_in(BOB)
    home = await browser.get("/")
    assert 'href="/sent"' not in home.text
    assert (await browser.get("/sent")).status == 404
