"""Files of every kind, made here so that each byte of them is known."""

import bz2
import gzip
import io
import lzma
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Iterable

CONTENT_TYPES = '<?xml version="1.0"?><Types xmlns="x"/>'
W = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
A = 'xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main"'
ODF = (
    'xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0" '
    'xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0" '
    'xmlns:table="urn:oasis:names:tc:opendocument:xmlns:table:1.0"'
)


def zipped(files: dict[str, bytes | str], comment: bytes = b"", stored: bool = False) -> bytes:
    out = io.BytesIO()
    method = zipfile.ZIP_STORED if stored else zipfile.ZIP_DEFLATED
    with zipfile.ZipFile(out, "w", method) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
        archive.comment = comment
    return out.getvalue()


def locked_zip() -> bytes:
    """A zip whose only entry says that it is encrypted."""
    data = bytearray(zipped({"secret.txt": "x" * 40}, stored=True))
    data[6] |= 1
    at = data.index(b"PK\x01\x02")
    data[at + 8] |= 1
    return bytes(data)


def docx(*paragraphs: str, **parts: str) -> bytes:
    body = "".join(f"<w:p><w:r><w:t>{one}</w:t></w:r></w:p>" for one in paragraphs)
    document = f"<w:document {W}><w:body>{body}</w:body></w:document>"
    files: dict[str, bytes | str] = {
        "[Content_Types].xml": CONTENT_TYPES,
        "word/document.xml": document,
    }
    return zipped(files | {name.replace("__", "/") + ".xml": text for name, text in parts.items()})


def word_part(root: str, text: str) -> str:
    return f"<w:{root} {W}><w:p><w:r><w:t>{text}</w:t></w:r></w:p></w:{root}>"


def xlsx(rows: str, strings: Iterable[str] = (), styles: str = "", **parts: str) -> bytes:
    shared = "".join(f"<si><t>{one}</t></si>" for one in strings)
    files: dict[str, bytes | str] = {
        "[Content_Types].xml": CONTENT_TYPES,
        "xl/workbook.xml": '<workbook><sheets><sheet name="Caseload" state="hidden"/></sheets>'
        "</workbook>",
        "xl/worksheets/sheet1.xml": f"<worksheet><sheetData>{rows}</sheetData></worksheet>",
        "xl/sharedStrings.xml": f"<sst>{shared}</sst>",
    }
    if styles:
        files["xl/styles.xml"] = styles
    return zipped(files | {name.replace("__", "/") + ".xml": text for name, text in parts.items()})


def pptx(slide: str, notes: str = "") -> bytes:
    def text(words: str) -> str:
        return f"<x {A}><a:p><a:r><a:t>{words}</a:t></a:r></a:p></x>"

    return zipped(
        {
            "[Content_Types].xml": CONTENT_TYPES,
            "ppt/slides/slide1.xml": text(slide),
            "ppt/notesSlides/notesSlide1.xml": text(notes),
        }
    )


def odt(text: str, header: str = "", kind: str = "text") -> bytes:
    content = f"<office:document-content {ODF}><text:p>{text}</text:p></office:document-content>"
    styles = f"<office:document-styles {ODF}><text:p>{header}</text:p></office:document-styles>"
    return zipped(
        {
            "mimetype": f"application/vnd.oasis.opendocument.{kind}",
            "content.xml": content,
            "styles.xml": styles,
            "META-INF/manifest.xml": "<manifest/>",
        },
        stored=True,
    )


def gzipped(data: bytes) -> bytes:
    return gzip.compress(data)


