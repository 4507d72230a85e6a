"""What a page shows of a message, for honest mail and for every other kind of bytes."""

from __future__ import annotations

import random
from datetime import UTC, datetime
from email.message import EmailMessage

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.webreader.letters import HEAD, PNG, letter, raw, viewed
from webreader.content import message
from webreader.content.message import MessageView, Person, view


def test_headers_as_people_read_them() -> None:
    cc = b'Cc: =?utf-8?q?Doe=2C_Jane?= <j@x.example>, bad, "B, C" <c@x.example>'
    data = raw(cc, b"Hi\n").replace(b"Review", b"=?iso-8859-1?q?Gr=F6=DFe?=\r\n of it")
    seen = viewed(data)
    assert seen.subject == "Größe of it"
    assert seen.author == Person("Ann Smith", "ann@council.example")
    assert seen.to == (Person("Pat", "pat@example.org"),)
    assert seen.cc == (Person("Doe, Jane", "j@x.example"), Person("B, C", "c@x.example"))
    assert seen.date == datetime(2026, 11, 3, 14, 2, tzinfo=UTC)
    assert (seen.unreadable, seen.note) == (False, "")


def test_plain_text_keeps_lines_quotes_and_links() -> None:
    body = viewed(letter("See https://a.example/x.\n> quoted <b>\n>> deeper\nbye\n")).body
    assert body.kind == "text"
    assert 'See <a href="https://a.example/x" ' in body.html
    quote = "<blockquote><pre>quoted &lt;b&gt;</pre><blockquote><pre>deeper</pre></blockquote>"
    assert quote in body.html


def test_flowed_text_is_put_together_again() -> None:
    data = raw(b"Content-Type: text/plain; format=flowed", b"one \ntwo\n>three \n>four\n-- \nme\n")
    assert "<pre>one two</pre>" in viewed(data).body.html
    assert "<pre>three four</pre>" in viewed(data).body.html
    assert "<pre>-- \nme</pre>" in viewed(data).body.html


@pytest.mark.parametrize(
    ("kind", "data", "shown"),
    [
        (b"text/plain; charset=utf-8", "Größe".encode(), "Größe"),
        (b"text/plain; charset=iso-8859-1", b"\x93quoted\x94 caf\xe9", "“quoted” café"),
        (b"text/plain", b"caf\xe9", "café"),
        (b"text/plain; charset=iso-2022-jp", b"\x1b$B$3$s\x1b(B", "こん"),
        (b"text/plain; charset=rot13", b"uryyb", "uryyb"),
        (b"text/plain; charset=unicode_escape", b"\\x41", "\\x41"),
        (b"text/plain; charset=utf-7", b"+2AA- x", " x"),
        (b"text/plain; charset=", b"x", "x"),
    ],
)
def test_charsets(kind: bytes, data: bytes, shown: str) -> None:
    assert shown in viewed(raw(b"Content-Type: " + kind, data)).body.html


def test_the_best_alternative_is_shown() -> None:
    assert viewed(letter("plain\n", html="<p>rich</p>")).body.html.startswith("<p>rich</p>")
    empty = viewed(letter("plain\n", html="<html><style>p{}</style><body>&nbsp; </body></html>"))
    assert (empty.body.kind, empty.attachments) == ("text", ())


def test_an_invitation_is_kept_from_the_alternatives() -> None:
    mail = letter("Please come\n", html="<p>Please come</p>")
    mail.add_alternative("BEGIN:VCALENDAR", subtype="calendar")
    seen = viewed(mail)
    assert seen.body.html.startswith("<p>Please come</p>")
    assert [file.name for file in seen.attachments] == ["attachment-1.ics"]


def test_pieces_of_text_follow_each_other() -> None:
    mail = letter("first\n")
    mail.make_mixed()
    second = EmailMessage()
    second.set_content("<p>second</p>", subtype="html")
    mail.attach(second)
    body = viewed(mail).body
    assert body.kind == "html"
    assert body.html.strip() == "<pre>first</pre><hr><p>second</p>"


