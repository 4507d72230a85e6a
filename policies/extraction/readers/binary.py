"""Files that hold no text of their own: what is written in them all the same.

For pictures, sound, programs: remarks, titles and whatever was put into or behind them. Promises
that every run of letters in the file is kept; of pictures, sound and films, which are compressed,
every run that cannot be chance. Must never decode a picture.
"""

import zlib
from collections.abc import Callable

import re2

from policies.extraction.budgets import Unreadable
from policies.extraction.desk import Desk
from policies.extraction.kinds import looks_like_text
from policies.extraction.texts import readings

_OPTIONS = re2.Options()
_OPTIONS.encoding = re2.Options.Encoding.LATIN1
_NARROW = re2.compile(rb"[\x20-\x7e\t\r\n]{10,}", _OPTIONS)
_WIDE = re2.compile(rb"(?:[\x20-\x7e\t\r\n]\x00){8,}", _OPTIONS)
_WIDE_BIG = re2.compile(rb"(?:\x00[\x20-\x7e\t\r\n]){8,}", _OPTIONS)  # as cameras write it
_PNG = b"\x89PNG\r\n\x1a\n"
_PNG_TEXTS = frozenset({b"tEXt", b"zTXt", b"iTXt"})
_CHUNK_HEAD = 8
_CHUNK = 12  # head and checksum
_JPEG = b"\xff\xd8"
_ICC = b"acsp"
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


def read_binary(data: bytes, desk: Desk) -> None:
    """Keep every run of letters, and the file as text if it is that too."""
    if looks_like_text(data):
        for text in readings(data):
            desk.say(text)
        return
    for text in letters(data):
        desk.say(text)


def read_media(data: bytes, desk: Desk) -> None:
    """Keep what was written into a compressed file, and the file as text if it is that too."""
    if looks_like_text(data):
        read_binary(data, desk)
        return
    for text in letters(data, is_writing):
        desk.say(text)


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


def read_image(data: bytes, desk: Desk) -> None:
    """Keep what is written in a picture: as in any medium, and the compressed texts of PNG."""
    read_media(data, desk)
    if data.startswith(_PNG):
        _read_png(data, desk)


def _read_png(data: bytes, desk: Desk) -> None:
    """Keep text chunks (PNG specification, 11.3.3)."""
    at = len(_PNG)
    while at + _CHUNK_HEAD <= len(data):
        length = int.from_bytes(data[at : at + 4], "big")
        kind = data[at + 4 : at + _CHUNK_HEAD]
        if kind in _PNG_TEXTS:
            desk.meter.enter()
            _say_chunk(data[at + _CHUNK_HEAD : at + _CHUNK_HEAD + length], desk)
        at += _CHUNK + length


def _say_chunk(chunk: bytes, desk: Desk) -> None:
    """Keep a text chunk; what is compressed in it begins where zlib says so."""
    desk.say(readings(chunk.replace(b"\0", b"\n"))[0])
    at = chunk.find(b"\x78")
    while 0 <= at < 200:  # noqa: PLR2004 - behind the keyword and its flags
        room = desk.meter.room(len(chunk))
        unpacker = zlib.decompressobj()
        try:
            text = unpacker.decompress(chunk[at:], max(1, room))
        except zlib.error:
            at = chunk.find(b"\x78", at + 1)
            continue
        if unpacker.unconsumed_tail:
            raise Unreadable("a picture with a remark that is far too long")
        desk.meter.unpack(len(text))
        desk.say(readings(text)[0])
        return
