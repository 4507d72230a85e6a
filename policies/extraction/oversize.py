"""Texts longer than what may be kept of a mail: told by reading on, without ever holding one.

Promises to call a body oversize only where reading it whole would spend the budget of characters
for certain, and come to nothing else. Must never be asked about what is not the mail's own text.
"""

import codecs

from policies.extraction import kinds
from policies.extraction.source import Stretch
from policies.text import charsets

_PLAINLY = frozenset({"7bit", "8bit", "binary"})
_MARKS = (codecs.BOM_UTF8, codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE, codecs.BOM_UTF32_BE)
_HEAD = 4096
# What joining lines, or shortening marks of quotation, may take out; and what is no character.
_UNSURE = b"> \t\r\n\v\f\x1c\x1d\x1e\x1f" + bytes(range(128, 256))
_IN_BASE64 = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/= \t\r\n"


def is_oversize(
    body: Stretch, names: tuple[str, ...], encoding: str, charset: str, most: int
) -> bool:
    """Whether a body that is declared as plain text has more than `most` characters for certain."""
    if len(body) <= most or encoding not in _PLAINLY or not charsets.is_as_ascii(charset):
        return False
    head = body[:_HEAD]
    if b"\0" in head or head.startswith(_MARKS):
        return False
    return kinds.kinds_of(body, names, "text/plain") == ("text",) and _has_more(body, most)


def _has_more(body: Stretch, most: int) -> bool:
    """Whether there are more ASCII characters than so many, not all of them letters of base64."""
    certain, is_encoded = 0, True
    for piece in body.pieces():
        certain += len(piece.translate(None, _UNSURE))
        is_encoded = is_encoded and not piece.translate(None, _IN_BASE64)
        if certain > most and not is_encoded:
            return True
    return False
