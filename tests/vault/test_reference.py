"""References: short, unambiguous, and found however they are typed."""

import re

import pytest

from vault.packages import reference


def test_a_reference_has_no_letters_that_are_misread() -> None:
    drawn = [reference.draw() for _ in range(2000)]
    assert all(re.fullmatch(r"[0-9A-HJKMNP-TV-Z]{4}-[0-9A-HJKMNP-TV-Z]{4}", one) for one in drawn)
    assert len(set(drawn)) == len(drawn)


@pytest.mark.parametrize(
    "typed", ["7F3K-1020", "7f3k1020", " 7F3K 1020 ", "7f3k-lo2o", "7F3K-IO2O"]
)
def test_a_reference_is_read_as_it_was_meant(typed: str) -> None:
    assert reference.plain(typed) == "7F3K1020"
