"""Outlook items as files, `.msg` ([MS-OXMSG]): message, recipients, attachments, messages in them.

Promises every property that is text and every attached file. Must never follow a link out of it.
"""

import re
from collections.abc import Mapping

from policies.extraction.desk import Desk
from policies.extraction.readers.mapi import BINARY, NARROW, WIDE, Property, read_file, say_item

_STREAM = re.compile(r"((?:[^/]+/)*)__substg1\.0_([0-9A-Fa-f]{4})([0-9A-Fa-f]{4})(?:-[0-9A-F]{8})?")
_ATTACHED = re.compile(r"(?:.*/)?__attach_version1\.0_#[0-9A-Fa-f]{8}/")
_LISTED = 0x1000  # a property of several values


def read_item(streams: Mapping[str, bytes], desk: Desk) -> None:
    """Read all items of a file; an item inside an attachment is one more folder of properties."""
    folders: dict[str, list[Property]] = {}
    for path, content in streams.items():
        match = _STREAM.fullmatch(path)
        if match:
            kind = int(match[3], 16) & ~_LISTED
            one = Property(int(match[2], 16), kind, content)
            folders.setdefault(match[1], []).append(one)
    for folder, properties in folders.items():
        kinds = [one for one in properties if one.kind in {NARROW, WIDE, BINARY}]
        say_item(kinds, desk)
        if _ATTACHED.fullmatch(folder):
            read_file(kinds, desk)
