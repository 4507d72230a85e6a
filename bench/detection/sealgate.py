"""Sealgate's detectors as the bench asks them.

Promises to call what the gateway calls: `search` on a normalised subject, `scan` on long texts, and
the shipped council policy for what would be refused.
"""

from base64 import b64encode
from collections.abc import Iterable, Sequence

from bench.detection.engine import ROUNDS, Reading, Span, timed
from policies.decision import Outcome
from policies.detectors import DETECTORS
from policies.detectors.finding import Detector, Finding
from policies.detectors.scan import scan
from policies.detectors.search import search
from policies.envelope import Envelope
from policies.language.loader import STARTER, load
from policies.message.mime import outline
from policies.text.view import normalise
from vault.address import Address

TYPES = {
    "nhs_number": "NHS", "chi_number": "CHI", "health_and_care_number": "HCN",
    "national_insurance_number": "NINO", "upn": "UPN", "uln": "ULN", "utr": "UTR",
    "driving_licence": "DRIVING_LICENCE", "passport": "PASSPORT", "vehicle_registration": "VRM",
    "postcode": "POSTCODE", "address": "ADDRESS", "date_of_birth": "DOB", "phone": "PHONE",
    "email_address": "EMAIL", "bank_account": "BANK", "iban": "IBAN", "payment_card": "CARD",
    "staff_number": "STAFF_NO", "case_reference": "CASE_REF", "person_name": "NAME",
    "initials": "INITIALS", "health_fact": "HEALTH", "special_category": "SPECIAL",
    "employment_fact": "EMPLOYMENT", "money_fact": "FINANCE",
}  # fmt: skip
ABOUT_PEOPLE = frozenset(
    "person_name initials health_fact special_category employment_fact money_fact".split()
)
_ENVELOPE = Envelope(
    sender=Address.parse("sam@council.example"),
    recipients=(Address.parse("pat@partner.example"),),
    own_domains=("council.example",),
    authenticated=True,
)


class Sealgate:
    """The shipped detectors and the council's policy."""

    name = "Sealgate"

    def __init__(self) -> None:
        self._all = tuple(DETECTORS.values())
        self._identifiers = tuple(one for one in self._all if one.name not in ABOUT_PEOPLE)
        self._policy = load(STARTER / "council.yaml")

    def subjects(self, texts: Sequence[str]) -> Reading:
        """Read subjects as the gateway does, once a header is decoded."""
        return timed(lambda text: _spans(self._all, text), texts, ROUNDS)

    def bodies(self, texts: Sequence[str], *, names: bool = True) -> Reading:
        """Read long texts."""
        detectors = self._all if names else self._identifiers
        return timed(lambda text: _named(scan(text, detectors)), texts, 1)

    def refuses(self, texts: Sequence[str]) -> list[bool]:
        """Say which subjects the council's policy would refuse."""
        return [self._refused(text) for text in texts]

    def _refused(self, text: str) -> bool:
        encoded = b64encode(text.encode()).decode()
        header = f"From: sam@council.example\r\nSubject: =?utf-8?B?{encoded}?=\r\n\r\n"
        decisions = self._policy.decide(_ENVELOPE, outline([header.encode()]))
        return decisions[0].outcome is Outcome.REFUSE


def _spans(detectors: Iterable[Detector], text: str) -> list[Span]:
    view = normalise(text)
    return _named(search(view, detectors))


def _named(findings: Iterable[Finding]) -> list[Span]:
    return [Span(TYPES.get(one.detector, one.detector), one.start, one.end) for one in findings]
