"""A SQLite database goes to PostgreSQL while it is written: nothing is lost, nothing doubled."""

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import delete, insert, select

from tests import postgres
from tests.blank import blank_vault
from tests.vault import stuffing
from tests.vault.bench import ALICE, BOB, BODY, CAROL, DAVE, HERE, HandClock, Keys, Safe
from tests.vault.lockup import Lockup
from tests.vault.stuffing import ALL
from vault.errors import DatabaseUnfit, StoreUnavailable
from vault.packages import grants
from vault.people import users
from vault.secrets import Secret
from vault.sending.claims import NO_LEASE
from vault.settings import VaultSettings
from vault.storage import changelog, tables, transferring
from vault.storage.rowwise import NotTransferred
from vault.storage.store import Store


@pytest.fixture
def here(tmp_path: Path) -> VaultSettings:
    return VaultSettings(folder=blank_vault(tmp_path / "data"))


@pytest.fixture
def there(tmp_path: Path) -> Iterator[VaultSettings]:
    url = postgres.empty_database()
    yield VaultSettings(folder=tmp_path / "data", database=url)
    postgres.drop(url)


@pytest.fixture
def old(here: VaultSettings, keys: Keys, clock: HandClock) -> Iterator[Safe]:
    with closing(Store(here, checkpoints=True, clock=clock)) as store:
        safe = Safe(store, keys, clock)
        for number in range(7):
            safe.put(BOB, CAROL, body=BODY + b"%d" % number, queued=(DAVE,))
        safe.put(BOB, body=BODY + bytes(range(256)) * 800)  # in a file
        Lockup(safe).hold()
        users.add(store, ALICE, Secret(b"a long password"))
        row, found = tables.decided, {"at": clock(), "policy": "x", "facts": "{}"}
        with store.writing() as tx:  # numbers have gaps where rows have gone
            tx.execute(insert(row), [found] * 9)
            tx.execute(delete(row).where(row.c.id.in_([1, 2, 5])))
        yield safe


def rows(settings: VaultSettings, clock: HandClock) -> dict[str, set[Any]]:
    """Everything in a database but who has claimed what: a move lets go of that."""
    with closing(Store(settings, clock=clock)) as store, store.reading() as tx:
        kept = {one: [c for c in one.columns if c.name not in NO_LEASE] for one in ALL}
        return {one.name: set(map(tuple, tx.execute(select(*kept[one])))) for one in ALL}


def transfer(here: VaultSettings, there: VaultSettings, told: Any = int) -> Any:
    with (
        transferring.begun(here) as source,
        transferring.opened(there, source.mark) as target,
    ):
        if not source.is_shut:
            if target.is_resumed:
                transferring.clear(source, target)
            transferring.copy(source, target, told)
            transferring.follow(source, target)
        return transferring.finish(source, target)


def test_every_row_comes_over_and_the_old_one_takes_no_more(
    old: Safe, here: VaultSettings, there: VaultSettings, clock: HandClock
) -> None:
    before = rows(here, clock)
    told: list[int] = []
    counts = transfer(here, there, told.append)
    assert rows(there, clock) == before
    assert dict(counts) == {name: len(found) for name, found in before.items()}
    assert sum(told) == sum(counts.values()) > 50
    with pytest.raises(StoreUnavailable):
        old.put(BOB, body=BODY + b"late")
    with pytest.raises(DatabaseUnfit, match="moved to postgresql://"):
        Store(here)
    with closing(Store(there, clock=clock)) as store:
        new = Safe(store, old.keys, clock)
        package, *_ = sorted(new.rows("packages"), key=lambda row: row.size)
        assert new.open(BOB, package.id).startswith(BODY)
        large, *_ = sorted(new.rows("packages"), key=lambda row: -row.size)
        assert len(new.open(BOB, large.id)) > 200_000
        assert {str(item.to) for item in new.deliver_all()} == {
            str(one) for one in (BOB, CAROL, DAVE, ALICE)
        }
        new.put(DAVE, body=BODY + b"new")  # rows get numbers that are free
        assert users.verify(store, str(ALICE), Secret(b"a long password")) is not None


def test_what_a_deliverer_has_in_hand_is_to_be_had_at_once(
    old: Safe, here: VaultSettings, there: VaultSettings, clock: HandClock
) -> None:
    held = {item.id for item in old.claim()}
    assert held
    transfer(here, there)
    with closing(Store(there, clock=clock)) as store:
        assert held <= {item.id for item in Safe(store, old.keys, clock).claim(limit=100)}


def moved_whole(here: VaultSettings, there: VaultSettings, clock: HandClock) -> None:
    """Fill every table, move, changing something in each meanwhile, and compare all of it."""
    with closing(Store(here, clock=clock)) as store:
        with store.writing() as tx:
            stuffing.fill(tx, 1, 2, 3)
        with (
            transferring.begun(here) as source,
            transferring.opened(there, source.mark) as target,
        ):
            transferring.copy(source, target)
            with store.writing() as tx:
                stuffing.fill(tx, 4, 5)
                stuffing.change(tx, 1)
                stuffing.empty(tx, 2)
            transferring.follow(source, target)
            with store.writing() as tx:
                stuffing.fill(tx, 6)
                stuffing.empty(tx, 5)
            wanted = rows(here, clock)
            transferring.finish(source, target)
    assert {name for name, found in wanted.items() if len(found) != 4} == set()
    with closing(sqlite3.connect(here.database_file)) as left:
        found = left.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
        named = {name for (name,) in found if not name.startswith(("sqlite_", "moving_"))}
    assert named - {"meta"} == set(wanted)
    assert rows(there, clock) == wanted


