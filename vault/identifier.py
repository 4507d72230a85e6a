"""Identifiers of packages and of stored content: 128 random bits as 26 letters and digits.

An identifier can be written in a link, a log or a file name as it stands. It gives no authority.
Must never be drawn from anything but the operating system's random source.
"""

import base64
import re
import secrets

LENGTH = 26
_PATTERN = re.compile(r"[a-z2-7]{26}")


def draw() -> str:
    """Return a fresh identifier: 16 random bytes in base32 (RFC 4648), lower case, unpadded."""
    return base64.b32encode(secrets.token_bytes(16)).decode("ascii").rstrip("=").lower()


def is_identifier(text: str) -> bool:
    """Say whether `text` has the form of an identifier (and so is safe as a file name)."""
    return _PATTERN.fullmatch(text) is not None
