"""NHS numbers of England, Wales and the Isle of Man.

Source: NHS Data Dictionary, NHS NUMBER: 4, 6 and 7 are issued there, 9 is for examples and tests.
"""

from policies.detectors.context import Words
from policies.detectors.finding import Severity
from policies.detectors.health_number import HealthNumber
from policies.detectors.triggers import NUMBER

_OWN = Words("nhs", "nhsno", "nhs number", "rhif gig", "rhif y gig", "rhif nhs")
_OTHERS = Words("chi", "chi number", "h&c", "hcn", "hsc number", "h&c number", "uln")


class NhsNumber(HealthNumber):
    """A number of the ranges of England and Wales, or any beside words that name it."""

    def own(self) -> Words:
        """Give what such a number is called."""
        return _OWN

    def others(self) -> Words:
        """Give what the numbers of other services are called."""
        return _OTHERS

    def issued(self, digits: str) -> bool:
        """Tell whether the range is in use."""
        return digits[0] in "4679"

    def possible(self, digits: str) -> bool:
        """Tell whether it may be one at all: the other services have ranges of their own."""
        return digits[0] in "456789"


NHS_NUMBER = NhsNumber(
    "nhs_number",
    "an NHS number",
    Severity.CRITICAL,
    trigger=NUMBER,
    headers=("NHS number", "NHS no", "NHS", "Rhif GIG"),
    at_once=True,
)
