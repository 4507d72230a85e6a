"""How the hidden mails are written."""

from tests.golden.mails.writing import CRLF, base64_lines, lines, mail, multipart, part

NUMBER = "999 725 1466"
DIGITS = "9997251466"
TEXT = f"Dear Sam,\r\n\r\nthe patient has NHS number {NUMBER} and needs a call.\r\n\r\nCeri\r\n"
CLEAN = lines(b"Dear Sam,", b"", b"as discussed.", b"", b"Ceri")
PLAIN = b"Content-Type: text/plain; charset=utf-8"
HTML = b"Content-Type: text/html; charset=utf-8"
BASE64 = b"Content-Transfer-Encoding: base64"
QUOTED = b"Content-Transfer-Encoding: quoted-printable"

__all__ = [
    "BASE64", "CLEAN", "CRLF", "DIGITS", "HTML", "NUMBER", "PLAIN", "QUOTED", "TEXT",
    "base64_lines", "attached", "hidden", "html", "lines", "mail", "mixed", "multipart", "part",
]


def hidden(name: str, *headers: bytes, body: bytes) -> tuple[str, bytes]:
    """A trick: its name, and a mail with an innocent subject."""
    slug = "".join(char if char.isalnum() else "-" for char in name.lower())
    return name, mail(slug, b"Subject: As discussed", *headers, body=body)


def html(name: str, inner: str) -> tuple[str, bytes]:
    """A trick in the body of an HTML mail."""
    page = f"<html><body><p>Dear Sam,</p>\r\n{inner}\r\n<p>Ceri</p></body></html>\r\n"
    return hidden(name, HTML, b"Content-Transfer-Encoding: 8bit", body=page.encode())


def mixed(name: str, *parts: bytes, subtype: bytes = b"mixed") -> tuple[str, bytes]:
    """A trick in one of the parts."""
    return hidden(name, b"Content-Type: multipart/" + subtype + b'; boundary="edge"', body=multipart(b"edge", *parts))


def attached(name: str, file: str, content: bytes, declared: str = "application/octet-stream") -> tuple[str, bytes]:
    """A trick inside an attached file."""
    head = (
        f"Content-Type: {declared}".encode(),
        f'Content-Disposition: attachment; filename="{file}"'.encode(),
        BASE64,
    )
    return mixed(name, part(PLAIN, body=CLEAN), part(*head, body=base64_lines(content)))
