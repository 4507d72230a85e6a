"""A bare proxy as a peer: aiosmtpd in, aiosmtplib out, nothing between them, nothing kept."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench.relay.peer import Peer, free_port, started, wait_for
from bench.relay.tree import Tree

PASSING = Path(__file__).with_name("passing.py")


@contextmanager
def proxy(folder: Path, next_hop: int) -> Iterator[Peer]:
    """Run one."""
    folder.mkdir()
    port = free_port()
    words = [sys.executable, str(PASSING), str(port), str(next_hop)]
    with started(words, folder / "log") as process:
        wait_for(port)
        yield Peer("bare proxy", port, Tree(process.pid))
