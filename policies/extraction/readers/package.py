"""Zip files as what they are: documents of an office program, or folders of files.

Promises that a zip with more in it than its directory lists is not called read. Must never choose
by a name that somebody gave the file.
"""

from policies.extraction.budgets import Unreadable
from policies.extraction.desk import Desk
from policies.extraction.readers.archive import Archive, read_entry
from policies.extraction.readers.office import read_office
from policies.extraction.readers.opendocument import read_opendocument
from policies.text import charsets


def read_zip(data: bytes, desk: Desk) -> None:
    """Read a zip file. Raises Unreadable, Locked."""
    archive = Archive(data, desk)
    desk.say(charsets.undeclared(archive.comment)[0])
    for entry in archive.entries:
        desk.say(entry.comment)
    if "[Content_Types].xml" in archive.names:
        read_office(archive, desk)
    elif "mimetype" in archive.names and "content.xml" in archive.names:
        read_opendocument(archive, desk)
    else:
        for entry in archive.entries:
            read_entry(archive, entry, desk)
    if archive.strays():
        raise Unreadable("a zip file with more in it than it lists")
