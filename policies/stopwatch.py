"""How long work on one mail has taken, in CPU time of the thread that does it.

For whatever reads or searches what a stranger wrote. Promises never to give more time than was
asked for, whatever else the machine does, and to cost next to nothing while there is plenty left:
a thread's CPU clock is slow to answer, so it is asked only once the clock on the wall, which no
thread can outrun, says that a good part may have been used.
Must never be asked from another thread than the one that began.
"""

import time

_SHARE = 0.1  # of the time, on the wall, before the CPU clock is asked


class Stopwatch:
    """Counts down `seconds`, from now."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._began = time.monotonic()
        self._sure_until = self._began + _SHARE * seconds
        self._until: float | None = None  # on the CPU clock

    def is_over(self) -> bool:
        """Tell whether the time is used up."""
        if (now := time.monotonic()) < self._sure_until:
            return False
        used = time.thread_time()
        if self._until is None:
            self._until = used + self._seconds - (now - self._began)
        return used > self._until
