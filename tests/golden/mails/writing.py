"""How the golden mails are written: CRLF line ends, one From, the same bytes every time."""

import base64
import random

CRLF = b"\r\n"
AUTHOR = b"From: Ceri Vaughan <ceri.vaughan@council.example>"
USUAL = (
    AUTHOR,
    b"To: Sam Okafor <sam@partner.example>",
    b"Date: Mon, 16 Nov 2026 09:30:00 +0000",
    b"MIME-Version: 1.0",
)
TEXT = (b"Good morning,", b"", b"the minutes are below.", b"", b"Ceri")


def lines(*texts: bytes) -> bytes:
    """The texts as lines, each with its CRLF."""
    return b"".join(text + CRLF for text in texts)


def mail(name: str, *headers: bytes, body: bytes = lines(*TEXT)) -> bytes:
    """A whole mail: the usual headers, a Message-ID and subject of its own, the given headers, a body.

    A given header replaces the usual ones of that name; b"To" alone, without a colon, leaves it out.
    """
    given = {header.partition(b":")[0].strip().lower() for header in headers}
    own = (b"Message-ID: <%s@council.example>" % name.encode(), b"Subject: Golden mail, %s" % name.encode())
    kept = [header for header in (*USUAL, *own) if header.partition(b":")[0].lower() not in given]
    added = [header for header in headers if b":" in header]
    return lines(*kept, *added) + CRLF + body


def multipart(boundary: bytes, *parts: bytes, preamble: bytes = b"", epilogue: bytes = b"") -> bytes:
    """The body of a multipart with all its boundary lines."""
    inner = b"".join(b"--" + boundary + CRLF + part + CRLF for part in parts)
    return preamble + inner + b"--" + boundary + b"--" + CRLF + epilogue


def part(*headers: bytes, body: bytes = lines(b"text")) -> bytes:
    """One part of a multipart."""
    return lines(*headers) + CRLF + body


def noise(seed: str, size: int) -> bytes:
    """Bytes that look random and are the same every time."""
    return random.Random(seed).randbytes(size)


def base64_lines(raw: bytes, width: int = 76) -> bytes:
    """Base64 in lines of a width."""
    text = base64.b64encode(raw)
    return lines(*(text[at : at + width] for at in range(0, len(text), width)))


def filled(head: bytes, size: int, tail: bytes = b"") -> bytes:
    """`head`, then lines of text so that the whole is exactly `size` bytes long, `tail` last."""
    line = b"The quick brown fox jumps over the lazy dog, and then does it again." + CRLF
    room = size - len(head) - len(tail)
    full, rest = divmod(room, len(line))
    if 0 < rest < len(CRLF):
        full, rest = full - 1, rest + len(line)
    last = b"x" * (rest - len(CRLF)) + CRLF if rest else b""
    return head + line * full + last + tail
