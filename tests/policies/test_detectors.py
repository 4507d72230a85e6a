"""Detectors: their check digits, what is found in real subjects and what is not, and any input."""

import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from policies.detectors import DETECTORS, Confidence, Finding
from policies.detectors.dates import dates_in
from policies.detectors.payment_card import lengths
from policies.detectors.upn import valid as upn_valid
from policies.text.view import View, normalise

FOLDER = Path(__file__).parent.parent / "golden" / "subjects"


def lines(name: str) -> list[str]:
    text = (FOLDER / name).read_text("utf-8").splitlines()
    return [line for line in text if line and not line.startswith("#")]


IDENTIFIERS = [tuple(map(str.strip, line.split("|", 1))) for line in lines("identifiers.txt")]


def findings(view: View) -> list[Finding]:
    return [finding for detector in DETECTORS.values() for finding in detector.find(view)]


def found(text: str) -> list[tuple[str, str]]:
    spans = sorted(findings(normalise(text)))
    return [(span.detector, text[span.start : span.end]) for span in spans]


@pytest.mark.parametrize(("detector", "text"), IDENTIFIERS)
def test_an_identifier_is_found(detector: str, text: str) -> None:
    assert detector in dict(found(text))


@pytest.mark.parametrize("text", lines("ordinary.txt"))
def test_an_ordinary_subject_is_left_alone(text: str) -> None:
    assert found(text) == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("NHS no 999 725 1466", [("nhs_number", "999 725 1466")]),
        ("invoice 9434765919", []),
        ("pay NI QQ123456C", []),
        ("NI number JS 76 29 51 B", [("national_insurance_number", "JS 76 29 51 B")]),
        ("UPN A330978322848 moved", [("upn", "A330978322848")]),
        ("flat at LN1 1YQ", [("postcode", "LN1 1YQ")]),
        ("LN1 roadworks", []),
        ("DOB 12.06.2017", [("date_of_birth", "12.06.2017")]),
        ("meeting 12.06.2017", []),
        ("those born between 01/09/2022 and 31/08/2023", []),
        ("children born on or after 1 January 2023", []),
        ("born before 31.12.2022 or since", []),
        ("(1) had no cover texts and (2) were incorporated prior to November 1, 2008", []),
        ("those born no later than 31 August 2019", []),
        ("a boy born 1 September 2022 and 3 foot tall", [("date_of_birth", "1 September 2022")]),
        ("ring 07700 900158", [("phone", "07700 900158")]),
        ("jo.bloggs@example.com wrote", [("email_address", "jo.bloggs@example.com")]),
        ("info@example.com wrote", []),
        ("card 4111 1111 1111 1111", [("payment_card", "4111 1111 1111 1111")]),
        ("card 4111 1111 1111 1112", []),
    ],
)
def test_what_is_found(text: str, expected: list[tuple[str, str]]) -> None:
    assert found(text) == expected


def test_each_detector_is_registered_by_its_own_name() -> None:
    assert all(name == detector.name for name, detector in DETECTORS.items())
    assert len(DETECTORS) >= 20


@pytest.mark.parametrize("at", range(10))
def test_one_wrong_digit_of_an_unlabelled_nhs_number_is_enough(at: int) -> None:
    number = "6533314785"
    assert found(f"{number} bloods") == [("nhs_number", number)]
    wrong = number[:at] + str((int(number[at]) + 1) % 10) + number[at + 1 :]
    assert found(f"{wrong} bloods") == []


def test_an_nhs_number_that_is_named_may_have_a_slip() -> None:
    (slip,) = findings(normalise("NHS number 6533314786"))
    assert slip.confidence == Confidence.LIKELY
    assert found("NHS number 1234567890") == []
    assert found("NHS number 0000000000") == []


@pytest.mark.parametrize(
    "prefix", ["BG", "GB", "KN", "NK", "NT", "TN", "ZZ", "DA", "FA", "IA", "AO"]
)
def test_a_national_insurance_prefix_that_is_not_used_is_none(prefix: str) -> None:
    assert found(f"{prefix}123456C") == []


@pytest.mark.parametrize("number", ["T007056148970", "M07200317167E", "B801200005001"])
def test_the_check_letter_of_a_pupil_number(number: str) -> None:
    assert upn_valid(number)
    for at in range(1, 12):
        assert not upn_valid(number[:at] + str((int(number[at]) + 1) % 10) + number[at + 1 :])
    for letter in "ABCDEFGHJKLMNPQRTUVWXYZ":
        assert upn_valid(letter + number[1:]) is (letter == number[0])
    assert not upn_valid(number[:12] + "I")


