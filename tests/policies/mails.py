"""Mails and envelopes for the policy tests: real bytes through the real outline."""

from pathlib import Path

from policies.envelope import Envelope
from policies.message.mime import Outline, outline
from vault.address import Address

OWN_DOMAINS = ("example.gov.uk", ".schools.example.gov.uk")
STAFF = "ann.clerk@example.gov.uk"
PARTNER = "jo.bloggs@partner.example.org"
COUNCIL = Path(__file__).parents[2] / "policies" / "starter" / "council.yaml"

# Published example and test-range values; none belongs to anybody.
NHS_NUMBER = "943 476 5919"


def mail(*headers: str | bytes, body: bytes = b"Hello.\r\n") -> Outline:
    """Return the outline of a mail with these header lines."""
    lines = [h.encode("utf-8") if isinstance(h, str) else h for h in headers]
    head = [b"From: Ann Clerk <ann.clerk@example.gov.uk>", b"To: somebody@example.org", *lines]
    return outline([b"\r\n".join(head) + b"\r\n\r\n" + body])


def envelope(*recipients: str, sender: str | None = STAFF) -> Envelope:
    """Return an envelope from one of our own staff to these recipients."""
    return Envelope(
        sender=Address.parse(sender) if sender else None,
        recipients=tuple(Address.parse(recipient) for recipient in recipients),
        own_domains=OWN_DOMAINS,
        authenticated=True,
    )
