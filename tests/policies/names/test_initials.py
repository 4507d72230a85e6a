"""Initials in casework are found; abbreviations and letters elsewhere are not."""

import pytest

from policies.detectors.names.initials import INITIALS
from policies.text.view import normalise

FOUND = {
    "LAC review: TK, Friday": "TK",
    "Reduced timetable for B.J.": "B.J",
    "Strategy discussion re ZW": "ZW",
    "PEP F.M. moved to Monday": "F.M",
    "MV and RO: contact centre": "MV",
    "exclusion of kd (y9)": "kd",
    "Child HB - chronology": "HB",
    "Pupil D K behaviour": "D K",
}
NONE = (
    "CP training in PE", "Meeting about HR and IT", "KS referral numbers", "LA placement policy",
    "EHCP format in PDF", "ADHD assessment UK", "Update on IT please", "Grade AB tests",
    "Send to GP", "Order AB 12 34", "TV licence for child homes", "Plan B or C", "EU exit",
)  # fmt: skip


@pytest.mark.parametrize("text", FOUND)
def test_initials_in_casework_are_found(text: str) -> None:
    spans = [text[one.start : one.end] for one in INITIALS.find(normalise(text))]
    assert spans[0] == FOUND[text]


@pytest.mark.parametrize("text", NONE)
def test_abbreviations_are_left_alone(text: str) -> None:
    assert INITIALS.find(normalise(text)) == []
