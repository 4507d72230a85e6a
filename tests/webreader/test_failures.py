from __future__ import annotations

import inspect
import json
from collections.abc import Callable
from datetime import timedelta

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from structlog.testing import capture_logs

from tests.webreader.browser import Browser
from tests.webreader.conftest import BOB, HOST, SignIn, mail
from vault import errors
from vault.storage.store import Store
from webreader.app import make_app
from webreader.failures import FAILURES
from webreader.site import Site

MARKER = "XyzzyMarker4711"


def every_error() -> list[type[errors.VaultError]]:
    found = [kind for _, kind in inspect.getmembers(errors, inspect.isclass)]
    return [kind for kind in found if issubclass(kind, errors.VaultError)]


@pytest.mark.parametrize("kind", every_error())
def test_every_error_of_the_vault_has_an_answer(kind: type[errors.VaultError]) -> None:
    if kind not in (errors.VaultError, errors.AccessDenied):  # the root, and a page of its own
        assert kind in FAILURES


@pytest.mark.parametrize(
    ("error", "status", "said"),
    [
        (errors.StoreUnavailable(MARKER), 503, "not available for the moment"),
        (errors.Tampered(), 500, "This message cannot be opened"),
        (errors.TooMany(timedelta(seconds=90)), 429, "Too many attempts"),
        (errors.AddressError(MARKER), 400, "That address cannot be used"),
        (errors.AccessDenied(errors.Denial.UNKNOWN), 404, "not available to you"),
        (RuntimeError(MARKER), 500, "Something went wrong on our side"),
        (TimeoutError(MARKER), 408, "That took too long"),
        (web.HTTPFound("https://evil.example"), 400, "cannot be understood"),
    ],
)
async def test_what_goes_wrong_is_told_without_its_message(
    site: Site, error: Exception, status: int, said: str
) -> None:
    async def broken(_request: web.Request) -> web.Response:
        raise error

    app = make_app(site)
    app.router.add_get("/broken", broken)
    async with TestServer(app) as server:
        browser = Browser(server, HOST)
        with capture_logs() as logs:
            answer = await browser.get("/broken")
        await browser.close()
    assert answer.status == status
    assert said in answer.text
    assert MARKER not in answer.text
    assert MARKER not in json.dumps(logs, default=str)
    assert "evil" not in answer.headers.get("Location", "")
    assert ("Retry-After" in answer.headers) == (status == 429)
    assert any(one["event"] == "web.failed" for one in logs) == (status >= 500)


async def test_a_failing_database_is_said_to_be_temporary(
    sign_in: SignIn, seal: Callable[..., str], store: Store
) -> None:
    package = seal()
    browser = await sign_in(BOB)
    store.close()
    (store.settings.folder / "sealgate.sqlite").write_bytes(b"no database" * 500)
    for path in (f"/p/{package}", "/", "/signin"):
        answer = await browser.get(path)
        assert answer.status == 503
        assert "Your messages are safe" in answer.text


async def test_logs_name_no_package_no_query_and_no_person(
    sign_in: SignIn, seal: Callable[..., str]
) -> None:
    package = seal(mail(MARKER, text=MARKER), subject=MARKER)
    with capture_logs() as logs:
        browser = await sign_in(BOB)
        for path in (f"/p/{package}", f"/p/{package}/body", f"/?page=1&x={MARKER}", f"/{MARKER}"):
            await browser.get(path)
    written = json.dumps(logs, default=str)
    assert "/p/{package}" in written
    for secret in (package, MARKER, str(BOB), *browser.cookies.values()):
        assert secret not in written
