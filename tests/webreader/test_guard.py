from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest
from aiohttp.test_utils import TestServer

from tests.webreader.browser import Browser
from tests.webreader.conftest import BOB, HOST, SignIn
from webreader.guard import HEADERS
from webreader.reading.download import POLICY as DOWNLOAD_POLICY
from webreader.site import Site

EXACT = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; img-src 'self' data:; form-action 'self'; "
        "frame-src 'self'; frame-ancestors 'none'; base-uri 'none'"
    ),
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "Referrer-Policy": "no-referrer",
    "Strict-Transport-Security": "max-age=63072000",
    "X-Content-Type-Options": "nosniff",
    "X-Robots-Tag": "noindex, nofollow, noarchive",
}
FRAMING = {"Content-Type", "Content-Length", "Date", "Set-Cookie", "Location", "Allow"}


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/signin", 200),
        ("HEAD", "/signin", 200),
        ("GET", "/", 303),
        ("GET", "/nowhere", 404),
        ("DELETE", "/signin", 405),
        ("POST", "/signin", 403),
        ("GET", "/p/" + "a" * 26, 303),
        ("GET", "/healthz", 200),
    ],
)
async def test_every_answer_carries_exactly_these_headers(
    browser: Browser, method: str, path: str, status: int
) -> None:
    form = {"csrf": "wrong"} if method == "POST" else None
    answer = await browser.ask(method, path, data=form)
    assert answer.status == status
    found = {name: value for name, value in answer.headers.items() if name not in FRAMING}
    assert found == EXACT == HEADERS


async def test_the_style_sheet_may_be_kept_and_nothing_else(browser: Browser) -> None:
    answer = await browser.get("/static/site.css")
    assert answer.headers["Cache-Control"] == "public, max-age=86400"
    assert answer.headers["Content-Type"].startswith("text/css")
    for path in ("/static/", "/static/../app.py", "/static/%2e%2e/app.py", "/static/site.css/x"):
        assert (await browser.get(path)).status == 404


@pytest.mark.parametrize(
    "host", ["evil.example", f"{HOST}.evil.example", f"{HOST}:8443", "", f"evil@{HOST}"]
)
@pytest.mark.parametrize("path", ["/", "/signin", "/nowhere", "/p/" + "a" * 26])
async def test_another_host_is_misdirected(browser: Browser, host: str, path: str) -> None:
    answer = await browser.get(path, headers={"Host": host, "X-Forwarded-Host": HOST})
    assert answer.status == 421
    assert "evil" not in answer.text
    assert not browser.cookies


async def test_the_host_is_judged_without_case(browser: Browser) -> None:
    assert (await browser.get("/signin", headers={"Host": HOST.upper()})).status == 200


@pytest.mark.parametrize(
    "target", ["https://evil.example/signin", f"https://{HOST}/signin", "//evil.example/signin"]
)
async def test_an_absolute_target_is_refused(server: TestServer, target: str) -> None:
    answer = await raw(server, f"GET {target} HTTP/1.1\r\nHost: {HOST}\r\n\r\n")
    assert b" 400 " in answer.splitlines()[0]
    assert b"evil" not in answer


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "none"},
        {"Origin": "https://evil.example"},
        {"Origin": f"http://{HOST}"},
        {"Origin": f"https://{HOST}:444"},
        {"Origin": f"https://{HOST}.evil.example"},
    ],
)
async def test_a_form_from_elsewhere_is_refused(browser: Browser, headers: dict[str, str]) -> None:
    await browser.get("/signin")
    answer = await browser.post("/signin", {"address": str(BOB)}, headers=headers)
    assert answer.status == 403
    assert "could not tell" in answer.text


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "same-origin", "Origin": "null"},
        {"Sec-Fetch-Site": "same-origin", "Origin": f"https://{HOST}"},
    ],
)
async def test_a_form_of_ours_is_taken(browser: Browser, headers: dict[str, str]) -> None:
    await browser.get("/signin")
    answer = await browser.post("/signin", {"address": str(BOB)}, headers=headers)
    assert answer.status == 303


