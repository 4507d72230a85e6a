"""Sessions: found by their token alone, and over when they should be."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import event, select

from tests.vault.bench import ON_SQLITE
from vault.address import Address
from vault.origin import Origin
from vault.people import sessions
from vault.settings import VaultSettings
from vault.storage import tables
from vault.storage.store import Store

BOB = Address.parse("bob@example.org")
ALICE = Address.parse("alice@example.org")
HERE = Origin("192.0.2.1", "test")


@dataclass
class Clock:
    now: datetime = datetime(2026, 3, 1, 12, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def forward(self, **time: float) -> None:
        self.now += timedelta(**time)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def store(settings: VaultSettings, clock: Clock) -> Iterator[Store]:
    store = Store(settings, clock=clock)
    yield store
    store.close()


def rows(store: Store) -> int:
    with store.reading() as tx:
        return len(tx.execute(select(tables.sessions.c.id)).all())


def test_a_session_is_found_by_its_token(store: Store, clock: Clock) -> None:
    token = sessions.begin(store, BOB, HERE)
    found = sessions.find(store, token)
    assert found is not None
    assert (found.identity, found.begun_at) == (BOB, clock.now)
    assert found.id not in token


def test_tokens_have_256_bits_and_differ(store: Store) -> None:
    tokens = {sessions.begin(store, BOB, HERE) for _ in range(50)}
    assert len(tokens) == 50
    assert {len(token) for token in tokens} == {43}


@pytest.mark.parametrize("token", ["", "x", "A" * 43, "\udcff", "' OR 1=1 --", "x" * 100_000])
def test_no_other_token_finds_one(store: Store, token: str) -> None:
    sessions.begin(store, BOB, HERE)
    assert sessions.find(store, token) is None


@ON_SQLITE
def test_only_the_hash_of_a_token_is_kept(store: Store) -> None:
    token = sessions.begin(store, BOB, HERE)
    written = b"".join(path.read_bytes() for path in store.settings.folder.glob("*.sqlite*"))
    assert hashlib.sha256(token.encode()).digest() in written, "the control"
    assert token.encode() not in written
    with store.reading() as tx:
        [kept] = tx.execute(select(tables.sessions.c.token)).scalars()
    assert sessions.find(store, kept.hex()) is None


def test_a_session_ends_half_an_hour_after_its_last_use(store: Store, clock: Clock) -> None:
    token = sessions.begin(store, BOB, HERE)
    for _ in range(5):
        clock.forward(minutes=29)
        assert sessions.find(store, token) is not None
    clock.forward(minutes=30)
    assert sessions.find(store, token) is None


def test_a_session_ends_half_a_day_after_its_beginning(store: Store, clock: Clock) -> None:
    token = sessions.begin(store, BOB, HERE)
    for _ in range(12 * 3 - 1):
        clock.forward(minutes=20)
        assert sessions.find(store, token) is not None
    clock.forward(minutes=20)
    assert sessions.find(store, token) is None


def test_finding_writes_at_most_once_a_minute(store: Store, clock: Clock) -> None:
    writes: list[str] = []
    writer = store._database.writer  # type: ignore[attr-defined]  # both have one
    event.listen(writer, "before_cursor_execute", lambda c, u, sql, *rest: writes.append(sql))
    token = sessions.begin(store, BOB, HERE)
    writes.clear()
    for second in range(1, 181):
        clock.now += timedelta(seconds=1)
        assert sessions.find(store, token) is not None, second
    assert len([sql for sql in writes if sql.startswith("UPDATE")]) == 3


def test_ending(store: Store) -> None:
    token, other = sessions.begin(store, BOB, HERE), sessions.begin(store, BOB, HERE)
    sessions.end(store, token)
    sessions.end(store, token)
    sessions.end(store, "unknown")
    assert sessions.find(store, token) is None
    assert sessions.find(store, other) is not None
    with store.reading() as tx:
        acts = tx.execute(select(tables.events.c.act, tables.events.c.actor)).all()
    assert acts == [("session:ended", str(BOB))]


def test_ending_all_of_one_address(store: Store) -> None:
    mine = [sessions.begin(store, BOB, HERE) for _ in range(3)]
    hers = sessions.begin(store, ALICE, HERE)
    assert sessions.end_all(store, BOB) == 3
    assert sessions.end_all(store, BOB) == 0
    assert [sessions.find(store, token) for token in mine] == [None] * 3
    assert sessions.find(store, hers) is not None


def test_sessions_that_are_over_are_swept(store: Store, clock: Clock) -> None:
    for _ in range(3):
        sessions.begin(store, BOB, HERE)
    clock.forward(minutes=30)
    sessions.begin(store, ALICE, HERE)
    assert rows(store) == 1


def test_a_session_outlives_a_restart(store: Store, clock: Clock) -> None:
    token = sessions.begin(store, BOB, HERE)
    store.close()
    again = Store(store.settings, clock=clock)
    assert sessions.find(again, token) is not None
    again.close()
