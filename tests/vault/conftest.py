"""Fixtures of the safe: `clock`, `keys`, `store`, and `safe`, which joins them.

Tests of the modules in `ON_BOTH` run on SQLite and on PostgreSQL, and all of them do in `make
test-faults`. A module that says `ONLY = "sqlite"` runs on it alone.
"""

import os
from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import pytest

from tests.blank import blank_vault
from tests.vault import plans
from tests.vault.bench import HandClock, Keys, Safe
from tests.vault.nodes import NODES, Nodes
from vault.settings import VaultSettings
from vault.storage.store import Store

BACKENDS = ("sqlite", "postgresql")
ON_BOTH = frozenset(
    {
        "test_access_model",
        "test_chores",
        "test_codes",
        "test_demand",
        "test_deposit",
        "test_disclosing",
        "test_exporting",
        "test_gathering",
        "test_importing",
        "test_grants",
        "test_holds",
        "test_outbox",
        "test_rulebook",
        "test_searching",
        "test_store",
        "test_strands",
        "test_turns",
        "test_turns_of_chores",
        "test_upgrade",
        "test_upgraded",
        "test_verified_everywhere",
    }
)
EVERY = os.environ.get("SEALGATE_FAULTS") == "whole"


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run what needs a store on each database."""
    marks = metafunc.definition.iter_markers("parametrize")
    given = any("backend" in str(mark.args[0]) for mark in marks)
    if "backend" in metafunc.fixturenames and not given:
        both = EVERY or metafunc.module.__name__.rpartition(".")[2] in ON_BOTH
        only = getattr(metafunc.module, "ONLY", None if both else "sqlite")
        metafunc.parametrize("backend", [only] if only else BACKENDS, scope="function")


@pytest.fixture(scope="session")
def asked() -> Iterator[plans.Plans]:
    found = plans.Plans()
    with plans.watching(found):
        yield found


@pytest.fixture(autouse=True)
def _no_table_is_walked_through(asked: plans.Plans) -> Iterator[None]:
    """Look at how every statement of the vault is planned, whichever test has it run."""
    yield
    problems, asked.problems = asked.problems, []
    assert not problems, "\n\n".join(problems)


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture(scope="session")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Keys:
    return Keys.new(tmp_path_factory.mktemp("keys") / "keys")


@pytest.fixture
def settings(
    request: pytest.FixtureRequest, tmp_path: Path, backend: str
) -> Iterator[VaultSettings]:
    if backend == "sqlite":
        yield VaultSettings(folder=blank_vault(tmp_path / "data"))
        return
    from tests import postgres

    if not getattr(request.module, "OWN_DATABASE", False):
        yield VaultSettings(folder=tmp_path / "data", database=postgres.cleaned_database())
        return
    url = postgres.blank_database()
    yield VaultSettings(folder=tmp_path / "data", database=url)
    postgres.drop(url)


@pytest.fixture
def store(settings: VaultSettings, clock: HandClock) -> Iterator[Store]:
    opened = Store(settings, checkpoints=True, clock=clock)
    yield opened
    opened.close()


@pytest.fixture
def safe(store: Store, keys: Keys, clock: HandClock) -> Safe:
    return Safe(store, keys, clock)


@pytest.fixture
def nodes(settings: VaultSettings, keys: Keys, clock: HandClock) -> Iterator[Nodes]:
    with ExitStack() as stack:
        stores = [
            stack.enter_context(closing(Store(settings, checkpoints=not number, clock=clock)))
            for number in range(NODES)
        ]
        yield Nodes([Safe(store, keys, clock) for store in stores])
