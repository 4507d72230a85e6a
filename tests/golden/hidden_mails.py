"""Mails that hide an NHS number where a person would still read it, the same bytes every time.

`hidden_mails()` yields the class, the name and the bytes of each. None may be relayed in the clear by a
policy that seals personal data wherever it stands: the number is found, or the mail is said to be
unreadable. The number is of the range for tests.
"""

from collections.abc import Iterator

from tests.golden.hidden import charsets, containers, documents, headers, markup, structure, transfer

CLASSES = {
    "transfer encoding": transfer.tricks,
    "character set": charsets.tricks,
    "HTML": markup.tricks,
    "headers": headers.tricks,
    "structure": structure.tricks,
    "container": containers.tricks,
    "document": documents.tricks,
}


def hidden_mails() -> Iterator[tuple[str, str, bytes]]:
    """Every trick: its class, its name, the mail."""
    for name, made in CLASSES.items():
        for trick, mail in made():
            yield name, trick, mail
