"""`sealgate import`: what people type, and what they are told."""

from contextlib import closing
from pathlib import Path

import pytest

from sealgate import settings
from tests.sealgate import node
from tests.sealgate.node import Node
from vault import keys
from vault.address import Address
from vault.contents.spool import Spool
from vault.packages.deposit import Deposit, GrantFor
from vault.packages.depositing import deposit
from vault.storage.store import Store

JO = Address.parse("jo@council.example")
AMY = Address.parse("amy@partner.example")


@pytest.fixture
def exported(ready: Node) -> Path:
    """An export of two messages, and the node that it comes from is gone."""
    with closing(Store(settings.load(ready.config).vault)) as store:
        for number in range(2):
            body = b"Message-ID: <%d@council.example>\r\nSubject: Tom Smith\r\n\r\nOh\r\n" % number
            made = Deposit(spool=Spool.of(store, body), author=JO, grants=(GrantFor(address=AMY),))
            deposit(store, keys.load_sealing(ready.keys), made)
    assert ready.type("export", str(ready.folder / "out")).exit_code == 0
    return ready.folder / "out"


@pytest.fixture
def other(tmp_path_factory: pytest.TempPathFactory) -> Node:
    made = node.make(tmp_path_factory.mktemp("other"))
    assert made.type("keys", "init").exit_code == 0
    return made


def test_an_export_is_brought_in_once(exported: Path, other: Node) -> None:
    result = other.type("import", str(exported))
    assert result.exit_code == 0, result.output
    assert "Imported: 2 packages. Here before, and left alone: 0." in result.output
    result = other.type("import", str(exported))
    assert "Imported: 0 packages. Here before, and left alone: 2." in result.output
    assert result.exit_code == 0
    result = other.type("import", "--verify")
    assert (result.exit_code, "All evidence" in result.output) == (0, True)
    assert other.type("export", str(other.folder / "out")).exit_code == 0
    for one in exported.glob("packages/*/*.eml"):
        assert (other.folder / "out" / one.relative_to(exported)).read_bytes() == one.read_bytes()


def test_what_is_refused_is_named(exported: Path, other: Node) -> None:
    file = min(exported.glob("packages/*/*.eml"))
    file.write_bytes(b"Subject: other\r\n\r\n")
    result = other.type("import", str(exported))
    assert result.exit_code == 1
    assert "Imported: 1 packages" in result.output
    assert file.stem in result.output
    assert "1 packages were refused" in result.output
    assert "Tom Smith" not in result.output


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((), "Say which FOLDER"),
        (("FOLDER", "--verify"), "Say which FOLDER"),
        (("FOLDER", "--sha256", "0" * 64), "not the export you mean"),
        (("/nowhere",), "never finished"),
    ],
)
def test_what_cannot_be_done_is_said(
    exported: Path, other: Node, words: tuple[str, ...], said: str
) -> None:
    result = other.type("import", *(str(exported) if one == "FOLDER" else one for one in words))
    assert result.exit_code != 0
    assert said in result.output
