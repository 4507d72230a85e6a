"""The load: Postfix's `smtp-source` sends a work's mails to a peer, and the time is taken.

Promises that a peer which breaks down under it says so, and ends no other peer's run.
"""

import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

from bench.relay.peer import Peer
from bench.relay.sink import Sink
from bench.relay.work import Work

LONGEST = 300.0  # seconds a peer has for the mails of one run
_WIDEST = 90  # characters of a reason


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


@dataclass(frozen=True, slots=True)
class Failure:
    """A run that came to nothing, and why."""

    why: str


def attempt(
    work: Work, peer: Peer, sink: Sink, folder: Path, count: int, number: int = 0
) -> Run | Failure:
    """Do as `run` does; a peer that refuses, hangs up or loses mails gives a `Failure`."""
    try:
        return run(work, peer, sink, folder, count, number)
    except subprocess.CalledProcessError as error:
        said = error.stderr.decode("utf-8", "replace").strip().splitlines()
        return Failure(_shortened(said[-1]) if said else f"smtp-source ended by {error.returncode}")
    except subprocess.TimeoutExpired:
        return Failure(f"not all mails were taken within {LONGEST:.0f} s")
    except OSError as error:  # TimeoutError among them; or the peer is gone
        return Failure(_shortened(str(error)))


def run(work: Work, peer: Peer, sink: Sink, folder: Path, count: int, number: int = 0) -> Run:
    """Send `count` mails to a peer, for the `number`th time.

    The time ends when the next hop has them, or for sealed ones, which go nowhere, when they are
    accepted. What is still on its way then (notices, or a peer's copies) is waited for afterwards,
    out of the way of the next run; its CPU time counts. Raises CalledProcessError when the peer
    turns mails away, and TimeoutError or TimeoutExpired when they do not arrive.
    """
    before, used, began = sink.taken, peer.tree.cpu, time.perf_counter()
    words = work.arguments(folder, count, number)
    command = ["smtp-source", *words, f"127.0.0.1:{peer.port}"]
    subprocess.run(command, check=True, stderr=subprocess.PIPE, timeout=LONGEST)
    accepted = time.perf_counter() - began
    sink.wait_for(before + count)
    arrived = time.perf_counter() - began
    return Run(count, accepted if work.sealed else arrived, peer.tree.cpu - used)


def _shortened(reason: str) -> str:
    return reason.removeprefix("smtp-source: ")[:_WIDEST]
