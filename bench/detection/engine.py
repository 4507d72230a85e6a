"""What an engine under test gives back, and how its time is taken.

For Sealgate and for whatever stands beside it. Promises that both are timed by the same lines of
code: `presidio_worker.py` runs `timed` in its own interpreter, so this module imports only the
standard library.
"""

import time
from collections.abc import Callable, Sequence
from typing import NamedTuple, Protocol

ROUNDS = 3


class Span(NamedTuple):
    """Something found: the bench's name of its type and where it stands, in characters."""

    type: str
    start: int
    end: int


class Reading(NamedTuple):
    """What was found in each text, and the seconds of CPU each text took."""

    found: list[list[Span]]
    seconds: list[float]


class Engine(Protocol):
    """Something that finds personal data."""

    name: str

    def subjects(self, texts: Sequence[str]) -> Reading:
        """Read subjects, each on its own."""

    def bodies(self, texts: Sequence[str], *, names: bool = True) -> Reading:
        """Read long texts; `names`: with the detectors of names and facts."""

    def refuses(self, texts: Sequence[str]) -> list[bool] | None:
        """Say which subjects the shipped policy would refuse; None for no such thing."""


def timed(find: Callable[[str], list[Span]], texts: Sequence[str], rounds: int = ROUNDS) -> Reading:
    """Read every text `rounds` times, and keep the median time of each."""
    for text in texts[:50] if len(texts) > 1 else ():
        find(text)
    found: list[list[Span]] = []
    taken: list[list[float]] = [[] for _ in texts]
    for number in range(rounds):
        for at, text in enumerate(texts):
            began = time.thread_time()
            spans = find(text)
            taken[at].append(time.thread_time() - began)
            if number == 0:
                found.append(spans)
    return Reading(found, [sorted(times)[len(times) // 2] for times in taken])
