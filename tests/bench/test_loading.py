"""Every benchmark can be loaded: nothing else runs them, and what they import may move."""

import importlib
import pkgutil

import pytest

import bench

PROGRAMS = [one.name for one in pkgutil.walk_packages(bench.__path__, "bench.")]
THEIRS = {"atheris", "presidio_analyzer"}  # installed by the benches that want them


@pytest.mark.parametrize("name", [name for name in PROGRAMS if not name.endswith("__main__")])
def test_a_benchmark_can_be_loaded(name: str) -> None:
    try:
        importlib.import_module(name)
    except ModuleNotFoundError as missing:
        assert missing.name in THEIRS
