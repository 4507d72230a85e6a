"""Deciding about somebody else's held mail: an approver lets it go, or refuses it with a reason.

Promises that approval is asked of the policy once more when it is given: it lifts the rules that
name this approver, and nothing else.
"""

from __future__ import annotations

from typing import Final

from aiohttp import web

from vault.address import Address
from vault.contents.spool import Spool
from vault.errors import AccessDenied, Denial
from vault.hold import approval
from vault.hold.lists import Held, Role
from vault.origin import Origin
from webreader.content.names import visible
from webreader.holding.held import HOLD, asked, back, inspected, same_revision, shown
from webreader.holding.rehearing import deposit_for, filled, hear, warn
from webreader.site import Site, in_thread

LONGEST_REASON: Final = 1000
NO_REASON: Final = "Say why, so that the sender knows what to do"


async def approve(request: web.Request) -> web.Response:
    """POST /held/{hold}/approve: send it as its sender left it."""
    site, identity, hold_id, origin = asked(request)
    form = await request.post()
    opened = await in_thread(request, inspected, site, identity, hold_id, origin)
    _as_approver(opened)
    same_revision(opened.hold, form.get("revision"))
    done = await in_thread(request, _approved, site, identity, opened, origin)
    return back(hold_id, done)


async def refuse(request: web.Request) -> web.Response:
    """POST /held/{hold}/refuse: nobody gets it."""
    site, identity, hold_id, origin = asked(request)
    form = await request.post()
    opened = await in_thread(request, inspected, site, identity, hold_id, origin)
    _as_approver(opened)
    same_revision(opened.hold, form.get("revision"))
    reason = visible(str(form.get("reason", "")))[:LONGEST_REASON]
    if not reason:
        return await shown(request, errors=(("reason", NO_REASON),))
    act = (site.store, site.sealing, identity, hold_id, opened.hold.revision)
    await in_thread(request, approval.decline, *act, reason, origin)
    return back(hold_id, "refused")


def _approved(site: Site, approver: Address, opened: Held, origin: Origin) -> str:
    heard = hear(site, opened, opened.slip, approver)
    if not heard.may_go:
        return "blocked"
    with Spool(site.store) as spool:
        heard = filled(spool, opened, heard, site, origin)
        wanted = deposit_for(opened, heard, spool, site, origin)
        hold = opened.hold
        act = (site.store, site.sealing, approver, hold.id, hold.revision)
        receipt = approval.approve(*act, wanted, origin)
    warn(site, hold.owner, heard, receipt)
    return "approved"


def _as_approver(opened: Held) -> None:
    if opened.hold.role is not Role.APPROVER:
        raise AccessDenied(Denial.UNKNOWN)


ROUTES = [
    web.post(f"{HOLD}/approve", approve),
    web.post(f"{HOLD}/refuse", refuse),
]
