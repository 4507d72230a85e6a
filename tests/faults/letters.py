"""The mails that faults are tried on."""

import random

from tests.faults.oracle import Sent
from tests.faults.subject import DOMAIN

SENDER = f"sam@{DOMAIN}"
AMY, BEN = "amy@partner.example", "ben@police.example"
LARGE = 300_000  # bytes: a file of its own, and several writes


def letter(*, sealed: bool, size: int = 2000, serial: int = 0) -> Sent:
    """A mail to two people outside, of about `size` bytes; no two are the same."""
    dice = random.Random(f"{serial} {size} {sealed}")
    head = (
        f"From: Sam <{SENDER}>\r\nTo: {AMY}, {BEN}\r\nSubject: {'[secure] ' * sealed}Case {serial}"
        f"\r\nMessage-ID: <{serial}.{dice.getrandbits(64):x}@{DOMAIN}>\r\n\r\n"
    )
    line = "".join(dice.choices("abcdefghijklmnopqrstuvwxyz ", k=70))
    body = f"{line}\r\n" * max(1, (size - len(head)) // 72)
    return Sent(SENDER, (AMY, BEN), (head + body).encode(), sealed)
