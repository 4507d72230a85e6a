"""What every page of the site stands on, and how a page calls the vault.

A `Site` is made once at start and never changes. The vault blocks (database, disk, decryption), so
its functions are called through `in_thread`, never directly from a coroutine: one slow disk must
not stop every visitor.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from typing import TYPE_CHECKING, ParamSpec, TypeVar

from aiohttp import web
from yarl import URL

from vault.keys import SealingKeys
from vault.opening import OpeningKeys
from vault.origin import Origin
from vault.secrets import Secret
from webreader.settings import WebSettings

if TYPE_CHECKING:
    from policies.settings import OrganisationSettings
    from vault.store import Store

Network = IPv4Network | IPv6Network
P = ParamSpec("P")
T = TypeVar("T")

WORKERS = 8


@dataclass(frozen=True, slots=True)
class Site:
    """The safe, its keys, and who we are."""

    store: Store
    opening: OpeningKeys
    sealing: SealingKeys
    secret: Secret
    organisation: OrganisationSettings
    settings: WebSettings

    @property
    def origin(self) -> str:
        """Scheme, host and port of the public address, as browsers send it in `Origin`."""
        return str(URL(self.organisation.public_url).origin())

    @property
    def host(self) -> str:
        """The only `Host` we answer to: nothing on a page is ever built from a visitor's header."""
        return self.origin.partition("://")[2]


SITE: web.AppKey[Site] = web.AppKey("site", Site)
POOL: web.AppKey[ThreadPoolExecutor] = web.AppKey("pool", ThreadPoolExecutor)


async def in_thread(
    request: web.Request, call: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs
) -> T:
    """Run a blocking call in the site's threads and wait for it."""
    loop = asyncio.get_running_loop()
    return await loop.run_in_executor(request.app[POOL], partial(call, *args, **kwargs))


def came_from(request: web.Request) -> Origin:
    """Where the visitor is, for the audit.

    The nearest address that is not one of our own proxies: a visitor can write whatever he likes
    into X-Forwarded-For, but only to the left of what our proxy appended.
    """
    trusted = [ip_network(text) for text in request.app[SITE].settings.trusted_proxies]
    hops = list(filter(None, map(str.strip, request.headers.get("X-Forwarded-For", "").split(","))))
    address = request.remote or ""
    while hops and _within(address, trusted):
        address = hops.pop()
    return Origin(ip=address, agent=request.headers.get("User-Agent", ""))


def _within(address: str, networks: list[Network]) -> bool:
    try:
        return any(ip_address(address) in network for network in networks)
    except ValueError:
        return False
