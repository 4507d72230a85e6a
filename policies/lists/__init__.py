"""Lists that ship as data: one entry a line, `#` begins a comment, source and date in the header.

Promises entries in lower case without duplicates, read once.
"""

from functools import cache
from importlib.resources import files


def personal_webmail() -> frozenset[str]:
    """Domains where anybody may open a mailbox, such as gmail.com."""
    return _entries("personal_webmail.txt")


def generic_mailboxes() -> frozenset[str]:
    """Local parts that name a role, such as info."""
    return _entries("generic_mailboxes.txt")


@cache
def _entries(name: str) -> frozenset[str]:
    text = files(__name__).joinpath(name).read_text("utf-8")
    entries = (line.partition("#")[0].strip().lower() for line in text.splitlines())
    return frozenset(entry for entry in entries if entry)
