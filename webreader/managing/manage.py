"""One sent message: who has it, what has happened to it, and everything its sender can do about it.

Each act is a form of its own that is answered by sending the browser back to the page, so that a
page loaded again repeats nothing. The page then says what was done; what was done is one word in a
cookie, out of a fixed list, and holds nothing of the message.

Must never act for anybody but the owner: every call says who is asking, and the vault decides.
Must never let in whom the policy would have refused as a recipient of any mail.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from functools import partial
from typing import Final

from aiohttp import web

from vault.address import Address
from vault.errors import AddressError
from vault.packages import catalogue, grants, requests
from webreader import cookies
from webreader.managing.limits import Unusable, day_of, limit_of
from webreader.managing.managed import Typed, gather
from webreader.managing.sent import is_over, manager
from webreader.pages import page, redirect, zone
from webreader.site import SITE, Site, came_from, in_thread

LONGEST_TYPED: Final = 320  # characters of an address
DONE_SECONDS: Final = 60
MORE_TIME: Final = timedelta(days=14)  # what the page proposes to one who asks for more
DONE: Final = {
    "withdrawn": "Access has been withdrawn. From now on they cannot open the message, and a "
    "download that was under way has been cut off.",
    "restored": "Access has been given back.",
    "corrected": "The address has been corrected. The right recipient gets an email; the wrong "
    "address can no longer open the message.",
    "added": "The recipient has been added and gets an email.",
    "limit": "The time limit has been changed.",
    "approved": "Access has been given. The person who asked gets an email.",
    "extended": "More time has been given, for all recipients. The person who asked gets an email.",
    "declined": "The request has been declined. The person who asked gets an email.",
}


async def show(request: web.Request) -> web.Response:
    """GET /sent/{package}."""
    return await _page(request, Typed())


async def withdraw(request: web.Request) -> web.Response:
    """POST /sent/{package}/revoke: from one recipient, or without an address from all."""
    site, owner, package = _asked(request)
    address = await _chosen(request)
    revoke = partial(grants.revoke, sealing=site.sealing, officer=site.organisation.officer)
    await in_thread(request, revoke, site.store, owner, package, address, came_from(request))
    return _done(package, "withdrawn")


async def give_back(request: web.Request) -> web.Response:
    """POST /sent/{package}/restore: to one recipient, or without an address to all."""
    site, owner, package = _asked(request)
    address = await _chosen(request)
    whose = (site.store, site.sealing, owner, package)
    await in_thread(request, grants.restore, *whose, address, came_from(request))
    return _done(package, "restored")


async def add(request: web.Request) -> web.Response:
    """POST /sent/{package}/add: let one more address open it, if the policy allows that."""
    site, owner, package = _asked(request)
    typed = _typed(await request.post(), "address")
    try:
        address = _admissible(site, owner, typed)
    except Unusable as wrong:
        return await _page(request, Typed(address=typed, errors=(("address", str(wrong)),)))
    whose = (site.store, site.sealing, owner, package)
    await in_thread(request, grants.add, *whose, address, came_from(request))
    return _done(package, "added")


async def correct(request: web.Request) -> web.Response:
    """POST /sent/{package}/correct: the same message for another address instead of a wrong one.

    The right address is held to the policy as one that is added.
    """
    site, owner, package = _asked(request)
    form = await request.post()
    typed, mistaken = _typed(form, "address"), None
    try:
        mistaken = Address.parse(_typed(form, "mistaken"))
        address = _admissible(site, owner, typed, mistaken)
    except (AddressError, Unusable) as wrong:
        errors = (("right", str(wrong)),)
        return await _page(request, Typed(mistaken=mistaken, right=typed, errors=errors))
    whose = (site.store, site.sealing, owner, package)
    await in_thread(request, grants.correct, *whose, mistaken, address, came_from(request))
    return _done(package, "corrected")


async def change_limit(request: web.Request) -> web.Response:
    """POST /sent/{package}/expiry: until the end of a day, or without a limit."""
    site, owner, package = _asked(request)
    form = await request.post()
    typed = str(form.get("day", ""))[:LONGEST_TYPED]
    try:
        limit = None if "never" in form else limit_of(typed, zone(site), site.store.clock())
    except Unusable as wrong:
        return await _page(request, Typed(day=typed, errors=(("day", str(wrong)),)))
    origin = came_from(request)
    await in_thread(request, grants.extend, site.store, owner, package, limit, origin)
    return _done(package, "limit")


async def answer(request: web.Request) -> web.Response:
    """POST /sent/{package}/requests/{request}: let somebody in who asked, or not.

    Of a message that has expired the form says until when it is to be open again. A request that
    has been answered meanwhile is left alone, and the page shows how it stands.
    """
    site, owner, package = _asked(request)
    line = await in_thread(request, catalogue.one, site.store, site.opening, owner, package)
    waiting = await in_thread(request, requests.pending, site.store, owner, package)
    asking = {each.id: each.requester for each in waiting}
    wanted = request.match_info["request"]
    form = await request.post()
    chosen, origin = form.get("answer"), came_from(request)
    if wanted not in asking or chosen not in {"approve", "decline"}:
        return redirect(f"/sent/{package}")
    whose = (site.store, site.sealing, owner, wanted, origin)
    if chosen == "decline":
        await in_thread(request, requests.decline, *whose)
        return _done(package, "declined")
    if refusal := site.refusal(owner, asking[wanted]):
        error = f"{asking[wanted]}: {refusal}"
        return await _page(request, Typed(errors=(("address", error),)))
    until = None
    if is_over(line, site.store.clock()):
        typed = _typed(form, "until")
        try:
            until = limit_of(typed, zone(site), site.store.clock())
        except Unusable as wrong:
            return await _page(request, Typed(until=typed, errors=(("until", str(wrong)),)))
    await in_thread(request, requests.approve, *whose, until=until)
    return _done(package, "extended" if until else "approved")


def _typed(form: Mapping[str, object], name: str) -> str:
    return str(form.get(name, "")).strip()[:LONGEST_TYPED]


def _admissible(site: Site, owner: Address, typed: str, mistaken: Address | None = None) -> Address:
    """Return an address that the policy lets in. Raises Unusable with a sentence for the page."""
    try:
        address = Address.parse(typed).homely(site.organisation.domains)
    except AddressError as wrong:
        reason = f"This address cannot be used: {wrong.reason}"
        raise Unusable(reason if typed else "Enter an address") from wrong
    if refusal := site.refusal(owner, address):
        raise Unusable(f"This address cannot be used: {refusal}")
    if address == mistaken:
        raise Unusable("This is the address that did not work. Enter another one")
    return address


def _asked(request: web.Request) -> tuple[Site, Address, str]:
    return request.app[SITE], manager(request), request.match_info["package"]


async def _chosen(request: web.Request) -> Address | None:
    """Return the recipient a form is about, None for all of them. Raises AddressError."""
    text = str((await request.post()).get("address", ""))
    return Address.parse(text[:LONGEST_TYPED]) if text else None


async def _page(request: web.Request, typed: Typed) -> web.Response:
    site, owner, package = _asked(request)
    managed = await in_thread(request, gather, site, owner, package)
    local = zone(site)
    limit = managed.package.expires_at
    response = page(
        request,
        "sent_package.html",
        status=400 if typed.errors else 200,
        sent=managed,
        done=DONE.get(request.cookies.get(cookies.DONE, ""), "") if not typed.errors else "",
        errors=typed.errors,
        address=typed.address,
        mistaken=typed.mistaken,
        right=typed.right,
        day=typed.day if typed.day is not None else day_of(limit, local),
        today=day_of(site.store.clock(), local),
        until=typed.until or day_of(site.store.clock() + MORE_TIME, local),
    )
    if cookies.DONE in request.cookies:
        cookies.drop(response, cookies.DONE)
    return response


def _done(package: str, word: str) -> web.Response:
    """Send the browser back to the page, which then says what was done."""
    response = redirect(f"/sent/{package}")
    cookies.put(response, cookies.DONE, word, DONE_SECONDS)
    return response


PACKAGE: Final = "/sent/{package:[a-z2-7]{26}}"
ROUTES = [
    web.get(PACKAGE, show),
    web.post(f"{PACKAGE}/revoke", withdraw),
    web.post(f"{PACKAGE}/restore", give_back),
    web.post(f"{PACKAGE}/add", add),
    web.post(f"{PACKAGE}/correct", correct),
    web.post(f"{PACKAGE}/expiry", change_limit),
    web.post(PACKAGE + "/requests/{request:[a-z2-7]{26}}", answer),
]
