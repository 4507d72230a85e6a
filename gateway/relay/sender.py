"""Whoever takes a mail onwards: the servers of the settings, behind one small interface.

Promises an answer for every recipient, also when the route of a mail is no longer there: then the
mail waits, since an administrator who mends the settings wants it sent.
"""

import asyncio
from collections.abc import Hashable, Sequence
from dataclasses import replace
from typing import Protocol

import structlog

from gateway.relay import client
from gateway.relay.answers import Answer
from gateway.relay.connections import Connections
from gateway.relay.exchangers import Exchangers, NoServerError
from gateway.relay.letter import Letter
from gateway.relay.rests import Rests
from gateway.relay.routes import Routes, UnknownRouteError, Way
from gateway.relay.server import Server
from gateway.relay.settings import DnsSettings, Kind, NextHopSettings, TlsMode
from gateway.relay.signing import Signing
from vault.address import Address

NO_ROUTE = Answer(451, "4.3.5", "The route of this mail is not in the settings")
NOT_READ = Answer(451, "4.3.0", "The mail could not be read for this recipient")
AT_ONCE = 8  # domains of one mail that are sent to at the same time

Place = tuple[NextHopSettings, str]
"""Servers of the settings with "", or the way by MX with a domain."""

log = structlog.get_logger()


class Relay(Protocol):
    """Whoever takes a mail onwards."""

    async def send(self, letter: Letter) -> dict[Address, Answer]:
        """Return an answer for every recipient."""

    def place(self, way: Way, domain: str) -> Hashable:
        """Return what is the same for domains that are reached alike."""

    async def ready(self, way: Way, domain: str = "") -> Answer | None:
        """Return why nothing can be sent a way, to a domain, now; None if something can."""


class Sender:
    """Sends to the configured servers, over connections that it keeps between mails.

    For one event loop. To be closed when nothing is being sent any more.
    """

    def __init__(
        self,
        routes: Routes,
        *,
        exchangers: Exchangers | None = None,
        rests: Rests | None = None,
        signing: Signing | None = None,
    ) -> None:
        self._routes = routes
        self._connections = Connections()
        self._exchangers = exchangers or Exchangers.of(DnsSettings())
        self._rests = rests or Rests()
        self._signing = signing
        self._fixed: dict[NextHopSettings, tuple[Server, ...]] = {}

    async def send(self, letter: Letter) -> dict[Address, Answer]:
        """Send one mail its way, or its ways.

        Raises what its content raises, and only if nobody was sent it.
        """
        places: dict[Place, list[Address]] = {}
        way = _way_of(letter)
        try:
            for one in letter.recipients:
                places.setdefault(self._place(way, one.domain), []).append(one)
        except UnknownRouteError:
            return dict.fromkeys(letter.recipients, NO_ROUTE)
        if letter.sign and self._signing is not None:
            letter = await asyncio.to_thread(self._signing.signed, letter)
        if len(places) == 1:
            return await self._send(next(iter(places)), letter)
        return await self._send_apart(places, letter)

    def place(self, way: Way, domain: str) -> Hashable:
        """Return what is the same for domains that are reached alike."""
        try:
            return self._place(way, domain)
        except UnknownRouteError:
            return way

    async def ready(self, way: Way, domain: str = "") -> Answer | None:
        """Try a way without a mail."""
        try:
            servers = await self._servers(self._place(way, domain))
        except UnknownRouteError:
            return NO_ROUTE
        except NoServerError as failure:
            return failure.answer
        return await client.ready(servers, self._connections, self._rests)

    async def close(self) -> None:
        """Leave the servers."""
        await self._connections.close()

    def _place(self, way: Way, domain: str) -> Place:
        hop = self._routes.hop(way, domain)
        return hop, domain if hop.kind is Kind.MX else ""

    async def _servers(self, place: Place) -> Sequence[Server]:
        hop, domain = place
        if hop.kind is Kind.MX:
            return await self._exchangers.servers(hop, domain)
        if hop not in self._fixed:
            self._fixed[hop] = Server.all_of(hop)
        return self._fixed[hop]

    async def _send(self, place: Place, letter: Letter) -> dict[Address, Answer]:
        try:
            servers = await self._servers(place)
        except NoServerError as failure:
            return dict.fromkeys(letter.recipients, failure.answer)
        return await client.send(servers, letter, self._connections, self._rests)

    async def _send_apart(
        self, places: dict[Place, list[Address]], letter: Letter
    ) -> dict[Address, Answer]:
        """Send to several places, to some at the same time."""
        room = asyncio.Semaphore(AT_ONCE)

        async def one(place: Place, part: Letter) -> dict[Address, Answer]:
            async with room:
                return await self._send(place, part)

        parts = [replace(letter, recipients=tuple(to)) for to in places.values()]
        sending = (one(place, part) for place, part in zip(places, parts, strict=True))
        results = await asyncio.gather(*sending, return_exceptions=True)
        answers: dict[Address, Answer] = {}
        for part, result in zip(parts, results, strict=True):
            if isinstance(result, BaseException):
                log.error("relay.not_read", problem=type(result).__name__)
                answers |= dict.fromkeys(part.recipients, NOT_READ)
            else:
                answers |= result
        faults = [one for one in results if isinstance(one, BaseException)]
        if len(faults) == len(results):
            raise faults[0]
        return {to: answers[to] for to in letter.recipients}


def _way_of(letter: Letter) -> Way:
    """Return the way of a letter: one that requires TLS may not go to a server unproved."""
    if letter.asked.requiretls:
        return replace(letter.way, tls=TlsMode.VERIFIED)
    return letter.way
