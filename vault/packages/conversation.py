"""Conversations: packages that answer each other are read together.

A package is found by the mark of its Message-ID (RFC 5322 section 3.6.4). Being of one conversation
gives access to nothing: each package still has its own grants.

Promises that no Message-ID is stored, and that quoting one joins no conversation of strangers.
"""

from collections.abc import Collection

from sqlalchemy import exists, or_, select

from vault import identifier
from vault.address import Address
from vault.keys import SealingKeys
from vault.secrets import mac
from vault.storage import tables
from vault.storage.store import Transaction

_PURPOSE = "message-id mark"


def mark(keys: SealingKeys, message_id: str) -> bytes | None:
    """Return what recognises a Message-ID again, or None for a mail without one."""
    plain = message_id.strip().encode(errors="backslashreplace")
    return mac(keys.marks, _PURPOSE, plain) if plain else None


def find(
    tx: Transaction, keys: SealingKeys, people: Collection[Address], answers: Collection[str]
) -> str:
    """Return the conversation of an answered package in which one of `people` takes part.

    If there is none, return the identifier of a new one.
    """
    marks = [found for answered in answers if (found := mark(keys, answered))]
    if not marks:
        return identifier.draw()
    addresses = [str(address) for address in people]
    package, grant = tables.packages.c, tables.grants.c
    granted = exists().where(grant.package_id == package.id, grant.address.in_(addresses))
    takes_part = or_(package.author.in_(addresses), package.owner.in_(addresses), granted)
    answered = select(package.conversation).where(package.message_mark.in_(marks), takes_part)
    found = tx.execute(answered.order_by(package.sealed_at.desc()).limit(1)).scalar()
    return str(found) if found else identifier.draw()
