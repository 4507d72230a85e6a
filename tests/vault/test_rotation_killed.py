"""Rotation, killed at any moment: every package can be read throughout.

A sample in an ordinary run; ten thousand packages and a hundred kills with SEALGATE_FAULTS=whole.
"""

import multiprocessing
import os
import random
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from tests.blank import blank_vault
from tests.vault.bench import BOB, HandClock, Keys, Safe
from vault.clock import utc_now
from vault.keys import load_sealing, resealing, rotation
from vault.keys.opening import load_opening
from vault.keys.place import KeyPlace
from vault.keys.ring import KeyState
from vault.packages.facts import unwrap_key
from vault.settings import VaultSettings
from vault.storage.store import Store

WHOLE = os.environ.get("SEALGATE_FAULTS") == "whole"
PACKAGES, KILLS = (10_000, 100) if WHOLE else (120, 6)
LOOKED_AT = 60  # packages read after each kill, when every key is opened; all are read at the end


def _rotate_for_ever(folder: Path, keys: Path, told: int) -> None:
    """Rotate, seal everything anew, destroy the oldest, and again; tell of every step."""
    store, place = Store(VaultSettings(folder=folder)), KeyPlace(keys)
    sealing, opening = load_sealing(keys), load_opening(keys)
    while True:
        older = [k.id for k in place.ring("vault").keys if k.state is KeyState.OPENING]
        for _ in resealing.reseal(store, "vault", opening.vault, sealing.vault, older):
            os.write(told, b".")
        late = utc_now() + 2 * rotation.QUIET
        for key_id in older:
            rotation.destroy(
                place, "vault", key_id, late, lambda k: resealing.standing(store, "vault", k)
            )
        os.write(told, b".")
        rotation.rotate(place, "vault", utc_now())
        os.write(told, b".")


def _killed_at_work(work: Callable[[int], None], steps: int, seconds: float) -> None:
    """Kill who works some time after a step."""
    hear, told = os.pipe()
    child = multiprocessing.get_context("fork").Process(target=work, args=(told,))
    child.start()
    os.close(told)
    assert child.pid is not None
    with os.fdopen(hear, "rb", 0) as lines:
        assert b"".join(lines.read(1) for _ in range(steps)) == b"." * steps
        time.sleep(seconds)
        assert child.is_alive(), "it was at work"
        os.kill(child.pid, signal.SIGKILL)
        child.join()


@contextmanager
def _opened(folder: Path, keys: Keys) -> Iterator[Safe]:
    """Open the safe while nobody is forked: SQLite's connections must not be."""
    clock = HandClock()
    store = Store(VaultSettings(folder=folder), checkpoints=True, clock=clock)
    try:
        yield Safe(store, keys, clock)
    finally:
        store.close()


def _look(safe: Safe, sent: dict[str, bytes], which: list[str]) -> None:
    """Open packages with keys loaded long ago, and as a process does that starts now."""
    fresh = replace(safe.keys, opening=load_opening(safe.keys.folder))
    for row in safe.rows("packages"):
        assert unwrap_key(fresh.opening.vault, row.id, row.wrapped)
    for number, package_id in enumerate(which):
        keys = safe.keys if number % 2 else fresh
        assert Safe(safe.store, keys, safe.clock).open(BOB, package_id) == sent[package_id]


@pytest.mark.chaos
@pytest.mark.faults
def test_every_package_is_readable_throughout(tmp_path: Path) -> None:
    folder, keys = blank_vault(tmp_path / "data"), Keys.new(tmp_path / "keys")
    chance, sent, rings = random.Random(4), {}, set()
    with _opened(folder, keys) as safe:
        for number in range(PACKAGES):
            sent[safe.package(BOB, body=b"%d" % number)] = b"%d" % number
    for run in range(KILLS):
        _killed_at_work(
            lambda told: _rotate_for_ever(folder, keys.folder, told),
            chance.randrange(1, 9),
            chance.uniform(0, 0.05),
        )
        rings.add(KeyPlace(keys.folder).ring("vault"))
        with _opened(folder, keys) as safe:
            _look(safe, sent, chance.sample(list(sent), min(LOOKED_AT, PACKAGES)))
            sent[safe.package(BOB, body=b"during %d" % run)] = b"during %d" % run
    assert len(rings) > 1, "keys were changed meanwhile"
    with _opened(folder, keys) as safe:
        _look(safe, sent, list(sent))
