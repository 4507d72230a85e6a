"""Mails around files, read by the real extraction."""

import base64
from typing import Any

from policies.extraction.budgets import Budgets
from policies.extraction.mail import DEFAULT_BUDGETS, extract
from policies.extraction.passages import Content, State
from policies.message.mime import outline

HEAD = b"From: Ann <ann@example.gov.uk>\r\nTo: jo@example.org\r\nSubject: x\r\n"
MARKER = "943 476 5919"


def read(raw: bytes, budgets: Budgets = DEFAULT_BUDGETS) -> Content:
    return extract(outline([raw]), [raw], budgets)


def body(text: bytes, *headers: str) -> bytes:
    lines = "".join(f"{line}\r\n" for line in headers).encode("latin-1")
    return HEAD + lines + b"\r\n" + text


def attached(data: bytes, name: str = "file.bin", kind: str = "application/octet-stream") -> bytes:
    """A mail with one attachment."""
    coded = base64.encodebytes(data).replace(b"\n", b"\r\n")
    return (
        HEAD
        + b"MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=bb\r\n\r\n--bb\r\n\r\n"
        + b"See attached.\r\n--bb\r\n"
        + f'Content-Type: {kind}; name="{name}"\r\n'.encode()
        + f'Content-Disposition: attachment; filename="{name}"\r\n'.encode()
        + b"Content-Transfer-Encoding: base64\r\n\r\n"
        + coded
        + b"--bb--\r\n"
    )


def file(data: bytes, name: str = "file.bin", **more: Any) -> Content:
    return read(attached(data, name, **more))


def said(content: Content) -> str:
    """Every text, one after the other."""
    return "\n".join(passage.text for passage in content.passages)


def states(content: Content) -> set[State]:
    return {one.state for one in content.attachments}


def kinds(content: Content) -> list[str]:
    return [one.kind for one in content.attachments]
