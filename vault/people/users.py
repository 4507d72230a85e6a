"""Users: who may submit mail, with which password, and as whom.

Passwords are kept as Argon2id hashes (RFC 9106; 19 MiB, 2 passes: OWASP's first recommendation).

Promises that a login nobody has takes as long to refuse as one with a wrong password, and that an
address belongs to one user at most.
Must never keep, log or compare a password in the clear.
"""

import secrets
from collections.abc import Iterable
from dataclasses import dataclass

from cryptography.exceptions import InvalidKey
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id
from sqlalchemy import Select, delete, insert, select, union_all, update

from vault.address import Address
from vault.errors import AddressError
from vault.packages.facts import address_of
from vault.secrets import Secret
from vault.storage import tables, turns
from vault.storage.store import Store, Transaction

MEMORY_KIB, PASSES, LANES = 19 * 1024, 2, 1
HASH_SIZE = 32
SHORTEST, LONGEST = 8, 1024  # bytes of a password
# the parameters of a true hash over no known password: what an unknown login is measured against
_NOBODY = f"$argon2id$v=19$m={MEMORY_KIB},t={PASSES},p={LANES}${'A' * 22}${'A' * 43}"


@dataclass(frozen=True, slots=True)
class User:
    """Someone who may submit mail as any of `addresses`, of which `address` is the login."""

    address: Address
    addresses: frozenset[Address]

    def may_send_as(self, sender: Address) -> bool:
        """Say whether an address is this user's. Case is ignored: these are our own mailboxes."""
        return sender.folded() in {address.folded() for address in self.addresses}


def add(store: Store, address: Address, password: Secret, aliases: Iterable[Address] = ()) -> None:
    """Add a user; ValueError if an address is taken or the password too short or too long."""
    hashed = _hash(password)
    others = {alias.folded(): alias for alias in aliases}
    others.pop(address.folded(), None)
    with store.writing(turns.USERS) as tx:
        for one in (address, *others.values()):
            if tx.execute(_taken(one)).first() is not None:
                raise ValueError(f"{one} is a user's already")
        user = {
            "address": str(address),
            "folded": address.folded(),
            "password": hashed,
            "added_at": tx.now,
        }
        tx.execute(insert(tables.users), [user])
        if others:
            rows = [
                {"address": str(alias), "folded": folded, "user": str(address)}
                for folded, alias in others.items()
            ]
            tx.execute(insert(tables.user_aliases), rows)


def verify(store: Store, login: str, password: Secret) -> User | None:
    """Return the user whose address and password these are, else None; takes a good 20 ms."""
    with store.reading() as tx:
        found = _find(tx, login)
        user = None if found is None else User(found[0], _addresses(tx, found[0]))
    hashed = _NOBODY if found is None or len(password) > LONGEST else found[1]
    return user if _is_password(password, hashed) else None


def set_password(store: Store, address: Address, password: Secret) -> None:
    """Give a user another password; ValueError if there is no such user."""
    users, hashed = tables.users, _hash(password)
    with store.writing(turns.USERS) as tx:
        this = users.c.folded == address.folded()
        if not tx.execute(update(users).where(this).values(password=hashed)).rowcount:
            raise ValueError(f"{address} is not a user")


def remove(store: Store, address: Address) -> None:
    """Remove a user and the aliases; ValueError if there is no such user."""
    users = tables.users
    with store.writing(turns.USERS) as tx:
        if not tx.execute(delete(users).where(users.c.folded == address.folded())).rowcount:
            raise ValueError(f"{address} is not a user")


def spellings(tx: Transaction, address: Address) -> frozenset[str]:
    """Return every address (folded) of the person who has this one: theirs alone, if no user's."""
    user, alias = tables.users.c, tables.user_aliases.c
    folded = address.folded()
    owner = tx.execute(
        select(user.address)
        .where(user.folded == folded)
        .union(select(alias.user).where(alias.folded == folded))
    ).scalar()
    if owner is None:
        return frozenset({folded})
    found = _addresses(tx, address_of(owner))
    return frozenset({folded, *(one.folded() for one in found)})


def names(store: Store) -> list[str]:
    """Return the addresses of all users, in order."""
    with store.reading() as tx:
        rows = tx.execute(select(tables.users.c.address).order_by(tables.users.c.folded))
        return list(rows.scalars())


def _find(tx: Transaction, login: str) -> tuple[Address, str] | None:
    try:
        folded = Address.parse(login).folded()
    except AddressError:
        return None
    user = tables.users.c
    row = tx.execute(select(user.address, user.password).where(user.folded == folded)).one_or_none()
    return None if row is None else (address_of(row.address), row.password)


def _addresses(tx: Transaction, address: Address) -> frozenset[Address]:
    alias = tables.user_aliases.c
    rows = tx.execute(select(alias.address).where(alias.user == str(address))).scalars()
    return frozenset({address, *map(address_of, rows)})


def _taken(address: Address) -> Select[tuple[str]]:
    user, alias = tables.users.c, tables.user_aliases.c
    either = union_all(
        select(user.folded).where(user.folded == address.folded()),
        select(alias.folded).where(alias.folded == address.folded()),
    ).subquery()
    return select(either.c.folded)


def _hash(password: Secret) -> str:
    if not SHORTEST <= len(password) <= LONGEST:
        raise ValueError(f"a password has {SHORTEST} to {LONGEST} bytes")
    argon = Argon2id(
        salt=secrets.token_bytes(16),
        length=HASH_SIZE,
        iterations=PASSES,
        lanes=LANES,
        memory_cost=MEMORY_KIB,
    )
    return argon.derive_phc_encoded(password.reveal())


def _is_password(password: Secret, hashed: str) -> bool:
    try:
        Argon2id.verify_phc_encoded(password.reveal()[:LONGEST], hashed)
    except InvalidKey:
        return False
    return True
