"""Mails whose bodies strain line lengths, line ends, encodings and chunk borders."""

from collections.abc import Iterator

from tests.golden.mails.structure import PLAIN, mixed
from tests.golden.mails.writing import CRLF, TEXT, base64_lines, filled, lines, mail, multipart, noise, part

EIGHT = b"Content-Transfer-Encoding: 8bit"
BORDERS = {"64-kib": 64 << 10, "256-kib": 256 << 10, "1-mib": 1 << 20}


def mails() -> Iterator[tuple[str, bytes]]:
    """Each mail with its name."""
    yield from _ends()
    yield from _lines()
    yield from _encodings()
    yield from _borders()


def _ends() -> Iterator[tuple[str, bytes]]:
    yield "no-final-newline", mail("no-final-newline", body=lines(*TEXT) + b"no line end here")
    yield "empty-body", mail("empty-body", body=b"")
    yield "headers-only", mail("headers-only", body=b"").removesuffix(CRLF)
    yield "blank-first-line", mail("blank-first-line", body=lines(b"", b"", b"third line"))
    yield "blank-lines-only", mail("blank-lines-only", body=CRLF * 50)
    yield "blank-lines-at-the-end", mail("blank-lines-at-the-end", body=lines(*TEXT) + CRLF * 20)
    yield "one-character", mail("one-character", body=b"x")
    yield "body-that-looks-like-headers", mail("body-that-looks-like-headers", body=lines(b"Subject: not one", b"Bcc: nobody@partner.example", b"", b"end"))


def _lines() -> Iterator[tuple[str, bytes]]:
    yield "dots", mail("dots", body=lines(b".", b"..", b"...", b".first", b"..second", b" .", b". ", b"mid.dle", b".\t"))
    yield "dot-last-without-line-end", mail("dot-last-without-line-end", body=lines(*TEXT) + b".")
    yield "dot-first-and-last", mail("dot-first-and-last", body=b".\r\n.\r\n")
    yield "five-thousand-dots", mail("five-thousand-dots", body=b".\r\n" * 5000)
    yield "trailing-spaces-and-tabs", mail("trailing-spaces-and-tabs", body=lines(b"space ", b"tab\t", b"many   \t  ", b" ", b"\t"))
    yield "line-of-998", mail("line-of-998", body=lines(b"x" * 998, b"y" * 999, b"z" * 1000))
    yield "line-of-ten-thousand", mail("line-of-ten-thousand", body=lines(b"word " * 2000, b"after"))
    yield "line-of-a-megabyte", mail("line-of-a-megabyte", body=lines(b"<p>long</p>" * 95326, b"after"))
    yield "line-of-a-megabyte-without-line-end", mail("line-of-a-megabyte-without-line-end", body=b"m" * (1 << 20))
    yield "from-lines", mail("from-lines", body=lines(b"From the council", b">From quoted", b"", b"From Monday on"))
    yield "form-feeds-and-controls", mail("form-feeds-and-controls", body=lines(b"page\x0cpage", b"bell\x07 back\x08 vertical\x0b escape\x1b[1m", b"\x01\x02\x1a\x1c\x1f\x7f"))
    yield "format-flowed", mail("format-flowed", b"Content-Type: text/plain; format=flowed; delsp=yes", body=lines(b"> quoted and ", b"> flowed", b"-- ", b"Ceri ", b" stuffed"))


