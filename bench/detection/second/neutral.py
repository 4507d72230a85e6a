"""Numbers and dates that are about no person: what an office writes into subjects all day.

For the second set. Promises that nothing here is an identifier of a person, though ten digits may
pass a check by chance, as they do in real mail.
"""

import string
from collections.abc import Callable
from random import Random

from bench.detection.second.numbers import MONTHS

_DRAWN = {"#": string.digits, "%": string.digits[1:], "@": string.ascii_uppercase}


def drawn(rng: Random, *masks: str) -> str:
    """Fill in one of the masks: `#` a digit, `%` a digit but nought, `@` a capital letter."""
    return "".join(rng.choice(_DRAWN.get(char, char)) for char in rng.choice(masks))


def _date(rng: Random) -> str:
    day, month, year = rng.randrange(1, 29), rng.randrange(1, 13), rng.randrange(2024, 2028)
    name = MONTHS[month - 1]
    forms = (
        f"{day} {name}",
        f"{day:02}/{month:02}/{year}",
        f"{day} {name[:3]}",
        f"{day:02}.{month:02}.{year % 100}",
        f"{day} {name} {year}",
    )
    return rng.choice(forms)


def _school_year(rng: Random) -> str:
    return str(rng.randrange(1, 12))


NEUTRAL: dict[str, Callable[[Random], str]] = {
    "n": lambda rng: drawn(rng, "%"),
    "nn": lambda rng: drawn(rng, "%%"),
    "year": _school_year,
    "year2": _school_year,
    "year4": lambda rng: rng.choice(("2025", "2026", "2025/26", "2026-27")),
    "date": _date,
    "date2": _date,
    "planning": lambda rng: drawn(
        rng, "2%/%####/FUL", "2%/%####/HH", "2%/%####/OUT", "P/202%/%###/LBC", "P/202%/%###/TPO"
    ),
    "money": lambda rng: drawn(rng, "£%#,###", "£%##k", "£%##.##", "£%#"),
    "cap": lambda rng: drawn(rng, "@"),
    "hex8": lambda rng: f"{rng.randrange(1 << 31, 1 << 32):08X}",
    "serial": lambda rng: drawn(rng, "5CG%###@@@", "PF%##@@#@"),
    "isbn": lambda rng: drawn(rng, "978-0-%##-%####-#"),
    "teams": lambda rng: drawn(rng, "3## %## %## ##"),
    "grid": lambda rng: drawn(rng, "SK %### %###", "NZ %### %###", "TQ %### %###"),
    "office_phone": lambda rng: drawn(rng, "03069 990###", "0808 157 0###"),
}
