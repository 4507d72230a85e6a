"""Files that hold no text of their own: what is written in them all the same.

For pictures, sound, programs: remarks, titles and whatever was put into or behind them. Promises
that every run of letters in the file is kept; of pictures, sound and films, which are compressed,
every run that cannot be chance, and what is packed inside them or put behind their end. Must never
decode a picture.
"""

from collections.abc import Callable

from policies.extraction.desk import Desk
from policies.extraction.kinds import looks_like_text
from policies.extraction.readers.behind import read_beside, read_zlib
from policies.extraction.readers.letters import is_writing, letters
from policies.extraction.texts import read_runs, readings

_PNG = b"\x89PNG\r\n\x1a\n"
_PNG_TEXTS = frozenset({b"tEXt", b"zTXt", b"iTXt"})
_PNG_PIXELS = frozenset({b"IHDR", b"PLTE", b"IDAT", b"fdAT", b"tRNS", b"iCCP"})
_CHUNK_HEAD = 8
_CHUNK = 12  # head and checksum
_JPEG = b"\xff\xd8"
_ICC = b"acsp"
_BYTES_BEFORE = 3  # before a text, such as its length, which may look like letters of it


def read_binary(data: bytes, desk: Desk) -> None:
    """Keep every run of letters, and the file as text if it is that too."""
    _say_letters(data, bool, desk)


def read_media(data: bytes, desk: Desk) -> None:
    """Keep what was written into a compressed file, and the file as text if it is that too."""
    _say_letters(data, is_writing, desk)
    read_beside(data, desk)


def _say_letters(data: bytes, wanted: Callable[[bytes], bool], desk: Desk) -> None:
    for text in readings(data) if looks_like_text(data) else letters(data, wanted):
        desk.say(text)
        read_runs(text.encode("utf-8", "replace"), desk, _BYTES_BEFORE)


def read_image(data: bytes, desk: Desk) -> None:
    """Keep what is written in a picture: as in any medium, and the compressed texts of PNG."""
    read_media(data, desk)
    if data.startswith(_PNG):
        _read_png(data, desk)


def _read_png(data: bytes, desk: Desk) -> None:
    """Keep text chunks (PNG specification, 11.3.3), and what is packed in chunks of others."""
    at = len(_PNG)
    while at + _CHUNK_HEAD <= len(data):
        length = int.from_bytes(data[at : at + 4], "big")
        kind = data[at + 4 : at + _CHUNK_HEAD]
        chunk = data[at + _CHUNK_HEAD : at + _CHUNK_HEAD + length]
        if kind in _PNG_TEXTS:
            desk.meter.enter()
            desk.say(readings(chunk.replace(b"\0", b"\n"))[0])
            _read_packed(chunk, desk)
        elif kind not in _PNG_PIXELS:
            desk.meter.enter()
            read_runs(chunk, desk)
            _read_packed(chunk, desk)
        at += _CHUNK + length


def _read_packed(chunk: bytes, desk: Desk) -> None:
    """Read what is compressed in a chunk; it begins where zlib says so."""
    at = chunk.find(b"\x78")
    while 0 <= at < 200:  # noqa: PLR2004 - behind the keyword and its flags
        if read_zlib(chunk[at:], desk):
            return
        at = chunk.find(b"\x78", at + 1)
