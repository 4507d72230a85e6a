"""Fixtures of the safe: `clock`, `keys`, `store`, and `safe`, which joins them."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.blank import blank_vault
from tests.vault.bench import HandClock, Keys, Safe
from vault import keys as key_files
from vault.opening import load_opening
from vault.settings import VaultSettings
from vault.store import Store


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture(scope="session")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Keys:
    folder = tmp_path_factory.mktemp("keys") / "keys"
    key_files.init(folder)
    return Keys(
        folder=folder,
        sealing=key_files.load_sealing(folder),
        relay=key_files.load_relay(folder),
        opening=load_opening(folder),
        web=key_files.load_web_secret(folder),
    )


@pytest.fixture
def store(tmp_path: Path, clock: HandClock) -> Iterator[Store]:
    folder = blank_vault(tmp_path / "data")
    opened = Store(VaultSettings(folder=folder), checkpoints=True, clock=clock)
    yield opened
    opened.close()


@pytest.fixture
def safe(store: Store, keys: Keys, clock: HandClock) -> Safe:
    return Safe(store, keys, clock)
