"""What a peer is: a server that takes mail on a port and hands it to the next hop.

Also what is needed to run one: free ports, waiting for a greeting, and ending it. Must never leave
a process behind.
"""

import socket
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench.relay.tree import Tree

ENDING = 20.0  # seconds a server is given to end by itself


@dataclass(frozen=True, slots=True)
class Peer:
    """A running server: its name in the table, its port on 127.0.0.1, and its processes."""

    name: str
    port: int
    tree: Tree


def free_port() -> int:
    """Return a port of 127.0.0.1 that nobody listens on now."""
    with closing(socket.create_server(("127.0.0.1", 0))) as probe:
        port: int = probe.getsockname()[1]
        return port


def wait_for(port: int, seconds: float = 90.0) -> None:
    """Wait until an SMTP server greets on a port. Raises TimeoutError."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        try:
            with closing(socket.create_connection(("127.0.0.1", port), 2)) as probe:
                if probe.recv(3) == b"220":
                    probe.sendall(b"QUIT\r\n")
                    return
        except OSError:
            time.sleep(0.05)
    raise TimeoutError(f"nothing greets on port {port}")


@contextmanager
def started(
    command: Sequence[str | Path], log: Path, environment: dict[str, str] | None = None
) -> Iterator[subprocess.Popen[bytes]]:
    """Run a server with its output in a file; end it, at last by force."""
    with log.open("wb") as output:
        process = subprocess.Popen(command, stdout=output, stderr=output, env=environment)
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(ENDING)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
