"""Bounces in the manner of real mail systems are understood; what a person wrote is not one."""

import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.bounces import formats, returned
from gateway.bounces.report import LONGEST_SAID, Outcome, tidy
from gateway.bounces.returned import LONGEST, read

SAMPLES = Path(__file__).parents[1] / "golden" / "bounces"
EXPECTED = [
    tuple(line.split("\t")) for line in (SAMPLES / "expected.txt").read_text().splitlines() if line
]
NULL = {"person-answers", "person-asks-about-delivery", "advertisement"}


def sample(name: str) -> bytes:
    return (SAMPLES / f"{name}.eml").read_bytes()


def understood(name: str) -> tuple[str, str, str]:
    automatic = name.startswith(("out-of-office", "person", "ticket", "advert", "received", "read"))
    found = formats.told(read([sample(name)], null_sender=not automatic))
    return (found.outcome.value, found.status, found.said) if found else ("none", "", "")


def test_there_is_a_line_for_every_sample() -> None:
    assert {name for name, *_ in EXPECTED} == {path.stem for path in SAMPLES.glob("*.eml")}
    assert sum(outcome in {"failed", "delayed"} for _, outcome, *_ in EXPECTED) >= 40


@pytest.mark.parametrize(("name", "outcome", "status", "said"), EXPECTED)
def test_a_sample_is_understood(name: str, outcome: str, status: str, said: str) -> None:
    found = understood(name)
    assert found[:2] == (outcome, status)
    assert said in found[2]
    assert "http" not in found[2]
    assert len(found[2]) <= LONGEST_SAID


@pytest.mark.parametrize(("name", "outcome", "status", "said"), EXPECTED)
def test_cut_anywhere_it_is_never_taken_for_something_worse(
    name: str, outcome: str, status: str, said: str
) -> None:
    """A report that was cut short may not be understood; a person's letter stays a letter."""
    whole = sample(name)
    for part in range(1, 8):
        found = formats.told(read([whole[: len(whole) * part // 8]]))
        if outcome in {"none", "automatic", "delivered"}:
            assert found is None or found.outcome.value in {outcome, "automatic"} - {"none"}


@settings(max_examples=80, deadline=None)
@given(st.binary(max_size=3000))
def test_any_bytes_are_read(raw: bytes) -> None:
    formats.told(read([raw]))


@settings(max_examples=60, deadline=None)
@given(st.sampled_from([name for name, *_ in EXPECTED]), st.data())
def test_a_damaged_sample_is_read(name: str, data: st.DataObject) -> None:
    raw = bytearray(sample(name))
    for _ in range(5):
        at = data.draw(st.integers(0, len(raw) - 1))
        raw[at] = data.draw(st.integers(0, 255))
    found = formats.told(read([bytes(raw)]))
    assert found is None or found.line.isascii()


HEAD = b"From: MAILER-DAEMON@x.example\r\nSubject: failure notice\r\n"
QMAIL = b"\r\nHi. This is the qmail-send program at x\r\n"
STATUS = b"Content-Type: message/delivery-status\r\n"
NEST = b"Content-Type: multipart/mixed; boundary=%d\r\n\r\n--%d\r\n"
HOSTILE = {
    "one long line": HEAD + b"\r\n" + b"a@" * 400_000,
    "many codes": HEAD + b"\r\n" + b"5.1.1 550 " * 80_000,
    "many addresses": HEAD + QMAIL + b"<a@b>:\r\n" * 90_000,
    "many groups": HEAD + STATUS + b"\r\n" + b"Action: failed\r\n\r\n" * 50_000,
    "deep": HEAD + b"".join(NEST % (n, n) for n in range(5000)),
    "blanks": HEAD + b"\r\nwas not delivered to: x because: " + b" \r\n" * 100_000,
    "tags": HEAD + b"Content-Type: text/html\r\n\r\n" + b"<p" * 400_000,
    "header": b"Subject: " + b"re: " * 200_000 + b"\r\n\r\n",
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_mail_costs_little(name: str) -> None:
    begun = time.process_time()
    formats.told(read([HOSTILE[name]], null_sender=True))
    assert time.process_time() - begun < 2


def test_no_more_is_read_than_the_limit() -> None:
    asked = []

    def chunks() -> object:
        for number in range(100):
            asked.append(number)
            yield b"x" * (LONGEST // 4)

    assert len(read(chunks()).raw) == LONGEST
    assert len(asked) == 4


def test_what_is_returned_is_not_what_is_said() -> None:
    found = read([sample("gmail-no-such-user")])
    assert "only" not in found.text
    assert [kind for kind, _ in found.parts] == ["text/plain", "message/delivery-status"]


def test_words_are_made_harmless() -> None:
    said = tidy('550 5.1.1 <b>Click</b> http://evil.example/?q=1 \x1b[2J "x" \u202e' + "y" * 900)
    assert said == "<b>Click</b>"
    assert tidy("smtp; 550-5.1.1 Gone. 550 5.1.1 Really") == "Gone. Really"
    assert len(tidy("z" * 900)) == LONGEST_SAID


def test_an_automatic_answer_is_no_failure_even_if_it_says_so() -> None:
    assert formats.told(read([sample("out-of-office-rfc3834")])) is not None
    assert understood("out-of-office-rfc3834")[0] == Outcome.AUTOMATIC


def test_the_limits_are_there() -> None:
    assert returned.LONGEST_TEXT < LONGEST
