"""Identifiers that look right and belong to nobody who could be found by them.

For the second set. Promises right check digits, and ranges set aside for tests or drama where the
issuer has one (NHS 999, Ofcom's drama numbers, test cards, example domains, the bank code TEST).
Sources: NHS data dictionary, HESA for ULN, DfE for UPN, HMRC for UTR, DVLA for licence numbers,
ISO 7064 for IBAN, ISO/IEC 7812 for cards.
"""

import string
from collections.abc import Callable
from random import Random

_UPN_LETTERS = "ABCDEFGHJKLMNPQRTUVWXYZ"
_NINO_PREFIXES = "AX BP CJ EH GM HR JL KC LZ MW NP OE PB RA SK TW WX YZ ZH".split()
_DRAMA_LINES = (
    "0113 496 0", "0114 496 0", "0115 496 0", "0116 496 0", "0117 496 0", "0118 496 0",
    "0121 496 0", "0131 496 0", "0141 496 0", "0151 496 0", "0161 496 0", "0191 498 0",
    "020 7946 0", "029 2018 0", "01632 960",
)  # fmt: skip
_CARDS = ("400000", "411111", "424242", "510510", "555555", "222300")
_MONTHS = "January February March April May June July August September October November December"
MONTHS = tuple(_MONTHS.split())
_AREAS = "AL B BD BN BS CF CH CV DE DY EX GL HU IP KT LE LN NG OL PE PR RG SA SK SO ST TN WF WR YO"
_LETTERS = "ABDEFGHJLNPQRSTUWXYZ"  # what the last two letters of a postcode may be


def digits(rng: Random, count: int) -> str:
    """Return random digits, the first not a nought."""
    return str(rng.randrange(1, 10)) + "".join(str(rng.randrange(10)) for _ in range(count - 1))


def _weighted(body: str, weights: range) -> int:
    return sum(int(digit) * weight for digit, weight in zip(body, weights, strict=True))


def _ten(rng: Random, start: Callable[[], str]) -> str:
    """Return ten digits with the check digit of NHS, CHI and Health and Care numbers."""
    while True:
        body = start()
        body += "".join(str(rng.randrange(10)) for _ in range(9 - len(body)))
        check = -_weighted(body, range(10, 1, -1)) % 11
        if check < 10:
            return body + str(check)


def _spaced(rng: Random, number: str, *sizes: int) -> str:
    """Return a number as people write it: together, in groups, now and then with hyphens."""
    separator = rng.choice(("", " ", " ", "-"))
    pieces, at = [], 0
    for size in sizes:
        pieces.append(number[at : at + size])
        at += size
    return separator.join(pieces)


def nhs(rng: Random) -> str:
    """Return an NHS number of the range for tests."""
    return _spaced(rng, _ten(rng, lambda: "999"), 3, 3, 4)


def chi(rng: Random) -> str:
    """Return a CHI number: a birth date and four digits."""
    day, month, year = rng.randrange(1, 29), rng.randrange(1, 13), rng.choice((31, 44, 58, 67, 85))
    return _ten(rng, lambda: f"{day:02}{month:02}{year}9")


def hcn(rng: Random) -> str:
    """Return a Health and Care number of Northern Ireland, from the end of the range."""
    return _spaced(rng, _ten(rng, lambda: "399"), 3, 3, 4)


def nino(rng: Random) -> str:
    """Return a National Insurance number."""
    number = rng.choice(_NINO_PREFIXES) + digits(rng, 6) + rng.choice("ABCD")
    return rng.choice(
        (number, " ".join((number[:2], number[2:4], number[4:6], number[6:8], number[8])))
    )


def upn(rng: Random) -> str:
    """Return a unique pupil number."""
    body = rng.choice(("301", "330", "382", "801", "825", "881", "908", "936")) + digits(rng, 4)
    body += f"{rng.randrange(9, 26):02}{rng.randrange(1000):03}"
    return _UPN_LETTERS[_weighted(body, range(2, 14)) % 23] + body


def uln(rng: Random) -> str:
    """Return a unique learner number."""
    while True:
        body = digits(rng, 9)
        left = _weighted(body, range(10, 1, -1)) % 11
        if left:
            return body + str(10 - left)


def utr(rng: Random) -> str:
    """Return a unique taxpayer reference; its first digit is the check digit."""
    body = digits(rng, 9)
    weights = (6, 7, 8, 9, 10, 5, 4, 3, 2)
    total = sum(int(digit) * weight for digit, weight in zip(body, weights, strict=True))
    return _spaced(rng, "21987654321"[total % 11] + body, 5, 5)


def driving_licence(rng: Random) -> str:
    """Return a driving licence number of Great Britain."""
    name = "".join(rng.choice("ABCDEFGHKLMNPRSTW") for _ in range(5))
    month = rng.randrange(1, 13) + rng.choice((0, 50))
    dates = f"{rng.randrange(10)}{month:02}{rng.randrange(1, 29):02}{rng.randrange(10)}"
    number = (
        name
        + dates
        + rng.choice("ABCDEJLMS")
        + rng.choice("9ABKLT")
        + "9"
        + "".join(rng.choice(string.ascii_uppercase) for _ in range(2))
    )
    return rng.choice((number, f"{number[:5]} {number[5:11]} {number[11:]}"))


def passport(rng: Random) -> str:
    """Return a passport number: nine digits."""
    return digits(rng, 9)


