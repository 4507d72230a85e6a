"""Structure: parts that one program shows and another passes over (RFC 2046)."""

from base64 import b64encode
from collections.abc import Iterator

from tests.golden.hidden.writing import BASE64, CLEAN, CRLF, DIGITS, HTML, NUMBER, PLAIN, QUOTED, TEXT, base64_lines, hidden, lines, mixed, multipart, part

RAW = TEXT.encode()
DIRTY = part(PLAIN, body=RAW)
FINE = part(PLAIN, body=CLEAN)
EDGE = b'Content-Type: multipart/mixed; boundary="edge"'
LETTER = lines(b"From: a@x.example", b"Subject: inner", b"Date: Mon, 16 Nov 2026 09:30:00 +0000", b"") + RAW


def tricks() -> Iterator[tuple[str, bytes]]:
    """Each trick with its name."""
    yield hidden("body in the open", PLAIN, body=RAW)
    yield from _round_the_parts()
    yield from _boundaries()
    yield from _alternatives()
    yield from _messages()
    yield from _kinds()
    yield from _bars()
    yield from _over_two_parts()


def _round_the_parts() -> Iterator[tuple[str, bytes]]:
    yield hidden("before the first part", EDGE, body=multipart(b"edge", FINE, preamble=RAW))
    yield hidden("after the last part", EDGE, body=multipart(b"edge", FINE, epilogue=RAW))
    yield hidden("part after the end", EDGE, body=multipart(b"edge", FINE) + multipart(b"edge", DIRTY))
    yield hidden("no end", EDGE, body=b"--edge\r\n" + DIRTY)
    yield hidden("part without headers", EDGE, body=multipart(b"edge", FINE, CRLF + RAW))
    yield hidden("part whose headers never end", EDGE, body=multipart(b"edge", FINE, RAW))
    yield hidden("no version of MIME", b"MIME-Version", EDGE, body=multipart(b"edge", FINE, DIRTY))
    yield hidden("multipart with a single line", EDGE, body=RAW)
    yield hidden("thirtieth part", EDGE, body=multipart(b"edge", *[FINE] * 29, DIRTY))
    yield hidden("part two megabytes in", EDGE, body=multipart(b"edge", part(PLAIN, body=CLEAN * 40_000), DIRTY))
    yield hidden("end of a body of two megabytes", PLAIN, body=CLEAN * 40_000 + RAW)
    deep = DIRTY
    for level in range(20):
        edge = b"n%d" % level
        deep = part(b"Content-Type: multipart/mixed; boundary=" + edge, body=multipart(edge, deep))
    yield mixed("twenty levels deep", FINE, deep)
    for level in range(20, 60):
        edge = b"n%d" % level
        deep = part(b"Content-Type: multipart/mixed; boundary=" + edge, body=multipart(edge, deep))
    yield mixed("sixty levels deep", FINE, deep)


def _bars() -> Iterator[tuple[str, bytes]]:
    for name, said in {
        "cut by bars": f"NHS {NUMBER.replace(' ', '|')}",
        "a bar after each figure": f"NHS {'|'.join(DIGITS)}",
        "two bars at a time": f"NHS {NUMBER.replace(' ', '||')}",
        "between two bars": f"|{DIGITS}|",
        "one cell of a row": f"4|{DIGITS}|3",
        "field of HL7": f"MSH|^~\\&|A|B|C|D|202611161200||ADT^A01|1|P|2.3\r\nPID|||{DIGITS}||SMITH^JO||||F",
        "identifier of HL7": f"PID|1||{DIGITS}^^^NHS^NH||SMITH^JO||19850304|F",
    }.items():
        yield hidden(name, PLAIN, body=f"Dear Sam,\r\n\r\n{said}\r\n".encode())
        yield hidden(f"{name}, in a page", HTML, body=f"<p>Dear Sam,<pre>{said}</pre>".encode())


