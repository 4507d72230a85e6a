"""Every detector that ships, by the name policy files use.

Promises that the key is the detector's own name. To add one, write its module and add a line here.
"""

from policies.detectors.address import ADDRESS
from policies.detectors.bank_account import BANK_ACCOUNT
from policies.detectors.case_reference import CASE_REFERENCE
from policies.detectors.chi_number import CHI_NUMBER
from policies.detectors.date_of_birth import DATE_OF_BIRTH
from policies.detectors.driving_licence import DRIVING_LICENCE
from policies.detectors.email_address import EMAIL_ADDRESS
from policies.detectors.facts import FACTS
from policies.detectors.finding import Detector
from policies.detectors.health_and_care_number import HEALTH_AND_CARE_NUMBER
from policies.detectors.iban import IBAN
from policies.detectors.names.initials import INITIALS
from policies.detectors.names.person_name import PERSON_NAME
from policies.detectors.national_insurance_number import NATIONAL_INSURANCE_NUMBER
from policies.detectors.nhs_number import NHS_NUMBER
from policies.detectors.passport import PASSPORT
from policies.detectors.password import PASSWORD
from policies.detectors.payment_card import PAYMENT_CARD
from policies.detectors.people_list import PEOPLE_LIST
from policies.detectors.phone import PHONE
from policies.detectors.postcode import POSTCODE
from policies.detectors.staff_number import STAFF_NUMBER
from policies.detectors.uln import ULN
from policies.detectors.upn import UPN
from policies.detectors.utr import UTR
from policies.detectors.vehicle_registration import VEHICLE_REGISTRATION

_ALL: tuple[Detector, ...] = (
    NHS_NUMBER,
    CHI_NUMBER,
    HEALTH_AND_CARE_NUMBER,
    NATIONAL_INSURANCE_NUMBER,
    UPN,
    ULN,
    UTR,
    DRIVING_LICENCE,
    PASSPORT,
    PAYMENT_CARD,
    BANK_ACCOUNT,
    IBAN,
    DATE_OF_BIRTH,
    ADDRESS,
    POSTCODE,
    PHONE,
    EMAIL_ADDRESS,
    PERSON_NAME,
    INITIALS,
    PEOPLE_LIST,
    *FACTS,
    VEHICLE_REGISTRATION,
    STAFF_NUMBER,
    CASE_REFERENCE,
    PASSWORD,
)

DETECTORS: dict[str, Detector] = {detector.name: detector for detector in _ALL}
