"""What a process and everything below it use, as Linux counts it in /proc.

Promises figures that are fair to servers of many processes: memory that is shared is divided among
those who share it (PSS), and a child that has ended counts through whoever waited for it.
"""

import os
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

_TICKS = os.sysconf("SC_CLK_TCK")
_USER, _CHILDREN_SYSTEM = 11, 15  # of /proc/PID/stat behind the name: utime stime cutime cstime


@dataclass(frozen=True, slots=True)
class Tree:
    """The processes from `top` downwards."""

    top: int

    @property
    def cpu(self) -> float:
        """CPU seconds used so far, in user and system mode."""
        return sum(_cpu(pid) for pid in self.pids()) / _TICKS

    @property
    def memory(self) -> int:
        """Bytes resident now."""
        return sum(_memory(pid) for pid in self.pids())

    def pids(self) -> Iterator[int]:
        """Yield the processes that live now."""
        waiting = [self.top]
        while waiting:
            pid = waiting.pop()
            yield pid
            with suppress(OSError):
                for task in Path(f"/proc/{pid}/task").iterdir():
                    waiting += map(int, (task / "children").read_text().split())


def _cpu(pid: int) -> int:
    with suppress(OSError):
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        return sum(map(int, fields[_USER:_CHILDREN_SYSTEM]))
    return 0


def _memory(pid: int) -> int:
    with suppress(OSError):
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) << 10
    return 0
