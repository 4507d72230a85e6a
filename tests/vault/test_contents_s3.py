"""The places for sealed contents: the same promises of a folder and of a real S3 store."""

import os
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from sealgate.doctor import contents as contents_checks
from sealgate.settings import Settings
from tests import s3
from tests.line import Line, cuttable
from tests.s3 import S3
from tests.vault.bench import BOB, BODY, HandClock, Keys, Safe
from vault.contents import ContentFolder, Contents, moving
from vault.contents.settings import ContentsSettings
from vault.contents.shelves import Shelves, open_contents
from vault.copies import backup, restore
from vault.copies.archive import Archive
from vault.ending import upkeep
from vault.errors import ContentsUnusable, StoreUnavailable
from vault.identifier import draw
from vault.origin import Origin
from vault.packages.retrieve import retrieve
from vault.settings import VaultSettings
from vault.storage.store import Store
from vault.trail.audit import Act

NOW = timedelta(minutes=-5)  # "older" than what is written in the future: all there is
MIB = 1 << 20


@pytest.fixture(scope="module")
def server() -> Iterator[S3]:
    if why := s3.missing():
        pytest.skip(why)
    with s3.s3_store() as found:
        yield found


@pytest.fixture(params=["folder", "s3"])
def contents(request: pytest.FixtureRequest, tmp_path: Path) -> Contents:
    if request.param == "folder":
        return ContentFolder(tmp_path / "contents")
    return open_contents(request.getfixturevalue("server").settings(), tmp_path / "contents")


def kept(contents: Contents, data: bytes) -> str:
    file = contents.create()
    file.write(data)
    place = file.commit()
    file.close()
    return place


def read(contents: Contents, place: str, start: int = 0, stop: int | None = None) -> bytes:
    source = contents.open(place, start, stop)
    pieces = list(iter(lambda: source.read(MIB), b""))
    source.close()
    return b"".join(pieces)


def staged(folder: Path) -> list[Path]:
    return list((folder / "contents" / "tmp").iterdir())


def test_what_is_committed_can_be_read_and_deleted(contents: Contents, tmp_path: Path) -> None:
    file = contents.create()
    for piece in (b"one ", bytearray(b"two "), memoryview(b"three")):
        file.write(piece)
    place = file.commit()
    with file.look() as seen:
        assert seen.read() == b"one two three"
    assert file.commit() == place if place.startswith("s3:") else True
    file.close()
    assert staged(tmp_path) == []
    assert read(contents, place) == b"one two three"
    assert list(contents.settled(NOW)) == [place]
    assert list(contents.settled(timedelta(hours=1))) == []
    contents.delete(place)
    contents.delete(place)  # what is gone is done
    assert list(contents.settled(NOW)) == []
    with pytest.raises(StoreUnavailable):
        contents.open(place)


