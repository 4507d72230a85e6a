"""Numbers of goods that check by chance are no patients'; a list of patients' numbers stays one."""

import random

import pytest

from policies.detectors import DETECTORS
from policies.detectors.scan import scan

NHS = (DETECTORS["nhs_number"],)
PATIENTS = ("9434765919", "9434765870", "9434765927", "9991401458")
ORDERS = ("4010232137", "4010232150", "4010232161", "4010232183", "4010232194", "4010232206")


def found(text: str) -> int:
    return len(scan(text, NHS))


def test_an_order_number_that_checks_is_one_of_a_column() -> None:
    assert found(f"Shipped: {ORDERS[0]}\n") == 1
    assert found("\n".join(ORDERS)) == 0
    assert found("\n".join(f"{number}\t4\tchairs" for number in ORDERS)) == 0


@pytest.mark.parametrize("mark", ["\t", ",", ";", " | ", "    "])
def test_the_heading_of_a_column_says_that_it_is_of_goods(mark: str) -> None:
    rows = [f"{number}{mark}2{mark}chairs" for number in PATIENTS]
    assert found("\n".join([mark.join(("Order", "Quantity", "What")), *rows])) == 0
    assert found("\n".join([mark.join(("Number", "Visits", "Why")), *rows])) == len(PATIENTS)
    assert found("\n".join([mark.join(("NHS no", "Order", "What")), *rows])) == len(PATIENTS)
    assert found("\n".join([mark.join(("Patient", "Order", "What")), *rows])) == len(PATIENTS)


def test_patients_among_numbers_of_goods_are_found() -> None:
    text = "\n".join((*ORDERS, f"patient {PATIENTS[0]}", "", f"{PATIENTS[1]} is his NHS number"))
    assert found(text) == 2


MEASURED = tuple(f"{n % 60}.{n % 10}" for n in range(400))


@pytest.mark.parametrize("mark", ["\n\n", "\n", "\t", ", ", " "])
def test_measurements_are_no_number(mark: str) -> None:
    """Heights of a walk, temperatures of a fridge: some of their figures check."""
    assert scan(mark.join(MEASURED), tuple(DETECTORS.values())) == []


def test_a_number_written_like_measurements_is_found_where_it_is_named() -> None:
    text = "NHS number 9.4 3.4 7.6 5.9 1.9"
    assert found(text) == 1
    cards = (DETECTORS["payment_card"],)
    assert len(scan("Her card: 4.9 2.9 9.6 7.8 4.9 1.7 9.6 4.3", cards)) == 1


def test_a_sentence_heads_no_column() -> None:
    text = "Please look at these in the given order:\n" + "\n".join(PATIENTS * 3)
    assert found(text) > len(PATIENTS)  # all but those close to the word


def of_a_machine(kind: str) -> str:
    """Some 60 kB of what a program wrote, the same each time."""
    chance = random.Random(kind)
    rows = (chance.randbytes(16) for _ in range(1200))
    if kind == "dump":
        return "\n".join(row.hex(" ") for row in rows)
    if kind == "fingerprint":
        return "\n".join(row.hex(":") for row in rows)
    if kind == "bytes":
        return "\n".join(", ".join(map(str, row)) + "," for row in rows)
    if kind == "sums":
        return "\n".join(f"{row.hex()}{chance.randbytes(4).hex()} *file" for row in rows)
    if kind == "path":
        return "\n".join(
            '<path d="' + " ".join(f"{chance.choice('MLCS')}{a},{a * 3}" for a in row) + 'z"/>'
            for row in rows
        )
    return "\n".join('<path d="M' + " ".join(map(str, row)) + 'z"/>' for row in rows)


@pytest.mark.parametrize("kind", ["dump", "fingerprint", "bytes", "sums", "path", "plain path"])
def test_what_a_machine_wrote_is_nobodys_number(kind: str) -> None:
    sought = ("nhs_number", "health_and_care_number", "chi_number", "upn", "payment_card", "iban")
    assert scan(of_a_machine(kind), tuple(DETECTORS[name] for name in sought)) == []


@pytest.mark.parametrize(
    "text",
    [
        "9 4 3 4 7 6 5 9 1 9",
        "94 34 76 59 19",
        "Please ring about 94 34 76 59 19 on the 4th",
        "943 476 5919, 12, 34, 56, 78, 90, 11, 13, 15",
        "NHS number 94 34 76 59 19 00 01 02 03 04 05 06 07 08",
        "patient 4d 3c 12 13 14 15 94 34 76 59 19 00 01 02 03",
    ],
)
def test_a_number_in_pieces_that_somebody_wrote_is_found(text: str) -> None:
    assert found(text) >= 1


def test_a_whole_word_of_figures_and_few_letters_is_no_digest() -> None:
    account = (DETECTORS["iban"],)
    assert len(scan("to DE80342102116242229946 from July", account)) == 1


def test_years_of_a_notice_are_no_pupil() -> None:
    upn = (DETECTORS["upn"],)
    years = [(a, a + b, a + b + c) for a in range(1980, 2000) for b in (1, 3, 4) for c in (2, 5)]
    text = "\n".join(f"Copyright (c) {a}, {b}, {c} and (C) {a} {b} {c}" for a, b, c in years)
    assert scan(text, upn) == []
    assert len(scan("T0070 5614 8970", upn)) == 1
