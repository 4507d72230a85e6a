"""`sealgate incident`: three files, and a sentence where there is nothing to report."""

import json
from collections.abc import Iterator
from contextlib import closing

import pytest

from sealgate import settings
from tests.sealgate.node import Node
from vault import keys
from vault.address import Address
from vault.contents.spool import Spool
from vault.origin import Origin
from vault.packages import grants
from vault.packages.deposit import Deposit, GrantFor, Receipt
from vault.packages.depositing import deposit
from vault.storage.store import Store

JO = Address.parse("jo@council.example")
AMY = Address.parse("amy@partner.example")


@pytest.fixture
def store(ready: Node) -> Iterator[Store]:
    with closing(Store(settings.load(ready.config).vault)) as opened:
        yield opened


@pytest.fixture
def sealed(ready: Node, store: Store) -> Receipt:
    spool = Spool.of(store, b"Subject: About Tom Smith\r\n\r\nA secret\r\n")
    made = Deposit(spool=spool, author=JO, grants=(GrantFor(address=AMY),), found={"iban": 1})
    return deposit(store, keys.load_sealing(ready.keys), made)


def test_the_report_is_written_in_three_forms(ready: Node, store: Store, sealed: Receipt) -> None:
    assert sealed.package_id
    grants.revoke(store, JO, sealed.package_id, AMY, Origin("192.0.2.7"))
    folder = ready.folder / "out"
    typed = sealed.reference.replace("-", " ").lower()
    result = ready.type("incident", typed, "--to", str(folder))
    assert result.exit_code == 0
    stem = f"incident-{sealed.reference}"
    assert {one.name for one in folder.iterdir()} == {
        f"{stem}.{form}" for form in ("json", "html", "pdf")
    }
    assert (folder / f"{stem}.pdf").read_bytes().startswith(b"%PDF-")
    facts = json.loads((folder / f"{stem}.json").read_text())["facts"]
    assert (facts["reference"], facts["found"]) == (sealed.reference, {"iban": 1})
    for form in ("json", "html"):
        text = (folder / f"{stem}.{form}").read_text()
        assert "Tom Smith" not in text
        assert "secret" not in text
    assert "72 hours" in result.output


def test_nothing_withdrawn_is_nothing_to_report(ready: Node, sealed: Receipt) -> None:
    for typed in (sealed.reference, "AAAA-AAAA"):
        result = ready.type("incident", typed, "--to", str(ready.folder / "out"))
        assert result.exit_code == 1
        assert "there is no message" in result.output
    assert not (ready.folder / "out").exists()
