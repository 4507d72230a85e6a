"""Where the tests keep their files, which of them come first, and that what is logged is seen.

Files lie in memory where there is room: a test that waits for the disk proves nothing more, because
a killed process leaves the same bytes in either. `make test-faults` and `--basetemp` use the disk.
"""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import hypothesis
import pytest
import structlog

MEMORY = Path("/dev/shm")
ENOUGH = 8 << 30  # bytes; a run leaves less than one gibibyte at any time
HERE = Path(__file__).parent
LONG = (HERE / "e2e", HERE / "faults", HERE / "sealgate")


# How long an example takes says nothing beside a dozen servers.
hypothesis.settings.register_profile("untimed", deadline=None)
hypothesis.settings.load_profile("untimed")


def pytest_configure() -> None:
    """Choose memory or disk, before the first test asks for a folder."""
    on_disk = os.environ.get("SEALGATE_FAULTS") == "whole" or not MEMORY.is_dir()
    if not on_disk and shutil.disk_usage(MEMORY).free >= ENOUGH and os.access(MEMORY, os.W_OK):
        os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(MEMORY))


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the files of few long tests first: at the end one worker would be left with one."""
    items.sort(key=lambda item: not is_long(item))


def is_long(item: pytest.Item) -> bool:
    """Whether a test starts processes or a browser; it is the same for all tests of a file."""
    return not set(LONG).isdisjoint(item.path.parents) or bool(item.get_closest_marker("browser"))


@pytest.fixture(autouse=True, scope="session")
def _forgetful_loggers() -> Iterator[None]:
    """Have no logger keep the first configuration that it sees.

    A command that a test runs configures the logs of the whole process: a module's logger that kept
    that would tell its later tests nothing of what it logs.
    """
    configure = structlog.configure

    def forgetful(**chosen: Any) -> None:
        configure(**{**chosen, "cache_logger_on_first_use": False})

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(structlog, "configure", forgetful)
        yield
