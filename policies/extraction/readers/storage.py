"""Compound files as what their streams make them: Outlook items, older documents, embedded files.

Promises that a stream nobody knows is searched for letters. Must never take an encrypted document
for an empty one.
"""

from policies.extraction.budgets import Locked, Unreadable
from policies.extraction.desk import Desk
from policies.extraction.kinds import kinds_of
from policies.extraction.readers import legacy, outlook
from policies.extraction.readers.binary import read_binary
from policies.extraction.readers.compound import Compound

_LOCKED = frozenset({"EncryptedPackage", "\tDRMContent"})


def read_compound(data: bytes, desk: Desk) -> None:
    """Read a compound file as what its streams make it. Raises Unreadable, Locked."""
    streams = Compound(data, desk).streams
    if not _LOCKED.isdisjoint(streams):
        raise Locked("an Office file with a password")
    if "__properties_version1.0" in streams:
        outlook.read_item(streams, desk)
        return
    for path, content in streams.items():
        name = path.rpartition("/")[2]
        if name == "WordDocument":
            legacy.read_word(content, streams, path, desk)
        elif name in {"Workbook", "Book"}:
            legacy.read_workbook(content, desk)
        elif name == "PowerPoint Document":
            legacy.read_slides(content, desk)
        else:
            _read_stream(name, content, desk)


def _read_stream(name: str, content: bytes, desk: Desk) -> None:
    """Read a stream of any kind: an embedded file, or the letters in it."""
    if name == "\x01Ole10Native":
        _read_native(content, desk)
    elif kinds_of(content)[0] in {
        "zip",
        "ole",
        "pdf",
        "rtf",
        "gzip",
        "tnef",
        "html",
        "mail",
        "cms",
    }:
        desk.inner(content)
    else:
        read_binary(content, desk)


def _read_native(content: bytes, desk: Desk) -> None:
    """Read a packaged file ([MS-OLEDS] 2.3.6): label, two paths, then the file."""
    at, names = 6, []
    for _name in range(2):
        end = content.find(b"\0", at)
        if end < 0:
            raise Unreadable("an embedded file that is damaged")
        names.append(content[at:end].decode("cp1252", "replace"))
        at = end + 1
    at += 4
    at += 4 + int.from_bytes(content[at : at + 4], "little")
    size = int.from_bytes(content[at : at + 4], "little")
    desk.inner(content[at + 4 : at + 4 + size], names)
