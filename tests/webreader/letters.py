"""Messages to be read, written the way mail programs write them."""

from __future__ import annotations

import base64
from email.message import EmailMessage
from email.policy import SMTP

from webreader.content.message import MessageView, view

PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg=="
)
HEAD = (
    b"From: Ann Smith <ann@council.example>\r\nTo: Pat <pat@example.org>\r\n"
    b"Subject: Review\r\nDate: Tue, 3 Nov 2026 14:02:00 +0000\r\nMIME-Version: 1.0\r\n"
)


def letter(text: str = "Hello\n", *, html: str = "", subject: str = "Review") -> EmailMessage:
    """A message with a text, and perhaps the same in HTML."""
    message = EmailMessage(policy=SMTP)
    message["From"] = "Ann Smith <ann@council.example>"
    message["To"] = "Pat <pat@example.org>"
    message["Subject"] = subject
    message["Date"] = "Tue, 3 Nov 2026 14:02:00 +0000"
    message.set_content(text)
    if html:
        message.add_alternative(html, subtype="html")
    return message


def raw(head: bytes, body: bytes) -> bytes:
    """A message with a header of its own making and the usual one before it."""
    return HEAD + head.replace(b"\n", b"\r\n") + b"\r\n\r\n" + body.replace(b"\n", b"\r\n")


def viewed(message: EmailMessage | bytes) -> MessageView:
    data = message if isinstance(message, bytes) else message.as_bytes()
    return view(lambda: [data[at : at + 1000] for at in range(0, len(data), 1000)])
