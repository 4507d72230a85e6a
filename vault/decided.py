"""What is kept of decisions for some weeks: facts about mails, and nothing of a mail.

For `sealgate policy diff --replay`. Written in batches beside the mail, not with it: a crash may
lose the last few. Promises that what is kept is bounded in time and number. Must never be taken for
the audit trail: rows are deleted.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import func, select

from vault.settings import VaultSettings
from vault.storage import batches, tables
from vault.storage.statements import Addition
from vault.storage.store import Transaction

LONGEST = 16 * 1024  # characters of one record; a longer one is not kept
_AT_ONCE = 1000
_ROWS = Addition(tables.decided)


@dataclass(frozen=True, slots=True)
class DecidedRow:
    """One decision: when, by which policy (its digest), and its facts as plain JSON."""

    at: datetime
    policy: str
    facts: dict[str, Any] = field(repr=False)


def write(tx: Transaction, rows: Sequence[DecidedRow]) -> int:
    """Keep decisions; returns how many were too long to be kept."""
    written = [(row, json.dumps(row.facts, separators=(",", ":"))) for row in rows]
    kept = [
        {"at": row.at, "policy": row.policy, "facts": text}
        for row, text in written
        if len(text) <= LONGEST
    ]
    if kept:
        tx.add(_ROWS, kept)
    return len(written) - len(kept)


def since(tx: Transaction, moment: datetime) -> Iterator[DecidedRow]:
    """Yield the decisions since a moment, oldest first."""
    row, last = tables.decided.c, 0
    while True:
        some = select(tables.decided).where(row.at >= moment, row.id > last)
        found = tx.execute(some.order_by(row.id).limit(_AT_ONCE)).mappings().all()
        for one in found:
            yield DecidedRow(one["at"], one["policy"], json.loads(one["facts"]))
        if len(found) < _AT_ONCE:
            return
        last = found[-1]["id"]


def forget(tx: Transaction, settings: VaultSettings) -> int:
    """Delete some of what is older than the settings say, or more; returns how many rows."""
    row = tables.decided.c
    old = batches.remove(tx, tables.decided, row.at < tx.now - settings.decisions_kept)
    newest = tx.execute(select(func.max(row.id))).scalar() or 0
    return old + batches.remove(tx, tables.decided, row.id <= newest - settings.decisions_at_most)
