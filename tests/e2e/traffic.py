"""Traffic for a node: mails that can be told apart, and senders who do not give up.

A sender behaves as a mail client or a mail server does: it keeps a connection as long as it can,
sends one mail after another, and after a hang-up or a 4xx it sends the same bytes again. What was
answered 250 is acknowledged, and stays on record with the words of the answer.
"""

import base64
import contextlib
import queue
import random
import smtplib
import threading
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from enum import StrEnum

from tests.e2e.stage import DOMAIN, SENDER, STARTS_WITHIN, Answer, Stage, transaction

OUTSIDE = tuple(f"reader{number}@partner{number}.example" for number in range(8))
INSIDE = tuple(f"colleague{number}@{DOMAIN}" for number in range(4))
SECONDS = 2 * STARTS_WITHIN + 120  # after which a mail that nobody takes is a failure of the test
_LETTERS = "abcdefghijklmnopqrstuvwxyz"


class Kind(StrEnum):
    """What the policy makes of a mail."""

    CLEAR = "clear"
    SEALED = "sealed"
    MIXED = "mixed"


@dataclass(frozen=True, slots=True)
class Mail:
    """One mail to send, and who is to get it in which way."""

    serial: int
    kind: Kind
    clear: tuple[str, ...]
    sealed: tuple[str, ...]
    content: bytes = field(repr=False)

    @property
    def to(self) -> tuple[str, ...]:
        return (*self.sealed, *self.clear)


def make_mails(seed: int, count: int, smallest: int = 1_000, largest: int = 200_000) -> list[Mail]:
    """Mails of all kinds; sizes are spread evenly over their logarithm, a few have 2 MB."""
    dice = random.Random(seed)
    return [_make(dice, serial, smallest, largest, count) for serial in range(count)]


def _make(dice: random.Random, serial: int, smallest: int, largest: int, count: int) -> Mail:
    kind = dice.choices(tuple(Kind), weights=(40, 40, 20))[0]
    size = int(smallest * (largest / smallest) ** dice.random())
    if serial % (count // 5 or 1) == 3:
        size = 2_000_000
    outside = tuple(dice.sample(OUTSIDE, dice.choice((1, 1, 1, 2, 3))))
    inside = tuple(dice.sample(INSIDE, dice.choice((1, 2))))
    clear, sealed = inside * (kind is Kind.MIXED), outside
    if kind is Kind.CLEAR:
        clear, sealed = outside + inside * dice.choice((0, 1)), outside[:0]
    content = _content(dice, serial, size, flagged=kind is not Kind.CLEAR, to=clear + sealed)
    return Mail(serial, kind, clear, sealed, content)


def _content(
    dice: random.Random, serial: int, size: int, *, flagged: bool, to: Iterable[str]
) -> bytes:
    """Two parts, with all that a relay may get wrong: dots, long lines, 8 bits, no text at all."""
    tag = "[secure] " if flagged else ""
    head = (
        f"From: Sam Taylor <{SENDER}>\r\nTo: {', '.join(to)}\r\n"
        f"Subject: {tag}Case {serial}\r\nDate: Mon, 05 Jan 2026 09:00:00 +0000\r\n"
        f"Message-ID: <{serial}.{dice.getrandbits(64):x}@{DOMAIN}>\r\nX-Serial: {serial}\r\n"
        "MIME-Version: 1.0\r\n"
        f'Content-Type: multipart/mixed; boundary="=_{serial}"\r\n\r\n'
        f"--=_{serial}\r\nContent-Type: text/plain; charset=iso-8859-1\r\n"
        "Content-Transfer-Encoding: 8bit\r\n\r\n"
    ).encode()
    words = dice.choices(["caf\xe9", ".", "..", "-- ", "".join(dice.choices(_LETTERS, k=9))], k=30)
    text = "\r\n".join(words) + "\r\n." + "".join(dice.choices(_LETTERS, k=1)) * 2500 + "\r\n.\tx"
    name = f"file{serial}.bin"
    part = (
        f"\r\n--=_{serial}\r\nContent-Type: application/octet-stream\r\n"
        f'Content-Disposition: attachment; filename="{name}"\r\n'
        "Content-Transfer-Encoding: base64\r\n\r\n"
    ).encode()
    end = f"--=_{serial}--\r\n".encode()
    rest = max(48, size - len(head) - len(text) - len(part) - len(end))
    file = base64.encodebytes(dice.randbytes(rest * 3 // 4)).replace(b"\n", b"\r\n")
    return head + text.encode("latin-1") + part + file + end


@dataclass
class Record:
    """What senders were told. Shared by their threads."""

    acknowledged: dict[int, Answer] = field(default_factory=dict)
    refused: dict[int, Answer] = field(default_factory=dict)
    again: int = 0  # times a mail had to be sent once more
    given_up: dict[int, Answer] = field(default_factory=dict)  # with the last answer
    longest_pause: float = 0.0  # seconds in which nothing was acknowledged
    _last: float = 0.0

    def acknowledge(self, serial: int, answer: Answer) -> None:
        """Note that a mail was taken."""
        now = time.monotonic()
        self.longest_pause = max(self.longest_pause, now - (self._last or now))
        self._last = now
        self.acknowledged[serial] = answer


class Senders:
    """Several senders at work, each on a thread and a connection of its own.

    with Senders(stage, mails, 6) as senders: ...   # leaving waits until all mails are through
    """

    def __init__(self, stage: Stage, mails: Iterable[Mail], count: int) -> None:
        self.record = Record()
        self._stage = stage
        self._waiting: queue.SimpleQueue[Mail] = queue.SimpleQueue()
        for mail in mails:
            self._waiting.put(mail)
        doors = ("starttls", "tls", "trusted")
        self._threads = [
            threading.Thread(target=self._work, args=(doors[number % 3],), daemon=True)
            for number in range(count)
        ]

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def move(self, stage: Stage) -> None:
        """Go on at another node: each sender when its connection ends."""
        self._stage = stage

    @property
    def working(self) -> bool:
        return any(thread.is_alive() for thread in self._threads)

    def _work(self, door: str) -> None:
        client: smtplib.SMTP | None = None
        for mail in self._mails():
            deadline, answer = time.monotonic() + SECONDS, Answer(0, "not tried")
            while time.monotonic() < deadline:
                try:
                    client = client or self._connect(door)
                    answer = transaction(client, SENDER, list(mail.to), mail.content)
                except (smtplib.SMTPException, OSError):
                    answer = Answer(0, "hung up")
                if answer.code == 250:
                    self.record.acknowledge(mail.serial, answer)
                    break
                _leave(client)
                client = None
                if answer.code >= 500:
                    self.record.refused[mail.serial] = answer
                    break
                self.record.again += 1
                time.sleep(0.3)
            else:
                self.record.given_up[mail.serial] = answer
        _leave(client)

    def _mails(self) -> Iterator[Mail]:
        with contextlib.suppress(queue.Empty):
            while True:
                yield self._waiting.get_nowait()

    def _connect(self, door: str) -> smtplib.SMTP:
        if door == "trusted":
            client = smtplib.SMTP("127.0.0.1", self._stage.ports[door], timeout=60)
            client.ehlo_or_helo_if_needed()
            return client
        return self._stage.signed_in(implicit=door == "tls")


def _leave(client: smtplib.SMTP | None) -> None:
    if client is not None:
        with contextlib.suppress(smtplib.SMTPException, OSError):
            client.close()
