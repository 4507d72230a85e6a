"""What may change of a mail on its way through the node, written down byte by byte.

One Received line is put on top. Nobody who is sent a mail or reads it sees its Bcc lines. Every
other byte is the sender's. A mail without a line end at its end gains one from SMTP itself, which
cannot say such a mail.
"""

import hashlib
import re

OUR_LINES = re.compile(
    rb"Received: from [!-~]+ \(\[127\.0\.0\.1\]\)\r\n"
    rb"\tby gateway\.council\.example with ESMTPS?A? id [0-9A-Z]{4}-[0-9A-Z]{4}"
    rb"(?:\r\n\tfor <[!-~]+>)?;\r\n"
    rb"\t[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d \+0000\r\n"
)
UNSEEN = (b"Bcc: quiet@partner.example\r\n", b"Resent-Bcc: hush@partner.example\r\n")


def left(mail: bytes) -> bytes:
    """What of a mail must leave the node: everything but the Bcc lines of its header."""
    head, blank, body = mail.partition(b"\r\n\r\n")
    for line in UNSEEN:
        head = (head + b"\r\n").replace(b"\r\n" + line, b"\r\n")[:-2]
    return on_the_wire(head + blank + body)


def on_the_wire(mail: bytes) -> bytes:
    """The mail as SMTP can say it: whole lines."""
    return mail if mail.endswith(b"\r\n") else mail + b"\r\n"


def below_ours(arrived: bytes) -> bytes:
    """What stands below our one Received line."""
    ours = OUR_LINES.match(arrived)
    assert ours, arrived[:400]
    return arrived[ours.end() :]


def assert_same_below(arrived: bytes, mail: bytes) -> None:
    """Our one Received line stands first, and below it is the mail: the same SHA-256."""
    assert sha256(below_ours(arrived)) == sha256(left(mail))


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
