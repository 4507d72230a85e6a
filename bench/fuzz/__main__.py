"""Fuzz for a while: `python -m bench.fuzz [TARGET...] --seconds 300`.

By coverage where atheris is installed, otherwise by mutation. Every target runs in a process of
its own. Findings are kept as files, to be made into tests.
"""

import argparse
import importlib.util
import subprocess
import sys
from pathlib import Path

from bench.fuzz.run import Watch, by_mutation, report
from bench.fuzz.targets import TARGETS

FOLDER = Path(__file__).parents[2] / ".cache" / "fuzz"
COVERAGE, MUTATION = "coverage", "mutation"


def main() -> None:
    """Run each target in turn, or this process's own one."""
    wanted = _arguments()
    if wanted.alone:
        alone(wanted)
        return
    by = wanted.by or (COVERAGE if importlib.util.find_spec("atheris") else MUTATION)
    print(f"by {by}, {wanted.seconds} s a target, findings in {wanted.folder}", flush=True)
    failed = [one for one in wanted.targets or TARGETS if _run(one, by, wanted)]
    sys.exit(bool(failed))


def alone(wanted: argparse.Namespace) -> None:
    """Mutate one target here and print what came of it."""
    name = wanted.targets[0]
    watch = Watch(name, TARGETS[name], wanted.folder)
    by_mutation(watch, wanted.seconds, wanted.seed)
    report(watch)
    sys.exit(bool(watch.findings))


def _run(target: str, by: str, wanted: argparse.Namespace) -> int:
    seconds, seed, folder = str(wanted.seconds), str(wanted.seed), str(wanted.folder)
    if by == COVERAGE:
        command = ["bench.fuzz.coverage", target, seconds, seed, folder]
    else:
        command = ["bench.fuzz", target, "--alone"]
        command += ["--seconds", seconds, "--seed", seed, "--folder", folder]
    return subprocess.run([sys.executable, "-m", *command], check=False).returncode


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.fuzz", description=__doc__)
    parser.add_argument("targets", nargs="*", choices=[*TARGETS, []], metavar="TARGET")
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--folder", type=Path, default=FOLDER)
    parser.add_argument("--by", choices=(COVERAGE, MUTATION))
    parser.add_argument("--alone", action="store_true", help=argparse.SUPPRESS)
    return parser.parse_args()


if __name__ == "__main__":
    main()
