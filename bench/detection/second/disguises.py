"""Disguises: how a value is written by someone who does not want it found, or who is careless.

For the second set. Promises that a person still reads the value. Each function takes the value and
the random source, and gives it back disguised, or unchanged where the disguise does not apply.
"""

from collections.abc import Callable
from random import Random

_LOOKS = str.maketrans("ABCEHKMOPTXYaceopxyi", "АВСЕНКМОРТХУасеорхуі")
_BOLD_DIGITS = str.maketrans("0123456789", "𝟎𝟏𝟐𝟑𝟒𝟓𝟔𝟕𝟖𝟗")
_LEET_DIGITS = str.maketrans({"0": "O", "1": "l", "5": "S"})
_LEET_LETTERS = str.maketrans({"a": "4", "e": "3", "i": "1", "o": "0"})
_INVISIBLE = ("\u200b", "\u200c", "\u2060", "\u00ad", "\ufeff")


def zero_width(value: str, rng: Random) -> str:
    """Put characters without width between some of the others."""
    mark = rng.choice(_INVISIBLE)
    return value[0] + "".join(
        (mark if rng.random() < 0.4 or at == 0 else "") + char for at, char in enumerate(value[1:])
    )


def full_width(value: str, _rng: Random) -> str:
    """Write letters, digits and signs twice as wide."""
    return "".join(chr(ord(char) + 0xFEE0) if "!" <= char <= "~" else char for char in value)


def homoglyph(value: str, _rng: Random) -> str:
    """Write Cyrillic for Latin letters; bold digits where there are no letters to change."""
    changed = value.translate(_LOOKS)
    return changed if changed != value else value.translate(_BOLD_DIGITS)


def no_break(value: str, rng: Random) -> str:
    """Write no-break or narrow spaces for spaces, or put them between groups."""
    space = rng.choice(("\u00a0", "\u202f", "\u2009"))
    if " " in value:
        return value.replace(" ", space)
    return space.join(value[at : at + 3] for at in range(0, len(value), 3))


def spaced(value: str, _rng: Random) -> str:
    """Write every character apart."""
    return " ".join(value.replace(" ", "").replace("-", ""))


def dotted(value: str, rng: Random) -> str:
    """Write dots between groups."""
    for separator in " -":
        if separator in value:
            return value.replace(separator, ".")
    size = rng.choice((2, 3, 4))
    return ".".join(value[at : at + size] for at in range(0, len(value), size))


def leet(value: str, _rng: Random) -> str:
    """Write letters for digits; digits for letters where there are no digits."""
    changed = value.translate(_LEET_DIGITS)
    return changed if any(map(str.isdigit, value)) else value.translate(_LEET_LETTERS)


_ANYTHING: dict[str, Callable[[str, Random], str]] = {
    "zero-width": zero_width,
    "full-width": full_width,
    "homoglyph": homoglyph,
}
_NUMBERS = _ANYTHING | {"nbsp": no_break, "spaced": spaced, "dotted": dotted, "leet": leet}
_APPLY: dict[str, dict[str, Callable[[str, Random], str]]] = {
    **dict.fromkeys(("EMAIL", "NAME", "ADDRESS"), _ANYTHING),
    **dict.fromkeys(("DOB", "PASSPORT", "VRM"), _ANYTHING | {"nbsp": no_break, "spaced": spaced}),
    **dict.fromkeys(("NHS", "CHI", "HCN", "NINO", "UPN", "ULN", "UTR", "CARD", "PHONE"), _NUMBERS),
    **dict.fromkeys(("DRIVING_LICENCE", "POSTCODE", "BANK", "IBAN"), _NUMBERS),
}


def for_type(kind: str) -> tuple[str, ...]:
    """List the disguises that make sense for a type."""
    return tuple(_APPLY.get(kind, ()))


def disguise(name: str, kind: str, value: str, rng: Random) -> str:
    """Return a value in a disguise; as it was if the disguise is not for its type."""
    apply = _APPLY.get(kind, {}).get(name)
    return apply(value, rng) if apply else value
