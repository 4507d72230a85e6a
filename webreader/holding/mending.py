"""Giving a held mail another subject, and changing nothing else.

The subject line is written anew, lines that copy the old subject go (a second `Subject`, Outlook's
`Thread-Topic`), and every other byte stays where it was: what a signature covers beside them is as
it was, a body signed by S/MIME or OpenPGP altogether.

Promises that the result is read back before it is believed: one subject, the one that was typed,
and all other header lines as they were. Must never parse a message and write it again.
"""

from __future__ import annotations

import base64
import re
import textwrap
from collections.abc import Callable, Iterable, Iterator
from itertools import chain
from typing import Final

from policies.message.mime import DEFAULT_LIMITS, Header, Outline, outline
from policies.text.view import decode_header
from webreader.content.names import visible

LONGEST_SUBJECT: Final = 300  # characters that may be typed
_SUBJECTS: Final = frozenset({"subject", "thread-topic"})
_FIELD: Final = re.compile(rb"(subject|thread-topic)[ \t]*:", re.IGNORECASE)
_LINES: Final = re.compile(rb"[^\n]*\n")
_LINE: Final = 76
_WORD: Final = 36  # bytes of UTF-8 in one encoded word, so that a line stays below 76
_SIGNATURE: Final = re.compile(rb";\s*h\s*=([^;]*)", re.IGNORECASE)


class CannotMend(Exception):
    """The header of this mail is in a form in which its subject cannot be changed for certain."""


def mended(read: Callable[[], Iterable[bytes]], subject: str) -> Callable[[], Iterator[bytes]]:
    """Return the mail with another subject, to be read any number of times. Raises CannotMend."""

    def again() -> Iterator[bytes]:
        return _with_subject(read(), subject)

    _verify(outline(read()), outline(again()), subject)
    return again


def copies(seen: Outline) -> tuple[str, ...]:
    """Return what further lines of a header show as a subject, where it is not the first one's."""
    first, *others = _subjects(seen) or [""]
    return tuple(dict.fromkeys(text for text in others if text and text != first))


def is_signed_over(seen: Outline) -> bool:
    """Say whether a DKIM signature covers the subject (RFC 6376, 3.5): it will not survive."""
    for raw in seen.all("DKIM-Signature"):
        listed = _SIGNATURE.search(b";" + raw)
        names = (name.strip().lower() for name in listed[1].split(b":")) if listed else ()
        if any(name.decode("latin-1") in _SUBJECTS for name in names):
            return True
    return False


def _subjects(seen: Outline) -> list[str]:
    """Return what people may be shown as the subject: `Subject` lines first."""
    raws = [*seen.all("Subject"), *seen.all("Thread-Topic")]
    return [visible(decode_header(raw)[0]) for raw in raws]


def _with_subject(chunks: Iterable[bytes], subject: str) -> Iterator[bytes]:
    source = iter(chunks)
    header, rest = _header(source)
    yield _rewritten(header, subject_field(subject))
    yield from chain([rest], source)


def _header(source: Iterator[bytes]) -> tuple[bytes, bytes]:
    """Return the header lines and the rest, which begins with the empty line, of what was read."""
    held = b""
    for chunk in source:
        looked = max(0, len(held) - 3)
        held += chunk
        if held.startswith(b"\r\n"):
            return b"", held
        end = held.find(b"\r\n\r\n", looked)
        if end >= 0:
            return held[: end + 2], held[end + 2 :]
        if len(held) > DEFAULT_LIMITS.header_bytes + len(chunk):
            raise CannotMend
    if held and not held.endswith(b"\r\n"):
        raise CannotMend  # the last line of the header is not ended
    return held, b""


def _rewritten(header: bytes, line: bytes) -> bytes:
    """Return header lines with `line` in the place of the first subject, or at the end."""
    kept: list[bytes] = []
    dropping = placed = False
    for one in _LINES.findall(header):
        if one[:1] not in (b" ", b"\t"):
            found = _FIELD.match(one)
            dropping = found is not None
            if found is not None and found[1].lower() == b"subject" and not placed:
                kept.append(line)
                placed = True
        if not dropping:
            kept.append(one)
    if not placed:
        kept.append(line)
    return b"".join(kept)


def subject_field(subject: str) -> bytes:
    """Return a Subject field with its CRLF: folded, in encoded words where it must (RFC 2047).

    Raises CannotMend.
    """
    if not subject.isprintable():
        raise CannotMend
    if subject.isascii() and "=?" not in subject:
        lines = textwrap.wrap(subject, _LINE - len("Subject: "), break_on_hyphens=False)
        return _folded(lines)
    words: list[bytes] = [b""]
    for character in subject:
        encoded = character.encode("utf-8")
        if len(words[-1]) + len(encoded) > _WORD:
            words.append(b"")
        words[-1] += encoded
    return _folded(f"=?utf-8?b?{base64.b64encode(word).decode('ascii')}?=" for word in words)


def _folded(lines: Iterable[str]) -> bytes:
    return b"Subject: " + "\r\n ".join(lines).encode("ascii") + b"\r\n"


def _verify(before: Outline, after: Outline, subject: str) -> None:
    if _others(before) != _others(after) or _subjects(after) != [subject]:
        raise CannotMend
    if (before.size - before.header_size) != (after.size - after.header_size):
        raise CannotMend


def _others(seen: Outline) -> list[Header]:
    return [header for header in seen.headers if header.name.lower() not in _SUBJECTS]
