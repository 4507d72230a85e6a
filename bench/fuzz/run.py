"""Runs one target for a time, and keeps what broke it.

Promises to count every execution, and to call a finding: an exception, more than two seconds of
CPU, or more than 300 MB above what the process held when it began.
"""

import hashlib
import resource
import time
import traceback
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from bench.fuzz.mutation import mutated
from bench.fuzz.seeds import seeds
from bench.fuzz.targets import Target

SECONDS, MEGABYTES = 2.0, 300
_KEPT = 10  # inputs of one kind of finding
_BIN = 0.1  # of generated inputs become seeds: breadth without coverage


@dataclass(slots=True)
class Watch:
    """Runs a target on one input after the other and notes what goes wrong."""

    name: str
    target: Target
    folder: Path
    executions: int = 0
    slowest: float = 0.0
    findings: Counter[str] = field(default_factory=Counter)
    _memory: int = 0

    def __post_init__(self) -> None:
        self._memory = _megabytes()

    def run(self, data: bytes) -> None:
        """Run the target once."""
        self.executions += 1
        began = time.process_time()
        try:
            self.target(data)
        except Exception as error:  # noqa: BLE001 - any exception is a finding
            place = traceback.extract_tb(error.__traceback__)[-1]
            self._keep(f"{type(error).__name__} {Path(place.filename).name}:{place.lineno}", data)
        taken = time.process_time() - began
        self.slowest = max(self.slowest, taken)
        if taken > SECONDS:
            self._keep(f"slow: {taken:.1f} s", data)
        if _megabytes() - self._memory > MEGABYTES:
            self._memory = _megabytes()
            self._keep("memory", data)

    def _keep(self, kind: str, data: bytes) -> None:
        label = kind.partition(":")[0] if kind.startswith("slow") else kind
        self.findings[label] += 1
        if self.findings[label] <= _KEPT:
            self.folder.mkdir(parents=True, exist_ok=True)
            name = f"{self.name}-{hashlib.sha256(data).hexdigest()[:12]}"
            (self.folder / name).write_bytes(data)
            print(f"  {self.name}: {kind}, {len(data)} bytes, kept as {name}", flush=True)


def by_mutation(watch: Watch, seconds: float, seed: int) -> None:
    """Mutate seeds until the time is over."""
    rng, corpus = Random(seed), seeds(watch.name)
    for data in corpus:
        watch.run(data)
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        data = mutated(rng.choice(corpus), rng.choice(corpus), rng)
        watch.run(data)
        if rng.random() < _BIN and len(corpus) < 5000:
            corpus.append(data)


def report(watch: Watch) -> None:
    """Print one line for a target."""
    found = ", ".join(f"{kind} x{count}" for kind, count in watch.findings.items()) or "nothing"
    ran = f"{watch.executions:>9} executions, slowest {watch.slowest:.3f} s"
    print(f"{watch.name:<16}{ran}, {_megabytes()} MB: {found}", flush=True)


def _megabytes() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10
