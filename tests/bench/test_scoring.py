"""The bench counts as it says it counts."""

import pytest

from bench.detection.engine import Span
from bench.detection.samples import SIGNATURE, Entity, Sample
from bench.detection.scoring import by_origin, missed, score, score_bodies

WITH = Sample("Ring Ann Lee on 07700 900123", (Entity("NAME", 5, 12, "x"), Entity("PHONE", 16, 28)))
HIDDEN = Sample("9 9 9", (Entity("NHS", 0, 5),), style="spaced")
WITHOUT = Sample("Order 12", category="hard")
SIGNED = Sample("Regards, Ann", (Entity(SIGNATURE, 9, 12),), category="ordinary")


def test_a_subject_is_found_by_any_finding_and_an_entity_by_one_over_it() -> None:
    result = score([WITH, HIDDEN, WITHOUT], [[Span("PHONE", 5, 9)], [], []], [False, False, True])
    assert (result.precision, result.recall) == (1.0, 0.5)
    assert result.f1 == pytest.approx(2 / 3)
    assert result.types["NAME"].value == 1.0
    assert result.typed["NAME"].value == 0.0
    assert result.types["PHONE"].value == 0.0
    assert result.identifiers["spaced"].value == 0.0
    assert "NHS" not in result.types
    assert result.refused.value == 1.0


def test_a_finding_where_nothing_is_counts_against_precision() -> None:
    result = score([WITH, WITHOUT], [[Span("NAME", 0, 9)], [Span("NHS", 6, 8)]], None)
    assert result.precision == 0.5
    assert result.false_alarms["hard"].value == 1.0
    assert result.alarm_types == {"NHS": 1}


def test_touching_is_not_overlapping() -> None:
    assert not Entity("NAME", 5, 12).overlaps(0, 5)
    assert not Entity("NAME", 5, 12).overlaps(12, 20)
    assert Entity("NAME", 5, 12).overlaps(11, 20)


def test_a_name_under_a_letter_is_neither_required_nor_wrong() -> None:
    result = score_bodies([SIGNED, WITHOUT], [[Span("NAME", 9, 12)], [Span("NAME", 0, 2)]])
    assert result.recall.of == 0
    assert (result.precision.hits, result.precision.of) == (1, 2)
    assert (result.documents.hits, result.documents.of) == (1, 2)


def test_names_count_by_origin_once_there_are_enough() -> None:
    assert by_origin([WITH] * 19, [[]] * 19) == {}
    found = by_origin([WITH] * 20, [[Span("NAME", 5, 12)]] * 10 + [[]] * 10)
    assert found["x"].value == 0.5


def test_errors_are_listed_by_what_went_wrong() -> None:
    wrong = missed([WITH, HIDDEN, WITHOUT], [[Span("NAME", 5, 12)], [], [Span("NHS", 6, 8)]])
    assert set(wrong) == {"PHONE missed, plain", "NHS missed, spaced", "hard: taken for NHS"}