def test_pictures_of_the_message_stand_in_its_text() -> None:
    mail = letter("x\n", html='<img src="cid:a@b"><img src="cid:v"><img src="https://t.example/x">')
    html = mail.get_payload(1)
    html.add_related(PNG, "image", "png", cid="<a@b>", filename="logo.png")
    html.add_related(b"<svg onload=alert(1)>", "image", "png", cid="<v>", filename="v.png")
    html.add_related(PNG, "image", "svg+xml", cid="<unused>", filename="u.svg")
    seen = viewed(mail)
    assert seen.body.html.count('src="data:image/png;base64,') == 1
    assert (seen.body.remote, seen.body.left_out) == (1, 1)
    assert [file.in_text for file in seen.attachments] == [True, False, False]


def test_large_pictures_stay_attachments(monkeypatch: pytest.MonkeyPatch) -> None:
    mail = letter("x\n", html='<img src="cid:a">')
    mail.get_payload(1).add_related(PNG, "image", "png", cid="<a>", filename="big.png")
    monkeypatch.setattr(message, "_PICTURE_BYTES", len(PNG) - 1)
    seen = viewed(mail)
    assert (seen.body.left_out, seen.attachments[0].in_text) == (1, False)


def test_one_picture_used_very_often_does_not_blow_up_the_page() -> None:
    mail = letter("x\n", html='<img src="cid:a">' * 1000)
    large = PNG + b"\0" * 1_000_000
    mail.get_payload(1).add_related(large, "image", "png", cid="<a>")
    seen = viewed(mail)
    assert len(seen.body.html) < 14_000_000
    assert seen.body.left_out > 900


@pytest.mark.parametrize("blanks", [b" ", b"\t", b" \t ", b" " * 500])
def test_blanks_before_a_colon_do_not_end_the_header(blanks: bytes) -> None:
    """Python's parser takes such a line, legal once (RFC 5322, 4.5), for the text of the mail."""
    copies = b"bcc" + blanks + b": hidden@x.example\r\n"
    seen = viewed(copies + letter("Hello\n").as_bytes())
    assert seen.to == (Person("Pat", "pat@example.org"),)
    assert "Hello" in seen.body.html
    assert "hidden@" not in seen.body.html


def test_a_part_whose_header_python_does_not_see_is_not_shown() -> None:
    parts = b"--b\nContent-Type : text/html\n\n<b>x</b>\n--b--\n"
    assert viewed(raw(b"Content-Type: multipart/mixed; boundary=b", parts)).unreadable


@pytest.mark.parametrize("name", ["bcc", "Bcc", "BCC", "Resent-Bcc"])
def test_nobody_learns_of_a_blind_copy(name: str) -> None:
    mail = letter("x\n")
    mail[name] = "Hidden <hidden@example.net>"
    assert "hidden" not in repr(viewed(mail)).lower()


@pytest.mark.parametrize(
    ("kind", "word"),
    [
        (b'multipart/encrypted; protocol="application/pgp-encrypted"; boundary=b', "OpenPGP"),
        (b"application/pkcs7-mime; smime-type=enveloped-data; name=smime.p7m", "S/MIME"),
    ],
)
def test_mail_encrypted_by_its_sender_is_explained(kind: bytes, word: str) -> None:
    body = b"--b\nContent-Type: application/pgp-encrypted\n\nVersion: 1\n--b\nContent-Type: "
    body += b"application/octet-stream\n\nxxxx\n--b--\n"
    seen = viewed(raw(b"Content-Type: " + kind, body))
    assert word in seen.note
    assert seen.body.kind == "none"
    assert seen.attachments


