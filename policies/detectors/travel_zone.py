"""The lines of passports, identity cards and permits that machines read.

Promises that a line whose check digits are right is found in any letters, with spaces between its
fields too, and that the check digits alone decide. Must never need a word beside it.
Source: ICAO Doc 9303-3, 4.9 (check digits), -4 (TD3: two lines of 44), -5 (TD1: three lines of 30),
-6 (TD2: two lines of 36), -7 (visas: the first 28 characters are those of TD2 and TD3).
"""

from collections.abc import Callable, Iterator

import re2

from policies.detectors.triggers import options

_MAY = "[A-Za-z0-9<]"
_STATE = "[A-Za-z<]{3}"
_BIRTH_TO_EXPIRY = "[0-9]{6} ?[0-9] ?[MFXmfx<] ?[0-9]{6} ?[0-9]"
# The second line of all but TD1, up to the expiry, and what of it may follow.
_SECOND = rf"{_MAY}{{9}} ?[0-9] ?{_STATE} ?{_BIRTH_TO_EXPIRY} ?{_MAY}{{0,16}}"
# Of TD1 the second line, and the first, which holds the number.
_SECOND_OF_THREE = rf"{_BIRTH_TO_EXPIRY} ?{_STATE} ?{_MAY}{{11}} ?[0-9]"
_FIRST_OF_THREE = rf"[ACIaci][A-Za-z<] ?{_STATE} ?{_MAY}{{9}} ?[0-9] ?{_MAY}{{0,6}}<{{8,15}}"
ZONE = f"(?:{_SECOND}|{_SECOND_OF_THREE}|{_FIRST_OF_THREE})"
_LAST_MONTH, _LAST_DAY = 12, 31


def zones(text: bytes) -> Iterator[tuple[int, int]]:
    """Yield the spans of lines that check in a normal text."""
    for shape, checks in _LINES:
        at = 0
        while match := shape.search(text, at):
            start, end = match.span()
            if checks(match.group().replace(b" ", b"").upper()):
                yield start, end
                at = end
            else:
                at = start + 1


def _second(line: bytes) -> bool:
    return _right(line, (0, 9), (13, 19), (21, 27)) and _days(line[13:19], line[21:27])


def _second_of_three(line: bytes) -> bool:
    return _right(line, (0, 6), (8, 14)) and _days(line[:6], line[8:14])


def _first_of_three(line: bytes) -> bool:
    return _right(line, (5, 14))


_LINES: tuple[tuple["re2._Regexp", Callable[[bytes], bool]], ...] = (
    (re2.compile(_SECOND.encode(), options()), _second),
    (re2.compile(_SECOND_OF_THREE.encode(), options()), _second_of_three),
    (re2.compile(_FIRST_OF_THREE.encode(), options()), _first_of_three),
)


def _right(line: bytes, *fields: tuple[int, int]) -> bool:
    """Tell whether each field carries its check digit, which follows it."""
    return all(_check_digit(line[first:last]) == line[last] - ord("0") for first, last in fields)


def _check_digit(field: bytes) -> int:
    values = (0 if char == ord("<") else int(chr(char), 36) for char in field)
    return sum(value * (7, 3, 1)[place % 3] for place, value in enumerate(values)) % 10


def _days(*fields: bytes) -> bool:
    """Tell whether six figures are a year, a month and a day."""
    return all(0 < int(one[2:4]) <= _LAST_MONTH and 0 < int(one[4:]) <= _LAST_DAY for one in fields)