async def test_a_browser_without_fetch_headers_is_held_by_its_token(browser: Browser) -> None:
    await browser.get("/signin")
    form = {"csrf": browser.token, "address": str(BOB)}
    assert (await browser.ask("POST", "/signin", data=form)).status == 303
    form["csrf"] = "0" * 64
    assert (await browser.ask("POST", "/signin", data=form)).status == 403


async def test_a_token_belongs_to_one_browser_and_one_session(
    new_browser: Callable[[], Browser], sign_in: SignIn
) -> None:
    mine, other = new_browser(), new_browser()
    await mine.get("/signin")
    await other.get("/signin")
    assert mine.token != other.token
    mine.token = other.token
    assert (await mine.post("/signin", {"address": str(BOB)})).status == 403
    first, second = await sign_in(BOB), await sign_in(BOB)
    first.token = second.token
    assert (await first.post("/signout")).status == 403


@pytest.mark.parametrize(
    "token", ["", "é" * 64, "0" * 64, "0" * 63, "\udcff", "0" * 10_000, "0\x00"]
)
async def test_a_wrong_token_is_refused(browser: Browser, token: str) -> None:
    await browser.get("/signin")
    form = {"csrf": token.encode("utf-8", "surrogateescape").decode("latin-1")}
    assert (await browser.post("/signin", form | {"address": str(BOB)})).status == 403


@pytest.mark.parametrize("kind", ["application/json", "text/plain", "multipart/form-data"])
async def test_another_kind_of_body_is_refused(browser: Browser, kind: str) -> None:
    await browser.get("/signin")
    body = f'{{"csrf": "{browser.token}"}}'
    headers = {"Content-Type": kind}
    assert (await browser.ask("POST", "/signin", data=body, headers=headers)).status == 415


async def test_a_packed_body_is_refused(browser: Browser) -> None:
    await browser.get("/signin")
    headers = {
        "Content-Encoding": "gzip",
        "Content-Type": "application/x-www-form-urlencoded",
    }
    answer = await browser.ask("POST", "/signin", data=b"\x1f\x8b", headers=headers)
    assert answer.status in {400, 415}


async def test_a_large_form_is_refused(browser: Browser) -> None:
    await browser.get("/signin")
    answer = await browser.post("/signin", {"address": "a" * 100_000})
    assert answer.status == 413
    assert "too large" in answer.text


@pytest.mark.parametrize("charset", ["rot13", "nonsense", "utf-16", "utf-7"])
async def test_a_form_in_another_character_set_is_refused(browser: Browser, charset: str) -> None:
    await browser.get("/signin")
    headers = {"Content-Type": f"application/x-www-form-urlencoded; charset={charset}"}
    answer = await browser.ask("POST", "/signin", data=b"csrf=x", headers=headers)
    assert answer.status == 415


@pytest.mark.parametrize("charset", ["", "; charset=UTF-8", '; charset="utf-8"'])
async def test_a_form_that_is_not_text_is_refused(browser: Browser, charset: str) -> None:
    await browser.get("/signin")
    headers = {"Content-Type": f"application/x-www-form-urlencoded{charset}"}
    answer = await browser.ask("POST", "/signin", data=b"csrf=\xff\xfe", headers=headers)
    assert answer.status == 400


async def test_a_head_request_opens_nothing(browser: Browser) -> None:
    for path in ("/", "/signin", "/p/" + "a" * 26, "/p/" + "a" * 26 + "/a/1"):
        answer = await browser.ask("HEAD", path)
        assert (answer.status, answer.body) == (200, b"")
        assert "Set-Cookie" not in answer.headers
    assert (await browser.ask("HEAD", "/signout")).status == 405
    assert (await browser.ask("HEAD", "/nowhere")).status == 404


def test_downloads_are_sandboxed_without_any_permission() -> None:
    assert DOWNLOAD_POLICY.startswith("sandbox; default-src 'none'")


def test_the_public_address_says_which_host_and_origin(site: Site) -> None:
    assert (site.host, site.origin) == (HOST, f"https://{HOST}")


async def raw(server: TestServer, request: str) -> bytes:
    """Send bytes as they are, and return the beginning of the answer."""
    reader, writer = await asyncio.open_connection(server.host, server.port)
    writer.write(request.encode())
    answer = await asyncio.wait_for(reader.read(4096), 5)
    writer.close()
    return answer
