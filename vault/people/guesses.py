"""Wrong passwords at the SMTP door, counted where every process of a node sees them.

What is counted has a mark: the keyed hash of an address, an account, or a place, which is both
together. What somebody typed as their name may be their password: whoever has the database alone
cannot try out what it was.

Promises that one count is one count for all processes and over restarts, that it halves with every
`HALVED_AFTER` without a failure, that it costs no writing where nobody has guessed, and bounds:
`MOST` counts and `MOST_PLACES` places, the oldest forgotten first.
Must never lock anybody out: who may try, and how soon, is for others to decide.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Table, bindparam, delete, func, select, update

from vault.secrets import Secret, mac
from vault.storage import tables
from vault.storage.statements import Addition, Statement
from vault.storage.store import Store, Transaction

HALVED_AFTER = timedelta(minutes=10)
KEPT_FOR = timedelta(days=1)
PLACES_KEPT_FOR = timedelta(days=90)
MOST, MOST_PLACES = 30_000, 10_000
SLACK = 1000  # so many counts more, before they are looked through
MOST_TURNS = 16
"""Tries of one mark that wait for each other: so many processes may take mail in, and a clock that
is put back must not hold anybody up for longer."""

_MOST_HALVINGS = 30
_SIZE = 16  # bytes of a mark
_PURPOSE = "guesses"

_GUESS, _PLACE = tables.guesses.c, tables.known_places.c
_THIS = _GUESS.mark == bindparam("mark")
_HERE = _PLACE.mark == bindparam("mark")
_COUNT = Statement(select(_GUESS.failures, _GUESS.failed_at, _GUESS.turn_at).where(_THIS))
_FAILED = Statement(
    update(tables.guesses)
    .where(_THIS)
    .values(failures=bindparam("to"), failed_at=bindparam("at", type_=_GUESS.failed_at.type))
)
_TURN = Statement(
    update(tables.guesses).where(_THIS).values(turn_at=bindparam("at", type_=_GUESS.failed_at.type))
)
_HOW_MANY = Statement(select(func.count()).select_from(tables.guesses))
_FORGET = Statement(delete(tables.guesses).where(_THIS))
_SEEN = Statement(select(_PLACE.seen_at).where(_HERE))
_SEE = Statement(
    update(tables.known_places)
    .where(_HERE)
    .values(seen_at=bindparam("at", type_=_PLACE.seen_at.type))
)
_NEW_GUESS, _NEW_PLACE = Addition(tables.guesses), Addition(tables.known_places)


def mark_of(key: Secret, name: str) -> bytes:
    """Return the mark of a name."""
    return mac(key, _PURPOSE, name.encode("utf-8", "replace"))[:_SIZE]


def failures(store: Store, mark: bytes) -> int:
    """Return how many failures count against a mark now. Raises StoreUnavailable."""
    found = store.ask(_COUNT, mark=mark)
    return _left(found[0][0], found[0][1], store.clock()) if found else 0


def add_failure(tx: Transaction, marks: Iterable[bytes]) -> None:
    """Count one more against each mark."""
    for mark in marks:
        row = tx.run(_COUNT, mark=mark).fetchone()
        if row is not None:
            count = _left(row[0], row[1], tx.now) + 1
            tx.run(_FAILED, mark=mark, to=count, at=tx.now)
            continue
        tx.add(_NEW_GUESS, [{"mark": mark, "failures": 1, "failed_at": tx.now}])
        (known,) = tx.run(_HOW_MANY).fetchall()[0]
        if known > MOST + SLACK:
            forget_old(tx)


def take_turn(tx: Transaction, mark: bytes, delay: timedelta) -> timedelta:
    """Return how long a try must wait, at least `delay`; tries of one mark come after one another.

    Only the first process to ask gets `delay` itself: who asks meanwhile comes so much later.
    """
    row = tx.run(_COUNT, mark=mark).fetchone()
    free = row[2] if row and row[2] else tx.now
    wait = min(max(free - tx.now, timedelta(0)) + delay, MOST_TURNS * delay)
    tx.run(_TURN, mark=mark, at=tx.now + wait)
    return wait


def is_known(store: Store, place: bytes, within: timedelta = PLACES_KEPT_FOR) -> bool:
    """Say whether a sign-in from a place has been noted lately. Raises StoreUnavailable."""
    found = store.ask(_SEEN, mark=place)
    return bool(found) and store.clock() - found[0][0] < within


def note_place(tx: Transaction, place: bytes) -> None:
    """Note that somebody has signed in from a place."""
    today = tx.now.replace(hour=0, minute=0, second=0, microsecond=0)
    if not tx.run(_SEE, mark=place, at=today).rowcount:
        tx.add(_NEW_PLACE, [{"mark": place, "seen_at": today}])


def forget_failures(tx: Transaction, marks: Iterable[bytes]) -> None:
    """Begin to count anew."""
    for mark in marks:
        tx.run(_FORGET, mark=mark)


def forget_old(tx: Transaction) -> None:
    """Delete what counts no more, and what is beyond the bounds."""
    _keep(tx, tables.guesses, _GUESS.failed_at, tx.now - KEPT_FOR, MOST)
    _keep(tx, tables.known_places, _PLACE.seen_at, tx.now - PLACES_KEPT_FOR, MOST_PLACES)


def _keep(
    tx: Transaction, table: Table, when: ColumnElement[datetime], since: datetime, most: int
) -> None:
    """Delete what is older than `since`, and all but the newest `most` rows."""
    tx.execute(delete(table).where(when < since))
    surplus = select(table.c.mark).order_by(when.desc()).offset(most)
    tx.execute(delete(table).where(table.c.mark.in_(surplus)))


def _left(count: int, failed_at: datetime, now: datetime) -> int:
    halvings = max(now - failed_at, timedelta(0)) // HALVED_AFTER
    return count >> min(halvings, _MOST_HALVINGS)
