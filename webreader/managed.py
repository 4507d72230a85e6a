"""A sent message in the words of its page: who has it, what happened, what its sender has typed.

Promises to show it to its owner alone: the vault is asked on behalf of whoever looks.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from vault import catalogue, requests
from vault.address import Address
from vault.facts import PackageFacts, Summary
from vault.requests import Request
from webreader.pages import zone
from webreader.recipients import Copy, Recipient, copies, recipients
from webreader.sent import is_over
from webreader.site import Site
from webreader.timeline import Moment, by_day, tell


@dataclass(frozen=True, slots=True, repr=False)
class Managed:
    """A sent message, in the words of the page."""

    package: PackageFacts
    summary: Summary
    recipients: tuple[Recipient, ...]
    copies: tuple[Copy, ...]
    waiting: tuple[Request, ...]
    days: list[tuple[datetime, list[Moment]]]
    is_over: bool
    is_early: bool

    @property
    def active(self) -> int:
        """How many recipients have access."""
        return sum(recipient.is_active for recipient in self.recipients)


@dataclass(frozen=True, slots=True, repr=False)
class Typed:
    """What the visitor has typed into the page, and what is wrong with it: (field, text)."""

    address: str = ""
    day: str | None = None
    mistaken: Address | None = None  # the recipient whose address is being corrected
    right: str = ""
    errors: tuple[tuple[str, str], ...] = ()


def gather(site: Site, owner: Address, package_id: str) -> Managed:
    """Gather everything the page shows. Blocks. Raises AccessDenied(UNKNOWN) for non-owners."""
    line = catalogue.one(site.store, site.opening, owner, package_id)
    events = catalogue.timeline(site.store, owner, package_id)
    now = site.store.clock()
    early = line.package.not_before
    return Managed(
        package=line.package,
        summary=line.summary,
        recipients=recipients(line.grants, events),
        copies=copies(events),
        waiting=tuple(requests.pending(site.store, owner, package_id)),
        days=by_day(tell(events, owner), zone(site)),
        is_over=is_over(line, now),
        is_early=early is not None and early > now,
    )
