"""Names of every origin are found alike: lists of one country's names would miss the others'."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from policies.detectors.names.person_name import PERSON_NAME
from policies.text.view import normalise

FRAMES = (
    "Housing enquiry from {}",
    "{} - timetable",
    "Draft plan for {} attached",
    "RE: {} swimming lessons",
    "{}, starting Monday",
    "Have you spoken to {} yet?",
)
MOST_BELOW_THE_MEAN = 0.03


def origins() -> Iterator[tuple[str, list[str]]]:
    origin = ""
    for line in (Path(__file__).parent / "origins.txt").read_text("utf-8").splitlines():
        if line.startswith("["):
            origin = line.strip("[]")
        elif line and not line.startswith("#"):
            yield origin, line.split("|")


def found(frame: str, name: str) -> bool:
    text = frame.format(name)
    start = text.index(name)
    findings = PERSON_NAME.find(normalise(text))
    return any(one.start < start + len(name) and one.end > start for one in findings)


def recall(names: list[str], change=str) -> float:
    tries = [found(change(frame), change(name)) for name in names for frame in FRAMES]
    return sum(tries) / len(tries)


RECALL = {origin: recall(names) for origin, names in origins()}


def test_there_are_enough_origins() -> None:
    assert len(RECALL) >= 15
    assert all(len(names) >= 15 for _, names in origins())


@pytest.mark.parametrize("origin", RECALL)
def test_no_origin_is_found_less_than_the_others(origin: str) -> None:
    mean = sum(RECALL.values()) / len(RECALL)
    assert mean > 0.9
    assert RECALL[origin] >= mean - MOST_BELOW_THE_MEAN


@pytest.mark.parametrize("change", [str.lower, str.upper])
def test_case_makes_little_difference(change) -> None:
    every = [name for _, names in origins() for name in names]
    assert recall(every, change) >= recall(every) - MOST_BELOW_THE_MEAN
