"""Held mails on the site: the list, and the page on which their sender mends one.

Promises that only the sender and whoever was asked to approve get here, that what is released is
what the policy was asked about, and that a form sent twice sends one mail.
Must never act on a mail that has changed since the page was made: its revision tells.
"""

from __future__ import annotations

from functools import partial
from typing import Final

from aiohttp import hdrs, web

from vault.address import Address
from vault.contents.spool import Spool
from vault.errors import AccessDenied, Denial, NotHeld, Outdated
from vault.hold import approval
from vault.hold import lists as vault_held
from vault.hold import settling as holds
from vault.hold.lists import Held, HoldFacts, Role
from vault.hold.slip import Slip
from vault.origin import Origin
from webreader import cookies
from webreader.content.message import view
from webreader.guard import streamed
from webreader.holding.heldview import HeldView, first_subject, held_view
from webreader.holding.mendform import Typed, mend, typed
from webreader.holding.rehearing import CANNOT_MEND, Hearing, deposit_for, filled, hear, warn
from webreader.managing.timeline import by_day, tell
from webreader.pages import page, redirect, zone
from webreader.reading import attachments, download
from webreader.reading.read import BODY_POLICY
from webreader.site import SITE, Site, came_from, in_thread
from webreader.visits import reader

DONE_SECONDS: Final = 60
DONE: Final = {
    "sent": ("good", "The message is on its way."),
    "asked": ("good", "Approval has been asked for. You get an email when it is decided."),
    "withdrawn": ("good", "You have taken the message back. It was deleted, and nobody gets it."),
    "approved": ("good", "You have approved the message. It is on its way; its sender is told."),
    "refused": ("good", "You have refused the message. It was deleted, and its sender is told."),
    "still": ("warn", "Saved, but not sent: what is written below still stands in the way."),
    "free": (
        "good",
        "Saved. Nothing stands in the way any more: you can send it without approval.",
    ),
    "blocked": ("warn", "Not sent: what is written below stands in the way of approval as well."),
    "nobody": ("warn", "Saved. Approval would not be enough for this message as it is now."),
}
Errors = tuple[tuple[str, str], ...]


async def listed(request: web.Request) -> web.Response:
    """GET /held: what waits for the visitor, and what became of the rest."""
    site, identity = request.app[SITE], reader(request)
    lines = await in_thread(request, vault_held.listed, site.store, site.opening, identity)
    return page(
        request,
        "held.html",
        mine=[line for line in lines if line.hold.role is Role.OWNER and line.hold.waits],
        asked=[line for line in lines if line.hold.role is Role.APPROVER and line.hold.waits],
        settled=[line for line in lines if not line.hold.waits],
    )


async def show(request: web.Request) -> web.Response:
    """GET /held/{hold}: the page to mend or approve a held mail, or what became of it."""
    return await shown(request)


async def body(request: web.Request) -> web.Response:
    """GET /held/{hold}/body: the text of a held mail, for the frame of its page."""
    opened = await in_thread(request, inspected, *asked(request))
    seen = await in_thread(request, view, opened.read)
    response = page(request, "body.html", body=seen.body.html, is_plain=seen.body.kind == "text")
    response.headers[hdrs.CONTENT_SECURITY_POLICY] = BODY_POLICY
    return response


@streamed
async def attachment(request: web.Request) -> web.StreamResponse:
    """GET /held/{hold}/a/{number}: one attachment of a held mail, decoded."""
    site, identity, hold_id, origin = asked(request)
    number = int(request.match_info["number"])
    opened = await in_thread(request, inspected, site, identity, hold_id, origin, str(number))
    try:
        found = await in_thread(request, attachments.attachment, opened.read, number)
    except attachments.NoSuchAttachment:
        raise web.HTTPNotFound from None
    response = download.saved(found.attachment.name)
    response.content_length = found.attachment.size
    still = partial(vault_held.still, site.store, identity, hold_id)
    return await download.send(request, response, found.chunks, still)


async def change(request: web.Request) -> web.Response:
    """POST /held/{hold}: save what was typed; then send it, or ask for approval."""
    site, identity, hold_id, origin = asked(request)
    form = await request.post()
    said, wish = typed(form), str(form.get("do", ""))
    opened = await in_thread(request, inspected, site, identity, hold_id, origin)
    as_owner(opened.hold)
    same_revision(opened.hold, form.get("revision"))
    seen = await in_thread(request, view, opened.read)
    own = site.organisation.domains
    slip, errors = mend(opened.slip, said, first_subject(opened, seen), own)
    if errors:
        return await shown(request, said, tuple(errors))
    try:
        done = await in_thread(request, _changed, site, opened, slip, wish, origin)
    except _Unmendable:
        return await shown(request, said, (("subject", CANNOT_MEND),))
    return back(hold_id, done)


async def withdraw(request: web.Request) -> web.Response:
    """POST /held/{hold}/withdraw: take it back."""
    site, identity, hold_id, origin = asked(request)
    await in_thread(request, holds.withdraw, site.store, identity, hold_id, origin)
    return back(hold_id, "withdrawn")


