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

from policies.extraction import readers, wire
from policies.extraction.asking import Asked
from policies.extraction.budgets import MIB, Budgets
from policies.extraction.confinement import allow_seconds, confine
from policies.extraction.mail import extract_from
from policies.message.mime import Outline
from policies.text import charsets

MEMORY = 256 * MIB
"""Bytes that a worker may take beyond what it needs to be there."""

CPU_SECONDS = 10
_IN, _OUT = 0, 1
_PIECE = 1 << 16


def main() -> None:
    """Read mails until the pipe is closed."""
    _load_everything()
    confine(MEMORY)
    _write(wire.READY)
    while found := _take():
        allow_seconds(CPU_SECONDS)
        _answer(found)


def _load_everything() -> None:
    """Load what would be loaded when first needed: afterwards no file can be opened."""
    charsets.load()
    readers.file_readers()


def _take() -> Outline | None:
    """Read a request: the outline of a mail; None at the end."""
    head = _read(wire.REQUEST.size)
    told = _read(wire.REQUEST.unpack(head)[0]) if head else None
    return wire.outline_of(told) if told else None


def _read(size: int) -> bytes | None:
    """Read so many bytes; None at the end."""
    data = io.BytesIO()
    while left := size - data.tell():
        piece = _some(left)
        if not piece:
            return None
        data.write(piece)
    return data.getvalue()


def _some(most: int) -> bytes:
    return os.read(_IN, min(_PIECE, most))


def _answer(found: Outline) -> None:
    """Read one mail and say what was found."""
    budgets = replace(Budgets(), documents=True)
    try:
        content = extract_from(found, _mail(found, budgets), budgets)
    except MemoryError:
        content = None  # the mail alone was too much
    if content is None:
        sys.exit(1)
    for frame in wire.pack(content):
        _write(frame)


def _mail(found: Outline, budgets: Budgets) -> Asked:
    return Asked(min(found.size, budgets.bytes_in), _write, _some)


def _write(frame: bytes) -> None:
    view = memoryview(frame)
    while view:
        view = view[os.write(_OUT, view) :]


if __name__ == "__main__":
    main()
