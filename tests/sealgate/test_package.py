"""`sealgate package`: legal holds and certificates, as an administrator types them."""

import json
from collections.abc import Iterator
from datetime import timedelta

import pytest

from sealgate import settings
from tests.sealgate.node import Node, run
from vault import keys
from vault.address import Address
from vault.clock import utc_now
from vault.contents.spool import Spool
from vault.ending import certifying, destroying, legal
from vault.ending.destroying import Cause
from vault.keys import signing
from vault.packages.deposit import Deposit, GrantFor, Restrictions
from vault.packages.depositing import deposit
from vault.people import users
from vault.secrets import Secret
from vault.settings import VaultSettings
from vault.storage.store import Store

JO = Address.parse("jo@council.example")
AMY = Address.parse("amy@partner.example")
MAIL = b"From: jo@council.example\r\nSubject: About Tom Smith\r\n\r\nA secret\r\n"


class Later:
    """The clock, put on by what a test says."""

    ahead = timedelta()

    def __call__(self) -> object:
        return utc_now() + self.ahead


@pytest.fixture
def clock() -> Later:
    return Later()


@pytest.fixture
def store(ready: Node, clock: Later) -> Iterator[Store]:
    chosen: VaultSettings = settings.load(ready.config).vault
    opened = Store(chosen, checkpoints=True, clock=clock)  # type: ignore[arg-type]
    yield opened
    opened.close()


@pytest.fixture
def reference(ready: Node, store: Store) -> str:
    """A message that expires in a day and is destroyed at once."""
    spool = Spool.of(store, MAIL)
    limits = Restrictions(
        expires_at=store.clock() + timedelta(days=1), kept_after_expiry=timedelta(0)
    )
    wanted = Deposit(spool=spool, author=JO, grants=(GrantFor(address=AMY),), restrictions=limits)
    receipt = deposit(store, keys.load_sealing(ready.keys), wanted)
    spool.abort()
    return receipt.reference


def test_a_hold_is_placed_listed_and_ended(ready: Node, store: Store, reference: str) -> None:
    said = ready.type("package", "hold", reference, "--why", "Tribunal 12/2026")
    assert said.output == f"{reference} is kept until this legal hold is ended.\n"
    listed = ready.type("package", "holds").output
    assert "Tribunal 12/2026" in listed
    assert "Smith" not in listed
    (one,) = [
        json.loads(line) for line in ready.type("package", "holds", "--json").output.splitlines()
    ]
    assert (one["reference"], one["why"]) == (reference, "Tribunal 12/2026")
    ready.type("package", "hold", reference.lower(), "--why", "The regulator asks")
    several = ready.type("package", "release", reference, "--why", "Closed")
    assert several.exit_code == 1
    assert "say which with --id" in several.output
    ended = ready.type("package", "release", reference, "--why", "Closed", "--id", one["id"])
    assert ended.output == f"The legal hold on {reference} is ended.\n"
    assert [standing.why for standing in legal.in_force(store)] == ["The regulator asks"]
    again = ready.type("package", "release", reference, "--why", "Closed", "--id", one["id"])
    assert again.exit_code == 1


def test_mistakes_are_told_in_one_line(ready: Node, store: Store, reference: str) -> None:
    unknown = ready.type("package", "hold", "0000-0000", "--why", "x")
    assert (unknown.exit_code, unknown.output.strip()) == (
        1,
        "sealgate: there is no sealed message 0000-0000",
    )
    assert ready.type("package", "hold", reference).exit_code == 2
    nothing = ready.type("package", "certificate", reference)
    assert (nothing.exit_code, "has not been destroyed" in nothing.output) == (1, True)
    assert ready.type("package", "holds").output == "No legal hold is in force.\n"


