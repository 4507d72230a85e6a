"""Backups: complete whatever happens meanwhile, checked, and never over anything that lives."""

import os
import sqlite3
import subprocess
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.vault.bench import BOB, CAROL, HandClock, Keys, Safe
from vault.contents import ContentFolder, Contents
from vault.copies import backup, restore, snapshot
from vault.copies.archive import Archive, BackupUnusable
from vault.errors import StoreUnavailable
from vault.settings import VaultSettings
from vault.storage.store import CONTENTS, Store

LARGE = b"From: a@b\r\n\r\n" + os.urandom(200_000)


@pytest.fixture
def archive(tmp_path: Path) -> Archive:
    return Archive(tmp_path / "backups")


def made(safe: Safe, archive: Archive, **more: Any) -> backup.Made:
    safe.clock.advance(seconds=1)
    contents = more.pop("contents", safe.store.contents)
    return backup.make(safe.store.settings, contents, archive, safe.clock(), **more)


class Restored(Safe):
    """What came of a backup, elsewhere."""


def restored(folder: Path, archive: Archive, keys: Keys, clock: HandClock) -> Restored:
    settings = VaultSettings(folder=folder)
    restore.restore(settings, ContentFolder(folder / CONTENTS), archive, archive.newest())
    return Restored(Store(settings, clock=clock), keys, clock)


@pytest.fixture
def elsewhere(tmp_path: Path, archive: Archive, keys: Keys, clock: HandClock) -> Iterator[Any]:
    opened: list[Restored] = []

    def bring() -> Restored:
        opened.append(restored(tmp_path / f"elsewhere{len(opened)}", archive, keys, clock))
        return opened[-1]

    yield bring
    for one in opened:
        one.store.close()


def test_what_was_there_opens_elsewhere(safe: Safe, archive: Archive, elsewhere: Any) -> None:
    packages = {safe.package(BOB): None, safe.package(BOB, body=LARGE): LARGE}
    done = made(safe, archive)
    assert (done.facts.contents, done.copied) == (1, 1)
    assert not done.facts.with_keys
    assert backup.verify(archive, archive.newest()) == done.facts
    there = elsewhere()
    for package, body in packages.items():
        assert there.open(BOB, package) == (body or safe.open(BOB, package))
    assert not list(there.folder.glob("restoring*"))
    assert there.store.settings.database_file.stat().st_mode & 0o777 == 0o600


def test_a_second_one_copies_only_what_is_new(safe: Safe, archive: Archive, elsewhere: Any) -> None:
    old = safe.package(BOB, body=LARGE)
    made(safe, archive)
    new = safe.package(BOB, body=LARGE + b"2")
    done = made(safe, archive)
    assert (done.facts.contents, done.copied) == (2, 1)
    there = elsewhere()
    assert (there.open(BOB, old), there.open(BOB, new)) == (LARGE, LARGE + b"2")


def test_sha256sum_can_check_it(safe: Safe, archive: Archive) -> None:
    safe.package(BOB, body=LARGE)
    folder = made(safe, archive).folder
    check = subprocess.run(
        ["sha256sum", "-c", "contents.sha256"], cwd=folder, capture_output=True, check=False
    )
    assert check.returncode == 0, check.stderr
    assert b": OK" in check.stdout


def test_keys_are_in_it_only_when_they_are_asked_for(
    safe: Safe, archive: Archive, tmp_path: Path
) -> None:
    folder = made(safe, archive).folder
    assert not list(archive.folder.rglob("*private*"))
    assert not restore.restore_keys(folder, tmp_path / "keys")
    folder = made(safe, archive, keys=safe.keys.folder).folder
    assert (folder / "keys" / "vault.private").stat().st_mode & 0o777 == 0o600
    assert restore.restore_keys(folder, tmp_path / "keys")
    assert {p.name: p.read_bytes() for p in (tmp_path / "keys").iterdir()} == {
        p.name: p.read_bytes() for p in safe.keys.folder.iterdir()
    }
    assert not restore.restore_keys(folder, tmp_path / "keys")  # never over others


def test_under_load_everything_from_before_is_in_it(
    safe: Safe, archive: Archive, elsewhere: Any
) -> None:
    """Three threads deposit and let go while backups are made, of a database of many steps."""
    for _ in range(20):
        safe.package(BOB, body=b"From: a@b\r\n\r\n" + os.urandom(40_000))
    before = {safe.package(BOB, body=LARGE + bytes([n])): n for n in range(5)}
    ending = threading.Event()
    rounds: list[int] = []

    def load(number: int) -> None:
        while not ending.is_set():
            safe.put(queued=(CAROL,), body=LARGE + f"{number} {len(rounds)}".encode())
            safe.package(BOB, body=os.urandom(20_000))
            safe.deliver_all()  # lets the content of the clear copy go
            rounds.append(number)

    with ThreadPoolExecutor(3) as threads:
        loads = [threads.submit(load, number) for number in range(3)]
        try:
            for _ in range(2):
                done = made(safe, archive)
        finally:
            ending.set()
        for one in loads:
            one.result()
    assert rounds
    assert backup.verify(archive, done.folder).contents >= 5
    there = elsewhere()
    for package, number in before.items():
        assert there.open(BOB, package) == LARGE + bytes([number])
    named = {row.id for row in there.rows("contents")}
    for table in ("packages", "outbox", "holds"):
        assert {row.content_id for row in there.rows(table) if row.content_id} <= named


class Vanishing:
    """Contents of which one is let go the moment that it is opened."""

    def __init__(self, contents: Contents, act: Any) -> None:
        self._contents, self._act = contents, act

    def __getattr__(self, name: str) -> Any:
        return getattr(self._contents, name)

    def open(self, place: str, start: int = 0, stop: int | None = None) -> Any:
        self._act()
        return self._contents.open(place, start, stop)


