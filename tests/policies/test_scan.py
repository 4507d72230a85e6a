"""Scanning texts of any size finds what the detectors find in a subject, and what columns hold."""

import random
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from policies.detectors import DETECTORS
from policies.detectors.groups import members
from policies.detectors.scan import MOST, scan
from policies.text.view import normalise

IDENTIFIERS = tuple(DETECTORS[name] for name in members("identifiers", DETECTORS))
VALUES = (
    "NHS number 999 725 1466", "patient 9997251466", "CHI 0101908156", "H&C number 345 976 2608",
    "NI AB 12 34 56 C", "jg103759a", "UPN T007056148970", "ULN 4857773456", "UTR 26328 70896",
    "MORGA657054SM9IJ", "passport no 925665416", "card 4929 9678 4917 9643", "20-81-94 27460760",
    "IBAN GB82 WEST 1234 5698 7654 32", "DOB 12/06/2017", "12 Mill Lane, LN1 1YQ",
    "ring 07700 900158",
    "jo.bloggs@example.org", "kath jones at gmail dot com", "vehicle LF21 SVP",
    "Staff number 544052",
    "Case CH-728067", "O7700 9OOl58", "NHS nine nine nine 725 1466", "+44 (0)7700 900461",
)  # fmt: skip
PROSE = (
    "Thank you for your letter of 12 May.", "The committee met at 10:30 in room B12.",
    "Invoice 9434765919 was paid on 03/04/2026, order PO123456.", "We are closed on Monday.",
    "Please see page 4 of the report", "£1,250.00 in 2026/27", "It is so, or is it?", "call me",
)  # fmt: skip
ODD = (
    "\n",
    "|",
    "|1",
    " ",
    "\n\n",
    "\u200b",
    "\u00a0",
    " – ",
    "é",
    ", ",
    "\t",
    "; ",
    "İ",
    "🙂",
    "…",
)


def spans(text: str) -> set[tuple[str, int, int]]:
    return {(one.detector, one.start, one.end) for one in scan(text, IDENTIFIERS)}


def in_whole(text: str) -> set[tuple[str, int, int]]:
    view = normalise(text, len(text))
    return {
        (one.detector, one.start, one.end)
        for detector in IDENTIFIERS
        for one in detector.find(view)
    }


@pytest.mark.parametrize("seed", range(40))
def test_a_long_text_is_searched_as_a_short_one_is(seed: int) -> None:
    """Prose with values strewn in, longer than what is searched whole; both ways find the same."""
    chance = random.Random(seed)
    pieces: list[str] = []
    while sum(map(len, pieces)) < 9000:
        pieces += chance.choices(PROSE, k=chance.randrange(1, 12))
        pieces += [chance.choice(VALUES)]
        pieces = [part for piece in pieces for part in (piece,)]
    text = "".join(piece + chance.choice((*ODD, " ", " ")) for piece in pieces)
    assert len(text) > 4096
    assert spans(text) >= in_whole(text)
    assert len(in_whole(text)) > 10


@pytest.mark.parametrize("value", VALUES)
@pytest.mark.parametrize("filler", ["The quick brown fox. ", "\u200b", "é – "])
@pytest.mark.parametrize("before", [0, 500, 65_536 - 1024])
def test_a_value_is_found_wherever_it_stands(value: str, filler: str, before: int) -> None:
    text = (filler * before)[:before] + "\n\n" + value + "\n\n" + filler * 60
    first = before + 2
    found = [one for one in scan(text, IDENTIFIERS) if one.start < first + len(value)]
    assert any(one.end > first for one in found)


@pytest.mark.parametrize("joint", ["\u200b", "\u200b" * 3000])
def test_a_value_stretched_over_a_long_text_is_found(joint: str) -> None:
    text = "x " * 40_000 + "NHS number " + joint.join("9997251466") + " y" * 40_000
    (finding,) = scan(text, IDENTIFIERS)
    assert finding.detector == "nhs_number"
    assert text[finding.start : finding.end] == joint.join("9997251466")


