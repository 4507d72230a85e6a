"""A real SMTP door for tests, with a handler that takes everything and remembers it."""

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from pathlib import Path

from gateway.settings import SmtpSettings
from gateway.signin.backend import Proof
from gateway.smtp.handler import MailSession
from gateway.smtp.limits import Limits
from gateway.smtp.listener import Listener, addresses
from gateway.smtp.premises import Kind
from gateway.smtp.replies import Reply
from gateway.smtp.sasl import PASSWORD_MECHANISMS, Bearer, Credentials
from tests.certificates import self_signed
from tests.dialogue import Talk
from vault.address import Address
from vault.contents import ContentFolder
from vault.contents.spool import Spool
from vault.people.users import User
from vault.secrets import Secret

ANY_PORT = "127.0.0.1:0"
FAST = Limits(greeting_pause=0, linger=0.2)
MAIL = b"Subject: x\r\n\r\nHello"
MIB = 1 << 20
JANE = Address.parse("jane@council.gov.uk")


@dataclass
class Taken:
    session: MailSession
    content: bytes


@dataclass
class Notebook:
    """A handler that takes every mail and keeps it in memory; `before_commit` may delay it."""

    contents: ContentFolder
    taken: list[Taken] = field(default_factory=list)
    before_commit: asyncio.Event | None = None
    before_sender: asyncio.Event | None = None
    begun: int = 0
    error: Exception | None = None  # raised by commit
    rcpt_error: Exception | None = None
    spools: list[Spool] = field(default_factory=list)
    tried: list[str] = field(default_factory=list)

    async def authenticate(self, given: Proof, peer: str) -> User | None:
        if isinstance(given, Bearer):
            self.tried.append(given.acting_as)
            right = given.token == Secret(b"jane.token")
        else:
            self.tried.append(given.login)
            right = given == Credentials(str(JANE), Secret(b"correct horse"))
        return User(JANE, frozenset({JANE})) if right else None

    async def mail_from(self, session: MailSession, address: Address | None) -> Reply | None:
        if self.before_sender:
            await self.before_sender.wait()
        return None

    async def rcpt_to(self, session: MailSession, address: Address) -> Reply | None:
        if self.rcpt_error:
            raise self.rcpt_error
        if address.local == "refused":
            return Reply(550, "5.7.1", f"Not sent to {address}: not this one")
        return None

    def open_spool(self, session: MailSession) -> Spool:
        self.spools.append(Spool(self))
        return self.spools[-1]

    async def commit(self, session: MailSession, spool: Spool) -> Reply:
        self.begun += 1
        if self.before_commit:
            await self.before_commit.wait()
        if self.error:
            raise self.error
        spool.finish()
        self.taken.append(Taken(session, b"".join(spool.read())))
        spool.abort()
        return Reply(250, "2.0.0", "Taken")


@dataclass
class Doorway:
    """A listener on free ports of 127.0.0.1 and what a test needs to talk to it."""

    listener: Listener
    notebook: Notebook
    tls: ssl.SSLContext  # for the client
    folder: Path

    def port(self, kind: Kind = Kind.TRUSTED) -> int:
        return self.listener.bound[kind][1]

    async def talk(self, kind: Kind = Kind.TRUSTED, *, hello: bool = False) -> Talk:
        talk = await Talk.open(self.port(kind), self.tls if kind is Kind.TLS else None)
        if hello:
            assert (await talk.reply()).startswith("220")
            await talk.say("EHLO client.example", "250")
        return talk

    @property
    def taken(self) -> list[Taken]:
        return self.notebook.taken

    @property
    def files(self) -> list[Path]:
        """Every file in the content folder."""
        return [one for one in (self.folder / "contents").rglob("*") if one.is_file()]


async def begin(talk: Talk) -> None:
    """Everything up to 354."""
    await talk.say("MAIL FROM:<jane@council.gov.uk>", "250")
    await talk.say("RCPT TO:<amy@example.org>", "250")
    await talk.say("DATA", "354")


async def until(condition: Callable[[], object], seconds: float = 5.0) -> None:
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110 - what is watched has no event
            await asyncio.sleep(0.01)


@contextlib.asynccontextmanager
async def doorway(
    folder: Path,
    limits: Limits | None = None,
    grace: float = 0.0,
    mechanisms: tuple[str, ...] = PASSWORD_MECHANISMS,
    **settings: object,
) -> AsyncIterator[Doorway]:
    certificate, key = self_signed(folder)
    configured = SmtpSettings.model_validate(
        {
            "starttls": ANY_PORT,
            "tls": ANY_PORT,
            "trusted": ANY_PORT,
            "trusted_networks": ["127.0.0.0/8"],
            "hostname": "gate.council.gov.uk",
            "tls_certificate": certificate,
            "tls_key": key,
            **settings,
        }
    )
    notebook = Notebook(ContentFolder(folder / "contents"))
    limits = limits or Limits(greeting_pause=0)
    listener = Listener.of(configured, notebook, limits, mechanisms)
    await listener.start(addresses(configured))
    try:
        client = ssl.create_default_context(cafile=str(certificate))
        yield Doorway(listener, notebook, client, folder)
    finally:
        await listener.stop(grace)
        await asyncio.sleep(0.01)
