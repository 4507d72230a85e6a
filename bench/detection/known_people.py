"""Names in full, found without and with a roster of the people they belong to.

A roster knows everybody who is named in full in the set, and as many strangers again, so that it
can also mistake. Promises that no roster is left in use. Names alone, initials and titles with a
surname are not for a roster to know; they are left out.
"""

import secrets
from collections.abc import Iterator, Sequence
from random import Random

from bench.detection.engine import Span
from bench.detection.samples import DataSet, Sample
from bench.detection.scoring import NATURAL, Rate
from bench.detection.sealgate import Sealgate
from bench.detection.second.people import TITLES, groups, invent
from policies.detectors.names import roster
from vault.secrets import Secret

_SEED = 20261116
Name = tuple[str, str]  # forename and surname


def report(engine: Sealgate, data: DataSet) -> str:
    """Say in a line how many names are found without and with a roster, and what else is."""
    samples = [one for one in data.subjects if one.style in NATURAL or not one.personal]
    texts = [one.text for one in samples]
    without = _score(samples, engine.subjects(texts).found)
    roster.use([_roster(samples)])
    try:
        with_it = _score(samples, engine.subjects(texts).found)
    finally:
        roster.use([])
    return (
        f"names in full, {data.name}: {_share(without[0])} without a roster, "
        f"{_share(with_it[0])} with one (to reach .98); "
        f"subjects without personal data mistaken: {_share(without[1])}, {_share(with_it[1])}"
    )


def in_full(written: str) -> Name | None:
    """Read a name as it stands in a text; None where it is not given in full."""
    last, comma, first = written.partition(", ")
    words = [first, last] if comma else written.split()
    if words and words[0].rstrip(".").title() in TITLES:
        words = words[1:]
    if len(words) < 2 or any(len(word.strip(".")) < 2 for word in words):
        return None
    return words[0], " ".join(words[1:])


def _roster(samples: Sequence[Sample]) -> roster.Roster:
    key = Secret(secrets.token_bytes(32))
    known = {name for sample in samples for _, name in _named(sample)}
    rng, among = Random(_SEED), groups()
    strangers = {invent(rng, among).names for _ in known}
    return roster.Roster(key, frozenset(roster.mark(key, *name) for name in known | strangers))


def _named(sample: Sample) -> Iterator[tuple[tuple[int, int], Name]]:
    for one in sample.required:
        name = in_full(sample.text[one.start : one.end]) if one.type == "NAME" else None
        if name is not None:
            yield (one.start, one.end), name


def _score(samples: Sequence[Sample], found: Sequence[Sequence[Span]]) -> tuple[Rate, Rate]:
    recall, mistaken = Rate(), Rate()
    for sample, spans in zip(samples, found, strict=True):
        names = [span for span in spans if span.type == "NAME"]
        for (start, end), _ in _named(sample):
            recall.add(any(one.start < end and start < one.end for one in names))
        if not sample.personal:
            mistaken.add(names)
    return recall, mistaken


def _share(rate: Rate) -> str:
    return f"{rate.value:.3f} of {rate.of}"