def tarred(files: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return out.getvalue()


def rtf(body: str) -> bytes:
    return (r"{\rtf1\ansi\ansicpg1252{\fonttbl{\f0 Arial;}}\f0 " + body + "}").encode("ascii")


def pdf(*contents: bytes, extra: str = "", resources: str = "", trailer: str = "") -> bytes:
    """A PDF with a page for each content stream, in Helvetica as /F1."""
    pages = len(contents)
    kids = " ".join(f"{10 + 2 * n} 0 R" for n in range(pages))
    objects: dict[int, bytes] = {
        1: f"<< /Type /Catalog /Pages 2 0 R {extra} >>".encode("latin-1"),
        2: f"<< /Type /Pages /Kids [{kids}] /Count {pages} >>".encode(),
        3: b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>",
    }
    for number, content in enumerate(contents):
        at = 10 + 2 * number
        objects[at] = (
            f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents {at + 1} 0 R "
            f"/Resources << /Font << /F1 3 0 R >> {resources} >> >>"
        ).encode("latin-1")
        objects[at + 1] = stream(content)
    return pdf_of(objects, trailer)


def stream(content: bytes, head: str = "") -> bytes:
    packed = zlib.compress(content)
    start = f"<< {head} /Filter /FlateDecode /Length {len(packed)} >>\nstream\n".encode("latin-1")
    return start + packed + b"\nendstream"


def pdf_of(objects: dict[int, bytes], trailer: str = "") -> bytes:
    out = bytearray(b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n")
    places = {}
    for number, body in objects.items():
        places[number] = len(out)
        out += f"{number} 0 obj\n".encode() + body + b"\nendobj\n"
    start = len(out)
    out += b"xref\n0 1\n0000000000 65535 f \n"
    for number in sorted(places):
        out += f"{number} 1\n{places[number]:010d} 00000 n \n".encode()
    out += f"trailer << /Size {max(places) + 1} /Root 1 0 R {trailer} >>\n".encode("latin-1")
    return bytes(out + f"startxref\n{start}\n%%EOF\n".encode())


def shown(text: str, at: tuple[int, int] = (72, 700)) -> bytes:
    """Drawing operators that show one line of text."""
    return f"BT /F1 12 Tf {at[0]} {at[1]} Td ({text}) Tj ET\n".encode("latin-1")


def png(text: bytes = b"", compressed: bytes = b"") -> bytes:
    def chunk(kind: bytes, body: bytes) -> bytes:
        checksum = zlib.crc32(kind + body).to_bytes(4, "big")
        return len(body).to_bytes(4, "big") + kind + body + checksum

    out = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">2L5B", 1, 1, 8, 0, 0, 0, 0))
    if text:
        out += chunk(b"tEXt", b"Comment\0" + text)
    if compressed:
        out += chunk(b"zTXt", b"Comment\0\0" + zlib.compress(compressed))
    return out + chunk(b"IDAT", zlib.compress(b"\0\0")) + chunk(b"IEND", b"")


def tnef(*attributes: tuple[int, int, bytes]) -> bytes:
    """A winmail.dat of attributes: level, identifier with its type, value."""
    out = bytearray(struct.pack("<LH", 0x223E9F78, 1))
    for level, number, value in attributes:
        out += struct.pack("<BLL", level, number, len(value)) + value
        out += struct.pack("<H", sum(value) & 0xFFFF)
    return bytes(out)


def mapi(*properties: tuple[int, int, bytes]) -> bytes:
    """A block of properties with one value each: type, number, value."""
    out = bytearray(struct.pack("<L", len(properties)))
    for kind, number, value in properties:
        out += struct.pack("<2H2L", kind, number, 1, len(value)) + value + b"\0" * (-len(value) % 4)
    return bytes(out)


def compound(streams: dict[str, bytes]) -> bytes:
    """A compound file ([MS-CFB]) with every stream in full sectors; "/" makes storages."""
    return _Compound(streams).file()


