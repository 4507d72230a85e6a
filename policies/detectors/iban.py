"""International Bank Account Numbers.

Source: ISO 13616-1 and the SWIFT IBAN registry: the lengths of each country; the letters as numbers
from 10 on, the first four characters moved to the end, must leave 1 modulo 97 (ISO/IEC 7064).
"""

import string
from collections.abc import Iterator
from itertools import compress, count, islice

import re2

from policies.detectors.base import Candidate, ShapeDetector
from policies.detectors.context import Words
from policies.detectors.finding import Confidence, Severity
from policies.detectors.triggers import TEN_DIGITS, Trigger, options
from policies.text.numbers import STAND_IN, alphanumeric, figures_in
from policies.text.view import View

_LENGTHS = {
    "AD": 24, "AE": 23, "AL": 28, "AT": 20, "AZ": 28, "BA": 20, "BE": 16, "BG": 22, "BH": 22,
    "BI": 27, "BR": 29, "BY": 28, "CH": 21, "CR": 22, "CY": 28, "CZ": 24, "DE": 22, "DJ": 27,
    "DK": 18, "DO": 28, "EE": 20, "EG": 29, "ES": 24, "FI": 18, "FK": 18, "FO": 18, "FR": 27,
    "GB": 22, "GE": 22, "GI": 23, "GL": 18, "GR": 27, "GT": 28, "HR": 21, "HU": 28, "IE": 22,
    "IL": 23, "IQ": 23, "IS": 26, "IT": 27, "JO": 30, "KW": 30, "KZ": 20, "LB": 28, "LC": 32,
    "LI": 21, "LT": 20, "LU": 20, "LV": 21, "LY": 25, "MC": 27, "MD": 24, "ME": 22, "MK": 19,
    "MN": 20, "MR": 27, "MT": 31, "MU": 30, "NI": 28, "NL": 18, "NO": 15, "OM": 23, "PK": 24,
    "PL": 28, "PS": 29, "PT": 25, "QA": 29, "RO": 24, "RS": 22, "RU": 33, "SA": 24, "SC": 31,
    "SD": 18, "SE": 24, "SI": 19, "SK": 24, "SM": 27, "SO": 23, "ST": 25, "SV": 28, "TL": 23,
    "TN": 24, "TR": 26, "UA": 29, "VA": 22, "VG": 24, "XK": 20,
}  # fmt: skip
_COUNTRY = "|".join(f"{code[0]}{{}}{code[1]}" for code in _LENGTHS).replace(
    "{}", "[^0-9A-Za-z]{0,3}"
)
_GAP = "[^0-9A-Za-z|]{0,3}"
_START = re2.compile(  # a country, two check digits, one of them written as a digit, and more
    (
        rf"(?:^|[^0-9A-Za-z])(?i:{_COUNTRY}){_GAP}(?:[0-9]{_GAP}{STAND_IN}|{STAND_IN}{_GAP}[0-9])"
        r"(?:[^0-9]{0,20}[0-9]){4}"
    ).encode(),
    options(),
)
_LABEL = Words("iban", "ibans", "international bank account number", "iban no", "iban number")
_FIGURES = str.maketrans("OQILSZB|", "00115281")
_WIDEST = 34 * 4  # characters of the longest, three between each
_COUNTRY_LETTERS = frozenset(string.ascii_letters.encode("ascii"))
_ALPHANUMERIC = bytes(chr(byte).isalnum() or byte == ord("|") for byte in range(128)) + bytes(128)
_FEWEST = 6  # digits as such; others may be letters that stand for them
_BANK_LETTERS = {"GB": 4, "IE": 4, "NL": 4, "GI": 4, "MT": 4, "LV": 4, "RO": 4, "BG": 4, "IQ": 4}


class Iban(ShapeDetector):
    """A country's length of characters that check, or that are called an IBAN."""

    def candidates(self, view: View) -> Iterator[Candidate]:
        """Yield every place where a country, its length and the remainder fit."""
        text = view.ascii
        at = 0
        while match := _START.search(text, at):
            start = match.start() + (text[match.start()] not in _COUNTRY_LETTERS)
            at = start + 1
            end = _end(text, start)
            if end is None:
                continue
            number = alphanumeric(text[start:end]).decode("ascii").upper()
            if valid(number) or valid(_with_digits(number)):
                yield start, end, Confidence.SURE
                at = end
            elif _LABEL.right_before(view, start):
                yield start, end, Confidence.LIKELY
                at = end


def valid(number: str) -> bool:
    """Tell whether letters and digits, of a right length, leave 1 modulo 97."""
    moved = number[4:] + number[:4]
    if not moved.isalnum() or not number[2:4].isdigit():
        return False
    return int("".join(str(int(char, 36)) for char in moved)) % 97 == 1


def _with_digits(number: str) -> str:
    """Read letters as the digits they stand for, where a country has digits only."""
    bank = 4 + _BANK_LETTERS.get(number[:2], 0)
    checks = number[2:4].translate(_FIGURES)
    return number[:2] + checks + number[4:bank] + number[bank:].translate(_FIGURES)


def _end(text: bytes, start: int) -> int | None:
    """Give where a country's length of letters and digits ends, mostly digits, if it ends there."""
    stretch = text[start : start + _WIDEST]
    compact = alphanumeric(stretch)
    length = _LENGTHS.get(compact[:2].decode("ascii").upper(), _WIDEST)  # a bar between them?
    if len(compact) < length or figures_in(compact[:length]) < _FEWEST:
        return None
    where = stretch.translate(_ALPHANUMERIC)
    end = start + next(islice(compress(count(), where), length - 1, None)) + 1
    return None if text[end : end + 1].isalnum() else end


IBAN = Iban(
    "iban",
    "an IBAN",
    Severity.HIGH,
    4,
    trigger=Trigger(numbers=TEN_DIGITS, words=_LABEL.pattern),
    headers=("IBAN", "IBAN number"),
    at_once=True,
)
