"""The audit trail: what was done, by whom, from where. Lines are added and never changed.

Promises that a line is in the same transaction as what it tells of: both happen, or neither; and
that every line is chained to the one before it (`vault.trail.strands`). It is written at the end of
its transaction, where others of the same moment are: the transaction itself does not see it.
Must never hold a subject, content, a code or anything else of a mail but its addresses.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from vault.origin import Origin
from vault.storage.store import Transaction

DETAIL_LIMIT = 200
SAME_VISIT = timedelta(minutes=1)
NOWHERE = Origin()


class Act(StrEnum):
    """What can happen, as `noun:verb`."""

    PACKAGE_SEALED = "package:sealed"
    PACKAGE_OPENED = "package:opened"
    PACKAGE_PRINTED = "package:printed"
    ATTACHMENT_DOWNLOADED = "attachment:downloaded"
    ORIGINAL_DOWNLOADED = "original:downloaded"
    REPLY_SENT = "reply:sent"
    LINK_FETCHED = "link:fetched"
    ACCESS_GRANTED = "access:granted"
    ACCESS_REVOKED = "access:revoked"
    ACCESS_RESTORED = "access:restored"
    ACCESS_DENIED = "access:denied"
    ACCESS_REQUESTED = "access:requested"
    ACCESS_DECLINED = "access:declined"
    ADDRESS_CORRECTED = "address:corrected"
    EXPIRY_CHANGED = "expiry:changed"
    INCIDENT_REPORTED = "incident:reported"
    EXTENSION_ASKED = "extension:asked"
    PACKAGE_EXPORTED = "package:exported"
    EXPORT_FINISHED = "export:finished"
    PACKAGE_IMPORTED = "package:imported"
    SEARCH_MADE = "search:made"
    DISCLOSURE_ASKED = "disclosure:asked"
    DISCLOSURE_APPROVED = "disclosure:approved"
    DISCLOSURE_DECLINED = "disclosure:declined"
    PACKAGE_DISCLOSED = "package:disclosed"
    LEGAL_HOLD_PLACED = "legal_hold:placed"
    LEGAL_HOLD_ENDING_ASKED = "legal_hold:ending_asked"
    LEGAL_HOLD_ENDED = "legal_hold:ended"
    DESTRUCTION_REFUSED = "destruction:refused"
    CONTENT_DESTROYED = "content:destroyed"
    CERTIFICATE_ISSUED = "certificate:issued"
    REMINDER_QUEUED = "reminder:queued"
    REMINDER_RELAYED = "reminder:relayed"
    OWNER_REPORTED = "owner:reported"
    NOTICE_QUEUED = "notice:queued"
    NOTICE_RELAYED = "notice:relayed"
    NOTICE_DELAYED = "notice:delayed"
    NOTICE_BOUNCED = "notice:bounced"
    NOTICE_ANSWERED = "notice:answered"
    RELAY_QUEUED = "relay:queued"
    RELAY_DONE = "relay:done"
    RELAY_DELAYED = "relay:delayed"
    RELAY_BOUNCED = "relay:bounced"
    RELAY_UNSAFE = "relay:unsafe"
    COPY_UNCHANGED = "copy:unchanged"
    COPY_SEALED = "copy:sealed"
    HOLD_BEGUN = "hold:begun"
    HOLD_OPENED = "hold:opened"
    HOLD_FIXED = "hold:fixed"
    HOLD_CONFIRMED = "hold:confirmed"
    HOLD_ASKED = "hold:asked"
    HOLD_APPROVED = "hold:approved"
    HOLD_DECLINED = "hold:declined"
    HOLD_RELEASED = "hold:released"
    HOLD_WITHDRAWN = "hold:withdrawn"
    HOLD_EXPIRED = "hold:expired"
    QUEUE_HELD = "queue:held"
    QUEUE_RELEASED = "queue:released"
    QUEUE_RETRIED = "queue:retried"
    QUEUE_DROPPED = "queue:dropped"
    MALWARE_FOUND = "malware:found"
    SCAN_MISSED = "scan:missed"
    MAIL_REFUSED = "mail:refused"
    SENDER_WARNED = "sender:warned"
    CODE_ASKED = "code:asked"
    CODE_ACCEPTED = "code:accepted"
    CODE_REFUSED = "code:refused"
    SESSION_ENDED = "session:ended"
    LOCK_SET = "lock:set"
    LOCK_OPENED = "lock:opened"
    LOCK_REFUSED = "lock:refused"
    KEY_MADE = "key:made"
    KEY_RETIRED = "key:retired"
    KEY_DESTROYED = "key:destroyed"
    KEY_PROTECTED = "key:protected"


NOT_FOR_OWNERS = frozenset(
    {
        Act.LEGAL_HOLD_PLACED,
        Act.LEGAL_HOLD_ENDING_ASKED,
        Act.LEGAL_HOLD_ENDED,
        Act.DESTRUCTION_REFUSED,
        Act.DISCLOSURE_ASKED,
        Act.DISCLOSURE_APPROVED,
        Act.DISCLOSURE_DECLINED,
        Act.PACKAGE_DISCLOSED,
    }
)
"""What an owner is not shown: it may be about them."""


@dataclass(frozen=True, slots=True)
class Event:
    """One line of the trail. `subject` is whom it concerns, `actor` who did it ("" is Sealgate).

    `policy` is the digest of the policy that decided it, which the rulebook keeps; "" for what
    nobody's policy decided. `recorded_by` names another installation whose record it is; "" is
    our own.
    """

    at: datetime
    act: Act
    actor: str
    subject: str
    origin: Origin
    detail: str
    policy: str = ""
    recorded_by: str = ""


def record(
    tx: Transaction,
    act: Act,
    *,
    package_id: str | None = None,
    actor: str = "",
    subject: str = "",
    origin: Origin = NOWHERE,
    detail: str = "",
    policy: str = "",
) -> None:
    """Add a line in the caller's transaction. `detail` is cut and made printable."""
    line = {
        "act": act.value,
        "package_id": package_id,
        "actor": actor,
        "subject": subject,
        "ip": origin.ip,
        "agent": origin.agent,
        "detail": printable(detail),
        "policy": policy,
    }
    tx.tell(line)


def event_of(row: Mapping[Any, Any]) -> Event:
    """Return the event of a row of `events`."""
    return Event(
        at=row["at"],
        act=Act(row["act"]),
        actor=row["actor"],
        subject=row["subject"],
        origin=Origin(row["ip"], row["agent"]),
        detail=row["detail"],
        policy=row["policy"],
    )


def once_a_visit(events: Iterable[Event]) -> list[Event]:
    """Leave out what is the same act of the same person within a minute of the last.

    A page is made of several requests: they are one visit. The trail itself keeps each.
    """
    shown: list[Event] = []
    last: dict[tuple[object, ...], datetime] = {}
    for happened in events:
        same = (happened.act, happened.actor, happened.subject, happened.origin, happened.detail)
        if same not in last or happened.at - last[same] > SAME_VISIT:
            shown.append(happened)
        last[same] = happened.at
    return shown


def printable(text: str, limit: int = DETAIL_LIMIT) -> str:
    """Return `text` on one line, without control characters, cut at `limit`."""
    shown = "".join(c if c.isprintable() else " " for c in text[:limit])
    return " ".join(shown.split())
