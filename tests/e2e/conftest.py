"""Fixtures of the end-to-end tests: one running node, and reasons for skipping."""

import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.e2e.stage import Stage


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Everything in this folder is an end-to-end test."""
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.e2e)
            item.add_marker(pytest.mark.asyncio(loop_scope="module"))
            item.add_marker(pytest.mark.xdist_group(item.path.stem))


def need(program: str) -> str:
    """Give the path of a program, or skip the test with the reason."""
    found = shutil.which(program)
    if found is None:
        pytest.skip(f"{program} is not installed: deploy/setup/test-packages installs it")
    return found


@pytest.fixture(scope="module", loop_scope="module")
async def stage(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stage]:
    """One node for all tests of a file: starting three processes takes seconds."""
    async with Stage(tmp_path_factory.mktemp("stage") / "node") as running:
        yield running
