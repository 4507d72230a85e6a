"""Key files that are protected: by a passphrase, by key services, or kept somewhere else."""

import base64
import shutil
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.vault.transit_server import TOKEN, Engine, transit
from vault.clock import utc_now
from vault.errors import KeyServiceSilent, KeyUnusable
from vault.keys import file as keyfile
from vault.keys import init, load_relay, load_sealing, load_web_secret, rotation
from vault.keys.hpke import binding
from vault.keys.lock import Locks
from vault.keys.opening import load_opening
from vault.keys.place import KeyPlace, private_files
from vault.keys.services import passphrase, service_for
from vault.keys.settings import AS_THEY_ARE, KeySettings, Protection

INFO = binding("test")
PHRASE = "a passphrase that is long enough"
PRIVATE = {"vault.private", "relay.private", "marks.secret", "web.secret"}


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """A passphrase costs a tenth of a second each time: here it need not."""
    monkeypatch.setattr(passphrase, "MEMORY", 1024)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "keys"


def by_passphrase(**more: Any) -> KeySettings:
    return KeySettings(**{"protection": "passphrase", "passphrase": PHRASE, **more})


def by_transit(engine: Engine, **more: Any) -> KeySettings:
    given = {"transit_url": engine.url, "transit_key": "sealgate", "transit_token": TOKEN}
    return KeySettings(**{"protection": "transit", **given, **more})


def works(folder: Path, settings: KeySettings) -> None:
    """Everything can be loaded, and what is sealed is opened."""
    sealing = load_sealing(folder, settings)
    opening, relay = load_opening(folder, settings), load_relay(folder, settings)
    assert opening.vault.open(sealing.vault.seal(b"package", INFO), INFO) == b"package"
    assert relay.relay.open(sealing.relay.seal(b"notice", INFO), INFO) == b"notice"
    assert load_web_secret(folder, settings) != sealing.marks


def locked(folder: Path) -> dict[str, bool]:
    """Say of each private file whether it is protected."""
    paths = [
        path for name in ("vault", "relay", "marks", "web") for path in private_files(folder, name)
    ]
    return {path.name: bool(keyfile.lock_of(path)) for path in paths}


def test_a_passphrase_protects_every_private_file(folder: Path) -> None:
    init(folder, by_passphrase())
    assert locked(folder) == dict.fromkeys(PRIVATE, True)
    works(folder, by_passphrase())
    plain = {path.name for path in folder.iterdir() if "key: " in path.read_text()}
    assert plain == {"vault.public", "relay.public"}
    assert {path.stat().st_mode & 0o777 for path in folder.iterdir()} == {0o600}


@pytest.mark.parametrize("load", [load_sealing, load_opening, load_relay, load_web_secret])
def test_another_passphrase_opens_nothing(
    folder: Path, load: Callable[[Path, KeySettings], object]
) -> None:
    init(folder, by_passphrase())
    wrong = "another passphrase altogether"
    with pytest.raises(KeyUnusable, match="does not open") as refusal:
        load(folder, by_passphrase(passphrase=wrong))
    assert wrong not in str(refusal.value)
    with pytest.raises(KeyUnusable, match="need a passphrase"):
        load(folder, AS_THEY_ARE)


def test_a_short_passphrase_is_not_taken(folder: Path) -> None:
    with pytest.raises(KeyUnusable, match="at least 15"):
        init(folder, by_passphrase(passphrase="fourteen chars"))


def test_the_passphrase_comes_from_file_credential_or_environment(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    init(folder, by_passphrase())
    path = tmp_path / "credentials" / "sealgate-passphrase"
    path.parent.mkdir()
    path.write_text(f"{PHRASE}\n")
    path.chmod(0o400)
    works(folder, KeySettings(passphrase_file=path))
    path.chmod(0o644)
    with pytest.raises(KeyUnusable, match="chmod 600"):
        load_opening(folder, KeySettings(passphrase_file=path))
    path.chmod(0o400)
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(path.parent))
    works(folder, AS_THEY_ARE)


