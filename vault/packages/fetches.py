"""Fetches: a link to a package was followed by somebody, or something, that had not signed in.

Mail scanners follow links before any person does. Such a fetch opens nothing and is never told as
an opening; but after a mistake it matters who has been at the door.

Promises a bound: one line a minute for the same package, address and program, and `MOST_A_DAY` for
a package. An invented identifier leaves no line. Nobody waits for it, and a crash may lose it.
"""

from datetime import timedelta

from sqlalchemy import func, select

from vault.origin import Origin
from vault.storage import tables
from vault.storage.store import Store, Transaction
from vault.trail.audit import Act, record

APART = timedelta(minutes=1)
A_DAY = timedelta(days=1)
MOST_A_DAY = 100


def note(store: Store, package_id: str, origin: Origin) -> None:
    """Put a fetch on record soon. Raises StoreUnavailable if the store is closed."""
    store.hand_over_late(lambda tx: _note(tx, package_id, origin))


def _note(tx: Transaction, package_id: str, origin: Origin) -> None:
    package = tables.packages.c
    tx.flush()  # others of the same transaction may have told of the same
    if tx.execute(select(package.id).where(package.id == package_id)).first() is None:
        return
    if not _is_known(tx, package_id, origin) and _today(tx, package_id) < MOST_A_DAY:
        record(tx, Act.LINK_FETCHED, package_id=package_id, origin=origin)


def _is_known(tx: Transaction, package_id: str, origin: Origin) -> bool:
    event = tables.events.c
    same = select(event.id).where(
        event.package_id == package_id,
        event.at > tx.now - APART,
        event.act == Act.LINK_FETCHED,
        event.ip == origin.ip,
        event.agent == origin.agent,
    )
    return tx.execute(same.limit(1)).first() is not None


def _today(tx: Transaction, package_id: str) -> int:
    event = tables.events.c
    those = (event.package_id == package_id, event.act == Act.LINK_FETCHED)
    counted = select(func.count()).where(*those, event.at > tx.now - A_DAY)
    return int(tx.execute(counted).scalar_one())
