"""Readers: one for each kind of file, each given bytes and a desk to put what it finds on.

Each promises to raise `Unreadable` or `Locked` with a sentence when it cannot read its file, and
never to read less than it says without raising. Any other exception is taken for a damaged file.
Must never touch a file, a network or a clock; what unpacks asks the meter first.
"""

from collections.abc import Mapping

from policies.extraction.bodies import read_page_file
from policies.extraction.desk import Reader
from policies.extraction.readers.binary import read_binary, read_image, read_media
from policies.extraction.readers.cms import read_cms
from policies.extraction.readers.fonts import read_font
from policies.extraction.readers.package import read_zip
from policies.extraction.readers.pdf import read_pdf
from policies.extraction.readers.postscript import read_postscript
from policies.extraction.readers.rtf import read_rtf
from policies.extraction.readers.storage import read_compound
from policies.extraction.readers.streams import read_bzip2, read_gzip, read_lzma, read_tar
from policies.extraction.readers.tnef import read_tnef
from policies.extraction.readers.xml import read_xml
from policies.extraction.texts import read_calendar, read_text

FILE_READERS: Mapping[str, Reader] = {
    "text": read_text,
    "html": read_page_file,
    "calendar": read_calendar,
    "xml": read_xml,
    "rtf": read_rtf,
    "zip": read_zip,
    "gzip": read_gzip,
    "bzip2": read_bzip2,
    "xz": read_lzma,
    "lzma": read_lzma,
    "tar": read_tar,
    "ole": read_compound,
    "tnef": read_tnef,
    "cms": read_cms,
    "pdf": read_pdf,
    "postscript": read_postscript,
    "image": read_image,
    "audio": read_media,
    "video": read_media,
    "font": read_font,
    "executable": read_binary,
}
