"""The load: Postfix's `smtp-source` sends a work's mails to a peer, and the time is taken."""

import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

from bench.relay.peer import Peer
from bench.relay.sink import Sink
from bench.relay.work import Work


@dataclass(frozen=True, slots=True)
class Run:
    """What one run came to."""

    mails: int
    seconds: float
    cpu: float

    @property
    def rate(self) -> float:
        """Mails a second."""
        return self.mails / self.seconds

    @property
    def cpu_per_mail(self) -> float:
        """Milliseconds of CPU time that the peer used for a mail."""
        return 1000 * self.cpu / self.mails


def run(work: Work, peer: Peer, sink: Sink, folder: Path, count: int, number: int = 0) -> Run:
    """Send `count` mails to a peer, for the `number`th time.

    The time ends when the next hop has them, or for sealed ones, which go nowhere, when they are
    accepted. What is still on its way then (notices, or a peer's copies) is waited for afterwards,
    out of the way of the next run; its CPU time counts.
    """
    before, used, began = sink.taken, peer.tree.cpu, time.perf_counter()
    words = work.arguments(folder, count, number)
    subprocess.run(["smtp-source", *words, f"127.0.0.1:{peer.port}"], check=True)
    accepted = time.perf_counter() - began
    sink.wait_for(before + count)
    arrived = time.perf_counter() - began
    return Run(count, accepted if work.sealed else arrived, peer.tree.cpu - used)
