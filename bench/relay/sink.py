"""The next hop of every peer: Postfix's `smtp-sink`, which takes everything and counts."""

import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench.relay.peer import free_port, started, wait_for

_PAUSE = 0.02  # seconds between two looks at the counter
_LAST = 100  # bytes of the counter that are looked at: it rewrites its line for each mail
_MOST = 5000  # connections; of its own accord it lets all wait from the 257th on
_MAILS = re.compile(rb"mesg=(\d+)\r")


@dataclass(frozen=True, slots=True)
class Sink:
    """A running `smtp-sink`."""

    port: int
    counter: Path

    @property
    def taken(self) -> int:
        """How many mails it has taken since it started."""
        with self.counter.open("rb") as counter:
            counter.seek(max(0, self.counter.stat().st_size - _LAST))
            seen = _MAILS.findall(counter.read())
        return int(seen[-1]) if seen else 0

    def wait_for(self, count: int, seconds: float = 300.0) -> None:
        """Wait until it has taken `count` mails. Raises TimeoutError."""
        deadline = time.monotonic() + seconds
        while self.taken < count:
            if time.monotonic() > deadline:
                raise TimeoutError(f"the next hop has {self.taken} mails of {count}")
            time.sleep(_PAUSE)

    def settle(self, quiet: float = 2.0, seconds: float = 60.0) -> None:
        """Wait until nothing has come for a while, or for so many seconds in all."""
        deadline = time.monotonic() + seconds
        seen, since = self.taken, time.monotonic()
        while time.monotonic() < min(deadline, since + quiet):
            time.sleep(_PAUSE)
            if self.taken != seen:
                seen, since = self.taken, time.monotonic()


@contextmanager
def sink(folder: Path) -> Iterator[Sink]:
    """Run one."""
    port, counter = free_port(), folder / "sink"
    words = ["smtp-sink", "-u", "nobody", "-c", "-4", "-m", str(_MOST), f"127.0.0.1:{port}", "1000"]
    with started(words, counter):
        wait_for(port)
        yield Sink(port, counter)
