"""The sealed format: program, description and vectors agree, and old vectors stay readable."""

import importlib.util
import io
import json
import os
import re
import shutil
import struct
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from cryptography.exceptions import InvalidTag
from pydantic import SecretStr

from tests.vault.bench import ALICE, BOB, HERE, Safe
from vault.address import Address
from vault.clock import utc_now
from vault.contents.spool import Spool
from vault.contents.stream import HEADER_SIZE, PartId, read_stream, seal_part
from vault.errors import Tampered
from vault.identifier import draw
from vault.keys import file as keyfile
from vault.keys import init, load_sealing
from vault.keys.hpke import PrivateHalf, PublicHalf, binding
from vault.keys.place import KeyPlace
from vault.keys.rotation import rotate
from vault.keys.settings import KeySettings
from vault.packages import phrase, second_lock
from vault.packages.deposit import Deposit, GrantFor
from vault.packages.depositing import deposit
from vault.secrets import Secret
from vault.settings import VaultSettings
from vault.storage.store import Store

ROOT = Path(__file__).parents[2]
GOLDEN = ROOT / "tests" / "golden" / "sealed"
PAGE = ROOT / "docs" / "reference" / "sealed-format.md"
SCRIPT = ROOT / "docs" / "reference" / "open_sealed.py"
STREAMS: list[dict[str, Any]] = json.loads((GOLDEN / "stream.json").read_text())
VALUES: list[dict[str, Any]] = json.loads((GOLDEN / "hpke.json").read_text())
LOCKED: list[dict[str, Any]] = json.loads((GOLDEN / "second_lock.json").read_text())
REFUSED_BY_SCRIPT = (SystemExit, InvalidTag, ValueError)


def name(vector: dict[str, Any]) -> str:
    return str(vector["name"])


@pytest.fixture(scope="module")
def script() -> ModuleType:
    """The reader in the documentation, which shares no code with the program."""
    specification = importlib.util.spec_from_file_location("open_sealed", SCRIPT)
    assert specification is not None
    assert specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


def stream_facts(vector: dict[str, Any]) -> tuple[bytes, bytes, str, int]:
    sealed, key = bytes.fromhex(vector["sealed"]), bytes.fromhex(vector["key"])
    return sealed, key, vector["package_id"], vector["part"]


@pytest.mark.parametrize("vector", STREAMS, ids=name)
def test_the_program_reads_stream_vectors(vector: dict[str, Any]) -> None:
    sealed, key, package_id, part = stream_facts(vector)
    pieces = read_stream(io.BytesIO(sealed).read, Secret(key), PartId(package_id, part))
    if vector["opens"]:
        assert b"".join(pieces).hex() == vector["plain"]
    else:
        with pytest.raises(Tampered):
            b"".join(pieces)


@pytest.mark.parametrize("vector", STREAMS, ids=name)
def test_the_script_reads_stream_vectors(vector: dict[str, Any], script: ModuleType) -> None:
    sealed, key, package_id, part = stream_facts(vector)
    file = io.BytesIO(sealed)
    if vector["opens"]:
        plain = b"".join(script.open_stream(file, key, package_id, part))
        assert plain.hex() == vector["plain"]
    else:
        with pytest.raises(REFUSED_BY_SCRIPT):
            b"".join(script.open_stream(file, key, package_id, part))


@pytest.mark.parametrize("vector", VALUES, ids=name)
def test_program_and_script_read_sealed_values(vector: dict[str, Any], script: ModuleType) -> None:
    private, info = bytes.fromhex(vector["private"]), bytes.fromhex(vector["info"])
    sealed = bytes.fromhex(vector["sealed"])
    half = PrivateHalf.from_bytes(Secret(private))
    assert half.key_id == vector["key_id"]
    if vector["opens"]:
        assert half.open(sealed, info).hex() == vector["plain"]
        assert script.open_hpke(private, sealed, info).hex() == vector["plain"]
    else:
        with pytest.raises(Tampered):
            half.open(sealed, info)
        with pytest.raises(REFUSED_BY_SCRIPT):
            script.open_hpke(private, sealed, info)


