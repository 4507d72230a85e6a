"""The short reference of a mail, which people read to each other: `7F3K-92QD`.

Crockford's base32 (https://www.crockford.com/base32.html): no I, L, O or U. It gives no authority.
"""

import secrets

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
LENGTH = 8
_MISREAD = str.maketrans("OIL", "011", "- \t")


def draw() -> str:
    """Return a fresh reference: 40 random bits. Whoever stores it sees to it that it is unique."""
    bits = secrets.randbits(5 * LENGTH)
    drawn = "".join(ALPHABET[bits >> (5 * place) & 31] for place in range(LENGTH))
    return f"{drawn[:4]}-{drawn[4:]}"


def plain(text: str) -> str:
    """Return what someone typed without hyphens and blanks, its misread letters put right."""
    return text.upper().translate(_MISREAD)
