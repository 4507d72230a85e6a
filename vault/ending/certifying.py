"""Certifying that content was destroyed, once no trace of it is left.

    emptied    the database's log holds the key no more
    gone       the content file is deleted: the run that destroyed it may not have got to it
    certified  the statement is signed, and nobody else has done it meanwhile

Promises that a certificate is issued only when neither key nor ciphertext is left in database, log
or content store, and one for each package. Must never destroy anything that has its key.
"""

from collections.abc import Callable, Mapping
from typing import Any

import structlog
from sqlalchemy import func, select, update

from vault.ending.certificate import OVERWRITTEN, REMOVED, Fate, certify
from vault.errors import StoreUnavailable
from vault.keys.signing import SigningKey
from vault.storage import tables
from vault.storage.store import Store, Transaction
from vault.trail.audit import Act, record

AT_ONCE = 100
log = structlog.get_logger()
Row = Mapping[Any, Any]


def finish(store: Store, key: Callable[[], SigningKey], organisation: str) -> int:
    """Certify what was destroyed, once no trace of it is left; returns how many.

    None while readers keep the database's log from being emptied. `key` gives what signs, and is
    asked only if something is to be signed. Raises StoreUnavailable, and KeyUnusable.
    """
    gone, package = tables.destructions, tables.packages
    open_ones = (
        select(gone, package)
        .join(package, package.c.id == gone.c.package_id)
        .where(gone.c.certificate.is_(None))
        .order_by(gone.c.destroyed_at)
        .limit(AT_ONCE)
    )
    certified, method = 0, REMOVED if _is_server(store) else OVERWRITTEN
    while True:
        with store.reading() as tx:
            rows = tx.execute(open_ones).mappings().all()
        if not rows or not store.scrub():
            return certified
        signs, done = key(), [row for row in rows if _is_gone(store, row["place"])]
        with store.writing() as tx:
            for row in done:
                _certify(tx, row, signs, organisation, method)
        certified += len(done)
        if len(done) < AT_ONCE:
            return certified


def _is_server(store: Store) -> bool:
    """Say whether the database is a server's, whose files are not ours to empty."""
    return (store.settings.database or "sqlite").partition(":")[0].partition("+")[0] != "sqlite"


def _is_gone(store: Store, place: str | None) -> bool:
    """Make sure that a content file is deleted; the run that died may not have got to it."""
    if place is None:
        return True
    try:
        store.contents.delete(place)
    except StoreUnavailable:
        log.warning("destroying.content_left")
        return False
    return True


def _certify(tx: Transaction, row: Row, key: SigningKey, organisation: str, method: str) -> None:
    grant, gone = tables.grants.c, tables.destructions
    granted = select(func.count()).where(grant.package_id == row["package_id"])
    fate = Fate(
        organisation=organisation,
        reference=row["reference"],
        package_id=row["package_id"],
        owner=row["owner"],
        author=row["author"],
        recipients=tx.execute(granted).scalar() or 0,
        size=row["size"],
        sealed_at=row["sealed_at"],
        expired_at=row["expires_at"],
        destroyed_at=row["destroyed_at"],
        certified_at=tx.now,
        cause=row["cause"],
        method=method,
    )
    mine = gone.c.package_id == row["package_id"]
    unsigned = update(gone).where(mine, gone.c.certificate.is_(None))
    if not tx.execute(unsigned.values(certificate=certify(fate, key), place=None)).rowcount:
        return  # another process has certified it meanwhile
    record(tx, Act.CERTIFICATE_ISSUED, package_id=row["package_id"], detail=key.public.id)
