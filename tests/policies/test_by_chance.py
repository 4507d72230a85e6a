"""Numbers of goods that check by chance are no patients'; a list of patients' numbers stays one."""

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
