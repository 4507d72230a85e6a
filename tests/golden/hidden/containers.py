"""Containers: archives, compressed files, mailboxes, cards; also those that cannot be looked into."""

import bz2
import gzip
import io
import lzma
import struct
import tarfile
import zipfile
import zlib
from base64 import b64encode
from collections.abc import Iterator

from tests.golden.hidden.writing import DIGITS, NUMBER, TEXT, attached, lines

RAW = TEXT.encode()
THEN = (2026, 11, 16, 9, 30, 0)


def tricks() -> Iterator[tuple[str, bytes]]:
    """Each trick with its name."""
    yield from _texts()
    yield from _zips()
    yield from _compressed()
    yield from _opaque()
    yield from _tnef()
    yield from _behind_pictures()
    yield from _in_chunks()
    yield from _in_letters()


def zipped(*files: tuple[str, bytes], method: int = zipfile.ZIP_DEFLATED, comment: bytes = b"") -> bytes:
    """A zip archive, the same bytes every time."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, content in files:
            entry = zipfile.ZipInfo(name, THEN)
            entry.compress_type = method
            archive.writestr(entry, content)
        archive.comment = comment
    return out.getvalue()


def tarred(*files: tuple[str, bytes]) -> bytes:
    """A tar archive, the same bytes every time."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        for name, content in files:
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    return out.getvalue()


def _texts() -> Iterator[tuple[str, bytes]]:
    yield attached("text file", "note.txt", RAW, "text/plain")
    yield attached("text file in utf-16", "note.txt", TEXT.encode("utf-16"))
    yield attached("text file in utf-16 without a mark", "note.txt", TEXT.encode("utf-16-le"))
    yield attached("text file in utf-32", "note.txt", TEXT.encode("utf-32"))
    yield attached("text file with NULs", "note.txt", b"a\0b\0\0" + RAW)
    yield attached("text file after binary rubbish", "note.txt", bytes(range(256)) * 8 + RAW)
    yield attached("table", "list.csv", f"Name,NHS number\r\nA,{DIGITS}\r\n".encode(), "text/csv")
    yield attached("table with semicolons in utf-16", "list.csv", f"Name;NHS number\r\nA;{DIGITS}\r\n".encode("utf-16"))
    yield attached("text called a picture", "scan.png", RAW, "image/png")
    yield attached("text called a program", "setup.exe", RAW)
    yield attached("text called a zip", "files.zip", RAW, "application/zip")
    yield attached("text called a PDF", "letter.pdf", RAW, "application/pdf")
    yield attached("file without a name", "", RAW)
    yield attached("page", "page.html", f"<p>NHS number 999<b>725</b>1466</p>".encode(), "text/html")
    yield attached("page called text", "page.txt", f"<p>NHS number <b>&#57;</b>99&nbsp;725 1466</p>".encode())
    yield attached("drawing", "plan.svg", f'<svg xmlns="http://www.w3.org/2000/svg"><text>NHS number {NUMBER}</text></svg>'.encode(), "image/svg+xml")
    yield attached("data", "data.json", f'{{"nhs_number": "{DIGITS}"}}'.encode(), "application/json")
    yield attached("data with escapes", "data.json", ('{"NHS number": "' + "".join(f"\\u{ord(d):04x}" for d in DIGITS) + '"}').encode())
    yield attached("markup", "data.xml", f"<patient><nhs-number>{DIGITS}</nhs-number></patient>".encode(), "application/xml")
    yield attached("log", "server.log", RAW)
    meeting = lines(b"BEGIN:VCALENDAR", b"BEGIN:VEVENT", b"DESCRIPTION:NHS number 999", b"  725 ", b" 1466", b"END:VEVENT", b"END:VCALENDAR")
    yield attached("meeting", "meeting.ics", meeting, "text/calendar")
    yield attached("meeting, folded in the number", "meeting.ics", lines(b"BEGIN:VCALENDAR", b"SUMMARY:NHS number 99", b" 9725", b" 1466", b"END:VCALENDAR"), "text/calendar")
    card = lines(b"BEGIN:VCARD", b"VERSION:2.1", b"FN:Sam", b"NOTE;ENCODING=QUOTED-PRINTABLE:NHS number =39=39=39=", b" 725 1466", b"END:VCARD")
    yield attached("card", "sam.vcf", card, "text/vcard")
    coded = b64encode(f"NHS number {NUMBER}".encode())
    yield attached("card in base64", "sam.vcf", lines(b"BEGIN:VCARD", b"VERSION:3.0", b"NOTE;ENCODING=b:" + coded, b"END:VCARD"), "text/vcard")
    letter = lines(b"From: a@x.example", b"Subject: x", b"Content-Transfer-Encoding: base64", b"") + b64encode(RAW) + b"\r\n"
    yield attached("mail as a file", "saved.eml", letter)
    yield attached("mail as a file of another name", "saved.dat", letter)
    yield attached("mailbox", "archive.mbox", b"From a@x Mon Nov 16 09:30:00 2026\r\n" + letter + b"\r\nFrom b@x Mon Nov 16 09:31:00 2026\r\n" + letter)
    page = b"MIME-Version: 1.0\r\nContent-Type: multipart/related; boundary=x\r\n\r\n--x\r\nContent-Type: text/html\r\nContent-Transfer-Encoding: base64\r\n\r\n" + b64encode(b"<p>" + RAW + b"</p>") + b"\r\n--x--\r\n"
    yield attached("web archive", "page.mhtml", page)


