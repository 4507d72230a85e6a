"""Bars beside figures are gaps as well as ones; tables and signatures say nothing twice."""

import time

import pytest

from policies.detectors import DETECTORS
from policies.detectors.scan import scan
from policies.extraction.bars import unbarred


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("943|476|5919", "943 476 5919"),
        ("a\n9|4|3|4|7|6|5|9|1|9 b|c\nd", "9 4 3 4 7 6 5 9 1 9 b\tc"),
        ("PID|1||9434765919^^^NHS||A^B", "PID\t1 9434765919^^^NHS\tA^B"),
        ("01|02", "01\t02"),
        ("1|2|3|4|5|6|7|8|9|10|11|12|13|14|15|16|17", "\t".join(map(str, range(1, 18)))),
    ],
)
def test_bars_are_gaps(text: str, said: str) -> None:
    assert unbarred(text) == said


@pytest.mark.parametrize(
    "text",
    [
        "no bar",
        "| Room | Desks |\n|------|-------|\n| 101  | 12    |",
        "T: 01632 960123 | E: a@b.example | www.b.example",
        "a|b|c\n||\n|",
    ],
)
def test_what_has_no_figures_at_its_bars_is_not_said_twice(text: str) -> None:
    assert unbarred(text) == ""


def test_a_table_of_scores_is_nobodys_number() -> None:
    rows = "\n".join(
        "|" + "|".join(str(n * n % 19) for n in range(row, row + 8)) + "|" for row in range(400)
    )
    grave = [one for one in scan(unbarred(rows), DETECTORS.values()) if one.severity > 2]
    assert grave == []


def test_it_is_linear() -> None:
    began = time.thread_time()
    for text in ("1|" * 500_000, "|" * 1_000_000, "1||||" * 200_000, ("9" * 40 + "|") * 20_000):
        unbarred(text)
    assert time.thread_time() - began < 6
