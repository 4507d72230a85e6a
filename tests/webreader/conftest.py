"""The site over a real vault in a temporary folder, with a clock that tests may turn."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from email.policy import SMTP
from pathlib import Path

import jinja2
import pytest
from aiohttp.test_utils import TestServer

from policies.language.loader import STARTER, load
from policies.settings import OrganisationSettings
from tests.blank import blank_vault
from tests.webreader.browser import Browser
from vault import keys
from vault.address import Address
from vault.contents.spool import Spool
from vault.keys import opening
from vault.packages.deposit import Deposit, GrantFor, Queued, Restrictions, Summary
from vault.packages.depositing import deposit
from vault.sending import outbox
from vault.settings import VaultSettings
from vault.storage.store import Store
from webreader import app
from webreader.app import make_app
from webreader.settings import WebSettings
from webreader.site import Site

HOST = "reader.example.gov.uk"
AUTHOR = Address.parse("j.whitfield@example.gov.uk")
BOB = Address.parse("bob@partner.example")
FREE = Restrictions()
COUNCIL = load(STARTER / "council.yaml")
OFFICER = Address.parse("dpo@example.gov.uk")
EVE = Address.parse("eve@stranger.example")


class TurnedClock:
    """Now, plus what a test has turned it on by."""

    def __init__(self) -> None:
        self.ahead = timedelta()

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self.ahead


@dataclass(frozen=True)
class Letter:
    """What the deliverer would have sent."""

    kind: outbox.Kind
    to: Address
    fields: dict[str, str]
    data: bytes
    return_path: Address | None


class Post:
    """The outbox, as the deliverer reads it."""

    def __init__(self, store: Store, folder: Path) -> None:
        self._store = store
        self._keys = keys.load_relay(folder)

    def take(self) -> list[Letter]:
        """Take everything that waits, as if it had been sent."""
        taken = []
        for item in outbox.claim(self._store, self._keys, "test", limit=1000):
            data = b"".join(item.content()) if item.content else b""
            taken.append(Letter(item.kind, item.to, item.fields, data, item.return_path))
            outbox.complete(self._store, item, "250 2.0.0 taken")
        return taken

    def code_for(self, address: Address) -> str:
        """Return the newest code mailed to an address."""
        codes = [
            letter.fields["code"]
            for letter in self.take()
            if letter.kind is outbox.Kind.CODE and letter.to == address
        ]
        return codes[-1]


@pytest.fixture
def clock() -> TurnedClock:
    return TurnedClock()


@pytest.fixture(scope="session", autouse=True)
def compiled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Compile every template once, not once for every test and its site."""
    known = jinja2.FileSystemBytecodeCache(str(tmp_path_factory.mktemp("templates")))
    environment = app.environment

    def knowing(site: Site) -> jinja2.Environment:
        made = environment(site)
        made.bytecode_cache = known
        return made

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(app, "environment", knowing)
        yield


@pytest.fixture(scope="session")
def keys_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("keys") / "keys"
    keys.init(folder)
    return folder


@pytest.fixture
def store(tmp_path: Path, clock: TurnedClock) -> Iterator[Store]:
    folder = blank_vault(tmp_path / "vault")
    store = Store(VaultSettings(folder=folder), checkpoints=True, clock=clock)
    yield store
    store.close()


@pytest.fixture
def post(store: Store, keys_folder: Path) -> Post:
    return Post(store, keys_folder)


@pytest.fixture
def settings() -> WebSettings:
    return WebSettings()


@pytest.fixture
def site(store: Store, keys_folder: Path, settings: WebSettings) -> Site:
    return Site(
        store=store,
        opening=opening.load_opening(keys_folder),
        sealing=keys.load_sealing(keys_folder),
        secret=keys.load_web_secret(keys_folder),
        organisation=OrganisationSettings(
            name="Example County Council",
            domains=["example.gov.uk"],
            contact="the contact centre on 01632 960 123",
            data_protection_officer=str(OFFICER),
            public_url=f"https://{HOST}",
        ),
        settings=settings,
        rules=lambda: COUNCIL,
    )


@pytest.fixture
async def server(site: Site) -> AsyncIterator[TestServer]:
    async with TestServer(make_app(site)) as server:
        yield server


@pytest.fixture
async def new_browser(server: TestServer) -> AsyncIterator[Callable[[], Browser]]:
    """Make browsers that know nothing of each other."""
    made: list[Browser] = []

    def make() -> Browser:
        made.append(Browser(server, HOST))
        return made[-1]

    yield make
    for browser in made:
        await browser.close()


@pytest.fixture
async def browser(new_browser: Callable[[], Browser]) -> Browser:
    return new_browser()


SignIn = Callable[[Address], Awaitable[Browser]]


@pytest.fixture
async def sign_in(new_browser: Callable[[], Browser], post: Post) -> SignIn:
    """Return a browser that has signed in as an address, the way a person does."""

    async def act(address: Address) -> Browser:
        browser = new_browser()
        await browser.get("/signin")
        await browser.post("/signin", {"address": str(address)})
        await browser.get("/signin/code")
        answer = await browser.post("/signin/code", {"code": post.code_for(address)})
        assert answer.status == 303, answer.text
        await browser.get("/")
        return browser

    return act


def mail(
    subject: str = "Annual review",
    text: str = "Dear Bob,\nhere are the papers.\n",
    html: str = "",
    files: tuple[tuple[str, bytes], ...] = (),
    **headers: str,
) -> bytes:
    """Return a mail from AUTHOR to BOB as bytes."""
    message = EmailMessage(policy=SMTP)
    message["From"] = f"Joanna Whitfield <{AUTHOR}>"
    message["To"] = f"Bob Partner <{BOB}>"
    message["Subject"] = subject
    message["Date"] = "Tue, 03 Nov 2026 14:05:00 +0000"
    message["Message-ID"] = "<original-1@example.gov.uk>"
    for name, value in headers.items():
        message[name.replace("_", "-")] = value
    message.set_content(text)
    if html:
        message.add_alternative(html, subtype="html")
    for name, data in files:
        message.add_attachment(data, maintype="application", subtype="pdf", filename=name)
    return message.as_bytes()


@pytest.fixture
def seal(site: Site) -> Callable[..., str]:
    """Deposit a mail as the gateway does, and return the identifier of its package."""

    def act(
        data: bytes = b"",
        to: tuple[Address, ...] = (BOB,),
        restrictions: Restrictions = FREE,
        subject: str = "Annual review",
        bcc: tuple[Address, ...] = (),
        queued: tuple[Address, ...] = (),
    ) -> str:
        data = data or mail(subject)
        grants = [GrantFor(address=address) for address in to]
        grants += [GrantFor(address=address, visible=False) for address in bcc]
        receipt = deposit(
            site.store,
            site.sealing,
            Deposit(
                spool=Spool.of(site.store, data),
                author=AUTHOR,
                grants=tuple(grants),
                queued=Queued(recipients=queued, prefix=b"", return_path=AUTHOR)
                if queued
                else None,
                restrictions=restrictions,
                summary=Summary(
                    subject=subject,
                    author_name="Joanna Whitfield",
                    to=tuple(map(str, to)),
                    sent_at=site.store.clock(),
                ),
                message_id="<original-1@example.gov.uk>",
            ),
        )
        assert receipt.package_id
        return receipt.package_id

    return act
