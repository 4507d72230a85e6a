"""The end of a sent message: having its content destroyed at once, and the certificate of that.

Promises both to the message's owner alone; the same answer for a message that is not theirs and for
one that has no certificate; and the same words whatever stands against destroying it, for a legal
hold may be about the owner.
"""

from __future__ import annotations

import json
from typing import Final

from aiohttp import hdrs, web

from vault.ending import certificate, demand, destroying
from vault.ending.demand import StillNeeded
from vault.ending.destroying import Cause
from vault.errors import Denial
from vault.packages import catalogue
from webreader.content import filenames
from webreader.managing.sent import manager
from webreader.pages import page, redirect
from webreader.reading.download import POLICY
from webreader.site import SITE, came_from, in_thread

AGAINST: Final = (
    "It was not destroyed: something needs it still, such as a copy that has not been sent yet. "
    "You can withdraw access at once, and try this again later."
)
WHY: Final[dict[str, str]] = {
    Cause.EXPIRED: "Its time limit had passed, and the time for which it is kept afterwards",
    Cause.RETENTION: "It had been kept for as long as the policy says",
    Cause.SENDER: "Who managed it had it destroyed",
    Cause.ADMINISTRATOR: "An administrator had it destroyed",
}


async def confirm(request: web.Request) -> web.Response:
    """GET /sent/{package}/destroy: what that means, and the button that does it."""
    site, owner, package = request.app[SITE], manager(request), request.match_info["package"]
    if not site.store.settings.senders_destroy:
        raise web.HTTPNotFound
    line = await in_thread(request, catalogue.one, site.store, site.opening, owner, package)
    if line.package.denial is Denial.DESTROYED:
        return redirect(f"/sent/{package}")
    return page(request, "destroy.html", package=line.package, error="")


async def destroy(request: web.Request) -> web.Response:
    """POST /sent/{package}/destroy: for good; the message's page then says that it is."""
    site, owner, package = request.app[SITE], manager(request), request.match_info["package"]
    try:
        await in_thread(request, demand.by_owner, site.store, owner, package, came_from(request))
    except StillNeeded:
        line = await in_thread(request, catalogue.one, site.store, site.opening, owner, package)
        return page(request, "destroy.html", status=409, package=line.package, error=AGAINST)
    return redirect(f"/sent/{package}")


async def show(request: web.Request) -> web.Response:
    """GET /sent/{package}/certificate: the certificate in words."""
    signed = await _certificate(request)
    whole, fate = json.loads(signed), certificate.read(signed)
    return page(
        request,
        "certificate.html",
        fate=fate,
        why=WHY.get(fate.cause, fate.cause),
        key=whole["key"],
        signature=whole["signature"],
    )


async def save(request: web.Request) -> web.Response:
    """GET /sent/{package}/certificate.json: the certificate as it can be checked."""
    signed = await _certificate(request)
    name = f"destruction-{certificate.read(signed).reference}.json"
    return web.Response(
        body=signed,
        headers={
            hdrs.CONTENT_TYPE: "application/json",
            hdrs.CONTENT_DISPOSITION: filenames.disposition(name),
            hdrs.CONTENT_SECURITY_POLICY: POLICY,
        },
    )


async def _certificate(request: web.Request) -> bytes:
    owner, package_id = manager(request), request.match_info["package"]
    found = await in_thread(request, destroying.fate, request.app[SITE].store, owner, package_id)
    if found is None or found.certificate is None:
        raise web.HTTPNotFound
    return found.certificate


PACKAGE: Final = "/sent/{package:[a-z2-7]{26}}"
ROUTES = [
    web.get(f"{PACKAGE}/destroy", confirm),
    web.post(f"{PACKAGE}/destroy", destroy),
    web.get(f"{PACKAGE}/certificate", show),
    web.get(f"{PACKAGE}/certificate.json", save),
]
