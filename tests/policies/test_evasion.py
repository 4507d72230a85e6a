"""Identifiers written so that a search for their shape misses them are found all the same."""

from collections.abc import Callable

import pytest

from policies.detectors import DETECTORS
from policies.detectors.groups import members
from policies.text.view import normalise

# The words before a value, the value, the words after it.
WRITTEN = {
    "nhs_number": [("NHS number ", "999 725 1466", " discharge"), ("patient ", "9997251466", "")],
    "chi_number": [("CHI ", "010190 8156", " transfer"), ("CHI number: ", "0101908156", "")],
    "health_and_care_number": [("H&C number ", "345 976 2608", ""), ("HCN ", "3459762608", " GP")],
    "national_insurance_number": [("NI ", "AB 12 34 56 C", ""), ("NINO ", "AB123456C", " payslip")],
    "upn": [("UPN ", "T007056148970", " moved"), ("", "T007056148970", "")],
    "uln": [("ULN ", "4857773456", " exam entry"), ("Learner ", "485 777 3456", " results")],
    "utr": [("UTR ", "26328 70896", " self assessment"), ("Tax reference: ", "2632870896", "")],
    "driving_licence": [("licence ", "MORGA657054SM9IJ", ""), ("", "MORGA 657054 SM9IJ", "")],
    "passport": [("Passport no ", "925665416", " right to work"), ("passport: ", "925665416", "")],
    "payment_card": [("card ", "4929 9678 4917 9643", ""), ("card ", "4929967849179643", "")],
    "bank_account": [("Refund to ", "20-81-94 27460760", ""), ("bank ", "20 81 94 27460760", "")],
    "iban": [("IBAN ", "GB82 WEST 1234 5698 7654 32", ""), ("", "GB82WEST12345698765432", "")],
    "date_of_birth": [("DOB ", "12/06/2017", ""), ("born ", "12.06.2017", " in Lincoln")],
    "address": [("Visit to ", "61 Church Street", ""), ("repairs at ", "14B Mill Lane", "")],
    "postcode": [("postcode ", "LN1 1YQ", ""), ("address in ", "SW1A 2AB", " moved")],
    "phone": [("ring ", "07700 900158", ""), ("mobile ", "07700900158", "")],
    "email_address": [("", "jo.bloggs@example.org", " bounced")],
    "vehicle_registration": [("vehicle ", "LF21 SVP", ""), ("PCN appeal ", "LF21SVP", " paid")],
    "staff_number": [("Staff number ", "544052", " grievance"), ("payroll no ", "250817", "")],
    "case_reference": [("Case ", "CH-728067", " meeting"), ("social care case ", "SG/354697", "")],
    "password": [("Password: ", "Harbour42Lamp", " for the file"), ("PIN is ", "4821", "")],
}  # fmt: skip
WIDE = {ord("0") + n: ord("０") + n for n in range(10)} | {
    ord(first) + n: ord(wide) + n for first, wide in ("AＡ", "aａ") for n in range(26)
}
CYRILLIC = str.maketrans("ABCEHKMOPTXaceopxy", "АВСЕНКМОРТХасеорху")
TRICKS: dict[str, Callable[[str], str]] = {
    "plain": lambda value: value,
    "lower case": str.lower,
    "zero-width": "\u200b".join,
    "soft hyphens": "\u00ad".join,
    "full width": lambda value: value.translate(WIDE),
    "no-break spaces": lambda value: value.replace(" ", "\u00a0"),
    "no-break hyphens": lambda value: value.replace(" ", "\u2011"),
    "struck through": lambda value: "".join(char + "\u0336" for char in value),
    "mathematical": lambda value: "".join(
        chr(0x1D7CE + int(char)) if char.isdigit() else char for char in value
    ),
    "look-alike letters": lambda value: value.translate(CYRILLIC),
    "two spaces": lambda value: value.replace(" ", "  "),
    "dotted": lambda value: value.replace(" ", "."),
    "spaced": lambda value: " ".join(value.replace(" ", "")),
    "letters for digits": lambda value: value.replace("0", "O").replace("1", "l"),
}
# What is not a way to write such a thing, or leaves it unlike itself to a reader as well.
POINTLESS = {
    ("address", "spaced"), ("email_address", "spaced"), ("case_reference", "spaced"),
    ("case_reference", "letters for digits"), ("email_address", "letters for digits"),
    ("case_reference", "no-break hyphens"), ("password", "spaced"),
    ("password", "letters for digits"),
}  # fmt: skip
CASES = [
    pytest.param(name, before + trick(value) + after, id=f"{name}-{kind}-{number}")
    for name, texts in WRITTEN.items()
    for number, (before, value, after) in enumerate(texts)
    for kind, trick in TRICKS.items()
    if (name, kind) not in POINTLESS
]


@pytest.mark.parametrize(("detector", "text"), CASES)
def test_it_is_found_however_it_is_written(detector: str, text: str) -> None:
    assert DETECTORS[detector].find(normalise(text)), ascii(text)


def test_every_detector_is_tried() -> None:
    assert set(WRITTEN) >= set(members("identifiers", DETECTORS))
