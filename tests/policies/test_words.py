"""Words in texts: alone, in capitals, over line ends, and in time."""

import time

import pytest

from policies.text.prose import prose
from policies.text.words import Words


@pytest.mark.parametrize(
    ("text", "word", "there"),
    [
        ("The MARAC met", "MARAC", True),
        ("the marac met", "MARAC", False),
        ("MARAC", "marac", True),
        ("A Case\nConference", "case conference", True),
        ("a_case-file", "case file", False),
        ("the case-file", "case file", True),
        ("showcase conferences", "case conference", False),
        ("ésiân", "siân", False),
        ("Siân's", "siân", True),
        ("[s 47]", "[s 47]", True),
        ("a.b", "a.b", True),
        ("axb", "a.b", False),
        ("", "x", False),
    ],
)
def test_a_word_stands_alone(text: str, word: str, there: bool) -> None:
    assert Words(["unlikely", word]).in_any([prose(text)]) is there


def test_no_words_are_in_no_text() -> None:
    assert not Words([])
    assert not Words([]).in_any(["x"])


def test_what_a_reader_takes_for_the_word_is_the_word() -> None:
    for text in ("s\u200becret", "\uff53ecret", "secr\u0435t", "sec\u00adret"):
        assert Words(["secret"]).in_any([prose(f"a {text} plan")])


@pytest.mark.parametrize("text", ["child " * 500_000, "-" * 3_000_000, "child\n" * 500_000])
def test_a_large_text_of_near_misses_is_read_at_once(text: str) -> None:
    words = Words([f"child protection {n}" for n in range(100)])
    began = time.monotonic()
    assert not words.in_any([prose(text)])
    assert time.monotonic() - began < 10  # a hundred patterns one by one take minutes