@pytest.mark.parametrize("vector", LOCKED, ids=name)
def test_program_and_script_open_second_locks(vector: dict[str, Any], script: ModuleType) -> None:
    enclosed, stored = bytes.fromhex(vector["enclosed"]), bytes.fromhex(vector["second_lock"])
    package_id, words = vector["package_id"], vector["words"]

    def program() -> bytes:
        key = phrase.derive(Secret(words.encode()), stored)
        return phrase.disclose(enclosed, key, package_id, stored).reveal()

    if vector["opens"]:
        assert program().hex() == vector["plain"]
        assert script.open_second_lock(enclosed, stored, package_id, words).hex() == vector["plain"]
    else:
        with pytest.raises(Tampered):
            program()
        with pytest.raises((*REFUSED_BY_SCRIPT, struct.error)):
            script.open_second_lock(enclosed, stored, package_id, words)


def test_the_vectors_have_both_outcomes_and_every_reason() -> None:
    assert {vector["opens"] for vector in STREAMS} == {vector["opens"] for vector in VALUES}
    reasons = {vector["why"] for vector in STREAMS + VALUES if not vector["opens"]}
    assert {vector["why"] for vector in LOCKED} == {
        *("", "words", "package id", "tag", "salt", "version", "kind", "cut"),
    }
    assert reasons == {
        *("header", "magic", "version", "suite", "chunk size", "package id", "part"),
        *("commitment", "tag", "counter", "last flag", "empty chunk", "key id", "binding"),
    }


def test_what_the_program_writes_today_the_script_reads(script: ModuleType) -> None:
    key, package_id = Secret.random(), draw()
    for size in (0, 1, 1 << 20, (1 << 20) + 1, 3_000_000):
        data = bytes(size)
        sealed = seal_part(data, key, PartId(package_id, 7))
        opened = script.open_stream(io.BytesIO(sealed), key.reveal(), package_id, 7)
        assert b"".join(opened) == data
    pair = PrivateHalf.generate()
    sealed = pair.public().wrap(key, binding("package content key", package_id))
    info = script.binding("package content key", package_id)
    assert script.open_hpke(pair.to_bytes().reveal(), sealed, info) == key.reveal()


def test_key_files_of_the_vectors_are_read(script: ModuleType, tmp_path: Path) -> None:
    seeds = bytes(range(96))
    private = tmp_path / "vault.private"
    shutil.copyfile(GOLDEN / "vault.private.txt", private)
    private.chmod(0o600)
    key_id, read = keyfile.read(private, "vault-private", private=True)
    assert read.reveal() == script.read_key_file(private) == seeds
    public_id, public = keyfile.read(GOLDEN / "vault.public.txt", "vault-public", private=False)
    half = PublicHalf.from_bytes(public.reveal())
    assert key_id == public_id == half.key_id == PrivateHalf.from_bytes(read).key_id
    assert half.to_bytes() == PrivateHalf.from_bytes(read).public().to_bytes()


@pytest.mark.parametrize("size", [3000, 2_500_000], ids=["in the database", "in a file"])
def test_a_deposited_package_is_opened_without_the_program(tmp_path: Path, size: int) -> None:
    init(tmp_path / "keys")
    store = Store(VaultSettings(folder=tmp_path / "vault"))
    message = b"Subject: hello\r\n\r\n" + b"x" * size
    receipt = deposit(
        store,
        load_sealing(tmp_path / "keys"),
        Deposit(
            spool=Spool.of(store, message),
            author=Address.parse("clerk@council.gov.uk"),
            grants=(GrantFor(address=Address.parse("bob@example.org")),),
        ),
    )
    store.close()
    assert receipt.package_id is not None

    def run(key: str) -> subprocess.CompletedProcess[bytes]:
        facts = (tmp_path / "keys" / key, tmp_path / "vault", str(receipt.package_id))
        command = [sys.executable, "-I", SCRIPT, *facts]
        return subprocess.run(command, capture_output=True, check=False)

    assert run("vault.private").stdout == message
    wrong = run("relay.private")
    assert (wrong.returncode, wrong.stdout) == (1, b"")
    assert b"which is not in" in wrong.stderr
    place = KeyPlace(tmp_path / "keys")
    rotate(place, "vault", utc_now())
    assert run(".").stdout == message, "found among several keys"


