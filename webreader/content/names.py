"""Names out of a mail, made fit to be read by people and saved by their computers.

Promises one line of visible characters, never a path, never a name that reads backwards.
Must never be used to find anything: a name from a mail is something to look at.
"""

from __future__ import annotations

import mimetypes
import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass

from policies.text.view import decode_header
from vault.address import header_addresses

LONGEST = 150  # characters of a file name; many file systems allow 255 bytes
_LONGEST_HEADER = 2_000  # characters of a subject that are shown
_MOST_PEOPLE = 500
_NOT_IN_FILE_NAMES = re.compile(r"[\\/:*?\"<>|\x00-\x1f\x7f]+")
_DEVICES = re.compile(r"(?:con|prn|aux|nul|com\d|lpt\d|conin\$|conout\$)(?:\.|$)", re.IGNORECASE)
_UNSEEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
# What mimetypes would answer differently from one machine to the next.
_ENDINGS = {
    "text/plain": ".txt",
    "text/html": ".html",
    "text/calendar": ".ics",
    "message/rfc822": ".eml",
    "application/pkcs7-signature": ".p7s",
    "application/x-pkcs7-signature": ".p7s",
    "application/pkcs7-mime": ".p7m",
    "application/x-pkcs7-mime": ".p7m",
    "application/pgp-signature": ".asc",
    "application/pgp-encrypted": ".asc",
    "image/jpeg": ".jpg",
}


@dataclass(frozen=True, slots=True)
class Person:
    """A mailbox named in a header: the name may be empty, and may say anything."""

    name: str
    address: str


def visible(text: str) -> str:
    """Return `text` on one line, without controls and without what turns its direction."""
    kept = (" " if char.isspace() else char for char in text)
    return " ".join("".join(char for char in kept if char == " " or _shows(char)).split())


def subject(raw: bytes) -> str:
    """Return an unstructured header as people read it."""
    return visible(decode_header(raw)[0])[:_LONGEST_HEADER]


def people(values: Iterable[bytes]) -> tuple[Person, ...]:
    """Return the mailboxes of address headers, in order."""
    found = []
    for raw in values:
        text = raw.decode("utf-8", "surrogateescape").replace("\r", "").replace("\n", "")
        for name, address in header_addresses(text, _MOST_PEOPLE):
            found.append(Person(visible(decode_header(name)[0]), str(address)))
    return tuple(found[:_MOST_PEOPLE])


def file_name(claimed: Iterable[str], kind: str, number: int) -> str:
    """Return a name to show and save an attachment under: the first claim that leaves something."""
    for text in claimed:
        name = _safe(text)
        if name:
            return name
    return f"attachment-{number}{_ENDINGS.get(kind) or mimetypes.guess_extension(kind) or ''}"


def _safe(text: str) -> str:
    name = _NOT_IN_FILE_NAMES.sub("_", visible(unicodedata.normalize("NFC", text)))
    name = name.lstrip(". ").rstrip(". ")
    if not name.strip("_-~ \u200c\u200d"):
        return ""
    if _DEVICES.match(name):
        name = f"_{name}"
    if len(name) <= LONGEST:
        return name
    stem, dot, ending = name.rpartition(".")
    if not dot or len(ending) > 10:  # noqa: PLR2004 - longer is no ending but part of the name
        return name[:LONGEST].rstrip(". ")
    return f"{stem[: LONGEST - len(ending) - 1].rstrip('. ')}.{ending}"


def _shows(char: str) -> bool:
    """Whether a character is one: controls, bidirectional marks and halves of pairs are not.

    The two joiners are: many scripts are misspelt without them.
    """
    return char in "\u200c\u200d" or unicodedata.category(char) not in _UNSEEN
