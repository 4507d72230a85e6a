"""Questions to the DNS, and whether the answers can be relied on.

Promises that every question has a limit of time, that "there is none" is told apart from "nobody
knows now", and that an answer counts as secure only if the settings trust the resolver and it says
that it checked DNSSEC (the AD bit). Must never return an address that mail may not be sent to.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from typing import Any, Generic, TypeVar

import dns.asyncresolver
import dns.exception
import dns.flags
import dns.name
import dns.nameserver
import dns.rdatatype
import dns.resolver

from gateway.relay.server import Tlsa
from gateway.relay.settings import DnsSettings, address_and_port

_T = TypeVar("_T")
DNS_PORT = 53
LARGEST_ANSWER = 1232  # bytes by UDP; what is larger comes by TCP
CACHED = 2000
_UNICAST = IPv6Network("2000::/3")  # all that is given out of IPv6 (RFC 4291 section 2.4)
_NAT64 = IPv6Network("64:ff9b::/96")  # RFC 6052: an IPv4 address stands at its end


class DnsTroubleError(Exception):
    """Nobody knows now: no answer, a broken one, or a server that fails."""


class NoSuchNameError(Exception):
    """The DNS says that there is no such name."""


@dataclass(frozen=True, slots=True)
class Found(Generic[_T]):
    """What the DNS has of one kind under a name: nothing, perhaps. `name` is where it stands."""

    records: tuple[_T, ...]
    secure: bool
    name: str


class Resolver:
    """Asks the resolvers of the settings, and remembers answers for as long as they hold."""

    def __init__(self, settings: DnsSettings) -> None:
        self._settings = settings
        self._resolver: dns.asyncresolver.Resolver | None = None

    async def exchangers(self, domain: str) -> Found[tuple[int, str]]:
        """Return preference and host of each MX record. Raises DnsTroubleError, NoSuchNameError."""
        return await self._ask(domain, "MX", lambda one: (one.preference, _text(one.exchange)))

    async def texts(self, name: str) -> Found[bytes]:
        """Return TXT records, their strings joined. Raises DnsTroubleError, NoSuchNameError."""
        return await self._ask(name, "TXT", lambda one: b"".join(one.strings))

    async def tlsa(self, host: str, port: int) -> Found[Tlsa]:
        """Return the TLSA records of a port. Raises DnsTroubleError, NoSuchNameError."""
        return await self._ask(f"_{port}._tcp.{host}", "TLSA", _tlsa)

    async def addresses(self, host: str) -> Found[str]:
        """Return where a host is, IPv6 first, without what mail may not be sent to.

        Raises DnsTroubleError if one kind is not known and there is none of the other, and
        NoSuchNameError.
        """
        kinds = ("AAAA", "A") if self._settings.ipv6 else ("A",)
        asked = (self._ask(host, kind, lambda one: str(one.address)) for kind in kinds)
        answers = await asyncio.gather(*asked, return_exceptions=True)
        found = [one for one in answers if isinstance(one, Found)]
        records = tuple(address for one in found for address in one.records)
        troubles = [one for one in answers if isinstance(one, BaseException)]
        if troubles and not records:
            raise troubles[0]
        secure = all(one.secure for one in found)
        return Found(tuple(filter(self._allowed, records)), secure, found[-1].name)

    def _allowed(self, address: str) -> bool:
        if self._settings.private_addresses:
            return True
        return _is_on_the_internet(ip_address(address))

    async def _ask(self, name: str, kind: str, read: Callable[[Any], _T]) -> Found[_T]:
        try:
            answer = await self._made().resolve(
                dns.name.from_text(name), kind, raise_on_no_answer=False, search=False
            )
        except dns.resolver.NXDOMAIN as error:
            raise NoSuchNameError(name) from error
        except (dns.exception.DNSException, OSError, ValueError) as error:
            raise DnsTroubleError(f"{name} ({kind})") from error
        secure = self._settings.trusted and bool(answer.response.flags & dns.flags.AD)
        records = tuple(read(one) for one in answer.rrset or ())
        return Found(records, secure, _text(answer.canonical_name))

    def _made(self) -> dns.asyncresolver.Resolver:
        if self._resolver is None:
            self._resolver = _resolver(self._settings)
        return self._resolver


def _resolver(settings: DnsSettings) -> dns.asyncresolver.Resolver:
    made = dns.asyncresolver.Resolver(configure=not settings.servers)
    if settings.servers:
        places = [address_and_port(one, DNS_PORT) for one in settings.servers]
        made.nameservers = [dns.nameserver.Do53Nameserver(*place) for place in places]
    made.use_edns(0, dns.flags.DO, LARGEST_ANSWER)
    made.set_flags(dns.flags.RD | dns.flags.AD)
    made.lifetime = settings.timeout.total_seconds()
    made.timeout = made.lifetime / 3
    made.cache = dns.resolver.LRUCache(CACHED)
    return made


def _is_on_the_internet(address: IPv4Address | IPv6Address) -> bool:
    """Say whether mail may go there. What stands for an IPv4 address is judged as that one."""
    if isinstance(address, IPv6Address):
        inside = address.ipv4_mapped or address.sixtofour
        if address in _NAT64:
            inside = IPv4Address(address.packed[-4:])
        if inside is not None:
            return _is_on_the_internet(inside)
        if address not in _UNICAST:
            return False
    return address.is_global and not address.is_multicast


def _text(name: dns.name.Name) -> str:
    return name.to_text().rstrip(".").lower()


def _tlsa(record: Any) -> Tlsa:
    return Tlsa(record.usage, record.selector, record.mtype, bytes(record.cert))
