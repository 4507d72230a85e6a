"""Runs of letters among bytes that are no text, and which of them somebody wrote.

Promises every run of one byte a letter that is wanted, and all of two bytes a letter (UTF-16).
"""

from collections.abc import Callable

import re2

_OPTIONS = re2.Options()
_OPTIONS.encoding = re2.Options.Encoding.LATIN1
_NARROW = re2.compile(rb"[\x20-\x7e\t\r\n]{10,}", _OPTIONS)
_WIDE = re2.compile(rb"(?:[\x20-\x7e\t\r\n]\x00){8,}", _OPTIONS)
_WIDE_BIG = re2.compile(rb"(?:\x00[\x20-\x7e\t\r\n]){8,}", _OPTIONS)  # as cameras write it
_LONGEST = 1 << 20  # characters of one passage

# Compressed bytes hold ten printable characters in a row every 24 kB, and hardly ever 24 of them.
# A short run that somebody wrote is of letters, figures and a few marks, and these stand together
# as words, abbreviations and numbers.
_SURE = 24
_WRITTEN = re2.compile(rb"[A-Za-z0-9 \t\r\n.,:;/'@()+-]+", _OPTIONS)
_STRETCH = re2.compile(
    rb"[A-Z]{1,2}[0-9][A-Z0-9]?[0-9][A-Z]{2}|[A-Z]?[a-z]+|[A-Z]+|[0-9]+",  # first: a postcode
    _OPTIONS,
)
_STRETCH_OF_WRITING = 2.5  # characters of a word, an abbreviation or a number, on average


def is_writing(run: bytes) -> bool:
    """Say whether a run of printable characters is more than chance in compressed bytes.

    Marks between single characters (as in `9 4 3 4`) do not count: they are no reason to doubt.
    """
    if len(run) >= _SURE:
        return True
    if not _WRITTEN.fullmatch(run):
        return False
    stretches = _STRETCH.findall(b"".join(run.split()))
    return sum(map(len, stretches)) >= _STRETCH_OF_WRITING * max(1, len(stretches))


def letters(data: bytes, wanted: Callable[[bytes], bool] = bool) -> list[str]:
    """Gather the wanted runs of letters of one byte each, and all of two bytes each (UTF-16)."""
    narrow = b"\n".join(run for run in _NARROW.findall(data) if wanted(run)).decode("ascii")
    wide = b"\n\0".join(_WIDE.findall(data)).decode("utf-16-le", "replace")
    big = b"\0\n".join(_WIDE_BIG.findall(data)).decode("utf-16-be", "replace")
    return [
        text[at : at + _LONGEST]
        for text in (narrow, wide, big)
        for at in range(0, len(text), _LONGEST)
    ]
