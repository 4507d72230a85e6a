"""Rosters recognise names for certain, in any spelling, and never hold one."""

import pytest

from policies.detectors import Confidence
from policies.detectors.names import roster
from policies.detectors.names.person_name import PERSON_NAME
from policies.detectors.names.roster import Roster, RosterError
from policies.text.view import normalise
from vault.secrets import Secret

KEY = Secret(b"k" * 32)
TABLE = (
    "Surname,UPN,Forename,Preferred Name\r\n"
    "Green,1,Rose,\r\n"
    "Ní Bhriain,2,Sadhbh Ciara,Sadie\r\n"
    '"Park",3,Hope,\r\n'
    "de la Cruz,4,Íñigo,\r\n"
    "O'Grady-Lee,5,Summer,\r\n"
).encode()
SPELT = (
    "Rose Green homework", "rose green homework", "ROSE GREEN", "Green, Rose", "Green Rose - lunch",
    "Sadhbh Ni Bhriain", "Sadie Ní Bhriain's coat", "sadie nibhriain", "hope park", "Park, Hope",
    "inigo de la cruz", "De La Cruz, Inigo", "Summer O’Grady-Lee", "summer ogrady lee",
    "Sadhbh Ciara Ni Bhriain",
)  # fmt: skip


@pytest.fixture
def people():
    one = Roster(KEY, roster.marks_of(TABLE, KEY))
    roster.use([one])
    yield one
    roster.use([])


def sure(text: str) -> bool:
    return any(one.confidence >= Confidence.LIKELY for one in PERSON_NAME.find(normalise(text)))


@pytest.mark.parametrize("text", SPELT)
def test_a_name_of_the_roster_is_known_in_any_spelling(text, people) -> None:
    assert sure(text)


def test_without_the_roster_ordinary_words_are_no_names() -> None:
    assert not sure("rose green homework")
    assert not sure("hope park")


@pytest.mark.parametrize("text", ["Green roses", "Rose Park", "hope green", "the green, rose beds"])
def test_others_are_not_in_it(text, people) -> None:
    assert not sure(text)


def test_the_file_says_no_name_and_comes_back_the_same(people, tmp_path) -> None:
    text = roster.written(people.marks)
    for name in (b"rose", b"green", b"sadhbh", b"cruz"):
        assert name not in text.lower()
    (tmp_path / "one.roster").write_bytes(text)
    assert roster.read(tmp_path / "one.roster", KEY).marks == people.marks


def test_another_key_makes_other_marks(people) -> None:
    assert not roster.marks_of(TABLE, Secret(b"x" * 32)) & people.marks


@pytest.mark.parametrize(
    ("table", "words"),
    [
        (b"a,b\n1,2\n", "Forename"),
        (b"", "Forename"),
        (b"Forename,Surname\n,\n", "names nobody"),
    ],
)
def test_a_table_that_cannot_be_used_says_why(table, words) -> None:
    with pytest.raises(RosterError, match=words):
        roster.marks_of(table, KEY)


@pytest.mark.parametrize("damage", [b"", b"other 1\n", b"sealgate-roster 1\nzz\n", b"\xff\xfe"])
def test_a_damaged_roster_is_refused(damage, tmp_path) -> None:
    (tmp_path / "one.roster").write_bytes(damage)
    with pytest.raises(RosterError, match=r"one\.roster"):
        roster.read(tmp_path / "one.roster", KEY)


def test_tables_of_other_programs_are_read() -> None:
    semicolons = "Legal Surname;Given name\nMüller;Jürgen\n".encode("cp1252")
    one = Roster(KEY, roster.marks_of(semicolons, KEY))
    assert one.knows("JURGEN", "Muller")
