"""What came with a message, one thing at a time, as the bytes its author attached.

Promises the decoded bytes in slices of bounded size, under the same numbers as `MessageView` lists
them. An attached message is given byte for byte; `winmail.dat` is left as it is.
Must never say how a browser should treat the bytes: that is the page's to forbid.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from webreader.content.message import Attachment, describe
from webreader.content.parts import Read, Unreadable, take_apart


class NoSuchAttachment(Exception):
    """The message has no attachment of that number, or cannot be taken apart."""


@dataclass(frozen=True, slots=True)
class Opened:
    """One attachment: what it is, and its bytes, to be read once."""

    attachment: Attachment
    chunks: Iterator[bytes]


def attachment(read: Read, index: int) -> Opened:
    """Return attachment number `index` (from 1) of a message. Raises NoSuchAttachment."""
    try:
        files = take_apart(read).files
    except Unreadable as why:
        raise NoSuchAttachment from why
    if not 1 <= index <= len(files):
        raise NoSuchAttachment
    part = files[index - 1]
    return Opened(describe(part, index), part.decoded())
