"""Queueing: a mail to be sent is written down in the transaction of what it tells of.

Promises that nothing of a code or a name in a queued mail can be read in the database.
"""

from datetime import datetime
from enum import IntEnum, StrEnum
from typing import Any

from vault import identifier
from vault.address import Address
from vault.keys import SealingKeys
from vault.secrets import Secret
from vault.sending.parcel import Parcel, wrap_key
from vault.storage import tables
from vault.storage.statements import Addition
from vault.storage.store import Transaction

_OUTBOX = Addition(tables.outbox)


class Kind(StrEnum):
    """What a row is."""

    NOTICE = "notice"
    REMINDER = "reminder"
    INCIDENT = "incident"
    CODE = "code"
    ACCESS_REQUEST = "access_request"
    ACCESS_DECLINED = "access_declined"
    HELD = "held"
    APPROVAL = "approval"
    SETTLED = "settled"
    POLICY = "policy"
    RELAY = "relay"
    BOUNCE = "bounce"
    WARNING = "warning"
    REPORT = "report"


class Urgency(IntEnum):
    """Which rows go first."""

    WAITED_FOR = 0
    ORDINARY = 1


def post(
    tx: Transaction,
    keys: SealingKeys,
    kind: Kind,
    to: Address,
    fields: dict[str, str],
    *,
    package_id: str | None = None,
    available_at: datetime | None = None,
    sender: Address | None = None,
) -> str:
    """Queue a letter in the caller's transaction; returns the row's id.

    `sender` is on whose behalf it is sent: whoever looks after the queue sees their domain.
    """
    return _add(
        tx,
        keys,
        kind,
        to,
        Parcel(fields),
        package_id=package_id,
        at=available_at,
        sender=sender,
    )


def post_copy(
    tx: Transaction,
    keys: SealingKeys,
    to: Address,
    parcel: Parcel,
    content: tuple[str, Secret],
    *,
    package_id: str | None = None,
) -> str:
    """Queue a clear copy of `content`, given as its id and its key; returns the row's id."""
    return _add(
        tx,
        keys,
        Kind.RELAY,
        to,
        parcel,
        package_id=package_id,
        content=content,
        sender=parcel.return_path,
    )


def _add(
    tx: Transaction,
    keys: SealingKeys,
    kind: Kind,
    to: Address,
    parcel: Parcel,
    *,
    package_id: str | None = None,
    at: datetime | None = None,
    content: tuple[str, Secret] | None = None,
    sender: Address | None = None,
) -> str:
    row_id = identifier.draw()
    row: dict[str, Any] = {
        "id": row_id,
        "kind": kind.value,
        "address": str(to),
        "package_id": package_id,
        "payload": parcel.seal(keys.relay, row_id, kind.value),
        "sender_domain": sender.domain if sender else "",
        "urgency": Urgency.WAITED_FOR if kind is Kind.CODE else Urgency.ORDINARY,
        "queued_at": at or tx.now,  # what waits on purpose is no older than that
        "available_at": at or tx.now,
    }
    if content is not None:
        content_id, key = content
        row["content_id"] = content_id
        row["wrapped"] = wrap_key(keys.relay, row_id, content_id, key)
    tx.add(_OUTBOX, [row])
    return row_id