def _over_two_parts() -> Iterator[tuple[str, bytes]]:
    first, last = NUMBER[:7].encode(), NUMBER[8:].encode()
    page = part(HTML, body=b"<p>" + last + b" is it.</p>")
    yield mixed("half in each of two parts", part(PLAIN, body=b"NHS " + first + CRLF), part(PLAIN, body=last + b" is it."))
    yield mixed("the rest in a page", part(PLAIN, body=b"NHS " + first + CRLF), page)
    yield mixed("both halves in pages", part(HTML, body=b"<p>NHS " + first + b"</p>"), page)
    slip = DIGITS[:-1].encode() + b"7"  # the name alone makes it one
    yield mixed("the name in the part before", part(PLAIN, body=b"NHS number:" + CRLF), part(PLAIN, body=slip))


def _boundaries() -> Iterator[tuple[str, bytes]]:
    body = multipart(b"one", FINE) + multipart(b"two", DIRTY)
    kind = b"Content-Type: multipart/mixed; "
    yield hidden("boundary twice", kind + b"boundary=one; boundary=two", body=body)
    yield hidden("boundary in pieces", kind + b"boundary*0=tw; boundary*1=o", body=body)
    yield hidden("boundary extended", kind + b"boundary*=us-ascii''two", body=body)
    yield hidden("boundary with a comment", kind + b"(boundary=one) boundary=two", body=body)
    yield hidden("boundary empty", kind + b'boundary=""', body=multipart(b"", DIRTY))
    yield hidden("boundary with a NUL", kind + b'boundary="two\0one"', body=body)
    yield hidden("boundary with trailing blanks", kind + b'boundary="two "', body=body)
    yield hidden("boundary with other capitals", kind + b"boundary=TWO", body=body)
    yield hidden("boundary is the start of another", kind + b"boundary=tw", body=body)
    yield hidden("content type twice", kind + b"boundary=one", kind + b"boundary=two", body=body)
    yield hidden("multipart called text", b"Content-Type: text/plain; boundary=two", body=body)
    yield hidden("multipart of an unknown kind", b"Content-Type: multipart/x-odd; boundary=two", body=body)
    yield hidden("multipart in base64", kind + b"boundary=two", BASE64, body=base64_lines(body))
    yield hidden("multipart in quoted-printable", kind + b"boundary==74wo", QUOTED, body=body)


def _alternatives() -> Iterator[tuple[str, bytes]]:
    page = part(HTML, body=f"<p>NHS number {NUMBER}</p>\r\n".encode())
    clean_page = part(HTML, body=b"<p>as discussed</p>\r\n")
    meeting = lines(b"BEGIN:VCALENDAR", b"BEGIN:VEVENT", b"SUMMARY:NHS number " + NUMBER.encode(), b"END:VEVENT", b"END:VCALENDAR")
    yield mixed("plain is clean, HTML is not", FINE, page, subtype=b"alternative")
    yield mixed("HTML is clean, plain is not", DIRTY, clean_page, subtype=b"alternative")
    yield mixed("second plain text of three", FINE, DIRTY, clean_page, subtype=b"alternative")
    yield mixed("calendar beside the text", FINE, clean_page, part(b"Content-Type: text/calendar; method=REQUEST", body=meeting), subtype=b"alternative")
    yield mixed("watch version beside the text", FINE, part(b"Content-Type: text/watch-html", body=b"<p>NHS number " + NUMBER.encode() + b"</p>\r\n"), subtype=b"alternative")
    yield mixed("second page of a related set", clean_page, page, subtype=b"related")
    yield mixed("signed text", DIRTY, part(b"Content-Type: application/pgp-signature", body=b"-----BEGIN PGP SIGNATURE-----\r\n"), subtype=b"signed")
    yield mixed("enriched text", FINE, part(b"Content-Type: text/enriched", body=f"<bold>NHS</bold> number 999<nl>725 <italic>1466</italic>\r\n".encode()), subtype=b"alternative")
    yield mixed("a text of a kind nobody knows", FINE, part(b"Content-Type: text/x-odd", body=RAW))


