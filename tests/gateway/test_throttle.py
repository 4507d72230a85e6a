"""How fast one may guess, and that it is one count for all processes of a node."""

import asyncio
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import func, select, text

from gateway.signin.local import LocalUsers
from gateway.smtp.authentication import Authenticator
from gateway.smtp.sasl import Credentials
from gateway.smtp.throttle import BY_ACCOUNT, BY_ADDRESS, Pace, Place, Throttle
from gateway.workers import Workers
from tests.vault.bench import HandClock
from vault.address import Address
from vault.ending import upkeep
from vault.errors import StoreUnavailable
from vault.people import guesses, users
from vault.people.guesses import HALVED_AFTER, KEPT_FOR
from vault.secrets import Secret
from vault.settings import VaultSettings
from vault.storage import tables
from vault.storage.store import Store

JANE, PASSWORD = "jane@council.gov.uk", "correct horse battery"
KEY = Secret.random()
HERE, THERE, ELSEWHERE = "192.0.2.1", "198.51.100.7", "203.0.113.9"


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
def stores(tmp_path: Path, clock: HandClock) -> Iterator[tuple[Store, Store]]:
    """The same database, as two processes have it."""
    settings = VaultSettings(folder=tmp_path)
    with (
        closing(Store(settings, checkpoints=True, clock=clock)) as one,
        closing(Store(settings, clock=clock)) as other,
    ):
        yield one, other


def rows(store: Store) -> tuple[int, int]:
    with store.reading() as tx:
        return tuple(  # type: ignore[return-value]
            tx.execute(select(func.count()).select_from(table)).scalar_one()
            for table in (tables.guesses, tables.known_places)
        )


def mark(name: str) -> bytes:
    return guesses.mark_of(KEY, name)


def place(network: str, account: str) -> Place:
    return Place(KEY, network, account)


def test_failures_slow_down() -> None:
    pace = Pace(free=3, longest=8)
    assert [pace.delay(failures) for failures in range(8)] == [0, 0, 0, 1, 2, 4, 8, 8]
    assert pace.delay(10**9) == 8


async def test_failures_fade(stores: tuple[Store, Store], clock: HandClock) -> None:
    store, _ = stores
    for _ in range(8):
        with store.writing() as tx:
            guesses.add_failure(tx, [mark("a")])
    assert (
        guesses.failures(store, mark("a")),
        guesses.failures(store, mark("b")),
    ) == (8, 0)
    clock.now += HALVED_AFTER
    assert guesses.failures(store, mark("a")) == 4
    clock.now += 40 * HALVED_AFTER
    assert guesses.failures(store, mark("a")) == 0
    clock.now -= 80 * HALVED_AFTER  # somebody put the clock right
    assert guesses.failures(store, mark("a")) == 8


async def test_guessing_slows_the_guesser_and_not_the_user(stores: tuple[Store, Store]) -> None:
    throttle = Throttle(stores[0])
    throttle.succeeded(place(HERE, JANE))
    for number in range(20):
        await throttle.failed(place(THERE, JANE))
        await throttle.failed(place(HERE, f"printer{number}"))
    assert throttle.delay(place(THERE, JANE)) == BY_ADDRESS.longest
    assert throttle.delay(place(HERE, "printer1")) == BY_ADDRESS.longest
    assert throttle.delay(place(HERE, JANE)) == 0
    assert throttle.delay(place(ELSEWHERE, JANE)) == BY_ACCOUNT.longest  # bearable
    for _ in range(20):
        await throttle.failed(place(HERE, JANE))
    assert throttle.delay(place(HERE, JANE)) == BY_ACCOUNT.longest


async def test_two_processes_count_together(stores: tuple[Store, Store]) -> None:
    one, other = (Throttle(store) for store in stores)
    for number in range(BY_ADDRESS.free):
        await (one, other)[number % 2].failed(place(HERE, f"user{number}"))
    assert one.delay(place(HERE, JANE)) == other.delay(place(HERE, JANE)) == 1
    for number in range(BY_ACCOUNT.free):
        await (one, other)[number % 2].failed(place(f"{number}", JANE))
    assert other.delay(place(ELSEWHERE, JANE)) == 1
    one.succeeded(place(ELSEWHERE, JANE))
    stores[0].settle()
    assert other.delay(place(ELSEWHERE, JANE)) == 0
    assert other.delay(place(THERE, JANE)) == 0  # who knows the password has begun it anew


