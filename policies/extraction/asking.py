"""A mail as its worker sees it: bytes that the process which has the mail sends when asked.

Promises to hold no more of it than is looked at, beside one window for what is small. Must never
ask for anything that is not the mail's.
"""

import io
import sys
from collections.abc import Callable

from policies.extraction import wire
from policies.extraction.source import PIECE


class Asked:
    """The first `size` bytes of a mail, as a source.

    `write` takes a frame; `read(n)` returns at most n bytes, and none at the end.
    """

    def __init__(
        self, size: int, write: Callable[[bytes], None], read: Callable[[int], bytes]
    ) -> None:
        self._size = size
        self._write, self._read = write, read
        self._window, self._at = b"", 0

    def __len__(self) -> int:
        return self._size

    def __getitem__(self, wanted: slice, /) -> bytes:
        start, stop, _step = wanted.indices(self._size)
        if start >= stop:
            return b""
        if stop - start >= PIECE:
            return self._asked(start, stop)
        if start < self._at or stop > self._at + len(self._window):
            self._window = b""  # before there is another
            self._at = start - start % PIECE
            self._window = self._asked(self._at, min(self._size, max(stop, self._at + PIECE)))
        return self._window[start - self._at : stop - self._at]

    def _asked(self, start: int, stop: int) -> bytes:
        self._write(wire.asking(start, stop))
        try:
            return self._answered(stop - start)
        except MemoryError:
            sys.exit(1)  # what was not read yet would be taken for the next stretch, or mail

    def _answered(self, left: int) -> bytes:
        data = io.BytesIO()  # gives its buffer away without a copy
        while left:
            piece = self._read(left)
            if not piece:
                sys.exit(0)  # whoever had the mail is gone
            left -= len(piece)
            data.write(piece)
        return data.getvalue()
