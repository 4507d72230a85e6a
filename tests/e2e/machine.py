"""What the tests ask of the machine: ports, processes, and time."""

import asyncio
import contextlib
import secrets
import socket
from collections.abc import Callable
from pathlib import Path


def free_port() -> int:
    """A port that nobody listens on now. Another process may take it first; that is rare.

    It is below those that the system gives to outgoing connections: while a killed process is
    started again, one of them could otherwise take its port.
    """
    while True:
        port = secrets.choice(range(10_000, 32_000))
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


def children(number: int) -> list[int]:
    """The processes that a process has started, from any thread, and that are still there."""
    found: list[int] = []
    for thread in Path(f"/proc/{number}/task").iterdir():
        with contextlib.suppress(OSError):  # a thread that has ended meanwhile
            found += map(int, (thread / "children").read_text().split())
    return found


async def until(condition: Callable[[], object], seconds: float) -> None:
    """Wait until something is true."""
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110 - what is waited for happens outside this process
            await asyncio.sleep(0.05)


def is_running(number: int, word: str) -> bool:
    """Whether a process runs and has a word on its command line, so that it is the one meant."""
    try:
        line = Path(f"/proc/{number}/cmdline").read_bytes()
    except OSError:
        return False
    return word.encode() in line
