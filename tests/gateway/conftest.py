"""Fixtures of the gateway: `keys`, a `safe` whose clock is set by hand, and a next hop (`sink`)."""

from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from tests.blank import blank_vault
from tests.sink import Sink
from tests.vault.bench import HandClock, Keys, Safe
from vault.settings import VaultSettings
from vault.storage.store import Store


@pytest.fixture(scope="session")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Keys:
    return Keys.new(tmp_path_factory.mktemp("keys") / "keys")


@pytest.fixture
def safe(tmp_path: Path, keys: Keys) -> Iterator[Safe]:
    clock = HandClock()
    folder = blank_vault(tmp_path / "data")
    settings = VaultSettings(folder=folder, lock_wait=timedelta(seconds=0.3))
    store = Store(settings, checkpoints=True, clock=clock)
    yield Safe(store, keys, clock)
    store.close()


@pytest.fixture
async def sink() -> AsyncIterator[Sink]:
    async with Sink() as running:
        yield running
