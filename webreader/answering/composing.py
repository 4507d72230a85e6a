"""An answer written in the reader, as a mail (RFC 5322).

Built only from parts that have been checked, and in pieces: an attachment flows through in slices,
so memory does not grow with it. Promises that whatever somebody types or calls a file stays inside
the field it belongs to.
"""

from __future__ import annotations

import base64
import re
import secrets
from dataclasses import dataclass
from datetime import datetime
from email.headerregistry import Address as Mailbox
from email.message import EmailMessage, MIMEPart
from email.policy import SMTP, SMTPUTF8
from email.utils import getaddresses
from mimetypes import MimeTypes
from typing import Final

from vault.address import Address
from webreader.content import filenames

LINE: Final = 57  # bytes that make one line of base64 (RFC 2045, 6.8)
LONGEST_NAME: Final = 60
LONGEST_SHOWN: Final = 180  # a name, and that of the organisation
LONGEST_SUBJECT: Final = 250
SEALED_AGAIN: Final = "[secure]"  # so that an answer from a mail program is sealed as well
MESSAGE_ID: Final = re.compile(r"<[!#-;=?-~]{1,240}>")
NOT_IN_TEXT: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\u2028\u2029]")
ANSWERED: Final = re.compile(r"^(?:\s*re\s*:\s*)+", re.IGNORECASE)
SPECIAL: Final = frozenset('"(),:;<>@[\\]=?')  # a name without them needs no quotes, no decoding
TYPES: Final = MimeTypes()
OPAQUE: Final = "application/octet-stream"


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Head:
    """Who answers whom. `sender` is the site's own address when it writes for somebody."""

    author: Address
    author_name: str = ""
    sender: Address | None = None
    organisation: str = ""
    to: Address
    to_name: str = ""
    subject: str
    message_id: str
    answers: str = ""  # the Message-ID of the original, as it stands there
    sent_at: datetime

    @property
    def needs_utf8(self) -> bool:
        """Whether an address cannot be written in ASCII (RFC 6532)."""
        return not all(str(one).isascii() for one in (self.author, self.sender or "", self.to))


class Composer:
    """A mail in the making: `begin`, then for each attachment `file`, `piece`..., then `end`."""

    def __init__(self, head: Head, text: str) -> None:
        self._head = head
        self._text = clean_text(text)
        self._boundary = f"=_{secrets.token_hex(20)}"
        self._mixed = False
        self._rest = b""
        self._in_file = False

    def begin(self, *, mixed: bool) -> bytes:
        """Return the header and the text; `mixed` when attachments follow."""
        self._mixed = mixed
        mail = headed(self._head)
        mail.set_content(self._text, charset="utf-8", cte="quoted-printable")
        if not mixed:
            return mail.as_bytes()
        mail.make_mixed(boundary=self._boundary)
        whole = mail.as_bytes()
        return whole[: whole.rindex(f"--{self._boundary}--".encode())]

    def file(self, name: str) -> bytes:
        """Return what begins an attachment of that name."""
        part = MIMEPart(policy=SMTP)
        kind, subtype = media_type(name).split("/", 1)
        part.set_content(
            b"", kind, subtype, disposition="attachment", filename=filenames.clean(name)
        )
        before = self._flush() + f"--{self._boundary}\r\n".encode()
        self._in_file = True
        return before + part.as_bytes().rstrip(b"\r\n") + b"\r\n\r\n"

    def piece(self, data: bytes) -> bytes:
        """Return the next slice of an attachment in base64, in whole lines."""
        data = self._rest + data
        whole = len(data) // LINE * LINE
        self._rest = data[whole:]
        return base64.encodebytes(data[:whole]).replace(b"\n", b"\r\n")

    def end(self) -> bytes:
        """Return what ends the mail."""
        return self._flush() + f"--{self._boundary}--\r\n".encode() if self._mixed else b""

    def _flush(self) -> bytes:
        last = base64.encodebytes(self._rest).replace(b"\n", b"\r\n") if self._in_file else b""
        self._rest, self._in_file = b"", False
        return last


def headed(head: Head) -> EmailMessage:
    """Return a mail that has its header, and no content yet."""
    mail = EmailMessage(policy=SMTPUTF8 if head.needs_utf8 else SMTP)
    if head.sender is None:
        mail["From"] = _mailbox(head.author, head.author_name)
    else:
        name = head.author_name[:LONGEST_NAME] or f"{head.author.local} at {head.author.domain}"
        mail["From"] = _mailbox(head.sender, f"{name} via {head.organisation}")
        mail["Reply-To"] = _mailbox(head.author, head.author_name)
    mail["To"] = _mailbox(head.to, head.to_name)
    mail["Subject"] = head.subject
    mail["Date"] = head.sent_at
    mail["Message-ID"] = head.message_id
    if MESSAGE_ID.fullmatch(head.answers):
        mail["In-Reply-To"] = head.answers
        mail["References"] = head.answers
    return mail


def answer_subject(subject: str) -> str:
    """Return the subject of an answer: one `Re:`, one mark that seals what is sent back."""
    base = ANSWERED.sub("", " ".join(NOT_IN_TEXT.sub(" ", subject).split()))[:LONGEST_SUBJECT]
    if SEALED_AGAIN in base.lower():
        return f"Re: {base}"
    return f"Re: {base} {SEALED_AGAIN}" if base else f"Re: {SEALED_AGAIN}"


def clean_text(text: str) -> str:
    """Return typed text with plain line ends and without control characters."""
    plain = text.replace("\r\n", "\n").replace("\r", "\n")
    return NOT_IN_TEXT.sub("", plain).rstrip() + "\n"


def media_type(name: str) -> str:
    """Return the type a file is declared as, judged by its name and never by the browser."""
    kind = TYPES.guess_type(filenames.clean(name), strict=True)[0] or OPAQUE
    return OPAQUE if kind.startswith(("message/", "multipart/")) else kind


def _mailbox(address: Address, name: str) -> Mailbox:
    """Return a mailbox; a name that would not come back as one name of one mailbox is left out.

    Python's header folding has changed the meaning of some names (python/cpython#121284).
    """
    kept = (char if char.isprintable() and char not in SPECIAL else " " for char in name)
    shown = " ".join("".join(kept).split())[:LONGEST_SHOWN]
    bare = Mailbox(username=address.local, domain=address.domain)
    if not shown:
        return bare
    named = Mailbox(display_name=shown, username=address.local, domain=address.domain)
    probe = EmailMessage(policy=SMTP)
    probe["To"] = named
    line = probe.as_bytes().decode("ascii", "replace").replace("\r\n", "")
    found = getaddresses([line.partition(":")[2]])
    return named if [where for _, where in found] == [bare.addr_spec] else bare
