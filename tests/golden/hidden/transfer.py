"""Transfer encodings (RFC 2045 section 6), as written and as mangled."""

import base64
import binascii
from collections.abc import Iterator

from tests.golden.hidden.writing import BASE64, CLEAN, PLAIN, QUOTED, TEXT, base64_lines, hidden, lines, mixed, part

RAW = TEXT.encode()
CODED = base64.b64encode(RAW)


def tricks() -> Iterator[tuple[str, bytes]]:
    """Each trick with its name."""
    yield from _base64()
    yield from _quoted()
    yield from _declared()
    yield from _uuencoded()


def _base64() -> Iterator[tuple[str, bytes]]:
    def body(name: str, coded: bytes) -> tuple[str, bytes]:
        return hidden(name, PLAIN, BASE64, body=coded + b"\r\n")

    yield body("base64", base64_lines(RAW))
    yield body("base64 in one line", base64.b64encode(RAW * 300))
    yield body("base64 without padding", base64.b64encode(RAW + b"x").rstrip(b"="))
    yield body("base64 with junk", b"!".join(CODED[at : at + 7] for at in range(0, len(CODED), 7)))
    yield body("base64 with spaces", b" ".join(CODED[at : at + 1] for at in range(len(CODED))))
    yield body("base64 with blank lines", b"\r\n\r\n".join(CODED[at : at + 20] for at in range(0, len(CODED), 20)))
    yield body("base64 joined from two", base64.b64encode(RAW[:41]) + base64.b64encode(RAW[41:]))
    yield body("base64 with a line of padding first", b"====\r\n" + CODED)
    urlsafe = base64.urlsafe_b64encode(b"???>>>~~~\xff\xfb " + RAW)
    yield body("base64 in the other alphabet", urlsafe)
    yield body("base64 and text after it", CODED + b"\r\n\r\n-- \r\nSent from my phone")
    yield body("base64 and text before it", b"(see below)\r\n" + CODED)
    yield body("base64 with a byte order mark", base64.b64encode(b"\xef\xbb\xbf" + RAW))
    yield body("base64 after a thousand blank lines", b"\r\n" * 1000 + CODED)
    yield body("base64 short of one character", CODED[:-1].rstrip(b"=")[:-1])


def _quoted() -> Iterator[tuple[str, bytes]]:
    def body(name: str, coded: bytes) -> tuple[str, bytes]:
        return hidden(name, PLAIN, QUOTED, body=coded + b"\r\n")

    yield body("quoted-printable, every byte", b"".join(b"=%02X" % byte for byte in RAW))
    yield body("quoted-printable in small letters", b"".join(b"=%02x" % byte for byte in RAW))
    yield body("soft breaks in the number", b"NHS number 99=\r\n9 72=\r\n5 14=\r\n66 today")
    yield body("soft breaks after every character", b"=\r\n".join(bytes((byte,)) for byte in b"NHS number 999 725 1466 today"))
    yield body("soft breaks and trailing blanks", b"NHS number 99=  \r\n9 72= \t\r\n5 1466 today")
    yield body("broken escapes beside it", b"=ZZ=4 NHS number =39=39=39=20725=201466 = =")
    yield body("a lone equals sign in the end", b"NHS number =39=39=39=20725=201466=")


def _declared() -> Iterator[tuple[str, bytes]]:
    def body(name: str, *declared: bytes) -> tuple[str, bytes]:
        return hidden(name, PLAIN, *declared, body=base64_lines(RAW))

    yield body("encoding in capitals", b"Content-Transfer-Encoding: BASE64")
    yield body("encoding with a comment", b"Content-Transfer-Encoding: (7bit) base64 (as usual)")
    yield body("encoding in quotes", b'Content-Transfer-Encoding: "base64"')
    yield body("encoding on the next line", b"Content-Transfer-Encoding:\r\n base64")
    yield body("encoding with a parameter", b"Content-Transfer-Encoding: base64; x=y")
    yield body("encoding with a full stop", b"Content-Transfer-Encoding: base64.")
    yield body("encoding that nobody knows", b"Content-Transfer-Encoding: x-base-64")
    yield body("encoding named twice", b"Content-Transfer-Encoding: 7bit", BASE64)
    yield body("encoding named twice, the other way", BASE64, b"Content-Transfer-Encoding: 7bit")
    yield body("encoding of the header with a blank", b"Content-Transfer-Encoding : base64")
    yield body("two encodings in one header", b"Content-Transfer-Encoding: 7bit, base64")
    yield body("binhex", b"Content-Transfer-Encoding: binhex40")
    inner = part(PLAIN, BASE64, body=base64_lines(RAW))
    yield mixed("encoding of one part among plain ones", part(PLAIN, body=CLEAN), inner, part(PLAIN, body=CLEAN))


def _uuencoded() -> Iterator[tuple[str, bytes]]:
    rows = [binascii.b2a_uu(RAW[at : at + 45]).rstrip(b"\n") for at in range(0, len(RAW), 45)]
    block = lines(b"begin 644 note.txt", *rows, b"`", b"end")
    yield hidden("uuencode as the encoding", PLAIN, b"Content-Transfer-Encoding: x-uuencode", body=block)
    yield hidden("uuencode inside plain text", PLAIN, body=CLEAN + block)
