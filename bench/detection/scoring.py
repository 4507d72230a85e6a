"""Scores: what was found held against what is there.

A subject counts as found when anything in it is found; an entity when a finding overlaps it. A
finding in a subject without personal data makes that subject a false positive, whatever its type.
Promises counts beside every rate, so that a reader can judge how much a rate says.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import chain

from bench.detection.engine import Span
from bench.detection.samples import Sample

IDENTIFIERS = frozenset(
    "NHS CHI HCN NINO UPN ULN UTR DRIVING_LICENCE PASSPORT VRM POSTCODE PHONE EMAIL BANK IBAN "
    "CARD".split()
)
NATURAL = ("plain", "lower", "caps")  # every other style is a disguise
HARD_TO_READ = ("leet", "dotted")
_ENOUGH = 20  # names of one origin; fewer say nothing


@dataclass(slots=True)
class Rate:
    """So many of so many."""

    hits: int = 0
    of: int = 0

    def add(self, hit: object) -> None:
        """Count one more."""
        self.of += 1
        self.hits += bool(hit)

    @property
    def value(self) -> float:
        """The share, 0 to 1; nan of nothing."""
        return self.hits / self.of if self.of else float("nan")


@dataclass(slots=True)
class Score:
    """What one engine made of one set of subjects."""

    precision: float = 0.0
    recall: float = 0.0
    false_alarms: dict[str, Rate] = field(default_factory=lambda: defaultdict(Rate))
    refused: Rate = field(default_factory=Rate)
    types: dict[str, Rate] = field(default_factory=lambda: defaultdict(Rate))
    typed: dict[str, Rate] = field(default_factory=lambda: defaultdict(Rate))
    styles: dict[str, Rate] = field(default_factory=lambda: defaultdict(Rate))
    identifiers: dict[str, Rate] = field(default_factory=lambda: defaultdict(Rate))
    alarm_types: dict[str, int] = field(default_factory=lambda: defaultdict(int))

    @property
    def f1(self) -> float:
        """The harmonic mean of precision and recall."""
        both = self.precision + self.recall
        return 2 * self.precision * self.recall / both if both else 0.0


def score(
    samples: Sequence[Sample], found: Sequence[Sequence[Span]], refused: Sequence[bool] | None
) -> Score:
    """Score subjects; `refused` says of each whether the policy would refuse it."""
    result, caught, alarms = Score(), Rate(), 0
    for at, (sample, spans) in enumerate(zip(samples, found, strict=True)):
        if not sample.personal:
            alarms += bool(spans)
            _add_negative(result, sample, spans, refused[at] if refused is not None else None)
            continue
        caught.add(spans)
        result.styles[sample.style].add(spans)
        _add_entities(result, sample, spans)
    positives = caught.hits + alarms
    result.precision = caught.hits / positives if positives else 0.0
    result.recall = caught.value
    return result


def _add_negative(
    result: Score, sample: Sample, spans: Sequence[Span], refused: bool | None
) -> None:
    result.false_alarms[sample.category].add(spans)
    result.false_alarms["all"].add(spans)
    if refused is not None:
        result.refused.add(refused)
    for kind in {span.type for span in spans}:
        result.alarm_types[kind] += 1


def _add_entities(result: Score, sample: Sample, spans: Sequence[Span]) -> None:
    for entity in sample.required:
        over = [span for span in spans if entity.overlaps(span.start, span.end)]
        if sample.style in NATURAL:
            result.types[entity.type].add(over)
            result.typed[entity.type].add(any(span.type == entity.type for span in over))
        if entity.type in IDENTIFIERS:
            result.identifiers[sample.style].add(over)


def together(rates: Iterable[Rate]) -> Rate:
    """Add rates up."""
    kept = list(rates)
    return Rate(sum(rate.hits for rate in kept), sum(rate.of for rate in kept))


def by_origin(samples: Sequence[Sample], found: Sequence[Sequence[Span]]) -> dict[str, Rate]:
    """Score names by their origin."""
    rates: dict[str, Rate] = defaultdict(Rate)
    for sample, spans in zip(samples, found, strict=True):
        for entity in sample.required:
            if entity.type == "NAME" and entity.origin:
                over = any(entity.overlaps(span.start, span.end) for span in spans)
                rates[entity.origin].add(over)
    return {origin: rate for origin, rate in sorted(rates.items()) if rate.of >= _ENOUGH}


@dataclass(frozen=True, slots=True)
class BodyScore:
    """What one engine made of one set of bodies."""

    recall: Rate  # of what must be found
    precision: Rate  # of what was found, also counting names under letters as right
    documents: Rate  # bodies without personal data in which something was found
    types: dict[str, Rate]


def score_bodies(samples: Sequence[Sample], found: Sequence[Sequence[Span]]) -> BodyScore:
    """Score long texts."""
    recall, precision, documents = Rate(), Rate(), Rate()
    types: dict[str, Rate] = defaultdict(Rate)
    for sample, spans in zip(samples, found, strict=True):
        for entity in sample.required:
            over = any(entity.overlaps(span.start, span.end) for span in spans)
            recall.add(over)
            types[entity.type].add(over)
        right = [any(one.overlaps(s.start, s.end) for one in sample.entities) for s in spans]
        for one in right:
            precision.add(one)
        if not sample.personal:
            documents.add(not all(right))
    return BodyScore(recall, precision, documents, dict(types))


def missed(samples: Sequence[Sample], found: Sequence[Sequence[Span]]) -> dict[str, list[Sample]]:
    """List the subjects that were judged wrongly, by what went wrong."""
    wrong: dict[str, list[Sample]] = defaultdict(list)
    for sample, spans in zip(samples, found, strict=True):
        if not sample.personal:
            for kind in {span.type for span in spans}:
                wrong[f"{sample.category}: taken for {kind}"].append(sample)
            continue
        gone = [
            one for one in sample.required if not any(one.overlaps(s.start, s.end) for s in spans)
        ]
        for kind in {one.type for one in gone}:
            wrong[f"{kind} missed, {sample.style}"].append(sample)
    return dict(sorted(wrong.items(), key=lambda item: -len(item[1])))


def named_types(scores: Iterable[Score]) -> list[str]:
    """List every type that occurs, in alphabetical order."""
    return sorted(set(chain.from_iterable(one.types for one in scores)))
