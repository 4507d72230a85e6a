"""Reading one message: the page around it, its text in a frame of its own, and a view for paper.

The text comes from strangers. It is made safe by `content.scrub`, and then shown as if it were
not: in a sandbox without scripts, forms or an origin, under a policy that loads nothing.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from aiohttp import hdrs, web

from vault.address import Address
from vault.origin import Origin
from vault.packages import catalogue
from vault.packages.facts import PackageFacts
from vault.packages.hours import OpenHours
from vault.packages.retrieve import Opened, retrieve
from vault.trail.audit import Act
from webreader.answering.answer import may_reply
from webreader.content import frame, kinds
from webreader.content.message import Attachment, MessageView, Person, view
from webreader.pages import page
from webreader.reading.secondlock import unlocked
from webreader.site import SITE, Site, came_from, in_thread
from webreader.visits import reader

SANDBOX: Final = "sandbox allow-popups allow-popups-to-escape-sandbox"
BODY_POLICY: Final = (
    f"{SANDBOX}; default-src 'none'; img-src data:; style-src 'unsafe-inline'; "
    "form-action 'none'; frame-ancestors 'self'; base-uri 'none'"
)
PRINT_POLICY: Final = (
    f"{SANDBOX}; default-src 'none'; img-src 'self' data:; style-src 'self' 'unsafe-inline'; "
    "form-action 'none'; frame-ancestors 'none'; base-uri 'none'"
)


@dataclass(frozen=True, slots=True)
class File:
    """An attachment, in the words of the page."""

    number: int
    name: str
    size: int
    badge: str
    kind: str


@dataclass(frozen=True, slots=True, repr=False)
class Letter:
    """A message, in the words of the page."""

    id: str
    reference: str
    subject: str
    author: Address
    author_name: str
    to: tuple[str, ...]
    cc: tuple[str, ...]
    sent_at: datetime
    expires_at: datetime | None
    protection: str
    hours: str
    frame: str
    files: tuple[File, ...]
    pictures: tuple[File, ...]
    remarks: tuple[str, ...]


@dataclass(frozen=True, slots=True, repr=False)
class Entry:
    """One message of a conversation."""

    id: str
    subject: str
    author: str
    when: datetime
    files: int


async def show(request: web.Request) -> web.Response:
    """GET /p/{package}: the page around a message."""
    identity = reader(request)
    opened, seen = await in_thread(request, open_letter, *_wanted(request), Act.PACKAGE_OPENED)
    thread = await in_thread(request, _thread, unlocked(request), identity, opened.package.id)
    shown, copying = letter(opened, seen), may_copy(opened.package, identity)
    return page(
        request,
        "read.html",
        letter=shown if copying else replace(shown, remarks=_without_offers(shown.remarks)),
        thread=thread,
        is_plain=seen.body.kind == "text",
        may_reply=may_reply(opened.package, identity),
        may_copy=copying,
        is_owner=opened.package.owner == identity,
        is_answer=opened.package.author != opened.package.owner,
    )


async def body(request: web.Request) -> web.Response:
    """GET /p/{package}/body: the text of a message, for the frame of `show`."""
    reader(request)
    _, seen = await in_thread(request, open_letter, *_wanted(request), Act.PACKAGE_OPENED)
    response = page(request, "body.html", body=seen.body.html, is_plain=seen.body.kind == "text")
    response.headers[hdrs.CONTENT_SECURITY_POLICY] = BODY_POLICY
    return response


async def printed(request: web.Request) -> web.Response:
    """GET /p/{package}/print: the message with its facts on one sheet."""
    reader(request)
    opened, seen = await in_thread(request, open_letter, *_wanted(request), Act.PACKAGE_PRINTED)
    response = page(
        request,
        "print.html",
        letter=letter(opened, seen),
        body=seen.body.html,
        now=request.app[SITE].store.clock(),
    )
    response.headers[hdrs.CONTENT_SECURITY_POLICY] = PRINT_POLICY
    return response


def may_copy(package: PackageFacts, identity: Address) -> bool:
    """Say whether the page offers downloads and print; the vault refuses them by itself."""
    return not package.view_only or identity in (package.owner, package.author)


def _without_offers(remarks: Iterable[str]) -> tuple[str, ...]:
    """Leave out of remarks the advice to download what may not be downloaded."""
    return tuple(remark.partition(" Download the original")[0] for remark in remarks)


def open_letter(
    site: Site, identity: Address, package: str, origin: Origin, act: Act
) -> tuple[Opened, MessageView]:
    """Open a package, on record, and take its message apart. Blocks. Raises AccessDenied."""
    opened = retrieve(site.store, site.opening, identity, package, act, origin)
    return opened, view(opened.read)


def letter(opened: Opened, seen: MessageView) -> Letter:
    """Put a message into the words of the page."""
    package = opened.package
    files = [file_of(attachment) for attachment in seen.attachments if not attachment.in_text]
    pictures = [file_of(attachment) for attachment in seen.attachments if attachment.in_text]
    return Letter(
        id=package.id,
        reference=package.reference,
        subject=seen.subject or opened.summary.subject,
        author=package.author,
        author_name=opened.summary.author_name,
        to=tuple(map(spelt, seen.to)),
        cc=tuple(map(spelt, seen.cc)),
        sent_at=package.sealed_at,
        expires_at=package.expires_at,
        protection=package.protection,
        hours=OpenHours.parse(package.open_hours).words() if package.open_hours else "",
        frame=frame.classes(seen.body.html) if seen.body.html else "",
        files=tuple(files),
        pictures=tuple(pictures),
        remarks=tuple(remarks_on(seen)),
    )


def _wanted(request: web.Request) -> tuple[Site, Address, str, Origin]:
    return unlocked(request), reader(request), request.match_info["package"], came_from(request)


def _thread(site: Site, identity: Address, package: str) -> list[Entry]:
    lines = catalogue.conversation(site.store, site.opening, identity, package)
    return [
        Entry(
            id=line.package.id,
            subject=line.summary.subject,
            author=line.summary.author_name or str(line.package.author),
            when=line.package.sealed_at,
            files=len(line.summary.attachments),
        )
        for line in lines
    ]


def file_of(attachment: Attachment) -> File:
    """Put an attachment into the words of the page."""
    badge, kind = kinds.describe(attachment.name)
    return File(attachment.index, attachment.name, attachment.size, badge, kind)


def spelt(person: Person) -> str:
    """Write a person as in a To line."""
    return f"{person.name} <{person.address}>" if person.name else person.address


def remarks_on(seen: MessageView) -> list[str]:
    """Say what about a message cannot be shown as it is."""
    remarks = [seen.note] if seen.note else []
    if seen.body.remote:
        remarks.append(
            f"{_pictures(seen.body.remote)} not loaded: fetching pictures would tell other sites "
            "that you have read this message."
        )
    if seen.body.left_out:
        remarks.append("Some pictures are in a form that cannot be shown here.")
    return remarks


def _pictures(count: int) -> str:
    return "1 remote picture was" if count == 1 else f"{count} remote pictures were"


ROUTES = [
    web.get("/p/{package:[a-z2-7]{26}}", show),
    web.get("/p/{package:[a-z2-7]{26}}/body", body),
    web.get("/p/{package:[a-z2-7]{26}}/print", printed),
]
