"""Mails with something wrong in them: ordinary and awkward ones, changed by dice.

Changes keep to what mail programs, gateways and attackers get wrong: header lines, boundaries,
encodings, character sets, line ends, nesting, lengths. The same seed gives the same mails.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator

from tests.golden.awkward import awkward_mails, hostile_mails
from tests.golden.hidden_mails import hidden_mails
from tests.golden.ordinary_mails import ordinary_mails

Change = Callable[[bytearray, random.Random], None]
WORDS = (
    b"Content-Type: multipart/mixed; boundary=\r\n",
    b"Content-Type: text/plain; charset=undefined\r\n",
    b"Content-Type: message/rfc822\r\n",
    b"Content-Transfer-Encoding: base64\r\n",
    b"Content-Transfer-Encoding: x-unknown\r\n",
    b"Content-Disposition: attachment; filename*0*=utf-8''%ff; filename*7=x\r\n",
    b"Subject: =?utf-16?b?//4=?= =?rot13?q?nowhere?=\r\n",
    b"To: (((((((((((\r\n",
    b"Date: Mon, 99 Foo 20266 99:99:99 +9999\r\n",
    b"MIME-Version\r\n",
    b" : folded from nowhere\r\n",
    b"From: nobody@elsewhere.example\r\n",
    b"\xff\xfe\x00\xd8: \x80\x81\r\n",
)
PIECES = (
    b"\r\n.\r\n",
    b"\r\n..\r\n",
    b"\n",
    b"\r",
    b"\0",
    b"\r\n\r\n",
    b"--",
    b"=",
    b"=?",
    b"\x1b$B",
)


def _flip(mail: bytearray, dice: random.Random) -> None:
    for _ in range(dice.randint(1, 12)):
        mail[dice.randrange(len(mail))] = dice.randrange(256)


def _cut_out(mail: bytearray, dice: random.Random) -> None:
    start = dice.randrange(len(mail))
    del mail[start : start + dice.randint(1, 400)]


def _cut_off(mail: bytearray, dice: random.Random) -> None:
    del mail[dice.randrange(len(mail)) :]


def _repeat(mail: bytearray, dice: random.Random) -> None:
    start = dice.randrange(len(mail))
    piece = bytes(mail[start : start + dice.randint(1, 300)])
    mail[start:start] = piece * dice.choice((1,) * 9 + (2, 50) * 5 + (1000,))


def _put_in(mail: bytearray, dice: random.Random) -> None:
    at = dice.randrange(len(mail))
    mail[at:at] = dice.choice(PIECES) * dice.choice((1, 1, 3))


def _header(mail: bytearray, dice: random.Random) -> None:
    end = max(mail.find(b"\r\n\r\n"), 0) + 2
    starts = [0, *(at + 2 for at in range(end) if mail[at : at + 2] == b"\r\n")]
    at = dice.choice(starts)
    mail[at:at] = dice.choice(WORDS) * dice.choice((1, 1, 1, 2, 300))


def _lines(mail: bytearray, dice: random.Random) -> None:
    lines = bytes(mail).split(b"\r\n")
    one, other = dice.randrange(len(lines)), dice.randrange(len(lines))
    lines[one], lines[other] = lines[other], lines[one]
    mail[:] = b"\r\n".join(lines)


def _boundary(mail: bytearray, dice: random.Random) -> None:
    at = mail.find(b"boundary=")
    if at >= 0:
        mail[at + 9 : at + 9 + dice.randint(0, 6)] = dice.choice((b'"', b"", b"'", b'"="', b"\t"))


def _long_line(mail: bytearray, dice: random.Random) -> None:
    at, length = dice.randrange(len(mail)), dice.choice((999,) * 9 + (9_000,) * 9 + (200_000,))
    mail[at:at] = dice.choice((b"A", b"=20", b"\xe9", b" ")) * length


def _nest(mail: bytearray, dice: random.Random) -> None:
    start = b"From: Sam <sam@council.example>\r\nSubject: fwd\r\nMIME-Version: 1.0\r\n"
    for _ in range(dice.choice((1, 5, 60))):
        mail[:0] = b"Content-Type: message/rfc822\r\n\r\n"
    mail[:0] = start


CHANGES: tuple[Change, ...] = (
    _flip,
    _cut_out,
    _cut_off,
    _repeat,
    _put_in,
    _header,
    _lines,
    _boundary,
    _long_line,
    _nest,
)


def seeds(*, hidden: bool) -> list[bytes]:
    """Return the mails that are changed; those that hide something take long to make."""
    named = [*awkward_mails(), *hostile_mails(), *ordinary_mails()]
    hiding = [mail for _, _, mail in hidden_mails()] if hidden else []
    return [mail for mail in [*(mail for _, mail in named), *hiding] if 0 < len(mail) < 100_000]


def malformed(seed: int, count: int, *, hidden: bool = False) -> Iterator[bytes]:
    """Yield so many mails; one in twenty is as it was."""
    dice, known = random.Random(seed), seeds(hidden=hidden)
    for turn in range(count):
        mail = bytearray(dice.choice(known))
        for _ in range(0 if turn % 20 == 0 else dice.choice((1, 1, 2, 3, 5))):
            dice.choice(CHANGES)(mail, dice)
            mail[:] = mail or b"\r\n"
        yield bytes(mail)
