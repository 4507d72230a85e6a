"""CHI numbers, the patient numbers of Scotland: a date of birth, three digits and a check digit.

Source: NHS National Services Scotland, CHI number: day, month and year of birth in six digits, a
sequence whose last digit is even for women, and the check digit of an NHS number.
"""

from calendar import monthrange

from policies.detectors.context import Words
from policies.detectors.finding import Severity
from policies.detectors.health_number import HealthNumber
from policies.detectors.triggers import NUMBER

_OWN = Words("chi", "chi no", "chi number", "community health index")
_OTHERS = Words("nhs", "nhs number", "h&c", "hcn", "h&c number", "uln", "utr")
_LEAP_YEAR = 2000
_LAST_DAYS = {f"{month:02}": f"{monthrange(_LEAP_YEAR, month)[1]}" for month in range(1, 13)}


class ChiNumber(HealthNumber):
    """Ten digits that begin with a date and check."""

    def own(self) -> Words:
        """Give what such a number is called."""
        return _OWN

    def others(self) -> Words:
        """Give what the numbers of other services are called."""
        return _OTHERS

    def issued(self, digits: str) -> bool:
        """Tell whether it begins with a day and a month."""
        return "01" <= digits[:2] <= _LAST_DAYS.get(digits[2:4], "00")


CHI_NUMBER = ChiNumber(
    "chi_number",
    "a CHI number",
    Severity.CRITICAL,
    trigger=NUMBER,
    headers=("CHI number", "CHI no", "CHI"),
    at_once=True,
)
