"""Mails as people send them: with pictures in the text, attachments, and tricks of strangers."""

from __future__ import annotations

import asyncio
import random
import struct
import zlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from email.message import EmailMessage

from tests.e2e.stage import mail

MIB = 1024 * 1024


def noise(size: int) -> bytes:
    """Bytes that no compression makes smaller, the same each time."""
    return random.Random(size).randbytes(size)


def picture(width: int = 160, height: int = 60) -> bytes:
    """A PNG of one colour."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        check = zlib.crc32(kind + data)
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", check)

    rows = (b"\0" + b"\x14\x50\x8f" * width) * height
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(rows))
        + chunk(b"IEND", b"")
    )


def illustrated(to: str, subject: str, html: str, files: dict[str, bytes]) -> EmailMessage:
    """A mail in HTML with one picture in its text (`cid:plan`), and attachments."""
    message = mail(to, subject, "This is the text without pictures.")
    message.add_alternative(html, subtype="html")
    text = message.get_payload(1)
    assert isinstance(text, EmailMessage)
    text.add_related(picture(), maintype="image", subtype="png", cid="<plan>")
    return with_files(message, files)


def with_files(message: EmailMessage, files: dict[str, bytes]) -> EmailMessage:
    """The mail with attachments."""
    for name, data in files.items():
        message.add_attachment(data, maintype="application", subtype="octet-stream", filename=name)
    return message


class Lurker:
    """A server that hostile mail wants to reach; remembers what it was asked for.

    `/trap` is the same hostile HTML as a page of its own: what it does where nothing stops it.
    """

    def __init__(self) -> None:
        self.calls: list[str] = []
        self.port = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        path = (await reader.readline()).decode("latin-1").split()[1]
        self.calls.append(path)
        body = f"<!doctype html><title>x</title>{self.tricks()}" if path == "/trap" else ""
        head = "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nConnection: close\r\n\r\n"
        writer.write(f"{head}{body}".encode())
        writer.close()

    def tricks(self) -> str:
        """HTML that would tell this server of its reader, each piece in another way."""
        url = self.url
        return (
            f'<img src="{url}/pixel.gif" alt=""><script>fetch("{url}/script")</script>'
            f'<script src="{url}/file.js"></script><img src="x:" onerror="fetch(`{url}/error`)">'
            f'<link rel="stylesheet" href="{url}/style.css"><iframe src="{url}/frame"></iframe>'
            f'<p style="background:url({url}/back.png)" onclick="fetch(`{url}/click`)">Click</p>'
            f'<meta http-equiv="refresh" content="1;url={url}/refresh">'
            f'<form action="{url}/form"><button>Confirm your account</button></form>'
        )


@asynccontextmanager
async def lurker() -> AsyncIterator[Lurker]:
    """Start a lurker on a free port."""
    lurking = Lurker()
    server = await asyncio.start_server(lurking.answer, "127.0.0.1", 0)
    lurking.port = server.sockets[0].getsockname()[1]
    async with server:
        yield lurking
