"""Character sets: those that mail programs know, those that only Python knows, and lies."""

import base64
from collections.abc import Iterator

from tests.golden.hidden.writing import BASE64, DIGITS, NUMBER, TEXT, base64_lines, hidden

WIDE = "NHS " + "".join(chr(ord(digit) + 0xFEE0) for digit in DIGITS)


def tricks() -> Iterator[tuple[str, bytes]]:
    """Each trick with its name."""
    yield from _encoded()
    yield from _names_of_nothing()
    yield from _lies()


def _body(name: str, declared: str, raw: bytes, kind: str = "text/plain") -> tuple[str, bytes]:
    content = f"Content-Type: {kind}{declared}".encode()
    return hidden(name, content, BASE64, body=base64_lines(raw))


def _encoded() -> Iterator[tuple[str, bytes]]:
    for charset in ("utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-be", "cp037", "cp500", "cp1026", "cp1140"):
        yield _body(f"{charset}", f"; charset={charset.replace('cp', 'ibm')}", TEXT.encode(charset))
    for charset in ("gb18030", "gb2312", "big5", "shift_jis", "euc-jp", "euc-kr", "iso-2022-jp", "iso-2022-kr", "hz-gb-2312"):
        yield _body(f"{charset}, full width", f"; charset={charset}", WIDE.encode(charset.replace("hz-gb-2312", "hz")))
    shifted = "+" + base64.b64encode(NUMBER.encode("utf-16-be")).decode().rstrip("=") + "-"
    yield _body("utf-7", "; charset=utf-7", f"NHS {shifted} today".encode())
    whole = "+" + base64.b64encode(f"NHS {NUMBER}".encode("utf-16-be")).decode().rstrip("=") + "-"
    yield _body("utf-7, the whole text", "; charset=unicode-1-1-utf-7", whole.encode())
    imap = "&" + base64.b64encode(f"NHS {NUMBER}".encode("utf-16-be")).decode().rstrip("=").replace("/", ",") + "-"
    yield _body("utf-7 of IMAP", "; charset=x-imap-modified-utf-7", imap.encode())


def _names_of_nothing() -> Iterator[tuple[str, bytes]]:
    rotated = f"AUF {NUMBER}"
    for name in ("rot13", "rot_13", "idna", "punycode", "undefined", "base64", "hex", "zlib", "x-secret", "unicode-escape", "raw_unicode_escape", "mbcs", "charmap"):
        yield _body(f"character set {name}", f"; charset={name}", TEXT.encode() if name not in ("rot13", "rot_13") else rotated.encode())
    escaped = "".join(f"\\u{ord(char):04x}" for char in f"NHS {NUMBER}")
    yield _body("character set unicode_escape, escaped", "; charset=unicode_escape", escaped.encode())
    yield _body("character set hex, in hex", "; charset=hex", TEXT.encode().hex().encode())


def _lies() -> Iterator[tuple[str, bytes]]:
    utf_16 = TEXT.encode("utf-16-le")
    yield _body("utf-16 called us-ascii", "; charset=us-ascii", utf_16)
    yield _body("utf-16 called utf-8", "; charset=utf-8", b"\xff\xfe" + utf_16)
    yield _body("utf-16 called nothing", "", b"\xff\xfe" + utf_16)
    yield _body("full width called windows-1252", "; charset=windows-1252", WIDE.encode())
    yield _body("full width called nothing", "", WIDE.encode())
    yield _body("character set named twice", "; charset=us-ascii; charset=utf-16-le", utf_16)
    yield _body("character set named twice, the other way", "; charset=utf-16-le; charset=us-ascii", utf_16)
    yield _body("character set extended", "; charset*=us-ascii'en'utf-16-le", utf_16)
    yield _body("character set in pieces", "; charset*0=utf-; charset*1=16-le", utf_16)
    yield _body("character set with a comment", "; charset=(us-ascii) utf-16-le", utf_16)
    yield _body("character set in single quotes", "; charset='utf-16-le'", utf_16)
    yield _body("character set empty", '; charset=""', utf_16)
    yield _body("overlong utf-8", "; charset=utf-8", b"NHS " + b"".join(bytes((0xC0 | ord(d) >> 6, 0x80 | ord(d) & 0x3F)) for d in DIGITS))
    meta = f'<html><head><meta charset="utf-16le"></head><body>NHS {NUMBER}</body></html>'
    yield _body("character set said by meta alone", "", meta.encode("utf-16-le"), "text/html")
    shifted = "+" + base64.b64encode(f"NHS {NUMBER}".encode("utf-16-be")).decode().rstrip("=") + "-"
    page = f'<html><head><meta http-equiv="Content-Type" content="text/html; charset=utf-7"></head><body>{shifted}</body></html>'
    yield _body("utf-7 said by meta alone", "", page.encode(), "text/html")
