"""What a process and everything below it use, as Linux counts it in /proc.

Promises figures that are fair to servers of many processes: memory that is shared is divided among
those who share it (PSS), and a child that has ended counts through whoever waited for it. A child
between vfork and exec lives in its parent's memory, and has none of its own.
"""

import ctypes
import os
import platform
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

_KCMP, _VM = {"x86_64": 312, "aarch64": 272}, 1
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
        return sum(_memory(pid) for pid, parent in self._born() if not _lives_in(parent, pid))

    def pids(self) -> Iterator[int]:
        """Yield the processes that live now."""
        return (pid for pid, _parent in self._born())

    def _born(self) -> Iterator[tuple[int, int]]:
        """Yield each process with its parent, 0 for the first."""
        waiting = [(self.top, 0)]
        while waiting:
            pid, parent = waiting.pop()
            yield pid, parent
            with suppress(OSError):
                for task in Path(f"/proc/{pid}/task").iterdir():
                    children = (task / "children").read_text().split()
                    waiting += [(int(child), pid) for child in children]


def _lives_in(parent: int, pid: int) -> bool:
    """Whether two processes have one address space (kcmp(2), KCMP_VM)."""
    number = _KCMP.get(platform.machine())
    if not parent or number is None:
        return False
    return bool(ctypes.CDLL(None).syscall(number, parent, pid, _VM, 0, 0) == 0)


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