def test_html_that_cannot_be_made_safe_in_time_gives_way_to_the_plain_text(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("webreader.content.scrub._CPU_SECONDS", 1)
    seen = viewed(letter("the plain words\n", html="<div>" * 300_000))
    assert seen.body.kind == "text"
    assert "the plain words" in seen.body.html
    alone = letter("")
    alone.set_content("<div>" * 300_000, subtype="html")
    assert viewed(alone).note == message.TOO_HARD


@pytest.mark.parametrize(
    "data",
    [
        b"Subject: x\r\n" * 2000 + b"\r\nx",
        b"X: " + b"y" * 400_000 + b"\r\n\r\nx",
        raw(b"Content-Type: multipart/mixed; boundary=a; boundary=b", b"--a\n\nx\n--a--\n"),
        b"".join(
            b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n" % (at, at)
            for at in range(500)
        ),
    ],
    ids=["headers", "long header", "two boundaries", "deep"],
)
def test_what_cannot_be_vouched_for_is_not_shown(data: bytes) -> None:
    assert viewed(data) == MessageView(unreadable=True, note=message.UNREADABLE)


def test_a_parser_that_fails_is_no_failure_of_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise RecursionError

    monkeypatch.setattr("webreader.content.parts._sort", broken)
    assert viewed(letter()).unreadable


def test_a_disk_that_fails_is_not_the_message_being_unreadable() -> None:
    def read() -> list[bytes]:
        raise OSError("disk")

    with pytest.raises(OSError, match="disk"):
        view(read)


@given(st.binary(max_size=2000))
def test_any_bytes(data: bytes) -> None:
    viewed(data)
    viewed(HEAD + data)


WORDS = st.sampled_from(
    [
        *(b"Content-Type: ", b"Content-Disposition: ", b"Content-Transfer-Encoding: ", b"Date: "),
        *(b"multipart/mixed; boundary=b", b"multipart/alternative;boundary=b", b"text/html", b"b"),
        *(b"multipart/related; boundary=b; start=x", b"message/rfc822", b"multipart/digest", b"="),
        *(b"text/plain; charset=utf-16", b"; charset*=utf-8''x", b"; filename*0*=x''%", b"; name="),
        *(
            b"base64",
            b"quoted-printable",
            b"x-uuencode",
            b"attachment",
            b"\r\n",
            b"\r\n\r\n",
            b"\n",
        ),
        *(b"\r\n--b\r\n", b"\r\n--b--\r\n", b"<img src=cid:x>", b"=?utf-8?b?", b"?=", b"\xff\xfe"),
        *(
            b"To: ",
            b"(",
            b'"',
            b"<",
            b"@",
            b",",
            b"\0",
            b"\r",
            b"Content-ID: <x>",
            b"begin 644 x\n",
        ),
        *(b"Tue, 99 Nov 99999 99:99:99 +9999", b"=3D", b"=\r\n", b"AAAA", b"====", b"\xe2\x80\xae"),
    ]
)


@given(st.lists(WORDS, max_size=40))
def test_any_shape_of_message(words: list[bytes]) -> None:
    seen = viewed(HEAD + b"".join(words))
    for file in seen.attachments:
        assert 0 < len(file.name) <= 150
        assert file.name.isprintable()


def test_mutated_messages() -> None:
    mail = letter("x\n> y\n", html='<p>x<img src="cid:a">')
    mail.get_payload(1).add_related(PNG, "image", "png", cid="<a>", filename="é.png")
    mail.add_attachment(b"PK\3\4" * 100, "application", "zip", filename="naïve 文.zip")
    whole = mail.as_bytes()
    chance = random.Random(7)
    for _ in range(400):
        data = bytearray(whole)
        for _ in range(chance.randrange(1, 6)):
            at = chance.randrange(len(data))
            match chance.randrange(3):
                case 0:
                    data[at] = chance.randrange(256)
                case 1:
                    del data[at : at + chance.randrange(40)]
                case _:
                    data[at:at] = data[(other := chance.randrange(len(data))) : other + 60]
        viewed(bytes(data))
