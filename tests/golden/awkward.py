"""Awkward mails of our own making, the same bytes every time.

`awkward_mails()`: legal or common, however odd; relayed byte for byte, no problem to the outline.
`hostile_mails()`: must be refused or sealed, never passed on in the clear.

Each awkward mail has CRLF line ends only, no NUL, and exactly one From line.
"""

from tests.golden.mails import bodies, headers, hostile, signed, structure


def awkward_mails() -> list[tuple[str, bytes]]:
    """Every mail that must get through unchanged, with a name for each."""
    return [*headers.mails(), *structure.mails(), *bodies.mails(), *signed.mails()]


def hostile_mails() -> list[tuple[str, bytes]]:
    """Every mail that must not be passed on in the clear, with a name for each."""
    return list(hostile.mails())