def _messages() -> Iterator[tuple[str, bytes]]:
    rfc822 = b"Content-Type: message/rfc822"
    yield mixed("attached mail", FINE, part(rfc822, body=LETTER))
    yield mixed("attached mail in base64", FINE, part(rfc822, BASE64, body=base64_lines(LETTER)))
    yield mixed("attached mail in quoted-printable", FINE, part(rfc822, QUOTED, body=LETTER.replace(b"999", b"=39=39=39")))
    subject = lines(b"Subject: NHS number " + NUMBER.encode(), b"From: a@x.example", b"") + CLEAN
    yield mixed("subject of an attached mail", FINE, part(rfc822, body=subject))
    yield mixed("attached mail in an attached mail", FINE, part(rfc822, body=lines(rfc822, b"Subject: fw", b"") + LETTER))
    yield mixed("digest", part(body=LETTER), subtype=b"digest")
    yield mixed("mail as an internet message", FINE, part(b"Content-Type: message/global", body=LETTER))
    yield hidden("piece of a mail", b'Content-Type: message/partial; id="a@b"; number=1; total=2', body=LETTER)
    yield mixed("body that lies elsewhere", FINE, part(b'Content-Type: message/external-body; access-type=URL; URL="https://x.example/9997251466"', body=lines(b"Content-Type: text/plain", b"") + RAW))
    yield mixed("report with the mail it is about", FINE, part(b"Content-Type: message/delivery-status", body=lines(b"Reporting-MTA: dns; x", b"", b"Diagnostic-Code: smtp; NHS number " + NUMBER.encode())), part(b"Content-Type: text/rfc822-headers", body=lines(b"Subject: NHS number " + NUMBER.encode())), subtype=b"report")
    yield hidden("the mail is an attached mail", rfc822, body=LETTER)
    yield hidden("the mail is an attached mail in base64", rfc822, BASE64, body=base64_lines(LETTER))


def _kinds() -> Iterator[tuple[str, bytes]]:
    yield mixed("part of text called a picture", FINE, part(b"Content-Type: image/png; name=scan.png", body=RAW))
    yield mixed("text called a sound", FINE, part(b"Content-Type: audio/basic", body=RAW))
    yield mixed("text called nothing", FINE, part(b"Content-Type:", body=RAW))
    yield mixed("text of a damaged kind", FINE, part(b"Content-Type: text", body=RAW))
    yield mixed("text of a kind with a NUL", FINE, part(b"Content-Type: image/pn\0g", BASE64, body=base64_lines(RAW)))
    yield mixed("kind named twice", FINE, part(b"Content-Type: image/png", PLAIN, BASE64, body=base64_lines(RAW)))
    yield mixed("octets", FINE, part(b"Content-Type: application/octet-stream", BASE64, body=base64_lines(RAW)))
    yield hidden("the whole mail called octets", b"Content-Type: application/octet-stream", BASE64, body=base64_lines(RAW))
    yield hidden("the whole mail called a picture", b"Content-Type: image/jpeg", BASE64, body=base64_lines(RAW))
    yield hidden("encrypted by S/MIME", b'Content-Type: application/pkcs7-mime; smime-type=enveloped-data; name="smime.p7m"', BASE64, body=base64_lines(b"\x30\x82\x01\x00" + RAW))
    yield hidden("signed by S/MIME, opaque", b'Content-Type: application/pkcs7-mime; smime-type=signed-data; name="smime.p7m"', BASE64, body=base64_lines(b"\x30\x82\x01\x00" + part(PLAIN, body=RAW)))
    secret = b"-----BEGIN PGP MESSAGE-----\r\n\r\n" + b64encode(RAW) + b"\r\n-----END PGP MESSAGE-----\r\n"
    yield mixed("encrypted by PGP", part(b"Content-Type: application/pgp-encrypted", body=b"Version: 1\r\n"), part(b"Content-Type: application/octet-stream", body=secret), subtype=b"encrypted")
    yield hidden("encrypted by PGP inside the text", PLAIN, body=secret)
