"""The mail servers of a recipient's domain, found in the DNS, and what each must prove.

MX records by preference (RFC 5321 section 5.1), the domain itself where there are none, nobody
where a null MX says so (RFC 7505). A domain's DANE records (RFC 7672) and its MTA-STS policy (RFC
8461) raise what is asked of its servers, and never lower it.

Promises that an answer of the DNS that could not be had is never read as "there is none" where
that would mean less protection, and that mail which must go to a proved server goes to one
whose name is proved as well. Must never return an address that mail may not be sent to.
"""

import random
from collections.abc import Iterable
from dataclasses import dataclass, replace

import structlog

from gateway.relay import dane
from gateway.relay.answers import Answer
from gateway.relay.mta_sts import Mode, StsPolicies, StsPolicy
from gateway.relay.resolver import DnsTroubleError, Found, NoSuchNameError, Resolver
from gateway.relay.server import Server, Tlsa, stricter
from gateway.relay.settings import DnsSettings, NextHopSettings, TlsMode
from vault.storage.store import Store

MOST_HOSTS = 8
MOST_ADDRESSES = 4  # of one host

UNKNOWN_NOW = Answer(451, "4.4.3", "The mail servers of this domain could not be looked up")
NO_SUCH_DOMAIN = Answer(550, "5.1.2", "There is no such domain")
NO_MAIL = Answer(556, "5.1.10", "This domain says that it takes no mail")
NO_ADDRESS = Answer(550, "5.4.4", "The mail servers of this domain have no usable address")
LOOP = Answer(554, "5.4.6", "This domain names our own server as its mail server")
NOT_NAMED = Answer(451, "4.7.10", "None of the servers found is named by the domain's own policy")
UNPROVED = Answer(451, "4.7.10", "Nothing proves which servers are this domain's")

log = structlog.get_logger()


class NoServerError(Exception):
    """There is nobody to hand the mail to. Holds the answer for its recipients."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(answer.text)
        self.answer = answer


@dataclass(frozen=True, slots=True)
class _Hosts:
    names: tuple[str, ...]
    secure: bool


class Exchangers:
    """Finds servers. One for each process, since it remembers what it was told."""

    def __init__(self, resolver: Resolver, policies: StsPolicies | None) -> None:
        self._resolver = resolver
        self._policies = policies

    @classmethod
    def of(cls, settings: DnsSettings, store: Store | None = None) -> "Exchangers":
        """Make one from the settings; with a store, what domains have said outlives the process."""
        resolver = Resolver(settings)
        return cls(resolver, StsPolicies(resolver, store=store) if settings.mta_sts else None)

    async def servers(self, hop: NextHopSettings, domain: str) -> list[Server]:
        """Return the servers of a domain, in the order to be tried. Raises NoServerError."""
        try:
            hosts = await self._hosts(hop, domain)
        except DnsTroubleError as error:
            raise NoServerError(UNKNOWN_NOW) from error
        except NoSuchNameError as error:
            raise NoServerError(NO_SUCH_DOMAIN) from error
        policy = await self._policies.policy(domain) if self._policies else None
        servers: list[Server] = []
        failures: list[Answer] = []
        for host in hosts.names[:MOST_HOSTS]:
            try:
                servers += await self._at(hop, host, hosts.secure, policy)
            except NoServerError as failure:
                failures.append(failure.answer)
        if not servers:
            # What may pass is told before what may not: one of several servers may come back.
            raise NoServerError(next((one for one in failures if one.temporary), failures[0]))
        return servers

    async def _hosts(self, hop: NextHopSettings, domain: str) -> _Hosts:
        found = await self._resolver.exchangers(domain)
        if not found.records:
            return _Hosts((domain,), found.secure)
        named = [one for one in found.records if one[1]]
        if not named:
            raise NoServerError(NO_MAIL)
        shuffled = random.sample(named, len(named))
        ordered = sorted(shuffled, key=lambda one: one[0])
        ours = [preference for preference, host in ordered if host == hop.hello.lower()]
        if ours:  # we are one of them: only those preferred to us are left (RFC 5321 section 5.1)
            ordered = [one for one in ordered if one[0] < ours[0]]
        if not ordered:
            raise NoServerError(LOOP)
        return _Hosts(tuple(dict.fromkeys(host for _, host in ordered)), found.secure)

    async def _at(
        self, hop: NextHopSettings, host: str, secure: bool, policy: StsPolicy | None
    ) -> list[Server]:
        """Return a host's servers, one for each address. Raises NoServerError."""
        try:
            found = await self._resolver.addresses(host)
            records = await self._tlsa(hop, host, found) if secure and found.secure else None
        except DnsTroubleError as error:
            raise NoServerError(UNKNOWN_NOW) from error
        except NoSuchNameError as error:
            raise NoServerError(NO_ADDRESS) from error
        if not found.records:
            raise NoServerError(NO_ADDRESS)
        plain = Server(hop, host, hop.port, hop.tls, host)
        proved = _proved(plain, records, policy, secure=secure)
        return [replace(proved, address=one) for one in found.records[:MOST_ADDRESSES]]

    async def _tlsa(
        self, hop: NextHopSettings, host: str, found: Found[str]
    ) -> tuple[Tlsa, ...] | None:
        """Return a host's TLSA records, None for none. Raises DnsTroubleError.

        Where the host is another name for a server, that one's come first (RFC 7672 section 2.2.2).
        """
        for name in dict.fromkeys((found.name, host)):
            try:
                there = await self._resolver.tlsa(name, hop.port)
            except NoSuchNameError:
                continue
            if there.records and there.secure:
                return there.records
        return None


def _proved(
    server: Server, records: Iterable[Tlsa] | None, policy: StsPolicy | None, *, secure: bool
) -> Server:
    """Return the server with all that it must prove. Raises NoServerError where it cannot."""
    if records is not None:
        if usable := dane.usable(records):
            return replace(server, tls=TlsMode.VERIFIED, tlsa=usable)
        # They say that there is TLS, and not how to know it (RFC 7672 section 2.2).
        server = replace(server, tls=stricter(server.tls, TlsMode.REQUIRED))
    if policy is not None and policy.mode is not Mode.NONE and not policy.names(server.host):
        log.warning("relay.mta_sts_mismatch", peer=server.host, mode=policy.mode.value)
        if policy.mode is Mode.ENFORCE:
            raise NoServerError(NOT_NAMED)
    if policy is not None and policy.mode is Mode.ENFORCE:
        return replace(server, tls=TlsMode.VERIFIED)
    if server.tls is TlsMode.VERIFIED and not secure:
        raise NoServerError(UNPROVED)
    return server
