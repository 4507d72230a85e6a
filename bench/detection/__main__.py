"""The table of how well personal data is found: `python -m bench.detection`.

`--development FOLDER` adds a development set that lies elsewhere; `--errors` counts what was judged
wrongly, by kind, and `--examples N` shows N texts of each kind; `--without-presidio` leaves the
comparison out.
"""

import argparse
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

from bench.detection import known_people, scoring
from bench.detection.engine import Engine
from bench.detection.presidio import NotAtHandError, Presidio
from bench.detection.samples import DataSet, Sample, development
from bench.detection.sealgate import Sealgate
from bench.detection.second_set import digest, later_lines, name_panel, second_set
from bench.detection.speed import measure
from bench.detection.table import Result, table


def main() -> None:
    """Read every set with every engine and print the tables."""
    wanted = _arguments()
    with ExitStack() as stack:
        engines: list[Engine] = [Sealgate()]
        if not wanted.without_presidio:
            try:
                engines.append(stack.enter_context(Presidio.start()))
            except NotAtHandError as error:
                print(f"Presidio is not beside us: {error}\n")
        for data in _sets(wanted.development):
            results = [_result(engine, data, wanted) for engine in engines]
            heading = f"{data.name}: {len(data.subjects)} subjects, {len(data.bodies)} bodies"
            print(table(heading, results))
            print(known_people.report(Sealgate(), data), end="\n\n")
            if wanted.origins:
                _print_origins(results)
        for engine in engines:
            _print_later(engine)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.detection", description=__doc__)
    parser.add_argument(
        "--development", type=Path, metavar="FOLDER", help="a set that lies elsewhere"
    )
    parser.add_argument("--errors", action="store_true", help="count what was judged wrongly")
    parser.add_argument("--examples", type=int, default=0, metavar="N", help="N texts of a kind")
    parser.add_argument("--origins", action="store_true", help="name recall of every origin")
    parser.add_argument("--without-presidio", action="store_true", help="Sealgate alone")
    return parser.parse_args()


def _sets(folder: Path | None) -> Iterator[DataSet]:
    if folder is not None:
        yield development(folder)
    own = second_set()
    print(f"second set: SHA-256 {digest(own)}\n")
    yield own


def _result(engine: Engine, data: DataSet, wanted: argparse.Namespace) -> Result:
    texts = [sample.text for sample in data.subjects]
    reading = engine.subjects(texts)
    bodies = engine.bodies([sample.text for sample in data.bodies])
    if (wanted.errors or wanted.examples) and isinstance(engine, Sealgate):
        print(f"-- errors in the {data.name}: subjects")
        _print_errors(scoring.missed(data.subjects, reading.found), wanted.examples)
        print(f"-- errors in the {data.name}: bodies")
        _print_errors(scoring.missed(data.bodies, bodies.found), 0)
    return Result(
        engine=engine.name,
        score=scoring.score(data.subjects, reading.found, engine.refuses(texts)),
        origins=_origins(engine, data),
        bodies=scoring.score_bodies(data.bodies, bodies.found),
        speed=measure(engine, reading.seconds, data.bodies),
    )


def _origins(engine: Engine, data: DataSet) -> dict[str, scoring.Rate]:
    """Score names of every origin in the same frames; only our own set knows origins."""
    if not any(entity.origin for sample in data.subjects for entity in sample.entities):
        return {}
    panel = name_panel()
    found = engine.subjects([sample.text for sample in panel]).found
    return scoring.by_origin(panel, found)


def _print_later(engine: Engine) -> None:
    """Say what becomes of lines that nobody could have learnt."""
    later = later_lines()
    result = scoring.score(later, engine.subjects([one.text for one in later]).found, None)
    found, alarms = scoring.together(result.styles.values()), result.false_alarms["hard"]
    print(
        f"later lines, {engine.name}: {found.hits} of {found.of} found, "
        f"{alarms.hits} of {alarms.of} made to be mistaken for names and facts taken for them"
    )


def _print_errors(wrong: dict[str, list[Sample]], examples: int) -> None:
    for kind, samples in wrong.items():
        print(f"{len(samples):>5}  {kind}")
        for sample in samples[:examples]:
            print(f"         {sample.text}")
    print()


def _print_origins(results: list[Result]) -> None:
    for result in results:
        print(f"-- names by origin, {result.engine}")
        for origin, rate in sorted(result.origins.items(), key=lambda item: item[1].value):
            print(f"{origin:<16}{rate.value:.3f} of {rate.of}")
        print()


if __name__ == "__main__":
    main()
