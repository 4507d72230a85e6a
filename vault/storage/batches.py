"""Batches: work on many rows, in transactions that are each over soon.

Promises that no transaction is about more than `AT_ONCE` rows, however much there is to do, and
that whoever waits to write comes in between: after each, the work rests as long as it took.
A run that dies has done its part, and the next one goes on.
"""

import time
from collections.abc import Callable

from sqlalchemy import ColumnElement, Table, delete, select, tuple_

from vault.storage.store import Store, Transaction

AT_ONCE = 500
LONGEST_REST = 1.0  # seconds


def through(store: Store, work: Callable[[Transaction], int], *about: str) -> int:
    """Do `work` until it finds less than `AT_ONCE` rows to do; returns how many it did.

    `about` is as for `Store.writing`. Raises StoreUnavailable.
    """
    done = 0
    while True:
        began = time.monotonic()
        with store.writing(*about) as tx:
            some = work(tx)
        done += some
        if some < AT_ONCE:
            return done
        time.sleep(min(time.monotonic() - began, LONGEST_REST))


def remove(tx: Transaction, table: Table, *which: ColumnElement[bool]) -> int:
    """Delete `AT_ONCE` of the rows for which all of `which` holds; returns how many there were."""
    key = tuple(table.primary_key)
    some = select(*key).where(*which).limit(AT_ONCE)
    name = key[0] if len(key) == 1 else tuple_(*key)
    return tx.execute(delete(table).where(name.in_(some))).rowcount
