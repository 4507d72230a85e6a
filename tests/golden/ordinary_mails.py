"""Ordinary mails of many mail programs, without personal data, the same bytes every time.

`ordinary_mails()` yields the name and the bytes of each. A gateway must change none of them, and
has no cause to seal them.
"""

from collections.abc import Iterator

from tests.golden.ordinary.clients import CLIENTS
from tests.golden.ordinary.letters import letters


def ordinary_mails() -> Iterator[tuple[str, bytes]]:
    """Every mail with a name for it."""
    for client in CLIENTS:
        for letter in letters(client):
            yield f"{client.name}-{letter.number}", client.write(letter)
