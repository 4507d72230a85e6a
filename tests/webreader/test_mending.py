"""Another subject, and not a byte more: what surrounds it is compared byte for byte."""

from __future__ import annotations

import re
from collections.abc import Iterable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from policies.message.mime import outline
from tests.golden.awkward import awkward_mails, hostile_mails
from webreader.content.names import visible
from webreader.holding.mending import CannotMend, copies, is_signed_over, mended

BODY = b"\r\nSubject: this is text\r\nThread-Topic: and this\r\n\r\n\x80\xff no line end"
BEFORE = b"From: ann@example.gov.uk\r\nX-Odd:  two  blanks \r\n\tand a fold\r\n"
AWKWARD = dict(awkward_mails())
MAILS = AWKWARD | dict(hostile_mails())
AFTER = b"X-Subject: kept\r\nSubjects: kept\r\nDate: Tue, 3 Nov 2026 14:05:00 +0000\r\n"


def mend(mail: bytes, subject: str, cut: int = 7) -> bytes:
    def read() -> Iterable[bytes]:
        return [mail[at : at + cut] for at in range(0, len(mail), cut)]

    return b"".join(mended(read, subject)())


@pytest.mark.parametrize(
    "lines",
    [
        b"Subject: 943 476 5919\r\n",
        b"SUBJECT :\r\n 943\r\n\t476 5919\r\n",
        b"subject:943 476 5919\r\nThread-Topic: 943 476 5919\r\n",
        b"Thread-Topic: 943\r\n 476 5919\r\nSubject: 943 476 5919\r\nSubject: again\r\n",
        b"Subject: =?utf-8?b?OTQzIDQ3NiA1OTE5?=\r\n",
        b"Subject:\r\n",
    ],
)
@pytest.mark.parametrize("cut", [1, 3, 50, 100_000])
def test_only_the_lines_of_the_subject_change(lines: bytes, cut: int) -> None:
    after = mend(BEFORE + lines + AFTER + BODY, "About a child", cut)
    assert after == BEFORE + b"Subject: About a child\r\n" + AFTER + BODY


def test_a_mail_without_a_subject_is_given_one_at_the_end_of_its_header() -> None:
    after = mend(BEFORE + AFTER + BODY, "New")
    assert after == BEFORE + AFTER + b"Subject: New\r\n" + BODY


@pytest.mark.parametrize("rest", [b"", b"\r\n", b"\r\n\r\n"])
def test_a_mail_without_a_body(rest: bytes) -> None:
    assert mend(BEFORE + b"Subject: x\r\n" + rest, "y") == BEFORE + b"Subject: y\r\n" + rest


@pytest.mark.parametrize(
    "mail",
    [
        BEFORE + b"Subject: x",  # its last line is not ended
        BEFORE + b"X: " + b"x" * 600_000 + b"\r\nSubject: x\r\n\r\n",
    ],
)
def test_what_cannot_be_mended_for_certain_is_not(mail: bytes) -> None:
    with pytest.raises(CannotMend):
        mend(mail, "y", 65_536)


@pytest.mark.parametrize("typed", ["two\r\nBcc: eve@example.org", "a\x00b", "\u202eabc", "a\x1b"])
def test_nothing_that_is_typed_leaves_the_line(typed: str) -> None:
    with pytest.raises(CannotMend):
        mend(BEFORE + b"Subject: x\r\n" + BODY, typed)


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=300))
def test_what_was_typed_is_what_is_read(typed: str) -> None:
    subject = visible(typed)
    after = mend(BEFORE + b"Subject: x\r\n" + AFTER + BODY, subject)
    assert after.startswith(BEFORE)
    assert after.endswith(AFTER + BODY)
    line = after[len(BEFORE) : -len(AFTER + BODY)]
    assert re.fullmatch(rb"Subject: ?[^\r\n]*\r\n(?: [^\r\n]+\r\n)*", line)
    assert max(map(len, line.split(b"\r\n"))) < 998
    assert copies(outline([after])) == ()


def test_further_subjects_are_named() -> None:
    mail = BEFORE + b"Subject: clean\r\nThread-Topic: 943\r\nSubject: clean\r\n" + BODY
    assert copies(outline([mail])) == ("943",)
    assert copies(outline([mend(mail, "clean")])) == ()


@pytest.mark.parametrize(
    ("tags", "covered"),
    [
        ("v=1; h=from:Subject:to; b=x", True),
        ("v=1; h=from : subject\r\n : to; b=x", True),
        ("h=subject", True),
        ("v=1; h=from:to; b=subject", False),
        ("v=1; bh=subject; h=from; b=x", False),
    ],
)
def test_a_signature_over_the_subject_is_seen(tags: str, covered: bool) -> None:
    mail = f"DKIM-Signature: {tags}\r\nSubject: x\r\n\r\n".encode()
    assert is_signed_over(outline([mail])) is covered


@pytest.mark.parametrize("name", MAILS)
def test_of_any_mail_nothing_but_the_subject_changes(name: str) -> None:
    mail = MAILS[name]
    try:
        after = mend(mail, "Another subject", 1000)
    except CannotMend:
        return
    assert after.count(b"\r\nSubject: Another subject\r\n") + after.startswith(b"Subject: A") == 1
    header, _, body = mail.partition(b"\r\n\r\n")
    assert after.endswith(b"\r\n\r\n" + body if _ else b"\r\n")
    gone = without_subject(header)
    assert without_subject(after.partition(b"\r\n\r\n")[0]) == gone


def without_subject(header: bytes) -> bytes:
    fields = re.split(rb"\r\n(?![ \t])", header.removesuffix(b"\r\n"))
    return b"\r\n".join(
        field for field in fields if not re.match(rb"(?i)(subject|thread-topic)[ \t]*:", field)
    )


def test_hardly_any_real_mail_cannot_be_mended() -> None:
    refused = []
    for name, mail in AWKWARD.items():
        try:
            mend(mail, "Another subject", 100_000)
        except CannotMend:
            refused.append(name)
    assert len(refused) < len(AWKWARD) / 10, refused
