"""What is exported is all there is, checked by hash, and nothing of it leaves without a record."""

import os
import shutil
import subprocess
import sys
import tracemalloc
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update

from tests.vault.bench import ALICE, BOB, BODY, CAROL, DAVE, EVE, Safe
from tests.vault.leaving import (
    DAY,
    SECRET,
    Kinds,
    dossier_of,
    export_to,
    facts_of,
    file_of,
    put_one_of_each,
)
from tests.vault.test_deposit import LARGE
from vault.contents import ciphertext
from vault.ending import destroying
from vault.errors import StoreUnavailable
from vault.exchange import exporting, manifest
from vault.exchange.dossier import State
from vault.exchange.folder import ExportFolder, ExportUnusable, Selection
from vault.keys import signing
from vault.packages import phrase
from vault.secrets import Secret
from vault.storage import tables
from vault.trail.strands import Strand


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(phrase, "MEMORY", 1024)


@pytest.fixture(scope="module")
def key(tmp_path_factory: pytest.TempPathFactory) -> signing.SigningKey:
    return signing.make(tmp_path_factory.mktemp("signing"))


@pytest.fixture
def kinds(safe: Safe, key: signing.SigningKey) -> Kinds:
    return put_one_of_each(safe, key)


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "out"


def exported(safe: Safe) -> list[Any]:
    return [row for row in safe.rows("events") if row.act == "package:exported"]


def test_everything_known_is_exported(safe: Safe, kinds: Kinds, out: Path) -> None:
    done = export_to(safe, out)
    assert done.counts.model_dump() == {"opened": 2, "locked": 1, "destroyed": 1, "unreadable": 0}
    assert (out / file_of(kinds.plain, ".eml")).read_bytes() == BODY
    assert (out / file_of(kinds.large, ".eml")).read_bytes() == LARGE
    told = dossier_of(out, kinds.plain)
    assert told.state is State.OPENED
    assert told.summary is not None
    assert told.summary.subject == "A plan"
    assert (told.found, told.because) == ({"iban": 2}, ["seal-bank-details"])
    shown = {one.address: (one.visible, one.opened_at is None) for one in told.grants}
    assert shown == {str(BOB): (True, False), str(CAROL): (False, True)}
    assert [one.requester for one in told.requests] == [str(DAVE)]
    assert [(one.placed_by, one.why) for one in told.legal_holds] == [("ruth", "A claim")]
    (history,) = told.history
    acts = [line.act for line in history.lines]
    assert acts[:2] == ["package:sealed", "access:granted"]
    assert {"package:opened", "legal_hold:placed", "package:exported"} <= set(acts)
    kept = {row.hash.hex() for row in safe.rows("events") if row.package_id == kinds.plain}
    assert {line.hash for line in history.lines} == kept


def test_a_locked_package_leaves_sealed_and_its_words_open_it(
    safe: Safe, kinds: Kinds, out: Path
) -> None:
    export_to(safe, out)
    told = dossier_of(out, kinds.locked)
    sealed = (out / file_of(kinds.locked, ".sealed")).read_bytes()
    assert not (out / file_of(kinds.locked, ".eml")).exists()
    assert b"zanzibar" not in sealed + told.written()
    assert "second lock" in told.note
    script = Path(__file__).parents[2] / "docs" / "reference" / "open_exported.py"
    for words, opened in ((kinds.words, SECRET), (Secret(b"a b c d e f"), b"")):
        done = subprocess.run(
            [sys.executable, script, out, kinds.locked],
            env={**os.environ, "SEALGATE_WORDS": words.reveal().decode()},
            capture_output=True,
            check=False,
        )
        assert done.stdout == opened, done.stderr


def test_of_what_is_destroyed_the_record_is_left(safe: Safe, kinds: Kinds, out: Path) -> None:
    export_to(safe, out)
    told = dossier_of(out, kinds.destroyed)
    assert (told.state, told.content, told.summary) == (State.DESTROYED, None, None)
    assert told.destruction is not None
    assert "destruction certificate 1" in str(told.destruction.certificate)
    assert not list(out.glob(f"**/{kinds.destroyed}.eml*"))


def test_the_export_is_its_owners_alone_and_sha256sum_checks_it(
    safe: Safe, kinds: Kinds, out: Path
) -> None:
    done = export_to(safe, out)
    modes = {path.is_dir(): path.stat().st_mode & 0o777 for path in out.rglob("*")}
    assert (modes, out.stat().st_mode & 0o777) == ({True: 0o700, False: 0o600}, 0o700)
    check = subprocess.run(
        ["sha256sum", "--strict", "-c", "manifest.sha256"],
        cwd=out, capture_output=True, check=False,
    )  # fmt: skip
    assert check.returncode == 0, check.stderr
    named = check.stdout.count(b": OK")
    assert named == 8 == len([path for path in out.rglob("*") if path.is_file()]) - 1
    found = manifest.check(ExportFolder(out))
    assert (found.files, found.told, found.sha256) == (8, [], done.manifest_sha256)
    assert [row.detail for row in safe.rows("events") if row.act == "export:finished"] == [
        f"{done.about.export}; 4 packages; {done.manifest_sha256}"
    ]
    assert len(exported(safe)) == len(list(kinds))
    assert {row.actor for row in exported(safe)} == {"ruth"}
    assert all(row.detail.endswith("; We leave") for row in exported(safe))


