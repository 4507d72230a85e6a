"""A whole SMTP side for tests: real vault, the council's policy, the door, and a recorded next hop.

async with office(tmp_path) as here:
    reply = await here.send("jane@council.gov.uk", "amy@partner.org", data=mail("Hello"))
"""

import contextlib
import ssl
from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import structlog
from sqlalchemy import func, select

from gateway.pipeline.pipeline import Pipeline
from gateway.relay.routes import Routes
from gateway.relay.sender import Sender
from gateway.relay.settings import NextHopSettings
from gateway.scanners.panel import Panel
from gateway.settings import SmtpSettings
from gateway.smtp.authentication import Authenticator
from gateway.smtp.limits import Limits
from gateway.smtp.listener import Listener, addresses
from gateway.smtp.premises import Kind
from gateway.smtp.sasl import PASSWORD_MECHANISMS
from gateway.workers import Workers
from policies.engine import Policy
from policies.extraction.pool import ExtractionPool
from policies.language.loader import STARTER, load
from policies.settings import OrganisationSettings
from tests.blank import blank_vault
from tests.certificates import self_signed
from tests.dialogue import Talk
from tests.gateway.doorway import ANY_PORT
from tests.sink import Sink
from vault import keys
from vault.address import Address
from vault.keys.opening import load_opening
from vault.origin import Origin
from vault.packages import catalogue, retrieve
from vault.packages.catalogue import Line
from vault.people import users
from vault.secrets import Secret
from vault.sending import outbox
from vault.settings import VaultSettings
from vault.storage import tables
from vault.storage.store import Store
from vault.trail.audit import Act

JANE, BOSS = "jane@council.gov.uk", "boss@council.gov.uk"
AMY, BEN, CAT = "amy@partner.org", "ben@police.example.org", "cat@council.gov.uk"
PASSWORD = "correct horse"
TABLES = {
    "packages": tables.packages,
    "grants": tables.grants,
    "outbox": tables.outbox,
    "events": tables.events,
    "contents": tables.contents,
}


def mail(
    subject: str = "Hello", *, sender: str = f"Jane Jones <{JANE}>", to: str = AMY, extra: str = ""
) -> bytes:
    return (
        f"From: {sender}\r\nTo: {to}\r\nSubject: {subject}\r\n"
        f"Message-ID: <1@council.gov.uk>\r\n{extra}\r\nGood morning\r\n"
    ).encode()


@dataclass
class Office:
    store: Store
    pipeline: Pipeline
    listener: Listener
    sink: Sink
    tls: ssl.SSLContext
    folder: Path

    async def talk(self, sender: str | None = JANE) -> Talk:
        """Sign in as `sender`, or use the trusted port when it is None."""
        kind = Kind.TLS if sender else Kind.TRUSTED
        talk = await Talk.open(self.listener.bound[kind][1], self.tls if sender else None)
        await talk.reply()
        await talk.say("EHLO client.example", "250")
        if sender:
            await talk.sign_in(sender, PASSWORD)
        return talk

    async def send(
        self, sender: str, *to: str, data: bytes, trusted: bool = False, signed: str = ""
    ) -> str:
        """Send one mail on a connection of its own and return the last reply."""
        async with await self.talk(None if trusted else signed or sender) as talk:
            reply = await talk.say(f"MAIL FROM:<{sender}>")
            for one in to:
                if reply.startswith("250"):
                    reply = await talk.say(f"RCPT TO:<{one}>")
            if not reply.startswith("250"):
                return reply
            await talk.say("DATA", "354")
            stuffed = (b"\r\n" + data).replace(b"\r\n.", b"\r\n..")[2:]
            reply = await talk.say(stuffed + b".\r\n")
            self.store.settle()  # that it was relayed is written down soon after the reply
            return reply

    def count(self, table: str) -> int:
        self.store.settle()
        with self.store.reading() as tx:
            return int(tx.execute(select(func.count()).select_from(TABLES[table])).scalar_one())

    @property
    def kept(self) -> dict[str, int]:
        """How many rows there are, of everything a mail could leave."""
        return {name: self.count(name) for name in TABLES}

    @property
    def files(self) -> list[Path]:
        return [one for one in (self.folder / "vault" / "contents").rglob("*") if one.is_file()]

    def acts(self) -> list[str]:
        self.store.settle()
        with self.store.reading() as tx:
            return list(tx.execute(select(tables.events.c.act)).scalars())

    def received(self, reader: str) -> list[Line]:
        opening = load_opening(self.folder / "keys")
        return list(catalogue.received(self.store, opening, Address.parse(reader)).items)

    def opened(self, reader: str) -> bytes:
        """The one package that `reader` may open, as it reads."""
        opening = load_opening(self.folder / "keys")
        (line,) = self.received(reader)
        found = retrieve.retrieve(
            self.store,
            opening,
            Address.parse(reader),
            line.package.id,
            Act.PACKAGE_OPENED,
            Origin(),
        )
        return b"".join(found.read())

    def queue(self) -> list[outbox.Item]:
        return outbox.claim(self.store, keys.load_relay(self.folder / "keys"), "test", limit=50)


@contextlib.asynccontextmanager
async def office(
    folder: Path,
    *,
    limits: Limits | None = None,
    patience: float = 10,
    policy: Policy | None = None,
    routes: Mapping[str, NextHopSettings] | None = None,
    panel: Panel | None = None,
    authenticator: Authenticator | None = None,
    vault: VaultSettings | None = None,
    mechanisms: tuple[str, ...] = PASSWORD_MECHANISMS,
    **changed: object,
) -> AsyncIterator[Office]:
    certificate, key = self_signed(folder)
    keys.init(folder / "keys")
    vault = vault or VaultSettings(folder=blank_vault(folder / "vault"))
    store = Store(vault, checkpoints=True)
    for address, aliases in ((JANE, ["team@council.gov.uk"]), (BOSS, [])):
        others = [Address.parse(one) for one in aliases]
        users.add(store, Address.parse(address), Secret(PASSWORD.encode()), others)
    workers, extraction = Workers(2), ExtractionPool(1)
    settings = SmtpSettings.model_validate(
        {
            "starttls": "",
            "tls": ANY_PORT,
            "trusted": ANY_PORT,
            "trusted_networks": ["127.0.0.0/8"],
            "hostname": "gate.council.gov.uk",
            "tls_certificate": certificate,
            "tls_key": key,
            **changed,
        }
    )
    async with Sink() as sink:
        hop = NextHopSettings.model_validate(
            {"port": sink.port, "tls": "none", "hello": "gate.council.gov.uk"}
        )
        sender = Sender(Routes(hop, routes or {}))
        pipeline = Pipeline(
            store,
            keys.load_sealing(folder / "keys"),
            policy or load(STARTER / "council.yaml"),
            organisation=OrganisationSettings(domains=["council.gov.uk"]),
            relay=sender,
            hostname="gate.council.gov.uk",
            workers=workers,
            extraction=extraction,
            patience=patience,
            panel=panel,
            authenticator=authenticator,
        )
        limits = limits or Limits(greeting_pause=0)
        listener = Listener.of(settings, pipeline, limits, mechanisms)
        await listener.start(addresses(settings))
        try:
            client = ssl.create_default_context(cafile=str(certificate))
            yield Office(store, pipeline, listener, sink, client, folder)
        finally:
            await listener.stop(1)
            await sender.close()
            workers.close()
            extraction.close()
            store.close()


@contextlib.contextmanager
def captured() -> Iterator[list[dict[str, object]]]:
    """What is logged through structlog meanwhile."""
    with structlog.testing.capture_logs() as entries:
        yield entries  # type: ignore[misc]
