"""MTA-STS: what a domain says of its own mail servers, by HTTPS (RFC 8461).

Promises that a policy is kept for as long as it says, also when its domain has no answer in the
meantime, that a fetch is bounded in time and bytes and follows no redirect, and that who publishes
nothing is bound to nothing. Must never connect to an address that mail may not be sent to.
"""

import asyncio
import io
import re
import ssl
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import StrEnum
from http.client import HTTPException, HTTPResponse
from pathlib import Path
from typing import Any, cast

import structlog

from gateway.relay.resolver import DnsTroubleError, NoSuchNameError, Resolver

LARGEST_POLICY = 64 * 1024
LARGEST_ANSWER = LARGEST_POLICY + 16 * 1024  # with the header
LONGEST_AGE = 31_557_600  # seconds, RFC 8461 section 3.2
FETCH_SECONDS = 15.0
FAILED_FOR = 300.0  # seconds before a fetch that failed is tried again (section 3.3)
REMEMBERED = 5000
OK = 200
_RECORD = re.compile(
    rb"v=STSv1[ \t]*;[ \t]*id[ \t]*=[ \t]*([A-Za-z0-9]{1,32})[ \t]*(?:;.*)?", re.DOTALL
)

log = structlog.get_logger()


class Mode(StrEnum):
    """How much a policy binds."""

    ENFORCE = "enforce"
    TESTING = "testing"
    NONE = "none"


class BadPolicyError(ValueError):
    """The text is no policy."""


@dataclass(frozen=True, slots=True)
class StsPolicy:
    """A policy: mode, which hosts are the domain's servers, for how many seconds it holds."""

    mode: Mode
    hosts: tuple[str, ...]
    max_age: int

    def names(self, host: str) -> bool:
        """Say whether a host is one of the domain's; `*.` stands for one label."""
        parent = f"*.{host.partition('.')[2]}"
        return host in self.hosts or parent in self.hosts

    @classmethod
    def parse(cls, text: str) -> "StsPolicy":
        """Read a policy (RFC 8461 section 3.2). Raises BadPolicyError."""
        pairs = [
            (key.strip(), value.strip())
            for key, colon, value in (line.partition(":") for line in text.splitlines())
            if colon
        ]
        first = dict(reversed(pairs))  # of a key that comes twice the first counts, but for mx
        try:
            mode, max_age = Mode(first["mode"]), int(first["max_age"])
        except (KeyError, ValueError) as error:
            raise BadPolicyError("mode or max_age is missing or not understood") from error
        hosts = tuple(value.lower() for key, value in pairs if key == "mx")
        if first.get("version") != "STSv1" or not 0 <= max_age <= LONGEST_AGE:
            raise BadPolicyError("not version 1, or an age out of bounds")
        if mode is not Mode.NONE and not hosts:
            raise BadPolicyError("no mx")
        return cls(mode, hosts, max_age)


@dataclass(frozen=True, slots=True)
class _Kept:
    id: str
    policy: StsPolicy | None  # None: the fetch failed and there was nothing before
    until: float  # the policy holds
    again_at: float = 0.0  # the next fetch, when one has failed


class StsPolicies:
    """The policies of domains, fetched when first needed. `clock` in seconds."""

    def __init__(
        self,
        resolver: Resolver,
        *,
        port: int = 443,
        authorities: Path | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._resolver = resolver
        self._port = port
        self._authorities = authorities
        self._clock = clock
        self._context: ssl.SSLContext | None = None
        self._kept: OrderedDict[str, _Kept] = OrderedDict()

    async def policy(self, domain: str) -> StsPolicy | None:
        """Return the policy in force for a domain, None if there is none. Never raises."""
        kept = self._kept.get(domain)
        if kept is not None and self._clock() >= max(kept.until, kept.again_at):
            kept = None
        published = await self._published(domain)
        held = kept.policy if kept and self._clock() < kept.until else None
        if published is None:
            return held
        if kept is not None and (kept.id == published or self._clock() < kept.again_at):
            return held
        return await self._renewed(domain, published, kept)

    async def _published(self, domain: str) -> str | None:
        """Return the id of the policy that the DNS tells of; None for none, and for no answer."""
        try:
            found = await self._resolver.texts(f"_mta-sts.{domain}")
        except (DnsTroubleError, NoSuchNameError):
            return None
        records = [one for one in found.records if one.startswith(b"v=STSv1")]
        match = _RECORD.fullmatch(records[0]) if len(records) == 1 else None
        return match[1].decode("ascii") if match else None

    async def _renewed(self, domain: str, published: str, kept: _Kept | None) -> StsPolicy | None:
        now = self._clock()
        try:
            async with asyncio.timeout(FETCH_SECONDS):
                policy = StsPolicy.parse(await self._fetch(f"mta-sts.{domain}"))
        except (OSError, HTTPException, ValueError, DnsTroubleError, NoSuchNameError) as error:
            log.warning("relay.mta_sts_fetch", domain=domain, problem=type(error).__name__)
            old = kept or _Kept("", None, now)
            self._keep(domain, replace(old, again_at=now + FAILED_FOR))
            return old.policy if now < old.until else None
        self._keep(domain, _Kept(published, policy, now + policy.max_age))
        return policy

    def _keep(self, domain: str, kept: _Kept) -> None:
        self._kept[domain] = kept
        self._kept.move_to_end(domain)
        if len(self._kept) > REMEMBERED:
            self._kept.popitem(last=False)

    async def _fetch(self, host: str) -> str:
        """Get the policy file (RFC 8461 section 3.3). Raises OSError, HTTPException, ValueError."""
        found = await self._resolver.addresses(host)
        if not found.records:
            raise ConnectionError("no address that may be used")
        if self._context is None:
            self._context = await asyncio.to_thread(
                ssl.create_default_context, cafile=self._authorities
            )
        reader, writer = await asyncio.open_connection(
            found.records[-1], self._port, ssl=self._context, server_hostname=host
        )
        try:
            writer.write(
                f"GET /.well-known/mta-sts.txt HTTP/1.1\r\nHost: {host}\r\n"
                "Accept: text/plain\r\nConnection: close\r\n\r\n".encode("ascii")
            )
            return _body(await _until_end(reader))
        finally:
            writer.transport.abort()


async def _until_end(reader: asyncio.StreamReader) -> bytes:
    answer = bytearray()
    while block := await reader.read(16 * 1024):
        answer += block
        if len(answer) > LARGEST_ANSWER:
            raise ValueError("the answer is too large")
    return bytes(answer)


class _Answer:
    """A whole answer, in the form in which the standard library reads one."""

    def __init__(self, data: bytes) -> None:
        self._data = data

    def makefile(self, *_: object) -> io.BytesIO:
        return io.BytesIO(self._data)


def _body(answer: bytes) -> str:
    response = HTTPResponse(cast("Any", _Answer(answer)))
    response.begin()
    if response.status != OK or response.headers.get_content_type() != "text/plain":
        raise ValueError("not a policy")
    body = response.read(LARGEST_POLICY + 1)
    if len(body) > LARGEST_POLICY:
        raise ValueError("the policy is too large")
    return body.decode("utf-8")
