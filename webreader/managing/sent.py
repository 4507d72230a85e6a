"""What somebody of the organisation has sent: the list, the search, and who waits for an answer.

Promises that only an address of the organisation gets here, and sees only what is its own. A search
is answered from what the visitor owns and is never a pattern: `%` and `_` are letters like others.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from urllib.parse import urlencode

from aiohttp import web

from vault.address import Address
from vault.errors import AccessDenied, Denial
from vault.packages import catalogue, requests
from vault.packages.catalogue import GrantLine, Line
from webreader.content.names import visible
from webreader.managing.timeline import people
from webreader.pages import page
from webreader.reading.home import page_number
from webreader.site import SITE, in_thread
from webreader.visits import reader

LONGEST_SEARCH: Final = 200
MOST_NAMES: Final = 3


@dataclass(frozen=True, slots=True, repr=False)
class Row:
    """One message of the list, in the words of the page."""

    id: str
    subject: str
    to: str
    sealed_at: datetime
    state: str
    tone: str


async def show(request: web.Request) -> web.Response:
    """GET /sent: the messages the visitor has sent, all or those that match a search."""
    owner = manager(request)
    site = request.app[SITE]
    search = visible(request.query.get("q", "")[:LONGEST_SEARCH])
    found = await in_thread(
        request,
        catalogue.sent,
        site.store,
        site.opening,
        owner,
        search=search,
        page=page_number(request),
    )
    waiting = await in_thread(request, requests.pending, site.store, owner)
    now = site.store.clock()
    return page(
        request,
        "sent.html",
        lines=[_row(line, now) for line in found.items],
        waiting=waiting,
        is_cut=len(waiting) == requests.MOST_SHOWN,
        search=search,
        total=found.total,
        number=found.number,
        has_more=found.number < found.pages,
        to=f"/sent?{urlencode({'q': search})}&page=" if search else "/sent?page=",
    )


def manager(request: web.Request) -> Address:
    """Return the proved address if it is one of the organisation's.

    Raises SignInNeeded, and AccessDenied(UNKNOWN) for anybody else: to them there is nothing here.
    """
    identity = reader(request)
    if not identity.within(request.app[SITE].organisation.domains):
        raise AccessDenied(Denial.UNKNOWN)
    return identity


def is_over(line: Line, now: datetime) -> bool:
    """Say whether recipients can no longer open a package because of its time limit."""
    limit = line.package.expires_at
    return limit is not None and limit <= now


def _row(line: Line, now: datetime) -> Row:
    state, tone = _state(line, now)
    names = [str(grant.address) for grant in line.grants]
    if len(names) > MOST_NAMES:
        names = [*names[:MOST_NAMES], f"{len(names) - MOST_NAMES} more"]
    package = line.package
    destroyed = package.denial is Denial.DESTROYED
    subject = f"Message {package.reference}" if destroyed else line.summary.subject
    return Row(package.id, subject, people(names), package.sealed_at, state, tone)


def _state(line: Line, now: datetime) -> tuple[str, str]:
    """Return the one thing about a package that its sender wants to know first, and its tone."""
    active = [grant for grant in line.grants if grant.state == "active"]
    if line.package.denial is Denial.DESTROYED:
        return "Destroyed", "quiet"
    if not active:
        return "Withdrawn", "quiet"
    if any(grant.notice == "bounced" for grant in active):
        return "Not delivered", "bad"
    return ("Expired", "quiet") if is_over(line, now) else _progress(active)


def _progress(active: Sequence[GrantLine]) -> tuple[str, str]:
    opened = sum(grant.opened_at is not None for grant in active)
    if opened:
        return _opened(opened, active), "good"
    if any(grant.notice == "delayed" for grant in active):
        return "Notice delayed", "warn"
    return "Not opened yet", "quiet"


def _opened(opened: int, active: Sequence[GrantLine]) -> str:
    if len(active) == 1:
        return "Opened"
    return "Opened by all" if opened == len(active) else f"Opened by {opened} of {len(active)}"


ROUTES = [web.get("/sent", show)]