def test_keys_may_lie_in_credentials_or_the_environment(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Private halves need not be on the disk: public halves and the ring must."""
    init(folder)
    rotation.rotate(KeyPlace(folder), "vault", utc_now())
    elsewhere = tmp_path / "credentials"
    elsewhere.mkdir()
    for path in folder.glob("*.private"):
        shutil.move(path, elsewhere)
    shutil.move(folder / "marks.secret", elsewhere)
    with pytest.raises(KeyUnusable, match=r"vault\.private is missing"):
        load_opening(folder)
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(elsewhere))
    works(folder, AS_THEY_ARE)
    monkeypatch.delenv("CREDENTIALS_DIRECTORY")
    for kind in ("vault-private", "relay-private", "marks-secret"):
        paths = private_files(elsewhere, kind.partition("-")[0])
        keys = [keyfile.read(path, kind, private=True)[1].reveal() for path in paths]
        words = " ".join(base64.b64encode(key).decode() for key in keys)
        monkeypatch.setenv(f"SEALGATE_KEY_{kind.upper().replace('-', '_')}", words)
    works(folder, AS_THEY_ARE)
    monkeypatch.setenv("SEALGATE_KEY_MARKS_SECRET", "*")
    with pytest.raises(KeyUnusable, match="SEALGATE_KEY_MARKS_SECRET"):
        load_sealing(folder)


def test_protection_is_changed_while_everything_can_be_opened(folder: Path) -> None:
    init(folder)
    opening, sealing = load_opening(folder), load_sealing(folder)
    with transit() as engine:
        ways = (by_passphrase(), by_transit(engine, passphrase=PHRASE), AS_THEY_ARE)
        for settings in ways:
            either = by_transit(engine, passphrase=PHRASE)
            known = settings.model_copy(
                update={
                    name: getattr(either, name)
                    for name in KeySettings.model_fields
                    if name != "protection"
                }
            )
            assert rotation.protect(KeyPlace(folder, known)) == dict.fromkeys(
                ("vault", "relay", "marks", "web"), 1
            )
            works(folder, known)
            wanted = settings.protection is not Protection.NONE
            assert locked(folder) == dict.fromkeys(PRIVATE, wanted)
            assert len(list(folder.glob("*.lock"))) == (4 if wanted else 0)
            assert opening.vault.open(sealing.vault.seal(b"x", INFO), INFO) == b"x"
    works(folder, AS_THEY_ARE)


def test_a_change_of_protection_may_be_cut_off_after_any_file(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    init(folder)
    replace, written = keyfile.replace, 0

    def cut_off(path: Path, content: str) -> None:
        nonlocal written
        if written == stop:
            raise KeyboardInterrupt
        written += 1
        replace(path, content)

    monkeypatch.setattr(keyfile, "replace", cut_off)
    for stop in range(5):
        written = 0
        try:
            rotation.protect(KeyPlace(folder, by_passphrase()))
        except KeyboardInterrupt:
            assert stop < 4
        works(folder, by_passphrase())
        assert sum(locked(folder).values()) == max(stop, sum(locked(folder).values()))
    assert locked(folder) == dict.fromkeys(PRIVATE, True)


def test_a_key_made_later_is_protected_like_the_first(folder: Path) -> None:
    init(folder, by_passphrase())
    opening = load_opening(folder, by_passphrase())
    key = rotation.rotate(KeyPlace(folder, by_passphrase()), "vault", utc_now())
    assert locked(folder)[f"vault-{key.id}.private"]
    sealed = load_sealing(folder, by_passphrase()).vault.seal(b"x", INFO)
    assert opening.vault.open(sealed, INFO) == b"x", "without being asked for it again"
    works(folder, by_passphrase())


def test_a_service_is_asked_at_the_start_and_never_again(folder: Path) -> None:
    with transit() as engine:
        init(folder, by_transit(engine))
        engine.asked.clear()
        opening = load_opening(folder, by_transit(engine))
        assert engine.asked == ["/v1/transit/decrypt/sealgate"], "for the one family it needs"
        rotation.rotate(KeyPlace(folder, by_transit(engine)), "vault", utc_now())
        engine.asked.clear()
        engine.sealed = True
        sealed = KeyPlace(folder).public("vault", KeyPlace(folder).ring("vault").active.id)
        assert opening.vault.open(sealed.seal(b"x", INFO), INFO) == b"x"
        assert engine.asked == []


def test_what_a_transit_engine_refuses_is_told(folder: Path) -> None:
    with transit() as engine:
        init(folder, by_transit(engine))
        for wrong in ({"transit_token": "hvs.other"}, {"transit_key": "other"}):
            with pytest.raises(KeyUnusable, match=r"refuses to decrypt.*are token and key right"):
                load_opening(folder, by_transit(engine, **wrong))
        engine.keys["sealgate"] = bytes(32)
        with pytest.raises(KeyUnusable, match="HTTP 400"):
            load_opening(folder, by_transit(engine))
        engine.sealed = True
        with pytest.raises(KeyServiceSilent, match="HTTP 503"):
            load_opening(folder, by_transit(engine))
        assert TOKEN not in str(by_transit(engine))


def test_a_service_that_is_not_there_is_silent(folder: Path) -> None:
    with transit() as engine:
        init(folder, by_transit(engine))
    with pytest.raises(KeyServiceSilent, match="does not answer"):
        load_opening(folder, by_transit(engine))
    with socket.create_server(("127.0.0.1", 0)) as mute:
        url = f"http://127.0.0.1:{mute.getsockname()[1]}"
        with pytest.raises(KeyServiceSilent, match="does not answer"):
            load_opening(folder, by_transit(engine, transit_url=url, timeout=0.2))


def test_one_file_does_not_open_in_place_of_another(folder: Path) -> None:
    """Not even by whoever may write in the folder."""
    init(folder, by_passphrase())
    web, marks = folder / "web.secret", folder / "marks.secret"
    for old, new in (
        ("marks-secret", "web-secret"),
        (keyfile.lock_of(marks), keyfile.lock_of(web)),
    ):
        forged = marks.read_text().replace(old, new)
        marks_as_web = forged.replace("marks-secret", "web-secret")
        genuine = web.read_text()
        web.write_text(marks_as_web)
        with pytest.raises(KeyUnusable):
            load_web_secret(folder, by_passphrase())
        web.write_text(genuine)
    [lock] = folder.glob("vault-*.lock")
    genuine = lock.read_text()
    for forged in ("", genuine.replace("of: vault", "of: web"), genuine[:-20], "sealgate-lock 2\n"):
        lock.write_text(forged)
        with pytest.raises(KeyUnusable, match=r"\.lock|lock of"):
            load_opening(folder, by_passphrase())
    lock.write_text(genuine)
    works(folder, by_passphrase())


def test_settings_that_cannot_work_are_told(folder: Path) -> None:
    for protection, missing in (
        ("aws-kms", "aws_key"),
        ("transit", "transit_url, transit_key"),
        ("pkcs11", "pkcs11_module, pkcs11_token, pkcs11_key"),
    ):
        with pytest.raises(ValueError, match=missing):
            KeySettings.model_validate({"protection": protection})
    settings = KeySettings.model_validate(
        {"protection": "transit", "transit_url": "ftp://x", "transit_key": "k"}
    )
    with pytest.raises(KeyUnusable, match="transit_url must be"):
        Locks(folder, settings, service_for).make("vault")
