"""Every kind of file: what a person would read in it is read, hidden corners too."""

import struct
from binascii import b2a_uu

import pytest

from policies.extraction.passages import State, Where
from tests.policies.extraction import files
from tests.policies.extraction.mails import MARKER, file, kinds, said, states

WIDE = "utf-16-le"
CELL = '<row><c r="A1" t="s"><v>0</v></c><c r="B1"><v>{}</v></c></row>'
JOINED = (
    '<row><c r="A1"><v>943</v></c><c r="B1"><v>5919</v></c>'
    '<c r="D1" t="str"><f>{}</f><v>total</v></c></row>'
)
DAYS = '<styleSheet><cellXfs><xf numFmtId="0"/><xf numFmtId="14"/></cellXfs></styleSheet>'
CARD = f"BEGIN:VCARD\r\nFN:Jo Bloggs\r\nNOTE:{MARKER[:6]}\r\n {MARKER[6:]}\r\nEND:VCARD\r\n"
INVITATION = (
    "BEGIN:VCALENDAR\r\nX-ALT-DESC;FMTTYPE=text/html:<html><p>943 <b>476</b>\\n\r\n"
    "  <i>59</i>19</p></html>\r\nEND:VCALENDAR\r\n"
)
DELETED = f"</w:t></w:r><w:del><w:r><w:delText>{MARKER}</w:delText></w:r></w:del><w:r><w:t>"
REMARK = f"<comments><comment><text><t>{MARKER}</t></text></comment></comments>"
MAILBOX = b"From a@b Thu Jan  1 00:00:00 2026\nSubject: s\nTo: c@d\n\n" + MARKER.encode()
JPEG = b"\xff\xd8\xff\xe0" + bytes(range(256))
SIGNED = f"Content-Type: text/plain\r\nSubject: s\r\n\r\n{MARKER}\r\n".encode()
TNEF_BODY = files.tnef((1, 0x0002800C, MARKER.encode() + b"\0"))
TNEF_FILE = files.tnef(
    (2, 0x00069002, bytes(14)),
    (2, 0x00018010, b"note.txt\0"),
    (2, 0x0006800F, MARKER.encode()),
)
TNEF_PROPERTIES = files.tnef(
    (1, 0x00069003, files.mapi((0x1F, 0x0037, MARKER.encode(WIDE) + b"\0\0")))
)
MESSAGE = files.msg({"0037001F": "Hello".encode(WIDE), "1000001F": MARKER.encode(WIDE)})
MESSAGE_WITH_FILE = files.msg(
    {"0037001F": "Hello".encode(WIDE)},
    [{"3707001F": "n.txt".encode(WIDE), "37010102": files.zipped({"in.txt": MARKER})}],
)
SST = struct.pack("<2L", 1, 1) + struct.pack("<HB", len(MARKER), 0) + MARKER.encode()
EXCEL = files.xls((0xFC, SST), (0xFD, struct.pack("<3HL", 0, 0, 0, 0)))
EXCEL_NUMBER = files.xls((0x203, struct.pack("<3Hd", 0, 0, 0, 9434765919.0)))
SLIDE = files.compound(
    {"PowerPoint Document": struct.pack("<2HL", 0, 0x0FA8, len(MARKER)) + MARKER.encode()}
)

