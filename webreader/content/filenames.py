"""The name under which a browser saves a download.

A name comes from a stranger: it may try to end the header, to climb out of a folder, or to look
like another kind of file by turning the direction of its letters. It is only ever a suggestion to
the browser, never a path of ours.
"""

from __future__ import annotations

import unicodedata
from typing import Final
from urllib.parse import quote

LONGEST: Final = 150
LONGEST_END: Final = 16
FALLBACK: Final = "download"
FORBIDDEN: Final = frozenset('/\\:*?"<>|%;')
UNRESERVED: Final = "!#$&+-.^_`|~"


def clean(name: str) -> str:
    """Return a name without separators, controls and direction marks, of at most 150 characters."""
    kept = "".join(
        "_" if char in FORBIDDEN else char
        for char in unicodedata.normalize("NFC", name)
        if char == " " or char.isprintable()
    )
    kept = " ".join(kept.split()).strip(" .")
    stem, dot, end = kept.rpartition(".")
    if len(kept) > LONGEST and dot and len(end) <= LONGEST_END:
        kept = f"{stem[: LONGEST - len(end) - 1]}.{end}"
    return kept[:LONGEST] or FALLBACK


def disposition(name: str) -> str:
    """Return a `Content-Disposition` that saves under `name` (RFC 6266, RFC 8187).

    Old programs get an ASCII spelling; the others the real one.
    """
    shown = clean(name)
    plain = unicodedata.normalize("NFKD", shown).encode("ascii", "ignore").decode()
    plain = " ".join(plain.split()).strip(" .")
    spelled = quote(shown, safe=UNRESERVED)
    return f"attachment; filename=\"{plain or FALLBACK}\"; filename*=UTF-8''{spelled}"
