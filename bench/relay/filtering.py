"""A content filter for Postfix such as an administrator writes: aiosmtpd, `email`, `re`, smtplib.

Started by `bench.relay.postfix` as `filtering.py PORT AFTER`: listens on PORT, looks at each mail,
and gives it back to Postfix on AFTER. Not part of Sealgate: it is what Sealgate is compared with.
"""

import asyncio
import re
import smtplib
import sys
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default

from aiosmtpd.smtp import SMTP, Envelope, Session

PATTERNS = [
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        r"\b\d{3}[ -]?\d{3}[ -]?\d{4}\b",
        r"\b[A-CEGHJ-PR-TW-Z]{2} ?\d{2} ?\d{2} ?\d{2} ?[A-D]\b",
        r"\b[A-Z]{1,2}\d[A-Z\d]? ?\d[A-Z]{2}\b",
        r"\b\d{1,2}[/.-]\d{1,2}[/.-]\d{2,4}\b",
        r"\b[\w.+-]{1,64}@[\w.-]{1,200}\b",
        r"\b(?:\d[ -]?){13,16}\b",
    )
]
WEBMAIL = {"gmail.com", "hotmail.com", "hotmail.co.uk", "outlook.com", "yahoo.com", "yahoo.co.uk"}


class Filter:
    """Refuses personal data in the subject, and personal webmail."""

    def __init__(self, after: int) -> None:
        self._after = after

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802 - aiosmtpd's name
        """Look, and pass on."""
        return await asyncio.to_thread(self._look, envelope)

    def _look(self, envelope: Envelope) -> str:
        content = envelope.original_content or b""
        message = message_from_bytes(content, EmailMessage, policy=default)
        if any(pattern.search(str(message["Subject"])) for pattern in PATTERNS):
            return "550 5.7.1 Personal data in the subject"
        if any(to.rpartition("@")[2].lower() in WEBMAIL for to in envelope.rcpt_tos):
            return "550 5.7.1 Personal webmail"
        for part in message.walk():
            if not part.is_multipart():
                part.get_payload(decode=True)
        with smtplib.SMTP("127.0.0.1", self._after) as onward:
            onward.sendmail(envelope.mail_from or "", envelope.rcpt_tos, content)
        return "250 2.0.0 Passed"


async def main() -> None:
    """Serve until stopped."""
    port, after = map(int, sys.argv[1:])
    handler = Filter(after)
    loop = asyncio.get_running_loop()
    server = await loop.create_server(
        lambda: SMTP(handler, hostname="filter", data_size_limit=64 << 20), "127.0.0.1", port
    )
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main())