def test_without_a_record_nothing_is_opened(
    safe: Safe, kinds: Kinds, out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise StoreUnavailable("the disk is full")

    with monkeypatch.context() as broken:
        broken.setattr(Strand, "append", full)
        broken.setattr(ciphertext, "read", pytest.fail)
        broken.setattr(type(safe.keys.opening), "content_key", pytest.fail)
        with pytest.raises(StoreUnavailable):
            export_to(safe, out)
    assert {path.name for path in out.rglob("*")} == {"export.json"}
    with pytest.raises(ExportUnusable, match="never finished"):
        manifest.check(ExportFolder(out))
    assert export_to(safe, out).counts.packages == len(list(kinds))


def test_what_was_interrupted_goes_on(
    safe: Safe, kinds: Kinds, out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exporting, "AT_ONCE", 1)
    right, left = ExportFolder.write, [5]

    def dies(self: ExportFolder, name: str, pieces: Iterator[bytes]) -> Any:
        left[0] -= 1
        if not left[0]:
            next(iter(pieces))
            raise KeyboardInterrupt
        return right(self, name, pieces)

    with monkeypatch.context() as broken:
        broken.setattr(ExportFolder, "write", dies)
        with pytest.raises(KeyboardInterrupt):
            export_to(safe, out)
    before = {path: path.stat().st_mtime_ns for path in out.glob("packages/*/*.json")}
    assert 0 < len(before) < len(list(kinds))
    safe.clock.advance(seconds=1)
    later = safe.package(EVE)
    done = export_to(safe, out)
    assert done.counts.packages == len(list(kinds))
    assert not list(out.glob(f"**/{later}*"))  # sealed after the export had begun
    assert {path: path.stat().st_mtime_ns for path in before} == before
    assert len(exported(safe)) == len(list(kinds)) + 1
    assert manifest.check(ExportFolder(out)).told == []
    acts = safe.acts()
    assert export_to(safe, out).manifest_sha256 == done.manifest_sha256
    assert safe.acts() == acts  # a finished export stays as it is


def test_what_cannot_be_read_is_told_and_tried_again(
    safe: Safe, kinds: Kinds, out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (place,) = {row.place for row in safe.rows("contents") if row.place}
    file = safe.folder / "contents" / place
    whole = file.read_bytes()
    file.write_bytes(whole[:-1] + b"\0")
    done = export_to(safe, out)
    told = dossier_of(out, kinds.large)
    assert done.unreadable == (told.reference,)
    assert (told.state, told.content) == (State.UNREADABLE, None)
    assert not (out / file_of(kinds.large, ".eml")).exists()
    assert manifest.check(ExportFolder(out)).told == []
    file.write_bytes(whole)
    done = export_to(safe, out)
    assert (done.unreadable, done.counts.opened) == ((), 2)
    assert (out / file_of(kinds.large, ".eml")).read_bytes() == LARGE

    monkeypatch.setattr(exporting, "SILENT", 2)
    with monkeypatch.context() as broken:
        broken.setattr(ciphertext, "_find", lambda *_: (_ for _ in ()).throw(StoreUnavailable))
        with pytest.raises(StoreUnavailable, match="does not answer"):
            export_to(safe, out.with_name("other"))


def test_what_is_destroyed_meanwhile_is_told_as_destroyed(
    safe: Safe, out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package_id = safe.package(BOB, expires_in=DAY, terms={"kept_after_expiry": DAY})
    safe.deliver_all()
    right = ciphertext.read

    def destroyed(*words: Any) -> Iterator[bytes]:
        safe.clock.advance(days=3)
        assert destroying.destroy(safe.store) == 1
        return right(*words)

    monkeypatch.setattr(ciphertext, "read", destroyed)
    assert export_to(safe, out).counts.destroyed == 1
    assert dossier_of(out, package_id).state is State.DESTROYED
    assert not list(out.glob("packages/*/*.eml*"))


@pytest.mark.parametrize("backend", ["sqlite"])
def test_a_long_message_takes_no_more_memory(safe: Safe, out: Path) -> None:
    size = 48 << 20
    safe.package(BOB, body=b"Subject: long\r\n\r\n" + bytes(size))
    tracemalloc.start()
    try:
        export_to(safe, out)
        assert tracemalloc.get_traced_memory()[1] < 12 << 20
    finally:
        tracemalloc.stop()


def test_some_packages_alone(safe: Safe, tmp_path: Path) -> None:
    first = safe.package(BOB)
    safe.clock.advance(days=1)
    noon = safe.clock()
    second = safe.package(BOB, author=EVE)
    safe.clock.advance(days=1)
    chosen = {
        "one": (Selection(packages=[first]), {first}),
        "by": (Selection(sender=str(EVE)), {second}),
        "since": (Selection(since=noon), {second}),
        "until": (Selection(until=noon), {first}),
        "none": (Selection(sender=str(ALICE), since=noon), set()),
    }
    for name, (selection, ids) in chosen.items():
        export_to(safe, tmp_path / name, selection)
        found = {path.stem for path in (tmp_path / name).glob("packages/*/*.json")}
        assert found == ids, name
    with pytest.raises(ExportUnusable, match="other packages"):
        export_to(safe, tmp_path / "one", Selection())
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "notes.txt").write_text("mine")
    with pytest.raises(ExportUnusable, match="neither empty nor an export"):
        export_to(safe, tmp_path / "full")
    there = ExportFolder(tmp_path / "one")
    with there.alone(), pytest.raises(ExportUnusable, match="under way"):
        export_to(safe, tmp_path / "one", Selection(packages=[first]))


def _change(file: Path) -> None:
    data = bytearray(file.read_bytes())
    data[len(data) // 2] ^= 1
    file.write_bytes(data)


def _link(file: Path) -> None:
    shutil.copy(file, file.parents[3] / "copy")
    file.unlink()
    file.symlink_to(file.parents[3] / "copy")


@pytest.mark.parametrize("backend", ["sqlite"])
@pytest.mark.parametrize("end", [".eml", ".json"])
@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (_change, "is not what was exported"),
        (Path.unlink, "is missing"),
        (_link, ""),
        (lambda file: file.with_name("a" * 26 + ".eml").touch(), "was not exported"),
        (lambda file: (file.parents[2] / "zz").touch(), "was not exported"),
        (lambda file: (file.parents[1] / "file").touch(), "was not exported"),
    ],
)
def test_whatever_is_done_to_an_export_is_found(
    safe: Safe, out: Path, end: str, spoil: Callable[[Path], None], said: str
) -> None:
    package_id = safe.package(BOB)
    export_to(safe, out)
    assert manifest.check(ExportFolder(out)).told == []
    spoil(out / file_of(package_id, end))
    found = manifest.check(ExportFolder(out))
    assert found.wrong == 1
    assert said in found.told[0]


@pytest.mark.parametrize("backend", ["sqlite"])
def test_a_manifest_that_is_not_one_is_refused(safe: Safe, out: Path) -> None:
    safe.package(BOB)
    export_to(safe, out)
    file = out / "manifest.sha256"
    lines = file.read_text().splitlines(keepends=True)
    away = lines[0][:66] + "../../etc/passwd\n"
    for spoilt in (lines[::-1], [*lines, away], [*lines, lines[-1]], [line[1:] for line in lines]):
        file.write_text("".join(spoilt))
        with pytest.raises(ExportUnusable, match="not written as it should be"):
            manifest.check(ExportFolder(out))
    file.write_text("".join(line for line in lines if ".json" in line))
    (extra,) = manifest.check(ExportFolder(out)).told
    assert "was not exported" in extra
    file.unlink()
    with pytest.raises(ExportUnusable, match="never finished"):
        manifest.check(ExportFolder(out))


def test_the_names_of_an_export_that_was_made_before(safe: Safe, out: Path) -> None:
    """What the row says goes out as it is, also where a later version would not write it so."""
    package_id = safe.package(BOB)
    package = tables.packages
    with safe.store.writing() as tx:
        tx.execute(update(package).values(protection="word\nof later"))
    assert export_to(safe, out).counts.opened == 1
    assert facts_of(out, package_id)["protection"] == "word\nof later"


@pytest.mark.parametrize("backend", ["sqlite"])
def test_what_a_kill_leaves_is_written_anew(safe: Safe, out: Path) -> None:
    package_id = safe.package(BOB)
    there = ExportFolder(out)
    with there.alone():
        exporting.begin(there, safe.store, Selection(), ("Example Council", "0123456789abcdef"))

    def pieces() -> Iterator[bytes]:
        yield b"x"
        assert there.length_of(file_of(package_id, ".eml")) is None  # it has no name yet

    there.write(file_of(package_id, ".eml"), pieces())
    for end in (".sealed", ".eml.partial", ".json.partial"):
        (out / file_of(package_id, end)).write_text("half")
    export_to(safe, out)
    assert (out / file_of(package_id, ".eml")).read_bytes() == BODY
    assert manifest.check(there).told == []
