"""Attachments and originals, byte for byte, whatever they are called."""

from __future__ import annotations

import base64
import quopri
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.webreader.letters import HEAD, letter, raw, viewed
from webreader.content.decoding import SLICE, decoded
from webreader.content.names import LONGEST, file_name
from webreader.content.original import without_bcc
from webreader.reading.attachments import NoSuchAttachment, attachment


def content(data: bytes, index: int) -> bytes:
    return b"".join(attachment(lambda: [data], index).chunks)


@pytest.mark.parametrize("encoding", ["base64", "quoted-printable", "8bit"])
@pytest.mark.parametrize("size", [0, 1, 57, 1000, SLICE, 3 * SLICE + 1])
def test_attachments_come_back_as_they_were(encoding: str, size: int) -> None:
    data = random.Random(size).randbytes(size)
    if encoding == "8bit":
        data = data.translate(None, b"\r\n\0")
    mail = letter()
    mail.add_attachment(data, "application", "pdf", filename="a.pdf", cte=encoding)
    whole = mail.as_bytes()
    opened = attachment(lambda: [whole], 1)
    assert (opened.attachment.name, opened.attachment.size) == ("a.pdf", len(data))
    pieces = list(opened.chunks)
    assert b"".join(pieces) == data
    assert max(map(len, pieces), default=0) <= 2 * SLICE
    assert viewed(whole).attachments == (opened.attachment,)


@given(st.binary(max_size=400), st.integers(1, 90))
def test_slices_make_no_difference(data: bytes, slice_size: int) -> None:
    folded = base64.encodebytes(data).replace(b"\n", b"\r\n")
    text = data.translate(None, b"\r")  # quoted-printable has line ends of its own
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("webreader.content.decoding.SLICE", slice_size)
        assert b"".join(decoded(folded, "base64")) == data
        assert b"".join(decoded(folded.replace(b"=", b""), "base64")) == data
        assert b"".join(decoded(quopri.encodestring(text), "quoted-printable")) == text
        assert b"".join(decoded(data, "x-unknown")) == data


@given(st.binary(max_size=300))
def test_junk_decodes_to_something(data: bytes) -> None:
    for encoding in ("base64", "quoted-printable"):
        b"".join(decoded(data, encoding))


def test_an_attached_message_is_given_byte_for_byte() -> None:
    inner = (
        b"Subject:   odd   =?utf-8?q?caf=C3=A9?=\nBcc: x@y.example\n\n--not a boundary \t\n\n.\n"
    )
    body = b"--b\nContent-Type: message/rfc822\n\n" + inner + b"\n--b--\n"
    whole = raw(b"Content-Type: multipart/mixed; boundary=b", body)
    assert content(whole, 1) == inner.replace(b"\n", b"\r\n")
    assert viewed(whole).attachments[0].name == "odd café.eml"


def test_messages_within_messages_stay_one_attachment() -> None:
    inner, middle, outer = letter(), letter(subject="middle"), letter()
    inner.add_attachment(b"deep", "text", "x", filename="deep.txt")
    middle.add_attachment(inner)
    outer.add_attachment(middle)
    assert [file.name for file in viewed(outer).attachments] == ["middle.eml"]


def test_winmail_is_left_as_it_is() -> None:
    tnef = b"\x78\x9f\x3e\x22" + bytes(range(256))
    mail = letter()
    mail.add_attachment(tnef, "application", "ms-tnef", filename="winmail.dat")
    assert content(mail.as_bytes(), 1) == tnef
    assert viewed(mail).attachments[0].name == "winmail.dat"


@pytest.mark.parametrize("index", [0, -1, 2, 10**9])
def test_there_is_no_other_attachment(index: int) -> None:
    mail = letter()
    mail.add_attachment(b"x", "text", "x", filename="x")
    with pytest.raises(NoSuchAttachment):
        content(mail.as_bytes(), index)
    with pytest.raises(NoSuchAttachment):
        content(b"Subject: x\r\n" * 2000, 1)


