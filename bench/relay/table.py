"""The table of rates: every kind of mail with every peer in turns, and ratios with their spread.

A peer that breaks down in one row is told so in its cell; the other rows and peers go on.
"""

import statistics
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

from bench.relay.load import Failure, Run, attempt
from bench.relay.peer import Peer
from bench.relay.sink import Sink
from bench.relay.work import MIB, Work

Runs = dict[tuple[str, str], list[Run | Failure]]


def measure(
    works: Sequence[Work],
    peers: Sequence[Peer],
    sink: Sink,
    folder: Path,
    rounds: int,
    share: float,
) -> Runs:
    """Run every work with every peer, `rounds` times, each round in another order."""
    runs: Runs = defaultdict(list)
    for number in range(rounds):
        turn = number % len(peers)
        for work in works:
            count = max(work.sessions, round(work.count * share))
            for peer in (*peers[turn:], *peers[:turn]):
                done = attempt(work, peer, sink, folder, count, number)
                runs[work.name, peer.name].append(done)
                if isinstance(done, Failure):
                    sink.settle()  # what it still hands over belongs to nobody's run
    return runs


def lines(work: Work, peers: Sequence[Peer], runs: Runs) -> list[str]:
    """Give a work's part of the table. A ratio is how many times the peer's rate the first has.

    Ratios are of the runs of one round, which shared the machine's moods; a round in which either
    failed has none.
    """
    unit, factor = ("MB/s", work.size / MIB) if work.megabytes else ("mails/s", 1.0)
    own = runs[work.name, peers[0].name]
    out = [work.name]
    for peer in peers:
        seen = runs[work.name, peer.name]
        rates = [one.rate for one in seen if isinstance(one, Run)]
        failed = [one.why for one in seen if isinstance(one, Failure)]
        cell = f"  {peer.name:<18}"
        if rates:
            cpu = statistics.median(one.cpu_per_mail for one in seen if isinstance(one, Run))
            cell += f"{factor * statistics.median(rates):>8.0f} {unit:<8}"
            cell += f"{_spread(rates, factor):>13}{cpu:>9.2f} ms CPU  "
            cell += "" if peer is peers[0] else _ratio(own, seen)
        if failed:
            cell += f"  failed {len(failed)} of {len(seen)}: {failed[-1]}"
        out.append(cell)
    return out


def _spread(rates: Sequence[float], factor: float) -> str:
    return f"{factor * min(rates):.0f}-{factor * max(rates):.0f}"


def _ratio(own: Sequence[Run | Failure], others: Sequence[Run | Failure]) -> str:
    ratios = sorted(
        mine.rate / theirs.rate
        for mine, theirs in zip(own, others, strict=True)
        if isinstance(mine, Run) and isinstance(theirs, Run)
    )
    if not ratios:
        return ""
    return f"{statistics.median(ratios):5.2f}x ({ratios[0]:.2f}-{ratios[-1]:.2f})"
