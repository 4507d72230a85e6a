"""Every route, asked by everybody who should not: the list is the router's own.

A route without an expectation fails here, so nobody adds a page without saying who may use it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import aiohttp
import pytest
from aiohttp import hdrs, web

from tests.webreader.browser import Answer, Browser
from tests.webreader.conftest import AUTHOR, BOB, EVE, SignIn
from vault.origin import Origin
from vault.packages import requests
from webreader.app import AREAS, make_app
from webreader.site import Site

Seal = Callable[..., str]
UNREAL = "a" * 26


@dataclass(frozen=True)
class Expected:
    """What others get. `anonymous` and `stranger` are statuses; `multipart` says how it is sent."""

    anonymous: int
    stranger: int
    multipart: bool = False


OPEN = Expected(200, 200)
MINE = Expected(303, 404)
EXPECTED = {
    ("GET", "/"): Expected(303, 200),
    ("GET", "/signin"): Expected(200, 303),
    ("POST", "/signin"): Expected(400, 400),
    ("GET", "/signin/code"): Expected(303, 303),
    ("POST", "/signin/code"): Expected(400, 400),
    ("POST", "/signout"): OPEN,
    ("GET", "/healthz"): OPEN,
    ("GET", "/static/{name}"): Expected(404, 404),
    ("GET", "/p/{package}"): MINE,
    ("GET", "/p/{package}/body"): MINE,
    ("GET", "/p/{package}/print"): MINE,
    ("GET", "/p/{package}/a/{number}"): MINE,
    ("GET", "/p/{package}/original.eml"): MINE,
    ("GET", "/p/{package}/reply"): MINE,
    ("POST", "/p/{package}/reply"): Expected(403, 404, multipart=True),
    ("POST", "/p/{package}/ask"): Expected(403, 200),
    ("POST", "/p/{package}/unlock"): Expected(403, 400),  # no words: the same for everybody
    ("GET", "/sent"): MINE,  # a stranger is not of the organisation
    ("GET", "/sent/{package}"): MINE,
    ("POST", "/sent/{package}/revoke"): Expected(403, 404),
    ("POST", "/sent/{package}/restore"): Expected(403, 404),
    ("POST", "/sent/{package}/add"): Expected(403, 404),
    ("POST", "/sent/{package}/correct"): Expected(403, 404),
    ("POST", "/sent/{package}/expiry"): Expected(403, 404),
    ("GET", "/sent/{package}/lock"): MINE,
    ("POST", "/sent/{package}/lock"): Expected(403, 404),
    ("GET", "/sent/{package}/destroy"): MINE,
    ("POST", "/sent/{package}/destroy"): Expected(403, 404),
    ("POST", "/sent/{package}/requests/{request}"): Expected(403, 404),
    ("GET", "/sent/{package}/certificate"): MINE,
    ("GET", "/sent/{package}/certificate.json"): MINE,
    ("GET", "/incident/{package}"): MINE,
    ("GET", "/incident/{package}/report.{form}"): MINE,
    ("GET", "/held"): Expected(303, 200),  # an approver may be of another organisation
    ("GET", "/held/{hold}"): MINE,
    ("POST", "/held/{hold}"): Expected(403, 404),
    ("GET", "/held/{hold}/body"): MINE,
    ("GET", "/held/{hold}/a/{number}"): MINE,
    ("POST", "/held/{hold}/withdraw"): Expected(403, 404),
    ("POST", "/held/{hold}/approve"): Expected(403, 404),
    ("POST", "/held/{hold}/refuse"): Expected(403, 404),
}
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND")


def _routes() -> list[tuple[str, str]]:
    """Return method and pattern of every route but the automatic HEAD."""
    app = web.Application()
    for area in AREAS:
        app.add_routes(area.ROUTES)
    found = [(one.method, one.resource.canonical) for one in app.router.routes() if one.resource]
    return [route for route in found if route[0] != hdrs.METH_HEAD]


ROUTES = _routes()


def filled(pattern: str, package: str, request: str = UNREAL) -> str:
    """Return a path of a pattern."""
    values = {"package": package, "number": "1", "name": "none", "request": request}
    values |= {"hold": package, "form": "pdf"}
    return pattern.format(**values)


async def use(browser: Browser, method: str, path: str, *, multipart: bool = False) -> Answer:
    """Ask as the site's own page would."""
    if method == "GET":
        return await browser.get(path)
    if not multipart:
        return await browser.post(path, {"address": "", "action": "approve", "expires": ""})
    form = aiohttp.FormData(default_to_multipart=True)
    for name, value in (("csrf", browser.token), ("draft", "0" * 32), ("message", "hello")):
        form.add_field(name, value)
    return await browser.post(path, form)


def test_every_route_of_the_site_is_asked(site: Site) -> None:
    assert set(ROUTES) <= set(EXPECTED)
    served = {
        (one.method, one.resource.canonical if one.resource else "")
        for one in make_app(site).router.routes()
    }
    assert {route for route in served if route[0] != hdrs.METH_HEAD} == set(ROUTES)


@pytest.mark.parametrize(("method", "pattern"), ROUTES)
async def test_nobody_gets_what_is_not_his(
    site: Site, seal: Seal, sign_in: SignIn, browser: Browser, method: str, pattern: str
) -> None:
    package = seal()
    requests.ask(site.store, site.sealing, BOB, package, Origin())
    expected = EXPECTED[method, pattern]
    await browser.get("/signin")
    eve = await sign_in(EVE)
    for visitor, status in ((browser, expected.anonymous), (eve, expected.stranger)):
        paths = sorted({filled(pattern, package), filled(pattern, UNREAL)})
        answers = [await use(visitor, method, path, multipart=expected.multipart) for path in paths]
        assert {answer.status for answer in answers} == {status}
        shown = {answer.text.replace(package, "").replace(UNREAL, "") for answer in answers}
        assert len(shown) == 1
        for secret in ("Annual review", str(BOB), "Whitfield"):
            assert secret not in answers[0].text


@pytest.mark.parametrize(("method", "pattern"), [key for key in ROUTES if key[0] == "POST"])
async def test_no_form_is_taken_without_its_token(
    seal: Seal, sign_in: SignIn, method: str, pattern: str
) -> None:
    package = seal()
    for address in (BOB, AUTHOR):
        browser = await sign_in(address)
        browser.token = ""
        expected = EXPECTED[method, pattern]
        path = filled(pattern, package)
        answer = await use(browser, method, path, multipart=expected.multipart)
        assert answer.status == 403
        assert "could not tell" in answer.text


async def test_no_route_knows_another_method(site: Site, seal: Seal, sign_in: SignIn) -> None:
    package, browser = seal(), await sign_in(BOB)
    known: dict[str, set[str]] = {}
    for method, pattern in ROUTES:
        known.setdefault(pattern, set()).add(method)
    for pattern, methods in known.items():
        for method in METHODS:
            if method not in methods:
                answer = await browser.ask(method, filled(pattern, package))
                assert answer.status in {400, 405}, (method, pattern)
