"""`python -m bench.relay.growth [--rounds N]`: whether a mail costs more when there are many.

Told is the CPU time of all of Sealgate's processes for a clear mail of 4 KB, from 1 to 200 sessions
at once, and with up to 100,000 mails waiting in the queue; also what one turn of the deliverer
costs then, which finds nothing due.
"""

import argparse
import time
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from statistics import median

from bench.relay.ground import Ground, ground
from bench.relay.load import run
from bench.relay.work import Work
from sealgate import settings
from vault import keys
from vault.packages.facts import address_of
from vault.sending import claims
from vault.sending.posting import Kind, post
from vault.storage.store import Store

SESSIONS = (1, 10, 50, 200)
WAITING = (0, 1_000, 100_000)
MAILS = 600
BATCH = 5_000
LOOKS = 200
FAR = timedelta(days=2)


def sent(here: Ground, sessions: int) -> float:
    """Send small clear mails; return the milliseconds of CPU time of each."""
    work = Work(name="clear 4 KB", size=4096, count=MAILS, sessions=sessions)
    return run(work, here.peer, here.next_hop, here.folder, MAILS).cpu_per_mail


def by_sessions(here: Ground, rounds: int) -> None:
    """Send over more and more sessions, in turns."""
    seen: dict[int, list[float]] = {sessions: [] for sessions in SESSIONS}
    for _ in range(rounds):
        for sessions in SESSIONS:
            seen[sessions].append(sent(here, sessions))
    tell("sessions", seen)


def by_queue(here: Ground, rounds: int) -> None:
    """Send while more and more waits in the queue. A queue is not emptied: it grows."""
    store, relay = opened(here.folder)
    seen: dict[int, list[float]] = {}
    turns: dict[int, list[float]] = {}
    waiting = 0
    for wanted in WAITING:
        fill(store, wanted - waiting)
        waiting = wanted
        seen[wanted] = [sent(here, 10) for _ in range(rounds)]
        turns[wanted] = [looked(store, relay)]
    store.close()
    tell("in the queue", seen)
    tell("in the queue, an empty turn", turns)


def opened(folder: Path) -> tuple[Store, keys.RelayKeys]:
    """Open the node's vault beside it."""
    chosen = settings.load(folder / "node" / "sealgate.toml")
    return Store(chosen.vault), keys.load_relay(chosen.keys_folder)


def fill(store: Store, count: int) -> None:
    """Put letters into the queue that are not due for days."""
    sealing = keys.load_sealing(store.settings.folder / "keys")
    to = address_of("pat.okonkwo@partner.example")
    for start in range(0, count, BATCH):
        with store.writing() as tx:
            for _ in range(min(BATCH, count - start)):
                post(tx, sealing, Kind.POLICY, to, {}, available_at=tx.now + FAR)


def looked(store: Store, relay: keys.RelayKeys) -> float:
    """Return the milliseconds of CPU time of a claim that finds nothing."""
    began = time.thread_time()
    for _ in range(LOOKS):
        claims.claim(store, relay, "bench")
    return 1000 * (time.thread_time() - began) / LOOKS


def tell(name: str, seen: dict[int, list[float]]) -> None:
    """Print a line for each count, with the ratio to the least of them."""
    least = min(map(median, seen.values()))
    for count, figures in seen.items():
        print(f"{count:>8,} {name:<30}{median(figures):8.3f} ms CPU  {spread(figures):<16}"
              f"{median(figures) / least:5.2f}x")  # fmt: skip


def spread(figures: Sequence[float]) -> str:
    """Return the least and the most."""
    return f"{min(figures):.2f}-{max(figures):.2f}"


def main() -> None:
    """Read the command line and measure."""
    parser = argparse.ArgumentParser(prog="python -m bench.relay.growth", description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    said = parser.parse_args()
    with ground() as here:
        by_sessions(here, said.rounds)
        by_queue(here, said.rounds)


if __name__ == "__main__":
    main()
