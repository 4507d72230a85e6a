"""Upkeep: clearing away what crashes and time leave behind. Run now and then by one process.

Promises to delete only what was never acknowledged, or is long settled: a content file that no row
names a day and a half after it was written, half-written files as old, receipts past the duplicate
window, outbox rows that have been final for a month, a history that was not used for a year,
guesses at passwords that count no more, MTA-STS policies that have ended, and what is kept of
decisions for as long as the settings say. Packages, grants and the audit trail are not its
business. However much there is, nobody waits for more than a few hundred rows of it.
"""

from collections.abc import Collection
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from itertools import islice

from sqlalchemy import select

from vault import decided
from vault.contents import ABANDONED_AFTER
from vault.errors import StoreUnavailable
from vault.packages import history, receipts
from vault.people import guesses
from vault.sending import sts
from vault.storage import batches, tables, turns
from vault.storage.store import Store, Transaction

SETTLED_FOR = timedelta(days=30)
_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class Cleared:
    """How much was cleared away: half-written files, contents without a row, settled rows."""

    halves: int
    orphans: int
    rows: int


def clear(store: Store, *, abandoned_after: timedelta = ABANDONED_AFTER) -> Cleared:
    """Clear away what is left over; raises StoreUnavailable.

    A content file comes before its row, by less than the time a message takes to be deposited; so
    one that has had no row for `abandoned_after` never will.
    """
    orphans = _clear_orphans(store, abandoned_after)
    with store.writing(turns.UPKEEP) as tx:  # a few thousand rows at most
        guesses.forget_old(tx)
        sts.forget_old(tx)
    batches.through(store, history.forget, turns.UPKEEP)
    batches.through(store, lambda tx: receipts.forget_old(tx, store.settings), turns.UPKEEP)
    rows = batches.through(store, _forget_settled, turns.UPKEEP)
    rows += batches.through(store, lambda tx: decided.forget(tx, store.settings), turns.UPKEEP)
    return Cleared(store.contents.sweep(abandoned_after), orphans, rows)


def _forget_settled(tx: Transaction) -> int:
    return batches.remove(tx, tables.outbox, tables.outbox.c.finished_at < tx.now - SETTLED_FOR)


def _clear_orphans(store: Store, abandoned_after: timedelta) -> int:
    """Delete old contents that no row names; a store that cannot be listed is left for later."""
    orphans = 0
    old = iter(store.contents.settled(abandoned_after))
    with suppress(StoreUnavailable):  # the next run tries again
        while some := list(islice(old, _AT_ONCE)):  # listed before the rows are read
            for place in set(some) - _named(store, some):
                store.contents.delete(place)
                orphans += 1
    return orphans


def _named(store: Store, content_ids: Collection[str]) -> set[str]:
    content = tables.contents.c
    with store.reading() as tx:
        rows = tx.execute(select(content.place).where(content.place.in_(content_ids)))
        return {row.place for row in rows}
