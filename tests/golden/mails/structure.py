"""Mails whose parts are nested, cut or named in unusual ways."""

from collections.abc import Iterator

from tests.golden.mails.writing import CRLF, base64_lines, lines, mail, multipart, noise, part

PLAIN = b"Content-Type: text/plain; charset=utf-8"
HTML = b"Content-Type: text/html; charset=utf-8"
PAGE = lines(b"<html><body><p>Good morning</p></body></html>")


def mixed(boundary: bytes, kind: bytes = b"mixed") -> bytes:
    """A Content-Type line for a multipart."""
    return b"Content-Type: multipart/" + kind + b'; boundary="' + boundary + b'"'


def mails() -> Iterator[tuple[str, bytes]]:
    """Each mail with its name."""
    yield from _nesting()
    yield from _boundaries()
    yield from _messages_inside()
    yield from _names()


def _nesting() -> Iterator[tuple[str, bytes]]:
    both = multipart(b"alt", part(PLAIN), part(HTML, body=PAGE))
    yield "alternative", mail("alternative", mixed(b"alt", b"alternative"), body=both)
    image = part(b"Content-Type: image/png; name=dot.png", b"Content-Transfer-Encoding: base64", b"Content-ID: <dot@x>", body=base64_lines(noise("dot", 900)))
    related = multipart(b"rel", part(HTML, body=PAGE), image)
    alternative = multipart(b"alt", part(PLAIN), part(mixed(b"rel", b"related"), body=related))
    attached = part(b"Content-Type: application/pdf; name=a.pdf", b"Content-Disposition: attachment; filename=a.pdf", b"Content-Transfer-Encoding: base64", body=base64_lines(noise("pdf", 4000)))
    whole = multipart(b"mix", part(mixed(b"alt", b"alternative"), body=alternative), attached)
    yield "mixed-alternative-related", mail("mixed-alternative-related", mixed(b"mix"), body=whole)
    body = part(PLAIN, body=lines(b"at the bottom"))
    for level in range(20):
        body = part(mixed(b"level%d" % level), body=multipart(b"level%d" % level, body))
    headers, _, inner = body.partition(CRLF + CRLF)
    yield "twenty-levels-deep", mail("twenty-levels-deep", headers, body=inner)
    many = [part(b"Content-Type: text/plain; name=%d.txt" % number, body=lines(b"%d" % number)) for number in range(300)]
    yield "three-hundred-parts", mail("three-hundred-parts", mixed(b"many"), body=multipart(b"many", *many))
    yield "one-part-multipart", mail("one-part-multipart", mixed(b"one"), body=multipart(b"one", part(PLAIN)))
    yield "part-without-headers", mail("part-without-headers", mixed(b"bare"), body=multipart(b"bare", CRLF + lines(b"no headers"), part(PLAIN)))
    yield "part-without-body", mail("part-without-body", mixed(b"void"), body=multipart(b"void", part(PLAIN, body=b""), lines(PLAIN), part(PLAIN)))
    yield "unknown-multipart", mail("unknown-multipart", mixed(b"odd", b"x-our-own"), body=multipart(b"odd", part(PLAIN)))


def _boundaries() -> Iterator[tuple[str, bytes]]:
    parts = (part(PLAIN), part(HTML, body=PAGE))
    whole = multipart(b"edge", *parts)
    yield "closing-boundary-missing", mail("closing-boundary-missing", mixed(b"edge"), body=whole.removesuffix(b"--edge--\r\n"))
    yield "closing-boundary-without-line-end", mail("closing-boundary-without-line-end", mixed(b"edge"), body=whole.removesuffix(CRLF))
    inner = multipart(b"inner", part(PLAIN)).removesuffix(b"--inner--\r\n")
    yield "inner-closing-boundary-missing", mail("inner-closing-boundary-missing", mixed(b"edge"), body=multipart(b"edge", part(mixed(b"inner"), body=inner), part(PLAIN)))
    yield "preamble-and-epilogue", mail(
        "preamble-and-epilogue", mixed(b"edge"), body=multipart(b"edge", *parts, preamble=lines(b"This is a MIME message.", b""), epilogue=lines(b"", b"after the end"))
    )
    yield "closing-boundary-twice", mail("closing-boundary-twice", mixed(b"edge"), body=whole + lines(b"--edge--"))
    near = lines(b"-- ", b"--", b"--edg", b"--edgeways is no boundary", b"--edge-two", b"- --edge", b" --edge", b">--edge", b"--EDGE")
    yield "lines-like-a-boundary", mail("lines-like-a-boundary", mixed(b"edge"), body=multipart(b"edge", part(PLAIN, body=near)))
    yield "boundary-with-odd-characters", mail("boundary-with-odd-characters", mixed(b"=_a'b(c)+d,e-f./:=? g"), body=multipart(b"=_a'b(c)+d,e-f./:=? g", *parts))
    yield "boundary-of-seventy-characters", mail("boundary-of-seventy-characters", mixed(b"b" * 70), body=multipart(b"b" * 70, *parts))
    yield "boundary-unquoted", mail("boundary-unquoted", b"Content-Type: multipart/mixed; boundary=edge", body=whole)
    yield "boundary-begins-like-its-outer-one", mail(
        "boundary-begins-like-its-outer-one", mixed(b"edge"), body=multipart(b"edge", part(mixed(b"edge1"), body=multipart(b"edge1", *parts)), part(PLAIN))
    )
    padded = whole.replace(b"--edge\r\n", b"--edge \t \r\n").replace(b"--edge--\r\n", b"--edge--  \r\n")
    yield "white-space-after-boundaries", mail("white-space-after-boundaries", mixed(b"edge"), body=padded)
    yield "boundary-folded-in-its-header", mail("boundary-folded-in-its-header", b'Content-Type: multipart/mixed;\r\n\tcharset="us-ascii";\r\n\tboundary="edge"', body=whole)
    yield "content-type-without-semicolon-space", mail("content-type-without-semicolon-space", b'Content-Type: multipart/mixed;boundary="edge";', body=whole)


