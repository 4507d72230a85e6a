"""A dozen people with a class, a day or an amount are a list, however it is laid out."""

import time

import pytest

from policies.detectors import DETECTORS
from policies.detectors.people_list import FEWEST, PEOPLE_LIST
from policies.detectors.scan import scan
from policies.text.view import normalise

NAMES = (
    "Ben Hughes", "Amy Clarke", "Oluwaseun Adeyemi", "Fatima Khan", "Jakub Kowalski",
    "Ellie Turner", "Mohammed Ali", "Chloe Evans", "Daniel Osei", "Sophie Wright",
    "Ioana Popescu", "Liam Murphy",
)  # fmt: skip
DETAILS = {
    "class": ["4B", "7XY", "10M", "3C", "5A", "4B", "6H", "2R", "9Q", "8T", "4B", "7K"],
    "year": [f"Year {at % 6 + 1}" for at in range(12)],
    "day": [f"{at + 3:02}/{at + 1:02}/2014" for at in range(12)],
    "day in words": [f"{at + 1} March 2014" for at in range(12)],
    "amount": [f"£{30 + 7 * at}.{at}0" for at in range(12)],
}
LAYOUTS = {
    "lines": ("{first} {last} {what}", "\n"),
    "dashes": ("- {first} {last} - {what}", "\n"),
    "numbered": ("1. {first} {last}: {what}", "\n"),
    "what first": ("{what} {first} {last}", "\n"),
    "surname first": ("{last}, {first}    {what}", "\n"),
    "initials": ("{first[0]} {last} {what}", "\n"),
    "csv": ("{last},{first},{what}", "\n"),
    "quoted csv": ('"{first}","{last}","{what}"', "\n"),
    "tabs": ("{first}\t{last}\tx\t{what}", "\n"),
    "in one line": ("{first} {last} ({what})", ", "),
    "two lines each": ("{first} {last}\n{what}", "\n"),
    "capitals": ("{first} {last} {what}", "\r\n"),
}
LETTER = "Dear colleague,\n\nplease find this below, as we agreed.\n\n"
ORDINARY = {
    "teachers": "\n".join(
        f"{what} Miss {name.split()[1]}" for name, what in zip(NAMES, DETAILS["class"], strict=True)
    ),
    "prices": "\n".join(f"Room {at} for a day £{at}5.00, deposit £{at}.50" for at in range(1, 20)),
    "names alone": "Apologies: " + ", ".join(NAMES) + ".",
    "one name": "\n".join(f"Amy Clarke {day}" for day in DETAILS["day"]),
    "far apart": f"\n{LETTER * 4}".join(
        f"{name} {day}" for name, day in zip(NAMES, DETAILS["day"], strict=True)
    ),
    "times": "\n".join(f"10:{at}5 {name} speaks" for at, name in enumerate(NAMES)),
}  # fmt: skip


def written(layout: str, details: list[str], several: int = len(NAMES)) -> str:
    row, between = LAYOUTS[layout]
    people = zip(NAMES[:several], details[:several], strict=True)
    parts = ((*name.split(), what) for name, what in people)
    text = between.join(
        row.format(first=first, last=last, what=what) for first, last, what in parts
    )
    return text.upper() if layout == "capitals" else text


def found(text: str) -> list[str]:
    every = scan(text, DETECTORS.values())
    return [text[one.start : one.end] for one in every if one.detector == "people_list"]


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("detail", DETAILS)
@pytest.mark.parametrize("around", ["", LETTER * 30])
def test_a_dozen_people_are_a_list(layout: str, detail: str, around: str) -> None:
    names = found(around + written(layout, DETAILS[detail]) + "\n\n" + around)
    assert len(names) >= FEWEST
    assert all(len(name) < 24 for name in names)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_few_are_none(layout: str) -> None:
    assert found(written(layout, DETAILS["class"], FEWEST - 1)) == []


@pytest.mark.parametrize("name", ORDINARY)
def test_what_looks_like_one_is_left_alone(name: str) -> None:
    assert found(ORDINARY[name]) == []


def test_a_text_full_of_details_and_words_is_not_read_for_names() -> None:
    view = normalise("Some Thing 4B Other Words £3.50 " * 2000, 1 << 16)
    began = time.thread_time()
    assert PEOPLE_LIST.read(view) == []
    assert time.thread_time() - began < 0.5
