"""`python -m bench.relay [--rounds N] [--only WORDS] [--share F] [--peers WORDS]`, as root.

Prints the table of rates; `memory`, `latency` and `growth` are programs of their own beside it.
"""

import argparse
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack
from functools import partial
from pathlib import Path

from bench.relay import ground, table
from bench.relay.exim import exim
from bench.relay.haraka import haraka
from bench.relay.node import node
from bench.relay.peer import Peer
from bench.relay.postfix import postfix
from bench.relay.proxy import proxy
from bench.relay.sink import Sink, sink
from bench.relay.unavailable import UnavailableError
from bench.relay.work import WORKS

Start = Callable[[Path, int], AbstractContextManager[Peer]]

PEERS: dict[str, Start] = {
    "sealgate": node,
    "postfix": postfix,
    "filter": partial(postfix, filtered=True),
    "exim": exim,
    "haraka": haraka,
    "proxy": proxy,
}


def main() -> None:
    """Measure and print."""
    said = arguments()
    works = [work for work in WORKS if said.only in work.name]
    with ground.folder() as folder, sink(folder) as next_hop, ExitStack() as running:
        peers = list(started(said.peers.split(","), folder, next_hop, running))
        runs = table.measure(works, peers, next_hop, folder, said.rounds, said.share)
    for work in works:
        print("\n".join(table.lines(work, peers, runs)))


def arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="python -m bench.relay", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--only", default="", help="rows whose name contains this")
    parser.add_argument("--share", type=float, default=1.0, help="of the mails of each row")
    parser.add_argument("--peers", default=",".join(PEERS), help="some of these, the first leads")
    return parser.parse_args()


def started(names: list[str], folder: Path, next_hop: Sink, running: ExitStack) -> Iterator[Peer]:
    """Start the peers that can be had, and say which cannot."""
    for name in names:
        try:
            yield running.enter_context(PEERS[name](folder / name, next_hop.port))
        except UnavailableError as why:
            print(why, file=sys.stderr)


if __name__ == "__main__":
    main()
