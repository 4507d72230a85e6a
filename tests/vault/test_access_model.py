"""Who may open what: the store agrees with the model, and a store with a fault does not.

On both databases; longer histories, and more of them, with SEALGATE_FAULTS=whole.
"""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

from tests import postgres
from tests.blank import blank_vault
from tests.vault.bench import ALICE, BOB, CAROL, ON_SQLITE, Safe
from tests.vault.conftest import EVERY
from tests.vault.playing import Access
from vault import identifier
from vault.ending import demand, destroying, legal
from vault.errors import Denial, Tampered
from vault.keys import resealing
from vault.packages import access, grants, phrase, second_lock
from vault.secrets import Secret
from vault.settings import VaultSettings

EXAMPLES = {"sqlite": 10, "postgresql": 5}
SEEN = (AssertionError, Tampered, pytest.fail.Exception)


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(phrase, "MEMORY", 1024)


def empty(backend: str, folder: Path) -> VaultSettings:
    """Make an empty store's settings."""
    if backend == "sqlite":
        return VaultSettings(folder=blank_vault(folder))
    return VaultSettings(folder=folder, database=postgres.cleaned_database())


def machine_on(backend: str) -> type[Access]:
    return type("BoundAccess", (Access,), {"settings": lambda _, folder: empty(backend, folder)})


def test_the_store_agrees_with_the_model(backend: str) -> None:
    chosen = settings(
        max_examples=EXAMPLES[backend] * (10 if EVERY else 1),
        stateful_step_count=40 if EVERY else 15,
        deadline=None,
        database=None,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    )
    run_state_machine_as_test(machine_on(backend), settings=chosen)


# --- the controls: each makes one thing wrong, and plays a history that shows it

Patch = pytest.MonkeyPatch
Play = Callable[[Access, str], None]


def forgets(denial: Denial) -> Callable[[Patch], None]:
    judge = access.judge

    def judged(*args: Any) -> Denial | None:
        found = judge(*args)
        return None if found is denial else found

    return lambda patch: patch.setattr(access, "judge", judged)


def does_nothing(module: object, name: str, result: object = None) -> Callable[[Patch], None]:
    return lambda patch: patch.setattr(module, name, lambda *_, **__: result)


def destroys_a_key_in_use(patch: Patch) -> None:
    patch.setattr(resealing, "reseal", lambda *_: iter(()))
    patch.setattr(resealing, "standing", lambda *_: 0)


def gives_half(patch: Patch) -> None:
    whole = Safe.open
    patch.setattr(Safe, "open", lambda *of: whole(*of)[:-1])


def spares_the_content(patch: Patch) -> None:
    patch.setattr(destroying.ciphertext, "release", lambda *_: None)


def open_it(machine: Access, package: str) -> None:
    machine.open(package, BOB)


def revoked(machine: Access, package: str) -> None:
    machine.revoke(package, ALICE, BOB)


def restored(machine: Access, package: str) -> None:
    machine.revoke(package, ALICE, BOB)
    machine.restore(package, ALICE, BOB)


def granted(machine: Access, package: str) -> None:
    machine.add(package, ALICE, CAROL)


def expired(machine: Access, package: str) -> None:
    machine.wait(2)


def extended(machine: Access, package: str) -> None:
    machine.extend(package, ALICE, 4)
    machine.wait(2)


def rotated(machine: Access, package: str) -> None:
    machine.rotate("vault", finished=True)
    open_it(machine, package)


def shredded(machine: Access, package: str) -> None:
    machine.wait(2)
    machine.keep_house()


def held(machine: Access, package: str) -> None:
    machine.place_hold(package)
    shredded(machine, package)


def destroyed(machine: Access, package: str) -> None:
    machine.destroy(package, ALICE)


def destroyed_though_held(machine: Access, package: str) -> None:
    machine.place_hold(package)
    machine.destroy(package, ALICE)


def locked(machine: Access, package: str) -> None:
    machine.lock(package, ALICE)
    open_it(machine, package)


CONTROLS: dict[str, tuple[Callable[[Patch], None], Play]] = {
    "revoke": (forgets(Denial.REVOKED), revoked),
    "expire": (forgets(Denial.EXPIRED), expired),
    "stranger": (forgets(Denial.UNKNOWN), granted),
    "grant": (does_nothing(grants, "add"), granted),
    "restore": (does_nothing(grants, "restore"), restored),
    "extend": (does_nothing(grants, "extend"), extended),
    "rotate": (destroys_a_key_in_use, rotated),
    "shred": (does_nothing(destroying, "shred"), shredded),
    "shred the content": (spares_the_content, shredded),
    "destroy": (does_nothing(demand, "by_owner"), destroyed),
    "destroy what is held": (does_nothing(demand, "_against", ""), destroyed_though_held),
    "hold": (does_nothing(legal, "place", identifier.draw()), held),
    "lock": (does_nothing(second_lock, "add", Secret(b"six words")), locked),
    "open": (gives_half, open_it),
}


@pytest.fixture
def machine() -> Iterator[Access]:
    made = machine_on("sqlite")()
    yield made
    made.teardown()


def play(machine: Access, history: Play) -> None:
    package = machine.send(ALICE, ALICE, [BOB], hidden=False, expires=1, opens=None, kept=0)
    history(machine, package)
    machine.everyone_tries_everything()


@ON_SQLITE
@pytest.mark.parametrize("name", CONTROLS)
def test_the_model_does_find_a_wrong_store(
    backend: str, machine: Access, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    fault, history = CONTROLS[name]
    play(machine, history)  # a right one passes
    with monkeypatch.context() as patch:
        fault(patch)
        with pytest.raises(SEEN):
            play(machine, history)
