"""The chain: a hash that any language can work out again, and no two rows share."""

import hashlib
import json
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vault.trail import chain

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
ROW = st.tuples(TEXT, st.integers(0, 2**53), TEXT, TEXT, st.none() | TEXT, *[TEXT] * 6)
HASH = st.binary(min_size=32, max_size=32)


@given(HASH, ROW)
def test_a_hash_is_that_of_the_hash_before_and_a_json_array(
    before: bytes, row: tuple[object, ...]
) -> None:
    told = json.dumps(list(row), separators=(",", ":")).encode()
    assert chain.link(before, *row) == hashlib.sha256(before + told).digest()  # type: ignore[arg-type]


@given(ROW, ROW)
def test_rows_that_differ_have_hashes_that_differ(
    one: tuple[object, ...], other: tuple[object, ...]
) -> None:
    same = chain.link(bytes(32), *one) == chain.link(bytes(32), *other)  # type: ignore[arg-type]
    assert same == (one == other)


@pytest.mark.parametrize(
    ("one", "other"),
    [(("a", "bc"), ("ab", "c")), ((None, "x"), ("null", "x")), (('","', "x"), ('"', '","x'))],
)
def test_text_does_not_move_between_columns(
    one: tuple[str | None, str], other: tuple[str | None, str]
) -> None:
    before = ("strand", 1, "2026", "act")
    rows = [(*before, *columns, *["x"] * 5) for columns in (one, other)]
    assert len({chain.link(bytes(32), *row) for row in rows}) == 2  # type: ignore[arg-type]


def test_an_instant_has_one_spelling() -> None:
    summer = timezone(timedelta(hours=1))
    at = datetime(2026, 7, 2, 10, 0, tzinfo=summer)
    assert chain.spelt(at) == "2026-07-02 09:00:00.000000"
    assert chain.spelt(at.astimezone(UTC)) == chain.spelt("2026-07-02 09:00:00.000000")


def test_every_strand_begins_differently() -> None:
    assert chain.beginning("a") != chain.beginning("b")
    assert len(chain.beginning(chain.BEFORE)) == 32
