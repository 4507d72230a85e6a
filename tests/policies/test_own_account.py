"""The account a body is paid into is hardly personal; somebody's account is."""

import pytest

from policies.detectors import DETECTORS, Confidence
from policies.text.view import normalise

ACCOUNT = DETECTORS["bank_account"]
OURS = (
    "Invoice 20934: please pay by BACS, sort code 30-98-12, account 00871234, Dairy Direct Ltd.",
    "Donations to CAF Bank, sort code 40-52-40, account number 00012345.",
    "Account name: Borough Council General Fund. Sort code 20-45-77, account no 13579246.",
)
SOMEBODYS = (
    "Her sort code is 30-98-12, account 00871234.",
    "Please pay the refund to Mrs Khan, sort code 40-52-40, account number 00012345.",
    "New starter: sort code 20-45-77, account no 13579246, school kitchen",
    "sort code 20-45-77 account no 13579246",
)


@pytest.mark.parametrize("text", OURS)
def test_what_a_body_is_paid_into_is_only_possible(text: str) -> None:
    assert {one.confidence for one in ACCOUNT.find(normalise(text))} == {Confidence.POSSIBLE}


@pytest.mark.parametrize("text", SOMEBODYS)
def test_somebodys_account_is_sure(text: str) -> None:
    assert Confidence.SURE in {one.confidence for one in ACCOUNT.find(normalise(text))}
