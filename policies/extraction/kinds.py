"""What a file is, told by its content; names and declared types are asked where bytes are mute.

Promises every kind that some program could take the bytes for, the likeliest first, so that a file
that is two things at once is read as both. Must never read more than its head, its tail and the
central directory at its end.
"""

import re2

from policies.extraction.source import Source

_OPTIONS = re2.Options()
_OPTIONS.encoding = re2.Options.Encoding.LATIN1

_HEAD = 4096
_TAIL = 70_000  # a zip's last record may have a comment of 65,535 bytes behind it

_WEAK = frozenset({"image", "audio", "video", "font", "executable"})
# Kinds that nobody here can open.
CLOSED = frozenset(
    {"7z", "rar", "cabinet", "disk image", "database", "zstd", "yenc", "onenote", "binhex"}
)
ENCRYPTED = frozenset({"pgp", "rpmsg", "age"})

_MAGIC: tuple[tuple[bytes, str], ...] = (
    (b"(This file must be converted with BinHex", "binhex"),
    (b"PK\x03\x04", "zip"),
    (b"PK\x05\x06", "zip"),
    (b"PK00PK\x03\x04", "zip"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "ole"),
    (b"\x78\x9f\x3e\x22", "tnef"),
    (b"{\\rt", "rtf"),
    (b"\x1f\x8b", "gzip"),
    (b"BZh", "bzip2"),
    (b"\xfd7zXZ\x00", "xz"),
    (b"\x5d\x00\x00", "lzma"),
    (b"\x28\xb5\x2f\xfd", "zstd"),
    (b"7z\xbc\xaf\x27\x1c", "7z"),
    (b"Rar!\x1a\x07", "rar"),
    (b"MSCF", "cabinet"),
    (b"SQLite format 3\x00", "database"),
    (b"\x00\x01\x00\x00Standard ", "database"),
    (b"!BDN", "database"),
    (b"\xe4\x52\x5c\x7b\x8c\xd8\xa7\x4d\xae\xb1\x53\x78\xd0\x29\x96\xd3", "onenote"),
    (b"\x76\xe8\x04\x60\xc4\x11\xe3\x86", "rpmsg"),
    (b"age-encryption.org/", "age"),
    (b"\x89PNG\r\n\x1a\n", "image"),
    (b"\xff\xd8\xff", "image"),
    (b"GIF87a", "image"),
    (b"GIF89a", "image"),
    (b"BM", "image"),
    (b"II*\x00", "image"),
    (b"MM\x00*", "image"),
    (b"II+\x00", "image"),
    (b"8BPS", "image"),
    (b"\x00\x00\x01\x00", "image"),
    (b"\x00\x00\x02\x00", "image"),
    (b"\xd7\xcd\xc6\x9a", "image"),
    (b"\x01\x00\x09\x00", "image"),
    (b"\x02\x00\x09\x00", "image"),
    (b"\x00\x00\x00\x0cjP", "image"),
    (b"\xff\x4f\xff\x51", "image"),
    (b"\xff\x0a", "image"),
    (b"ID3", "audio"),
    (b"fLaC", "audio"),
    (b"OggS", "audio"),
    (b"MThd", "audio"),
    (b"#!AMR", "audio"),
    (b"\xff\xfb", "audio"),
    (b"\xff\xf3", "audio"),
    (b"\xff\xf2", "audio"),
    (b"\xff\xf1", "audio"),
    (b"\x1aE\xdf\xa3", "video"),
    (b"FLV\x01", "video"),
    (b"\x00\x00\x01\xba", "video"),
    (b"\x30\x26\xb2\x75\x8e\x66\xcf\x11", "video"),
    (b"wOFF", "font"),
    (b"wOF2", "font"),
    (b"OTTO", "font"),
    (b"\x00\x01\x00\x00\x00", "font"),
    (b"true\x00", "font"),
    (b"ttcf", "font"),
    (b"MZ", "executable"),
    (b"\x7fELF", "executable"),
    (b"\xcf\xfa\xed\xfe", "executable"),
    (b"\xce\xfa\xed\xfe", "executable"),
    (b"\xca\xfe\xba\xbe", "executable"),
    (b"\x00asm", "executable"),
    (b"dex\n", "executable"),
    (b"L\x00\x00\x00\x01\x14\x02\x00", "executable"),
)
_RIFF = {b"WAVE": "audio", b"AVI ": "video", b"WEBP": "image", b"ACON": "image"}
_BRANDS = dict.fromkeys((b"heic", b"heix", b"mif1", b"msf1", b"avif", b"hevc"), "image") | {
    b"M4A ": "audio",
    b"M4B ": "audio",
}
_EMF = b" EMF"
_PGP_BINARY = frozenset({"application/pgp-encrypted", "application/pgp"})
_PGP_NAMES = (".pgp", ".gpg")
_MESSAGES = frozenset({"message/rfc822", "message/global", "message/news"})
_MAILS = (".eml", ".mht", ".mhtml", ".nws")
_PAGES = (".htm", ".html", ".xhtml", ".shtml", ".hta")
_PGP_ARMOUR = b"-----BEGIN PGP MESSAGE-----"
_HTML = re2.compile(
    rb"(?i)<(?:!doctype\s+html|html|head|body|div|p|table|span|a|br|meta|script|style|img|font|b|i"
    rb"|center|h[1-6])[\s/>]",
    _OPTIONS,
)
_FIELD = re2.compile(rb"^(?:[!-9;-~]{1,70}[ \t]*:[^\n]*\r?\n(?:[ \t][^\n]*\r?\n)*)+", _OPTIONS)
_MAIL_FIELD = re2.compile(
    rb"(?im)^(?:from|received|subject|message-id|mime-version|return-path|content-type)[ \t]*:",
    _OPTIONS,
)
_MBOX = re2.compile(rb"^From [^\n]{3,200}\d{4}[^\n]{0,20}\r?\n", _OPTIONS)