class _Compound:
    SECTOR = 512

    def __init__(self, streams: dict[str, bytes]) -> None:
        self.entries: list[list[object]] = [["Root Entry", 5, None, b""]]
        self.index = {"": 0}
        for path, content in streams.items():
            *folders, name = path.split("/")
            parent = ""
            for folder in folders:
                parent = self._add(parent, folder, 1, b"")
            self._add(parent, name, 2, content)

    def _add(self, parent: str, name: str, kind: int, content: bytes) -> str:
        path = f"{parent}/{name}"
        if path not in self.index:
            self.index[path] = len(self.entries)
            self.entries.append([name, kind, self.index[parent], content])
        return path

    def file(self) -> bytes:
        fat: list[int] = []
        body = bytearray()

        def store(content: bytes) -> int:
            if not content:
                return 0xFFFFFFFE
            count = -(-len(content) // self.SECTOR)
            first = len(fat)
            fat.extend(range(first + 1, first + count))
            fat.append(0xFFFFFFFE)
            body.extend(content.ljust(count * self.SECTOR, b"\0"))
            return first

        # Streams below 4096 bytes would belong in the small sectors: they are made longer.
        starts = [
            store(bytes(one[3]).ljust(4096, b"\0") if one[3] else b"")  # type: ignore[call-overload]
            for one in self.entries
        ]
        directory = bytearray()
        for number, (name, kind, _parent, content) in enumerate(self.entries):
            children = [n for n, one in enumerate(self.entries) if one[2] == number]
            siblings = [
                n
                for n, one in enumerate(self.entries)
                if number and one[2] == _parent and n > number
            ]
            raw = str(name).encode("utf-16-le") + b"\0\0"
            size = max(4096, len(content)) if content else 0  # type: ignore[arg-type]
            directory += raw.ljust(64, b"\0") + struct.pack("<HBB", len(raw), int(str(kind)), 1)
            directory += struct.pack(
                "<3L",
                0xFFFFFFFF,
                siblings[0] if siblings else 0xFFFFFFFF,
                children[0] if children else 0xFFFFFFFF,
            )
            directory += bytes(36) + struct.pack("<LQ", starts[number], size)
        directory_at = store(bytes(directory))
        fat_sectors = -(-(len(fat) + 8) * 4 // self.SECTOR)
        fat_at = len(fat)
        fat.extend([0xFFFFFFFD] * fat_sectors)
        table = b"".join(struct.pack("<L", one) for one in fat)
        body.extend(table.ljust(fat_sectors * self.SECTOR, b"\xff"))
        head = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(16)
        head += struct.pack("<5H6x", 0x3E, 3, 0xFFFE, 9, 6)
        head += struct.pack("<3L", 0, fat_sectors, directory_at) + bytes(4)
        head += struct.pack("<L", 4096) + struct.pack("<4L", 0xFFFFFFFE, 0, 0xFFFFFFFE, 0)
        numbers = [fat_at + n for n in range(fat_sectors)]
        head += b"".join(struct.pack("<L", n) for n in numbers).ljust(436, b"\xff")
        return head + bytes(body)


def msg(properties: dict[str, bytes], files: Iterable[dict[str, bytes]] = ()) -> bytes:
    """An Outlook message: `properties` by number and type as in "0037001F"."""
    streams = {"__properties_version1.0": bytes(32)}
    streams |= {f"__substg1.0_{name}": value for name, value in properties.items()}
    for number, one in enumerate(files):
        folder = f"__attach_version1.0_#{number:08X}"
        streams |= {f"{folder}/__substg1.0_{name}": value for name, value in one.items()}
    return compound(streams)


def doc(text: str) -> bytes:
    """A Word 97 file with one narrow piece of text."""
    fib = bytearray(2048)
    struct.pack_into("<2H", fib, 0, 0xA5EC, 0xC1)
    raw = text.encode("cp1252")
    pieces = struct.pack("<2L", 0, len(raw)) + struct.pack("<HLH", 0, 2048 * 2 | 0x40000000, 0)
    clx = b"\x02" + struct.pack("<L", len(pieces)) + pieces
    struct.pack_into("<2L", fib, 0x01A2, 0, len(clx))
    return compound({"WordDocument": bytes(fib) + raw, "0Table": clx})


def xls(*records: tuple[int, bytes]) -> bytes:
    """An Excel 97 workbook of these records."""
    stream_of = struct.pack("<2HHH12x", 0x809, 16, 0x600, 5)
    for kind, body in records:
        stream_of += struct.pack("<2H", kind, len(body)) + body
    return compound({"Workbook": stream_of + struct.pack("<2H", 0x0A, 0)})


def der(tag: int, *contents: bytes) -> bytes:
    body = b"".join(contents)
    size = len(body)
    if size < 128:
        return bytes([tag, size]) + body
    length = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 | len(length)]) + length + body


def cms(kind: int, inside: bytes) -> bytes:
    """A CMS message: 2 signed, 3 enveloped (RFC 5652)."""

    def oid(last: int) -> bytes:
        return der(0x06, bytes.fromhex("2a864886f70d0107") + bytes([last]))

    content = der(0x30, oid(1), der(0xA0, der(0x04, inside)))
    body = der(0x30, der(0x02, b"\x01"), der(0x31), content, der(0x31))
    return der(0x30, oid(kind), der(0xA0, body))


PACKERS = {"gzip": gzip.compress, "bzip2": bz2.compress, "xz": lzma.compress}
