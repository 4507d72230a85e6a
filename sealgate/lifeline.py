"""What ties a process to the supervisor that started it.

A process says on standard output when it is ready, and ends when its standard input closes: so a
supervisor that is killed leaves no orphan behind that still holds the ports, nor one that was just
starting and takes them later.
Must never be used outside a supervised process: standard input of a terminal closes at will.
"""

import asyncio
import json
import os
import select
import signal
import stat
import sys
from dataclasses import asdict, dataclass, field
from typing import Any, Self

EX_CONFIG = 78  # sysexits.h: the settings are wrong; starting again would not help
EX_TEMPFAIL = 75  # sysexits.h: not now; starting again may help


@dataclass(frozen=True, slots=True)
class Ready:
    """A process is ready: its role, its process id, and the addresses it listens on."""

    role: str
    pid: int
    listening: dict[str, str] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """Give the line's content."""
        return {"ready": asdict(self)}

    @classmethod
    def from_line(cls, line: bytes) -> Self:
        """Read a line written by `say_ready`."""
        return cls(**json.loads(line)["ready"])


def say_ready(role: str, listening: dict[str, str]) -> None:
    """Tell the supervisor that this process is ready."""
    line = json.dumps(Ready(role, os.getpid(), listening).to_json())
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


class Stopping:
    """Set when this process should end: SIGTERM, SIGINT, or the supervisor is gone."""

    def __init__(self) -> None:
        self._event = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._event.set)
        # The supervisor tells every process to read the policy again. Whoever goes by none must not
        # die of it.
        loop.add_signal_handler(signal.SIGHUP, _nothing)
        kind = os.fstat(0).st_mode
        # asyncio opens a pipe as a socket pair
        self._has_lifeline = stat.S_ISFIFO(kind) or stat.S_ISSOCK(kind)
        if self._has_lifeline:
            loop.add_reader(0, self._lifeline_moved)

    def _lifeline_moved(self) -> None:
        if not os.read(0, 1024):
            asyncio.get_running_loop().remove_reader(0)
            self._event.set()

    def already(self) -> bool:
        """Whether this process should end, as of now: to be asked before ports are taken.

        Starting takes seconds, in which the event loop watches nothing and the supervisor may die.
        """
        watched = self._has_lifeline and not self._event.is_set()
        if watched and select.select([0], [], [], 0)[0]:
            self._lifeline_moved()
        return self._event.is_set()

    async def wait(self) -> None:
        """Wait until this process should end."""
        await self._event.wait()


def _nothing() -> None:
    """Do nothing about a signal."""