def test_every_table_there_is_comes_over(
    here: VaultSettings, there: VaultSettings, clock: HandClock
) -> None:
    moved_whole(here, there, clock)


@pytest.mark.parametrize("forgotten", ["imported_lines"])
def test_a_table_that_is_forgotten_is_missed(
    here: VaultSettings,
    there: VaultSettings,
    clock: HandClock,
    forgotten: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The control: as if a table that is added later were not in the list."""
    known = [table for table in changelog.followed() if table.name != forgotten]
    for module in (changelog, transferring):
        monkeypatch.setattr(module, "followed", lambda: known)
    with pytest.raises(AssertionError, match=forgotten):
        moved_whole(here, there, clock)


def test_what_is_written_meanwhile_comes_too(
    old: Safe, here: VaultSettings, there: VaultSettings, clock: HandClock
) -> None:
    """A node goes on writing until it is refused; all that it was told is done is there."""
    done: list[str] = []
    first = old.rows("packages")[0].id

    def work() -> None:
        number = 0
        while True:
            number += 1
            try:
                done.append(old.package(BOB, CAROL, body=BODY + b"meanwhile %d" % number))
                grants.revoke(old.store, ALICE, done[-1], CAROL, HERE)
                old.deliver_all()  # deletes what is in queued copies
            except StoreUnavailable:
                return

    writer = threading.Thread(target=work)
    with (
        transferring.begun(here) as source,
        transferring.opened(there, source.mark) as target,
    ):
        writer.start()
        transferring.copy(source, target)
        while len(done) < 5:
            transferring.follow(source, target)
        transferring.finish(source, target)
    writer.join(60)
    assert not writer.is_alive()
    with sqlite3.connect(here.database_file) as left:
        names = {row[0] for row in left.execute("SELECT id FROM packages")}
    with closing(Store(there, clock=clock)) as store:
        new = Safe(store, old.keys, clock)
        assert {row.id for row in new.rows("packages")} == names >= {first, *done}
        for package_id in done:
            assert new.open(BOB, package_id).startswith(BODY + b"meanwhile")
        of_done = [row for row in new.rows("grants") if row.package_id in set(done[:-1])]
        assert {(row.address, row.state) for row in of_done} == {
            (str(BOB), "active"),
            (str(CAROL), "revoked"),
        }


@pytest.mark.parametrize("at", [9, 60])
def test_a_move_that_was_interrupted_goes_on(
    at: int, old: Safe, here: VaultSettings, there: VaultSettings, clock: HandClock
) -> None:
    seen = 0

    def stop(count: int) -> None:
        nonlocal seen
        seen += count
        if seen >= at:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        transfer(here, there, stop)
    with pytest.raises(DatabaseUnfit, match="not whole yet"):
        Store(there)
    old.deliver_all()  # the node went on, also while nothing was copied
    old.package(DAVE, body=BODY + b"between")
    before = rows(here, clock)
    transfer(here, there)
    assert rows(there, clock) == before


def test_a_move_that_dies_at_its_end_leaves_one_database_to_be_finished(
    old: Safe,
    here: VaultSettings,
    there: VaultSettings,
    clock: HandClock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    complete = transferring._complete

    def cut(connection: Any) -> None:
        complete(connection)
        postgres.hang_up_on(there.database or "")

    before = rows(here, clock)
    with monkeypatch.context() as patch:
        patch.setattr(transferring, "_complete", cut)
        with pytest.raises(StoreUnavailable):
            transfer(here, there)
    with pytest.raises(DatabaseUnfit, match="not whole yet"):
        Store(there)
    with pytest.raises(StoreUnavailable):
        old.put(BOB, body=BODY + b"late")
    transfer(here, there)
    assert rows(there, clock) == before


def test_a_failure_before_the_end_leaves_the_old_one_as_it_was(
    old: Safe, here: VaultSettings, there: VaultSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_connection: Any) -> None:
        raise NotTransferred("no")

    monkeypatch.setattr(transferring, "_complete", fail)
    with pytest.raises(NotTransferred):
        transfer(here, there)
    assert old.open(BOB, old.package(BOB, body=BODY + b"on"))


def test_what_holds_something_is_not_overwritten(
    old: Safe, here: VaultSettings, there: VaultSettings, clock: HandClock
) -> None:
    with closing(Store(there, clock=clock)) as store:
        Safe(store, old.keys, clock).put(BOB)
    with pytest.raises(NotTransferred, match="holds something already"):
        transfer(here, there)
    with pytest.raises(NotTransferred, match="no SQLite database"):
        transfer(there, there)


def test_a_move_that_is_given_up_leaves_nothing(
    old: Safe, here: VaultSettings, there: VaultSettings
) -> None:
    with transferring.begun(here):
        old.put(BOB, body=BODY + b"noted")
    assert transferring.forget(here)
    assert not transferring.forget(here)
    with closing(sqlite3.connect(here.database_file)) as left:
        names = {row[0] for row in left.execute("SELECT name FROM sqlite_master")}
    assert not {name for name in names if name.startswith("mov")}
    old.put(BOB, body=BODY + b"after")


def test_a_change_that_nobody_noted_is_missed(
    old: Safe, here: VaultSettings, there: VaultSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control: without the notes, the counts do not fit."""
    with (
        transferring.begun(here) as source,
        transferring.opened(there, source.mark) as target,
    ):
        transferring.copy(source, target)
        old.put(BOB, body=BODY + b"unseen")
        monkeypatch.setattr(changelog, "noted", lambda *_: (0, {}))
        with pytest.raises(NotTransferred, match="rows here and"):
            transferring.finish(source, target)