TABLES = {
    "csv": "Name,DOB,NHS No,Staff no\nAnn,12/06/2017,9997251466,544052\n"
    "Bob,1.2.34,999 012 3409,12\n",
    "tabs": "Staff number\tDate of birth\n544052\t3 May 2011\n",
    "quoted": '"Surname","D.O.B","Note"\n"O""Hara, Ann","2011-05-03","a, b"\n',
    "spaces": "Pupil      Date of Birth    ULN\nAnn B      03/05/2011       4857773457\n",
    "bars": "| Ref | UTR | Sort code |\n|---|---|---|\n| 1 | 1234567890 | 208194 |\n",
    "one column": "Payroll number\n544052\n544053\n\nother 544054\n",
}


@pytest.mark.parametrize(
    ("table", "expected"),
    [
        ("csv", {"12/06/2017", "1.2.34", "9997251466", "999 012 3409", "544052"}),
        ("tabs", {"544052", "3 May 2011"}),
        ("quoted", {"2011-05-03"}),
        ("spaces", {"03/05/2011", "4857773457"}),
        ("bars", {"1234567890", "208194"}),
        ("one column", {"544052", "544053"}),
    ],
)
@pytest.mark.parametrize("around", ["", "Prose before it, some of it.\n" * 40])
def test_a_heading_speaks_for_its_column(table: str, expected: set[str], around: str) -> None:
    text = f"{around}\n\n{TABLES[table]}\n\n{around}"
    assert {text[one.start : one.end] for one in scan(text, IDENTIFIERS)} == expected


def test_a_long_table_is_read_to_its_end_or_to_the_most() -> None:
    rows = [f"{n:04},{1 + n % 28:02}/05/{2000 + n % 20}\n" for n in range(MOST + 500)]
    found = scan("No,DOB\n" + "".join(rows), IDENTIFIERS)
    dates = [one for one in found if one.detector == "date_of_birth"]
    assert MOST - 10 <= len(dates) <= MOST


@pytest.mark.parametrize("piece", ["a@", "1 21 ", "9997251466 ", "DOB 1/1/1 "])
@pytest.mark.parametrize("length", range(4_070, 4_400, 11))
def test_a_text_full_of_triggers_may_end_anywhere(piece: str, length: int) -> None:
    """What is cut because it is long may be cut right at its end, where nothing is left."""
    text = (piece * length)[:length]
    assert all(one.end <= length for one in scan(text, IDENTIFIERS))


def test_prose_that_speaks_of_a_heading_is_no_table() -> None:
    assert not scan(
        f"Write the NHS number, DOB and so on{' and on' * 9}\n12/06/2017, a date\n", IDENTIFIERS
    )


@settings(max_examples=100, deadline=None)
@given(st.lists(st.sampled_from(VALUES + PROSE + ODD) | st.text(max_size=3), max_size=60))
def test_any_text_can_be_scanned(pieces: list[str]) -> None:
    text = "".join(pieces)
    found = scan(text, IDENTIFIERS)
    assert found == sorted(found)
    assert all(0 <= one.start < one.end <= len(text) for one in found)
    assert {(one.detector, one.start, one.end) for one in found} >= {
        span for span in in_whole(text) if len(text) <= 512
    }


@pytest.mark.parametrize(
    "piece",
    ["1 21 ", "9997251466 ", "a@", "A1 1AA ", "dob 1/1/", "O0", "nine ", "GB12 ", "12 Mill ",
     "\u200b", "9\u0336", "DOB,", '"', "NHS number\n", "passport ", "case 1", ",", "\n", "l"],
)  # fmt: skip
def test_a_hostile_text_takes_time_in_proportion(piece: str) -> None:
    def seconds(length: int) -> float:
        text = (piece * (length // len(piece) + 1))[:length]
        began = time.process_time()
        scan(text, IDENTIFIERS)
        return time.process_time() - began

    seconds(5_000)
    small, large = seconds(10_000), seconds(40_000)
    assert large < 12 * max(small, 0.02), (small, large)