def _zips() -> Iterator[tuple[str, bytes]]:
    plain = zipped(("note.txt", RAW))
    yield attached("zip", "files.zip", plain, "application/zip")
    yield attached("zip, stored", "files.zip", zipped(("note.txt", RAW), method=zipfile.ZIP_STORED))
    yield attached("zip, bzip2", "files.zip", zipped(("note.txt", RAW), method=zipfile.ZIP_BZIP2))
    yield attached("zip, lzma", "files.zip", zipped(("note.txt", RAW), method=zipfile.ZIP_LZMA))
    yield attached("zip in zip", "files.zip", zipped(("more.zip", plain)))
    deep = plain
    for _ in range(12):
        deep = zipped(("more.zip", deep))
    yield attached("zip in zip, twelve deep", "files.zip", deep)
    yield attached("zip called a picture", "photo.jpg", plain, "image/jpeg")
    yield attached("zip behind a picture", "photo.jpg", b"\xff\xd8\xff\xe0\0\x10JFIF\0" + b"\0" * 300 + b"\xff\xd9" + plain, "image/jpeg")
    yield attached("zip behind a program", "setup.exe", b"MZ" + b"\0" * 500 + plain)
    yield attached("zip before rubbish", "files.zip", plain + b"\0" * 500)
    yield attached("name in a zip", "files.zip", zipped((f"NHS number {NUMBER}.txt", b"see name")))
    yield attached("folder name in a zip", "files.zip", zipped((f"NHS number {NUMBER}/a.txt", b"see name")))
    yield attached("comment of a zip", "files.zip", zipped(("note.txt", b"see comment"), comment=RAW))
    yield attached("comment of an entry", "files.zip", _entry_comment())
    yield attached("zip without its directory", "files.zip", plain[: plain.rindex(b"PK\x01\x02")])
    yield attached("zip whose directory names less", "files.zip", _without_last(zipped(("a.txt", b"fine"), ("note.txt", RAW))))
    yield attached("zip with a password", "files.zip", _locked(plain), "application/zip")
    yield attached("zip among a hundred clean files", "files.zip", zipped(*[(f"{n}.txt", b"fine") for n in range(100)], ("note.txt", RAW)))
    yield attached("zip of a method nobody knows", "files.zip", _method(plain, 97))
    yield attached("zip that is cut off", "files.zip", plain[:-40])
    yield attached("zip bomb with a note", "files.zip", zipped(("zeros.bin", b"\0" * 60_000_000), ("note.txt", RAW)))
    yield attached("two zips in one file", "files.zip", plain + zipped(("a.txt", b"fine")))


def _entry_comment() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        entry = zipfile.ZipInfo("a.txt", THEN)
        entry.comment = RAW
        archive.writestr(entry, b"see comment")
    return out.getvalue()


def _without_last(archive: bytes) -> bytes:
    """Take the last entry out of the directory and leave its content in the file."""
    second = archive.rindex(b"PK\x01\x02")
    end = archive.rindex(b"PK\x05\x06")
    tail = bytearray(archive[end:])
    start = struct.unpack_from("<I", tail, 16)[0]
    struct.pack_into("<HHI", tail, 8, 1, 1, second - start)
    return archive[:second] + bytes(tail)


def _locked(archive: bytes) -> bytes:
    """Set the bit that says encrypted, in both headers."""
    changed = bytearray(archive)
    struct.pack_into("<H", changed, changed.index(b"PK\x03\x04") + 6, 1)
    struct.pack_into("<H", changed, changed.index(b"PK\x01\x02") + 8, 1)
    return bytes(changed)


def _method(archive: bytes, number: int) -> bytes:
    changed = bytearray(archive)
    struct.pack_into("<H", changed, changed.index(b"PK\x03\x04") + 8, number)
    struct.pack_into("<H", changed, changed.index(b"PK\x01\x02") + 10, number)
    return bytes(changed)


