"""Asking for access: what somebody may do who holds a link to a message that is not his.

Promises the same page for every identifier, invented or real.
"""

from __future__ import annotations

from aiohttp import web

from vault.packages import requests
from webreader.pages import page
from webreader.site import SITE, came_from, in_thread
from webreader.visits import reader


async def ask(request: web.Request) -> web.Response:
    """POST /p/{package}/ask."""
    site = request.app[SITE]
    await in_thread(
        request,
        requests.ask,
        site.store,
        site.sealing,
        reader(request),
        request.match_info["package"],
        came_from(request),
    )
    return page(request, "asked.html")


ROUTES = [web.post("/p/{package:[a-z2-7]{26}}/ask", ask)]