class _Unmendable(Exception):
    """The subject cannot be changed; nothing was saved."""


def _changed(site: Site, opened: Held, slip: Slip, wish: str, origin: Origin) -> str:
    """Save, ask the policy, and do what is wished if it agrees; return what was done. Blocks."""
    heard = hear(site, opened, slip)
    if heard.problem == CANNOT_MEND:
        raise _Unmendable
    hold = opened.hold
    revision = hold.revision
    if slip != opened.slip:
        act = (site.store, site.sealing, hold.owner, hold.id, revision)
        new = [one for one in slip.confirmed if one not in opened.slip.confirmed]
        revision = holds.fix(*act, slip, origin, new)
    if wish == "ask":
        return _asked(site, hold, revision, heard, origin)
    if not heard.may_go:
        return "still"
    with Spool(site.store) as spool:
        heard = filled(spool, opened, heard, site, origin)
        wanted = deposit_for(opened, heard, spool, site, origin)
        act = (site.store, site.sealing, hold.owner, hold.id, revision)
        receipt = holds.release(*act, wanted, origin)
    warn(site, hold.owner, heard, receipt)
    return "sent"


def _asked(site: Site, hold: HoldFacts, revision: int, heard: Hearing, origin: Origin) -> str:
    if heard.may_go:
        return "free"
    own = site.organisation.domains
    whom = [approver.homely(own) for approver in heard.approvers]
    act = (site.store, site.sealing, hold.owner, hold.id, revision)
    return "asked" if approval.ask(*act, whom, origin) else "nobody"


# What the approver's acts share


def asked(request: web.Request) -> tuple[Site, Address, str, Origin]:
    """Return site, visitor, held mail and place of a request. Raises SignInNeeded."""
    return request.app[SITE], reader(request), request.match_info["hold"], came_from(request)


def inspected(
    site: Site, identity: Address, hold_id: str, origin: Origin, detail: str = ""
) -> Held:
    """Open a held mail, on record. Blocks. Raises AccessDenied, NotHeld."""
    return vault_held.inspect(site.store, site.opening, identity, hold_id, origin, detail)


def as_owner(hold: HoldFacts) -> None:
    """Make sure that it is its sender who acts. Raises AccessDenied(UNKNOWN)."""
    if hold.role is not Role.OWNER:
        raise AccessDenied(Denial.UNKNOWN)


def same_revision(hold: HoldFacts, given: object) -> None:
    """Make sure that the form is of the mail as it is now. Raises Outdated."""
    if given != str(hold.revision):
        raise Outdated


def back(hold_id: str, word: str) -> web.Response:
    """Send the browser back to the page, which then says what was done."""
    response = redirect(f"/held/{hold_id}")
    cookies.put(response, cookies.DONE, word, DONE_SECONDS)
    return response


async def shown(
    request: web.Request, said: Typed | None = None, errors: Errors = ()
) -> web.Response:
    """Return the page of a held mail, or of one that is settled."""
    site, identity, hold_id, origin = asked(request)
    done = DONE.get(request.cookies.get(cookies.DONE, ""), ("", "")) if not errors else ("", "")
    try:
        seen = await in_thread(request, _seen, site, identity, hold_id, origin, said)
    except NotHeld:
        response = await _settled(request, done)
    else:
        name, status = "held_mail.html", 400 if errors else 200
        response = page(request, name, status=status, held=seen, errors=errors, done=done)
    if cookies.DONE in request.cookies:
        cookies.drop(response, cookies.DONE)
    return response


def _seen(
    site: Site, identity: Address, hold_id: str, origin: Origin, said: Typed | None
) -> HeldView:
    opened = inspected(site, identity, hold_id, origin)
    heard, approved = hear(site, opened, opened.slip), None
    if opened.hold.role is Role.APPROVER:
        approved = hear(site, opened, opened.slip, identity)
    events = vault_held.timeline(site.store, identity, hold_id)
    seen = view(opened.read)
    return held_view(site, identity, opened, heard, seen, events, said, approved)


async def _settled(request: web.Request, done: tuple[str, str]) -> web.Response:
    site, identity, hold_id, _ = asked(request)
    hold = await in_thread(request, vault_held.find, site.store, identity, hold_id)
    events = await in_thread(request, vault_held.timeline, site.store, identity, hold_id)
    said = await in_thread(request, vault_held.answer, site.store, site.opening, identity, hold_id)
    days = by_day(tell(events, identity), zone(site))
    return page(
        request,
        "held_settled.html",
        hold=hold,
        is_owner=hold.role is Role.OWNER,
        days=days,
        answer=said,
        done=done,
    )


HOLD: Final = "/held/{hold:[a-z2-7]{26}}"
ROUTES = [
    web.get("/held", listed),
    web.get(HOLD, show),
    web.post(HOLD, change),
    web.get(f"{HOLD}/body", body),
    web.get(HOLD + "/a/{number:[1-9][0-9]{0,3}}", attachment),
    web.post(f"{HOLD}/withdraw", withdraw),
]
