"""What an administrator decides about the next hop, other routes and the DNS.

Promises that a password is never configured onto a connection that somebody else could read.
Must never hold a default that sends a secret in the clear.
"""

import re
import socket
from datetime import timedelta
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr, model_validator

from vault.domain import canonical_domain
from vault.errors import AddressError

__all__ = [
    "Choice",
    "DnsSettings",
    "Kind",
    "NextHopSettings",
    "RouteSettings",
    "TlsMode",
    "address_and_port",
]

LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})


class TlsMode(StrEnum):
    """How much protection the connection to the next hop must have."""

    NONE = "none"
    OPPORTUNISTIC = "opportunistic"
    REQUIRED = "required"
    VERIFIED = "verified"


class Kind(StrEnum):
    """Where a route leads."""

    SERVER = "server"
    MX = "mx"


class Choice(StrEnum):
    """Which of several servers is tried first."""

    ORDER = "order"
    RANDOM = "random"


_SERVER = re.compile(
    r"(?:\[(?P<six>[0-9A-Fa-f:.]+)\]|(?P<host>[^\s:\[\]]+))(?::(?P<port>\d{1,5}))?"
)
_HIGHEST_PORT = 65535


def _other_server(text: str) -> str:
    found = _SERVER.fullmatch(text)
    if found is None or not 0 < int(found["port"] or 1) <= _HIGHEST_PORT:
        raise ValueError('write each server as "name" or "name:port"')
    return text


def _domain_entry(text: str) -> str:
    """Return `example.org` or, for all domains below it, `.example.org`; `*.` says the same."""
    entry = text.removeprefix("*") if text.startswith("*.") else text
    try:
        domain = canonical_domain(entry.removeprefix("."))
    except AddressError as error:
        raise ValueError(f"is not a domain: {error}") from error
    return f".{domain}" if entry.startswith(".") else domain


def _own_name() -> str:
    """Return this machine's name as it may stand in EHLO, without asking the DNS."""
    name = socket.gethostname()
    plain = name.replace("-", "").replace(".", "")
    return name.lower() if plain.isascii() and plain.isalnum() else "localhost"