@pytest.mark.parametrize("size", [1, 4 * MIB, 4 * MIB + 1, 17 * MIB + 5])
def test_contents_of_every_size_come_back(contents: Contents, size: int) -> None:
    data = os.urandom(size)
    place = kept(contents, data)
    assert read(contents, place) == data
    for start, stop in ((0, 1), (3, 9), (size // 2, size), (4 * MIB - 1, 4 * MIB + 1)):
        if stop <= size:
            assert read(contents, place, start, stop) == data[start:stop]
    contents.delete(place)


def test_what_is_aborted_is_gone(contents: Contents, tmp_path: Path) -> None:
    file = contents.create()
    file.write(b"x")
    file.abort()
    file.abort()
    with pytest.raises(StoreUnavailable):
        file.write(b"more")
    with pytest.raises(StoreUnavailable):
        file.commit()
    assert list(contents.settled(NOW)) == []
    assert staged(tmp_path) == []


def test_what_is_aborted_after_it_was_committed_is_gone_too(contents: Contents) -> None:
    file = contents.create()
    file.write(b"x")
    file.commit()
    file.abort()
    assert list(contents.settled(NOW)) == []


@pytest.mark.parametrize("name", ["", "..", "../../etc/passwd", "tmp", "A" * 26, "a" * 25 + "/"])
def test_only_identifiers_are_followed(server: S3, tmp_path: Path, name: str) -> None:
    contents = open_contents(server.settings(), tmp_path / "contents")
    for use in (contents.open, contents.delete):
        with pytest.raises(ValueError, match="not a content id"):
            use(f"s3:{name}")


def test_a_range_costs_what_it_holds(server: S3, tmp_path: Path) -> None:
    with cuttable(server.port) as line:
        contents = open_contents(beyond(server, line), tmp_path / "contents")
        place = kept(contents, os.urandom(12 * MIB))
        before = line.down
        assert len(read(contents, place, 9 * MIB, 9 * MIB + 1000)) == 1000
        assert line.down - before < 10_000


def test_old_ones_stay_where_they_are(server: S3, tmp_path: Path) -> None:
    local = kept(ContentFolder(tmp_path / "contents"), b"old")
    both = open_contents(server.settings(), tmp_path / "contents")
    new = kept(both, b"new")
    assert new.startswith("s3:")
    assert (read(both, local), read(both, new)) == (b"old", b"new")
    assert set(both.settled(NOW)) == {local, new}
    back = open_contents(server.settings(leaving_s3=True), tmp_path / "contents")
    assert not kept(back, b"x").startswith("s3:")
    without = open_contents(ContentsSettings(), tmp_path / "contents")
    with pytest.raises(StoreUnavailable, match="names none"):
        without.open(new)


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"secret_access_key": "wrong"}, "refuses our access key"),
        ({"s3": "s3://nobody-has-this/x"}, "is not there"),
        ({"endpoint": "http://127.0.0.1:9"}, "does not answer"),
    ],
)
def test_what_is_set_up_wrongly_is_told(
    server: S3, tmp_path: Path, changed: dict[str, Any], says: str
) -> None:
    contents = open_contents(server.settings(timeout=1, **changed), tmp_path / "contents")
    file = contents.create()
    file.write(b"x" * 100)
    with pytest.raises(StoreUnavailable, match=says) as failure:
        file.commit()
    for secret in ("wrong", "testing", "127.0.0.1", "nobody"):
        assert secret not in str(failure.value)
    assert staged(tmp_path) == []
    with pytest.raises(StoreUnavailable, match=says):
        contents.open(f"s3:{draw()}")


def test_a_store_that_hangs_is_given_up_in_time(server: S3, tmp_path: Path) -> None:
    settings = server.settings(timeout=1, upload_within=1)
    contents = open_contents(settings, tmp_path / "contents")
    place = kept(contents, b"before")
    file = contents.create()
    file.write(os.urandom(20 * MIB))
    os.kill(server.proxy, signal.SIGSTOP)
    try:
        for act in (file.commit, lambda: contents.open(place)):
            begun = time.monotonic()
            with pytest.raises(StoreUnavailable):
                act()
            assert time.monotonic() - begun < 30
    finally:
        os.kill(server.proxy, signal.SIGCONT)
    assert read(contents, place) == b"before"
    assert staged(tmp_path) == []


def test_an_upload_may_not_take_for_ever(server: S3, tmp_path: Path) -> None:
    settings = server.settings(upload_within=0.001).model_copy(
        update={"upload_within": timedelta(seconds=-60)}
    )
    contents = open_contents(settings, tmp_path / "contents")
    file = contents.create()
    file.write(os.urandom(9 * MIB))
    with pytest.raises(StoreUnavailable, match="took too long"):
        file.commit()
    assert list(contents.settled(NOW)) == []


def beyond(server: S3, line: Line, **changed: Any) -> ContentsSettings:
    return server.settings(endpoint=f"http://127.0.0.1:{line.port}", timeout=3, **changed)


def test_a_store_that_goes_away_while_a_content_goes_up(server: S3, tmp_path: Path) -> None:
    with cuttable(server.port) as line:
        contents = open_contents(beyond(server, line), tmp_path / "contents")
        file = contents.create()
        file.write(os.urandom(24 * MIB))
        line.cut_up = 10 * MIB
        with pytest.raises(StoreUnavailable):
            file.commit()
        assert staged(tmp_path) == []
        line.mend()
        assert list(contents.settled(NOW)) == []
        assert read(contents, kept(contents, b"again")) == b"again"


def test_a_store_that_goes_away_while_a_content_comes_down(server: S3, tmp_path: Path) -> None:
    data = os.urandom(12 * MIB)
    with cuttable(server.port) as line:
        contents = open_contents(beyond(server, line), tmp_path / "contents")
        place = kept(contents, data)
        source = contents.open(place)
        assert source.read(10) == data[:10]
        line.cut_down = line.down + MIB
        with pytest.raises(StoreUnavailable):
            list(iter(lambda: source.read(MIB), b""))
        line.mend()
        assert read(contents, place) == data