def test_card_lengths_belong_to_their_schemes() -> None:
    assert lengths("411111") == {13, 16, 19}
    assert lengths("378247") == {15}
    assert lengths("222100") == lengths("272099") == lengths("555555") == {16}
    assert lengths("222099") == lengths("272100") == lengths("999999") == lengths("") == set()


def test_a_finding_knows_nothing_of_the_value() -> None:
    text = "card 4929967849179643"
    (finding,) = findings(normalise(text))
    assert text[finding.start : finding.end] == "4929967849179643"
    assert "4929" not in repr(finding)


WORDS = """
9434765919 653 331 4785 07700 900158 +44 00 0 1 12/06/2017 dob aged 7 nhs ni AB JG 103759 A upn
T007056148970 LN1 1YQ 1st @ a.b at dot com ( ) - . / + invoice card 4929 9678 nine double O l ９
\u200b \u0336 О é
"""
PIECES = st.sampled_from(WORDS.split())


@settings(max_examples=200, deadline=None)
@given(st.lists(PIECES | st.text(max_size=2), max_size=50), st.sampled_from(["", " ", "-", "  "]))
def test_any_text_can_be_searched(pieces: list[str], joint: str) -> None:
    text = joint.join(pieces)
    view = normalise(text)
    for name, detector in DETECTORS.items():
        spans = detector.find(view)
        assert spans == detector.find(normalise(text))
        assert all(span.detector == name for span in spans)
        edges = [edge for span in spans for edge in (span.start, span.end)]
        assert edges == sorted(edges)
        assert all(0 <= span.start < span.end <= len(text) for span in spans)


@pytest.mark.parametrize(
    "text",
    ["1 " * 2048, "a@" * 2048, "A1 1AA " * 585, "dob 1/1/" * 500, "O0" * 2048, "nine " * 819,
     "+1 " * 1365, "9\u0336" * 2048, "(at) . " * 585, "A B 1 2 3 4 5 6 " * 256, "nhs " * 1024],
)  # fmt: skip
def test_four_kilobytes_of_malice_take_no_longer_than_four_of_prose(text: str) -> None:
    def seconds(some: str) -> float:
        began = time.process_time()
        for _ in range(3):
            findings(normalise(some))
        return time.process_time() - began

    assert seconds(text[:4096]) < 3, "seconds for what should take some milliseconds"


def test_dates_that_can_be_are_dates_whosever_they_are() -> None:
    text = "Ann 28/06/2011, 31/02/2011, 3 May 09 and 20110628 but not 99/99/2011"
    view = normalise(text)
    spans = [view.span(*span) for span in dates_in(view)]
    assert [text[start:end] for start, end in spans] == ["28/06/2011", "3 May 09"]


@pytest.mark.parametrize(
    ("detector", "text"),
    [
        ("date_of_birth", "Ana Lopes, 14/10/96, home education"),
        ("date_of_birth", "Jocelyn (18/5/42) - appointment"),
        ("date_of_birth", "Petrescu, Ioana | K301617520544 | 01.04.38"),
        ("date_of_birth", "Ziad Najjar, 2 8 . 0 8 . 4 0, school place"),
        ("case_reference", "HSG/6176/23 Ioana Petrescu closure summary"),
        ("case_reference", "5337078 Leila Haddad annual review"),
        ("case_reference", "Our file HSG/1663/24, please close"),
        ("bank_account", "refund to sort code 1 3 5 2 9 3 / 7 1 9 4 1 0 0 8"),
        ("bank_account", "BACS: 4 7 1 3 2 5 , a c c o u n t 5 0 0 9 3 1 6 0"),
        ("person_name", "Sarah Green has the wrong bed"),
        ("person_name", "Ms Hall not happy with our reply"),
        ("person_name", "Ward round - Rebecca Field - discharge"),
        ("person_name", "Thank you note from Andrew Green's family"),
    ],
)
def test_what_only_its_neighbours_make_personal(detector: str, text: str) -> None:
    assert detector in dict(found(text))


@pytest.mark.parametrize(
    "text",
    [
        "Meeting with suppliers, 14/10/26",
        "Agenda 12.06.24 and 14.06.24",
        "Invoice 5337078 John Lewis",
        "TRO/2026/18 Mill Lane",
        "Parking at Rebecca Field",
        "Matthew Green allotments: water off",
        "Bus stop opposite Sarah Wood",
        "Victoria Hall - booking form",
        "Albert Green: tree works",
        "Sort codes and dates: 12/03/26 15/03/26",
    ],
)
def test_what_its_neighbours_make_ordinary(text: str) -> None:
    kinds = dict(found(text))
    assert not kinds.keys() & {"date_of_birth", "case_reference", "bank_account"}
    assert "person_name" not in kinds or "John Lewis" in text