def vehicle(rng: Random) -> str:
    """Return a registration mark: of today, of the nineties or of Northern Ireland."""
    three = "".join(rng.choice("ABCDEFGHJKLMNOPRSTUVWXY") for _ in range(3))
    kind = rng.randrange(6)
    if kind == 0:
        return f"{rng.choice('HJKLMNPRSTVWXY')}{rng.randrange(101, 999)} {three}"
    if kind == 1:
        first, rest = rng.choice("ABCDEFGHJKLMOPRSTUVW"), rng.choice(("IL", "XZ", "IW", "DZ"))
        return f"{first}{rest} {digits(rng, 4)}"
    mark = rng.choice(
        (
            "AB",
            "BD",
            "CE",
            "DK",
            "EY",
            "FJ",
            "GK",
            "HX",
            "KP",
            "LR",
            "MA",
            "NG",
            "OU",
            "PN",
            "RX",
            "SF",
            "WK",
            "YD",
        )
    )
    age = rng.choice((8, 12, 15, 18, 21, 24, 58, 62, 65, 69, 71, 74))
    return f"{mark}{age:02}{rng.choice((' ', ' ', ''))}{three}"


def postcode(rng: Random) -> str:
    """Return a full postcode."""
    outward = f"{rng.choice(_AREAS.split())}{rng.randrange(1, 25)}"
    inward = f"{rng.randrange(10)}{rng.choice(_LETTERS)}{rng.choice(_LETTERS)}"
    return f"{outward}{rng.choice((' ', ' ', ' ', ''))}{inward}"


def phone(rng: Random) -> str:
    """Return a telephone number of the ranges kept for drama."""
    if rng.random() < 0.6:
        number = "07700 900" + f"{rng.randrange(1000):03}"
        return rng.choice(
            (
                number,
                number.replace(" ", ""),
                "+44 " + number[1:],
                f"{number[:5]} {number[6:9]} {number[9:]}",
            )
        )
    return rng.choice(_DRAMA_LINES) + f"{rng.randrange(1000):03}"


def bank(rng: Random) -> str:
    """Return a sort code and an account number."""
    code = digits(rng, 6)
    sort = rng.choice(
        (
            f"{code[:2]}-{code[2:4]}-{code[4:]}",
            f"{code[:2]} {code[2:4]} {code[4:]}",
            f"{code[:2]}-{code[2:4]}-{code[4:]}",
        )
    )
    return sort + rng.choice((" ", " / ", ", account ", " a/c ")) + digits(rng, 8)


def iban(rng: Random) -> str:
    """Return an IBAN with right check digits."""
    country, bban = rng.choice(
        (
            ("GB", "TEST" + digits(rng, 14)),
            ("IE", "TEST" + digits(rng, 14)),
            ("DE", digits(rng, 18)),
            ("PL", digits(rng, 24)),
        )
    )
    number = "".join(str(int(char, 36)) for char in bban + country + "00")
    whole = f"{country}{98 - int(number) % 97:02}{bban}"
    return rng.choice((whole, " ".join(whole[at : at + 4] for at in range(0, len(whole), 4))))


def card(rng: Random) -> str:
    """Return a card number of sixteen digits that passes Luhn's check."""
    body = rng.choice(_CARDS) + "".join(str(rng.randrange(10)) for _ in range(9))
    total = 0
    for at, digit in enumerate(reversed(body)):
        doubled = int(digit) * (2 - at % 2)
        total += doubled - 9 * (doubled > 9)
    return _spaced(rng, body + str(-total % 10), 4, 4, 4, 4)


def staff(rng: Random) -> str:
    """Return a payroll or staff number."""
    return rng.choice((digits(rng, 6), digits(rng, 7), "E" + digits(rng, 5), "00" + digits(rng, 5)))


def case_reference(rng: Random) -> str:
    """Return a reference of a person's case, as case systems write it."""
    year = rng.randrange(2021, 2027)
    return rng.choice(
        (
            f"ASC/{year}/{digits(rng, 5)}",
            f"SEN-{digits(rng, 5)}",
            f"CYP{digits(rng, 6)}",
            f"HSG/{digits(rng, 4)}/{year % 100}",
            digits(rng, 7),
        )
    )


def birth_date(rng: Random) -> str:
    """Return a date of birth in one of the ways people write it."""
    year, month, day = rng.randrange(1936, 2023), rng.randrange(1, 13), rng.randrange(1, 29)
    name = MONTHS[month - 1]
    return rng.choice(
        (
            f"{day:02}/{month:02}/{year}",
            f"{day:02}.{month:02}.{year % 100:02}",
            f"{day} {name} {year}",
            f"{day:02}-{month:02}-{year}",
            f"{day} {name[:3]} {year}",
            f"{year}-{month:02}-{day:02}",
            f"{day}/{month}/{year % 100:02}",
        )
    )


MAKERS: dict[str, tuple[str, Callable[[Random], str]]] = {
    "nhs": ("NHS", nhs),
    "chi": ("CHI", chi),
    "hcn": ("HCN", hcn),
    "nino": ("NINO", nino),
    "upn": ("UPN", upn),
    "uln": ("ULN", uln),
    "utr": ("UTR", utr),
    "dl": ("DRIVING_LICENCE", driving_licence),
    "passport": ("PASSPORT", passport),
    "vrm": ("VRM", vehicle),
    "postcode": ("POSTCODE", postcode),
    "phone": ("PHONE", phone),
    "bank": ("BANK", bank),
    "iban": ("IBAN", iban),
    "card": ("CARD", card),
    "staff": ("STAFF_NO", staff),
    "caseref": ("CASE_REF", case_reference),
    "dob": ("DOB", birth_date),
}
