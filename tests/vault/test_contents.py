"""Content files: durable when acknowledged, gone when not, and never anywhere else."""

import errno
import os
import resource
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest

from vault.contents import ABANDONED_AFTER, ContentFolder
from vault.errors import StoreUnavailable
from vault.identifier import draw, is_identifier


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "contents"


def files(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


@contextmanager
def files_no_larger_than(size: int) -> Iterator[None]:
    """Let the kernel refuse to write more: the same road as a full disk."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_what_is_committed_can_be_read(folder: Path) -> None:
    contents = ContentFolder(folder)
    file = contents.create()
    for piece in (b"one ", bytearray(b"two "), memoryview(b"three")):
        file.write(piece)
    assert len(files(folder)) == 1
    content_id = file.commit()
    assert is_identifier(content_id)
    assert files(folder) == {content_id}
    with contents.open(content_id) as opened:
        assert opened.read() == b"one two three"
    assert (folder / content_id).stat().st_mode & 0o777 == 0o600
    assert folder.stat().st_mode & 0o777 == 0o700


def test_the_order_is_write_flush_close_rename_flush_folder(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The real calls are made; this only listens to them."""
    file = ContentFolder(folder).create()
    heard: list[str] = []

    def listen(name: str) -> None:
        genuine = getattr(os, name)

        def called(*arguments: object, **options: object) -> object:
            if name == "fsync":
                target = Path(f"/proc/self/fd/{arguments[0]}").readlink()
                heard.append("fsync folder" if target == folder else "fsync file")
            else:
                heard.append(name)
            return genuine(*arguments, **options)

        monkeypatch.setattr(os, name, called)

    for name in ("write", "fsync", "close", "rename"):
        listen(name)
    file.write(b"x")
    file.commit()
    monkeypatch.undo()
    assert heard == ["write", "fsync file", "close", "rename", "fsync folder", "close"]


def test_what_is_aborted_is_gone_however_often(folder: Path) -> None:
    file = ContentFolder(folder).create()
    file.write(b"x")
    file.abort()
    file.abort()
    assert files(folder) == set()
    with pytest.raises(StoreUnavailable):
        file.write(b"more")
    with pytest.raises(StoreUnavailable):
        file.commit()


def test_a_full_disk_is_temporary_and_leaves_nothing(folder: Path) -> None:
    contents = ContentFolder(folder)
    file = contents.create()
    with files_no_larger_than(4096):
        file.write(bytes(4096))
        with pytest.raises(StoreUnavailable) as failure:
            file.write(bytes(100))
    assert files(folder) == set()
    assert str(folder) not in str(failure.value)
    recovered = contents.create()
    recovered.write(bytes(10_000))
    content_id = recovered.commit()
    assert files(folder) == {content_id}


@pytest.mark.parametrize("which", ["file", "folder"])
@pytest.mark.parametrize("error", [errno.EIO, errno.ENOSPC, errno.EDQUOT])
def test_a_flush_that_fails_loses_the_file_and_is_not_tried_again(
    folder: Path, monkeypatch: pytest.MonkeyPatch, which: str, error: int
) -> None:
    file = ContentFolder(folder).create()
    file.write(b"x")
    genuine, tried = os.fsync, 0

    def failing(handle: int) -> None:
        nonlocal tried
        is_folder = Path(f"/proc/self/fd/{handle}").readlink() == folder
        if is_folder == (which == "folder"):
            tried += 1
            raise OSError(error, os.strerror(error))
        genuine(handle)

    monkeypatch.setattr(os, "fsync", failing)
    with pytest.raises(StoreUnavailable):
        file.commit()
    with pytest.raises(StoreUnavailable):
        file.commit()
    assert tried == 1
    assert files(folder) == set()


def test_a_content_that_is_not_there_is_temporary(folder: Path) -> None:
    contents = ContentFolder(folder)
    with pytest.raises(StoreUnavailable):
        contents.open(draw())
    contents.delete(draw())  # deleting what is gone is done


@pytest.mark.parametrize("name", ["", "..", "../../etc/passwd", "tmp", "A" * 26, "a" * 25 + "/"])
def test_only_identifiers_are_followed(folder: Path, name: str) -> None:
    contents = ContentFolder(folder)
    for use in (contents.open, contents.delete, contents.path_of):
        with pytest.raises(ValueError, match="not a content id"):
            use(name)


def test_deleting(folder: Path) -> None:
    contents = ContentFolder(folder)
    file = contents.create()
    content_id = file.commit()
    contents.delete(content_id)
    assert files(folder) == set()


def test_a_start_sweeps_only_what_was_abandoned(folder: Path) -> None:
    contents = ContentFolder(folder)
    kept = contents.create().commit()
    old, young = contents.create(), contents.create()
    long_ago = time.time() - ABANDONED_AFTER.total_seconds() - 60
    for path in (old.path, folder / kept):
        os.utime(path, (long_ago, long_ago))
    again = ContentFolder(folder)
    assert files(folder) == {kept, f"tmp/{young.path.name}"}
    assert again.sweep(timedelta(0)) in {0, 1}
    old.abort()
    young.abort()


def test_a_folder_that_cannot_be_made_is_temporary(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(StoreUnavailable):
        ContentFolder(tmp_path / "file" / "contents")


def test_a_temporary_file_is_never_somebody_elses(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """O_EXCL: if the drawn name exists, or is a link, nothing is written through it."""
    contents = ContentFolder(folder)
    name = draw()
    (folder / "tmp" / name).symlink_to(folder / "target")
    monkeypatch.setattr("vault.identifier.draw", lambda: name)
    with pytest.raises(StoreUnavailable):
        contents.create()
    assert not (folder / "target").exists()
