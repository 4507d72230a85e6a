"""Chores: the work of housekeeping, which any process of any node may do, one at a time.

A process takes a chore when it is due and nobody has it, does it, and says that it is done. If it
dies, its turn runs out and the next one takes over.

Promises that a chore is with one process at a time, as far as clocks agree, and that one which was
not finished is due at once again. A chore may therefore run twice: it must bear that.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

from sqlalchemy import insert, select, update

from vault.storage import tables, turns
from vault.storage.store import Store, Transaction

TURN = timedelta(minutes=10)
TRACES = "traces"
"""The chore of emptying the database's log and free space of what was overwritten."""
ENDINGS = "endings"
"""The chore of destroying what is due, and certifying what is destroyed."""

IsDue = Callable[[datetime | None, datetime], bool]
"""Says whether a chore is due, from when it was done last (None: never) and now."""


def every(apart: timedelta) -> IsDue:
    """Say that a chore is due so long after it was done."""
    return lambda done, now: done is None or now - done >= apart


def asked_for(done: datetime | None, _now: datetime) -> bool:
    """Say that a chore is due when `ask_for` was called after it began last, or it never did."""
    return done is None


def ask_for(tx: Transaction, name: str) -> None:
    """Have a chore done from its beginning, also if somebody does it at this moment.

    Whoever does is past the place for which it is asked, perhaps; what they finish does not count.
    """
    chore, anew = tables.chores, {"holder": "", "until": None, "done_at": None}
    tx.execute(update(chore).where(chore.c.name == name).values(**anew))


@contextmanager
def taken(
    store: Store, name: str, holder: str, is_due: IsDue, turn: timedelta = TURN
) -> Iterator[bool]:
    """Take a chore for as long as the block; gives False if it is not due, or somebody has it.

    It counts as done when the block ends without an error. Raises StoreUnavailable.
    """
    chore = tables.chores
    wanted = select(chore.c.holder, chore.c.until, chore.c.done_at).where(chore.c.name == name)
    with store.reading() as tx:  # most looks end here, and write nothing
        row = tx.execute(wanted).one_or_none()
        if row is not None and not (_is_free(row.until, tx.now) and is_due(row.done_at, tx.now)):
            yield False
            return
    with store.writing(turns.chore(name)) as tx:
        mine = _take(tx, name, holder, is_due, turn)
    if not mine:
        yield False
        return
    finished = False
    try:
        yield True
        finished = True
    finally:
        with store.writing(turns.chore(name)) as tx:
            held = (chore.c.name == name, chore.c.holder == holder)
            free: dict[str, object] = {"holder": "", "until": None}
            if finished:
                free["done_at"] = tx.now
            tx.execute(update(chore).where(*held).values(**free))


def _take(tx: Transaction, name: str, holder: str, is_due: IsDue, turn: timedelta) -> bool:
    chore = tables.chores
    mine = {"holder": holder, "until": tx.now + turn}
    found = select(chore.c.until, chore.c.done_at).where(chore.c.name == name)
    row = tx.execute(found.with_for_update()).one_or_none()
    if row is None:
        tx.execute(insert(chore), [{"name": name, **mine}])
        return True
    if not (_is_free(row.until, tx.now) and is_due(row.done_at, tx.now)):
        return False
    tx.execute(update(chore).where(chore.c.name == name).values(**mine))
    return True


def _is_free(until: datetime | None, now: datetime) -> bool:
    return until is None or until <= now
