"""Every benchmark can be loaded: nothing else runs them, and what they import may move."""

import importlib
import pkgutil

import pytest

import bench

PROGRAMS = {one.name for one in pkgutil.walk_packages(bench.__path__, "bench.")}
# They run where something is installed that is no dependency of ours.
ELSEWHERE = {"bench.detection.presidio_worker", "bench.fuzz.coverage"}


@pytest.mark.parametrize("name", sorted(PROGRAMS - ELSEWHERE))
def test_a_benchmark_can_be_loaded(name: str) -> None:
    importlib.import_module(name)
