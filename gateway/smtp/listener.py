"""Opening and closing the doors: the listening sockets of the SMTP process.

Promises that TLS is 1.2 or newer, and that stopping is clean: nobody new comes in, a mail that is
coming in may be finished within the grace, everybody else hears 421. Must never listen on an
address it was not told to.
"""

import asyncio
import contextlib
import ssl
from collections.abc import Mapping
from functools import partial
from pathlib import Path

import structlog

from gateway.settings import SmtpSettings
from gateway.smtp import replies
from gateway.smtp.connection import Connection
from gateway.smtp.handler import Handler
from gateway.smtp.limits import Gate, Limits, Networks
from gateway.smtp.premises import Kind, Premises
from gateway.smtp.proxied import Prelude
from gateway.smtp.quotas import Quotas
from gateway.smtp.sasl import PASSWORD_MECHANISMS
from gateway.smtp.server import Door
from vault.typed import split_listen_address

log = structlog.get_logger()

BACKLOG = 256


def server_tls(certificate: Path, key: Path) -> ssl.SSLContext:
    """Return the TLS context for mail clients. Raise OSError or ssl.SSLError for bad files."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.options |= ssl.OP_NO_RENEGOTIATION
    context.load_cert_chain(certificate, key)
    return context


class Listener:
    """The SMTP door on all its ports, which are `shared` if other processes have them too."""

    def __init__(self, premises: Premises, *, shared: bool = False) -> None:
        self._premises = premises
        self._shared = shared
        self._servers: dict[Kind, asyncio.Server] = {}
        self._doors: set[Connection] = set()

    @classmethod
    def of(
        cls,
        settings: SmtpSettings,
        handler: Handler,
        limits: Limits | None = None,
        mechanisms: tuple[str, ...] = PASSWORD_MECHANISMS,
    ) -> "Listener":
        """Build a listener from what the administrator decided.

        `mechanisms` are the ways of signing in that the handler can check.
        """
        limits = limits or Limits.of(settings).shared_by(settings.sharing)
        tls = None
        if settings.tls_certificate and settings.tls_key:
            tls = server_tls(settings.tls_certificate, settings.tls_key)
        gate = Gate(limits, settings.trusted_networks)
        premises = Premises(
            handler,
            limits,
            gate,
            settings.hostname,
            tls,
            mechanisms,
            proxies=Networks(settings.proxy_networks),
            fronts=Networks(settings.xclient_networks),
            quotas=Quotas(limits.user_messages, limits.user_recipients),
        )
        return cls(premises, shared=settings.sharing > 1)

    @property
    def bound(self) -> dict[Kind, tuple[str, int]]:
        """Where each kind of port listens: the address and the port that was really taken."""
        return {
            kind: server.sockets[0].getsockname()[:2]
            for kind, server in self._servers.items()
            if server.sockets
        }

    @property
    def connections(self) -> int:
        """How many clients are connected."""
        return len(self._doors)

    async def start(self, addresses: Mapping[Kind, str]) -> None:
        """Listen on `address:port` for each kind. Raise OSError if one is taken: then on none."""
        loop = asyncio.get_running_loop()
        try:
            for kind, address in addresses.items():
                host, port = split_listen_address(address)
                self._servers[kind] = await loop.create_server(
                    partial(self._answer, kind, loop),
                    host,
                    port,
                    backlog=BACKLOG,
                    reuse_address=True,
                    reuse_port=self._shared or None,
                )
        except BaseException:
            self._close_servers()
            raise
        log.info(
            "smtp.listening", **{kind.value: f"{h}:{p}" for kind, (h, p) in self.bound.items()}
        )

    def _answer(self, kind: Kind, loop: asyncio.AbstractEventLoop) -> asyncio.BaseProtocol:
        door = Door(self._premises, kind, self._doors, loop)
        proxies = self._premises.proxies
        return Prelude(door, proxies.__contains__) if proxies else door

    async def stop(self, grace: float) -> None:
        """Stop within about `grace` seconds: mails under way may finish, all others hear 421."""
        deadline = asyncio.get_running_loop().time() + grace
        self._close_servers()
        for door in tuple(self._doors):
            door.wind_down()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout_at(deadline):
                for door in tuple(self._doors):
                    await door.gone.wait()
        for door in tuple(self._doors):
            door.hang_up(replies.SHUTTING_DOWN, at_once=True)
        await self._premises.commits.finish(max(0.0, deadline - asyncio.get_running_loop().time()))
        await asyncio.sleep(0)  # the transports report their end
        log.info("smtp.stopped")

    def _close_servers(self) -> None:
        for server in self._servers.values():
            server.close()
        self._servers.clear()


def addresses(settings: SmtpSettings) -> dict[Kind, str]:
    """Return the ports that are switched on."""
    chosen = {
        Kind.STARTTLS: settings.starttls,
        Kind.TLS: settings.tls,
        Kind.TRUSTED: settings.trusted,
    }
    return {kind: address for kind, address in chosen.items() if address}
