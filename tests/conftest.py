"""Where the tests keep their files, and which of them come first.

Files lie in memory where there is room: a test that waits for the disk proves nothing more, because
a killed process leaves the same bytes in either. `make test-faults` and `--basetemp` use the disk.
"""

import os
import shutil
from pathlib import Path

import pytest

MEMORY = Path("/dev/shm")
ENOUGH = 8 << 30  # bytes; a run leaves less than one gibibyte at any time
HERE = Path(__file__).parent
LONG = (HERE / "e2e", HERE / "faults", HERE / "sealgate")


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
