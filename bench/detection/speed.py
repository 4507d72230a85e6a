"""How fast an engine reads: microseconds a subject, megabytes a second.

Promises figures of this machine at this moment; another process on it changes them.
"""

import statistics
from collections.abc import Sequence
from dataclasses import dataclass

from bench.detection.engine import Engine
from bench.detection.samples import Sample

_LONG_TEXT = 1 << 20  # characters of one text for the throughput
_FOUR_KB = 4096
ADVERSARIAL = {
    "one letter": "a" * _FOUR_KB,
    "digits": "1" * _FOUR_KB,
    "pairs of digits": "12 " * (_FOUR_KB // 3),
    "digits and dots": "1.2-" * (_FOUR_KB // 4),
    "at signs": "a@" * (_FOUR_KB // 2),
    "addresses": "a@b.c " * (_FOUR_KB // 6),
    "capitalised words": "Smith Jones " * (_FOUR_KB // 12),
    "titles": "Mr Dr Mrs " * (_FOUR_KB // 10),
    "brackets": "((((" * (_FOUR_KB // 4),
    "combining marks": "e" + "\u0301" * (_FOUR_KB - 1),
    "zero-width": "9\u200b" * (_FOUR_KB // 2),
    "full-width": "９" * _FOUR_KB,
    "mixed scripts": "aа" * (_FOUR_KB // 2),
    "months": "1 January " * (_FOUR_KB // 10),
    "postcodes": "LS1 1AA " * (_FOUR_KB // 8),
    "keywords": "NHS number DOB born invoice " * (_FOUR_KB // 28),
    "digit words": "nine double oh " * (_FOUR_KB // 15),
    "spaces": " " * _FOUR_KB,
}


@dataclass(frozen=True, slots=True)
class Speed:
    """Microseconds for subjects, MB (10**6 bytes of UTF-8) a second for bodies."""

    median: float
    p99: float
    worst: float
    worst_input: str
    identifiers: float
    with_names: float


def measure(engine: Engine, seconds: Sequence[float], bodies: Sequence[Sample]) -> Speed:
    """Take an engine's time; `seconds` are those of the subjects that it has just read."""
    ranked = sorted(seconds)
    hard = engine.subjects(list(ADVERSARIAL.values())).seconds
    slowest, name = max(zip(hard, ADVERSARIAL, strict=True))
    text = "".join(one.text for one in bodies)
    long = (text * (_LONG_TEXT // len(text) + 1))[:_LONG_TEXT]
    size = len(long.encode()) / 1e6
    return Speed(
        median=statistics.median(ranked) * 1e6,
        p99=ranked[int(len(ranked) * 0.99)] * 1e6,
        worst=slowest * 1e6,
        worst_input=name,
        identifiers=size / min(engine.bodies([long], names=False).seconds[0] for _ in range(2)),
        with_names=size / min(engine.bodies([long], names=True).seconds[0] for _ in range(2)),
    )
