"""The port of the reader site: TLS, deadlines and the number of connections.

aiohttp sets no deadline of its own for a visitor who sends or reads too slowly. Here a request must
have arrived within `request_seconds`, a connection that moves nothing for `stall_seconds` is cut,
and neither one client nor all of them together can take every connection. What is not HTTP is
answered with a constant sentence that names no product.
"""

from __future__ import annotations

import asyncio
import contextlib
import ssl
import time
from dataclasses import dataclass
from typing import Any, Final

import structlog
from aiohttp import web

from webreader.app import make_app
from webreader.guard import HEADERS
from webreader.settings import WebSettings
from webreader.site import Site, is_proxy

log = structlog.get_logger()

HANDSHAKE_SECONDS: Final = 10
LINGER_SECONDS: Final = 5
TICK_SECONDS: Final = 2
MOST_HEADERS: Final = 64


class Listener:
    """The reader site on its port, from `start` to `stop`."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._runner = _Runner(make_app(site), site.settings)
        self._server: asyncio.Server | None = None
        self._watch: asyncio.Task[None] | None = None

    async def start(self) -> int:
        """Begin to serve, and return the port. Raises OSError or ssl.SSLError if that cannot be."""
        settings = self._site.settings
        tls = tls_context(settings)
        await self._runner.setup()
        self._server = await asyncio.get_running_loop().create_server(
            self._runner.door,
            settings.host,
            settings.port,
            ssl=tls,
            ssl_handshake_timeout=HANDSHAKE_SECONDS if tls else None,
        )
        self._watch = asyncio.create_task(self._runner.door.watch())
        port: int = self._server.sockets[0].getsockname()[1]
        log.info("web.listening", host=settings.host, port=port, tls=tls is not None)
        return port

    async def stop(self) -> None:
        """Take no more visitors, let those who are being answered finish, and close."""
        if self._server:
            self._server.close()
        if self._watch:
            self._watch.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._watch
        await self._runner.cleanup()
        log.info("web.stopped")


def tls_context(settings: WebSettings) -> ssl.SSLContext | None:
    """Return how TLS is spoken: 1.2 or newer. None when a proxy in front speaks it for us."""
    if settings.tls_certificate is None:
        return None
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_alpn_protocols(["http/1.1"])
    context.load_cert_chain(settings.tls_certificate, settings.tls_key)
    return context


class _Plain(web.Response):
    """An answer to what is no request: outside the application, so without its headers."""

    async def _prepare_headers(self) -> None:
        await super()._prepare_headers()
        self.headers.popall("Server", None)
        self.headers.update(HEADERS)


class _Connection(web.RequestHandler):
    """One visitor's connection. `__slots__` as in aiohttp: it carries nothing more."""

    __slots__ = ()

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        log.info("web.refused", status=status, error=type(exc).__name__)
        answer = _Plain(status=status, text="This is not a request that can be answered.\n")
        answer.force_close()
        return answer


@dataclass(slots=True)
class _Seen:
    """A connection as the watch last saw it: bytes waiting for the client, and since when."""

    transport: asyncio.Transport
    client: str
    waiting: int = 0
    since: float = 0.0


class _Door(web.Server):
    """Every connection of the site: counted when it comes, watched while it is there."""

    def __init__(self, settings: WebSettings, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._settings = settings
        self._seen: dict[web.RequestHandler, _Seen] = {}

    def __call__(self) -> web.RequestHandler:
        return _Connection(self, loop=self._loop, **self._kwargs)

    def connection_made(self, handler: web.RequestHandler, transport: asyncio.Transport) -> None:
        super().connection_made(handler, transport)
        peer = transport.get_extra_info("peername")
        client = str(peer[0]) if peer else ""
        self._seen[handler] = _Seen(transport, client)
        if self._is_crowded(client):
            log.info("web.crowded", peer=client)
            transport.abort()

    def connection_lost(
        self, handler: web.RequestHandler, exc: BaseException | None = None
    ) -> None:
        self._seen.pop(handler, None)
        super().connection_lost(handler, exc)

    async def watch(self) -> None:
        """Cut connections whose client has stopped reading."""
        while True:
            await asyncio.sleep(TICK_SECONDS)
            now = time.monotonic()
            for seen in list(self._seen.values()):
                self._look(seen, now)

    def _is_crowded(self, client: str) -> bool:
        if len(self._seen) > self._settings.max_connections:
            return True
        theirs = sum(seen.client == client for seen in self._seen.values())
        return theirs > self._settings.max_connections_per_client and not is_proxy(
            self._settings, client
        )

    def _look(self, seen: _Seen, now: float) -> None:
        waiting = seen.transport.get_write_buffer_size()
        if waiting == 0 or waiting != seen.waiting:
            seen.waiting, seen.since = waiting, now
        elif now - seen.since > self._settings.stall_seconds:
            log.info("web.stalled", peer=seen.client)
            seen.transport.abort()


class _Runner(web.AppRunner):
    """aiohttp's runner, with our door in place of its own."""

    door: _Door

    def __init__(self, app: web.Application, settings: WebSettings) -> None:
        super().__init__(app, access_log=None, shutdown_timeout=settings.request_seconds)
        self._settings = settings

    async def _make_server(self) -> web.Server:
        made = await super()._make_server()
        self.door = _Door(
            self._settings,
            made.request_handler,
            request_factory=made.request_factory,
            access_log=None,
            auto_decompress=False,
            keepalive_timeout=self._settings.request_seconds,
            lingering_time=LINGER_SECONDS,
            max_headers=MOST_HEADERS,
        )
        return self.door
