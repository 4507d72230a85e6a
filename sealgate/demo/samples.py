"""The sample mails of the demo: one for each thing that can happen.

Promises invented people, reserved domains and test-range numbers only.
Must never grow a mail whose outcome is not shown in the table.
"""

import struct
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, make_msgid

from vault.clock import utc_now

SENDER = "sam.taylor@demo-council.example"
SENDER_NAME = "Sam Taylor"


@dataclass(frozen=True, slots=True)
class Sample:
    """A mail to send: what it shows, its envelope, and how to build it."""

    shows: str
    recipients: tuple[str, ...]
    build: Callable[[], EmailMessage]


def samples() -> tuple[Sample, ...]:
    """Give the sample mails in the order in which the table tells them."""
    solicitor, care_home = "j.okafor@okafor-law.example", "m.rowe@rosebank-care.example"
    parent, colleague = "robin.evans@family.example", "li.chen@demo-council.example"
    partner = "a.morgan@next-county.example"
    return (
        Sample("an ordinary mail", (partner,), lambda: _agenda(partner)),
        Sample("an NHS number in the subject", (partner,), lambda: _nhs_number(partner)),
        Sample(
            "a personal webmail recipient",
            ("someone@gmail.com",),
            lambda: _plain("someone@gmail.com", "Your meeting on Friday", "See you at two."),
        ),
        Sample("[secure] in the subject", (solicitor,), lambda: _care_order(solicitor)),
        Sample(
            "Outlook's Confidential setting",
            (care_home,),
            lambda: _care_plan(care_home),
        ),
        Sample(
            "a header from a case system, with an expiry and a Bcc",
            (parent, colleague, solicitor),
            lambda: _school_place(parent, colleague),
        ),
    )


def _new(to: str, subject: str) -> EmailMessage:
    message = EmailMessage(policy=SMTP)
    message["From"] = f"{SENDER_NAME} <{SENDER}>"
    message["To"] = to
    message["Subject"] = subject
    message["Date"] = format_datetime(utc_now())
    message["Message-ID"] = make_msgid(domain="demo-council.example")
    return message


def _plain(to: str, subject: str, text: str) -> EmailMessage:
    message = _new(to, subject)
    message.set_content(f"Hello,\n\n{text}\n\n{SENDER_NAME}\nDemo Council\n")
    return message


def _agenda(to: str) -> EmailMessage:
    message = _plain(to, "Agenda for Thursday", "The agenda is attached.")
    message.add_attachment(
        _pdf("Agenda", ["1. Apologies", "2. Minutes", "3. Bus routes"]),
        maintype="application",
        subtype="pdf",
        filename="agenda.pdf",
    )
    return message


def _nhs_number(to: str) -> EmailMessage:
    return _plain(to, "Referral for NHS number 999 012 3408", "Please see the referral.")


def _care_order(to: str) -> EmailMessage:
    message = _plain(
        to,
        "[secure] Draft order for Tuesday's hearing",
        "The draft order and the chronology are attached.\n"
        "Please send your changes by Monday noon.",
    )
    for name, lines in (
        ("draft order.pdf", ["IN THE FAMILY COURT", "Draft order"]),
        ("chronology.pdf", ["Chronology", "3 March: first visit", "17 March: second visit"]),
    ):
        message.add_attachment(
            _pdf(name, lines), maintype="application", subtype="pdf", filename=name
        )
    return message


def _care_plan(to: str) -> EmailMessage:
    message = _new(to, "Care plan review")
    message["Sensitivity"] = "Company-Confidential"
    message.set_content("Please find the reviewed care plan attached.\n")
    message.add_alternative(
        "<h2>Care plan review</h2><p>Please find the <strong>reviewed care plan</strong> "
        "attached.</p><table border='1' cellpadding='6'><tr><th>Visit</th><th>Time</th></tr>"
        "<tr><td>Morning</td><td>08:00</td></tr><tr><td>Evening</td><td>18:30</td></tr></table>"
        "<p><img src='cid:chart' alt='Hours of care a week' width='320' height='80'></p>",
        subtype="html",
    )
    html = message.get_payload(1)
    assert isinstance(html, EmailMessage)  # noqa: S101 - added three lines above
    html.add_related(_chart(), maintype="image", subtype="png", cid="<chart>")
    message.add_attachment(
        _pdf("Care plan", ["Review date: next spring"]),
        maintype="application",
        subtype="pdf",
        filename="care plan.pdf",
    )
    return message


def _school_place(to: str, colleague: str) -> EmailMessage:
    message = _plain(to, "Your application for a school place", "The panel's letter is attached.")
    message["Cc"] = colleague
    message["X-Sealgate-Protect"] = "yes"
    message["X-Sealgate-Expires"] = "14 days"
    message.add_attachment(
        _pdf("Letter", ["Dear Robin Evans,", "the panel has decided."]),
        maintype="application",
        subtype="pdf",
        filename="letter.pdf",
    )
    return message


def _pdf(title: str, lines: list[str]) -> bytes:
    """Build a one-page PDF (ISO 32000-1, Helvetica, no compression)."""
    text = b"BT /F1 18 Tf 72 760 Td (" + title.encode() + b") Tj /F1 12 Tf "
    text += b" ".join(b"0 -24 Td (" + line.encode() + b") Tj" for line in lines) + b" ET"
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        (
            b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R "
            b"/Resources << /Font << /F1 5 0 R >> >> >>"
        ),
        b"<< /Length %d >>\nstream\n%s\nendstream" % (len(text), text),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    ]
    out, places = b"%PDF-1.4\n", []
    for number, body in enumerate(objects, 1):
        places.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    count = len(objects) + 1
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    out_of_use = b"0000000000 65535 f \n"
    trailer = b"trailer << /Size %d /Root 1 0 R >>\nstartxref\n%d\n" % (count, len(out))
    return out + b"xref\n0 %d\n" % count + out_of_use + table + trailer + b"%%EOF\n"


def _chart(width: int = 320, height: int = 80) -> bytes:
    """Draw a small bar chart as PNG (RFC 2083): an inline image that a reader must show."""
    levels = (20, 34, 28, 52, 46, 64, 58, 70)  # the height of each bar, in pixels
    blue, grey, gap = b"\x1d\x70\xb8", b"\xf3\xf2\xf1", 6
    step = width // len(levels)
    rows = b"".join(
        b"\0"
        + b"".join(
            (blue if height - y <= level else grey) * (step - gap) + grey * gap for level in levels
        )
        for y in range(height)
    )
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(rows)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in chunks
    )
