"""Sessions: a browser that has proved an address, until it leaves or is left alone.

Promises that the database holds nothing a session could be resumed with (the SHA-256 of a token
alone), and that a session ends half an hour after its last use and half a day after its beginning.
Must never extend a session beyond that, nor hand out a token twice.
"""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, insert, select, update

from vault import identifier
from vault.address import Address
from vault.origin import Origin
from vault.packages.facts import address_of
from vault.storage import tables
from vault.storage.store import Store, Transaction
from vault.trail.audit import Act, record

TOKEN_SIZE = 32  # bytes
IDLE = timedelta(minutes=30)
ABSOLUTE = timedelta(hours=12)
TOUCHED_EVERY = timedelta(minutes=1)  # a page view more often than that writes nothing


@dataclass(frozen=True, slots=True)
class Session:
    """A signed-in browser. `id` is for logs and lists; it gives no authority."""

    id: str
    identity: Address
    begun_at: datetime


def begin(store: Store, identity: Address, origin: Origin) -> str:
    """Begin a session and return its token: 256 random bits in 43 characters of base64url."""
    token = secrets.token_urlsafe(TOKEN_SIZE)
    with store.writing() as tx:
        _sweep(tx)
        row = {
            "token": _mark(token),
            "id": identifier.draw(),
            "identity": str(identity),
            "begun_at": tx.now,
            "seen_at": tx.now,
            "ip": origin.ip,
            "agent": origin.agent,
        }
        tx.execute(insert(tables.sessions), [row])
    return token


def find(store: Store, token: str) -> Session | None:
    """Return the session of a token, or None; keeps a session that is in use from going idle."""
    sessions, mark = tables.sessions, _mark(token)
    with store.reading() as tx:
        row = tx.execute(select(sessions).where(sessions.c.token == mark)).one_or_none()
        now = tx.now
    if row is None or now - row.seen_at >= IDLE or now - row.begun_at >= ABSOLUTE:
        return None
    if now - row.seen_at >= TOUCHED_EVERY:
        with store.writing() as tx:
            tx.execute(update(sessions).where(sessions.c.token == mark).values(seen_at=now))
    return Session(row.id, address_of(row.identity), row.begun_at)


def end(store: Store, token: str) -> None:
    """End a session; nothing happens if there is none."""
    sessions = tables.sessions
    with store.writing() as tx:
        gone = delete(sessions).where(sessions.c.token == _mark(token))
        row = tx.execute(gone.returning(sessions.c.identity)).one_or_none()
        if row is not None:
            record(tx, Act.SESSION_ENDED, actor=row.identity)


def end_all(store: Store, identity: Address) -> int:
    """End every session of an address; returns how many there were."""
    sessions = tables.sessions
    with store.writing() as tx:
        gone = delete(sessions).where(sessions.c.identity == str(identity))
        ended = tx.execute(gone).rowcount
        if ended:
            record(tx, Act.SESSION_ENDED, subject=str(identity), detail=f"all {ended}")
    return ended


def _sweep(tx: Transaction) -> None:
    """Delete what is idle. What is too old is not used any more: it is idle before long."""
    sessions = tables.sessions
    idle = select(sessions.c.token).where(sessions.c.seen_at <= tx.now - IDLE)
    ended = idle.with_for_update(skip_locked=True)
    tx.execute(delete(sessions).where(sessions.c.token.in_(ended)))


def _mark(token: str) -> bytes:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()
