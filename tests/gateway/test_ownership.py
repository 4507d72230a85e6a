"""Sender headers that somebody made to keep us busy, and those that are only long."""

import time

import pytest

from gateway.pipeline.ownership import LONGEST, NOT_DECLARED, TOO_LONG, check_headers
from gateway.smtp.handler import MailSession
from gateway.smtp.replies import Reply
from policies.message.mime import outline

SLOW = 5.0  # seconds of CPU: the searches of before took minutes for these


def refusal(*headers: bytes) -> Reply | None:
    session = MailSession(peer_ip="192.0.2.1", trusted=True)
    return check_headers(session, outline([b"\r\n".join([*headers, b"", b"Hello.\r\n"])]))


@pytest.mark.parametrize(
    "piece", [b"\xff", b"a\xff", b'"\\"\xff', b"(\\(\xff", b"\xff@", b"\xff \xff@x, "]
)
def test_a_hostile_sender_header_does_not_keep_us_busy(piece: bytes) -> None:
    longer = (piece * 60_000)[:100_000]
    began = time.process_time()
    assert refusal(b"From: <sam@council.example>", b"Resent-From: " + longer) is TOO_LONG
    many = [b"Resent-From: " + piece * 200] * 900
    assert refusal(b"From: <sam@council.example>", *many) is TOO_LONG
    longest = b"From: " + (piece * LONGEST)[: LONGEST - 10]
    assert refusal(longest) in {None, NOT_DECLARED}
    assert time.process_time() - began < SLOW


def test_what_is_long_and_in_ascii_is_no_matter_of_ours_on_the_trusted_port() -> None:
    assert refusal(b"From: " + b"a" * 2 * LONGEST + b" <sam@council.example>") is None
