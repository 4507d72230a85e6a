"""Ways out: the next hop and the named routes, and what a mail asks of the one it takes.

Promises that a way is never weaker than the settings of its server, nor than what the mail needs.
Must never fall back from a route to the next hop: a route that is gone is a failure.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from gateway.relay.server import stricter
from gateway.relay.settings import NextHopSettings, RouteSettings, TlsMode


class UnknownRouteError(Exception):
    """A mail is to go over a route that the settings do not have."""


@dataclass(frozen=True, slots=True)
class Way:
    """How a mail is to travel: over which route, with which TLS at least.

    Without a route it is the recipient's domain that decides, and then the next hop.
    """

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
    _by_domain: dict[str, str] = field(default_factory=dict, compare=False, repr=False)

    def __post_init__(self) -> None:
        for name, route in self.named.items():
            if isinstance(route, RouteSettings):
                self._by_domain.update(dict.fromkeys(route.domains, name))

    def hop(self, way: Way, domain: str = "") -> NextHopSettings:
        """Return the server of a way, with the stricter TLS of both. Raises UnknownRouteError.

        `domain` is the recipient's: it matters where the way names no route.
        """
        if not way.route and domain and self._by_domain:
            way = Way(self._route_of(domain), way.tls)
        if way not in self._known:
            self._known[way] = self._find(way)
        return self._known[way]

    def _find(self, way: Way) -> NextHopSettings:
        try:
            server = self.named[way.route] if way.route else self.next_hop
        except KeyError:
            raise UnknownRouteError(way.route) from None
        return server.model_copy(update={"tls": stricter(server.tls, way.tls)})

    def _route_of(self, domain: str) -> str:
        """Return the route whose entry is nearest to a domain, "" for none."""
        return next(filter(None, map(self._by_domain.get, _entries(domain))), "")


def _entries(domain: str) -> Iterator[str]:
    """Yield what may be written of a domain: itself, then `.` with each parent, nearest first."""
    yield domain
    while "." in domain:
        domain = domain.partition(".")[2]
        yield f".{domain}"
