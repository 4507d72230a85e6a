"""The worker: a process that reads mails one after the other and says what they contain.

Started by `ExtractionPool` as `python -m policies.extraction.worker`, with an empty environment and
two pipes. Promises to give up files, network and memory before it reads anything, and to end with
whoever started it: its pipe ends then, or the time of the mail it reads. The kernel's signal for
that (PR_SET_PDEATHSIG) comes when the thread that started it ends, and so too early. Must never be
given a key, nor anything else that it could give away.
"""

import io
import os
import sys
from dataclasses import replace

from policies.extraction import wire
from policies.extraction.budgets import MIB, Budgets
from policies.extraction.confinement import allow_seconds, confine
from policies.extraction.mail import extract
from policies.message.mime import outline
from policies.text import charsets

MEMORY = 256 * MIB
"""Bytes that a worker may take beyond what it needs to be there."""

CPU_SECONDS = 10
_MOST_MAIL = 1 << 40
_IN, _OUT = 0, 1
_PIECE = 1 << 16


def main() -> None:
    """Read mails until the pipe is closed."""
    _load_everything()
    confine(MEMORY)
    _write(wire.READY)
    while mail := _take():
        allow_seconds(CPU_SECONDS)
        _answer(mail)


def _load_everything() -> None:
    """Load what would be loaded when first needed: afterwards no file can be opened."""
    charsets.load()


def _take() -> bytes | None:
    """Read a mail, as far as it may be looked at: one byte more says that there was more."""
    head = _read(wire.REQUEST.size)
    if head is None:
        return None
    size = wire.REQUEST.unpack(head)[0]
    return _read(size, Budgets().bytes_in + 1) if size <= _MOST_MAIL else None


def _read(size: int, kept: int = _PIECE) -> bytes | None:
    """Read so many bytes and return the first of them; None at the end."""
    data, left = io.BytesIO(), size  # gives its buffer away without a copy
    while left:
        piece = os.read(_IN, min(_PIECE, left))
        if not piece:
            return None
        left -= len(piece)
        data.write(piece[: max(0, kept - data.tell())])
    return data.getvalue()


def _answer(mail: bytes) -> None:
    """Read one mail and say what was found."""
    budgets = replace(Budgets(), documents=True)
    try:
        found = extract(outline([mail]), [mail], budgets)
    except MemoryError:
        found = None  # the mail alone was too much
    del mail
    if found is None:
        sys.exit(1)
    for frame in wire.pack(found):
        _write(frame)


def _write(frame: bytes) -> None:
    view = memoryview(frame)
    while view:
        view = view[os.write(_OUT, view) :]


if __name__ == "__main__":
    main()