class NextHopSettings(BaseModel):
    """The mail server that everything leaving Sealgate is handed to."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: Kind = Field(
        Kind.SERVER,
        description="server: mail goes to host. mx: mail goes to the servers that the DNS names "
        "for each recipient's domain (MX); see the section [dns].",
    )
    host: str = Field("127.0.0.1", description="Name or address of the next hop.")
    port: int = Field(25, ge=1, le=65535, description="Its SMTP port.")
    others: tuple[Annotated[str, AfterValidator(_other_server)], ...] = Field(
        (),
        description="More servers that do the same, as name or name:port. One that cannot be "
        "reached, or turns us away, makes way for the next.",
    )
    choose: Choice = Field(
        Choice.ORDER,
        description="order: host first, then the others as they stand. random: any of them; one "
        "that is named twice is chosen twice as often.",
    )
    rest: timedelta = Field(
        timedelta(seconds=60),
        ge=timedelta(0),
        description="How long one of several servers that failed is tried last, give or take a "
        "quarter.",
    )
    tls: TlsMode = Field(
        TlsMode.OPPORTUNISTIC,
        description="none: never STARTTLS. opportunistic: when offered. required: TLS or wait, "
        "any certificate. verified: TLS with a certificate that names the host, or wait.",
    )
    tls_name: str = Field("", description="Name the certificate must carry, if not the host.")
    tls_authorities: Path | None = Field(
        None, description="PEM file of the authorities to trust; empty means the system's."
    )
    username: str = Field("", description="Log in to the next hop as this user; empty: no login.")
    password: SecretStr = Field(SecretStr(""), description="The password for username.")
    hello: str = Field(
        default_factory=_own_name,
        pattern=r"^[A-Za-z0-9.-]+$",
        description="Name we give in EHLO; should resolve to this machine.",
    )
    connect_timeout: timedelta = Field(
        timedelta(seconds=20), gt=timedelta(0), description="Limit for connecting."
    )
    reply_timeout: timedelta = Field(
        timedelta(minutes=2),
        gt=timedelta(0),
        description="Limit for the greeting, each command's answer and the TLS handshake.",
    )
    block_timeout: timedelta = Field(
        timedelta(minutes=3), gt=timedelta(0), description="Limit for sending one block of a mail."
    )
    final_timeout: timedelta = Field(
        timedelta(minutes=10),
        gt=timedelta(0),
        description="Limit for the answer to a whole mail (RFC 5321 section 4.5.3.2.6).",
    )
    idle_connections: int = Field(
        30,
        ge=0,
        le=1000,
        description="Most connections that each process keeps open between mails; 0: a new one "
        "for each mail.",
    )
    idle_limit: timedelta = Field(
        timedelta(seconds=5),
        gt=timedelta(0),
        description="How long a connection is kept without a mail.",
    )
    mails_per_connection: int = Field(100, ge=1, description="Most mails sent over one connection.")

    def __hash__(self) -> int:
        """Go by what differs most often: it is asked for several times a mail."""
        return hash((self.host, self.port, self.tls))

    @property
    def servers(self) -> tuple[tuple[str, int], ...]:
        """Name and port of every server, host first."""
        return ((self.host, self.port), *(address_and_port(one, self.port) for one in self.others))

    @model_validator(mode="after")
    def _somewhere_to_go(self) -> Self:
        if self.kind is Kind.MX and (self.others or self.username):
            raise ValueError("kind = mx finds its servers in the DNS: no others, no username")
        if self.kind is Kind.SERVER and not self.host:
            raise ValueError("host is missing")
        return self

    @model_validator(mode="after")
    def _password_stays_private(self) -> Self:
        open_line = any(host not in LOOPBACK for host, _ in self.servers)
        if self.username and self.tls is not TlsMode.VERIFIED and open_line:
            raise ValueError(
                "a username for the next hop needs tls = verified: the password would otherwise "
                "reach whoever answers at that address"
            )
        if bool(self.username) is not bool(self.password.get_secret_value()):
            raise ValueError("username and password for the next hop belong together")
        return self


def address_and_port(text: str, port: int) -> tuple[str, int]:
    """Split a checked `name`, `name:port` or `[address]:port`."""
    found = _SERVER.fullmatch(text)
    assert found is not None  # noqa: S101 - the settings have checked it
    return found["six"] or found["host"], int(found["port"] or port)


class RouteSettings(NextHopSettings):
    """Another mail server that rules of the policy may send to by name, such as a partner's."""

    host: str = Field("", description="Name or address of the server.")
    tls: TlsMode = Field(
        TlsMode.VERIFIED,
        description="As for the next hop. A rule may ask for more and never for less.",
    )
    domains: tuple[Annotated[str, AfterValidator(_domain_entry)], ...] = Field(
        (),
        description="Recipients' domains whose mail takes this route where no rule names one: "
        '"example.org" that domain alone, "*.example.org" all below it.',
    )


class DnsSettings(BaseModel):
    """How the servers of a route with kind = mx are found, and what they must prove."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    servers: tuple[Annotated[str, AfterValidator(_other_server)], ...] = Field(
        (), description="Resolvers to ask, as address or address:port; none: the system's."
    )
    trusted: bool = Field(
        False,
        description="Whether these resolvers check DNSSEC and nobody can come between them and "
        "us, as with one on this machine. Only then is DANE used.",
    )
    mta_sts: bool = Field(True, description="Whether MTA-STS policies of domains are kept.")
    ipv6: bool = Field(True, description="Whether IPv6 addresses are used, too.")
    private_addresses: bool = Field(
        False,
        description="Whether mail may go to addresses that are not on the Internet, such as "
        "10.0.0.1 or 127.0.0.1, because the DNS says so.",
    )
    timeout: timedelta = Field(
        timedelta(seconds=10), gt=timedelta(0), description="Limit for one question."
    )