def test_a_connection_that_breaks_is_made_again(server: S3, tmp_path: Path) -> None:
    """What a reader holds open for hours may break between two blocks: nobody notices."""
    data = os.urandom(9 * MIB)
    with cuttable(server.port) as line:
        contents = open_contents(beyond(server, line), tmp_path / "contents")
        place = kept(contents, data)
        source = contents.open(place)
        got = source.read(4 * MIB)
        line.cut()
        line.mend()
        assert got + b"".join(iter(lambda: source.read(MIB), b"")) == data


UPLOADING = """\
import sys
from pathlib import Path
from vault.contents.settings import ContentsSettings
from vault.contents.shelves import open_contents
contents = open_contents(ContentsSettings.model_validate_json(sys.argv[1]), Path(sys.argv[2]))
file = contents.create()
for _ in range(48):
    file.write(bytes(1 << 20))
file.commit()
"""


def test_a_process_that_dies_uploading_leaves_nothing_for_long(server: S3, tmp_path: Path) -> None:
    with cuttable(server.port) as line:
        line.mark = 18 * MIB
        settings = beyond(server, line)
        told = settings.model_dump(mode="json") | {"secret_access_key": s3.SECRET}
        said = ContentsSettings.model_validate(told).model_dump_json()
        run = [sys.executable, "-c", UPLOADING, said.replace("**********", s3.SECRET)]
        uploading = subprocess.Popen([*run, str(tmp_path / "contents")], cwd=s3.TOP)
        assert line.past.wait(60)
        uploading.kill()
        uploading.wait(10)
    contents = open_contents(settings.model_copy(update={"endpoint": server.endpoint}), tmp_path)
    assert isinstance(contents, Shelves)
    assert contents.s3 is not None
    assert list(contents.settled(NOW)) == []
    assert len(staged(tmp_path)) == 1
    assert ContentFolder(tmp_path / "contents").sweep(NOW) == 1
    assert contents.s3.sweep(timedelta(hours=1)) == 0
    assert contents.s3.sweep(NOW) == 1
    assert contents.s3.sweep(NOW) == 0


