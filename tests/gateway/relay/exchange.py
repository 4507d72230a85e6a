"""A recipient's side of the Internet for tests: names, mail servers and a policy page, on loopback.

async with internet(tmp_path, zone) as net:
    answers = await net.send("amy@partner.example")
"""

import asyncio
import contextlib
import hashlib
import ssl
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from gateway.relay.answers import Answer
from gateway.relay.exchangers import Exchangers
from gateway.relay.letter import Letter
from gateway.relay.mta_sts import StsPolicies
from gateway.relay.resolver import Resolver
from gateway.relay.routes import Routes, Way
from gateway.relay.sender import Sender
from gateway.relay.settings import DnsSettings, NextHopSettings
from tests.certificates import issued
from tests.gateway.relay.test_failover import Clock
from tests.names import Names, Zone
from tests.sink import Script, Sink
from vault.address import Address
from vault.storage.store import Store

JANE = Address.parse("jane@council.gov.uk")
MAIL = b"Subject: x\r\n\r\nHello\r\n"
DOMAIN, MX1, MX2 = "partner.example", "mx1.partner.example", "mx2.partner.example"
ZONE: Zone = {
    DOMAIN: {"MX": [f"10 {MX1}.", f"20 {MX2}."]},
    MX1: {"A": ["127.0.0.1"]},
    MX2: {"A": ["127.0.0.2"]},
}


@dataclass
class Page:
    """The policy page of the domain: `answer` is sent to whoever connects; `asked` counts them."""

    text: str = ""
    answer: bytes | None = None
    asked: int = 0
    hosts: list[str] = field(default_factory=list)

    def bytes(self) -> bytes:
        if self.answer is not None:
            return self.answer
        body = self.text.encode()
        head = f"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: {len(body)}\r\n\r\n"
        return head.encode() + body


@dataclass
class Net:
    names: Names
    first: Sink
    second: Sink
    page: Page
    sender: Sender
    certificate: x509.Certificate
    authority: x509.Certificate
    clock: Clock
    resolver: Resolver
    again: Callable[[], Sender]

    async def send(self, *to: str, way: Way | None = None) -> dict[str, Answer]:
        letter = Letter(JANE, tuple(map(Address.parse, to)), [MAIL], len(MAIL), way=way or Way())
        answers = await self.sender.send(letter)
        return {str(one): answer for one, answer in answers.items()}

    async def mail(self, way: Way | None = None) -> Answer:
        return (await self.send(f"amy@{DOMAIN}", way=way))[f"amy@{DOMAIN}"]

    def secure(self) -> None:
        """Let everything in the zone be signed."""
        self.names.secure = set(self.names.zone)

    def publish(self, *records: str, host: str = MX1) -> None:
        """Publish TLSA records for a server."""
        self.names.zone[f"_{self.first.port}._tcp.{host}"] = {"TLSA": list(records)}
        self.secure()

    def policy(self, mode: str, *hosts: str, id_: str = "1", age: int = 86400) -> None:
        """Publish an MTA-STS policy."""
        self.names.zone[f"_mta-sts.{DOMAIN}"] = {"TXT": [f'"v=STSv1; id={id_};"']}
        lines = ["version: STSv1", f"mode: {mode}", *(f"mx: {one}" for one in hosts)]
        self.page.text = "\r\n".join([*lines, f"max_age: {age}", ""])

    def restart(self) -> None:
        """Begin again with a process that remembers nothing but what the store does."""
        self.sender = self.again()
        self.forget()

    def forget(self) -> None:
        """Let the resolver ask for every name anew."""
        self.resolver._resolver = None

    def key(self) -> str:
        """What `3 1 1` says of the first server's certificate."""
        public = self.certificate.public_key()
        spki = public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        return hashlib.sha256(spki).hexdigest()


@contextlib.asynccontextmanager
async def internet(
    folder: Path,
    zone: Zone = ZONE,
    *,
    names: tuple[str, ...] = (MX1, MX2),
    store: Store | None = None,
    **dns: Any,
) -> AsyncIterator[Net]:
    context, authority = issued(folder / "partner", *names)
    # The chain carries the authority too, as DANE-TA asks of servers.
    chain = folder / "partner" / "server.pem"
    chain.write_bytes(chain.read_bytes() + authority.read_bytes())
    context.load_cert_chain(chain)
    web_context, web_authority = issued(folder / "web", f"mta-sts.{DOMAIN}")
    page, clock = Page(), Clock()
    async with (
        Names({**zone, f"mta-sts.{DOMAIN}": {"A": ["127.0.0.1"]}}) as served,
        Sink(tls=context) as first,
        Sink(tls=context, host="127.0.0.2", port=first.port) as second,
        _web(page, web_context) as web_port,
    ):
        settings = DnsSettings.model_validate(
            {
                "servers": [f"127.0.0.1:{served.port}"],
                "trusted": True,
                "private_addresses": True,
                "timeout": 1,
                **dns,
            }
        )
        resolver = Resolver(settings)
        hop = NextHopSettings.model_validate(
            {
                "kind": "mx",
                "port": first.port,
                "hello": "gate.council.gov.uk",
                "tls_authorities": authority,
                "idle_connections": 0,
                "reply_timeout": 2,
            }
        )
        made: list[Sender] = []

        def sender() -> Sender:
            """Make a sender that remembers nothing but what the store does."""
            policies = StsPolicies(
                resolver, store=store, port=web_port, authorities=web_authority, clock=clock
            )
            made.append(Sender(Routes(hop), exchangers=Exchangers(resolver, policies)))
            return made[-1]

        try:
            yield Net(
                served,
                first,
                second,
                page,
                sender(),
                x509.load_pem_x509_certificate(chain.read_bytes()),
                x509.load_pem_x509_certificate(authority.read_bytes()),
                clock,
                resolver,
                sender,
            )
        finally:
            for one in made:
                await one.close()


@contextlib.asynccontextmanager
async def _web(page: Page, context: ssl.SSLContext) -> AsyncIterator[int]:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            request = await reader.readuntil(b"\r\n\r\n")
            page.asked += 1
            page.hosts.append(request.decode().partition("Host: ")[2].partition("\r\n")[0])
            writer.write(page.bytes())
            await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=context)
    try:
        yield int(server.sockets[0].getsockname()[1])
    finally:
        server.close()
        await server.wait_closed()


def down() -> Script:
    """A server that is not there for us."""
    return Script(drop={"greeting"})
