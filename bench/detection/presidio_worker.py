"""Presidio in its own interpreter: reads one JSON request a line, answers one line.

Run by `presidio.py` with Python of an environment where Presidio is installed. Imports nothing of
this project except `engine.py`, which stands beside it.
"""

import json
import sys

from engine import Span, timed  # Python finds it where this file stands
from presidio_analyzer import AnalyzerEngine, RecognizerRegistry
from presidio_analyzer import predefined_recognizers as known
from presidio_analyzer.nlp_engine import NoOpNlpEngine

TYPES = {
    "CREDIT_CARD": "CARD",
    "EMAIL_ADDRESS": "EMAIL",
    "IBAN_CODE": "IBAN",
    "PHONE_NUMBER": "PHONE",
    "UK_NHS": "NHS",
    "UK_NINO": "NINO",
    "UK_PASSPORT": "PASSPORT",
    "UK_POSTCODE": "POSTCODE",
    "UK_DRIVING_LICENCE": "DRIVING_LICENCE",
    "UK_VEHICLE_REGISTRATION": "VRM",
}


def analyser() -> AnalyzerEngine:
    """Return the engine with every pattern recogniser that fits the label policy."""
    registry = RecognizerRegistry()
    for recogniser in (
        known.CreditCardRecognizer(),
        known.EmailRecognizer(),
        known.IbanRecognizer(),
        known.PhoneRecognizer(supported_regions=("GB",)),
        known.NhsRecognizer(),
        known.UkNinoRecognizer(),
        known.UkPassportRecognizer(),
        known.UkPostcodeRecognizer(),
        known.UkDrivingLicenceRecognizer(),
        known.UkVehicleRegistrationRecognizer(),
    ):
        registry.add_recognizer(recogniser)
    nothing = NoOpNlpEngine([{"lang_code": "en", "model_name": "none"}])
    return AnalyzerEngine(registry=registry, nlp_engine=nothing, supported_languages=["en"])


def main() -> None:
    """Answer until the pipe closes."""
    engine = analyser()

    def find(text: str) -> list[Span]:
        return [
            Span(TYPES[one.entity_type], one.start, one.end)
            for one in engine.analyze(text, language="en")
            if one.entity_type in TYPES
        ]

    for line in sys.stdin:
        request = json.loads(line)
        found, seconds = timed(find, request["texts"], request["rounds"])
        print(json.dumps({"found": found, "seconds": seconds}), flush=True)


if __name__ == "__main__":
    main()
