"""The first page of someone who is signed in: the messages he may read, newest first."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from aiohttp import web

from vault.address import Address
from vault.errors import Denial
from vault.packages import catalogue
from webreader.pages import page, redirect
from webreader.site import SITE, in_thread
from webreader.visits import VISITOR

NUMBER: Final = re.compile(r"[1-9][0-9]{0,5}")
STATES: Final = {
    Denial.REVOKED: ("Withdrawn", "quiet"),
    Denial.EXPIRED: ("Expired", "quiet"),
    Denial.DESTROYED: ("Destroyed", "quiet"),
    Denial.NOT_YET: ("Not available yet", "warn"),
    Denial.CLOSED: ("Closed at this hour", "warn"),
    Denial.UNKNOWN: ("Not available", "quiet"),
    Denial.VIEW_ONLY: ("Not available", "quiet"),
    Denial.TOO_WEAK: ("Needs a stronger sign-in", "warn"),
}


@dataclass(frozen=True, slots=True)
class Row:
    """One message of the list, in the words of the page."""

    id: str
    subject: str
    author: str
    sealed_at: datetime
    state: str
    tone: str
    is_new: bool


async def home(request: web.Request) -> web.Response:
    """GET /: the messages of the visitor, or the way to sign in."""
    session = request[VISITOR].session
    if session is None:
        return redirect("/signin")
    site = request.app[SITE]
    number = page_number(request)
    found = await in_thread(
        request, catalogue.received, site.store, site.opening, session.identity, page=number
    )
    lines = [_row(line, session.identity) for line in found.items]
    return page(
        request, "home.html", lines=lines, number=found.number, has_more=found.number < found.pages
    )


def page_number(request: web.Request) -> int:
    """Return which page of a list is asked for, from 1."""
    text = request.query.get("page", "1")
    return int(text) if NUMBER.fullmatch(text) else 1


def _row(line: catalogue.Line, identity: Address) -> Row:
    package = line.package
    opened = any(grant.opened_at for grant in line.grants if grant.address == identity)
    if package.denial is not None:
        state, tone = STATES[package.denial]
    else:
        state, tone = ("Opened", "quiet") if opened else ("New", "new")
    return Row(
        id=package.id,
        subject=f"Message {package.reference}" if package.denial else line.summary.subject,
        author=line.summary.author_name or str(package.author),
        sealed_at=package.sealed_at,
        state=state,
        tone=tone,
        is_new=state == "New",
    )


ROUTES = [web.get("/", home)]
