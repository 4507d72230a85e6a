"""Rates that were measured in turns, and how near one comes to another.

Two programs that run one after the other meet different moods of a machine; so they take turns, and
the ratio is that of each turn.
"""

import statistics
from collections.abc import Callable, Sequence
from time import perf_counter

ROUNDS = 5


def turns(acts: Sequence[Callable[[], float]], rounds: int = ROUNDS) -> list[list[float]]:
    """Let each act measure its rate, in turns; returns the rates of each."""
    rates: list[list[float]] = [[] for _ in acts]
    for number in range(rounds):
        order = [*range(number % len(acts), len(acts)), *range(number % len(acts))]
        for which in order:
            rates[which].append(acts[which]())
    return rates


def line(name: str, unit: str, own: Sequence[float], limit: Sequence[float], of: str) -> str:
    """Give one row: the median, its spread, the limit's median and the median ratio."""
    ratios = sorted(mine / its for mine, its in zip(own, limit, strict=True))
    spread = f"{min(own):,.0f}-{max(own):,.0f}"
    return (
        f"{name:<34}{statistics.median(own):>11,.0f} {unit:<10}{spread:>19}   "
        f"{of} {statistics.median(limit):,.0f}: {statistics.median(ratios):.2f} "
        f"({ratios[0]:.2f}-{ratios[-1]:.2f})"
    )


def seconds(act: Callable[[], object]) -> float:
    """Return how long something takes."""
    began = perf_counter()
    act()
    return perf_counter() - began