UNKNOWN = ("unknown",)


def kinds_of(data: Source, names: tuple[str, ...] = (), declared: str = "") -> tuple[str, ...]:
    """Name what these bytes are, likeliest first; ("unknown",) where nothing fits."""
    head = data[:_HEAD]
    binary = _binary(head, data)
    found = [binary] if binary else []
    if binary in _WEAK and looks_like_text(data):
        # Two or three letters prove nothing: "BM", "MZ" and "ID3" may begin a sentence.
        found = [*_speaking(head, data, names, declared), binary]
    if b"%PDF-" in head[:1024] and "pdf" not in found:
        found.insert(0, "pdf")
    if found != ["zip"] and "zip" not in found and has_zip_end(data):
        found.append("zip")
    if _is_tar(head):
        found.append("tar")
    if not found:
        found += _speaking(head, data, names, declared)
    return tuple(found) or UNKNOWN


def _binary(head: bytes, data: Source) -> str:
    if head.startswith(b"RIFF"):
        return _RIFF.get(head[8:12], "")
    if head[4:8] in {b"ftyp", b"moov", b"mdat", b"wide"}:
        return _BRANDS.get(head[8:12], "video")
    if head.startswith(b"\x01\x00\x00\x00") and head[40:44] == _EMF:
        return "image"
    if head[0:1] == head[188:189] == head[376:377] == b"\x47":  # packets of an MPEG stream
        return "video"
    if data[0x8001:0x8006] == b"CD001":
        return "disk image"
    return next((kind for magic, kind in _MAGIC if head.startswith(magic)), "")


def has_zip_end(data: Source) -> bool:
    """Whether the end of a zip's directory stands near the end: programs look there first."""
    return b"PK\x05\x06" in data[-_TAIL:]


def _is_tar(head: bytes) -> bool:
    """Whether the first 512 bytes are a tar header: its checksum is right (POSIX ustar)."""
    block = head[:512]
    if len(block) < 512 or not block[0]:  # noqa: PLR2004 - the size of a tar block
        return False
    try:
        said = int(block[148:156].strip(b" \x00"), 8)
    except ValueError:
        return False
    return said == sum(block[:148]) + sum(block[156:]) + 8 * ord(" ")


