"""Detectors: the validators against known numbers, and what is and is not found."""

import pytest

from policies.detectors import DETECTORS
from policies.text import normalise


def found(text: str) -> list[tuple[str, str]]:
    view = normalise(text)
    spans = [finding for detector in DETECTORS.values() for finding in detector.find(view)]
    return [(span.detector, text[span.start : span.end]) for span in sorted(spans)]


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
    assert len(DETECTORS) == 8
