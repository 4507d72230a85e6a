"""Files that people attach every day, without personal data, the same bytes every time."""

import struct
import zlib
from dataclasses import dataclass

from tests.golden.hidden.containers import zipped
from tests.golden.hidden.documents import _docx, _package, _page, SHEET, SLIDE
from tests.golden.mails.writing import noise


@dataclass(frozen=True)
class File:
    """An attached file as a mail program declares it."""

    name: str
    kind: str
    content: bytes


def png(seed: str, side: int = 40) -> bytes:
    """A real picture of random dots (PNG, ISO/IEC 15948)."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    rows = noise(seed, side * side)
    pixels = b"".join(b"\0" + rows[at : at + side] for at in range(0, len(rows), side))
    head = struct.pack(">IIBBBBB", side, side, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(pixels)) + chunk(b"IEND", b"")


def jpeg(seed: str) -> bytes:
    """The frame of a JPEG file round random bytes."""
    body = noise(seed, 3000).replace(b"\xff", b"\xfe")
    return b"\xff\xd8\xff\xe0\0\x10JFIF\0\1\1\0\0\1\0\1\0\0\xff\xda\0\x08\1\1\0\0\x3f\0" + body + b"\xff\xd9"


def gif() -> bytes:
    """A picture of one point, as signatures and newsletters carry it."""
    return b"GIF89a\1\0\1\0\x80\0\0\xff\xff\xff\0\0\0!\xf9\4\1\0\0\0\0,\0\0\0\0\1\0\1\0\0\2\2D\1\0;"


def files(subject: str, seed: str) -> list[File]:
    """One file of every usual kind about a subject."""
    word = _docx(f"<w:p><w:r><w:t>{_xml(subject)}</w:t></w:r></w:p><w:p><w:r><w:t>The committee noted the report and agreed the next steps.</w:t></w:r></w:p>")
    sheet = f'<?xml version="1.0"?><worksheet xmlns="{SHEET}"><sheetData><row r="1"><c r="A1" t="inlineStr"><is><t>Item</t></is></c><c r="B1" t="inlineStr"><is><t>Cost</t></is></c></row><row r="2"><c r="A2" t="inlineStr"><is><t>Chairs</t></is></c><c r="B2"><v>1250.5</v></c></row></sheetData></worksheet>'
    book = f'<?xml version="1.0"?><workbook xmlns="{SHEET}"><sheets><sheet name="Budget" sheetId="1"/></sheets></workbook>'
    slide = f'<?xml version="1.0"?><p:sld xmlns:p="p" xmlns:a="{SLIDE}"><a:p><a:r><a:t>{_xml(subject)}</a:t></a:r></a:p></p:sld>'
    text = zlib.compress(b"BT /F 12 Tf 50 700 Td (Agenda and notes for the meeting) Tj ET")
    office = "application/vnd.openxmlformats-officedocument."
    odt = zipped(("mimetype", b"application/vnd.oasis.opendocument.text"), ("content.xml", b'<?xml version="1.0"?><office:document-content xmlns:office="o" xmlns:text="t"><office:body><text:p>Notes of the meeting</text:p></office:body></office:document-content>'))
    return [
        File("Minutes of the meeting.docx", office + "wordprocessingml.document", word),
        File("Budget.xlsx", office + "spreadsheetml.sheet", _package("xl/workbook.xml", xl__workbook=book, xl__worksheets__sheet1=sheet)),
        File("Slides.pptx", office + "presentationml.presentation", _package("ppt/presentation.xml", ppt__presentation="<p/>", ppt__slides__slide1=slide)),
        File("Agenda.pdf", "application/pdf", _page(text, b"/Filter/FlateDecode")),
        File("photo of the hall.jpg", "image/jpeg", jpeg(seed)),
        File("plan.png", "image/png", png(seed)),
        File("figures.csv", "text/csv", b"Month,Visits,Calls\r\nJanuary,412,96\r\nFebruary,388,101\r\n"),
        File("notes.txt", "text/plain", b"Things to bring:\r\n- chairs\r\n- extension leads\r\n"),
        File("drawings.zip", "application/zip", zipped(("plan.png", png(seed)), ("readme.txt", b"Two drawings of the hall.\r\n"))),
        File("Notes.odt", "application/vnd.oasis.opendocument.text", odt),
        File("terms.rtf", "application/rtf", b"{\\rtf1\\ansi\\deff0{\\fonttbl{\\f0 Arial;}}\\f0\\fs24 Terms of hire for the hall.\\par}"),
        File("logo.svg", "image/svg+xml", b'<svg xmlns="http://www.w3.org/2000/svg"><circle r="4"/></svg>'),
    ]


def _xml(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;")
