"""Every reader there is, by the kind of file it reads.

What they need takes 10 MB, and half of the time that extraction takes to load. Must never be
imported by a process that decides: it reads no files, and asks `policies.extraction.readers`.
"""

from collections.abc import Mapping

from policies.extraction.desk import Reader
from policies.extraction.readers import TEXT_READERS
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
from policies.extraction.texts import read_calendar

FILE_READERS: Mapping[str, Reader] = {
    **TEXT_READERS,
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