def test_two_people_end_a_hold_with_their_passwords(
    ready: Node, store: Store, reference: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SEALGATE_VAULT__LEGAL_HOLD_NEEDS_TWO", "true")
    for name in ("ruth", "omar"):
        address = Address.parse(f"{name}@council.example")
        users.add(store, address, Secret(f"password of {name}".encode()), ())
    ready.type("package", "hold", reference, "--why", "Tribunal")
    words = ("package", "release", reference, "--why", "Closed")
    assert "--as ADDRESS" in ready.type(*words).output

    def release(name: str, password: str) -> str:
        who = ("--as", f"{name}@council.example", "--password-stdin")
        return ready.type(*words, *who, stdin=f"{password}\n").output

    assert "not the password" in release("ruth", "guess")
    assert "You have asked to end" in release("ruth", "password of ruth")
    assert "another person must end the hold" in release("ruth", "password of ruth")
    assert "asks to end it" in ready.type("package", "holds").output
    assert "is ended" in release("omar", "password of omar")
    assert legal.in_force(store) == []


def test_messages_are_destroyed_at_once(
    ready: Node, store: Store, reference: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SUDO_USER", "ruth")
    words = ("package", "destroy", reference, "--why", "Request of erasure 12")
    asked = ready.type(*words)
    assert (asked.exit_code, "Say --yes" in asked.output) == (1, True)
    assert f"{reference}: would be destroyed for good." in asked.output
    ready.type("package", "hold", reference, "--why", "Tribunal")
    assert f"{reference}: spared, a legal hold is in force." in ready.type(*words).output
    spared = ready.type(*words, "--yes")
    assert spared.exit_code == 1
    assert f"{reference}: a legal hold is in force." in spared.output
    assert f"not destroyed: {reference}." in spared.output
    assert destroying.destroyed(store, legal.find(store, reference)) is None
    ready.type("package", "release", reference, "--why", "Closed")
    unknown = ready.type("package", "destroy", reference, "0000-0000", "--why", "x", "--yes")
    assert (unknown.exit_code, "no sealed message 0000-0000" in unknown.output) == (1, True)
    assert destroying.destroyed(store, legal.find(store, reference)) is None  # all or none is known
    done = ready.type(*words, "--yes")
    assert (done.exit_code, f"{reference} is destroyed" in done.output) == (0, True)
    found = destroying.destroyed(store, legal.find(store, reference))
    assert found is not None
    assert found.cause is Cause.ADMINISTRATOR
    told = ready.type("audit", "export", "--act", "content:destroyed").output
    assert "Request of erasure 12" in told
    assert '"ruth"' in told
    again = ready.type(*words, "--yes")
    assert (again.exit_code, "destroyed already" in again.output) == (1, True)
    assert f"{reference}: spared, its content is destroyed" in ready.type(*words).output


def test_a_certificate_is_written_and_checked_offline(
    ready: Node, store: Store, reference: str, clock: Later
) -> None:
    clock.ahead = timedelta(days=2)
    assert destroying.destroy(store) == 1
    early = ready.type("package", "certificate", reference)
    assert (early.exit_code, "follows within minutes" in early.output) == (1, True)
    key = signing.load(ready.keys) if signing.exists(ready.keys) else signing.make(ready.keys)
    assert certifying.finish(store, lambda: key, "Example Council") == 1
    file = ready.config.parent / "certificate.json"
    assert "is in" in ready.type("package", "certificate", reference, "--output", str(file)).output
    said = ready.type("package", "verify-certificate", str(file))
    assert said.exit_code == 0, said.output
    assert f"the content of message {reference} was destroyed" in said.output
    assert f"Genuine: signed with the key {key.public.id}." in said.output
    public = ready.config.parent / "given.public"
    public.write_bytes((ready.keys / "audit.public").read_bytes())
    elsewhere = ("package", "verify-certificate", str(file), "--key", str(public))
    assert run(*elsewhere, "--config", "/nowhere.toml").exit_code == 0
    assert ready.type("audit", "rotate").exit_code == 0
    assert ready.type("package", "verify-certificate", str(file)).exit_code == 0
    file.write_text(file.read_text().replace("Example Council", "Another Council"))
    forged = ready.type("package", "verify-certificate", str(file))
    assert (forged.exit_code, "Not genuine" in forged.output) == (1, True)
    assert ready.type("package", "verify-certificate", "/nowhere").exit_code == 1
