"""A safe to measure: keys and a store in a folder of its own, and mail to put into it."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from vault import keys
from vault.address import Address
from vault.contents.spool import Spool
from vault.keys import RelayKeys, SealingKeys
from vault.keys.opening import OpeningKeys, load_opening
from vault.packages.deposit import Deposit, GrantFor, Summary
from vault.packages.depositing import deposit
from vault.settings import VaultSettings
from vault.storage.store import Store

AUTHOR = Address.parse("sam.taylor@council.example")
HEAD = b"From: sam.taylor@council.example\r\nSubject: Minutes\r\n\r\n"
SMALL = 4096


@dataclass(frozen=True, slots=True)
class Keys:
    """Every key of a node, in one process: only a measurement may hold them together."""

    sealing: SealingKeys
    relay: RelayKeys
    opening: OpeningKeys

    @classmethod
    def new(cls, folder: Path) -> Self:
        """Make them."""
        keys.init(folder)
        return cls(keys.load_sealing(folder), keys.load_relay(folder), load_opening(folder))


@contextmanager
def opened(folder: Path, database: str | None = None) -> Iterator[Store]:
    """Open a store that does its own checkpoints, as a node of one process does."""
    store = Store(VaultSettings(folder=folder, database=database), checkpoints=True)
    try:
        yield store
    finally:
        store.close()


def put(store: Store, held: Keys, number: int, author: Address = AUTHOR) -> str:
    """Deposit a mail of 4 KB for two recipients, like no other; returns the package's id."""
    body = HEAD + f"{number:>32}".encode() * ((SMALL - len(HEAD)) // 32)
    people = (Address.parse(f"{who}{number % 997}@clinic.example") for who in ("ann", "bo"))
    with Spool.of(store, body) as spool:
        grants = tuple(GrantFor(address=one) for one in people)
        summary = Summary(subject="Minutes", author_name="Sam Taylor")
        sealed = Deposit(spool=spool, author=author, grants=grants, summary=summary)
        receipt = deposit(store, held.sealing, sealed)
    assert receipt.package_id is not None
    return receipt.package_id
