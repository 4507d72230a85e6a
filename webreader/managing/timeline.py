"""What happened to a package, in plain words, for the person who sent it.

Promises one sentence for every act there is, naming who, and from where if that is known. A mail
to ten people is one line, not thirty: what happened to several at one moment is told together.
Must never make more of an act than it was: a notice handed on is no notice that arrived.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, tzinfo
from itertools import groupby
from typing import Final

from vault.address import Address
from vault.errors import Denial
from vault.sending import reasons
from vault.trail.audit import Act, Event

GOOD: Final = "good"
BAD: Final = "bad"
PLAIN: Final = "plain"


@dataclass(frozen=True, slots=True)
class Moment:
    """One line of a timeline: `text` names people, `place` is an IP address, `remark` explains."""

    at: datetime
    text: str
    place: str
    remark: str
    tone: str
    limits: tuple[datetime | None, datetime | None] | None = None  # before and after, if changed


@dataclass(frozen=True, slots=True)
class Words:
    """How an act is told: `{who}` did it, `{whom}` it concerns (one or several people).

    Begins with a word of ours: an address is never written in any other way than it is.
    """

    text: str
    tone: str = PLAIN
    by: bool = False  # whether to add who did it, when that is not the owner of the package


WORDS: Final[dict[Act, Words]] = {
    Act.PACKAGE_SEALED: Words("Sealed. Sent by {who}"),
    Act.PACKAGE_OPENED: Words("Opened by {who}", GOOD),
    Act.PACKAGE_PRINTED: Words("Print view opened by {who}", GOOD),
    Act.ATTACHMENT_DOWNLOADED: Words("{what} downloaded by {who}", GOOD),
    Act.ORIGINAL_DOWNLOADED: Words("Original message downloaded by {who}", GOOD),
    Act.REPLY_SENT: Words("Reply sent by {who}", GOOD),
    Act.LINK_FETCHED: Words("Link followed without signing in: nothing was shown"),
    Act.ACCESS_GRANTED: Words("Access given to {whom}", by=True),
    Act.ACCESS_REVOKED: Words("Access withdrawn from {whom}", BAD, by=True),
    Act.ACCESS_RESTORED: Words("Access given back to {whom}", by=True),
    Act.ACCESS_DENIED: Words("Turned away: {who} tried to open it", BAD),
    Act.ACCESS_REQUESTED: Words("Access asked for by {who}"),
    Act.ACCESS_DECLINED: Words("Request of {whom} declined", by=True),
    Act.ADDRESS_CORRECTED: Words("Address corrected to {whom}", by=True),
    Act.EXPIRY_CHANGED: Words("Time limit changed", by=True),
    Act.EXTENSION_ASKED: Words("More time asked for by {who}"),
    Act.PACKAGE_EXPORTED: Words("Copied out of the vault by an administrator, {who}"),
    Act.EXPORT_FINISHED: Words("Export finished by {who}"),
    Act.PACKAGE_IMPORTED: Words("Brought in from another installation by {who}"),
    Act.SEARCH_MADE: Words("Search made for {whom}", by=True),
    Act.DISCLOSURE_ASKED: Words("Disclosure asked for by {who}"),
    Act.DISCLOSURE_APPROVED: Words("Disclosure approved by {who}"),
    Act.DISCLOSURE_DECLINED: Words("Disclosure declined by {who}"),
    Act.PACKAGE_DISCLOSED: Words("Copied out of the vault for a disclosure, by {who}"),
    Act.LEGAL_HOLD_PLACED: Words("Legal hold placed by {who}"),
    Act.LEGAL_HOLD_ENDING_ASKED: Words("End of a legal hold asked for by {who}"),
    Act.LEGAL_HOLD_ENDED: Words("Legal hold ended by {who}"),
    Act.DESTRUCTION_REFUSED: Words("Not destroyed, as {who} wanted"),
    Act.CONTENT_DESTROYED: Words("Content destroyed", BAD, by=True),
    Act.CERTIFICATE_ISSUED: Words("Certificate of destruction issued", by=True),
    Act.REMINDER_QUEUED: Words("Reminder to {whom} queued for sending"),
    Act.REMINDER_RELAYED: Words("Reminder sent to {whom}"),
    Act.OWNER_REPORTED: Words("You were told who has not opened it", by=True),
    Act.INCIDENT_REPORTED: Words("Incident report made for {who}"),
    Act.NOTICE_QUEUED: Words("Notice to {whom} queued for sending"),
    Act.NOTICE_RELAYED: Words("Notice sent to {whom}"),
    Act.NOTICE_DELAYED: Words("Notice to {whom} delayed; it will be tried again", BAD),
    Act.NOTICE_BOUNCED: Words("Not delivered to {whom}", BAD),
    Act.NOTICE_ANSWERED: Words("Automatic answer came from {whom}"),
    Act.RELAY_QUEUED: Words("Copy without sealing to {whom} queued for sending"),
    Act.RELAY_DONE: Words("Copy sent without sealing to {whom}"),
    Act.RELAY_DELAYED: Words("Copy without sealing to {whom} delayed; it will be tried again", BAD),
    Act.RELAY_BOUNCED: Words("Copy without sealing not delivered to {whom}", BAD),
    Act.MAIL_REFUSED: Words("Refused by the policy for {whom}. Sent by {who}", BAD),
    Act.HOLD_BEGUN: Words("Held. Sent by {who}"),
    Act.HOLD_OPENED: Words("Looked at by {who} while it was held"),
    Act.HOLD_FIXED: Words("Changed by {who}"),
    Act.HOLD_CONFIRMED: Words("Address confirmed by {who}: {whom}"),
    Act.HOLD_ASKED: Words("Approval asked for from {whom}", by=True),
    Act.HOLD_APPROVED: Words("Approved by {who}", GOOD),
    Act.HOLD_DECLINED: Words("Refused by {who}; its content was destroyed", BAD),
    Act.HOLD_RELEASED: Words("No longer held: released by {who}", GOOD),
    Act.HOLD_WITHDRAWN: Words("Taken back by {who}; its content was destroyed", BAD),
    Act.HOLD_EXPIRED: Words("Time ran out; its content was destroyed", BAD, by=True),
    Act.RELAY_UNSAFE: Words(
        "Copy without sealing to {whom} not sent: no secure connection could be had", BAD
    ),
    Act.COPY_UNCHANGED: Words("Copy without sealing to {whom} sent without every change"),
    Act.COPY_SEALED: Words("Sealed for {whom}, who was to get a copy"),
    Act.QUEUE_HELD: Words("Sending to {whom} stopped for now by an administrator", BAD),
    Act.QUEUE_RELEASED: Words("Sending to {whom} goes on"),
    Act.QUEUE_RETRIED: Words("Sending tried again", by=True),
    Act.QUEUE_DROPPED: Words("Sending to {whom} given up by an administrator", BAD),
    Act.MALWARE_FOUND: Words("Stopped: malware was found in what {who} sent", BAD),
    Act.SCAN_MISSED: Words("Sent to {whom} without a malware scan", BAD),
    Act.SENDER_WARNED: Words("Note about this message sent to {whom}"),
    Act.CODE_ASKED: Words("Sign-in code asked for by {who}"),
    Act.CODE_ACCEPTED: Words("Signed in: {who}"),
    Act.CODE_REFUSED: Words("Wrong sign-in code typed for {whom}", BAD),
    Act.SESSION_ENDED: Words("Signed out: {who}"),
    Act.LOCK_SET: Words("Second lock set by {who}", GOOD),
    Act.LOCK_OPENED: Words("Second lock opened by {who}", GOOD),
    Act.LOCK_REFUSED: Words("Wrong words for the second lock typed by {who}", BAD),
    Act.KEY_MADE: Words("New key made by {who}"),
    Act.KEY_RETIRED: Words("Key retired by {who}"),
    Act.KEY_DESTROYED: Words("Key destroyed by {who}"),
    Act.KEY_PROTECTED: Words("Key files protected anew by {who}"),
}
REFUSALS: Final = {
    Denial.UNKNOWN.value: "It was not sent to this address.",
    Denial.REVOKED.value: "Access had been withdrawn.",
    Denial.EXPIRED.value: "The time limit had passed.",
    Denial.DESTROYED.value: "Its content was destroyed.",
    Denial.NOT_YET.value: "It was not available yet.",
    Denial.CLOSED.value: "It was outside the opening hours.",
    Denial.VIEW_ONLY.value: "It may be read here, and no copy of it is given out.",
    Denial.TOO_WEAK.value: "It asks for a stronger way of signing in.",
}
_FROM_MAIL_SYSTEM: Final = frozenset(
    {Act.NOTICE_DELAYED, Act.NOTICE_BOUNCED, Act.RELAY_DELAYED, Act.RELAY_BOUNCED, Act.RELAY_UNSAFE}
)
_FAILED: Final = frozenset({Act.NOTICE_BOUNCED, Act.RELAY_BOUNCED})
_MOST_NAMES: Final = 8


def tell(events: Iterable[Event], owner: Address) -> list[Moment]:
    """Return the timeline of a package of `owner`, who is told as `you`, in the order of events."""
    moments = []
    for alike in _together(list(events)):
        event = alike[0]
        moments.append(
            Moment(
                at=event.at,
                text=_text(alike, str(owner)),
                place=event.origin.ip,
                remark=_told_by(event),
                tone=WORDS[event.act].tone,
                limits=_limits(event),
            )
        )
    return moments


def by_day(moments: Iterable[Moment], zone: tzinfo) -> list[tuple[datetime, list[Moment]]]:
    """Return the moments under the days they belong to, where the clocks show `zone`."""
    days = groupby(moments, key=lambda moment: moment.at.astimezone(zone).date())
    return [(found[0].at, found) for _, group in days if (found := list(group))]


def people(addresses: Iterable[str]) -> str:
    """Return names for a sentence: `a`, `a and b`, `a, b and c`; very many are counted."""
    names = list(dict.fromkeys(address for address in addresses if address)) or ["somebody"]
    if len(names) > _MOST_NAMES:
        names = [*names[: _MOST_NAMES - 1], f"{len(names) - _MOST_NAMES + 1} others"]
    *most, last = names
    return f"{', '.join(most)} and {last}" if most else last


def _together(events: list[Event]) -> list[list[Event]]:
    """Put together what is the same but for whom it concerns, and happened in one act."""
    groups: list[list[Event]] = []
    at: dict[tuple[object, ...], int] = {}
    for event in events:
        key = (event.at, event.act, event.actor, event.origin, event.detail, event.recorded_by)
        if not event.subject or key not in at:
            at[key] = len(groups)
            groups.append([])
        groups[at[key]].append(event)
    return groups


def _text(alike: list[Event], owner: str) -> str:
    event = alike[0]
    words = WORDS[event.act]
    who = "you" if event.actor == owner else event.actor or "somebody"
    whom = people(event.subject for event in alike)
    text = words.text.format(who=who, whom=whom, what=_what(event))
    return f"{text} by {who}" if words.by and event.actor not in {"", owner} else text


def _what(event: Event) -> str:
    # The number and not the file's name, although the summary holds names. The audit is in the
    # clear and may hold none. The summary lists what the author named; the number counts what the
    # reader shows, pictures of the text and parts without a name among it. Which is which only the
    # message itself can tell, and a page for its owner must not open that: a wrong name is worse.
    return f"Attachment {event.detail}" if event.detail.isdigit() else "Attachment"


def _told_by(event: Event) -> str:
    """Return the remark about an event, and whose record it is if it is not ours."""
    whose = f"On the record of {event.recorded_by}." if event.recorded_by else ""
    return " ".join(one for one in (_remark(event), whose) if one)


def _remark(event: Event) -> str:
    if event.act is Act.ACCESS_DENIED:
        return REFUSALS.get(event.detail, "")
    if event.act is Act.LINK_FETCHED:
        return "Mail scanners follow links by themselves; or a person has not gone on."
    if event.act is Act.ADDRESS_CORRECTED:
        return f"It was {event.detail}."
    if event.act in {Act.COPY_UNCHANGED, Act.COPY_SEALED}:
        return f"{event.detail[:1].upper()}{event.detail[1:]}."
    if event.act is Act.PACKAGE_SEALED and event.detail:
        return f"With {event.detail}."
    return _from_mail_system(event)


def _from_mail_system(event: Event) -> str:
    """Say what another mail system said, after what it means."""
    if event.act not in _FROM_MAIL_SYSTEM or not event.detail:
        return ""
    said = f"The mail system said: {event.detail}"
    if event.act not in _FAILED:
        return said
    why = reasons.clause(event.detail)
    return f"{why[:1].upper()}{why[1:]}. {said}"


def _limits(event: Event) -> tuple[datetime | None, datetime | None] | None:
    """Return the time limits before and after a change, as `packages.grants` writes them down."""
    before, arrow, after = event.detail.partition(" -> ")
    if event.act is not Act.EXPIRY_CHANGED or not arrow:
        return None
    try:
        return _instant(before), _instant(after)
    except ValueError:
        return None


def _instant(text: str) -> datetime | None:
    return None if text == "never" else datetime.fromisoformat(text)
