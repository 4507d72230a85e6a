"""Mails that must be refused or sealed, never passed on in the clear."""

from collections.abc import Iterator

from tests.golden.mails.structure import PLAIN, mixed
from tests.golden.mails.writing import CRLF, base64_lines, lines, mail, multipart, part

PARTS = (part(PLAIN), part(PLAIN, body=lines(b"second")))


def mails() -> Iterator[tuple[str, bytes]]:
    """Each mail with its name."""
    yield from _not_a_mail()
    yield from _too_much()
    yield from _read_in_two_ways()


def _not_a_mail() -> Iterator[tuple[str, bytes]]:
    yield "two-from-lines", mail("two-from-lines", b"From: a@council.example", b"From: b@council.example")
    yield "no-from-line", mail("no-from-line", b"From")
    yield "nul-in-body", mail("nul-in-body", body=lines(b"before\0after"))
    yield "nul-in-header", mail("nul-in-header", b"Subject: before\0after")
    yield "bare-line-feed", mail("bare-line-feed", body=lines(b"one\ntwo"))
    yield "bare-carriage-return", mail("bare-carriage-return", body=lines(b"one\rtwo"))
    yield "header-without-colon", mail("header-without-colon", b"Subject: fine\r\nthis is no header")
    yield "starts-with-continuation", b" continued\r\n" + mail("starts-with-continuation")


def _too_much() -> Iterator[tuple[str, bytes]]:
    levels = b"".join(lines(mixed(b"n%d" % level), b"", b"--n%d" % level) for level in range(10_000))
    headers = mail("ten-thousand-levels", body=b"").removesuffix(CRLF)
    yield "ten-thousand-levels", headers + levels + lines(b"", b"bottom")
    messages = lines(b"Content-Type: message/rfc822", b"") * 10_000
    yield "ten-thousand-messages-inside", mail("ten-thousand-messages-inside", body=b"").removesuffix(CRLF) + messages
    yield "a-hundred-thousand-parts", mail("a-hundred-thousand-parts", mixed(b"p"), body=lines(b"--p", b"", b"x") * 100_000 + lines(b"--p--"))
    yield "a-hundred-thousand-closing-boundaries", mail("a-hundred-thousand-closing-boundaries", mixed(b"p"), body=lines(b"--p", b"", b"x") + lines(b"--p--") * 100_000)
    yield "a-hundred-thousand-near-boundaries", mail("a-hundred-thousand-near-boundaries", mixed(b"p"), body=lines(b"--p", b"", b"x") + lines(b"--p?", b"Content-Type: x/y") * 100_000)
    yield "a-hundred-thousand-headers", mail("a-hundred-thousand-headers", *[b"X: y"] * 100_000)
    yield "two-thousand-headers", mail("two-thousand-headers", *[b"X: y"] * 2_000)
    yield "header-of-five-megabytes", mail("header-of-five-megabytes", b"X-Big: " + b"y" * (5 << 20))
    yield "header-of-five-megabytes-folded", mail("header-of-five-megabytes-folded", b"X-Big: " + b"y\r\n " * (5 << 18))
    yield "twenty-thousand-addresses", mail("twenty-thousand-addresses", b"To: " + b",\r\n ".join(b"a%d@x.example" % n for n in range(20_000)))
    yield "two-thousand-addresses", mail("two-thousand-addresses", b"To: " + b",".join(b"a%d@x.example" % n for n in range(2_000)))
    yield "subject-of-ten-kilobytes", mail("subject-of-ten-kilobytes", b"Subject: " + b"x" * 10_000)
    far = b"Content-Disposition: attachment; " + b"x" * 10_000 + b'; filename="hidden.txt"'
    yield "name-behind-ten-kilobytes", mail("name-behind-ten-kilobytes", far)
    yield "twenty-thousand-parameters", mail("twenty-thousand-parameters", b"Content-Type: text/plain" + b"; a=b" * 20_000)


def _read_in_two_ways() -> Iterator[tuple[str, bytes]]:
    body = multipart(b"one", *PARTS)
    other = multipart(b"two", *PARTS)
    yield "two-content-types", mail("two-content-types", mixed(b"one"), mixed(b"two"), body=body + other)
    yield "two-transfer-encodings", mail("two-transfer-encodings", b"Content-Transfer-Encoding: base64", b"Content-Transfer-Encoding: 7bit", body=base64_lines(b"text"))
    yield "unknown-transfer-encoding", mail("unknown-transfer-encoding", b"Content-Transfer-Encoding: x-secret", body=base64_lines(b"text"))
    yield "two-boundaries", mail("two-boundaries", b"Content-Type: multipart/mixed; boundary=one; boundary=two", body=body + other)
    yield "boundary-in-a-comment", mail("boundary-in-a-comment", b"Content-Type: multipart/mixed; (boundary=two;) boundary=one", body=body + other)
    yield "boundary-extended", mail("boundary-extended", b"Content-Type: multipart/mixed; boundary*=us-ascii''one", body=body)
    yield "boundary-plain-and-extended", mail("boundary-plain-and-extended", b"Content-Type: multipart/mixed; boundary=one; boundary*=us-ascii''two", body=body + other)
    yield "boundary-continued", mail("boundary-continued", b"Content-Type: multipart/mixed; boundary*0=o; boundary*1=ne", body=body)
    yield "boundary-empty", mail("boundary-empty", b'Content-Type: multipart/mixed; boundary=""', body=multipart(b"", *PARTS))
    yield "boundary-missing", mail("boundary-missing", b"Content-Type: multipart/mixed", body=body)
    yield "boundary-never-appears", mail("boundary-never-appears", mixed(b"elsewhere"), body=body)
    yield "boundary-of-its-outer-part", mail("boundary-of-its-outer-part", mixed(b"one"), body=multipart(b"one", part(mixed(b"one"), body=body)))
    yield "boundary-like-a-closing-one", mail("boundary-like-a-closing-one", mixed(b"one"), body=multipart(b"one", part(mixed(b"one--"), body=multipart(b"one--", *PARTS))))
    yield "parts-after-the-end", mail("parts-after-the-end", mixed(b"one"), body=body + body)
    yield "boundary-begun-only", mail("boundary-begun-only", mixed(b"one"), body=body.replace(b"--one\r\n", b"--one!\r\n", 2).replace(b"--one!", b"--one", 1))
    for spaces in (300, 200_000):
        padded = lines(b"--one" + b" " * spaces, b"", b"text", b"--one", b"", b"text", b"--one--")
        yield f"boundary-and-{spaces}-spaces", mail(f"boundary-and-{spaces}-spaces", mixed(b"one"), body=padded)
    yield "multipart-in-quoted-printable", mail("multipart-in-quoted-printable", mixed(b"one"), b"Content-Transfer-Encoding: quoted-printable", body=body)
    yield "multipart-in-base64", mail("multipart-in-base64", mixed(b"one"), b"Content-Transfer-Encoding: base64", body=base64_lines(body))
    yield "multipart-without-a-subtype", mail("multipart-without-a-subtype", b"Content-Type: multipart; boundary=one", body=body)
    yield "part-without-a-blank-line", mail("part-without-a-blank-line", mixed(b"one"), body=multipart(b"one", lines(b"text where headers should be"), part(PLAIN)))
