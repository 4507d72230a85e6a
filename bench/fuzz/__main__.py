"""Fuzz for a while: `python -m bench.fuzz [TARGET...] --seconds 300`.

Every target runs in a process of its own. Findings are kept as files to be made into tests.
"""

import argparse
import atexit
import importlib.util
import subprocess
import sys
from pathlib import Path

from bench.fuzz.run import Watch, by_coverage, by_mutation
from bench.fuzz.targets import TARGETS

FOLDER = Path(__file__).parents[2] / ".cache" / "fuzz"


def main() -> None:
    """Run each target, or this process's own one."""
    wanted = _arguments()
    if wanted.alone:
        alone(wanted)
        return
    by = wanted.by or ("coverage" if importlib.util.find_spec("atheris") else "mutation")
    print(f"by {by}, {wanted.seconds} s a target, findings in {wanted.folder}")
    failed = 0
    for target in wanted.targets or TARGETS:
        command = [sys.executable, "-m", "bench.fuzz", target, "--alone", "--by", by]
        command += ["--seconds", str(wanted.seconds), "--seed", str(wanted.seed)]
        failed |= subprocess.run([*command, "--folder", str(wanted.folder)], check=False).returncode
    sys.exit(failed != 0)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.fuzz", description=__doc__)
    parser.add_argument("targets", nargs="*", choices=[*TARGETS, []], metavar="TARGET")
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--folder", type=Path, default=FOLDER)
    parser.add_argument("--by", choices=("coverage", "mutation"))
    parser.add_argument("--alone", action="store_true", help=argparse.SUPPRESS)
    return parser.parse_args()


def alone(wanted: argparse.Namespace) -> None:
    """Run one target here and print what came of it, also when the fuzzer ends the process."""
    name = wanted.targets[0]
    watch = Watch(name, TARGETS[name], wanted.folder)
    atexit.register(report, watch)
    run = by_coverage if wanted.by == "coverage" else by_mutation
    run(watch, wanted.seconds, wanted.seed)
    sys.exit(bool(watch.findings))


def report(watch: Watch) -> None:
    """Print one line for a target."""
    found = ", ".join(f"{kind} x{count}" for kind, count in watch.findings.items()) or "nothing"
    print(
        f"{watch.name:<16}{watch.executions:>9} executions, slowest {watch.slowest:.3f} s: {found}"
    )


if __name__ == "__main__":
    main()
