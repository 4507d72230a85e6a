"""What every page of the site stands on, and how a page calls the vault.

A `Site` is made once at start and never changes. The vault blocks (database, disk, decryption), so
its functions are called through `in_thread`, never directly from a coroutine: one slow disk must
not stop every visitor.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from ipaddress import ip_address, ip_network
from typing import TYPE_CHECKING, ParamSpec, TypeVar

from aiohttp import web
from yarl import URL

from policies.envelope import Envelope
from policies.extraction.passages import Content
from policies.knowledge import NOTHING_KNOWN, Knowledge
from policies.message.mime import Outline
from vault.address import Address
from vault.keys import SealingKeys
from vault.keys.opening import OpeningKeys
from vault.origin import Origin
from vault.secrets import Secret
from webreader.answering.scanning import Scan
from webreader.settings import WebSettings

if TYPE_CHECKING:
    from policies.engine import Policy
    from policies.extraction.pool import ExtractionPool
    from policies.settings import OrganisationSettings
    from vault.storage.store import Store

P = ParamSpec("P")
T = TypeVar("T")

WORKERS = 8


@dataclass(frozen=True, slots=True)
class Site:
    """The safe, its keys, who we are, and the policy in force (`rules` gives it anew each time).

    `extraction` reads what a mail contains and `knowledge` is what the installation knows, as the
    SMTP door has them: a held mail is decided again by the same facts. `scan` looks for malware in
    what is written or released here. `hostname` is what our own Received lines name.
    """

    store: Store
    opening: OpeningKeys
    sealing: SealingKeys
    secret: Secret
    organisation: OrganisationSettings
    settings: WebSettings
    rules: Callable[[], Policy]
    extraction: ExtractionPool | None = None
    knowledge: Knowledge = NOTHING_KNOWN
    scan: Scan | None = None
    hostname: str = "localhost"

    def refusal(self, owner: Address, recipient: Address) -> str:
        """Return why `owner` may not send to `recipient`, whatever the message; empty: he may."""
        envelope = Envelope(
            sender=owner,
            recipients=(recipient,),
            own_domains=tuple(self.organisation.domains),
            authenticated=True,
        )
        decision = self.rules().decide_recipient(envelope, recipient)
        return decision.told if decision else ""

    def inside(self, policy: Policy, seen: Outline, read: Callable[[], Iterable[bytes]]) -> Content:
        """Read text and attachments if a rule asks for them; what cannot be read is never clean."""
        if not policy.reads_inside:
            return Content()
        if self.extraction is None:
            return Content(problems=("nothing here reads text and attachments",))
        return self.extraction.read(seen, read())

    def untagged(self, subject: str) -> str:
        """Return a subject as readers see it: `[secure]` was a word to the gateway, not to them."""
        return self.rules().reader.untagged(subject)

    @property
    def origin(self) -> str:
        """Scheme, host and port of the public address, as browsers send it in `Origin`."""
        return str(URL(self.organisation.public_url).origin())

    @property
    def sender(self) -> Address:
        """The address that replies are sent from, on behalf of whoever wrote them."""
        first = self.organisation.domains[0].removeprefix(".")
        return Address.parse(self.settings.reply_from or f"secure@{first}")

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
    settings = request.app[SITE].settings
    hops = [hop for hop in request.headers.get("X-Forwarded-For", "").split(",") if hop.strip()]
    address = request.remote or ""
    while hops and is_proxy(settings, address):
        address = hops.pop().strip()
    return Origin(ip=address, agent=request.headers.get("User-Agent", ""))


def is_proxy(settings: WebSettings, address: str) -> bool:
    """Say whether an address is that of one of our own reverse proxies."""
    try:
        known = ip_address(address)
    except ValueError:
        return False
    return any(known in ip_network(network) for network in settings.trusted_proxies)