def test_a_locked_package_is_opened_with_its_words(
    safe: Safe, script: ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(phrase, "MEMORY", 1024)
    package_id = safe.package(BOB, body=b"Subject: locked\r\n\r\nx")
    safe.deliver_all()
    opening, sealing = safe.keys.opening, safe.keys.sealing
    words = second_lock.add(safe.store, opening, sealing, ALICE, package_id, HERE)
    command = [sys.executable, "-I", SCRIPT, safe.keys.folder, safe.folder, package_id]

    def run(typed: str) -> subprocess.CompletedProcess[bytes]:
        known = {**os.environ, "SEALGATE_WORDS": typed}
        return subprocess.run(command, capture_output=True, check=False, env=known)

    assert run(words.reveal().decode().upper()).stdout == b"Subject: locked\r\n\r\nx"
    assert run("zoo " * 6).stdout == b""


def test_a_protected_key_folder_is_read(
    script: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, passphrase = tmp_path / "keys", "correct horse battery staple"
    shutil.copytree(GOLDEN / "protected", folder)
    for path in folder.iterdir():
        path.chmod(0o600)
    settings = KeySettings(passphrase=SecretStr(passphrase))
    path = folder / "vault.private"
    key_id, read = keyfile.read(
        path, "vault-private", private=True, unlock=KeyPlace(folder, settings).locks.unlock
    )
    monkeypatch.setenv("SEALGATE_KEYS__PASSPHRASE", passphrase)
    assert read.reveal() == script.find_key(folder, key_id) == bytes(range(96))
    monkeypatch.setenv("SEALGATE_KEYS__PASSPHRASE", "another passphrase altogether")
    with pytest.raises(InvalidTag):
        script.find_key(folder, key_id)


def test_the_page_gives_the_offsets_of_the_program() -> None:
    """Every field of the two tables follows the one before it, and the sizes are those in use."""
    tables = re.findall(r"(?:^\| *\d+ *\|.*\n)+", PAGE.read_text(), flags=re.MULTILINE)
    starts: list[tuple[list[int], int]] = []
    for table in tables:
        rows = re.findall(r"^\| *(\d+) *\| *(\d*) *\|", table, flags=re.MULTILINE)
        position = 0
        for offset, size in rows:
            assert int(offset) == position
            position += int(size or 0)
        starts.append(([int(offset) for offset, _ in rows], position))
    hpke, stream, second_lock = starts
    assert second_lock[1] == len(phrase.parameters())
    assert hpke[1] == 10 + 1088 + 32
    assert stream[1] == HEADER_SIZE
    sealed = PrivateHalf.generate().public().seal(b"", b"")
    assert len(sealed) == hpke[1] + 16


def test_every_purpose_in_the_code_is_on_the_page() -> None:
    page = PAGE.read_text()
    for module in (
        "packages/facts",
        "packages/phrase",
        "sending/parcel",
        "hold/slip",
        "keys/lock",
        "keys/services/passphrase",
    ):
        source = (ROOT / "vault" / f"{module}.py").read_text()
        purposes = re.findall(r'^_[A-Z_]+ = "([a-z ]+)"$', source, flags=re.MULTILINE)
        assert purposes, module
        for purpose in purposes:
            assert f"`{purpose}`" in page
