"""The pages of a message's end: hours, more time, destruction and its certificate."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import aiohttp
import pytest

from tests.webreader.conftest import (
    AUTHOR,
    BOB,
    EVE,
    FREE,
    Post,
    SignIn,
    TurnedClock,
    mail,
)
from vault.ending import certificate, certifying, destroying, legal
from vault.keys import signing
from vault.packages.hours import OpenHours
from vault.sending import outbox
from webreader.site import Site

Seal = Callable[..., str]
DAY = timedelta(days=1)


@pytest.fixture(scope="module")
def key(tmp_path_factory: pytest.TempPathFactory) -> signing.SigningKey:
    return signing.make(tmp_path_factory.mktemp("signing"))


@pytest.fixture
def short(seal: Seal, site: Site) -> Callable[[], str]:
    """Seal a message that can be opened for a day, and is kept for ten more."""

    def act() -> str:
        ends = site.store.clock() + DAY
        return seal(restrictions=replace(FREE, expires_at=ends, kept_after_expiry=10 * DAY))

    return act


def destroy(site: Site, key: signing.SigningKey, *, certify: bool = True) -> None:
    assert destroying.destroy(site.store) == 1
    if certify:
        assert certifying.finish(site.store, lambda: key, "Example County Council") == 1


async def test_a_destroyed_message_says_so_to_everybody_who_knew_it(
    sign_in: SignIn,
    short: Callable[[], str],
    site: Site,
    clock: TurnedClock,
    key: signing.SigningKey,
) -> None:
    package = short()
    clock.ahead = 12 * DAY
    destroy(site, key, certify=False)
    bob, owner, eve = await sign_in(BOB), await sign_in(AUTHOR), await sign_in(EVE)
    for browser in (bob, owner):
        answer = await browser.get(f"/p/{package}")
        assert answer.status == 403
        assert "This message has been destroyed" in answer.text
        assert "Ask for" not in answer.text
    assert (await eve.get(f"/p/{package}")).status == 404
    assert "Destroyed" in (await bob.get("/")).text
    assert "Destroyed" in (await owner.get("/sent")).text
    page = (await owner.get(f"/sent/{package}")).text
    assert "nobody can open it any more" in page
    assert "as soon as no trace of it is left" in page
    assert "Content destroyed" in page
    for act in ("revoke", "restore", "add", "expiry", "correct"):
        assert f"/sent/{package}/{act}" not in page
    answer = await owner.post(f"/sent/{package}/expiry", {"day": "2030-01-01"})
    assert answer.status == 403
    assert "This message has been destroyed" in answer.text


async def test_its_sender_sees_and_saves_the_certificate(
    sign_in: SignIn,
    short: Callable[[], str],
    site: Site,
    clock: TurnedClock,
    key: signing.SigningKey,
) -> None:
    package = short()
    owner = await sign_in(AUTHOR)
    assert (await owner.get(f"/sent/{package}/certificate")).status == 404
    clock.ahead = 12 * DAY
    destroy(site, key)
    owner = await sign_in(AUTHOR)
    assert f"/sent/{package}/certificate" in (await owner.get(f"/sent/{package}")).text
    page = await owner.get(f"/sent/{package}/certificate")
    assert page.status == 200
    assert "Certificate of destruction" in page.text
    assert key.public.id in page.text
    saved = await owner.get(f"/sent/{package}/certificate.json")
    assert saved.headers["Content-Type"] == "application/json"
    assert saved.headers["Content-Disposition"].startswith('attachment; filename="destruction-')
    assert certificate.verify(saved.body, key.public).package_id == package
    assert "Annual review" not in page.text + saved.text
    bob = await sign_in(BOB)
    for path in ("certificate", "certificate.json"):
        assert (await bob.get(f"/sent/{package}/{path}")).status == 404


async def test_its_sender_destroys_a_message_at_once(
    sign_in: SignIn, seal: Seal, site: Site, key: signing.SigningKey
) -> None:
    package = seal()
    bob, owner = await sign_in(BOB), await sign_in(AUTHOR)
    for path in (f"/p/{package}", f"/sent/{package}"):
        assert (await owner.get(path)).status == 200
    assert f"/sent/{package}/destroy" in (await owner.get(f"/sent/{package}")).text
    form = await owner.get(f"/sent/{package}/destroy")
    assert "Destroy it for good" in form.text
    assert "Annual review" not in form.text
    assert (await bob.get(f"/sent/{package}/destroy")).status == 404
    assert (await bob.post(f"/sent/{package}/destroy")).status == 404
    forged = await owner.post(f"/sent/{package}/destroy", {"csrf": "x" * len(owner.token)})
    assert forged.status == 403
    assert (await bob.get(f"/p/{package}")).status == 200  # neither has done anything
    done = await owner.post(f"/sent/{package}/destroy")
    assert (done.status, done.location) == (303, f"/sent/{package}")
    assert "nobody can open it any more" in (await owner.get(done.location)).text
    for browser in (bob, owner):
        assert "has been destroyed" in (await browser.get(f"/p/{package}")).text
    assert certifying.finish(site.store, lambda: key, "Example County Council") == 1
    proof = await owner.get(f"/sent/{package}/certificate")
    assert "Who managed it had it destroyed" in proof.text
    again = await owner.get(f"/sent/{package}/destroy")
    assert (again.status, again.location) == (303, f"/sent/{package}")


async def test_what_stands_against_destroying_is_not_told(
    sign_in: SignIn, seal: Seal, site: Site
) -> None:
    """A legal hold may be about the sender: they read what they would read of a waiting copy."""
    owner, bob = await sign_in(AUTHOR), await sign_in(BOB)
    held, waits = seal(), seal(mail() + b"\r\n", queued=(EVE,))
    legal.place(site.store, held, "ruth", "Tribunal against the sender")
    answers = [await owner.post(f"/sent/{package}/destroy") for package in (held, waits)]
    first, second = (
        re.sub(r"[A-Z0-9]{4}-[A-Z0-9]{4}|[a-z2-7]{26}", "", answer.text) for answer in answers
    )
    assert [answer.status for answer in answers] == [409, 409]
    assert "It was not destroyed" in first
    assert first == second
    page = (await owner.get(f"/sent/{held}")).text
    assert "Tribunal" not in page
    assert "ot destroyed" not in page
    assert (await bob.get(f"/p/{held}")).status == 200


async def test_where_administrators_destroy_senders_are_not_offered_it(
    sign_in: SignIn, seal: Seal, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = seal()
    strict = site.store.settings.model_copy(update={"senders_destroy": False})
    monkeypatch.setattr(site.store, "settings", strict)
    owner = await sign_in(AUTHOR)
    assert "/destroy" not in (await owner.get(f"/sent/{package}")).text
    assert (await owner.get(f"/sent/{package}/destroy")).status == 404
    assert (await owner.post(f"/sent/{package}/destroy")).status == 404
    assert (await owner.get(f"/p/{package}")).status == 200


async def test_who_comes_late_gets_more_time(
    sign_in: SignIn, short: Callable[[], str], clock: TurnedClock, post: Post
) -> None:
    package = short()
    clock.ahead = 2 * DAY
    bob = await sign_in(BOB)
    answer = await bob.get(f"/p/{package}")
    assert "Ask for more time" in answer.text
    assert "Your request is on its way" in (await bob.post(f"/p/{package}/ask")).text
    (letter,) = [one for one in post.take() if one.kind is outbox.Kind.ACCESS_REQUEST]
    assert letter.fields["expired_at"]
    owner = await sign_in(AUTHOR)
    page = (await owner.get(f"/sent/{package}")).text
    assert "Give more time" in page
    assert "Kept until" in page
    request = page.split(f"/sent/{package}/requests/")[1][:26]
    wrong = await owner.post(
        f"/sent/{package}/requests/{request}", {"answer": "approve", "until": "yesterday"}
    )
    assert wrong.status == 400
    assert "Enter a date" in wrong.text
    until = (datetime.now(UTC) + 20 * DAY).date().isoformat()
    done = await owner.post(
        f"/sent/{package}/requests/{request}", {"answer": "approve", "until": until}
    )
    assert done.status == 303
    assert "More time has been given" in (await owner.get(done.location)).text
    assert (await bob.get(f"/p/{package}")).status == 200
    assert [one.to for one in post.take() if one.kind is outbox.Kind.NOTICE] == [BOB]


async def test_outside_its_hours_the_page_says_when_it_opens_again(
    sign_in: SignIn, seal: Seal, clock: TurnedClock
) -> None:
    hours = OpenHours.parse("Mon-Sun 08:00-18:00 Europe/London")
    package = seal(restrictions=replace(FREE, open_hours=hours))
    now = datetime.now(UTC)
    clock.ahead = now.replace(hour=23, minute=0) - now
    if clock.ahead < timedelta():
        clock.ahead += DAY
    bob, owner = await sign_in(BOB), await sign_in(AUTHOR)
    answer = await bob.get(f"/p/{package}")
    assert answer.status == 403
    assert "This message is closed at this hour" in answer.text
    opens = hours.next_opening(clock())
    assert opens is not None
    assert f'datetime="{opens.isoformat()}"' in answer.text
    assert "Ask for" not in answer.text
    assert (await owner.get(f"/p/{package}")).status == 200
    assert "08:00 to 18:00 (UK time)" in (await owner.get(f"/sent/{package}")).text
    clock.ahead += timedelta(hours=12)
    bob = await sign_in(BOB)
    page = await bob.get(f"/p/{package}")
    assert page.status == 200
    assert "Monday to Sunday, 08:00 to 18:00 (UK time)" in page.text


async def test_before_its_time_the_page_says_when(sign_in: SignIn, seal: Seal, site: Site) -> None:
    opens = site.store.clock() + DAY
    package = seal(restrictions=replace(FREE, not_before=opens))
    answer = await (await sign_in(BOB)).get(f"/p/{package}")
    assert "This message is not available yet" in answer.text
    assert f'datetime="{opens.isoformat()}"' in answer.text


async def test_a_legal_hold_is_not_shown_to_the_sender(
    sign_in: SignIn, short: Callable[[], str], site: Site
) -> None:
    package = short()
    legal.place(site.store, package, "ruth", "Tribunal against the sender")
    page = (await (await sign_in(AUTHOR)).get(f"/sent/{package}")).text
    assert "Tribunal" not in page
    assert "egal hold" not in page


@pytest.mark.parametrize(
    "path", ["a/1", "original.eml", "print", "a/1?download=1", "original.eml?x=1"]
)
async def test_of_what_is_view_only_no_route_gives_a_copy(
    sign_in: SignIn, seal: Seal, path: str
) -> None:
    """By raw requests, whatever the page offers; with the methods that a browser knows."""
    raw = mail(html="<p>Dear Bob</p>", files=(("a.pdf", b"%PDF-1.7 the papers"),))
    package = seal(raw, restrictions=replace(FREE, view_only=True, protection="high"))
    free = seal(raw + b"\r\n")
    bob, owner = await sign_in(BOB), await sign_in(AUTHOR)
    for method in ("GET", "HEAD", "POST"):
        answer = await bob.ask(method, f"/p/{package}/{path}")
        assert answer.status in {200, 403, 404, 405}
        assert b"the papers" not in answer.body
        assert b"Dear" not in answer.body
        assert "Content-Disposition" not in answer.headers
    ranged = await bob.get(f"/p/{package}/{path}", headers={"Range": "bytes=0-4"})
    assert ranged.status == 404
    assert (await bob.get(f"/p/{free}/{path}")).status == 200  # the control
    assert (await owner.get(f"/p/{package}/{path}")).status == 200


async def test_what_is_view_only_offers_no_copy_and_its_answers_quote_nothing(
    sign_in: SignIn, seal: Seal, site: Site, post: Post
) -> None:
    raw = mail(text="the secret of the house", files=(("a.pdf", b"x"),))
    package = seal(raw, restrictions=replace(FREE, view_only=True, protection="high"))
    post.take()
    bob = await sign_in(BOB)
    page = await bob.get(f"/p/{package}")
    assert "/a/1" not in page.text
    assert "original.eml" not in page.text
    assert "/print" not in page.text
    assert "High" in page.text  # the protection level is shown
    form = await bob.get(f"/p/{package}/reply")
    assert "the secret of the house" not in form.text
    draft = form.text.split('name="draft" value="')[1].partition('"')[0]
    data = aiohttp.FormData()
    for name, value in (("csrf", bob.token), ("draft", draft), ("message", "Thank you.")):
        data.add_field(name, value)
    data.add_field("files", b"", filename="", content_type="application/octet-stream")
    sent = await bob.post(f"/p/{package}/reply", data)
    assert sent.status == 303, sent.text
    (copy,) = [one for one in post.take() if one.kind is outbox.Kind.RELAY]
    assert b"Thank you." in copy.data
    assert b"the secret of the house" not in copy.data
    assert json.dumps(copy.fields).find("secret of the house") == -1
