"""The table: a line a measure, a column an engine, the figures to reach beside them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from bench.detection import scoring
from bench.detection.scoring import BodyScore, Rate, Score, together
from bench.detection.speed import Speed

_LABEL, _TARGET, _COLUMN = 46, 10, 21


@dataclass(frozen=True, slots=True)
class Result:
    """Everything measured of one engine on one set."""

    engine: str
    score: Score
    origins: dict[str, Rate]
    bodies: BodyScore
    speed: Speed


Row = tuple[str, str, Callable[[Result], str]]


def table(title: str, results: Sequence[Result]) -> str:
    """Return the results on one set as text, engines side by side."""
    heads = "".join(f"{one.engine:>{_COLUMN}}" for one in results)
    lines = [f"== {title}", f"{'measure':<{_LABEL}}{'to reach':>{_TARGET}}{heads}"]
    for label, target, cell in _rows(results):
        cells = "".join(f"{cell(one):>{_COLUMN}}" for one in results)
        lines.append(f"{label:<{_LABEL}}{target:>{_TARGET}}{cells}")
    return "\n".join(lines) + "\n"


def _rows(results: Sequence[Result]) -> list[Row]:
    return [
        ("subjects: precision", ".96", lambda r: f"{r.score.precision:.3f}"),
        ("subjects: recall", ".94", lambda r: f"{r.score.recall:.3f}"),
        ("subjects: F1", ".95", lambda r: f"{r.score.f1:.3f}"),
        ("false positives, ordinary", ".015", lambda r: _share(r.score.false_alarms["ordinary"])),
        ("false positives, hard", ".03", lambda r: _share(r.score.false_alarms["hard"])),
        ("refused by council.yaml without cause", ".002", lambda r: _share(r.score.refused)),
        *(_style(style) for style in scoring.NATURAL),
        ("identifiers, plain", "1.0", lambda r: _share(r.score.identifiers["plain"])),
        ("identifiers, evaded", ".98", lambda r: _share(_evaded(r.score))),
        *(_disguise(style) for style in _disguises(results)),
        *(_type(kind) for kind in scoring.named_types(one.score for one in results)),
        ("names by origin: mean", ".90", lambda r: _mean(r.origins)),
        ("names by origin: most below the mean", ".03", lambda r: _gap(r.origins)),
        ("us a subject, median", "80", lambda r: f"{r.speed.median:.0f}"),
        ("us a subject, 99 of 100 within", "300", lambda r: f"{r.speed.p99:.0f}"),
        (
            "us, worst of 4 kB made to be slow",
            "2000",
            lambda r: f"{r.speed.worst:.0f} {r.speed.worst_input[:12]}",
        ),
        ("bodies: spans found", "", lambda r: _share(r.bodies.recall)),
        ("bodies: spans that are right", "", lambda r: _share(r.bodies.precision)),
        ("bodies: found in one without any", "", lambda r: _share(r.bodies.documents)),
        ("MB/s, identifiers", "25", lambda r: f"{r.speed.identifiers:.2f}"),
        ("MB/s, with names", "5", lambda r: f"{r.speed.with_names:.2f}"),
        ("  identifiers, dense with them", "", lambda r: f"{r.speed.identifiers_dense:.2f}"),
        ("  with names, dense with them", "", lambda r: f"{r.speed.with_names_dense:.2f}"),
    ]


def _style(style: str) -> Row:
    return f"subjects found, {style}", "", lambda r: _share(r.score.styles[style])


def _disguise(style: str) -> Row:
    target = ".80" if style in scoring.HARD_TO_READ else ".98"
    return f"  {style}", target, lambda r: _share(r.score.identifiers[style])


def _type(kind: str) -> Row:
    def cell(result: Result) -> str:
        kept, named = result.score.types[kind], result.score.typed[kind]
        return f"{_share(kept)} {named.value:>5.3f}"

    return f"recall {kind} (any, as its own type)", "", cell


def _disguises(results: Sequence[Result]) -> list[str]:
    seen = {style for one in results for style in one.score.identifiers}
    return sorted(seen - set(scoring.NATURAL))


def _evaded(score: Score) -> Rate:
    outside = (*scoring.NATURAL, *scoring.HARD_TO_READ)
    return together(rate for style, rate in score.identifiers.items() if style not in outside)


def _share(rate: Rate) -> str:
    return f"{rate.value:.3f} of {rate.of}" if rate.of else "-"


def _mean(origins: dict[str, Rate]) -> str:
    if not origins:
        return "-"
    return f"{sum(rate.value for rate in origins.values()) / len(origins):.3f}"


def _gap(origins: dict[str, Rate]) -> str:
    """Say how far the group that fares worst is below the mean, and which it is."""
    if not origins:
        return "-"
    mean = sum(rate.value for rate in origins.values()) / len(origins)
    worst = min(origins, key=lambda origin: origins[origin].value)
    return f"{mean - origins[worst].value:.3f} {worst}"
