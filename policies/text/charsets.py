"""Turns bytes in a declared character set into the texts a reader might see.

Promises every plausible reading, most likely first, and never raises. A name that is not on the
list is not a character set: Python would look up `rot13` or `unicode_escape`, a mail program not.
Must never be asked for more than one bounded piece of text: it decodes what it is given, whole.
"""

import codecs
import re
from contextlib import suppress
from encodings.aliases import aliases

_UNDECLARED = frozenset(
    {"", "us-ascii", "ascii", "ansi-x3.4-1968", "unknown-8bit", "x-unknown", "default", "binary"}
)
_LATIN = frozenset({"iso-8859-1", "iso8859-1", "latin1", "latin-1", "l1", "cp819", "windows-1252"})
_WIDE = {
    "utf-16": "utf-16",
    "ucs-2": "utf-16",
    "iso-10646-ucs-2": "utf-16",
    "unicode": "utf-16",
} | {
    "utf-32": "utf-32",
    "ucs-4": "utf-32",
    "iso-10646-ucs-4": "utf-32",
}
# Sets in which a byte below 0x80 need not be the ASCII character: what they declare may be a lie.
_SHIFTING_NAMES = """
    utf-7 utf7 unicode-1-1-utf-7 hz hz-gb-2312 iso-2022-jp iso-2022-jp-1 iso-2022-jp-2
    iso-2022-jp-3 iso-2022-jp-ext iso-2022-kr cp037 ibm037 cp500 ibm500 cp1026 ibm1026 cp1140
    ibm1140 cp273 ibm273 cp424 ibm424 cp875 utf-16le utf-16be utf-32le utf-32be
"""
_PLAIN_NAMES = """
    utf-8 utf8 unicode-1-1-utf-8 windows-1250 windows-1251 windows-1253 windows-1254 windows-1255
    windows-1256 windows-1257 windows-1258 cp1250 cp1251 cp1252 cp1253 cp1254 cp1255 cp1256 cp1257
    cp1258 cp437 cp850 cp852 cp866 ibm437 ibm850 ibm852 ibm866 koi8-r koi8-u macintosh mac-roman
    iso-8859-2 iso-8859-3 iso-8859-4 iso-8859-5 iso-8859-6 iso-8859-7 iso-8859-8 iso-8859-9
    iso-8859-10 iso-8859-11 iso-8859-13 iso-8859-14 iso-8859-15 iso-8859-16 iso8859-15 latin2 latin9
    tis-620 cp874 windows-874 gb2312 gbk gb18030 cp936 big5 big5-hkscs cp950 euc-jp shift-jis sjis
    cp932 euc-kr ks-c-5601-1987 cp949 johab
"""
# What Python would decode by and no mail program: whoever writes such a name wants to mislead.
_NO_CHARSETS = frozenset(
    {"base64", "bz2", "charmap", "hex", "idna", "mbcs", "oem", "punycode", "quopri", "rot13"}
    | {"rot-13", "raw-unicode-escape", "undefined", "unicode-escape", "uu", "zlib", "zip"}
)
_SHIFTING = frozenset(_SHIFTING_NAMES.split())
_PLAIN = frozenset(_PLAIN_NAMES.split())
_SHIFTS = re.compile(rb"\x1b[ -/]{1,3}[0-~]|\x1b[NO]|[\x0e\x0f]")  # ISO 2022
_ESCAPE = b"\x1b"
_OVERLONG_LEADS = (b"\xc0", b"\xc1", b"\xe0")
_OTHER_NAMES = {
    "windows-874": "cp874",
    "iso-8859-8-i": "iso-8859-8",
    "macintosh": "mac-roman",
    "unicode-1-1-utf-8": "utf-8",
    "unicode-1-1-utf-7": "utf-7",
    "hz-gb-2312": "hz",
    "ks-c-5601-1987": "cp949",
    "iso8859-15": "iso-8859-15",
}


def load() -> None:
    """Load every character set there is, for whoever will not be able to open a file."""
    for name in {*aliases.values(), *_PLAIN, *_SHIFTING}:
        with suppress(LookupError):
            codecs.lookup(name)


