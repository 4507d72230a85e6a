"""Changes to clear copies, read back with the standard library as a mail program would."""

import email
import email.policy
import tracemalloc
from collections.abc import Iterator
from email.message import EmailMessage

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.pipeline.changing import subject_line
from policies.changes import neutral, plan, statement
from policies.changes.fields import fields_of, signed_names
from policies.changes.neutral import CannotHideError
from policies.changes.plan import Plan
from policies.changes.splice import Edit, from_text, ordered, read_at, splice, to_text
from policies.message.mime import outline
from policies.terms import DELETE_AFTER_USE, Changes

STATEMENT = "This e-mail is for the addressee – and for nobody else.\n\nCall 01632 960 123."
ASCII_STATEMENT = "This e-mail is for the addressee only <a@b.example> & for nobody else."
HOST = "gate.council.gov.uk"
SUBJECT = subject_line("Example Council", "7F3K-92QD")


def cut(data: bytes, size: int) -> list[bytes]:
    return [data[at : at + size] for at in range(0, len(data), size)]


def planned(data: bytes, size: int = 1000, **changes: object) -> Plan:
    wanted = Changes(**changes)  # type: ignore[arg-type]
    return plan.plan(
        outline([data]), lambda: cut(data, size), wanted, subject=SUBJECT, hostname=HOST
    )


def changed(data: bytes, size: int = 1000, **changes: object) -> bytes:
    edits = planned(data, size, **changes).edits
    return b"".join(splice(cut(data, size), edits))


def added(data: bytes, *statements: str, size: int = 1000) -> bytes:
    return changed(data, size, statements=statements or (STATEMENT,))


def read(data: bytes) -> EmailMessage:
    message = email.message_from_bytes(data, policy=email.policy.default)
    assert isinstance(message, EmailMessage)
    return message


def texts(data: bytes) -> dict[str, str]:
    found = {}
    for part in read(data).walk():
        if part.get_content_maintype() == "text" and not part.is_attachment():
            content = part.get_content()
            found[part.get_content_type()] = content.replace("\r\n", "\n")
    return found


def built(
    text: str | None = "Hello\n",
    html: str | None = None,
    file: bytes | None = None,
    charset: str = "utf-8",
    cte: str = "quoted-printable",
) -> bytes:
    message = EmailMessage(policy=email.policy.SMTP)
    message["From"], message["To"] = "a@council.gov.uk", "b@partner.org"
    message["Subject"] = "About Jo"
    if text is not None:
        message.set_content(text, charset=charset, cte=cte)
    if html is not None and text is not None:
        message.add_alternative(html, subtype="html", charset=charset, cte=cte)
    elif html is not None:
        message.set_content(html, subtype="html", charset=charset, cte=cte)
    if file is not None:
        message.add_attachment(file, "application", "pdf", filename="Jo Bloggs.pdf")
    return message.as_bytes()


# --- splicing


@given(
    st.binary(max_size=60),
    st.lists(st.tuples(st.integers(0, 60), st.integers(0, 9), st.binary(max_size=5)), max_size=6),
    st.integers(1, 9),
)
def test_splicing_is_replacing(data: bytes, rough: list[tuple[int, int, bytes]], size: int) -> None:
    edits, expected, at = [], b"", 0
    for place, length, insert in sorted(rough):
        begin, end = min(place, len(data)), min(place + length, len(data))
        if begin < at or (edits and edits[-1].at == begin):
            continue
        edits.append(Edit(begin, end - begin, insert))
        expected += data[at:begin] + insert
        at = end
    expected += data[at:]
    whole = ordered(edits)
    assert b"".join(splice(cut(data, size), whole)) == expected
    assert len(expected) == len(data) + sum(edit.growth for edit in whole)
    assert from_text(to_text(whole)) == whole


def test_overlapping_edits_are_an_error() -> None:
    for two in ([Edit(0, 5, b""), Edit(4, 2, b"")], [Edit(3, 0, b"a"), Edit(3, 0, b"b")]):
        with pytest.raises(ValueError, match="overlap"):
            ordered(two)
    assert from_text("") == ()


