"""Fixtures of the safe: `clock`, `keys`, `store`, and `safe`, which joins them."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.blank import blank_vault
from tests.vault.bench import HandClock, Keys, Safe
from vault.settings import VaultSettings
from vault.store import Store


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture(scope="session")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Keys:
    return Keys.new(tmp_path_factory.mktemp("keys") / "keys")


@pytest.fixture
def store(tmp_path: Path, clock: HandClock) -> Iterator[Store]:
    folder = blank_vault(tmp_path / "data")
    opened = Store(VaultSettings(folder=folder), checkpoints=True, clock=clock)
    yield opened
    opened.close()


@pytest.fixture
def safe(store: Store, keys: Keys, clock: HandClock) -> Safe:
    return Safe(store, keys, clock)
