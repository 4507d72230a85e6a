"""A sent message in the words of its page: who has it, what happened, what its sender has typed.

Promises to show it to its owner alone: the vault is asked on behalf of whoever looks.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from policies.language.durations import say_duration
from vault.address import Address
from vault.ending import destroying
from vault.ending.destroying import Destroyed
from vault.packages import catalogue, requests
from vault.packages.facts import PackageFacts, Summary
from vault.packages.hours import OpenHours
from vault.packages.requests import Request
from vault.trail.incident import was_withdrawn
from webreader.managing.recipients import Copy, Recipient, copies, recipients
from webreader.managing.sent import is_over
from webreader.managing.timeline import Moment, by_day, tell
from webreader.pages import zone
from webreader.site import Site


@dataclass(frozen=True, slots=True, repr=False)
class Managed:
    """A sent message, in the words of the page."""

    package: PackageFacts
    summary: Summary
    recipients: tuple[Recipient, ...]
    copies: tuple[Copy, ...]
    waiting: tuple[Request, ...]
    is_cut: bool  # whether more wait than these
    days: list[tuple[datetime, list[Moment]]]
    is_over: bool
    is_early: bool
    was_withdrawn: bool
    kept_until: datetime | None  # when the content is destroyed, at the earliest
    kept_for: str  # after a time limit: "30 days"
    destroyed: Destroyed | None
    may_destroy: bool
    hours: str  # at which it can be opened, "" for always

    @property
    def active(self) -> int:
        """How many recipients have access."""
        return sum(recipient.is_active for recipient in self.recipients)


@dataclass(frozen=True, slots=True, repr=False)
class Typed:
    """What the visitor has typed into the page, and what is wrong with it: (field, text)."""

    address: str = ""
    day: str | None = None
    until: str = ""  # in answer to who asks for more time
    mistaken: Address | None = None  # the recipient whose address is being corrected
    right: str = ""
    errors: tuple[tuple[str, str], ...] = ()


def gather(site: Site, owner: Address, package_id: str) -> Managed:
    """Gather everything the page shows. Blocks. Raises AccessDenied(UNKNOWN) for non-owners."""
    line = catalogue.one(site.store, site.opening, owner, package_id)
    events = catalogue.timeline(site.store, owner, package_id)
    now = site.store.clock()
    package, early = line.package, line.package.not_before
    kept = kept_after(package, site.store.settings.kept_after_expiry)
    until = package.destroy_at
    waiting = tuple(requests.pending(site.store, owner, package_id))
    if until is None and package.expires_at is not None:
        until = package.expires_at + kept
    return Managed(
        package=line.package,
        summary=line.summary,
        recipients=recipients(line.grants, events),
        copies=copies(events),
        waiting=waiting,
        is_cut=len(waiting) == requests.MOST_SHOWN,
        days=by_day(tell(events, owner), zone(site)),
        is_over=is_over(line, now),
        is_early=early is not None and early > now,
        was_withdrawn=was_withdrawn(events),
        kept_until=until,
        kept_for=say_duration(kept) if kept else "",
        destroyed=destroying.fate(site.store, owner, package_id),
        may_destroy=site.store.settings.senders_destroy,
        hours=OpenHours.parse(package.open_hours).words() if package.open_hours else "",
    )


def kept_after(package: PackageFacts, usual: timedelta) -> timedelta:
    """Return for how long the content of a package outlives its time limit."""
    said = package.kept_after_expiry
    return usual if said is None else timedelta(seconds=said)
