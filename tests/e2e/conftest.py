"""Fixtures of the end-to-end tests: one running node, and reasons for skipping."""

import shutil
from collections.abc import AsyncIterator
from inspect import iscoroutinefunction
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import pytest_asyncio

from tests.e2e.stage import PATHS, Stage
from tests.sink import Sink

if TYPE_CHECKING:
    from playwright.async_api import Browser


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Everything in this folder is an end-to-end test."""
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.e2e)
            if isinstance(item, pytest.Function) and iscoroutinefunction(item.function):
                # First, because pytest-asyncio has marked it already and the first mark counts.
                item.add_marker(pytest.mark.asyncio(loop_scope="module"), append=False)


def need(program: str) -> str:
    """Give the path of a program, or skip the test with the reason."""
    # Daemons live where an ordinary user's PATH does not look.
    found = shutil.which(program) or shutil.which(program, path="/usr/sbin:/usr/local/sbin:/sbin")
    if found is None:
        pytest.skip(f"{program} is not installed: deploy/setup/test-packages installs it")
    return found


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def stage(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Stage]:
    """One node for all tests of a file, with its `POLICY_FILE`: starting takes seconds."""
    policy = getattr(request.module, "POLICY_FILE", PATHS)
    async with Stage(tmp_path_factory.mktemp("stage") / "node", policy=policy) as running:
        yield running


@pytest.fixture(autouse=True)
def empty_mailboxes(request: pytest.FixtureRequest) -> None:
    """What earlier tests sent is not what this one looks for."""
    if "stage" in request.fixturenames:
        sink: Sink = request.getfixturevalue("stage").sink
        sink.mails.clear()
        sink.refused.clear()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser() -> AsyncIterator["Browser"]:
    """One Chromium for all tests of a file; everybody in it has a context of their own."""
    from tests.e2e.chromium import chromium

    async with chromium() as running:
        yield running
