"""Key files: made once, read only when they are whole, private and what they are said to be."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography.hazmat.backends.openssl.backend import backend

from vault.errors import KeyUnusable
from vault.keys import file as keyfile
from vault.keys import init, load_relay, load_sealing, load_web_secret
from vault.keys.hpke import PrivateHalf, binding
from vault.keys.opening import load_opening
from vault.secrets import Secret

Loader = Callable[[Path], object]
LOADERS: dict[str, Loader] = {
    "vault.public": load_sealing,
    "vault.private": load_opening,
    "relay.public": load_sealing,
    "relay.private": load_relay,
    "marks.secret": load_sealing,
    "web.secret": load_web_secret,
}
PRIVATE = ["vault.private", "relay.private", "marks.secret", "web.secret"]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    init(tmp_path / "keys")
    return tmp_path / "keys"


def test_what_the_doors_seal_the_right_process_opens(folder: Path) -> None:
    sealing, relay, opening = load_sealing(folder), load_relay(folder), load_opening(folder)
    info = binding("test")
    assert opening.vault.open(sealing.vault.seal(b"package", info), info) == b"package"
    assert relay.relay.open(sealing.relay.seal(b"notice", info), info) == b"notice"
    assert sealing.vault.key_id != sealing.relay.key_id
    assert sealing.marks != load_web_secret(folder)
    assert len(sealing.marks) == len(load_web_secret(folder)) == 32


def test_only_the_owner_can_read_what_is_made(folder: Path) -> None:
    assert folder.stat().st_mode & 0o777 == 0o700
    assert sorted(path.name for path in folder.iterdir()) == sorted(LOADERS)
    assert {path.stat().st_mode & 0o777 for path in folder.iterdir()} == {0o600}


def test_making_keys_never_writes_over_any(folder: Path) -> None:
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    with pytest.raises(KeyUnusable, match="already holds"):
        init(folder)
    for name in before:
        if name != "marks.secret":
            (folder / name).unlink()
    with pytest.raises(KeyUnusable, match=r"marks\.secret"):
        init(folder)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == {
        "marks.secret": before["marks.secret"]
    }


def test_a_key_file_is_never_written_over(tmp_path: Path) -> None:
    """Not even by two starts that both found the folder empty."""
    path = tmp_path / "web.secret"
    keyfile.write(path, "web-secret", "0" * 16, Secret(b"first"), "remark")
    before = path.read_bytes()
    with pytest.raises(FileExistsError):
        keyfile.write(path, "web-secret", "0" * 16, Secret(b"second"), "remark")
    assert path.read_bytes() == before


def test_a_folder_that_cannot_be_written_is_said_plainly(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(KeyUnusable, match="cannot be written"):
        init(tmp_path / "file" / "keys")


@pytest.mark.parametrize("name", PRIVATE)
@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o644, 0o666])
def test_a_private_file_that_others_can_reach_is_refused(
    folder: Path, name: str, mode: int
) -> None:
    (folder / name).chmod(mode)
    with pytest.raises(KeyUnusable, match="chmod 600") as refusal:
        LOADERS[name](folder)
    assert name in str(refusal.value)
    (folder / name).chmod(0o400)
    LOADERS[name](folder)


def test_public_files_may_be_read_by_all(folder: Path) -> None:
    for name in ("vault.public", "relay.public"):
        (folder / name).chmod(0o644)
    load_sealing(folder)


@pytest.mark.parametrize("name", LOADERS)
def test_a_missing_file_is_named_with_its_mend(folder: Path, name: str) -> None:
    (folder / name).unlink()
    with pytest.raises(KeyUnusable, match="sealgate keys init") as refusal:
        LOADERS[name](folder)
    assert name in str(refusal.value)
    assert not (folder / name).exists()  # and no key was made in its place


@pytest.mark.parametrize("name", LOADERS)
def test_a_changed_file_is_refused(folder: Path, name: str) -> None:
    path = folder / name
    genuine = path.read_bytes()
    begin = genuine.index(b"key: ") + 5
    changes = {
        "cut": genuine[: begin + 20],
        "one letter": genuine[:begin]
        + (b"B" if genuine[begin : begin + 1] == b"A" else b"A")
        + genuine[begin + 1 :],
        "not base64": genuine[:begin] + b"*" + genuine[begin + 1 :],
        "no key": genuine[: begin - 5],
        "other version": genuine.replace(b"sealgate-key 1", b"sealgate-key 2"),
        "empty": b"",
        "binary": bytes(range(256)),
    }
    for change, forged in changes.items():
        path.write_bytes(forged)
        with pytest.raises(KeyUnusable) as refusal:
            LOADERS[name](folder)
        assert genuine[begin : begin + 16].decode() not in str(refusal.value), change
    path.write_bytes(genuine)
    LOADERS[name](folder)


@pytest.mark.parametrize(
    ("held", "wanted"),
    [
        ("relay.private", "vault.private"),
        ("vault.private", "relay.private"),
        ("relay.public", "vault.public"),
        ("vault.private", "vault.public"),
        ("marks.secret", "web.secret"),
    ],
)
def test_one_file_in_place_of_another_is_refused(folder: Path, held: str, wanted: str) -> None:
    (folder / wanted).write_bytes((folder / held).read_bytes())
    with pytest.raises(KeyUnusable, match="holds"):
        LOADERS[wanted](folder)


def test_an_unreadable_file_is_said_plainly(folder: Path) -> None:
    (folder / "web.secret").unlink()
    (folder / "web.secret").mkdir(mode=0o700)
    with pytest.raises(KeyUnusable, match="cannot be read"):
        load_web_secret(folder)


def test_private_bytes_are_in_no_message_and_no_repr(folder: Path) -> None:
    _, read = keyfile.read(folder / "vault.private", "vault-private", private=True)
    seeds = read.reveal()
    for shown in (load_opening(folder), load_relay(folder), load_sealing(folder)):
        assert repr(seeds)[2:20] not in repr(shown)
        assert repr(load_sealing(folder).marks.reveal())[2:20] not in repr(shown)


def test_an_openssl_without_mlkem_is_named(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A library built on an older OpenSSL says no to the question that `cryptography` asks it."""
    monkeypatch.setattr(type(backend), "mlkem_supported", lambda self: False)
    for refused in (PrivateHalf.generate, lambda: init(tmp_path / "new")):
        with pytest.raises(KeyUnusable, match="OpenSSL without ML-KEM-768"):
            refused()
    for load in (load_sealing, load_opening, load_relay):
        with pytest.raises(KeyUnusable, match=r"OpenSSL 3\.5"):
            load(folder)
    assert not os.path.lexists(tmp_path / "new")
