"""Who has a message, how far each has come, and who got it without sealing.

Promises to say of each recipient what can still be undone: a sealed message can be withdrawn at any
time, a copy that left without sealing cannot.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from vault.address import Address
from vault.packages.catalogue import GrantLine
from vault.sending import reasons
from vault.trail.audit import Act, Event

NOTICES: Final = {
    "queued": (Act.NOTICE_QUEUED, "Notice is waiting to be sent"),
    "relayed": (Act.NOTICE_RELAYED, "Notice sent"),
    "delayed": (Act.NOTICE_DELAYED, "Notice is delayed, and tried again"),
    "bounced": (Act.NOTICE_BOUNCED, "Notice could not be delivered"),
}
COPIES: Final = {
    Act.RELAY_QUEUED: ("Waiting to be sent", "quiet"),
    Act.RELAY_DONE: ("Sent", "quiet"),
    Act.RELAY_DELAYED: ("Delayed, and tried again", "warn"),
    Act.RELAY_BOUNCED: ("Not delivered", "bad"),
}
TAGS: Final = {
    "queued": ("Not opened yet", "quiet"),
    "relayed": ("Not opened yet", "quiet"),
    "none": ("Not opened yet", "quiet"),
    "delayed": ("Notice delayed", "warn"),
    "bounced": ("Not delivered", "bad"),
}


@dataclass(frozen=True, slots=True)
class Fact:
    """One thing known of a recipient; `remark` is what a mail system said."""

    text: str
    at: datetime | None = None
    remark: str = ""


@dataclass(frozen=True, slots=True)
class Recipient:
    """Somebody who was given access, in the words of the page."""

    address: Address
    state: str
    tone: str
    is_active: bool
    is_blind: bool
    facts: tuple[Fact, ...]
    is_undelivered: bool = False
    failure: str = ""  # why, as in "there is no such mailbox"


@dataclass(frozen=True, slots=True)
class Copy:
    """Somebody who got the message without sealing."""

    address: str
    state: str
    tone: str
    at: datetime
    remark: str


def recipients(lines: Iterable[GrantLine], events: list[Event]) -> tuple[Recipient, ...]:
    """Return everybody who was given access, in order."""
    return tuple(_recipient(line, events) for line in lines)


def copies(events: Iterable[Event]) -> tuple[Copy, ...]:
    """Return everybody who got the message without sealing, each with the last that is known."""
    last = {event.subject: event for event in events if event.act in COPIES}
    return tuple(
        Copy(event.subject, *COPIES[event.act], event.at, _said(event)) for event in last.values()
    )


def _recipient(line: GrantLine, events: list[Event]) -> Recipient:
    active = line.state == "active"
    if not active:
        state, tone = "Access withdrawn", "quiet"
    elif line.opened_at:
        state, tone = "Opened", "good"
    else:
        state, tone = TAGS[line.notice]
    mine = [event for event in events if event.subject == str(line.address)]
    bounced = _last(mine, Act.NOTICE_BOUNCED) if line.notice == "bounced" else None
    return Recipient(
        address=line.address,
        state=state,
        tone=tone,
        is_active=active,
        is_blind=not line.visible,
        facts=tuple(_facts(line, mine)),
        is_undelivered=active and line.notice == "bounced",
        failure=reasons.clause(bounced.detail) if bounced else "",
    )


def _facts(line: GrantLine, events: list[Event]) -> Iterable[Fact]:
    if line.notice in NOTICES:
        act, text = NOTICES[line.notice]
        told = _last(events, act)
        if told and act is Act.NOTICE_BOUNCED:
            text = f"Not delivered: {reasons.clause(told.detail)},"
        yield Fact(text, told.at if told else None, _said(told) if told else "")
    else:
        yield Fact("Not told by email")
    if line.opened_at:
        yield Fact("First opened", line.opened_at)
    if answered := _last(events, Act.NOTICE_ANSWERED):
        yield Fact("An automatic answer came, such as “out of office”,", answered.at)
    if line.downloads:
        yield Fact("1 download" if line.downloads == 1 else f"{line.downloads} downloads")
    if line.state != "active":
        withdrawn = _last(events, Act.ACCESS_REVOKED)
        yield Fact("Access withdrawn", withdrawn.at if withdrawn else None)


def _last(events: list[Event], act: Act) -> Event | None:
    return next((event for event in reversed(events) if event.act is act), None)


def _said(event: Event) -> str:
    failed = event.act in {
        *(Act.NOTICE_DELAYED, Act.NOTICE_BOUNCED, Act.RELAY_DELAYED, Act.RELAY_BOUNCED),
    }
    return event.detail if failed else ""
