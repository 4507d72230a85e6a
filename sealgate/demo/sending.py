"""Sends the sample mails as a mail client would: STARTTLS, AUTH, and one reply for each.

Promises to use the real SMTP port and nothing else of the node.
"""

import smtplib
import ssl
from dataclasses import dataclass
from pathlib import Path

from sealgate.demo.node import PASSWORD, Node
from sealgate.demo.ports import LOOPBACK
from sealgate.demo.samples import SENDER, Sample

TAKEN = 250  # RFC 5321 section 4.2.3: the mail, or this recipient, is accepted


@dataclass(frozen=True, slots=True)
class Sent:
    """What the mail client was told about one sample; `accepted` means 250."""

    sample: Sample
    subject: str
    accepted: bool
    answer: str


def send_all(node: Node, chosen: tuple[Sample, ...]) -> list[Sent]:
    """Send each sample over a connection of its own."""
    return [_send(node, sample) for sample in chosen]


def _send(node: Node, sample: Sample) -> Sent:
    message = sample.build()
    with smtplib.SMTP(LOOPBACK, node.ports.starttls, timeout=30) as client:
        client.starttls(context=_trusting(node.config.parent / "certificate.pem"))
        client.login(SENDER, PASSWORD)
        code, answer = _transaction(client, sample.recipients, message.as_bytes())
    return Sent(sample, str(message["Subject"]), code == TAKEN, f"{code} {answer}")


def _transaction(
    client: smtplib.SMTP, recipients: tuple[str, ...], content: bytes
) -> tuple[int, str]:
    """Speak MAIL, RCPT and DATA; stop at the first refusal, as mail clients do."""
    code, text = client.mail(SENDER)
    for recipient in recipients:
        if code != TAKEN:
            break
        code, text = client.rcpt(recipient)
    if code == TAKEN:
        code, text = client.data(content)
    return code, " ".join(text.decode().split())


def _trusting(certificate: Path) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=str(certificate))