def _speaking(head: bytes, data: Source, names: tuple[str, ...], declared: str) -> list[str]:
    """Tell apart what has no magic number: signed and encrypted mail, and texts."""
    lowered = tuple(name.lower() for name in names)
    if _PGP_ARMOUR in head:
        return ["pgp", "text"]
    if _is_cms(head):
        return ["cms"]
    if not looks_like_text(data):
        pgp = declared in _PGP_BINARY or any(name.endswith(_PGP_NAMES) for name in lowered)
        return ["pgp"] if pgp and head[:1] and head[0] & 0x80 else []
    return _text_kinds(head, lowered, declared)


def _text_kinds(head: bytes, names: tuple[str, ...], declared: str) -> list[str]:
    start = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    page = _HTML.search(head)
    tests = (
        ("postscript", start.startswith((b"%!PS", b"%!\n", b"%!\r"))),
        ("xml", start.startswith(b"<?xml") and b"<html" not in head.lower()),
        ("eml", declared in _MESSAGES or _is_mail(head)),
        ("mbox", _MBOX.match(head)),
        ("calendar", start[:15].upper().startswith((b"BEGIN:VCALENDAR", b"BEGIN:VCARD"))),
        ("html", page or "html" in declared or any(name.endswith(_PAGES) for name in names)),
        ("xml", start.startswith(b"<") and (declared.endswith("xml") or b"xmlns" in head)),
    )
    kind = next((kind for kind, fits in tests if fits), "text")
    # A program that goes by the name reads headers that are those of no mail.
    named = any(name.rstrip(". ").endswith(_MAILS) for name in names)
    return ["eml", kind] if named and kind != "eml" else [kind]


def _is_mail(head: bytes) -> bool:
    match = _FIELD.match(head)
    return bool(match) and len(_MAIL_FIELD.findall(match.group())) > 1


def _is_cms(head: bytes) -> bool:
    """Whether this is a CMS structure (RFC 5652): S/MIME signed, encrypted or compressed."""
    return head[:1] == b"\x30" and b"\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01" in head[:24]


_CONTROLS = bytes(set(range(32)) - set(b"\t\n\r\f\x1b\x0b\x08"))
_SAMPLE = 1 << 16
_MOST_CONTROLS = 0.005
_MANY_NULS = 0.3


def looks_like_text(data: Source) -> bool:
    """Whether a person who opened these bytes in an editor would see text."""
    sample = data[:_SAMPLE] + data[-_SAMPLE:] if len(data) > _SAMPLE else data[:]
    if sample[:2] in {b"\xff\xfe", b"\xfe\xff"} or wide_without_mark(sample):
        return True
    controls = len(sample) - len(sample.translate(None, _CONTROLS))
    if controls > _MOST_CONTROLS * len(sample):
        return False
    try:
        data[:_SAMPLE].decode("utf-8")
    except UnicodeDecodeError as error:
        high = len(sample) - len(sample.translate(None, bytes(range(128, 256))))
        return error.start > _SAMPLE - 4 or high < len(sample) / 2 or not controls
    return True


def is_odd_text(data: bytes) -> bool:
    """Whether a program that is told that these bytes are text would show one, bells and all."""
    try:
        return b"\0" not in data and bool(data.decode("utf-8"))
    except UnicodeDecodeError:
        return False


def wide_without_mark(sample: bytes) -> str:
    """Name the UTF-16 that bytes without a byte order mark seem to be; "" for none."""
    piece = sample[:4096]
    if len(piece) < 4:  # noqa: PLR2004 - two characters
        return ""
    odd, even = piece[1::2].count(0), piece[0::2].count(0)
    if odd > _MANY_NULS * len(piece) / 2 and even < odd / 10:
        return "utf-16-le"
    return "utf-16-be" if even > _MANY_NULS * len(piece) / 2 and odd < even / 10 else ""
