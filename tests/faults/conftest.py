"""How much of each proof is done: a sample, or all of it with SEALGATE_FAULTS=whole."""

import os
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import pytest_asyncio

from tests.e2e.stage import COUNCIL, Stage
from tests.faults.nursery import Nursery, template

WHOLE = os.environ.get("SEALGATE_FAULTS") == "whole"


def sample(few: int, all_of_it: int) -> int:
    """Return how many: a few in an ordinary run, all in `make test-faults`."""
    return all_of_it if WHOLE else few


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.faults)


@pytest.fixture(scope="session")
def nursery() -> Iterator[Nursery]:
    with Nursery() as running:
        yield running


@contextmanager
def in_memory() -> Iterator[Path]:
    """A folder in memory where there is one: faults are put into calls, not into a disk."""
    memory = Path("/dev/shm")
    with tempfile.TemporaryDirectory(dir=memory if memory.is_dir() else None) as folder:
        yield Path(folder)


@pytest.fixture
def shelf() -> Iterator[Path]:
    with in_memory() as folder:
        yield folder


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def node() -> AsyncIterator[Stage]:
    """A whole node that reads what a mail says, for proofs that need nothing special of it."""
    smtp = f"connections = 1000\nmax_message = {sample(16, 80) << 20}"
    with in_memory() as folder:
        async with Stage(folder / "node", policy=COUNCIL, smtp=smtp) as stage:
            yield stage


@pytest.fixture(scope="session")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder to be copied: keys, and a database without a row."""
    return template(tmp_path_factory.mktemp("faults") / "empty")
