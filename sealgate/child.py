"""One process of a node: forked from the supervisor, which has loaded the program already.

It starts within milliseconds and shares its memory with the others until it writes to it. Promises
that it ends when the supervisor dies, however that happens, and that no other process keeps its
lifeline open. Must never be born of a process that has threads or an event loop.
"""

import gc
import os
import signal
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NoReturn, Self

import structlog
from setproctitle import setproctitle

log = structlog.get_logger()

_PIECE = 1 << 16
_DEFAULT = (signal.SIGTERM, signal.SIGCHLD, signal.SIGHUP)


@dataclass(slots=True)
class Child:
    """A process: its number, our end of its lifeline, and where its lines are heard."""

    pid: int
    lifeline: int
    told: int
    _line: bytes = field(default=b"", init=False)

    @classmethod
    def bear(cls, title: str, live: Callable[[], int]) -> Self:
        """Fork; the child is named `title` and ends with what `live` returns."""
        sys.stdout.flush()
        gc.freeze()  # collecting garbage would write to every page, and so share none
        lifeline_end, lifeline = os.pipe()
        told, told_end = os.pipe()
        if (pid := os.fork()) == 0:
            _begin(title, lifeline_end, told_end)
            _end(live)
        os.close(lifeline_end)
        os.close(told_end)
        return cls(pid, lifeline, told)

    def heard(self) -> list[bytes]:
        """Return the lines it has said since; what has no end yet comes later."""
        *lines, self._line = (self._line + os.read(self.told, _PIECE)).split(b"\n")
        return lines

    def tell(self, number: signal.Signals) -> None:
        """Send it a signal. It has not been waited for, so its number is still its own."""
        os.kill(self.pid, number)

    def ended(self) -> int | None:
        """Return its exit code once it has ended (negative: the signal it died of)."""
        pid, status = os.waitpid(self.pid, os.WNOHANG)
        return os.waitstatus_to_exitcode(status) if pid else None

    def bury(self) -> None:
        """Forget it after its end."""
        os.close(self.lifeline)
        os.close(self.told)


def _begin(title: str, lifeline: int, told: int) -> None:
    """Become a process of its own, with nothing of the supervisor's open, lifelines least of all.

    Ctrl-C at a terminal reaches the supervisor alone.
    """
    os.setpgid(0, 0)
    signal.set_wakeup_fd(-1)
    for number in _DEFAULT:
        signal.signal(number, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    os.dup2(lifeline, 0)
    os.dup2(told, 1)
    os.closerange(3, os.sysconf("SC_OPEN_MAX"))
    setproctitle(title)


def _end(live: Callable[[], int]) -> NoReturn:
    """Live, and end without what the supervisor would do at its own end."""
    code = os.EX_SOFTWARE
    try:
        code = live()
    except Exception:
        log.exception("process.fault")
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)
