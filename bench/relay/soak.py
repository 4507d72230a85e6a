"""`python -m bench.relay.soak [--minutes N] [--share F]`, as root: whether anything grows.

A day's mixture is sent at a steady pace, half of what the node takes at its best: ordinary mails,
sealed ones, attachments, a large one now and then, and mails that are refused. Told, in tenths of
the time, are CPU a mail, memory, open files, threads, the database's log, what waits in the queue,
and the wait of an honest client; at the end, how the last third compares with the second.
"""

import argparse
import asyncio
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import astuple, dataclass, fields
from pathlib import Path
from statistics import fmean, median

from bench.relay.ground import Ground, ground
from bench.relay.growth import opened
from bench.relay.latency import honest
from bench.relay.load import run
from bench.relay.work import MIB, SENDER, Work
from vault.sending import claims
from vault.storage.store import Store

CLEAR = Work(name="clear 4 KB", size=4096, count=1500, sessions=10)
MIXTURE = (  # and how many of each in a hundred mails
    (CLEAR, 84),
    (Work(name="clear 1 MB", size=MIB, count=1, sessions=2, attached=True), 3),
    (Work(name="sealed 4 KB", size=4096, count=1, sessions=5, sealed=True), 10),
    (Work(name="sealed 1 MB", size=MIB, count=1, sessions=2, sealed=True, attached=True), 2),
)
LARGE = Work(name="sealed 25 MB", size=25 * MIB, count=1, sessions=1, sealed=True, attached=True)
LARGE_EVERY = 60  # ticks
REFUSED = "jo.bloggs@gmail.com"
TICK = 1.0  # seconds
LOOK_EVERY = 20  # ticks: a look takes its time
PARTS = 10


@dataclass(frozen=True, slots=True)
class State:
    """What a node uses at one moment: bytes, counts, and seconds."""

    memory: float
    files: float
    threads: float
    log: float
    queue: float
    wait: float


def paced(here: Ground, rate: float, until: float) -> Iterator[int]:
    """Send the mixture, mails a second, until then; yield how many mails each tick had."""
    owed, tick = [0.0] * len(MIXTURE), 0
    while time.monotonic() < until:
        began, tick = time.monotonic(), tick + 1
        due = [(LARGE, 1)] if tick % LARGE_EVERY == 0 else []
        for place, (work, share) in enumerate(MIXTURE):
            owed[place] += rate * TICK * share / 100
            count = int(owed[place])
            owed[place] -= count
            due += [(work, count)] if count else []
        send(here, due, tick)
        refuse(here)
        yield sum(count for _, count in due)
        time.sleep(max(0.0, began + TICK - time.monotonic()))


def send(here: Ground, due: Sequence[tuple[Work, int]], tick: int) -> None:
    """Send mails of several kinds at once; every one of them must be accepted."""
    sending = []
    for work, count in due:
        words = work.arguments(here.folder, count, tick)
        words[words.index("-s") + 1] = str(min(work.sessions, count))
        sending.append(subprocess.Popen(["smtp-source", *words, f"127.0.0.1:{here.peer.port}"]))
    if [one for one in sending if one.wait()]:
        raise ValueError("a mail was not accepted")


def refuse(here: Ground) -> None:
    """Send one mail that is refused: `smtp-source` says so on standard error and fails."""
    words = ["-4", "-m", "1", "-f", SENDER, "-t", REFUSED, f"127.0.0.1:{here.peer.port}"]
    done = subprocess.run(["smtp-source", *words], capture_output=True, check=False)
    if b"550" not in done.stderr:
        raise ValueError("a mail that policy refuses was not refused")


def state(here: Ground, store: Store) -> State:
    """Look at the node."""
    pids = list(here.peer.tree.pids())
    log = store.settings.database_file.with_suffix(store.settings.database_file.suffix + "-wal")
    return State(
        memory=here.peer.tree.memory,
        files=sum(entries(pid, "fd") for pid in pids),
        threads=sum(entries(pid, "task") for pid in pids),
        log=log.stat().st_size if log.exists() else 0,
        queue=claims.backlog(store).queued,
        wait=asyncio.run(honest(here.peer.port)),
    )


def entries(pid: int, what: str) -> int:
    """Count what a process has open, or its threads; none if it has just ended."""
    with suppress(OSError):
        return len(list(Path(f"/proc/{pid}/{what}").iterdir()))
    return 0


def soak(here: Ground, minutes: float, share: float) -> list[tuple[float, State]]:
    """Send for so long; print and return CPU a mail and the state of each tenth, in its middle."""
    store, _ = opened(here.folder)
    best = max(run(CLEAR, here.peer, here.next_hop, here.folder, 1500, n).rate for n in range(3))
    print(f"at its best {best:.0f} mails/s; {minutes:g} minutes at {best * share:.0f}", flush=True)
    seen, began = [], time.monotonic()
    for part in range(1, PARTS + 1):
        used, mails, states = here.peer.tree.cpu, 0, []
        for tick, sent in enumerate(paced(here, best * share, began + minutes * 60 * part / PARTS)):
            mails += sent
            if tick % LOOK_EVERY == 0:
                states.append(state(here, store))
        cpu = 1000 * (here.peer.tree.cpu - used) / mails
        seen.append((cpu, middle(states)))
        tell(f"{part * 10} %", mails, *seen[-1])
    store.close()
    return seen


def middle(states: Sequence[State]) -> State:
    """Return the median of every figure."""
    return State(*map(median, zip(*map(astuple, states), strict=True)))


def tell(name: str, mails: int, cpu: float, at: State) -> None:
    """Print a line."""
    print(
        f"{name:>6} {mails:>7} mails {cpu:6.2f} ms CPU {at.memory / MIB:6.0f} MB "
        f"{at.files:5.0f} files {at.threads:4.0f} threads {at.log / MIB:6.1f} MB log "
        f"{at.queue:5.0f} queued {1000 * at.wait:6.0f} ms",
        flush=True,
    )


def compare(seen: Sequence[tuple[float, State]]) -> None:
    """Print how the last third compares with the second; the first warms up."""
    third = len(seen) // 3
    before, after = seen[third : 2 * third], seen[-third:]
    print("last third against the second:")
    print(f"  {'CPU':<8}{fmean(cpu for cpu, _ in after) / fmean(cpu for cpu, _ in before):6.2f}x")
    for field in fields(State):
        was, now = (fmean(getattr(at, field.name) for _, at in part) for part in (before, after))
        print(f"  {field.name:<8}{now / was if was else 1.0:6.2f}x")


def main() -> None:
    """Read the command line and measure."""
    parser = argparse.ArgumentParser(prog="python -m bench.relay.soak", description=__doc__)
    parser.add_argument("--minutes", type=float, default=30)
    parser.add_argument("--share", type=float, default=0.5, help="of the node's best rate")
    said = parser.parse_args()
    with ground() as here:
        compare(soak(here, said.minutes, said.share))


if __name__ == "__main__":
    main()
