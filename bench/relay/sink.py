"""The next hop of every peer: Postfix's `smtp-sink`, which takes everything and counts."""

import re
import subprocess
import tempfile
import time
from pathlib import Path
from types import TracebackType
from typing import Self

from bench.relay.ports import free_port, wait_for

_PAUSE = 0.02  # seconds between two looks at the counter
_MAILS = re.compile(rb"mesg=(\d+)\r")


class Sink:
    """A running `smtp-sink`."""

    def __init__(self) -> None:
        self.port = free_port()
        self._counted = Path(tempfile.mkstemp(prefix="bench-sink-")[1])

    def __enter__(self) -> Self:
        with self._counted.open("wb") as counter:
            words = ["smtp-sink", "-u", "nobody", "-c", "-4", f"127.0.0.1:{self.port}", "1000"]
            self._process = subprocess.Popen(words, stdout=counter)
        wait_for(self.port)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._process.terminate()
        self._process.wait()
        self._counted.unlink()

    @property
    def taken(self) -> int:
        """How many mails it has taken since it started."""
        with self._counted.open("rb") as counter:
            counter.seek(max(0, self._counted.stat().st_size - 100))
            seen = _MAILS.findall(counter.read())
        return int(seen[-1]) if seen else 0

    def wait_for(self, count: int, seconds: float = 300.0) -> None:
        """Wait until it has taken `count` mails. Raises TimeoutError."""
        deadline = time.monotonic() + seconds
        while self.taken < count:
            if time.monotonic() > deadline:
                raise TimeoutError(f"the next hop has {self.taken} mails of {count}")
            time.sleep(_PAUSE)
