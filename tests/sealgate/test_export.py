"""`sealgate export`: what people type, and what they are told."""

from collections.abc import Iterator
from contextlib import closing

import pytest

from sealgate import settings
from tests.sealgate.node import Node
from vault import keys
from vault.address import Address
from vault.contents.spool import Spool
from vault.packages.deposit import Deposit, GrantFor, Receipt
from vault.packages.depositing import deposit
from vault.storage.store import Store

JO = Address.parse("jo@council.example")
AMY = Address.parse("amy@partner.example")
BODY = b"Subject: About Tom Smith\r\n\r\nA secret\r\n"


@pytest.fixture
def store(ready: Node) -> Iterator[Store]:
    with closing(Store(settings.load(ready.config).vault)) as opened:
        yield opened


@pytest.fixture
def sealed(ready: Node, store: Store) -> Receipt:
    made = Deposit(spool=Spool.of(store, BODY), author=JO, grants=(GrantFor(address=AMY),))
    return deposit(store, keys.load_sealing(ready.keys), made)


def test_everything_is_exported_and_checked(ready: Node, sealed: Receipt) -> None:
    folder = ready.folder / "out"
    result = ready.type("export", str(folder), "--why", "We leave")
    assert result.exit_code == 0, result.output
    assert ": 1 package." in result.output
    assert "Tom Smith" not in result.output
    (file,) = folder.glob("packages/*/*.eml")
    assert file.read_bytes() == BODY
    result = ready.type("export", str(folder), "--check")
    assert result.exit_code == 0
    assert "Complete and undamaged: 3 files" in result.output
    file.write_bytes(BODY[:-1])
    result = ready.type("export", str(folder), "--check")
    assert result.exit_code == 1
    assert f"{file.name} is not what was exported" in result.output


def test_one_is_exported_by_its_reference(ready: Node, store: Store, sealed: Receipt) -> None:
    other = Deposit(spool=Spool.of(store, BODY * 2), author=JO, grants=(GrantFor(address=JO),))
    deposit(store, keys.load_sealing(ready.keys), other)
    folder = ready.folder / "out"
    typed = sealed.reference.lower()
    assert ready.type("export", str(folder), "--package", typed).exit_code == 0
    assert [path.stem for path in folder.glob("packages/*/*.eml")] == [sealed.package_id]
    result = ready.type("export", str(folder), "--sender", str(JO))
    assert result.exit_code == 1
    assert "an export of other packages" in result.output


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--package", "AAAA-AAAA"), "there is no sealed message"),
        (("--sender", "nobody"), "there is no @"),
        (("--check",), "never finished"),
    ],
)
def test_what_cannot_be_done_is_said(ready: Node, words: tuple[str, ...], said: str) -> None:
    result = ready.type("export", str(ready.folder / "out"), *words)
    assert result.exit_code == 1
    assert said in result.output


def test_without_keys_nothing_is_exported(ready: Node, sealed: Receipt) -> None:
    (ready.keys / "vault.private").unlink()
    result = ready.type("export", str(ready.folder / "out"))
    assert result.exit_code == 1
    assert "vault.private" in result.output
    assert not list((ready.folder / "out").glob("packages/*/*"))
