"""One server to connect to, and what it must prove before it is told anything.

Promises that equal servers are reached and proved alike, so that a connection to one is a
connection to the other. Must never be weaker than the settings that it was made from.
"""

from dataclasses import dataclass, field

from gateway.relay.settings import NextHopSettings, TlsMode

STRENGTH = (TlsMode.NONE, TlsMode.OPPORTUNISTIC, TlsMode.REQUIRED, TlsMode.VERIFIED)


@dataclass(frozen=True, slots=True)
class Tlsa:
    """One TLSA record (RFC 6698): what a certificate in the server's chain must match."""

    usage: int
    selector: int
    matching: int
    data: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Server:
    """A server under a demand of TLS.

    `address` is where to connect, "" to look up `host`. `name` is what a certificate must carry.
    With `tlsa` the certificate is judged by these records and not by authorities (RFC 7672).
    """

    settings: NextHopSettings
    host: str
    port: int
    tls: TlsMode
    name: str
    address: str = ""
    tlsa: tuple[Tlsa, ...] = ()

    def __hash__(self) -> int:
        """Go by what differs most often: it is asked for several times a mail."""
        return hash((self.host, self.port, self.address, self.tls))

    @classmethod
    def all_of(cls, hop: NextHopSettings) -> "tuple[Server, ...]":
        """Return the servers that the settings name."""
        return tuple(
            cls(hop, host, port, hop.tls, hop.tls_name or host) for host, port in hop.servers
        )


def stricter(one: TlsMode, other: TlsMode) -> TlsMode:
    """Return the one that asks for more."""
    return max(one, other, key=STRENGTH.index)
