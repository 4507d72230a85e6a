"""Every detector that ships, by the name policy files use.

Promises that the key is the detector's own name. To add one, write its module and add a line here.
"""

from policies.detectors.date_of_birth import DATE_OF_BIRTH
from policies.detectors.email_address import EMAIL_ADDRESS
from policies.detectors.finding import Detector
from policies.detectors.names.person_name import PERSON_NAME
from policies.detectors.national_insurance_number import NATIONAL_INSURANCE_NUMBER
from policies.detectors.nhs_number import NHS_NUMBER
from policies.detectors.payment_card import PAYMENT_CARD
from policies.detectors.phone import PHONE
from policies.detectors.postcode import POSTCODE
from policies.detectors.upn import UPN

_ALL: tuple[Detector, ...] = (
    NHS_NUMBER,
    NATIONAL_INSURANCE_NUMBER,
    UPN,
    PAYMENT_CARD,
    DATE_OF_BIRTH,
    POSTCODE,
    PHONE,
    EMAIL_ADDRESS,
    PERSON_NAME,
)

DETECTORS: dict[str, Detector] = {detector.name: detector for detector in _ALL}
