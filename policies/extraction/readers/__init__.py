"""Readers: one for each kind of file, each given bytes and a desk to put what it finds on.

Each promises to raise `Unreadable` or `Locked` with a sentence when it cannot read its file, and
never to read less than it says without raising. Any other exception is taken for a damaged file.
Must never touch a file, a network or a clock; what unpacks asks the meter first.
"""

from collections.abc import Mapping

from policies.extraction.bodies import read_page_file
from policies.extraction.desk import Reader
from policies.extraction.texts import read_text

TEXT_READERS: Mapping[str, Reader] = {"text": read_text, "html": read_page_file}
"""What is read without a worker."""


def reader_of(kind: str) -> Reader | None:
    """Return what reads files of a kind; all but text and pages is loaded with the first."""
    return TEXT_READERS.get(kind) or file_readers().get(kind)


def file_readers() -> Mapping[str, Reader]:
    """Load every reader, and return them by kind."""
    from policies.extraction.readers.files import FILE_READERS  # noqa: PLC0415 - see there

    return FILE_READERS
