"""strace at a subject: which system calls it makes, and what happens if one of them goes wrong.

A point is a system call's name and a number: strace counts for each thread by itself, so the point
is reached by the first thread that makes so many calls of that name.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

# What changes something outside the process: files, the database, the network.
CALLS = (
    "openat", "write", "pwrite64", "fsync", "fdatasync", "rename", "unlink", "ftruncate",
    "close", "sendto",
)  # fmt: skip
FILES = ("openat", "write", "pwrite64", "fsync", "fdatasync", "rename", "ftruncate")
_CALL = re.compile(r"^(\d+) +(\w+)\(")


@dataclass(frozen=True, order=True)
class Point:
    call: str
    number: int

    def __str__(self) -> str:
        return f"{self.call} {self.number}"


def need_strace() -> str:
    found = shutil.which("strace")
    if found is None:
        pytest.skip("strace is not installed (apt-get install strace)")
    return found


def lives(pid: int) -> bool:
    """Whether a process runs; one that is dead and not yet buried does not."""
    try:
        status = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False
    return status.rpartition(") ")[2][0] not in "ZX"


@contextmanager
def traced(pid: int, *options: str, out: Path) -> Iterator[None]:
    """Have strace look at a process and all its threads; it writes to `out`."""
    words = [need_strace(), "-f", "-p", str(pid), "-o", str(out), *options]
    with subprocess.Popen(words, stderr=subprocess.PIPE, text=True) as strace:
        try:
            assert strace.stderr is not None
            said = strace.stderr.readline()
            if "attached" not in said:
                pytest.skip(f"strace may not attach here: {said.strip()}")
            yield
        finally:
            _let_go(strace, pid)


def _let_go(strace: subprocess.Popen[str], pid: int) -> None:
    """End strace: when all its processes were killed it may wait for them for ever."""
    if lives(pid):
        strace.terminate()
    else:
        strace.kill()
    try:
        strace.communicate(timeout=3)
    except subprocess.TimeoutExpired:
        strace.kill()
        strace.communicate()


def killing(point: Point) -> tuple[str, ...]:
    """Options that kill the process when it comes to a point."""
    return ("-e", f"trace={point.call}", *_injecting(point, "signal=SIGKILL"))


def failing(point: Point, error: str) -> tuple[str, ...]:
    """Options that make the call at a point fail, once."""
    return ("-e", f"trace={point.call}", *_injecting(point, f"error={error}"))


def _injecting(point: Point, what: str) -> tuple[str, str]:
    return ("-e", f"inject={point.call}:{what}:when={point.number}")


def points(log: Path) -> list[Point]:
    """Every point that a trace has come by."""
    made: Counter[tuple[str, str]] = Counter()
    for line in log.read_text(errors="replace").splitlines():
        if found := _CALL.match(line):
            made[found[1], found[2]] += 1
    most: dict[str, int] = {}
    for (_, call), count in made.items():
        most[call] = max(most.get(call, 0), count)
    return [Point(call, number + 1) for call in sorted(most) for number in range(most[call])]


def spread(found: list[Point], count: int) -> list[Point]:
    """So many of the points, evenly spread; all of them if `count` is 0."""
    if not count or count >= len(found):
        return found
    return [found[at * len(found) // count] for at in range(count)]