def _compressed() -> Iterator[tuple[str, bytes]]:
    yield attached("gzip", "note.txt.gz", gzip.compress(RAW, mtime=0), "application/gzip")
    yield attached("gzip of two members", "note.gz", gzip.compress(b"fine", mtime=0) + gzip.compress(RAW, mtime=0))
    named = b"\x1f\x8b\x08\x08\0\0\0\0\0\x03" + f"NHS number {NUMBER}.txt".encode() + b"\0" + gzip.compress(b"see name", mtime=0)[10:]
    yield attached("name in a gzip", "note.gz", named)
    yield attached("gzip cut off", "note.gz", gzip.compress(RAW * 50, mtime=0)[:-12])
    yield attached("bzip2", "note.txt.bz2", bz2.compress(RAW))
    yield attached("xz", "note.txt.xz", lzma.compress(RAW))
    yield attached("lzma", "note.lzma", lzma.compress(RAW, lzma.FORMAT_ALONE))
    yield attached("zlib", "note.z", zlib.compress(RAW))
    yield attached("tar", "files.tar", tarred(("note.txt", RAW)))
    yield attached("tar of no name", "files", tarred(("a.txt", b"fine"), ("note.txt", RAW)))
    yield attached("name in a tar", "files.tar", tarred((f"NHS number {NUMBER}.txt", b"see name")))
    yield attached("tar and gzip", "files.tgz", gzip.compress(tarred(("note.txt", RAW)), mtime=0))
    yield attached("tar and xz", "files.tar.xz", lzma.compress(tarred(("note.txt", RAW))))
    yield attached("gzip in a zip in a tar", "files.tar", tarred(("a.zip", zipped(("note.gz", gzip.compress(RAW, mtime=0))))))


