"""The housekeeper: every chore in its time, one process at a time, whatever fails."""

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select

from gateway.housekeeping import Housekeeper
from gateway.notices.settings import NoticeSettings
from tests.blank import blank_vault
from tests.vault.bench import ALICE, BOB, HERE, HandClock, Keys, Safe
from tests.vault.lockup import Lockup
from vault.ending import destroying
from vault.errors import StoreUnavailable
from vault.keys import signing
from vault.packages import phrase, second_lock
from vault.sending import reporting
from vault.sending.outbox import Kind
from vault.settings import VaultSettings
from vault.storage import tables
from vault.storage.store import Store

DAY = timedelta(days=1)


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Keys:
    return Keys.new(tmp_path_factory.mktemp("keys") / "keys")


@pytest.fixture
def safe(tmp_path: Path, keys: Keys) -> Iterator[Safe]:
    clock = HandClock()
    folder = blank_vault(tmp_path / "data")
    store = Store(VaultSettings(folder=folder), checkpoints=True, clock=clock)
    yield Safe(store, keys, clock)
    store.close()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "signing"
    made.mkdir()
    return made


def keeper(safe: Safe, folder: Path, store: Store | None = None, **more: object) -> Housekeeper:
    return Housekeeper(
        store or safe.store,
        safe.keys.sealing,
        organisation="Example Council",
        notices=NoticeSettings(**more),  # type: ignore[arg-type]
        keys_folder=folder,
    )


def kinds(safe: Safe) -> list[Kind]:
    return sorted(item.kind for item in safe.deliver_all() if item.kind is not Kind.NOTICE)


def test_a_package_from_its_notice_to_its_certificate(safe: Safe, folder: Path) -> None:
    package_id = safe.package(BOB, expires_in=10 * DAY, terms={"kept_after_expiry": 5 * DAY})
    safe.deliver_all()
    seen: list[tuple[int, Kind]] = []
    house = keeper(safe, folder)
    for day in range(1, 17):
        safe.clock.advance(days=1)
        house.look()
        seen += [(day, kind) for kind in kinds(safe)]
    assert seen == [
        (5, Kind.REMINDER),
        (5, Kind.REPORT),
        (8, Kind.REPORT),
        (10, Kind.REPORT),
    ]
    gone = destroying.destroyed(safe.store, package_id)
    assert gone is not None
    assert gone.certificate is not None
    assert signing.load_public(folder).id in gone.certificate.decode()


def test_no_key_is_made_before_it_is_needed(safe: Safe, folder: Path) -> None:
    keeper(safe, folder).look()
    assert list(folder.iterdir()) == []


def test_held_mails_are_settled_when_their_time_is_over(safe: Safe, folder: Path) -> None:
    Lockup(safe).hold()
    safe.clock.advance(days=3)
    keeper(safe, folder).look()
    (hold,) = safe.rows("holds")
    assert hold.state == "expired"


def test_of_two_on_one_database_one_reports(safe: Safe, folder: Path) -> None:
    safe.put(BOB, expires_in=4 * DAY)
    safe.deliver_all()
    safe.clock.advance(days=2)
    other = Store(safe.store.settings, clock=safe.clock)
    houses = [keeper(safe, folder), keeper(safe, folder, other)]
    for _ in range(3):
        for house in houses:
            house.look()
        safe.clock.advance(minutes=2)
    assert kinds(safe) == [Kind.REMINDER, Kind.REPORT]
    other.close()


def test_what_a_second_lock_overwrites_goes_from_every_file(
    safe: Safe, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The site sets the lock; the process that may empty the database's log is another one."""
    monkeypatch.setattr(phrase, "MEMORY", 1024)
    package_id, house = safe.package(BOB), keeper(safe, folder)
    safe.deliver_all()
    house.look()
    site = Store(safe.store.settings, clock=safe.clock)
    (row,) = safe.rows("packages")

    def is_left() -> bool:
        files = (path for path in safe.folder.rglob("*") if path.is_file())
        return any(row.wrapped[-64:] in path.read_bytes() for path in files)

    with site.reading() as tx:
        tx.execute(select(tables.packages.c.id)).all()  # sees the old state, and keeps it
        second_lock.add(site, safe.keys.opening, safe.keys.sealing, ALICE, package_id, HERE)
        house.look()
        assert is_left()
    house.look()
    assert not is_left()
    site.close()


def test_one_chore_that_fails_stops_no_other(
    safe: Safe, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    safe.put(BOB, expires_in=4 * DAY)
    safe.deliver_all()
    safe.clock.advance(days=2)

    def broken(*_: object) -> int:
        raise StoreUnavailable

    def faulty(*_: object) -> int:
        raise ZeroDivisionError

    house = keeper(safe, folder)
    with monkeypatch.context() as patch:
        patch.setattr(destroying, "schedule", broken)
        patch.setattr(reporting, "report", faulty)
        house.look()
    assert kinds(safe) == [Kind.REMINDER]
    house.look()  # what failed is due at once again
    assert kinds(safe) == [Kind.REPORT]


@pytest.mark.parametrize(
    ("done", "now", "due"),
    [
        (None, "2026-07-01 06:59", False),  # 7:59 by the clocks of summer
        (None, "2026-07-01 07:00", True),
        ("2026-07-01 07:00", "2026-07-01 22:30", False),
        ("2026-07-01 07:00", "2026-07-02 06:30", False),
        ("2026-07-01 07:00", "2026-07-02 07:00", True),
        ("2026-10-24 07:00", "2026-10-25 07:30", False),  # the clocks went back in the night
        ("2026-10-24 07:00", "2026-10-25 08:00", True),
    ],
)
def test_reports_go_once_a_day_from_the_hour_on(
    safe: Safe, folder: Path, done: str | None, now: str, due: bool
) -> None:
    (chore,) = [one for one in keeper(safe, folder).chores() if one.name == "reports"]
    before = None if done is None else datetime.fromisoformat(done).replace(tzinfo=UTC)
    assert chore.is_due(before, datetime.fromisoformat(now).replace(tzinfo=UTC)) is due


def test_reports_can_be_switched_off(safe: Safe, folder: Path) -> None:
    (chore,) = [
        one for one in keeper(safe, folder, reports=False).chores() if one.name == "reports"
    ]
    assert not chore.is_due(None, datetime(2026, 7, 1, 12, tzinfo=ZoneInfo("Europe/London")))


async def test_it_runs_until_it_is_stopped(safe: Safe, folder: Path) -> None:
    house = keeper(safe, folder)
    running = asyncio.create_task(house.run())
    for _ in range(500):
        if len(safe.rows("chores")) == 6:
            break
        await asyncio.sleep(0.02)
    house.stop()
    await asyncio.wait_for(running, 20)
    assert {row.name for row in safe.rows("chores")} == {
        *("holds", "traces", "endings", "reminders", "reports", "upkeep")
    }