def test_what_is_let_go_meanwhile_is_not_brought_back(
    safe: Safe, archive: Archive, elsewhere: Any
) -> None:
    safe.put(queued=(CAROL,), body=LARGE)
    contents = Vanishing(safe.store.contents, safe.deliver_all)
    done = made(safe, archive, contents=contents)
    assert done.facts.contents == 0
    there = elsewhere()
    assert there.rows("contents") == []
    assert [row.state for row in there.rows("outbox")] == ["done"]
    assert there.claim() == []  # nobody gets it twice


def test_what_is_missing_or_cut_where_it_lies_is_told(safe: Safe, archive: Archive) -> None:
    safe.package(BOB, body=LARGE)
    (row,) = safe.rows("contents")
    file = safe.folder / CONTENTS / row.place
    whole = file.read_bytes()
    file.write_bytes(whole[:-1])
    with pytest.raises(BackupUnusable, match="damaged where it lies"):
        made(safe, archive)
    file.unlink()
    with pytest.raises(StoreUnavailable):
        made(safe, archive)
    with pytest.raises(BackupUnusable, match="no complete backup"):
        archive.newest()
    file.write_bytes(whole)
    made(safe, archive)
    assert not list(archive.folder.glob(".*"))


@pytest.mark.parametrize("what", ["content", "database", "missing"])
def test_a_damaged_backup_is_not_believed(
    safe: Safe, archive: Archive, tmp_path: Path, what: str
) -> None:
    package = safe.package(BOB, body=LARGE)
    folder = made(safe, archive).folder
    path = folder / "database.sqlite" if what == "database" else archive.content(package)
    whole = path.read_bytes()
    if what == "missing":
        path.unlink()
    else:
        path.write_bytes(whole[:1000] + bytes([whole[1000] ^ 1]) + whole[1001:])
    with pytest.raises(BackupUnusable):
        backup.verify(archive, folder)
    settings = VaultSettings(folder=tmp_path / "there")
    contents = ContentFolder(tmp_path / "there" / CONTENTS)
    with pytest.raises(BackupUnusable):
        restore.restore(settings, contents, archive, folder)
    assert not settings.database_file.exists()
    path.write_bytes(whole)  # from another copy: it goes on
    restore.restore(settings, contents, archive, folder)
    with closing(Store(settings)) as store:
        assert Safe(store, safe.keys, safe.clock).open(BOB, package) == LARGE


def test_an_installation_is_never_overwritten(safe: Safe, archive: Archive) -> None:
    package = safe.package(BOB)
    made(safe, archive)
    with pytest.raises(BackupUnusable, match="never overwritten"):
        restore.restore(safe.store.settings, safe.store.contents, archive, archive.newest())
    assert safe.open(BOB, package)


def test_a_node_that_was_started_meanwhile_is_not_overwritten_either(
    safe: Safe, archive: Archive, tmp_path: Path
) -> None:
    safe.package(BOB, body=LARGE)
    made(safe, archive)
    settings = VaultSettings(folder=tmp_path / "there")
    contents = ContentFolder(tmp_path / "there" / CONTENTS)

    def told(_: int) -> None:
        if not settings.database_file.exists():
            settings.database_file.write_bytes(b"another")

    with pytest.raises(BackupUnusable, match="never overwritten"):
        restore.restore(settings, contents, archive, archive.newest(), told)
    assert settings.database_file.read_bytes() == b"another"


def test_an_interrupted_restore_goes_on(
    safe: Safe, archive: Archive, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    packages = [safe.package(BOB, body=LARGE + bytes([n])) for n in range(5)]
    made(safe, archive)
    monkeypatch.setattr(restore, "_AT_ONCE", 1)
    settings = VaultSettings(folder=tmp_path / "there")
    contents = ContentFolder(tmp_path / "there" / CONTENTS)
    fetched = 0
    genuine = contents.create

    def create() -> Any:
        nonlocal fetched
        fetched += 1
        if fetched == 4:
            raise KeyboardInterrupt
        return genuine()

    monkeypatch.setattr(contents, "create", create)
    with pytest.raises(KeyboardInterrupt):
        restore.restore(settings, contents, archive, archive.newest())
    assert not settings.database_file.exists()
    restore.restore(settings, contents, archive, archive.newest())
    assert fetched == 4 + 2  # three were there already
    with closing(Store(settings)) as store:
        there = Safe(store, safe.keys, safe.clock)
        assert [there.open(BOB, one)[-1] for one in packages] == list(range(5))


def test_two_backups_do_not_mix(safe: Safe, archive: Archive) -> None:
    with archive.alone(), pytest.raises(BackupUnusable, match="under way"):
        made(safe, archive)


def test_a_backup_makes_no_writer_wait(
    safe: Safe, archive: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between two steps of the copy, a deposit goes through; and is not in the copy."""
    monkeypatch.setattr(snapshot, "PAGES_AT_ONCE", 50)
    for _ in range(40):
        safe.package(BOB, body=os.urandom(60_000))
    late: list[str] = []

    def told(_: int) -> None:
        if len(late) < 2:
            late.append(safe.package(BOB))

    done = made(safe, archive, told=told)
    with closing(sqlite3.connect(done.folder / "database.sqlite")) as read:
        found = {row[0] for row in read.execute("select id from packages")}
    assert len(late) == 2
    assert late[0] not in found
    assert len(found) == 40
    assert snapshot.schema_of(done.folder / "database.sqlite")
