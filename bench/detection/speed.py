"""How fast an engine reads: microseconds a subject, megabytes a second.

Promises CPU time of this process, not time on the wall; still, another process on the same core
changes it, by a factor of two and more.
"""

import statistics
from collections.abc import Sequence
from dataclasses import dataclass

from bench.detection.engine import Engine
from bench.detection.samples import Sample

_LONG_TEXT = 1 << 19  # characters of one text for the throughput
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
    """Microseconds for subjects, MB (10**6 bytes of UTF-8) a second for bodies.

    `dense`: in bodies of which most hold personal data; the others are ordinary letters.
    """

    median: float
    p99: float
    worst: float
    worst_input: str
    identifiers: float
    with_names: float
    identifiers_dense: float
    with_names_dense: float


def measure(engine: Engine, seconds: Sequence[float], bodies: Sequence[Sample]) -> Speed:
    """Take an engine's time; `seconds` are those of the subjects that it has just read."""
    ranked = sorted(seconds)
    hard = engine.subjects(list(ADVERSARIAL.values())).seconds
    slowest, name = max(zip(hard, ADVERSARIAL, strict=True))
    ordinary = _long("".join(one.text for one in bodies if not one.personal))
    dense = _long("".join(one.text for one in bodies))
    return Speed(
        median=statistics.median(ranked) * 1e6,
        p99=ranked[int(len(ranked) * 0.99)] * 1e6,
        worst=slowest * 1e6,
        worst_input=name,
        identifiers=_throughput(engine, ordinary, names=False),
        with_names=_throughput(engine, ordinary, names=True),
        identifiers_dense=_throughput(engine, dense, names=False),
        with_names_dense=_throughput(engine, dense, names=True),
    )


def _long(text: str) -> str:
    return (text * (_LONG_TEXT // len(text) + 1))[:_LONG_TEXT]


def _throughput(engine: Engine, text: str, *, names: bool) -> float:
    return len(text.encode()) / 1e6 / engine.bodies([text], names=names).seconds[0]