Y_ENCODED = bytes((byte + 42) & 255 for byte in MARKER.encode())
READ: dict[str, tuple[bytes, str]] = {
    "docx": (files.docx("Dear Jo", MARKER), "docx"),
    "docx header": (files.docx("x", word__header1=files.word_part("hdr", MARKER)), "docx"),
    "docx footer": (files.docx("x", word__footer1=files.word_part("ftr", MARKER)), "docx"),
    "docx comment": (files.docx("x", word__comments=files.word_part("comments", MARKER)), "docx"),
    "docx notes": (files.docx("x", word__footnotes=files.word_part("footnotes", MARKER)), "docx"),
    "docx property": (
        files.docx("x", docProps__core=f"<c><title>{MARKER}</title></c>"),
        "docx",
    ),
    "docx runs": (files.docx("943 </w:t></w:r><w:r><w:t>476 5919"), "docx"),
    "docx deleted": (files.docx(DELETED), "docx"),
    "docx picture text": (
        files.docx(f'x</w:t></w:r><w:docPr descr="{MARKER}"/><w:r><w:t>y'),
        "docx",
    ),
    "docx of another prefix": (
        files.docx("x", word__more=f'<q:p xmlns:q="y"><q:t><![CDATA[{MARKER}]]></q:t></q:p>'),
        "docx",
    ),
    "xlsx": (files.xlsx(CELL.format(5), [MARKER]), "xlsx"),
    "xlsx number": (files.xlsx("<row><c><v>9.434765919E9</v></c></row>"), "xlsx"),
    "xlsx comment": (
        files.xlsx("", xl__comments1=REMARK),
        "xlsx",
    ),
    "xlsx in the cell": (
        files.xlsx(f'<row><c t="inlineStr"><is><t>{MARKER}</t></is></c></row>'),
        "xlsx",
    ),
    "xlsx joined by a formula": (files.xlsx(JOINED.format('A1&amp;" 476 "&amp;$B$1')), "xlsx"),
    "xlsx joined by a function": (files.xlsx(JOINED.format('CONCAT(A1," 476 ",B1:C1)')), "xlsx"),
    "xlsx joined with marks": (files.xlsx(JOINED.format('A1&amp;476&amp;B1')), "xlsx"),
    "pptx": (files.pptx(MARKER), "pptx"),
    "pptx notes": (files.pptx("x", MARKER), "pptx"),
    "odt": (files.odt(MARKER), "odt"),
    "odt header": (files.odt("x", MARKER), "odt"),
    "ods": (files.odt(MARKER, kind="spreadsheet"), "ods"),
    "odp": (files.odt(MARKER, kind="presentation"), "odp"),
    "rtf": (files.rtf(r"943 \b 476\b0  5919"), "rtf"),
    "rtf unicode": (files.rtf(r"943 47\u54?\'36 5919\par".replace(r"\'36", "")), "rtf"),
    "rtf hidden": (files.rtf(r"{\v 943 476 5919}"), "rtf"),
    "pdf": (files.pdf(files.shown(MARKER)), "pdf"),
    "doc": (files.doc(MARKER), "doc"),
    "xls": (EXCEL, "xls"),
    "xls number": (EXCEL_NUMBER, "xls"),
    "ppt": (SLIDE, "ppt"),
    "msg": (MESSAGE, "msg"),
    "msg with a zip": (MESSAGE_WITH_FILE, "msg"),
    "winmail body": (TNEF_BODY, "tnef"),
    "winmail file": (TNEF_FILE, "tnef"),
    "winmail property": (TNEF_PROPERTIES, "tnef"),
    "hex dump": (f"00000000  {MARKER.encode().hex(' ')}  |...|\n".encode(), "text"),
    "hex dump of pairs": (f"00000000: {MARKER.encode().hex(' ', 2)}  ....".encode(), "text"),
    "hex in a program": (
        f"char a[] = {{\n  0x{MARKER.encode().hex('-').replace('-', ', 0x')} }};\n".encode(),
        "text",
    ),
    "yenc": (b"=ybegin line=128 size=12 name=a\r\n" + Y_ENCODED + b"\r\n=yend size=12\r\n", "text"),
    "csv": (f"name,number\r\nJo,{MARKER}\r\n".encode(), "text"),
    "text utf-16": (MARKER.encode("utf-16"), "text"),
    "text utf-16 without a mark": (MARKER.encode(WIDE), "text"),
    "json": (rb'{"a": "\u0039\u0034\u0033 476 5919"}', "text"),
    "html": (b"<html><p>943 <b>476</b> 59<!-- -->19</p></html>", "html"),
    "html naming a file": (f'<p><a href="#" download="{MARKER}.pdf">x</a></p>'.encode(), "html"),
    "xml": (f'<?xml version="1.0"?><a><b c="{MARKER}"/></a>'.encode(), "xml"),
    "svg": (b'<svg xmlns="x"><text><tspan>943 4</tspan><tspan>76 5919</tspan></text></svg>', "xml"),
    "calendar": (f"BEGIN:VCALENDAR\r\nSUMMARY:{MARKER}\r\nEND:VCALENDAR\r\n".encode(), "calendar"),
    "calendar in HTML": (INVITATION.encode(), "calendar"),
    "contact": (CARD.encode(), "contact"),
    "eml": (b"From: a@b\r\nSubject: s\r\n\r\n" + MARKER.encode(), "eml"),
    "eml subject": (f"From: a@b\r\nSubject: {MARKER}\r\n\r\nx".encode(), "eml"),
    "mbox": (MAILBOX, "mbox"),
    "zip": (files.zipped({"a.txt": MARKER}), "zip"),
    "zip in zip": (files.zipped({"a.zip": files.zipped({"a.txt": MARKER})}), "zip"),
    "zip remark": (files.zipped({"a.txt": "x"}, comment=MARKER.encode()), "zip"),
    "zip behind a program": (b"MZ" + bytes(200) + files.zipped({"a.txt": MARKER}), "executable"),
    "tar": (files.tarred({"a.txt": MARKER.encode()}), "tar"),
    "tar.gz": (files.gzipped(files.tarred({"a.txt": MARKER.encode()})), "gzip"),
    "gzip twice": (files.gzipped(b"x") + files.gzipped(MARKER.encode()), "gzip"),
    "bzip2": (files.PACKERS["bzip2"](MARKER.encode()), "bzip2"),
    "xz": (files.PACKERS["xz"](MARKER.encode()), "xz"),
    "signed": (files.cms(2, SIGNED), "cms"),
    "png remark": (files.png(MARKER.encode()), "image"),
    "png packed remark": (files.png(compressed=MARKER.encode()), "image"),
    "picture with text behind": (JPEG + MARKER.encode(), "image"),
    "text that begins like a picture": (b"BM is short for\r\n" + MARKER.encode(), "text"),
    "uuencoded": (b"hello\nbegin 644 a.txt\n" + b2a_uu(MARKER.encode()) + b"`\nend\n", "text"),
    "uuencoded like a page": (
        b"<b >\nbegin 644 a.txt\n" + b2a_uu(MARKER.encode()) + b"`\nend\n",
        "html",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("data", "kind"), READ.values(), ids=READ.keys())
def test_what_is_in_a_file_is_read(data: bytes, kind: str) -> None:
    content = file(data, "letter.xyz")
    text = said(content).replace("\n", " ")
    assert MARKER in text or MARKER.replace(" ", "") in text
    assert kinds(content)[-1] == kind
    assert states(content) == {State.READ}
    assert content.problems == ()


def test_a_day_in_a_workbook_is_written_as_a_day() -> None:
    rows = '<row><c s="1"><v>29221</v></c><c s="0"><v>29221</v></c></row>'
    text = said(file(files.xlsx(rows, styles=DAYS)))
    assert "01/01/1980\t29221" in text


@pytest.mark.parametrize(
    ("written", "seen"),
    [
        ("5061727.9799999995", "5061727.98"),  # how 5061727.98 is kept
        ("0.30000000000000004", "0.3"),
        ("943.4765919", "943.4765919"),
        ("94347659190000000001", "94347659190000000001"),
    ],
)
def test_a_number_in_a_workbook_has_no_more_figures_than_are_shown(written: str, seen: str) -> None:
    assert said(file(files.xlsx(f"<row><c><v>{written}</v></c></row>"))).split()[-1] == seen


def test_cells_of_a_row_stand_side_by_side() -> None:
    text = said(file(files.xlsx(CELL.format(7), ["Jo Bloggs"])))
    assert "Jo Bloggs\t7" in text


@pytest.mark.parametrize("ending", ["txt", "jpg", "docx", "pdf", ""])
def test_a_wrong_ending_changes_nothing(ending: str) -> None:
    content = file(files.docx(MARKER), f"holiday.{ending}", kind="image/jpeg")
    assert MARKER in said(content)
    assert kinds(content) == ["docx"]


def test_names_of_attachments_and_of_files_inside_are_kept() -> None:
    content = file(files.zipped({"Jo Bloggs.txt": "x", "empty/": ""}), "Case of Jo.zip")
    names = set(content.texts(Where.ATTACHMENT_NAME))
    assert {"Case of Jo.zip", "Jo Bloggs.txt", "empty/"} <= names
    assert [one.names for one in content.attachments] == [("Jo Bloggs.txt",), ("Case of Jo.zip",)]


LOCKED: dict[str, tuple[bytes, str]] = {
    "zip": (files.locked_zip(), "application/zip"),
    "office": (
        files.compound({"EncryptedPackage": b"x", "EncryptionInfo": b"y"}),
        "application/msword",
    ),
    "odt": (
        files.zipped({
            "mimetype": "application/vnd.oasis.opendocument.text",
            "META-INF/manifest.xml": "<m><encryption-data/></m>",
            "content.xml": b"\x00\x01",
        }),
        "application/zip",
    ),
    "smime": (files.cms(3, b"xxxx"), "application/pkcs7-mime"),
    "pgp": (b"-----BEGIN PGP MESSAGE-----\r\n\r\nhQEMA\r\n-----END PGP MESSAGE-----\r\n", "text/x"),
    "pgp binary": (b"\x85\x01\x0c\x03" + bytes(range(256)), "application/pgp-encrypted"),
    "rpmsg": (b"\x76\xe8\x04\x60\xc4\x11\xe3\x86" + bytes(40), "application/octet-stream"),
    "xls": (files.xls((0x2F, b"\0" * 6)), "application/vnd.ms-excel"),
}  # fmt: skip


@pytest.mark.parametrize(("data", "kind"), LOCKED.values(), ids=LOCKED.keys())
def test_what_is_locked_is_called_encrypted(data: bytes, kind: str) -> None:
    content = file(data, kind=kind)
    assert State.ENCRYPTED in states(content)
    assert content.unread


CLOSED: dict[str, bytes] = {
    "7z": b"7z\xbc\xaf\x27\x1c" + bytes(50),
    "rar": b"Rar!\x1a\x07\x00" + bytes(50),
    "unknown": bytes(range(256)) * 8,
    "database": b"SQLite format 3\x00" + bytes(90),
    "binhex": b"(This file must be converted with BinHex 4.0)\r\n\r\n:" + b"$f*TEQKPH#" * 9 + b":",
    "damaged zip": files.zipped({"a.txt": "x" * 500})[:-30],
    "damaged docx": files.docx("x").replace(b"PK\x03\x04", b"PK\x03\x05"),
    "zip with more than it lists": files.zipped({"b.txt": "y"}, stored=True)[:40]
    + files.zipped({"a.txt": "x"}),
    "entities": b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>',
    "scanned pdf": files.pdf(
        b"q 500 0 0 700 0 0 cm /Im0 Do Q",
        resources="/XObject << /Im0 << /Subtype /Image >> >>",
    ),
}


@pytest.mark.parametrize("data", CLOSED.values(), ids=CLOSED.keys())
def test_what_cannot_be_read_is_said_to_be_so(data: bytes) -> None:
    content = file(data)
    assert State.UNSCANNABLE in states(content)
    assert content.problems
    assert content.unread


@pytest.mark.parametrize("data", [b"", files.png(), b"ID3\x04" + bytes(300), b"wOFF" + bytes(99)])
def test_pictures_and_sounds_without_words_are_fine(data: bytes) -> None:
    assert not file(data).unread


FILES = [*(one[0] for one in READ.values()), *(one[0] for one in LOCKED.values()), *CLOSED.values()]
"""A file of every kind, for whoever wants to break one."""
