"""The second lock: a phrase without which not even the keys of the server open a package.

The sender asks for it on the page of the package and is shown six words, once. From then on the
content key is encrypted under a key made of these words, and only that is sealed to the vault key.

Promises that nothing stored lets anybody open a locked package without the words; that wrong tries
are counted for each reader of each package, and on record; that a lock, once set, stays; and that
what opened the package without words goes from the database's files before long.
Must never store the words, nor the key made of them.
"""

from sqlalchemy import exists, select, update

from vault.address import Address
from vault.ending import chores
from vault.errors import CannotLock, StoreUnavailable, Tampered, TooMany, WrongWords
from vault.keys import SealingKeys
from vault.keys.opening import OpeningKeys
from vault.origin import Origin
from vault.packages import access, facts, phrase
from vault.people import guesses
from vault.secrets import Secret
from vault.storage import tables, turns
from vault.storage.store import Store, Transaction
from vault.trail.audit import Act, record

TRIES = 5
"""Wrong ones that count at a time; every ten minutes without one, half of them are forgotten."""

_TRIED = "second lock"


def add(
    store: Store,
    opening: OpeningKeys,
    sealing: SealingKeys,
    owner: Address,
    package_id: str,
    origin: Origin,
) -> Secret:
    """Lock a package and return the words, which are nowhere else.

    Raises AccessDenied for anybody but the owner, CannotLock, Tampered. Takes a tenth of a second.
    """
    with store.reading() as tx:
        before = _lockable(tx, package_id, owner)
    words, stored = phrase.draw(), phrase.parameters()
    key = facts.unwrap_key(opening.vault, package_id, before)
    inner = phrase.enclose(key, phrase.derive(words, stored), package_id, stored)
    after = sealing.vault.seal(inner, facts.locked_binding(package_id))
    package = tables.packages
    with store.writing(turns.package(package_id)) as tx:
        _lockable(tx, package_id, owner)
        chosen = (package.c.id == package_id, package.c.wrapped == before)
        changed = update(package).where(*chosen).values(wrapped=after, second_lock=stored)
        if tx.execute(changed).rowcount != 1:  # it was sealed anew meanwhile: try again
            raise StoreUnavailable
        chores.ask_for(tx, chores.TRACES)  # the log of the database has the old one still
        record(tx, Act.LOCK_SET, package_id=package_id, actor=str(owner), origin=origin)
    return words


def unlock(
    store: Store,
    opening: OpeningKeys,
    sealing: SealingKeys,
    reader: Address,
    package_id: str,
    words: Secret,
    origin: Origin,
) -> Secret:
    """Return the key that the words make, if they are right: `OpeningKeys.second` takes it.

    Raises AccessDenied, WrongWords, TooMany, Tampered.
    """
    mark = guesses.mark_of(sealing.marks, f"{_TRIED}\0{package_id}\0{reader}")
    with store.reading() as tx:
        access.check(tx, package_id, reader)
        package = tables.packages.c
        wanted = select(package.wrapped, package.second_lock).where(package.id == package_id)
        row = tx.execute(wanted).one()
    if row.second_lock is None:
        raise WrongWords
    about = turns.guesses([mark])
    with store.writing(*about) as tx:  # counted before it is tried: many at once are no more tries
        if guesses.failures(store, mark) >= TRIES:
            raise TooMany(guesses.HALVED_AFTER)
        guesses.add_failure(tx, [mark])
    key = phrase.derive(words, row.second_lock)
    inner = opening.vault.open(row.wrapped, facts.locked_binding(package_id))
    try:
        phrase.disclose(inner, key, package_id, row.second_lock)
    except Tampered:
        right = False
    else:
        right = True
    with store.writing(*about) as tx:
        act, actor = Act.LOCK_OPENED if right else Act.LOCK_REFUSED, str(reader)
        record(tx, act, package_id=package_id, actor=actor, origin=origin)
        if right:
            guesses.forget_failures(tx, [mark])
    if not right:
        raise WrongWords
    return key


def _lockable(tx: Transaction, package_id: str, owner: Address) -> bytes:
    """Return the wrapped key of a package that can be locked; AccessDenied, CannotLock."""
    row = access.owned(tx, package_id, owner)
    copy = tables.outbox.c
    waiting = exists().where(copy.content_id == row["content_id"])
    if row["wrapped"] is None:
        raise CannotLock("its content is destroyed")
    if row["second_lock"] is not None:
        raise CannotLock("it is locked already")
    if tx.execute(select(waiting)).scalar():
        raise CannotLock("an ordinary copy of it is still to be sent")
    wrapped: bytes = row["wrapped"]
    return wrapped
