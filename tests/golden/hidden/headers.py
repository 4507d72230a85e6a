"""Headers that a reader sees: subjects, names of attachments, descriptions (RFC 2047, RFC 2231)."""

from base64 import b64encode
from collections.abc import Iterator

from tests.golden.hidden.writing import CLEAN, DIGITS, NUMBER, PLAIN, hidden, mail, mixed, part

PDF = b"Content-Type: image/gif"
RAW = f"NHS {NUMBER}".encode()
B = b64encode(RAW)


def tricks() -> Iterator[tuple[str, bytes]]:
    """Each trick with its name."""
    yield from _subjects()
    yield from _names()
    yield from _extended()
    yield from _own_lines()


def _subject(name: str, *headers: bytes) -> tuple[str, bytes]:
    return name, mail("subject", *headers, body=CLEAN)


def _subjects() -> Iterator[tuple[str, bytes]]:
    clean, dirty = b"Subject: As discussed", b"Subject: " + RAW
    yield _subject("second subject", clean, dirty)
    yield _subject("first subject of two", dirty, clean)
    yield _subject("thread topic", clean, b"Thread-Topic: " + RAW)
    yield _subject("subject in small letters", b"subject: " + RAW)
    yield _subject("subject with a blank before the colon", b"Subject : " + RAW)
    yield _subject("subject on the next line", b"Subject:\r\n " + RAW)
    yield _subject("subject on a line after an empty one", b"Subject: Re:\r\n \t\r\n " + RAW)
    yield _subject("subject in raw UTF-8, full width", "Subject: NHS ".encode() + "".join(chr(ord(d) + 0xFEE0) for d in DIGITS).encode())
    yield _subject("subject encoded twice", b"Subject: =?utf-8?B?" + b64encode(b"=?utf-8?B?" + B + b"?=") + b"?=")
    yield _subject("subject of an encoded word in capitals", b"Subject: =?UTF-8?b?" + B + b"?=")
    yield _subject("subject behind two thousand spaces", b"Subject: Re:" + b" " * 2000 + RAW)


def _named(name: str, *headers: bytes) -> tuple[str, bytes]:
    return mixed(name, part(PLAIN, body=CLEAN), part(*headers, b"Content-Transfer-Encoding: base64", body=b"R0lGODlhAQABAAAAACw=\r\n"))


def _names() -> Iterator[tuple[str, bytes]]:
    at = b"Content-Disposition: attachment; "
    yield _named("name of a file", PDF, at + b'filename="NHS ' + NUMBER.encode() + b'.gif"')
    yield _named("name without quotes", PDF, at + b"filename=NHS-" + DIGITS.encode() + b".gif")
    yield _named("name in the content type alone", PDF + b'; name="NHS ' + NUMBER.encode() + b'.gif"', at + b'filename="scan.gif"')
    yield _named("name in the disposition alone", PDF + b'; name="scan.gif"', at + b'filename="NHS ' + NUMBER.encode() + b'.gif"')
    yield _named("name in an encoded word", PDF, at + b'filename="=?utf-8?B?' + B + b'?="')
    yield _named("name in an encoded word without quotes", PDF, at + b"filename==?utf-8?B?" + B + b"?=")
    yield _named("name said twice", PDF, at + b'filename="scan.gif"; filename="NHS ' + NUMBER.encode() + b'.gif"')
    yield _named("name on two lines", PDF, at + b'\r\n filename="NHS 999\r\n 725 1466.gif"')
    yield _named("name with escaped characters", PDF, at + b'filename="NHS \\9\\9\\9 725 1466.gif"')
    yield _named("name in raw UTF-8, full width", PDF, at + 'filename="NHS '.encode() + "".join(chr(ord(d) + 0xFEE0) for d in DIGITS).encode() + b'.gif"')
    yield _named("name without a closing quote", PDF, at + b'filename="NHS ' + NUMBER.encode() + b".gif")
    yield _named("name of a part that is not attached", PDF, b'Content-Disposition: inline; filename="NHS ' + NUMBER.encode() + b'.gif"')
    yield _named("name under an unknown disposition", PDF, b'Content-Disposition: x-secret; filename="NHS ' + NUMBER.encode() + b'.gif"')
    yield _named("description of a part", PDF, b"Content-Description: " + RAW)


def _extended() -> Iterator[tuple[str, bytes]]:
    at = b"Content-Disposition: attachment; "
    percent = b"".join(b"%%%02X" % byte for byte in RAW)
    yield _named("extended name", PDF, at + b"filename*=utf-8''" + percent + b".gif")
    yield _named("extended name in small letters", PDF, at + b"filename*=UTF-8'en'" + percent.lower() + b".gif")
    yield _named("extended name in utf-16", PDF, at + b"filename*=utf-16be''" + b"".join(b"%%%02X" % byte for byte in RAW.decode().encode("utf-16-be")))
    yield _named("extended name of an unknown set", PDF, at + b"filename*=x-secret''" + percent)
    yield _named("extended name without a set", PDF, at + b"filename*=''" + percent)
    yield _named("name in pieces", PDF, at + b"filename*0=NHS-999; filename*1=725; filename*2=1466.gif")
    yield _named("name in pieces out of order", PDF, at + b"filename*2=1466.gif; filename*0=NHS-999; filename*1=725")
    yield _named("name in pieces, some encoded", PDF, at + b"filename*0*=utf-8''NHS%20%39%39%39; filename*1=725; filename*2*=%31%34%36%36")
    yield _named("name in pieces with a gap", PDF, at + b"filename*0=scan; filename*5=NHS-9997251466.gif")
    yield _named("plain and extended name, extended differs", PDF, at + b'filename="scan.gif"; filename*=utf-8\'\'' + percent)
    yield _named("plain and extended name, plain differs", PDF, at + b"filename*=utf-8''scan.gif; filename=\"NHS " + NUMBER.encode() + b'.gif"')
    yield _named("name in twelve pieces", PDF, at + b"; ".join(b"filename*%d=%s" % (n, c.encode()) for n, c in enumerate("NHS" + DIGITS)))
    yield hidden("name of the only part", PDF + b"; name*=utf-8''" + percent, b"Content-Transfer-Encoding: base64", body=b"R0lGODlhAQABAAAAACw=\r\n")


def _own_lines() -> Iterator[tuple[str, bytes]]:
    for name, line in {
        "case in a line of its own": f"X-Case: Rhif GIG {NUMBER}",
        "client in a line of its own": f"X-Client-ID: {DIGITS}",
        "patient in a line of its own": f"X-Patient-Ref: {DIGITS}",
        "name before the at sign": f"Cc: <nhs{DIGITS}@partner.example>",
        "number before the at sign": f"Cc: Sam <{NUMBER.replace(' ', '.')}@partner.example>",
        "address that answers go to": f"Reply-To: nhs-{DIGITS}@council.example",
    }.items():
        yield hidden(name, line.encode(), PLAIN, body=CLEAN)
