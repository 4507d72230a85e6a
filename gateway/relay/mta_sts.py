"""MTA-STS: what a domain says of its own mail servers, by HTTPS (RFC 8461).

Promises that a policy is kept for as long as it says, over restarts and also when its domain has no
answer in the meantime, that it is fetched anew well before it ends, that a fetch is bounded in time
and bytes and follows no redirect, and that who publishes nothing is bound to nothing.
Must never forget a policy because it could not be fetched again.
"""

import asyncio
import re
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from enum import StrEnum
from http.client import HTTPException
from pathlib import Path

import structlog

from gateway.relay.policy_page import PolicyPage
from gateway.relay.resolver import DnsTroubleError, NoSuchNameError, Resolver
from vault.errors import VaultError
from vault.sending import sts
from vault.sending.sts import KeptPolicy
from vault.storage import turns
from vault.storage.store import Store

LONGEST_AGE = 31_557_600  # seconds, RFC 8461 section 3.2
FETCH_SECONDS = 15.0
FAILED_FOR = 300.0  # seconds before a fetch that failed is tried again (section 3.3)
FETCHED_DAILY = 86_400.0  # seconds after which a policy is fetched anew, if it is no shorter
REMEMBERED = 5000
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
    stale_at: float = 0.0  # when it is to be fetched anew, while it still holds


class StsPolicies:
    """The policies of domains, fetched when first needed. `clock` in seconds.

    With a `store` they outlive the process, and what one process has fetched another knows.
    """

    def __init__(
        self,
        resolver: Resolver,
        *,
        store: Store | None = None,
        port: int = 443,
        authorities: Path | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._resolver = resolver
        self._store = store
        self._page = PolicyPage(resolver, port=port, authorities=authorities)
        self._clock = clock
        self._kept: OrderedDict[str, _Kept] = OrderedDict()
        self._refreshing: dict[str, asyncio.Task[StsPolicy | None]] = {}

    async def policy(self, domain: str) -> StsPolicy | None:
        """Return the policy in force for a domain, None if there is none. Never raises."""
        kept = self._kept.get(domain)
        if kept is not None and self._clock() >= max(kept.until, kept.again_at):
            kept = None
        kept = kept or await self._kept_before(domain)
        published = await self._published(domain)
        held = kept.policy if kept and self._clock() < kept.until else None
        if kept is not None and held is not None:
            self._refresh(domain, published, kept)
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
                policy = StsPolicy.parse(await self._page.fetch(f"mta-sts.{domain}"))
        except (OSError, HTTPException, ValueError, DnsTroubleError, NoSuchNameError) as error:
            log.warning("relay.mta_sts_fetch", domain=domain, problem=type(error).__name__)
            old = kept or _Kept("", None, now)
            self._keep(domain, replace(old, again_at=now + FAILED_FOR))
            return old.policy if now < old.until else None
        stale_at = now + min(FETCHED_DAILY, policy.max_age / 2)
        self._keep(domain, _Kept(published, policy, now + policy.max_age, stale_at=stale_at))
        self._keep_over_restarts(domain, published, policy)
        return policy

    def _refresh(self, domain: str, published: str | None, kept: _Kept) -> None:
        """Fetch a policy anew in the background, if it is time: no mail waits, and it holds."""
        due = self._clock() >= max(kept.stale_at, kept.again_at)
        if not due or domain in self._refreshing or published not in (kept.id, None):
            return
        task = asyncio.create_task(self._renewed(domain, kept.id, kept))
        self._refreshing[domain] = task
        task.add_done_callback(lambda _: self._refreshing.pop(domain, None))

    async def _kept_before(self, domain: str) -> _Kept | None:
        """Return what this process, or another, learnt before and does not remember any more."""
        if self._store is None:
            return None
        try:
            if self._store.answers_at_once:
                found = sts.find(self._store, domain)
            else:
                found = await asyncio.to_thread(sts.find, self._store, domain)
            if found is None:
                return None
            left = (found.until - self._store.clock()).total_seconds()
            policy = StsPolicy(Mode(found.mode), found.hosts, int(left))
        except (VaultError, ValueError) as error:
            log.warning("relay.mta_sts_not_read", problem=type(error).__name__)
            return None
        now = self._clock()
        self._keep(domain, _Kept(found.id, policy, now + left, stale_at=now + left / 2))
        return self._kept[domain]

    def _keep_over_restarts(self, domain: str, published: str, policy: StsPolicy) -> None:
        if self._store is None:
            return
        until = self._store.clock() + timedelta(seconds=policy.max_age)
        kept = KeptPolicy(published, policy.mode.value, policy.hosts, until)
        try:
            self._store.hand_over_late(lambda tx: sts.keep(tx, domain, kept), turns.domain(domain))
        except VaultError as error:
            log.warning("relay.mta_sts_not_kept", problem=type(error).__name__)

    def _keep(self, domain: str, kept: _Kept) -> None:
        self._kept[domain] = kept
        self._kept.move_to_end(domain)
        if len(self._kept) > REMEMBERED:
            self._kept.popitem(last=False)
