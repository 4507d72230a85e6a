"""`sealgate keys`: what is printed, what is changed, and that a running node follows."""

import asyncio
import re
from collections.abc import Iterator
from datetime import timedelta

import pytest
from cryptography.hazmat.backends.openssl.backend import backend

from sealgate import processes, rekeying, settings
from sealgate.commands import keys as typed
from tests.sealgate.node import Node, environment
from tests.vault.transit_server import TOKEN, transit
from vault import keys
from vault.address import Address
from vault.clock import utc_now
from vault.contents.spool import Spool
from vault.keys import opening, resealing
from vault.keys import ring as keyring
from vault.keys.place import KeyPlace
from vault.keys.services import passphrase
from vault.packages.deposit import Deposit, GrantFor
from vault.packages.depositing import deposit
from vault.storage import tables
from vault.storage.store import Store

JO = Address.parse("jo@council.example")
AMY = Address.parse("amy@partner.example")
LONG_AGO = timedelta(hours=2)


@pytest.fixture
def store(ready: Node) -> Iterator[Store]:
    opened = Store(settings.load(ready.config).vault)
    sealing = keys.load_sealing(ready.keys)
    for number in range(3):
        with Spool.of(opened, b"Subject: Secret\r\n\r\n%d" % number) as spool:
            deposit(
                opened, sealing, Deposit(spool=spool, author=JO, grants=(GrantFor(address=AMY),))
            )
    yield opened
    opened.close()


def lines(node: Node, *words: str) -> list[list[str]]:
    result = node.type("keys", "list", *words)
    assert result.exit_code == 0
    return [re.split(r"\s{2,}", line) for line in result.output.splitlines()[1:]]


def active(node: Node, pair: str = "vault") -> str:
    return KeyPlace(node.keys).ring(pair).active.id


def test_the_list_says_how_every_key_stands(ready: Node, store: Store) -> None:
    assert lines(ready) == [
        ["vault", active(ready), "active", "the beginning", "3"],
        ["relay", active(ready, "relay"), "active", "the beginning", "3"],
    ]
    assert lines(ready, "--no-count")[0] == ["vault", active(ready), "active", "the beginning", ""]


def test_a_key_is_changed_from_beginning_to_end(ready: Node, store: Store) -> None:
    old = active(ready)
    result = ready.type("keys", "rotate", "vault", "--no-wait")
    assert f"Key {active(ready)} of vault is made" in result.output
    assert f"3 values are still sealed to {old}" in result.output
    assert [line[2] for line in lines(ready)] == ["opening only", "active", "active"]
    assert "60 minutes" in ready.type("keys", "destroy", "vault", old, "--yes").output
    assert ready.type("keys", "reseal", "vault").output.endswith(
        "3 values of vault are sealed to the active key.\n"
    )
    ring = KeyPlace(ready.keys).ring("vault")
    keyring.write(
        ready.keys, "vault", ring.changed(utc_now() - LONG_AGO, **{old: keyring.KeyState.OPENING})
    )
    asked = ready.type("keys", "destroy", "vault", old[:8])
    assert asked.exit_code == 1
    assert "would be destroyed" in asked.output
    assert "is destroyed here" in ready.type("keys", "destroy", "vault", old, "--yes").output
    assert [line[2] for line in lines(ready)] == ["destroyed", "active", "active"]
    with store.reading() as tx:
        made = [tuple(row) for row in tx.execute(tables.events.select()) if "key:" in str(row)]
    assert [row[2] for row in made] == ["key:made", "key:retired", "key:destroyed"]


def test_a_staged_key_takes_over_when_it_is_told_to(ready: Node, store: Store) -> None:
    old = active(ready)
    result = ready.type("keys", "rotate", "vault", "--stage")
    assert f"sealgate keys retire vault {old}" in result.output
    assert active(ready) == old
    assert ready.type("keys", "retire", "vault", old, "--no-wait").exit_code == 0
    assert active(ready) != old
    assert ready.type("keys", "retire", "vault", old).exit_code == 1


async def test_a_running_node_seals_anew_by_itself(
    ready: Node, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rekeying, "EVERY", 0.02)
    sealing, opened = keys.load_sealing(ready.keys), opening.load_opening(ready.keys)
    place, old = KeyPlace(ready.keys), active(ready)
    end = rekeying.Rekeying(store, place, "vault", opened.vault, sealing.vault).begin()
    try:
        result = await asyncio.to_thread(ready.type, "keys", "rotate", "vault")
        assert result.exit_code == 0
        assert f"Nothing is sealed to {old} any more" in result.output
        assert resealing.standing(store, "vault", active(ready)) == 3
    finally:
        await end()


def test_rotating_where_no_node_runs_says_so(
    ready: Node, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(typed, "_TAKEN_UP_WITHIN", 0.0)
    result = ready.type("keys", "rotate", "vault")
    assert result.exit_code == 1
    assert "sealgate keys reseal vault" in result.output


def protected(node: Node, *lines: str) -> None:
    """Add a section about keys to the settings."""
    node.spoil("[policy]\n", "\n".join(["[keys]", *lines, "", "[policy]", ""]))


def test_keys_are_protected_and_a_node_without_the_passphrase_does_not_start(
    ready: Node, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(passphrase, "MEMORY", 1024)  # a tenth of a second each time otherwise
    protected(ready, 'protection = "passphrase"')
    with environment(SEALGATE_KEYS__PASSPHRASE="a passphrase that is long enough"):
        assert "protected by: passphrase" in ready.type("keys", "protect").output
        processes.check(settings.load(ready.config))
    with pytest.raises(processes.CannotStart, match="need a passphrase"):
        processes.check(settings.load(ready.config))


def test_a_key_service_that_is_silent_is_no_fault_of_the_settings(ready: Node) -> None:
    with transit() as engine:
        protected(
            ready,
            *(
                'protection = "transit"',
                f'transit_url = "{engine.url}"',
                'transit_key = "sealgate"',
            ),
        )
        with environment(SEALGATE_KEYS__TRANSIT_TOKEN=TOKEN):
            assert ready.type("keys", "protect").exit_code == 0
            processes.check(settings.load(ready.config))
            engine.sealed = True
            with pytest.raises(processes.NotNow, match="HTTP 503"):
                processes.check(settings.load(ready.config))
        engine.sealed = False
        with (
            environment(SEALGATE_KEYS__TRANSIT_TOKEN="hvs.other"),
            pytest.raises(processes.CannotStart, match="refuses to decrypt"),
        ):
            processes.check(settings.load(ready.config))


def test_a_node_without_mlkem_does_not_start(ready: Node, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(type(backend), "mlkem_supported", lambda self: False)
    with pytest.raises(processes.CannotStart, match="OpenSSL without ML-KEM-768"):
        processes.check(settings.load(ready.config))