async def test_two_processes_let_an_address_guess_in_turn(
    stores: tuple[Store, Store], clock: HandClock
) -> None:
    """Otherwise so many would be tried at once, after each wait."""
    one, other = (Throttle(store) for store in stores)
    jane = place(HERE, JANE)
    for _ in range(BY_ADDRESS.free + 1):
        await one.failed(place(HERE, "somebody"))
    assert [await by.wait(jane) for by in (one, other, one)] == [2, 4, 6]
    clock.advance(seconds=6)
    assert await other.wait(jane) == 2
    assert await other.wait(place(THERE, JANE)) == 0
    clock.advance(days=-1)  # a clock that is put back holds nobody up for a day
    assert await one.wait(jane) == guesses.MOST_TURNS * 2


async def test_an_ordinary_sign_in_writes_nothing(
    stores: tuple[Store, Store], clock: HandClock
) -> None:
    throttle, jane = Throttle(stores[0]), place(HERE, JANE)
    throttle.succeeded(jane)
    stores[0].settle()
    assert rows(stores[0]) == (0, 1)
    written = _changes(stores[0])
    for _ in range(5):
        assert await throttle.wait(jane) == 0
        throttle.succeeded(jane)
        stores[0].settle()
    assert _changes(stores[0]) == written
    clock.advance(days=1, hours=1)
    throttle.succeeded(jane)  # seen again, on another day
    stores[0].settle()
    assert _changes(stores[0]) > written


def _changes(store: Store) -> int:
    with store.writing() as tx:
        return int(tx.execute(text("SELECT total_changes()")).scalar_one())


async def test_no_name_that_was_typed_is_kept(stores: tuple[Store, Store], tmp_path: Path) -> None:
    """It may be a password that slipped into the wrong field."""
    throttle = Throttle(stores[0])
    await throttle.failed(place(HERE, "my-secret-password"))
    throttle.succeeded(place(HERE, "my-secret-password"))
    stores[0].settle()
    assert rows(stores[0])[1] == 1
    for file in list(tmp_path.rglob("*")):  # noqa: ASYNC240 - nobody waits here
        assert not file.is_file() or b"my-secret-password" not in file.read_bytes()


async def test_what_is_remembered_is_bounded(
    stores: tuple[Store, Store], clock: HandClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(guesses, "MOST", 50)
    monkeypatch.setattr(guesses, "MOST_PLACES", 20)
    monkeypatch.setattr(guesses, "SLACK", 10)
    store = stores[0]
    for number in range(80):
        clock.advance(seconds=1)
        with store.writing() as tx:
            guesses.add_failure(tx, [mark(f"account {number}")])
            guesses.note_place(tx, mark(f"place {number}"))
    assert rows(store)[0] <= 60
    assert guesses.failures(store, mark("account 79")) == 1  # the newest is there
    upkeep.clear(store)
    assert rows(store) == (50, 20)
    clock.now += KEPT_FOR * 2
    upkeep.clear(store)
    assert rows(store) == (0, 20)


async def test_a_failure_that_cannot_be_counted_lets_nobody_try(
    stores: tuple[Store, Store],
) -> None:
    throttle, store = Throttle(stores[0]), stores[0]
    with store.writing() as tx:
        tx.execute(
            text(
                "CREATE TRIGGER full BEFORE INSERT ON guesses BEGIN SELECT RAISE(ABORT, 'no'); END"
            )
        )
    with pytest.raises(StoreUnavailable):
        await throttle.failed(place(HERE, JANE))
    with pytest.raises(StoreUnavailable):
        await throttle.wait(place(HERE, JANE))


async def test_an_ipv6_host_is_its_network(stores: tuple[Store, Store]) -> None:
    store, workers = stores[0], Workers(1)
    users.add(store, Address.parse(JANE), Secret(PASSWORD.encode()))
    check = Authenticator([LocalUsers(store, workers)], store, KEY)
    for number in range(3):
        wrong = Credentials(f"user{number}", Secret(b"wrong"))
        assert await check.verify(wrong, f"2001:db8::{number:x}") is None
    assert guesses.failures(store, place("2001:db8::/64", "").by_network) == 3
    workers.close()
    await asyncio.sleep(0)