def readings(raw: bytes, charset: str) -> list[str]:
    """List every plausible text of `raw`, the likeliest first; at least one, no duplicates."""
    name = canonical(charset)
    found: list[str] = []
    if name in _WIDE:
        found += _wide(raw, _WIDE[name])
    elif name in _SHIFTING:
        found.append(_decode(raw, name))
    elif name in _LATIN:
        found.append(latin(raw))
    elif name in _PLAIN:
        found.append(_decode(raw, name))
    trusted = found and name not in _SHIFTING and name not in _WIDE and "\ufffd" not in found[0]
    if not trusted and not (found and b"\0" in raw):
        found += undeclared(raw)
    return list(dict.fromkeys(found))


def doubtful(raw: bytes, charset: str) -> bool:
    """Say whether a declared name is no character set and a reader may see another text.

    ASCII under a name that nobody knows is ASCII everywhere; that needs no doubt.
    """
    name = canonical(charset)
    if name in _UNDECLARED | _LATIN | _PLAIN | _SHIFTING or name in _WIDE:
        return False
    odd = not raw.isascii() or _ESCAPE in raw
    return odd or name.removesuffix("-codec") in _NO_CHARSETS


def is_as_ascii(charset: str) -> bool:
    """Whether each byte below 0x80 is one ASCII character in every reading by this name."""
    name = canonical(charset)
    return name in _UNDECLARED | _LATIN or name in {"utf-8", "utf8"}


def undeclared(raw: bytes) -> list[str]:
    """Read bytes that say nothing of their character set: UTF-8, or else Latin.

    With escapes of ISO 2022 among them, which some programs follow unasked, also as if they were.
    """
    found = _as_they_stand(raw)
    if _ESCAPE in raw:
        found += [raw.decode("iso2022_jp_2", "replace"), latin(_SHIFTS.sub(b"", raw))]
    return found


def _as_they_stand(raw: bytes) -> list[str]:
    try:
        return [raw.decode("utf-8")]
    except UnicodeDecodeError:
        careless = [_overlong(raw)] if any(lead in raw for lead in _OVERLONG_LEADS) else []
        return [latin(raw), *careless]


def latin(raw: bytes) -> str:
    """Latin-1 as mail programs show it: windows-1252, with the five holes left as controls."""
    return raw.decode("cp1252", "sealgate-latin")


def canonical(charset: str) -> str:
    """Spell a name as the lists here do, in lower case with hyphens."""
    name = charset.strip(" \t\"'").lower().replace("_", "-")
    name = name.removeprefix("x-") if name != "x-unknown" else name
    return "iso-8859-8" if name in {"iso-8859-8-i", "iso-8859-8-e"} else name


def _decode(raw: bytes, name: str) -> str:
    return raw.decode(_OTHER_NAMES.get(name, name), "replace")


def _wide(raw: bytes, name: str) -> list[str]:
    """UTF-16 and UTF-32: RFC 2781 says big-endian without a mark, Windows means little-endian."""
    marks = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE, codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)
    if raw.startswith(marks):
        return [raw.decode(name, "replace")]
    both = [raw.decode(name + order, "replace") for order in ("-be", "-le")]
    return sorted(both, key=lambda text: -sum(map(str.isascii, text)))


def _overlong(raw: bytes) -> str:
    """UTF-8 as a careless decoder reads it: two- and three-byte forms of ASCII become ASCII."""
    out = bytearray()
    at = 0
    while at < len(raw):
        lead, rest = raw[at], raw[at + 1 : at + 3]
        if lead in {0xC0, 0xC1} and rest and rest[0] & 0xC0 == 0x80:  # noqa: PLR2004 - UTF-8 bits
            out.append((lead & 1) << 6 | rest[0] & 0x3F)
            at += 2
        elif lead == 0xE0 and len(rest) == 2 and rest[0] in {0x80, 0x81}:  # noqa: PLR2004 - the same
            out.append((rest[0] & 1) << 6 | rest[1] & 0x3F)
            at += 3
        else:
            out.append(lead)
            at += 1
    return bytes(out).decode("utf-8", "replace")


def _latin_holes(error: UnicodeError) -> tuple[str, int]:
    assert isinstance(error, UnicodeDecodeError)  # noqa: S101 - registered for decoding only
    return error.object[error.start : error.end].decode("latin-1"), error.end


codecs.register_error("sealgate-latin", _latin_holes)
