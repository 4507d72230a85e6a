"""Long fuzzing by hand: `python -m tests.fuzz [TARGET] [--seconds N] [--seed N]`.

With atheris installed it is guided by coverage; without, bytes are changed at random. Prints the
slowest input and the peak of memory; what takes over two seconds, or raises, is written to a file.
"""

import argparse
import importlib.util
import random
import resource
import sys
import time
from pathlib import Path

from tests.fuzz.mutation import mutated
from tests.fuzz.targets import TARGETS, Target

TOO_LONG = 2.0


def main() -> None:
    """Run one target, or all of them one after the other."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz")
    parser.add_argument("target", nargs="?", choices=[*TARGETS, "all"], default="all")
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1 << 32))
    chosen = parser.parse_args()
    names = list(TARGETS) if chosen.target == "all" else [chosen.target]
    if importlib.util.find_spec("atheris") and len(names) == 1:
        guided(TARGETS[names[0]], chosen.seconds)
        return
    for name in names:
        at_random(name, TARGETS[name], chosen.seconds / len(names), chosen.seed)


def guided(target: Target, seconds: float) -> None:
    """Let atheris choose the bytes."""
    import atheris

    atheris.instrument_all()
    atheris.Setup([sys.argv[0], f"-max_total_time={int(seconds)}", "-timeout=2"], target.run)
    atheris.Fuzz()


def at_random(name: str, target: Target, seconds: float, seed: int) -> None:
    """Change bytes at random until the time is over."""
    draw = random.Random(seed)
    until, count, worst = time.monotonic() + seconds, 0, 0.0
    while time.monotonic() < until:
        data = mutated(target.seeds, draw)
        count += 1
        began = time.process_time()
        try:
            target.run(data)
        except Exception as error:
            keep(name, data)
            raise SystemExit(f"{name}: {error!r}, seed {seed}, input {count}") from error
        took = time.process_time() - began
        worst = max(worst, took)
        if took > TOO_LONG:
            keep(name, data)
            raise SystemExit(f"{name}: {took:.1f} seconds, seed {seed}, input {count}")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{name}: {count} inputs, slowest {worst * 1000:.0f} ms, {peak:.0f} MB, seed {seed}")


def keep(name: str, data: bytes) -> None:
    """Write an input that broke something beside the working folder's other files."""
    Path(f"fuzz-{name}.bin").write_bytes(data)
    print(f"written to fuzz-{name}.bin")


if __name__ == "__main__":
    main()
