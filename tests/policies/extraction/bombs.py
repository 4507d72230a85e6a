"""Files made to cost: each is small to send, and none may be called read."""

import io
import lzma
import random
import struct
import zipfile
import zlib
from collections.abc import Callable

from tests.policies.extraction import files

MIB = 1 << 20


def zip_of_zeros(size: int) -> bytes:
    return files.zipped({"zeros.txt": bytes(size)})


def zips_in_zips(levels: int = 6, width: int = 8) -> bytes:
    data = zip_of_zeros(4 * MIB)
    for level in range(levels):
        data = files.zipped({f"{level}-{n}.zip": data for n in range(width)})
    return data


def many_entries(count: int) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for number in range(count):
            archive.writestr(f"{number}.txt", "x")
    return out.getvalue()


def quine() -> bytes:
    """A gzip that unpacks to a longer gzip of zeros, several times over."""
    data = bytes(60 * MIB)
    for _level in range(4):
        data = files.gzipped(data)
    return data


def laughs(kind: str) -> bytes:
    entities = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 12))
    text = f'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY l0 "ha">{entities}]><a>&l11;</a>'
    if kind == "docx":
        return files.zipped({"[Content_Types].xml": "<a/>", "word/document.xml": text})
    return text.encode()


XXE = b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><a>&b;</a>'


def deep_xml(depth: int) -> bytes:
    return files.zipped({"[Content_Types].xml": "<a/>", "word/document.xml": "<a>" * depth})


def sheet_of_one_string() -> bytes:
    cells = '<c t="s"><v>0</v></c>' * 100_000
    return files.xlsx(f"<row>{cells}</row>", ["x" * 100_000])


def looping_pdf() -> bytes:
    return files.pdf_of({
        1: b"<< /Type /Catalog /Pages 2 0 R /Outlines 4 0 R >>",
        2: b"<< /Type /Pages /Kids [2 0 R 2 0 R] /Count 9999999 >>",
        4: b"<< /First 4 0 R /Next 4 0 R >>",
    })  # fmt: skip


def forms_in_forms() -> bytes:
    """Forms that use one another ten times each: ten to the eighth uses."""
    objects = {
        1: b"<< /Type /Catalog /Pages 2 0 R >>",
        2: b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        3: b"<< /Type /Page /Parent 2 0 R /Contents 4 0 R "
        b"/Resources << /XObject << /A 5 0 R >> >> >>",
        4: files.stream(b"/A Do"),
        5: files.stream(
            b"/A Do " * 10, "/Subtype /Form /Resources << /XObject << /A 5 0 R >> >>"
        ),
    }  # fmt: skip
    return files.pdf_of(objects)


def packed_pdf() -> bytes:
    packed = zlib.compress(zlib.compress(bytes(250 * MIB), 1), 9)
    head = f"<< /Filter [/FlateDecode /FlateDecode] /Length {len(packed)} >>\nstream\n".encode()
    return files.pdf_of({
        1: b"<< /Type /Catalog /Pages 2 0 R >>",
        2: b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        3: b"<< /Type /Page /Parent 2 0 R /Contents 4 0 R >>",
        4: head + packed + b"\nendstream",
    })  # fmt: skip


def compound_with_a_loop() -> bytes:
    data = bytearray(files.compound({"WordDocument": b"x" * 9000}))
    table = struct.unpack_from("<L", data, 76)[0]
    struct.pack_into("<L", data, (table + 1) * 512 + 4, 0)  # the second sector leads to the first
    return bytes(data)


def compound_of_directories() -> bytes:
    return files.compound({f"{n}/{n}": b"x" for n in range(900)})[:-600]


def tnef_that_claims(size: int) -> bytes:
    return files.tnef((1, 0x0002800C, b"x"))[:7] + struct.pack("<LL", 0x0006800F, size) + b"x" * 90


def tar_with_a_hole() -> bytes:
    """A sparse file (GNU format) of half a terabyte in one block."""
    data = bytearray(files.tarred({"a": b"x"}))
    data[124:136] = b"77777777777\x00"
    data[148:156] = b" " * 8
    total = sum(data[:512])
    data[148:156] = f"{total:06o}\0 ".encode()
    return bytes(data)


def noise(size: int) -> bytes:
    return random.Random(1).randbytes(size)


BOMBS: dict[str, Callable[[], bytes]] = {
    "200 MB of zeros in a zip": lambda: zip_of_zeros(200 * MIB),
    "zips in zips": zips_in_zips,
    "100,000 entries": lambda: many_entries(100_000),
    "gzip in gzip": quine,
    "bzip2 of zeros": lambda: files.PACKERS["bzip2"](bytes(200 * MIB)),
    "xz of zeros": lambda: lzma.compress(bytes(200 * MIB), preset=0),
    "billion laughs": lambda: laughs("xml"),
    "billion laughs in a docx": lambda: laughs("docx"),
    "a file of this machine": lambda: XXE,
    "deep XML": lambda: deep_xml(500_000),
    "one string a hundred thousand times": sheet_of_one_string,
    "deep RTF": lambda: b"{\\rtf1 " + b"{" * 1_000_000,
    "PDF that holds itself": looping_pdf,
    "PDF forms in forms": forms_in_forms,
    "PDF packed twice": packed_pdf,
    "compound file with a loop": compound_with_a_loop,
    "compound file without its table": compound_of_directories,
    "winmail.dat that claims too much": lambda: tnef_that_claims(0x7FFFFFFF),
    "tar that claims too much": tar_with_a_hole,
    "noise": lambda: noise(5 * MIB),
    "docx cut in two": lambda: files.docx("x" * 5000)[:300],
    "pdf without its second half": lambda: files.pdf(files.shown("x"))[:200],
    "rtf without its end": lambda: files.rtf("hello")[:-1],
    "msg cut in two": lambda: files.msg({"0037001F": b"x" * 9000})[:3000],
    "gzip cut in two": lambda: files.gzipped(noise(5000))[:900],
}
"""Files that must end in "not read", each made when it is asked for."""

COSTLY: dict[str, Callable[[], bytes]] = {
    "deep HTML": lambda: b"<div>" * 400_000 + b"943 476 5919",
    "unclosed comments": lambda: b"<p>943 476 5919" + b"<!--" * 500_000,
    "unclosed attributes": lambda: b"<p>943 476 5919" + b'<a b="' * 300_001,
    "attributes without end": lambda: b"<p>943 476 5919<a " + b"b=c " * 500_000 + b">",
    "right to left in itself": lambda: b"<html>943 476 5919" + b"<bdo dir=rtl>x" * 100_000,
    "quotes in style": lambda: b"<style>" + b"'\"/*" * 300_000 + b"</style>943 476 5919",
    "entities": lambda: b"<html>943 476 5919" + b"&#x31;" * 300_000,
    "names of zip-slip": lambda: files.zipped({"../../etc/passwd": "943 476 5919", "/x": "y"}),
    "base64 lines": lambda: b"943 476 5919\r\n" + (b"A" * 76 + b"\r\n") * 30_000,
    "begin lines": lambda: b"943 476 5919\r\n" + b"begin 644 x\r\n" * 3000,
}
"""Files that cost much to read, and can be read."""
