"""A visitor to the reader site: cookies, forms and redirects, with nothing of the site imported."""

import ssl
from dataclasses import dataclass, field, replace
from html.parser import HTMLParser
from types import TracebackType
from typing import Any, Self
from urllib.parse import urljoin

import aiohttp


@dataclass
class Form:
    """A form as it stands on a page."""

    action: str
    method: str
    fields: dict[str, str] = field(default_factory=dict)
    buttons: list[dict[str, str]] = field(default_factory=list)
    text: str = ""


class _Page(HTMLParser):
    """Collects forms, links and visible text."""

    def __init__(self) -> None:
        super().__init__()
        self.forms: list[Form] = []
        self.links: list[str] = []
        self.frames: list[str] = []
        self.words: list[str] = []
        self._form: Form | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self._form = Form(given.get("action", ""), given.get("method", "get").lower())
            self.forms.append(self._form)
        elif tag in {"input", "textarea", "select"} and self._form and given.get("name"):
            if given.get("type") == "submit":
                self._form.buttons.append(given)
            else:
                self._form.fields[given["name"]] = given.get("value", "")
        elif tag == "button" and self._form:
            self._form.buttons.append(given)
        elif tag == "a" and "href" in given:
            self.links.append(given["href"])
        elif tag == "iframe":
            self.frames.append(given.get("src", ""))

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._form = None

    def handle_data(self, data: str) -> None:
        if data.strip():
            self.words.append(data.strip())
            if self._form:
                self._form.text += f" {data.strip()}"


@dataclass
class Page:
    """One answer of the site."""

    status: int
    url: str
    body: bytes
    headers: Any
    forms: list[Form]
    links: list[str]
    frames: list[str]
    text: str

    def form(self, ending: str) -> Form:
        """The form whose action ends so."""
        found = [form for form in self.forms if urljoin(self.url, form.action).endswith(ending)]
        assert found, f"no form for …{ending} among {[form.action for form in self.forms]}"
        return found[0]


class Visitor:
    """One browser."""

    def __init__(self, base: str, tls: ssl.SSLContext) -> None:
        self.base = base
        self._session = aiohttp.ClientSession(
            cookie_jar=aiohttp.CookieJar(unsafe=True), connector=aiohttp.TCPConnector(ssl=tls)
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()

    async def close(self) -> None:
        await self._session.close()

    def go_to(self, base: str) -> None:
        """Reach the site at another address from now on, as a balancer would have it."""
        self._code_page = replace(
            self._code_page, url=self._code_page.url.replace(self.base, base, 1)
        )
        self.base = base

    async def get(self, path: str) -> Page:
        async with self._session.get(urljoin(self.base, path)) as response:
            return await _page(response)

    async def stream(self, path: str) -> aiohttp.ClientResponse:
        """A response whose body is still to be read."""
        return await self._session.get(urljoin(self.base, path))

    async def read_all(self, path: str, proxy: str) -> bool:
        """Read a body through a proxy to its end; False if it was cut off."""
        try:
            async with self._session.get(urljoin(self.base, path), proxy=proxy) as response:
                await response.read()
        except aiohttp.ClientError:
            return False
        return True

    async def submit(self, page: Page, ending: str, **values: Any) -> Page:
        """Fill in and send the form whose action ends so. Bytes values become files."""
        form = page.form(ending)
        named = {*form.fields, *(button.get("name", "") for button in form.buttons)}
        assert values.keys() <= named, f"the form has {sorted(named)}, not {sorted(values)}"
        data = aiohttp.FormData()
        for name, value in {**form.fields, **values}.items():
            if isinstance(value, tuple):
                data.add_field(name, value[1], filename=value[0])
            elif value != "" or name not in values:
                data.add_field(name, value)
        url = urljoin(page.url, form.action or page.url)
        headers = {"Origin": self.base}
        async with self._session.post(url, data=data, headers=headers) as response:
            return await _page(response)

    async def ask_code(self, address: str, start: str = "/signin") -> Page:
        """Go to the sign-in page and ask for a code."""
        page = await self.get(start)
        self._code_page = await self.submit(page, "/signin", address=address)
        return self._code_page

    async def give_code(self, code: str) -> Page:
        """Type the code."""
        return await self.submit(self._code_page, "/signin/code", code=code)


async def _page(response: aiohttp.ClientResponse) -> Page:
    body = await response.read()
    parsed = _Page()
    if response.content_type == "text/html":
        parsed.feed(body.decode())
    return Page(
        response.status,
        str(response.url),
        body,
        response.headers,
        parsed.forms,
        parsed.links,
        parsed.frames,
        " ".join(parsed.words),
    )
