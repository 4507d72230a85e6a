"""The second set is the same everywhere, and large and varied enough to say something."""

from collections import Counter

import pytest

from bench.detection.samples import DataSet
from bench.detection.second.frames import blocks, lines
from bench.detection.second.people import groups
from bench.detection.second_set import SEED, digest, name_panel, second_set

DIGEST = "9c10602a1f28025fbb94a0b830cf28b079d75f8ab71cc6e26091489f8ec8d890"


@pytest.fixture(scope="module")
def data() -> DataSet:
    return second_set()


def test_the_set_has_not_drifted(data: DataSet) -> None:
    assert digest(data) == DIGEST


def test_another_seed_gives_another_set() -> None:
    assert digest(second_set(SEED + 1)) != DIGEST


def test_it_is_large_enough(data: DataSet) -> None:
    assert len(data.subjects) >= 2000
    assert len(data.bodies) >= 200
    assert len(set(lines("positive.txt"))) >= 150
    assert len(set(lines("hard.txt")) | set(lines("ordinary.txt"))) >= 500
    assert len(set(blocks("bodies_with.txt")) | set(blocks("bodies_without.txt"))) >= 60


def test_names_come_from_many_origins() -> None:
    large = [one for one in groups() if min(len(set(one.first)), len(set(one.last))) >= 25]
    assert len(large) == len(groups()) >= 14
    counts = Counter(e.origin for sample in name_panel() for e in sample.entities)
    assert min(counts[one.origin] for one in groups()) >= 200


def test_no_text_twice_and_every_span_covers_something(data: DataSet) -> None:
    assert len({sample.text for sample in data.subjects}) == len(data.subjects)
    for sample in (*data.subjects, *data.bodies):
        for entity in sample.entities:
            assert sample.text[entity.start : entity.end].strip()
        assert "{" not in sample.text


def test_personal_data_stands_only_where_the_category_says_so(data: DataSet) -> None:
    for sample in (*data.subjects, *data.bodies):
        assert sample.personal == (sample.category == "pos"), sample.text


def test_every_type_and_every_disguise_occurs(data: DataSet) -> None:
    types = Counter(entity.type for sample in data.subjects for entity in sample.entities)
    assert len(types) >= 26
    assert min(types.values()) >= 14
    styles = Counter(sample.style for sample in data.subjects)
    assert set(styles) == {
        "plain", "lower", "caps", "zero-width", "full-width", "homoglyph", "nbsp", "spaced",
        "dotted", "leet",
    }  # fmt: skip
