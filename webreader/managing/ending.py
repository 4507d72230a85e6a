"""The end of a sent message: the certificate that its content was destroyed, to see and to save.

Promises it to the message's owner alone, and the same answer for a message that is not theirs and
for one that has no certificate.
"""

from __future__ import annotations

import json

from aiohttp import hdrs, web

from vault.ending import certificate, destroying
from webreader.content import filenames
from webreader.managing.sent import manager
from webreader.pages import page
from webreader.reading.download import POLICY
from webreader.site import SITE, in_thread


async def show(request: web.Request) -> web.Response:
    """GET /sent/{package}/certificate: the certificate in words."""
    signed = await _certificate(request)
    whole = json.loads(signed)
    return page(
        request,
        "certificate.html",
        fate=certificate.read(signed),
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


ROUTES = [
    web.get("/sent/{package:[a-z2-7]{26}}/certificate", show),
    web.get("/sent/{package:[a-z2-7]{26}}/certificate.json", save),
]
