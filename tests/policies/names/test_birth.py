"""A date of the past right beside a name is a date of birth; other dates are not."""

import pytest

from policies.detectors.date_of_birth import DATE_OF_BIRTH
from policies.text.view import normalise


@pytest.mark.parametrize(
    "text",
    ["Bartosz Malik 14/02/2015", "Re: Nadia Rahman (3 May 2011)", "Orla Feeney, 1.9.1954 - fall"],
)
def test_a_date_beside_a_name_is_found(text: str) -> None:
    (one,) = DATE_OF_BIRTH.find(normalise(text))
    assert any(figure.isdigit() for figure in text[one.start : one.end])


@pytest.mark.parametrize(
    "text",
    [
        "Interview: Bartosz Malik 14/02/2091",
        "Lincoln Castle 14/02/2015",
        "Minutes 14/02/2015",
        "Bartosz Malik: minutes of 14/02/2015",
        "Bartosz Malik 14/02",
    ],
)
def test_other_dates_are_left_alone(text: str) -> None:
    assert DATE_OF_BIRTH.find(normalise(text)) == []
