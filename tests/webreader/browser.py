"""A browser without pictures: keeps cookies as a real one does, and fills in the forms it is shown.

It goes through real sockets to the real site. It sends the headers that a browser sends with its
own forms, so a test that wants to be another site has to say so.
"""

from __future__ import annotations

import re
from http.cookies import SimpleCookie
from typing import Any

import aiohttp
from aiohttp.test_utils import TestServer

TOKEN = re.compile(r'name="csrf" value="([0-9a-f]*)"')


class Answer:
    """A response, read to its end."""

    def __init__(self, response: aiohttp.ClientResponse, body: bytes) -> None:
        self.status = response.status
        self.headers = response.headers
        self.body = body
        self.text = body.decode("utf-8", "replace")
        self.location = response.headers.get("Location", "")


class Browser:
    """One visitor."""

    def __init__(self, server: TestServer, host: str) -> None:
        self._server = server
        self._host = host
        self._session = aiohttp.ClientSession(
            cookie_jar=aiohttp.DummyCookieJar(), auto_decompress=False
        )
        self.cookies: dict[str, str] = {}
        self.token = ""

    async def close(self) -> None:
        await self._session.close()

    async def ask(self, method: str, path: str, **more: Any) -> Answer:
        headers = {"Host": self._host, "User-Agent": "test browser"} | more.pop("headers", {})
        if self.cookies:
            pairs = (f"{name}={value}" for name, value in self.cookies.items())
            headers.setdefault("Cookie", "; ".join(pairs))
        url = self._server.make_url("/").join(aiohttp.client.URL(path, encoded=True))
        async with self._session.request(
            method, url, headers=headers, allow_redirects=False, **more
        ) as response:
            answer = Answer(response, await response.read())
        self._keep(answer)
        return answer

    async def get(self, path: str, **more: Any) -> Answer:
        return await self.ask("GET", path, **more)

    async def follow(self, path: str) -> Answer:
        answer = await self.get(path)
        while answer.status == 303:
            answer = await self.get(answer.location)
        return answer

    async def post(self, path: str, form: Any = None, **more: Any) -> Answer:
        """Send a form with the token of the page seen last; a dict, or aiohttp.FormData."""
        headers = {
            "Origin": "null",
            "Sec-Fetch-Site": "same-origin",
            "Sec-Fetch-Mode": "navigate",
        } | more.pop("headers", {})
        if form is None or isinstance(form, dict):
            form = {"csrf": self.token} | (form or {})
        return await self.ask("POST", path, data=form, headers=headers, **more)

    def _keep(self, answer: Answer) -> None:
        for line in answer.headers.getall("Set-Cookie", []):
            for name, morsel in SimpleCookie(line).items():
                assert morsel["secure"], line
                assert morsel["path"] == "/", line
                if morsel["max-age"] == "0" or not morsel.value:
                    self.cookies.pop(name, None)
                else:
                    self.cookies[name] = morsel.value
        found = TOKEN.search(answer.text)
        self.token = found[1] if found else self.token
