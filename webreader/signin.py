"""Signing in: an address is typed, a code is mailed to it, the code is typed here.

Promises that a link never signs anyone in, that every address gets the same answer whether we know
it or not, and that a code works only in the browser that asked for it. Whoever signs in gets a new
session; afterwards he is sent on only to pages of this site.
"""

from __future__ import annotations

import base64
import binascii
import re
from datetime import timedelta
from typing import Final
from urllib.parse import quote

from aiohttp import web

from vault.address import Address
from vault.errors import AddressError, CodeRefused, TooMany
from vault.people import codes, sessions
from webreader import cookies
from webreader.pages import page, redirect
from webreader.site import SITE, came_from, in_thread
from webreader.visits import VISITOR

HOME: Final = "/"
NEXT: Final = re.compile(
    r"/(?:p/[a-z2-7]{26}(?:/print|/reply)?|incident/[a-z2-7]{26}|(?:sent|held)(?:/[a-z2-7]{26})?)?"
)
CODE: Final = re.compile(r"[0-9]{8}")
BETWEEN_DIGITS: Final = re.compile(r"[\s.\u2010-\u2015-]+")
TYPING_SECONDS: Final = 30 * 60
LONGEST_ADDRESS: Final = 320
HOUR: Final = 60


def sign_in_path(wanted: str) -> str:
    """Return the address of the sign-in page that leads to `wanted` afterwards."""
    wanted = allowed(wanted)
    return "/signin" if wanted == HOME else f"/signin?next={quote(wanted, safe='/')}"


def allowed(wanted: object) -> str:
    """Return `wanted` if it is a page a visitor may be sent on to, else the home page."""
    return wanted if isinstance(wanted, str) and NEXT.fullmatch(wanted) else HOME


async def show(request: web.Request) -> web.Response:
    """GET /signin."""
    wanted = allowed(request.query.get("next"))
    if request[VISITOR].session:
        return redirect(wanted)
    return page(request, "signin.html", address="", error="", next=wanted)


async def ask(request: web.Request) -> web.Response:
    """POST /signin: mail a code to the address, or to nobody; the answer is the same."""
    form = await request.post()
    typed = str(form.get("address", "")).strip()
    wanted = allowed(form.get("next"))
    error, status = "", 400
    try:
        address = Address.parse(typed[:LONGEST_ADDRESS])
        await _ask(request, address)
    except AddressError:
        error = "Enter your email address, for example name@example.org"
    except TooMany as many:
        error, status = f"Too many codes were asked for. Please wait {wait(many)}.", 429
    if error:
        facts = {"address": typed[:LONGEST_ADDRESS], "error": error, "next": wanted}
        return page(request, "signin.html", status=status, **facts)
    response = redirect("/signin/code")
    cookies.put(response, cookies.SIGN_IN, _pack(str(address), wanted), TYPING_SECONDS)
    return response


async def show_code(request: web.Request) -> web.Response:
    """GET /signin/code."""
    address, wanted = _unpack(request.cookies.get(cookies.SIGN_IN, ""))
    if request[VISITOR].session:
        return redirect(wanted)
    if not address:
        return redirect(sign_in_path(wanted))
    return page(request, "code.html", address=address, next=wanted, error="")


async def enter_code(request: web.Request) -> web.Response:
    """POST /signin/code: begin a session, if the code is right."""
    address, wanted = _unpack(request.cookies.get(cookies.SIGN_IN, ""))
    typed = str((await request.post()).get("code", ""))
    code = BETWEEN_DIGITS.sub("", typed)
    status = 400
    try:
        if not CODE.fullmatch(code):
            error = "Enter the code from the email. It has 8 digits."
        else:
            return await _begin(request, code, wanted)
    except CodeRefused:
        error = (
            "That code was not accepted. Check the digits. A code works once, for 10 minutes, "
            "and only in the browser that asked for it."
        )
    except TooMany as many:
        error, status = f"Too many attempts. Please wait {wait(many)}.", 429
    return page(request, "code.html", status=status, address=address, next=wanted, error=error)


async def leave(request: web.Request) -> web.Response:
    """POST /signout: end the session here and in the browser."""
    visitor = request[VISITOR]
    if visitor.session:
        await in_thread(request, sessions.end, request.app[SITE].store, visitor.session_cookie)
    response = page(request, "signed_out.html", identity=None)
    cookies.drop(response, cookies.SESSION)
    response.headers["Clear-Site-Data"] = '"cache", "cookies", "storage"'
    return response


def wait(many: TooMany) -> str:
    """Say how long to wait, rounded up to what people count in."""
    minutes = -(-many.retry_after // timedelta(minutes=1))
    if minutes <= 1:
        return "a minute"
    return f"{minutes} minutes" if minutes <= HOUR else f"{-(-minutes // HOUR)} hours"


async def _ask(request: web.Request, address: Address) -> None:
    site = request.app[SITE]
    visit = bytes.fromhex(request[VISITOR].visit)
    own = address.homely(site.organisation.domains)
    await in_thread(
        request, codes.ask, site.store, site.sealing, site.secret, own, visit, came_from(request)
    )


async def _begin(request: web.Request, code: str, wanted: str) -> web.Response:
    site = request.app[SITE]
    visit = bytes.fromhex(request[VISITOR].visit)
    origin = came_from(request)
    identity = await in_thread(request, codes.answer, site.store, site.secret, visit, code, origin)
    old = request[VISITOR].session_cookie
    if old:
        await in_thread(request, sessions.end, site.store, old)
    token = await in_thread(request, sessions.begin, site.store, identity, origin)
    response = redirect(wanted)
    cookies.put(response, cookies.SESSION, token)
    cookies.drop(response, cookies.VISIT)
    cookies.drop(response, cookies.SIGN_IN)
    return response


def _pack(address: str, wanted: str) -> str:
    """Remember what was typed; the browser may change it, so `_unpack` trusts none of it."""
    return base64.urlsafe_b64encode(f"{wanted}\n{address}".encode()).decode()


def _unpack(cookie: str) -> tuple[str, str]:
    try:
        wanted, _, address = base64.urlsafe_b64decode(cookie.encode()).decode().partition("\n")
        return str(Address.parse(address)), allowed(wanted)
    except (AddressError, binascii.Error, ValueError):
        return "", HOME


ROUTES = [
    web.get("/signin", show),
    web.post("/signin", ask),
    web.get("/signin/code", show_code),
    web.post("/signin/code", enter_code),
    web.post("/signout", leave),
]
