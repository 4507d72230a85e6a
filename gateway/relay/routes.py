"""Ways out: the next hop and the named routes, and what a mail asks of the one it takes.

Promises that a way is never weaker than the settings of its server, nor than what the mail needs.
Must never fall back from a route to the next hop: a route that is gone is a failure.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from gateway.relay.settings import NextHopSettings, TlsMode

_STRENGTH = (TlsMode.NONE, TlsMode.OPPORTUNISTIC, TlsMode.REQUIRED, TlsMode.VERIFIED)


class UnknownRouteError(Exception):
    """A mail is to go over a route that the settings do not have."""


@dataclass(frozen=True, slots=True)
class Way:
    """How a mail is to travel: over which route (empty: the next hop), with which TLS at least."""

    route: str = ""
    tls: TlsMode = TlsMode.NONE

    @property
    def demanding(self) -> bool:
        """Whether the mail may not go at all without TLS."""
        return self.tls in {TlsMode.REQUIRED, TlsMode.VERIFIED}

    @classmethod
    def of(cls, fields: Mapping[str, str]) -> "Way":
        """Read what the policy's terms wrote; rows of letters say nothing and take any way."""
        return cls(fields.get("route", ""), TlsMode(fields.get("tls", TlsMode.NONE.value)))


ANY_WAY = Way()


@dataclass(frozen=True, slots=True)
class Routes:
    """The servers that mail can be handed to."""

    next_hop: NextHopSettings
    named: Mapping[str, NextHopSettings] = field(default_factory=dict)
    _known: dict[Way, NextHopSettings] = field(default_factory=dict, compare=False, repr=False)

    def hop(self, way: Way) -> NextHopSettings:
        """Return the server of a way, with the stricter TLS of both. Raises UnknownRouteError."""
        if way not in self._known:
            self._known[way] = self._find(way)
        return self._known[way]

    def _find(self, way: Way) -> NextHopSettings:
        try:
            server = self.named[way.route] if way.route else self.next_hop
        except KeyError:
            raise UnknownRouteError(way.route) from None
        stricter = max(server.tls, way.tls, key=_STRENGTH.index)
        return server.model_copy(update={"tls": stricter})