@given(st.binary(max_size=80), st.integers(1, 90), st.integers(0, 80), st.integers(0, 80))
def test_reading_places(data: bytes, size: int, start: int, end: int) -> None:
    assert read_at(cut(data, size), [(start, end)]) == {start: data[start:end]}


# --- statements

HTML = "<html><head></head><body><p>Hello =C3 =\n you</p>\n</body></html>\n"
SHAPES = {
    "text": built(),
    "text without a last line end": built().removesuffix(b"\r\n"),
    "html": built(None, HTML),
    "both": built("Hello\n", HTML),
    "both and a file": built("Hello\n", HTML, bytes(range(256)) * 300),
    "base64": built("Hello\n", HTML, b"x", cte="base64"),
    "base64, one more": built("Hello!\n", HTML + " ", b"x", cte="base64"),
    "base64, two more": built("Hello!!\n", HTML + "  ", b"x", cte="base64"),
    "8bit": built("Grüße\n", HTML, cte="8bit"),
    "latin-1": built("Grüße £\n", HTML, charset="iso-8859-1"),
    "latin-1, 8bit": built("Grüße £\n", HTML, charset="iso-8859-1", cte="8bit"),
    "windows": built("Grüße £\n", HTML, charset="windows-1252", cte="base64"),
    "no MIME at all": b"From: a@b.org\r\nSubject: x\r\n\r\nHello\r\n",
    "7bit": built("Hello\n", HTML, charset="us-ascii", cte="7bit"),
    "html without an end": built(None, "<p>Hello", cte="quoted-printable"),
    "html of long lines": built(None, f"<body>{'a ' * 4000}</body>", cte="quoted-printable"),
}


@pytest.mark.parametrize("size", [1, 13, 100_000])
@pytest.mark.parametrize("data", SHAPES.values(), ids=SHAPES)
def test_a_statement_is_read_and_nothing_else_is_touched(data: bytes, size: int) -> None:
    result = added(data, size=size)
    before, after = texts(data), texts(result)
    assert before.keys() == after.keys()
    assert result != data
    for kind, text in after.items():
        words = " ".join(text.split())
        if kind == "text/html":
            assert "for the addressee &#8211; and for nobody else." in words
            assert "Call 01632 960 123.</p>" in words
            end = before[kind].lower().rfind("</body")
            assert text.startswith(before[kind][: end if end >= 0 else -1].rstrip("\n"))
            assert text.lower().count("</body") == before[kind].lower().count("</body")
        else:
            assert text.startswith(before[kind].rstrip("\n"))
            assert "for the addressee" in words
            assert words.endswith("Call 01632 960 123.")
    untouched(data, result, planned(data, size, statements=(STATEMENT,)))
    found = outline([result])
    assert found.problems == ()
    assert max(map(len, result.split(b"\r\n"))) <= max(998, *map(len, data.split(b"\r\n")))
    for one, other in zip(outline([data]).parts, found.parts, strict=True):
        assert (one.content_type, one.encoding, one.names) == (
            other.content_type,
            other.encoding,
            other.names,
        )


def untouched(data: bytes, result: bytes, made: Plan) -> None:
    """Every byte that no edit names is where it was, moved by what was added before it."""
    at = shift = 0
    for edit in made.edits:
        assert result[at + shift : edit.at + shift] == data[at : edit.at]
        at, shift = edit.at + edit.length, shift + edit.growth
    assert result[at + shift :] == data[at:]
    assert len(result) == len(data) + made.growth


@pytest.mark.parametrize("data", SHAPES.values(), ids=SHAPES)
def test_never_twice(data: bytes) -> None:
    once = added(data)
    assert added(once) == once
    assert (
        planned(once, statements=(STATEMENT,)).left == planned(data, statements=(STATEMENT,)).left
    )


