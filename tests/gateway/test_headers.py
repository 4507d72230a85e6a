"""Received lines, and the removal of Bcc without touching another byte."""

import re
from datetime import UTC, datetime
from email import message_from_bytes
from itertools import pairwise

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from gateway.relay.headers import MOST_BLANKS, drop_headers, protocol, received_header
from vault.address import Address

BCC = (b"bcc", b"resent-bcc")
AMY = Address.parse("amy@example.org")
BEN = Address.parse("ben@example.org")
NOON = datetime(2026, 11, 21, 12, 0, 5, tzinfo=UTC)


def received(**changes: object) -> bytes:
    facts = {
        "helo": "pc7.council.gov.uk",
        "peer_ip": "192.0.2.7",
        "host": "gate.council.gov.uk",
        "how": protocol(tls=True, authenticated=True),
        "reference": "7F3K-92QD",
        "recipients": (AMY,),
        "at": NOON,
    }
    return received_header(**{**facts, **changes})  # type: ignore[arg-type]


def test_a_received_line() -> None:
    assert received() == (
        b"Received: from pc7.council.gov.uk ([192.0.2.7])\r\n"
        b"\tby gate.council.gov.uk with ESMTPSA id 7F3K-92QD\r\n"
        b"\tfor <amy@example.org>;\r\n"
        b"\tSat, 21 Nov 2026 12:00:05 +0000\r\n"
    )


def test_nobody_is_named_when_there_are_two() -> None:
    assert b"example.org" not in received(recipients=(AMY, BEN))
    assert b"id 7F3K-92QD;\r\n" in received(recipients=(AMY, BEN))


def test_ipv6_and_literals() -> None:
    line = received(helo="[192.0.2.9]", peer_ip="2001:db8::7")
    assert line.startswith(b"Received: from [192.0.2.9] ([IPv6:2001:db8::7])\r\n")


@pytest.mark.parametrize(
    "helo", ["", "a b", "x\r\nBcc: evil@example.org", "a\0", "é", "a" * 300, "-x"]
)
def test_a_strange_greeting_is_not_repeated(helo: str) -> None:
    line = received(helo=helo)
    assert line.startswith(b"Received: from unknown ([192.0.2.7])\r\n")
    assert message_from_bytes(line + b"\r\n").keys() == ["Received"]


@pytest.mark.parametrize(
    "wrong",
    [{"host": "a\r\nb"}, {"reference": "x\r\ny"}, {"reference": "a b"}, {"peer_ip": "nowhere"}],
)
def test_our_own_facts_must_be_right(wrong: dict[str, str]) -> None:
    with pytest.raises(ValueError, match=r"header|IPv4"):
        received(**wrong)


def test_protocol_keywords() -> None:
    kinds = [protocol(tls=tls, authenticated=who) for tls in (False, True) for who in (False, True)]
    assert kinds == ["ESMTP", "ESMTPA", "ESMTPS", "ESMTPSA"]


def dropped(content: bytes, cuts: list[int] | None = None) -> bytes:
    edges = [0, *sorted(cut % (len(content) + 1) for cut in cuts or []), len(content)]
    return b"".join(drop_headers((content[a:b] for a, b in pairwise(edges)), BCC))


def test_bcc_goes_and_the_rest_stays() -> None:
    mail = (
        b"Received: x\r\n y\r\nBCC : Ben <ben@example.org>,\r\n\tcat@example.org\r\n \r\n"
        b"Subject: b\r\n"
        b"resent-bcc:\r\n d@example.org\r\nX-Bcc: stays\r\nBccx: stays\r\nBcc stays too\r\n"
        b"bcc: last@example.org\r\n\r\nBcc: in the body\r\n"
    )
    assert dropped(mail) == (
        b"Received: x\r\n y\r\nSubject: b\r\nX-Bcc: stays\r\nBccx: stays\r\nBcc stays too\r\n"
        b"\r\nBcc: in the body\r\n"
    )


def test_nothing_is_dropped_when_nothing_is_named() -> None:
    mail = b"Bcc: x\r\n\r\n"
    assert b"".join(drop_headers([mail], ())) == mail


def test_blanks_before_the_colon_hide_nothing() -> None:
    for blanks in (1, MOST_BLANKS - 1, MOST_BLANKS, MOST_BLANKS + 1, 300_000):
        mail = b"A: 1\r\nBcc" + b" " * blanks + b": ben@example.org\r\nB: 2\r\n\r\n"
        for size in (1 << 20, 7):
            pieces = [mail[i : i + size] for i in range(0, len(mail), size)]
            assert b"".join(drop_headers(pieces, BCC)) == b"A: 1\r\nB: 2\r\n\r\n"


def test_a_huge_field_streams_away() -> None:
    def mail() -> list[bytes]:
        return [b"Bcc: x", *[b"y" * 100_000] * 50, b"\r\n z\r\nA: b\r\n\r\n", b"body"]

    longest = 0
    out = []
    for piece in drop_headers(mail(), BCC):
        longest = max(longest, len(piece))
        out.append(piece)
    assert b"".join(out) == b"A: b\r\n\r\nbody"
    assert longest < 100


def reference(mail: bytes) -> bytes:
    """Do the same to the whole mail at once, in another way."""
    found = re.match(rb"(?:[^\n]*[^\n\r][^\n]*\n|\r[^\n]+\n)*", mail)
    assert found is not None
    header, rest = mail[: found.end()], mail[found.end() :]
    if not re.match(rb"\r?\n", rest):
        header, rest = mail, b""
    fields = re.findall(rb"[^\n]*(?:\n[ \t][^\n]*)*\n?", header)
    first = re.match(rb"(?:[ \t][^\n]*\n?)*", header)
    assert first is not None
    if first.end():
        fields = [first[0], *re.findall(rb"[^\n]*(?:\n[ \t][^\n]*)*\n?", header[first.end() :])]
    kept = [one for one in fields if not re.match(rb"(?i)(?:resent-)?bcc[ \t]*:", one)]
    return b"".join(kept) + rest


WORDS = [
    b"Bcc", b"bCC", b"Resent-", b"Bc", b"c", b":", b" ", b"\t", b"\r\n", b"\r\n\r\n", b"A: b\r\n",
    b"\xff", b"To", b"Bcc: x\r\n", b" folded\r\n",
]  # fmt: skip


@settings(max_examples=200, deadline=None)
@given(
    st.lists(st.sampled_from(WORDS), max_size=25).map(b"".join),
    st.lists(st.integers(0, 200), max_size=12),
)
@example(b"Bcc: a\r\n\r\n", [1, 2, 3, 4])
@example(b"Bcc", [])
@example(b"\r\nBcc: body\r\n", [1])
@example(b" x\r\nBcc:\r\n", [])
def test_every_other_byte_is_identical(mail: bytes, cuts: list[int]) -> None:
    assert dropped(mail, cuts) == reference(mail)


@settings(max_examples=80, deadline=None)
@given(st.binary(max_size=300), st.lists(st.integers(0, 300), max_size=6))
def test_a_mail_without_bcc_is_untouched(mail: bytes, cuts: list[int]) -> None:
    quiet = mail.replace(b":", b";")
    assert dropped(quiet, cuts) == quiet
