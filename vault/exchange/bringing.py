"""Bringing in: the rows of a package that is imported.

Promises that they say what its dossier says, with its own ids and times, and that the line in our
trail is in the same transaction. Must never queue a letter, nor plan one: reminders and reports of
what was imported are not sent.
"""

import json
from typing import Any

from sqlalchemy import insert

from vault.contents import ciphertext
from vault.exchange.arriving import Arrived
from vault.exchange.dossier import Dossier
from vault.keys import SealingKeys
from vault.packages import conversation
from vault.packages.facts import address_of
from vault.storage import tables
from vault.storage.store import Transaction
from vault.trail import evidence
from vault.trail.audit import Act, printable, record

_AS_IT_WAS = (
    "id", "reference", "author", "owner", "sealed_at", "expires_at", "not_before", "reply_allowed",
    "view_only", "sign_in", "protection", "open_hours", "kept_after_expiry", "retention",
    "destroy_at", "reminders", "conversation", "size", "policy",
)  # fmt: skip


def write(
    tx: Transaction,
    keys: SealingKeys,
    told: Dossier,
    arrived: Arrived | None,
    message_id: str,
    by: tuple[str, str],
) -> None:
    """Add the rows of a package that is not there; `by` says who, and the dossier's SHA-256."""
    if arrived is not None:
        ciphertext.keep(tx, arrived.content_id, arrived.stored, told.size)
    mark = conversation.mark(keys, message_id)
    tx.execute(insert(tables.packages), [_package(told, arrived, mark)])
    _add(tx, tables.grants, [_grant(told, one) for one in told.grants])
    for table, parts in (
        (tables.access_requests, told.requests),
        (tables.legal_holds, told.legal_holds),
    ):
        _add(tx, table, [{**dict(one), "package_id": told.id} for one in parts])
    if told.destruction is not None and told.destruction.certificate is not None:
        gone = {
            "package_id": told.id,
            "destroyed_at": told.destruction.destroyed_at,
            "cause": told.destruction.cause,
            "place": None,
            "certificate": told.destruction.certificate.encode(),
        }
        _add(tx, tables.destructions, [gone])  # another's, uncertified, is not ours to certify
    evidence.keep(tx, told.id, told.history)
    who, hashed = by
    detail = evidence.detail_of(told.export, told.history, hashed)
    act, actor = Act.PACKAGE_IMPORTED, printable(who)
    record(tx, act, package_id=told.id, actor=actor, detail=detail)


def _package(told: Dossier, arrived: Arrived | None, mark: bytes | None) -> dict[str, Any]:
    return {
        **{name: getattr(told, name) for name in _AS_IT_WAS},
        "report_at": None,
        "message_mark": mark,
        "content_id": arrived.content_id if arrived else None,
        "wrapped": arrived.wrapped if arrived else None,
        "second_lock": arrived.second_lock if arrived else None,
        "summary": arrived.summary if arrived else b"",
        "because": json.dumps(told.because),
        "found": json.dumps(told.found),
    }


def _grant(told: Dossier, grant: Any) -> dict[str, Any]:
    folded = address_of(grant.address).folded()
    own = {"package_id": told.id, "folded": folded, "remind_at": None}
    return {**dict(grant), **own, "state": grant.state.value, "notice": grant.notice.value}


def _add(tx: Transaction, table: Any, rows: list[dict[str, Any]]) -> None:
    if rows:
        tx.execute(insert(table), rows)
