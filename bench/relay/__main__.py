"""The table: `python -m bench.relay [--rounds N] [--only WORDS] [--share F]`, as root.

Each round sends every kind of mail to every peer in turn; figures are medians over the rounds with
the smallest and largest. A mail counts when the next hop has it (a sealed one when it is accepted,
for it goes nowhere else; Postfix, which cannot seal, then accepts the same mail).
"""

import argparse
import statistics
import subprocess
import tempfile
import time
from collections import defaultdict
from contextlib import ExitStack
from pathlib import Path

from bench.relay.node import Node
from bench.relay.peer import Peer
from bench.relay.postfix import Postfix
from bench.relay.sink import Sink
from bench.relay.work import MIB, WORKS, Work

Rates = dict[tuple[str, str], list[float]]


def main() -> None:
    """Measure and print."""
    said = arguments()
    works = [work for work in WORKS if said.only in work.name]
    rates: Rates = defaultdict(list)
    with ExitStack() as running:
        folder = Path(running.enter_context(tempfile.TemporaryDirectory()))
        sink = running.enter_context(Sink())
        peers: list[Peer] = [
            running.enter_context(peer)
            for peer in (Node(sink.port), Postfix(sink.port), Postfix(sink.port, filtered=True))
        ]
        for number in range(said.rounds):
            for work in works:
                for peer in peers[number % len(peers) :] + peers[: number % len(peers)]:
                    words = sized(work, work.arguments(folder, number), said.share)
                    rates[work.name, peer.name].append(run(work, peer, sink, words))
    for work in works:
        print("\n".join(lines(work, peers, rates)))


def arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="python -m bench.relay", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--only", default="", help="rows whose name contains this")
    parser.add_argument("--share", type=float, default=1.0, help="of the mails of each row")
    return parser.parse_args()


def sized(work: Work, words: list[str], share: float) -> list[str]:
    """Give the arguments for a share of the mails, one for each session at least."""
    words[words.index("-m") + 1] = str(max(work.sessions, round(work.count * share)))
    return words


def run(work: Work, peer: Peer, sink: Sink, words: list[str]) -> float:
    """Send a work's mails to a peer; mails a second."""
    count = int(words[words.index("-m") + 1])
    before, began = sink.taken, time.perf_counter()
    subprocess.run(["smtp-source", *words, f"127.0.0.1:{peer.port}"], check=True)
    if not work.sealed:
        sink.wait_for(before + count)
    seconds = time.perf_counter() - began
    if work.sealed:
        sink.wait_for(before + count)  # the notices, or Postfix's copies: out of the way of others
    return count / seconds


def lines(work: Work, peers: list[Peer], rates: Rates) -> list[str]:
    """Give a work's part of the table."""
    own = statistics.median(rates[work.name, peers[0].name])
    unit, factor = ("MB/s", work.size / MIB) if work.megabytes else ("mails/s", 1.0)
    out = [work.name]
    for peer in peers:
        seen = [rate * factor for rate in rates[work.name, peer.name]]
        middle = statistics.median(seen)
        spread = f"{min(seen):.0f}-{max(seen):.0f}"
        ratio = f"{own * factor / middle:5.2f}x" if peer is not peers[0] else ""
        out.append(f"  {peer.name:<18}{middle:>8.0f} {unit:<8} {spread:>12}  {ratio}")
    return out


if __name__ == "__main__":
    main()
