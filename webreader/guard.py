"""What every request must pass and every response must carry, whatever page it is for.

Requests: our own `Host` only; HEAD is answered here and reaches no page; a form must come from our
own pages, carry the browser's token, and arrive in time. Responses: nothing may be cached, framed,
indexed or referred to, no script runs, and nothing is loaded from anywhere else.

Must never make an exception by the look of a path: exceptions are marked on the handler.
"""

from __future__ import annotations

import asyncio
import hmac
import re
import time
from typing import Final, TypeVar

import structlog
from aiohttp import hdrs, web
from aiohttp.typedefs import Handler

from webreader import visits
from webreader.site import SITE, came_from

log = structlog.get_logger()

PAGE_POLICY: Final = (
    "default-src 'none'; style-src 'self'; img-src 'self' data:; form-action 'self'; "
    "frame-src 'self'; frame-ancestors 'none'; base-uri 'none'"
)
HEADERS: Final = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": PAGE_POLICY,
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "Referrer-Policy": "no-referrer",
    "Strict-Transport-Security": "max-age=63072000",
    "X-Content-Type-Options": "nosniff",
    "X-Robots-Tag": "noindex, nofollow, noarchive",
}
FORM: Final = "application/x-www-form-urlencoded"
UTF_8: Final = "utf-8"
FORM_TOKEN: Final = "csrf"  # noqa: S105 - the name of the field, not a secret

OWN_TARGET: Final = re.compile(r"/(?!/)")

Page = TypeVar("Page", bound=Handler)
_STREAMED: set[Handler] = set()
_OPEN: set[Handler] = set()


class Forged(Exception):
    """A form that did not come from a page we gave to this browser."""


def streamed(handler: Page) -> Page:
    """Mark a page that moves large bodies: it keeps its own time and checks its own token."""
    _STREAMED.add(handler)
    return handler


def plain(handler: Page) -> Page:
    """Mark a resource without visitor: no session is looked up, and any `Host` may ask."""
    _OPEN.add(handler)
    return handler


async def add_headers(_request: web.Request, response: web.StreamResponse) -> None:
    """Give a response the headers of the site; a page's own, stricter ones stay."""
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    response.headers.popall(hdrs.SERVER, None)


@web.middleware
async def record(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Log a request by the page's pattern: identifiers and queries stay out of logs."""
    started = time.monotonic()
    status = 0
    try:
        response = await handler(request)
        status = response.status
        return response
    finally:
        resource = request.match_info.route.resource
        log.info(
            "web.request",
            method=request.method if request.method in hdrs.METH_ALL else "other",
            page=resource.canonical if resource else "none",
            status=status,
            milliseconds=round((time.monotonic() - started) * 1000),
            peer=came_from(request).ip,
        )


@web.middleware
async def check(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Let a request through to its page, or answer it here."""
    page = request.match_info.handler
    if page in _OPEN:
        return await handler(request)
    _our_host(request)
    if request.match_info.http_exception is not None:
        return await handler(request)
    if request.method == hdrs.METH_HEAD:
        return web.Response(content_type="text/html", charset="utf-8")
    if page in _STREAMED:
        request[visits.VISITOR] = await visits.recognise(request)
        return await handler(request)
    async with asyncio.timeout(request.app[SITE].settings.request_seconds):
        request[visits.VISITOR] = await visits.recognise(request)
        if request.method == hdrs.METH_POST:
            await _our_form(request)
        return await handler(request)


def verify(request: web.Request, token: object) -> None:
    """Check where a form came from and the token it carries. Raises `Forged`."""
    _our_origin(request)
    site = request.app[SITE]
    expected = request[visits.VISITOR].csrf(site.secret)
    given = token if isinstance(token, str) else ""
    if not hmac.compare_digest(given.encode("utf-8", "replace"), expected.encode()):
        raise Forged


async def _our_form(request: web.Request) -> None:
    if request.content_type != FORM or hdrs.CONTENT_ENCODING in request.headers:
        raise web.HTTPUnsupportedMediaType
    if (request.charset or UTF_8).lower() != UTF_8:  # aiohttp would look any name up in Python
        raise web.HTTPUnsupportedMediaType
    try:
        form = await request.post()
    except UnicodeDecodeError:
        raise web.HTTPBadRequest from None
    verify(request, form.get(FORM_TOKEN))


def _our_host(request: web.Request) -> None:
    """Refuse requests for another host, also when hidden in an absolute request target.

    RFC 9110 section 7.4: 421 when a server will not answer for the authority it was asked for.
    """
    if not OWN_TARGET.match(request.raw_path):
        raise web.HTTPBadRequest
    if request.headers.get(hdrs.HOST, "").lower() != request.app[SITE].host:
        raise web.HTTPMisdirectedRequest


def _our_origin(request: web.Request) -> None:
    """Refuse a form that a browser says comes from elsewhere.

    With `Referrer-Policy: no-referrer` browsers send `Origin: null` with our own forms, so the
    modern header decides where there is one. A browser too old for it is held by the token alone.
    """
    fetched = request.headers.get("Sec-Fetch-Site")
    origin = request.headers.get(hdrs.ORIGIN, "null").lower()
    if fetched not in (None, "same-origin"):
        raise Forged
    if origin not in ("null", request.app[SITE].origin):
        raise Forged
