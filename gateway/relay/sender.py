"""Whoever takes a mail onwards: the servers of the settings, behind one small interface.

Promises an answer for every recipient, also when the route of a mail is no longer there: then the
mail waits, since an administrator who mends the settings wants it sent.
"""

from dataclasses import dataclass, field, replace
from typing import Protocol

from gateway.relay import client
from gateway.relay.answers import Answer
from gateway.relay.connections import Connections
from gateway.relay.letter import Letter
from gateway.relay.routes import Routes, UnknownRouteError, Way
from gateway.relay.settings import TlsMode
from vault.address import Address

NO_ROUTE = Answer(451, "4.3.5", "The route of this mail is not in the settings")


class Relay(Protocol):
    """Whoever takes a mail onwards."""

    async def send(self, letter: Letter) -> dict[Address, Answer]:
        """Return an answer for every recipient."""

    async def ready(self, way: Way) -> Answer | None:
        """Return why nothing can be sent a way now, None if something can."""


@dataclass(frozen=True, slots=True)
class Sender:
    """Sends to the configured servers, over connections that it keeps between mails.

    For one event loop. To be closed when nothing is being sent any more.
    """

    routes: Routes
    connections: Connections = field(default_factory=Connections)

    async def send(self, letter: Letter) -> dict[Address, Answer]:
        """Send one mail its way."""
        try:
            hop = self.routes.hop(_way_of(letter))
        except UnknownRouteError:
            return dict.fromkeys(letter.recipients, NO_ROUTE)
        return await client.send(hop, letter, self.connections)

    async def ready(self, way: Way) -> Answer | None:
        """Try a way without a mail."""
        try:
            return await client.ready(self.routes.hop(way), self.connections)
        except UnknownRouteError:
            return NO_ROUTE

    async def close(self) -> None:
        """Leave the servers."""
        await self.connections.close()


def _way_of(letter: Letter) -> Way:
    """Return the way of a letter: one that requires TLS may not go to a server unproved."""
    if letter.asked.requiretls:
        return replace(letter.way, tls=TlsMode.VERIFIED)
    return letter.way
