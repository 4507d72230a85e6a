"""The long-run fuzzer finds what is broken, keeps the input and says what it was."""

import random
from pathlib import Path

import pytest

from bench.fuzz.mutation import mutated
from bench.fuzz.run import Watch, by_mutation
from bench.fuzz.seeds import seeds
from bench.fuzz.targets import TARGETS

# Many texts through the same code: counting its lines takes longer than running it.
pytestmark = pytest.mark.no_cover


@pytest.mark.parametrize("target", TARGETS)
def test_every_target_has_seeds_and_holds_on_them(target: str, tmp_path: Path) -> None:
    found = seeds(target)
    assert len(found) > 20
    watch = Watch(target, TARGETS[target], tmp_path)
    for seed in found[:: max(1, len(found) // 25)]:
        watch.run(seed)
    assert not watch.findings


def test_a_crash_is_counted_and_its_input_kept(tmp_path: Path) -> None:
    def fails(data: bytes) -> None:
        if b"(" in data:
            raise KeyError

    watch = Watch("parameters", fails, tmp_path)
    by_mutation(watch, 0.2, seed=1)
    assert watch.executions > 100
    assert set(watch.findings) == {f"KeyError test_fuzz.py:{fails.__code__.co_firstlineno + 2}"}
    kept = list(tmp_path.iterdir())
    assert 1 <= len(kept) <= 10
    assert all(b"(" in path.read_bytes() for path in kept)


def test_mutation_repeats_itself_from_the_same_seed() -> None:
    def three(seed: int) -> list[bytes]:
        rng = random.Random(seed)
        return [mutated(b"abc" * 20, b"xyz", rng) for _ in range(3)]

    assert three(1) == three(1) != three(2)
