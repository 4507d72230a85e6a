"""Health & Care numbers, the patient numbers of Northern Ireland.

Source: NHS Data Dictionary, HEALTH AND CARE NUMBER: 320 000 0010 to 399 999 9999, with the check
digit of an NHS number.
"""

from policies.detectors.context import Words
from policies.detectors.finding import Severity
from policies.detectors.health_number import HealthNumber
from policies.detectors.triggers import NUMBER

_OWN = Words(
    "h&c", "h&c number", "h&c no", "hcn", "hsc number", "hsc no", "health and care number",
    "health & care number", "health and social care number",
)  # fmt: skip
_OTHERS = Words("nhs", "nhs number", "chi", "chi number", "uln", "utr")


class HealthAndCareNumber(HealthNumber):
    """Ten digits of the range that check."""

    def own(self) -> Words:
        """Give what such a number is called."""
        return _OWN

    def others(self) -> Words:
        """Give what the numbers of other services are called."""
        return _OTHERS

    def issued(self, digits: str) -> bool:
        """Tell whether the range is in use."""
        return "320" <= digits[:3] <= "399"


HEALTH_AND_CARE_NUMBER = HealthAndCareNumber(
    "health_and_care_number",
    "a Health & Care number",
    Severity.CRITICAL,
    trigger=NUMBER,
    headers=("H&C number", "H&C no", "HCN", "Health and Care number"),
    at_once=True,
)
