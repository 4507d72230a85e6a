"""Names that lists and shape give away; what bears a name without being a person."""

import pytest

from policies.detectors import Confidence, Severity
from policies.detectors.names.person_name import PERSON_NAME
from policies.text.view import normalise


def found(text: str) -> list[str]:
    return [text[one.start : one.end] for one in PERSON_NAME.find(normalise(text))]


NAMES = {
    "Letter from Mrs Okonkwo-Bright": "Mrs Okonkwo-Bright",
    "cllr hargreaves: surgery dates": "cllr hargreaves",
    "Housing repair, Dr. P. Ramanathan": "Dr. P. Ramanathan",
    "Timetable for Orla O’Shaughnessy": "Orla O’Shaughnessy",
    "Wiśniewska, Małgorzata - lateness": "Wiśniewska, Małgorzata",
    "School place: Łukasz Nowak": "Łukasz Nowak",
    "FW: Nguyen, Thi – interpreter": "Nguyen, Thi",
    "Lift home for Fatima al-Hassan": "Fatima al-Hassan",
    "PIP form Ngozi Okafor's mother": "Ngozi Okafor",
    "BLUE BADGE GURPREET SANDHU": "BLUE BADGE GURPREET SANDHU"[11:],
    "bed needed tadhg mcdonagh asap": "tadhg mcdonagh",
    "Desk for J. Whittaker": "J. Whittaker",
    "Locker for Whittaker J": "Whittaker J",
    "Annelies van der Berg starts Monday": "Annelies van der Berg",
}
OTHERS = (
    "Victoria Park bandstand", "Charlotte Street closed", "St George's Road", "Martin Way flooding",
    "Joseph Rowntree Foundation report", "Lord Mayor's parade", "MS Teams training", "Miss the bus",
    "Minutes: Leeds, Bradford, York", "Barnardo's partnership", "Sir Isaac Newton building works",
    "Miss the deadline and pay more", "Plan B for Friday", "Year 4 A Team",
    "Marks and Spencer vouchers",
    "Harrow Council, Brent Council", "Chester Zoo booking", "Dr Who evening", "mark all as read",
)  # fmt: skip


@pytest.mark.parametrize("text", NAMES)
def test_a_name_is_found_whole(text: str) -> None:
    assert found(text) == [NAMES[text]]


@pytest.mark.parametrize("text", OTHERS)
def test_what_bears_a_name_is_no_person(text: str) -> None:
    assert found(text) == []


def test_a_finding_says_how_sure_and_how_grave_and_never_what() -> None:
    (one,) = PERSON_NAME.find(normalise("Referral: Zoltan Kovacs"))
    assert (one.confidence, one.severity) == (Confidence.SURE, Severity.MEDIUM)
    assert "Kovacs" not in repr(one)


def test_invisible_characters_do_not_hide_a_name() -> None:
    hidden = "Referral: Zol\u200btan K\u043evacs"
    assert found(hidden) == ["Zol\u200btan K\u043evacs"]


def test_long_hostile_texts_are_read_in_linear_time() -> None:
    for text in ("Mr " * 1400, "A, " * 1400, "O'" * 2000, "Anna-" * 800, "J. " * 1300):
        assert len(PERSON_NAME.find(normalise(text))) <= 1400
