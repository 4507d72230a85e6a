"""A store to work on in tests: keys, a clock that is set by hand, and short ways to do things."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Self

import pytest
from sqlalchemy import select

from vault import keys
from vault.address import Address
from vault.contents.spool import Spool
from vault.keys import RelayKeys, SealingKeys
from vault.keys.opening import OpeningKeys, load_opening
from vault.origin import Origin
from vault.packages.deposit import Deposit, GrantFor, Queued, Receipt, Restrictions, Summary
from vault.packages.depositing import deposit
from vault.packages.retrieve import retrieve
from vault.secrets import Secret
from vault.sending import outbox
from vault.storage import tables
from vault.storage.store import Store
from vault.trail.audit import Act

ON_SQLITE = pytest.mark.parametrize("backend", ["sqlite"])
ALICE = Address.parse("alice@council.example")  # sends
BOB = Address.parse("bob@clinic.example")
CAROL = Address.parse("carol@school.example")
DAVE = Address.parse("dave@home.example")
EVE = Address.parse("eve@elsewhere.example")  # never given anything
HERE = Origin("192.0.2.7", "A browser")
BODY = b"From: alice@council.example\r\nSubject: A plan\r\n\r\nHello.\r\n"


class HandClock:
    """A clock that stands still until it is moved."""

    def __init__(self) -> None:
        self.now = datetime(2026, 11, 2, 9, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def advance(self, **by: float) -> None:
        self.now += timedelta(**by)


@dataclass(frozen=True)
class Keys:
    folder: Path
    sealing: SealingKeys
    relay: RelayKeys
    opening: OpeningKeys
    web: Secret

    @classmethod
    def new(cls, folder: Path) -> Self:
        """Make keys in a folder, and load them."""
        keys.init(folder)
        return cls.load(folder)

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Load the keys in a folder."""
        return cls(
            folder=folder,
            sealing=keys.load_sealing(folder),
            relay=keys.load_relay(folder),
            opening=load_opening(folder),
            web=keys.load_web_secret(folder),
        )


@dataclass
class Safe:
    """A store and its keys, and one-line versions of what tests do all the time."""

    store: Store
    keys: Keys
    clock: HandClock
    folder: Path = field(init=False)

    def __post_init__(self) -> None:
        self.folder = self.store.settings.folder

    def put(
        self,
        *to: Address | GrantFor,
        body: bytes = BODY,
        queued: tuple[Address, ...] = (),
        prefix: bytes = b"",
        return_path: Address | None = ALICE,
        expires_in: timedelta | None = None,
        opens_in: timedelta | None = None,
        summary: Summary | None = None,
        terms: dict[str, Any] | None = None,
        **more: Any,
    ) -> Receipt:
        """Deposit `body`, from Alice unless told otherwise; `terms` are further restrictions."""
        spool = Spool.of(self.store, body)
        try:
            return deposit(
                self.store,
                self.keys.sealing,
                Deposit(
                    spool=spool,
                    author=more.pop("author", ALICE),
                    grants=tuple(t if isinstance(t, GrantFor) else GrantFor(address=t) for t in to),
                    queued=Queued(recipients=queued, prefix=prefix, return_path=return_path)
                    if queued
                    else None,
                    restrictions=Restrictions(
                        expires_at=self.clock() + expires_in if expires_in else None,
                        not_before=self.clock() + opens_in if opens_in else None,
                        **(terms or {}),
                    ),
                    summary=summary or Summary(subject="A plan", author_name="Alice Ash"),
                    **more,
                ),
            )
        finally:
            spool.abort()

    def package(self, *to: Address | GrantFor, **more: Any) -> str:
        """Deposit a package and return its id."""
        package_id = self.put(*to, **more).package_id
        assert package_id is not None
        return package_id

    def open(self, reader: Address, package_id: str, act: Act = Act.PACKAGE_OPENED) -> bytes:
        """Open a package and return its bytes."""
        opened = retrieve(self.store, self.keys.opening, reader, package_id, act, HERE)
        return b"".join(opened.read())

    def claim(self, **more: Any) -> list[outbox.Item]:
        return outbox.claim(self.store, self.keys.relay, "tester", **more)

    def deliver_all(self) -> list[outbox.Item]:
        """Send everything that is due; the next hop takes it all."""
        sent = []
        while items := self.claim():
            for item in items:
                assert outbox.complete(self.store, item, "250 2.0.0 Ok")
                sent.append(item)
        return sent

    def rows(self, table: str) -> list[Any]:
        """Return all rows of a table."""
        with self.store.reading() as tx:
            return list(tx.execute(select(tables.metadata.tables[table])).all())

    def acts(self) -> list[str]:
        """Return every act on record, in order."""
        return [row.act for row in self.rows("events")]