def test_memory_stays_the_same_whatever_the_size(server: S3, tmp_path: Path) -> None:
    contents = open_contents(server.settings(), tmp_path / "contents")

    def through(size: int) -> int:
        file = contents.create()
        for _ in range(size // MIB):
            file.write(bytes(MIB))
        source = contents.open(file.commit())
        file.close()
        assert sum(map(len, iter(lambda: source.read(MIB), b""))) == size
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss  # KiB, the most there was

    small = through(24 * MIB)
    assert through(96 * MIB) - small < 30 * 1024


def test_a_key_from_a_file_and_from_systemd(
    server: S3, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "s3-secret-access-key"
    file.write_text(f"{s3.SECRET}\n")
    from_file = server.settings(secret_access_key="", secret_access_key_file=file)
    assert read_back(from_file, tmp_path)
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    assert read_back(server.settings(secret_access_key=""), tmp_path)
    file.unlink()
    for settings in (from_file, server.settings(secret_access_key="")):
        with pytest.raises(ContentsUnusable):
            open_contents(settings, tmp_path / "contents")


def read_back(settings: ContentsSettings, folder: Path) -> bool:
    contents = open_contents(settings, folder / "contents")
    return read(contents, kept(contents, b"mine")) == b"mine"


def test_no_secret_is_shown() -> None:
    settings = ContentsSettings(
        s3="s3://bucket",
        access_key_id="who",
        secret_access_key="hidden-away",  # type: ignore[arg-type]
    )
    assert "hidden-away" not in f"{settings!r} {settings} {settings.model_dump_json()}"


@pytest.mark.parametrize(
    ("changed", "verdict", "says"),
    [
        ({}, "ok", "keeps it, gives it back in part, and lets it go"),
        ({"secret_access_key": "wrong"}, "stops mail", "refuses our access key"),
        ({"s3": "s3://nobody-has-this/x"}, "stops mail", "the bucket, is not there"),
    ],
)
def test_the_doctor_tries_it(
    server: S3, tmp_path: Path, changed: dict[str, Any], verdict: str, says: str
) -> None:
    vault = VaultSettings(folder=tmp_path, contents=server.settings(**changed))
    node = Settings.model_construct(vault=vault)
    (finding,) = contents_checks.contents(node)
    assert (finding.verdict.value, finding.what) == (verdict, "sealed content")
    assert says in finding.says
    if not changed:
        assert list(open_contents(vault.contents, tmp_path / "contents").settled(NOW)) == []


MOVING = """\
import sys
from vault.contents import moving
from vault.settings import VaultSettings
from vault.storage.store import Store
store = Store(VaultSettings.model_validate_json(sys.argv[1]))
def told(size):
    print(size, flush=True)
moving.move(store, to_s3=True, told=told)
"""


def told_to(vault: VaultSettings) -> str:
    return vault.model_dump_json().replace("**********", s3.SECRET)


def test_a_move_that_is_killed_again_and_again_loses_nothing(
    server: S3, keys: Keys, tmp_path: Path
) -> None:
    folder = tmp_path / "data"
    with closing(Store(VaultSettings(folder=folder))) as store:
        safe = Safe(store, keys, HandClock())
        packages = {safe.package(BOB, body=BODY + os.urandom(70_000)): None for _ in range(14)}
        packages = {one: safe.open(BOB, one) for one in packages}
    vault = VaultSettings(folder=folder, contents=server.settings())
    with closing(Store(vault)) as store:
        safe = Safe(store, keys, HandClock())
        kills = 0
        while (left := moving.waiting(store, to_s3=True).count) and kills < 3:
            run = [sys.executable, "-c", MOVING, told_to(vault)]
            mover = subprocess.Popen(run, cwd=s3.TOP, stdout=subprocess.PIPE)
            assert mover.stdout is not None
            for _ in range(min(left, 2 + kills)):
                mover.stdout.readline()
            time.sleep(0.003 * kills)
            mover.kill()
            mover.stdout.close()
            mover.wait(10)
            kills += 1
            assert {one: safe.open(BOB, one) for one in packages} == packages
        assert kills == 3 or not left
        moving.move(store, to_s3=True)
        assert moving.waiting(store, to_s3=True) == moving.Waiting(0, 0)
        assert {one: safe.open(BOB, one) for one in packages} == packages
        assert all(row.place.startswith("s3:") for row in safe.rows("contents"))
        upkeep.clear(store, abandoned_after=NOW)
        assert {row.place for row in safe.rows("contents")} == set(store.contents.settled(NOW))


def test_there_and_back_while_it_is_read(server: S3, keys: Keys, tmp_path: Path) -> None:
    vault = VaultSettings(folder=tmp_path / "data", contents=server.settings())
    body = BODY + os.urandom(6 * MIB)
    with closing(Store(vault)) as store:
        safe = Safe(store, keys, HandClock())
        package = safe.package(BOB, body=body)
    leaving = vault.contents.model_copy(update={"leaving_s3": True})
    back = vault.model_copy(update={"contents": leaving})
    with closing(Store(back)) as store:
        safe = Safe(store, keys, HandClock())
        opened = retrieve(
            store, keys.opening, BOB, package, Act.ORIGINAL_DOWNLOADED, Origin("192.0.2.1")
        )
        assert moving.move(store, to_s3=False) == 1
        assert b"".join(opened.read()) == body  # it was moved after it was found
        assert b"".join(opened.read(5 * MIB, 5 * MIB + 9)) == body[5 * MIB : 5 * MIB + 9]
        assert not list((tmp_path / "data" / "contents" / "tmp").iterdir())
        assert all(not place.startswith("s3:") for place in store.contents.settled(NOW))


def test_a_backup_out_of_s3_comes_back_in_a_folder(server: S3, keys: Keys, tmp_path: Path) -> None:
    vault = VaultSettings(folder=tmp_path / "data", contents=server.settings())
    archive = Archive(tmp_path / "backups")
    with closing(Store(vault)) as store:
        safe = Safe(store, keys, HandClock())
        package = safe.package(BOB, body=BODY + bytes(100_000))
        backup.make(vault, store.contents, archive, safe.clock())
    there = VaultSettings(folder=tmp_path / "there")
    contents = open_contents(there.contents, there.folder / "contents")
    restore.restore(there, contents, archive, archive.newest())
    with closing(Store(there)) as store:
        assert Safe(store, keys, HandClock()).open(BOB, package) == BODY + bytes(100_000)