def _messages_inside() -> Iterator[tuple[str, bytes]]:
    first = mail("innermost", b"Subject: innermost")
    second = mail("inner", mixed(b"in"), body=multipart(b"in", part(b"Content-Type: message/rfc822", body=first)))
    third = multipart(b"out", part(PLAIN), part(b"Content-Type: message/rfc822", b"Content-Disposition: attachment", body=second))
    yield "message-in-message-in-message", mail("message-in-message-in-message", mixed(b"out"), body=third)
    yield "message-as-the-whole-body", mail("message-as-the-whole-body", b"Content-Type: message/rfc822", body=first)
    digest = multipart(b"dig", CRLF + mail("one"), CRLF + mail("two"), part(PLAIN))
    yield "digest", mail("digest", mixed(b"dig", b"digest"), body=digest)
    yield "message-partial", mail("message-partial", b'Content-Type: message/partial; id="abc@council.example"; number=2; total=3', body=lines(b"the middle third"))
    external = b'Content-Type: message/external-body; access-type=URL;\r\n URL="https://files.example/plan.pdf"; size=100'
    yield "message-external-body", mail("message-external-body", mixed(b"ext"), body=multipart(b"ext", part(external, body=lines(b"Content-Type: application/pdf", b""))))
    status = lines(b"Reporting-MTA: dns; mx.partner.example", b"", b"Final-Recipient: rfc822; sam@partner.example", b"Action: failed", b"Status: 5.1.1")
    report = multipart(b"rep", part(PLAIN), part(b"Content-Type: message/delivery-status", body=status), part(b"Content-Type: text/rfc822-headers", body=lines(b"Subject: lost", b"not a header at all")))
    yield "delivery-report", mail("delivery-report", b'Content-Type: multipart/report; report-type=delivery-status; boundary="rep"', body=report)
    receipt = multipart(b"rep", part(PLAIN), part(b"Content-Type: message/disposition-notification", body=lines(b"Disposition: manual-action; displayed")))
    yield "read-receipt", mail("read-receipt", b'Content-Type: multipart/report; report-type=disposition-notification; boundary="rep"', body=receipt)
    yield "message-in-base64", mail("message-in-base64", b"Content-Type: message/rfc822", b"Content-Transfer-Encoding: base64", body=base64_lines(first))


def _names() -> Iterator[tuple[str, bytes]]:
    def named(*headers: bytes) -> bytes:
        return multipart(b"nam", part(PLAIN), part(*headers, b"Content-Transfer-Encoding: base64", body=base64_lines(noise("named", 300))))

    continued = b"Content-Disposition: attachment;\r\n filename*1*=%20and%20out;\r\n filename*0*=utf-8''in%E2%80%93;\r\n filename*2=\".txt\""
    yield "name-continued-out-of-order", mail("name-continued-out-of-order", mixed(b"nam"), body=named(b"Content-Type: application/octet-stream", continued))
    extended = b"Content-Disposition: attachment; filename=\"plain.txt\"; filename*=iso-8859-1'cy'c%F4f.txt"
    yield "name-twice-plain-and-extended", mail("name-twice-plain-and-extended", mixed(b"nam"), body=named(b"Content-Type: application/octet-stream", extended))
    yield "name-in-encoded-words", mail("name-in-encoded-words", mixed(b"nam"), body=named(b'Content-Type: application/pdf; name="=?utf-8?Q?c=C3=B4f.pdf?="', b'Content-Disposition: attachment; filename="=?utf-8?Q?c=C3=B4f.pdf?="'))
    yield "name-in-raw-utf-8", mail("name-in-raw-utf-8", mixed(b"nam"), body=named('Content-Type: application/pdf; name="côf.pdf"'.encode(), b"Content-Disposition: attachment"))
    yield "name-with-quotes-and-backslashes", mail("name-with-quotes-and-backslashes", mixed(b"nam"), body=named(b"Content-Type: application/pdf", b'Content-Disposition: attachment; filename="C:\\\\temp\\\\\\"a\\".pdf"'))
    yield "name-unquoted-with-spaces", mail("name-unquoted-with-spaces", mixed(b"nam"), body=named(b"Content-Type: application/pdf; name=my file.pdf", b"Content-Disposition: attachment; filename=my file.pdf"))
