"""How strongly a reader has proved who they are, and what a package asks for.

Promises that a word which this version does not know is never satisfied: a package sealed by a
later version stays shut rather than open to a weaker sign-in.
"""

from enum import StrEnum


class Strength(StrEnum):
    """Ways of signing in, weakest first."""

    CODE = "code"  # a code by mail: it proves the mailbox


def suffices(proved: Strength, wanted: str) -> bool:
    """Say whether somebody who signed in as `proved` meets what a package wants."""
    levels = list(Strength)
    try:
        return levels.index(proved) >= levels.index(Strength(wanted))
    except ValueError:
        return False