@pytest.mark.parametrize(
    ("claimed", "shown"),
    [
        ("../../etc/passwd", "_.._etc_passwd"),
        ("..\\..\\boot.ini", "_.._boot.ini"),
        ("a\r\nSet-Cookie: x", "a Set-Cookie_ x"),
        ('"; filename=x.exe', "_; filename=x.exe"),
        ("photo\u202egpj.exe", "photogpj.exe"),
        ("CON", "_CON"),
        ("lpt1.txt", "_lpt1.txt"),
        (".htaccess", "htaccess"),
        ("report.html .txt. ", "report.html .txt"),
        ("a\0b.pdf", "ab.pdf"),
        ("Größe 2026.pdf", "Größe 2026.pdf"),
        ("الملف.pdf", "الملف.pdf"),
        ("C:\\Users\\ann\\x.doc", "C_Users_ann_x.doc"),
        ("\u200b\u200e", "attachment-3.pdf"),
        ("...", "attachment-3.pdf"),
        ("", "attachment-3.pdf"),
    ],
)
def test_names_are_made_fit(claimed: str, shown: str) -> None:
    assert file_name([claimed], "application/pdf", 3) == shown


@given(st.text(max_size=400))
def test_any_name(claimed: str) -> None:
    name = file_name([claimed], "application/pdf", 1)
    assert 0 < len(name) <= LONGEST
    assert not set(name) & set('/\\:*?"<>|\r\n\0')
    assert not name.startswith((".", " "))
    assert not name.endswith((".", " "))
    assert name.isprintable() or set("\u200c\u200d") & set(name)
    assert file_name([name], "application/pdf", 1) == name


def test_long_names_keep_their_ending() -> None:
    name = file_name(["x" * 5000 + ".pdf"], "application/pdf", 1)
    assert (len(name), name[-4:]) == (LONGEST, ".pdf")


BCC = b"Bcc: hidden@example.net,\r\n\tanother@example.net\r\n"
MAIL = HEAD + BCC + b"X: y\r\nbcc : third@example.net\r\n\r\nBcc: in the text\r\n"
PLAIN = HEAD + b"X: y\r\n\r\nBcc: in the text\r\n"


@pytest.mark.parametrize("size", [1, 2, 3, 7, 50, 99, 100, 101, 10_000])
def test_the_original_loses_blind_copies_and_nothing_else(size: int) -> None:
    pieces = [MAIL[at : at + size] for at in range(0, len(MAIL), size)]
    assert b"".join(without_bcc(pieces)) == PLAIN


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (b"", b""),
        (b"Bcc: x", b""),
        (b"Bcc:", b""),
        (b"BCC: x\n\nBcc: y\n", b"\nBcc: y\n"),
        (b"Resent-Bcc: x\r\n y\r\nTo: z\r\n", b"To: z\r\n"),
        (b"Subject: x\r\n\tBcc: y\r\n\r\n", b"Subject: x\r\n\tBcc: y\r\n\r\n"),
        (b"Bcc: " + b"x" * 500_000 + b"\r\nTo: z\r\n\r\n", b"To: z\r\n\r\n"),
        (b"X-Bcc: x\r\nBccs: y\r\n\r\n", b"X-Bcc: x\r\nBccs: y\r\n\r\n"),
        (b"X: " + b"x" * 500_000, b"X: " + b"x" * 500_000),
    ],
)
def test_originals_of_other_shapes(before: bytes, after: bytes) -> None:
    for size in (7, 1000, 1 << 20):
        pieces = [before[at : at + size] for at in range(0, len(before), size)]
        assert b"".join(without_bcc(pieces)) == after


@given(
    st.lists(st.sampled_from([b"Bcc: x", b"To: y", b" z", b"\r\n", b"\n", b":", b""]), max_size=12)
)
def test_where_the_pieces_are_cut_makes_no_difference(words: list[bytes]) -> None:
    data = b"".join(words)
    whole = b"".join(without_bcc([data]))
    assert b"".join(without_bcc([data[at : at + 1] for at in range(len(data))])) == whole
