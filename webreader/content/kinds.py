"""What a file is called by people: `PDF document`, `Word document`, `Picture`.

Judged by the end of the name, as the reader's own computer will judge it. It decides nothing.
"""

from __future__ import annotations

from pathlib import PurePath
from typing import Final

BADGE_LETTERS: Final = 5
_KINDS: Final = {
    "PDF document": "pdf",
    "Word document": "doc docx docm odt rtf",
    "Spreadsheet": "xls xlsx xlsm xlsb ods",
    "Table of values": "csv tsv",
    "Presentation": "ppt pptx pptm odp",
    "Picture": "jpg jpeg png gif webp bmp tif tiff heic svg",
    "Text": "txt md log",
    "Web page": "htm html xhtml",
    "Email": "eml msg",
    "Calendar entry": "ics",
    "Contact": "vcf",
    "Archive of files": "zip 7z rar tar gz",
    "Sound": "mp3 wav m4a ogg",
    "Video": "mp4 mov avi mkv webm",
    "Outlook attachment": "dat",
}
_BY_END: Final = {end: kind for kind, ends in _KINDS.items() for end in ends.split()}


def describe(name: str) -> tuple[str, str]:
    """Return the few letters for a file's badge, and what it is in words."""
    end = PurePath(name).suffix.removeprefix(".").lower()
    if not (end.isascii() and end.isalnum()) or len(end) > BADGE_LETTERS:
        return "FILE", "File"
    return end.upper(), _BY_END.get(end, f"{end.upper()} file")