def _encodings() -> Iterator[tuple[str, bytes]]:
    yield "eight-bit-undeclared", mail("eight-bit-undeclared", body="Côd post, £5, ‘quotes’\r\n".encode())
    yield "eight-bit-declared-as-seven", mail("eight-bit-declared-as-seven", b"Content-Type: text/plain; charset=us-ascii", b"Content-Transfer-Encoding: 7bit", body="£5\r\n".encode("latin-1"))
    yield "latin-1-body", mail("latin-1-body", b"Content-Type: text/plain; charset=iso-8859-1", EIGHT, body="Côd £5\r\n".encode("latin-1"))
    yield "byte-order-mark", mail("byte-order-mark", PLAIN, EIGHT, body="\ufeffCôd\r\n".encode())
    yield "utf-16-in-base64", mail("utf-16-in-base64", b"Content-Type: text/plain; charset=utf-16", b"Content-Transfer-Encoding: base64", body=base64_lines("Bore da\r\n".encode("utf-16")))
    yield "every-high-byte", mail("every-high-byte", EIGHT, body=b"".join(bytes(range(start, start + 32)) + CRLF for start in range(128, 256, 32)))
    coded = bytes(byte for byte in ((raw + 42) % 256 for raw in noise("yenc", 6000)) if byte not in b"\0\r\n")
    yield "yenc-like", mail("yenc-like", EIGHT, body=lines(b"=ybegin line=128 size=6000 name=a.bin") + lines(*(coded[at : at + 128] for at in range(0, len(coded), 128))) + lines(b"=yend size=6000"))
    flowing = b"".join(b"word%d " % number + (b"=\r\n" if number % 9 == 0 else b"") for number in range(400))
    yield "quoted-printable-soft-breaks", mail("quoted-printable-soft-breaks", PLAIN, b"Content-Transfer-Encoding: quoted-printable", body=flowing + b"=20\r\n=2E\r\n=\r\n.=\r\n")
    yield "quoted-printable-not-quite", mail("quoted-printable-not-quite", PLAIN, b"Content-Transfer-Encoding: quoted-printable", body=lines(b"a=b, 50% = half, =e9 =ZZ =", b"trailing = ", b"="))
    yield "base64-odd-widths", mail("base64-odd-widths", b"Content-Type: application/octet-stream", b"Content-Transfer-Encoding: base64", body=base64_lines(noise("odd", 5000), 61) + base64_lines(noise("odder", 300), 7))
    yield "base64-one-long-line", mail("base64-one-long-line", b"Content-Type: application/octet-stream", b"Content-Transfer-Encoding: base64", body=base64_lines(noise("wide", 60000), 100000))
    yield "base64-blank-lines-between", mail("base64-blank-lines-between", b"Content-Type: application/octet-stream", b"Content-Transfer-Encoding: base64", body=base64_lines(noise("gap", 200)).replace(CRLF, CRLF + CRLF))
    yield "uuencode", mail("uuencode", body=lines(b"begin 644 note.txt", b"+:&5L;&\\@=V]R;&0", b"`", b"end"))
    yield "declared-uuencode", mail("declared-uuencode", b"Content-Type: text/plain", b"Content-Transfer-Encoding: x-uuencode", body=lines(b"begin 644 note.txt", b"+:&5L;&\\@=V]R;&0", b"`", b"end"))
    big = part(b"Content-Type: application/zip; name=plans.zip", b"Content-Disposition: attachment; filename=plans.zip", b"Content-Transfer-Encoding: base64", body=base64_lines(noise("plans", 5 << 20)))
    yield "five-megabyte-attachment", mail("five-megabyte-attachment", mixed(b"big"), body=multipart(b"big", part(PLAIN), big))


def _borders() -> Iterator[tuple[str, bytes]]:
    for border, size in BORDERS.items():
        for more in (-1, 0, 1):
            name = f"size-{border}{more:+d}" if more else f"size-{border}"
            yield name, filled(mail(name, body=b""), size + more)
        name = f"line-end-across-{border}"
        yield name, filled(mail(name, body=b""), size + 1) + lines(b"next")  # CR | LF
        name = f"line-end-before-{border}"
        yield name, filled(mail(name, body=b""), size) + lines(b".", b"..next")  # CRLF | .
        name = f"dot-line-across-{border}"
        yield name, filled(mail(name, body=b""), size - 1) + lines(b".", b"", b".")  # . | CRLF
        name = f"dot-stuffed-text-across-{border}"
        yield name, filled(mail(name, body=b""), size - 2) + lines(b"..", b"...more", b".")  # .. | CRLF
        name = f"boundary-across-{border}"
        head = mail(name, mixed(b"astride"), body=b"--astride\r\n" + lines(PLAIN, b""))
        yield name, filled(head, size - 5) + b"--astride\r\n" + part(PLAIN) + CRLF + b"--astride--\r\n"
        name = f"header-block-across-{border}"
        if size <= BORDERS["64-kib"]:
            room = size - len(mail(name, b"X-Fill: ", body=b"")) + 2
            yield name, mail(name, b"X-Fill: " + b"f" * room)  # CRLF | CRLF of the blank line