def test_an_answer_that_quotes_it_gets_no_second_one() -> None:
    quoted = (
        "> This e-mail is for the addressee –\n> and for nobody else.\n>\n> "
        "Call 01632 960\n> 123.\n"
    )
    answer = built(f"Thank you\n\nOn Monday you wrote:\n{quoted}")
    assert added(answer) == answer
    html = (
        "<body>Thank you<blockquote><p>This e-mail is <b>for</b> the addressee &ndash; and for "
        "nobody&nbsp;else.</p><p>Call 01632 960 123.</p></blockquote></body>"
    )
    assert added(built(None, html)) == built(None, html)
    other = built(f"Thank you\n\n{quoted.replace('nobody', 'somebody')}")
    assert added(other) != other
    two = texts(added(answer, STATEMENT, DELETE_AFTER_USE))["text/plain"]
    assert two.count("01632") == 1
    assert "Please delete this message" in two


@settings(max_examples=60, deadline=None)
@given(
    st.text(st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"]), max_size=300),
    st.sampled_from(["base64", "quoted-printable", "8bit"]),
    st.booleans(),
    st.booleans(),
)
def test_any_text_keeps_every_word(text: str, cte: str, html: bool, file: bool) -> None:
    data = built(
        f"{text}\n", f"<p>{text}</p></body>" if html else None, b"x" if file else None, cte=cte
    )
    result = added(data)
    before, after = texts(data), texts(result)
    assert after["text/plain"].startswith(before["text/plain"].rstrip("\n"))
    untouched(data, result, planned(data, statements=(STATEMENT,)))


SIGNED = b"""From: a@council.gov.uk\r
MIME-Version: 1.0\r
Content-Type: multipart/signed; micalg=sha-256; protocol="application/pkcs7-signature"; boundary=b\r
\r
--b\r
Content-Type: text/plain\r
\r
Hello\r
--b\r
Content-Type: application/pkcs7-signature\r
\r
xx\r
--b--\r
"""
DKIM = b"DKIM-Signature: v=1; a=rsa-sha256; h=From:Subject; b=x\r\n"
LEFT = {
    "signed": (SIGNED, "it is signed"),
    "S/MIME": (
        built().replace(b"text/plain", b"application/pkcs7-mime"),
        "it is signed or encrypted (S/MIME)",
    ),
    "OpenPGP": (
        SIGNED.replace(b"multipart/signed", b"multipart/encrypted"),
        "it is encrypted",
    ),
    "DKIM": (DKIM + built(), "it carries a DKIM-Signature"),
    "ARC": (b"ARC-Seal: i=1\r\n" + built(), "it carries a ARC-Seal"),
    "OpenPGP in the text": (
        built("-----BEGIN PGP SIGNED MESSAGE-----\nHello\n"),
        "its text is signed or encrypted (OpenPGP)",
    ),
    "OpenPGP in base64": (
        built("-----BEGIN PGP MESSAGE-----\nHello\n", cte="base64"),
        "its text is signed or encrypted (OpenPGP)",
    ),
    "no text": (built(None, None, b"x"), "it holds no text"),
    "a report": (
        built("Hello\n", None, b"x").replace(b"multipart/mixed", b"multipart/report"),
        "it holds no text",
    ),
    "an odd character set": (
        built().replace(b'"utf-8"', b'"utf-16"'),
        "a part is in a character set that cannot be added to",
    ),
    "an unknown character set": (
        built().replace(b'"utf-8"', b'"martian"'),
        "a part is in a character set that cannot be added to",
    ),
    "uuencode": (
        built().replace(b"quoted-printable", b"x-uuencode"),
        "a part is in an unusual transfer encoding",
    ),
    "a checksum": (
        built().replace(b"MIME-Version", b"Content-MD5: Q2hlY2sgSW50ZWdyaXR5IQ==\r\nMIME-Version"),
        "a part carries a checksum",
    ),
    "damaged": (
        built("Hello\n" * 9, cte="base64").replace(b"\r\n\r\nS", b"\r\n\r\n!S"),
        "a part is damaged",
    ),
    "two meanings": (b"From: b@c.org\r\n" + built(), "it cannot be read for certain"),
}


@pytest.mark.parametrize(("data", "why"), LEFT.values(), ids=LEFT)
def test_what_must_be_left_is_left_and_said(data: bytes, why: str) -> None:
    made = planned(data, statements=(STATEMENT,))
    assert made.edits == ()
    assert made.left == (f"statement not added: {why}",)
    assert added(data) == data


def test_what_is_attached_is_no_text_of_the_mail() -> None:
    message = EmailMessage(policy=email.policy.SMTP)
    message["From"] = "a@council.gov.uk"
    message.set_content("Hello\n")
    message.add_attachment("a,b\n", filename="list.txt")
    message.add_attachment(read(SIGNED))
    data = message.as_bytes()
    result = added(data)
    assert result != data
    parts = list(read(result).walk())
    assert "addressee" in parts[1].get_content()
    assert "addressee" not in parts[2].get_content()
    assert result.endswith(data[data.index(b"a,b") :])


def test_half_of_an_alternative_that_cannot_be_added_to_is_said() -> None:
    data = built("Hello\n", HTML, charset="us-ascii", cte="7bit")
    made = planned(data, statements=("Grüße aus Bölkow",))
    result = b"".join(splice([data], made.edits))
    assert made.left == (
        "statement not added: the statement cannot be written in the character set of a part",
    )
    assert "Gr&#252;&#223;e" in texts(result)["text/html"]
    assert "aus" not in texts(result)["text/plain"]


def test_memory_stays_small() -> None:
    head = built("x\n", cte="base64").partition(b"\r\n\r\n")[0] + b"\r\n\r\n"
    line = b"SGVsbG8gSGVsbG8gSGVsbG8gSGVsbG8gSGVsbG8gSGVsbG8gSGVsbG8gSGVsbG8gSGVsbG8gSGVs\r\n"

    def chunks() -> Iterator[bytes]:
        yield head
        for _ in range(250):
            yield line * 500

    seen = outline(chunks())
    tracemalloc.start()
    edits, why = statement.plan(seen, chunks, (STATEMENT,))
    for _ in splice(chunks(), ordered(edits)):
        pass
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert (len(edits), why) == (1, "")
    assert peak < 6 << 20, peak  # of 10 MB


# --- the header

TOP = (
    b"Received: from pc (pc.council.local [10.1.2.3])\r\n\tby mx.council.local;\r\n\tnow\r\n"
    b"Received: from [10.1.2.3]\r\n by gate.council.gov.uk with ESMTP; now\r\n"
    b"Received: from out ([93.184.216.34]) by mx ([10.0.0.1]); now\r\n"
    b"X-MS-Exchange-Organization-AuthAs: Internal\r\n"
    b"x-originating-ip : [10.1.2.3]\r\n"
    b"X-Sealgate-Protect: no\r\n"
    b"X-Mailer: Folded\r\n\tagain\r\n"
    b"Subject: Hello\r\n"
    b"From: a@council.gov.uk\r\n"
    b"X-Other: stays\r\n\r\nX-Mailer: in the body\r\n"
)


def test_internal_headers_are_taken_out_whole() -> None:
    result = changed(TOP, remove_headers=("internal", "internal_received", "X-Mailer"))
    assert result == (
        b"Received: from [10.1.2.3]\r\n by gate.council.gov.uk with ESMTP; now\r\n"
        b"Received: from out ([93.184.216.34]) by mx ([10.0.0.1]); now\r\n"
        b"Subject: Hello\r\nFrom: a@council.gov.uk\r\n"
        b"X-Other: stays\r\n\r\nX-Mailer: in the body\r\n"
    )
    assert b"Received: from pc" in changed(TOP, remove_headers=("internal",))


def test_what_a_signature_covers_stays() -> None:
    signed = b"DKIM-Signature: v=1; h=from :\r\n\tX-Mailer; b=abc\r\n" + TOP
    made = planned(signed, remove_headers=("X-Mailer", "X-Other"))
    assert made.left == ("kept, because signed: x-mailer",)
    result = b"".join(splice([signed], made.edits))
    assert b"X-Mailer: Folded\r\n\tagain\r\n" in result
    assert b"X-Other" not in result
    unclear = b"DKIM-Signature: v=1; b=abc\r\n" + TOP
    assert changed(unclear, remove_headers=("X-Other",)) == unclear
    assert signed_names(fields_of(signed, 0)) == {"from", "x-mailer"}


# --- the neutral subject

NAMED = built("Hello\n", HTML, b"%PDF").replace(b"Subject: About Jo", (
    b"Thread-Topic: About Jo\r\nSubject: About\r\n\tJo\r\nThread-Index: Ad=="
))  # fmt: skip


def test_the_subject_and_the_names_of_files_are_hidden() -> None:
    assert b"Jo Bloggs" in NAMED
    result = changed(NAMED, neutral_subject=True)
    assert b"Jo" not in result
    seen = read(result)
    assert seen["Subject"] == "Secure message from Example Council - ref 7F3K-92QD"
    assert seen["Thread-Topic"] is None
    assert seen["Thread-Index"] == "Ad=="
    (file,) = seen.iter_attachments()
    assert file.get_filename() == "attachment-1.pdf"
    assert file.get_content() == b"%PDF"
    assert texts(result) == texts(NAMED)


OUTLOOKS = (
    b'Content-Type: application/pdf; name="Jo Bloggs.pdf"\r\n'
    b'Content-Disposition: attachment; filename="Jo Bloggs.pdf"; size=4\r\n'
    b"Content-Description: Jo Bloggs.pdf\r\n"
)
NAMES = [
    OUTLOOKS,
    b"Content-Type: application/pdf; name*0*=utf-8''Jo%20; name*1=Bloggs.pdf\r\n",
    b"Content-Disposition: attachment;\r\n filename=Jo.pdf\r\nContent-Type: application/pdf\r\n",
    b'Content-Type: application/pdf; x=y; NAME = "=?utf-8?q?Jo_Bloggs?=.PDF"\r\n',
]


@pytest.mark.parametrize("head", NAMES)
def test_names_in_every_spelling_are_hidden(head: bytes) -> None:
    data = (
        b"From: a@b.org\r\nMIME-Version: 1.0\r\nSubject: Jo\r\n"
        b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nHello\r\n--b\r\n"
        + head
        + b"\r\n%PDF\r\n--b--\r\n"
    )
    result = changed(data, neutral_subject=True)
    assert b"Jo" not in result
    assert b"Bloggs" not in result
    assert outline([result]).parts[-1].names == ("attachment-1.pdf",)


IMPOSSIBLE = {
    "signed": SIGNED,
    "DKIM": DKIM + built(),
    "a message attached": built().replace(b"text/plain", b"message/rfc822"),
    "a calendar entry": built().replace(b"text/plain", b"text/calendar"),
    "winmail.dat": built().replace(b"text/plain", b"application/ms-tnef"),
    "half of a name left": NAMED.replace(b'filename="Jo Bloggs.pdf"', b"filename=Jo Bloggs.pdf"),
    "two meanings": b"From: b@c.org\r\n" + built(),
}


@pytest.mark.parametrize("data", IMPOSSIBLE.values(), ids=IMPOSSIBLE)
def test_a_subject_that_cannot_be_hidden_is_said(data: bytes) -> None:
    with pytest.raises(CannotHideError):
        neutral.plan(outline([data]), lambda: [data], SUBJECT)


def test_an_organisation_of_any_name() -> None:
    line = subject_line("Cyngor Môn", "7F3K-92QD")
    assert line.isascii()
    result = b"".join(
        splice([NAMED], ordered(neutral.plan(outline([NAMED]), lambda: [NAMED], line)))
    )
    assert read(result)["Subject"] == "Secure message from Cyngor Môn - ref 7F3K-92QD"


def test_all_changes_go_together() -> None:
    data = TOP.replace(b"Subject: Hello", b"Subject: Jo\r\nThread-Topic: Jo")
    result = changed(
        data,
        neutral_subject=True,
        statements=(ASCII_STATEMENT,),
        remove_headers=("internal", "Thread-Topic"),
    )
    assert b"Jo" not in result
    assert b"X-MS-" not in result
    assert result.endswith(b"in the body\r\n\r\n" + ASCII_STATEMENT.encode() + b"\r\n")