def _opaque() -> Iterator[tuple[str, bytes]]:
    secret = bytes(byte ^ 0x5A for byte in RAW * 20)
    for name, file, magic in (
        ("7z", "files.7z", b"7z\xbc\xaf\x27\x1c\0\4"),
        ("rar", "files.rar", b"Rar!\x1a\x07\x01\0"),
        ("old rar", "files.rar", b"Rar!\x1a\x07\0"),
        ("zstd", "note.zst", b"\x28\xb5\x2f\xfd"),
        ("old Office file", "letter.doc", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"),
        ("Outlook message", "mail.msg", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"),
        ("Outlook mailbox", "mail.pst", b"!BDN"),
        ("cabinet", "files.cab", b"MSCF\0\0\0\0"),
        ("disk image", "disk.iso", b"\0" * 100 + b"CD001"),
        ("database", "data.sqlite", b"SQLite format 3\0"),
        ("OneNote page", "notes.one", bytes.fromhex("e4525c7b8cd8a74daeb15378d02996d3")),
        ("PGP file", "note.pgp", b"\x85\x01\x0c\x03"),
        ("PGP file in letters", "note.asc", b"-----BEGIN PGP MESSAGE-----\r\n\r\n"),
        ("key store", "note.p7m", b"\x30\x82\x05\x10\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x03"),
        ("octets of no kind", "blob.bin", b"\x93\x8f\x01\x02"),
    ):
        yield attached(name, file, magic + secret)


def _tnef() -> Iterator[tuple[str, bytes]]:
    def attribute(level: int, number: int, data: bytes) -> bytes:
        return bytes([level]) + struct.pack("<II", number, len(data)) + data + struct.pack("<H", sum(data) & 0xFFFF)

    head = struct.pack("<IH", 0x223E9F78, 1) + attribute(1, 0x00089006, struct.pack("<I", 0x10000))
    file = attribute(2, 0x00069002, b"\1\0" + b"\0" * 12) + attribute(2, 0x00018010, b"note.txt\0") + attribute(2, 0x0006800F, RAW)
    kind = "application/ms-tnef"
    yield attached("winmail, subject", "winmail.dat", head + attribute(1, 0x00018004, b"NHS number " + NUMBER.encode() + b"\0"), kind)
    yield attached("winmail, body", "winmail.dat", head + attribute(1, 0x0002800C, RAW + b"\0"), kind)
    yield attached("winmail, file", "winmail.dat", head + file, kind)
    yield attached("winmail, name of a file", "winmail.dat", head + file.replace(b"note.txt", b"note.txt").replace(RAW, b"x" * len(RAW)) + attribute(2, 0x00018010, b"NHS number " + NUMBER.encode() + b".txt\0"), kind)
    yield attached("winmail of another name", "letter.bin", head + file)
    yield attached("winmail cut off", "winmail.dat", (head + file)[:-60], kind)


def _behind_pictures() -> Iterator[tuple[str, bytes]]:
    jpeg = b"\xff\xd8\xff\xe0\0\x10JFIF\0\1\1\0\0\1\0\1\0\0" + b"\xff\xda\0\x08\1\1\0\0?\0" + b"\x9a" * 300 + b"\xff\xd9"
    png = b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", b"\0\0\0\1\0\0\0\1\x08\0\0\0\0") + _chunk(b"IEND", b"")
    gif = b"GIF89a\1\0\1\0\0\0\0,\0\0\0\0\1\0\1\0\0\2\2D\1\0;"
    packed = gzip.compress(RAW, mtime=0)
    coded = b64encode(RAW)
    for kind, picture in (("jpeg", jpeg), ("png", png), ("gif", gif)):
        yield attached(f"gzip behind a {kind}", f"photo.{kind}", picture + packed, f"image/{kind}")
        yield attached(f"base64 behind a {kind}", f"photo.{kind}", picture + coded, f"image/{kind}")
        yield attached(f"bzip2 behind a {kind}", f"photo.{kind}", picture + bz2.compress(RAW), f"image/{kind}")
        yield attached(f"xz behind a {kind}", f"photo.{kind}", picture + lzma.compress(RAW), f"image/{kind}")
        yield attached(f"zlib behind a {kind}", f"photo.{kind}", picture + zlib.compress(RAW), f"image/{kind}")
        yield attached(f"7z behind a {kind}", f"photo.{kind}", picture + b"7z\xbc\xaf\x27\x1c\0\4" + b"\x81" * 80, f"image/{kind}")
    comment = b"\xff\xfe" + struct.pack(">H", len(coded) + 2) + coded
    yield attached("base64 in the remark of a jpeg", "photo.jpeg", jpeg[:2] + comment + jpeg[2:], "image/jpeg")
    yield attached("gzip inside a jpeg", "photo.jpeg", jpeg[:2] + b"\xff\xef" + struct.pack(">H", len(packed) + 2) + packed + jpeg[2:], "image/jpeg")
    yield attached("gzip behind a film", "clip.mp4", b"\0\0\0\x18ftypmp42" + b"\x81" * 200 + packed, "video/mp4")


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def _in_chunks() -> Iterator[tuple[str, bytes]]:
    head, end = b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", b"\0\0\0\1\0\0\0\1\x08\0\0\0\0"), _chunk(b"IEND", b"")
    for name, kind, data in (
        ("private chunk, text", b"seCr", RAW),
        ("private chunk, wide text", b"seCr", TEXT.encode("utf-16-be")),
        ("private chunk, zlib", b"seCr", zlib.compress(RAW)),
        ("private chunk, zlib behind a name", b"seCr", b"note\0\0" + zlib.compress(RAW)),
        ("private chunk, base64", b"seCr", b64encode(RAW)),
        ("chunk behind the end", b"", b""),
    ):
        body = head + (_chunk(kind, data) + end if kind else end + _chunk(b"seCr", zlib.compress(RAW)))
        yield attached(name, "scan.png", body, "image/png")
    yield attached("table of a font", "font.woff", _woff(zlib.compress(TEXT.encode("utf-16-be")), 2 * len(RAW)), "font/woff")
    yield attached("metadata of a font", "font.woff", _woff(b"abcd", 4, zlib.compress(RAW)), "font/woff")


def _woff(table: bytes, size: int, about: bytes = b"") -> bytes:
    """A font with one table (WOFF 1.0, 3 to 6)."""
    start = 44 + 20
    entry = struct.pack(">4sIIII", b"name", start, len(table), size, 0)
    head = struct.pack(">4sIIHHIHHIIIII", b"wOFF", 0x10000, start + len(table) + len(about), 1, 0, 0, 1, 0, start + len(table) if about else 0, len(about), 4 * len(about), 0, 0)
    return head + entry + table + about


def _in_letters() -> Iterator[tuple[str, bytes]]:
    coded = b64encode(f"NHS number {NUMBER}".encode())
    entry = lines(b"dn: cn=Sam,dc=x", b"objectClass: person", b"description:: " + coded)
    yield attached("directory entry", "sam.ldif", entry, "text/plain")
    folded = lines(b"dn: cn=Sam,dc=x", b"description:: " + coded[:9], b" " + coded[9:20], b" " + coded[20:])
    yield attached("directory entry, folded", "sam.ldif", folded)
    yield attached("strings of PostScript", "page.ps", lines(b"%!PS-Adobe-3.0", b"72 720 moveto (NHS number 999) show", b"5 0 rmoveto (725) show 5 0 rmoveto (14) show (66) show"))
    octal = "".join(f"\\{ord(char):03o}" for char in f"NHS number {NUMBER}").encode()
    yield attached("octal strings of PostScript", "page.ps", lines(b"%!PS-Adobe-3.0", b"72 720 moveto (" + octal + b") show"))
    yield attached("hexadecimal strings of PostScript", "page.eps", lines(b"%!PS-Adobe-3.0 EPSF-3.0", b"<" + f"NHS {NUMBER}".encode().hex().encode() + b"> show"))
    yield attached("days of birth as numbers", "list.csv", b"Name,Date of birth\r\nSam,40606\r\nJo,39120\r\n", "text/csv")
