"""What is known of a package: the facts that are in the clear, and the sealed summary.

Promises that subject, names and file names are only ever stored sealed, as part 1 of the package
under its content key.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from vault.address import Address
from vault.contents.stream import PartId, open_part, seal_part
from vault.errors import Denial
from vault.keys.hpke import Opener, Sealer, binding
from vault.secrets import Secret

SUMMARY_PART = 1
_KEY_PURPOSE = "package content key"
_LOCKED_PURPOSE = "locked package content key"


@dataclass(frozen=True, slots=True)
class PackageFacts:
    """A package as one reader sees it. `size` is the message's, in bytes.

    `locked` says whether it has a second lock: its subject is unknown until the words are typed.
    `denial` says why this reader may not open it; None if they may. `destroy_at` is when the
    content is to go, `kept_after_expiry` how many seconds it outlives a time limit.
    """

    id: str
    reference: str
    author: Address
    owner: Address
    sealed_at: datetime
    expires_at: datetime | None
    not_before: datetime | None
    reply_allowed: bool
    view_only: bool
    sign_in: str
    protection: str
    open_hours: str
    kept_after_expiry: int | None
    destroy_at: datetime | None
    conversation: str
    size: int
    locked: bool
    denial: Denial | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """What a list shows of a message without opening it. `sent_at` is aware; Bcc is not in it."""

    subject: str = ""
    author_name: str = ""
    to: tuple[str, ...] = ()
    cc: tuple[str, ...] = ()
    attachments: tuple[str, ...] = ()
    sent_at: datetime | None = None


def address_of(stored: str) -> Address:
    """Return the address that a column holds in wire form."""
    local, _, domain = stored.rpartition("@")
    return Address(local, domain)


def facts_of(row: Mapping[Any, Any], denial: Denial | None = None) -> PackageFacts:
    """Return the facts of a row of `packages`."""
    return PackageFacts(
        id=row["id"],
        reference=row["reference"],
        author=address_of(row["author"]),
        owner=address_of(row["owner"]),
        sealed_at=row["sealed_at"],
        expires_at=row["expires_at"],
        not_before=row["not_before"],
        reply_allowed=row["reply_allowed"],
        view_only=row["view_only"],
        sign_in=row["sign_in"],
        protection=row["protection"],
        open_hours=row["open_hours"],
        kept_after_expiry=row["kept_after_expiry"],
        destroy_at=row["destroy_at"],
        conversation=row["conversation"],
        size=row["size"],
        locked=row["second_lock"] is not None,
        denial=denial,
    )


def key_binding(package_id: str) -> bytes:
    """Return what the content key of a package, or of a held mail, is bound to."""
    return binding(_KEY_PURPOSE, package_id)


def locked_binding(package_id: str) -> bytes:
    """Return what the encrypted content key of a package with a second lock is bound to."""
    return binding(_LOCKED_PURPOSE, package_id)


def wrap_key(vault: Sealer, package_id: str, key: Secret) -> bytes:
    """Seal a content key for those who open packages."""
    return vault.wrap(key, key_binding(package_id))


def unwrap_key(vault: Opener, package_id: str, wrapped: bytes) -> Secret:
    """Open a content key; raises Tampered."""
    return vault.unwrap(wrapped, key_binding(package_id))


def seal_summary(summary: Summary, package_id: str, key: Secret) -> bytes:
    """Seal a summary under the content key."""
    written = {
        "subject": summary.subject,
        "author_name": summary.author_name,
        "to": summary.to,
        "cc": summary.cc,
        "attachments": summary.attachments,
        "sent_at": summary.sent_at.isoformat() if summary.sent_at else None,
    }
    return seal_part(json.dumps(written).encode(), key, PartId(package_id, SUMMARY_PART))


def open_summary(sealed: bytes, package_id: str, key: Secret) -> Summary:
    """Open a summary; raises Tampered."""
    read = json.loads(open_part(sealed, key, PartId(package_id, SUMMARY_PART)))
    return Summary(
        subject=read["subject"],
        author_name=read["author_name"],
        to=tuple(read["to"]),
        cc=tuple(read["cc"]),
        attachments=tuple(read["attachments"]),
        sent_at=datetime.fromisoformat(read["sent_at"]) if read["sent_at"] else None,
    )
