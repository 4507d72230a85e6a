"""Text hidden in the structure, the encodings and the markup of a mail is found all the same."""

import base64

import pytest

from policies.detectors import DETECTORS
from policies.detectors.scan import scan
from policies.extraction.passages import State, Where
from policies.text.view import normalise
from tests.policies.extraction import files
from tests.policies.extraction.mails import HEAD, MARKER, body, read, said, states

M = MARKER.encode()
B64 = base64.b64encode(M)
MIXED = HEAD + b"Content-Type: multipart/mixed; boundary=bb\r\n\r\n"
ALTERNATIVE = HEAD + b"Content-Type: multipart/alternative; boundary=bb\r\n\r\n"
HTML = "Content-Type: text/html"


def coded(encoding: str, text: bytes, charset: str = "utf-8") -> bytes:
    return body(
        text, f"Content-Type: text/plain; charset={charset}",
        f"Content-Transfer-Encoding: {encoding}",
    )  # fmt: skip


def part(text: bytes, *headers: str) -> bytes:
    lines = "".join(f"{line}\r\n" for line in headers).encode("latin-1")
    return b"--bb\r\n" + lines + b"\r\n" + text + b"\r\n"


RFC822 = b"Subject: " + M + b"\r\nFrom: a@b\r\n\r\nhello"

Y_ENCODED = bytes((byte + 42) & 255 for byte in M).replace(b"a", b"=\xa1")
HIDDEN: dict[str, bytes] = {
    "plain": body(M),
    "categories": body(b"hello", f"Keywords: Red, {MARKER}"),
    "comments, encoded": body(b"hello", f"Comments: =?utf-8?b?{B64.decode()}?="),
    "comments, long": body(b"hello", f"Comments: {'x ' * 6000}{MARKER}"),
    "base64": coded("base64", B64),
    "base64 with junk": coded("base64", B64[:5] + b"!*~" + B64[5:]),
    "base64 without padding": coded("base64", base64.b64encode(M + b"1").rstrip(b"=")),
    "base64 in two pieces": coded("base64", base64.b64encode(b"x") + B64),
    "base64 url safe": coded("base64", base64.urlsafe_b64encode(b"\xfb\xff\xbf" + M), "latin-1"),
    "base64 that is not": coded("base64", b"Number: " + M + b" (see file)"),
    "base64 not declared": coded("7bit", base64.b64encode(b"The number is " + M)),
    "quoted-printable": coded("quoted-printable", b"9=34=33 476 =\r\n5919"),
    "quoted-printable with blanks": coded("quoted-printable", b"943 476= \t\r\n 5919"),
    "unknown encoding": coded("x-secret", B64),
    "utf-7": coded("7bit", b"+ADk-43 476 5919", "utf-7"),
    "utf-16": coded("base64", base64.b64encode(MARKER.encode("utf-16-be")), "utf-16"),
    "utf-16 not declared": coded("base64", base64.b64encode(MARKER.encode("utf-16"))),
    "utf-32": coded("base64", base64.b64encode(MARKER.encode("utf-32")), "utf-32"),
    "ebcdic": coded("base64", base64.b64encode(MARKER.encode("cp037")), "cp037"),
    "unknown charset": coded("7bit", M, "x-none"),
    "codec that is no charset": coded("7bit", M, "rot13"),
    "overlong utf-8": coded("8bit", M.replace(b"9", b"\xc0\xb9"), "utf-8"),
    "flowed": body(b"943 \r\n476 \r\n5919", "Content-Type: text/plain; format=flowed"),
    "flowed, delsp": body(
        b"943 47 \r\n6 5919", "Content-Type: text/plain; format=flowed; delsp=yes"
    ),
    "uuencode": body(b"begin 644 a.txt\n,.30S(#0W-B U.3$Y\n`\nend\n"),
    "yenc": body(b"=ybegin line=9 size=12 name=a.txt\r\n" + Y_ENCODED + b"\r\n=yend size=12\r\n"),
    "yenc without an end": body(b"hello\r\n=ybegin line=9 name=a.txt\r\n" + Y_ENCODED),
    "hex": body(b"4e 48 53 20 " + M.hex(" ").encode()),
    "hex in lines": body(f"{M.hex(' ')[:17]}\r\n{M.hex(' ')[18:]}\r\n".encode()),
    "hex dump": body(f"00000000: {M.hex(' ', 2)}  943 476 .\r\n".encode()),
    "hex as escapes": body(b"".join(b"\\x%02x" % byte for byte in M)),
    "html": body(b"<p>943&#32;476&#x20;5919</p>", HTML),
    "html entities": body(b"&#57;43 476 5919", HTML),
    "html spans": body(b"<span>94</span><b>3</b> 476 <i>59</i><!-- x -->19", HTML),
    "html zero width": body("9\u200b4\u200b3 476 5919".encode(), HTML + "; charset=utf-8"),
    "html soft hyphen": body(b"9&shy;43 476 5919", HTML),
    "html comment": body(b"<p>x</p><!-- " + M + b" -->", HTML),
    "html hidden": body(b"<div style='display:none'>" + M + b"</div>", HTML),
    "html noise hidden between": body(b"94<i style='display: none'>0 0</i>3 476 5919", HTML),
    "html noise hidden by class": body(
        b"<style>.q{display:none}</style>94<i class='q'>0 0</i>3 476 5919", HTML
    ),
    "html right to left": body(b"<bdo dir='rtl'>9195 674 349</bdo>", HTML),
    "html alt": body(b"<img alt='" + M + b"'>", HTML),
    "html title": body(b"<p title=\"" + M + b"\">x</p>", HTML),
    "html placeholder": body(b"<input placeholder='" + M + b"'>", HTML),
    "html link": body(b"<a href='https://x/?q=943%20476%205919'>x</a>", HTML),
    "html data url": body(b"<a href='data:text/plain;base64," + B64 + b"'>x</a>", HTML),
    "html css": body(b"<style>p:before{content:'943 476 5919'}</style><p>x", HTML),
    "html css escapes": body(rb"<p style='a:&quot;\39 43 476 5919&quot;'>x", HTML),
    "html meta": body(b"<meta name=description content='" + M + b"'>", HTML),
    "html unclosed": body(b"<p class=\"x>" + M, HTML),
    "html textarea": body(b"<textarea>" + M + b"</textarea>", HTML),
    "html for outlook": body(b"<!--[if mso]><p>" + M + b"</p><![endif]-->", HTML),
    "html meta charset": body("9\u200b".encode("utf-7") + b"43 476 5919<meta charset=utf-7>", HTML),
    "second half of an alternative": ALTERNATIVE + part(b"hi") + part(M, HTML) + b"--bb--\r\n",
    "first half of an alternative": ALTERNATIVE + part(M) + part(b"hi", HTML) + b"--bb--\r\n",
    "third alternative": ALTERNATIVE
    + part(b"hi")
    + part(b"hi", HTML)
    + part(b"BEGIN:VCALENDAR\r\nSUMMARY:" + M + b"\r\nEND:VCALENDAR", "Content-Type: text/calendar")
    + b"--bb--\r\n",
    "preamble": MIXED + M + b"\r\n" + part(b"hi") + b"--bb--\r\n",
    "epilogue": MIXED + part(b"hi") + b"--bb--\r\n" + M,
    "after the end": MIXED + part(b"hi") + b"--bb--\r\n" + M + b"\r\n" + part(b"hi"),
    "attached mail": MIXED + part(b"Subject: x\r\n\r\n" + M, "Content-Type: message/rfc822"),
    "subject of an attached mail": MIXED + part(RFC822, "Content-Type: message/rfc822"),
    "attached mail in base64": MIXED + part(
        base64.encodebytes(RFC822), "Content-Type: message/rfc822",
        "Content-Transfer-Encoding: base64",
    ) + b"--bb--\r\n",
    "digest": HEAD + b"Content-Type: multipart/digest; boundary=bb\r\n\r\n" + part(RFC822),
    "multipart in base64": MIXED[:-2]
    + b"Content-Transfer-Encoding: base64\r\n\r\n"
    + base64.encodebytes(part(M) + b"--bb--\r\n"),
    "multipart without its boundary": MIXED + M,
    "name": MIXED + part(b"x", f'Content-Disposition: attachment; filename="{MARKER}.txt"'),
    "name of the type": MIXED + part(b"x", f'Content-Type: text/plain; name="{MARKER}"'),
    "name in pieces": MIXED + part(
        b"x", "Content-Disposition: attachment; filename*1*=%20476%205919; filename*0*=utf-8''943"
    ),
    "description": MIXED + part(b"x", f"Content-Description: {MARKER}"),
    "mail that only its name tells": MIXED + part(
        base64.encodebytes(b"Content-Transfer-Encoding: base64\r\n\r\n" + base64.b64encode(M)),
        "Content-Type: application/octet-stream; name=a.EML", "Content-Transfer-Encoding: base64",
    ) + b"--bb--\r\n",
    "quoted-printable over the end of a line": body(
        b"943=2=\r\n0476=  \r\n=205919", "Content-Transfer-Encoding: quoted-printable"
    ),
    "no headers at all": b"\r\n" + M,
    "twenty deep": b"".join(
        b"Content-Type: multipart/mixed; boundary=b%02d\r\n\r\n--b%02d\r\n" % (n, n)
        for n in range(20)
    ) + b"\r\n" + M,
    "file in a text": body(b"<a>\r\n" + base64.encodebytes(files.zipped({"a.txt": M * 40}))),
}  # fmt: skip


def visible(raw: bytes) -> str:
    """All that was read, as a detector sees it, white space of any kind being one space."""
    texts = said(read(raw)).split("\n")
    normal = " ".join(normalise(text, 1 << 20).normal for text in texts)
    return " ".join(normal.split())


@pytest.mark.parametrize("raw", HIDDEN.values(), ids=HIDDEN.keys())
def test_what_is_hidden_is_read(raw: bytes) -> None:
    assert MARKER in visible(raw)


def test_most_of_it_would_escape_a_search_of_the_bytes() -> None:
    found = [name for name, raw in HIDDEN.items() if M in raw]
    assert len(HIDDEN) >= 60
    assert len(found) < len(HIDDEN) * 0.55


NOT_THERE = {
    "partial": b"Content-Type: message/partial; id=a; number=1; total=2\r\n\r\nSubject: x\r\n\r\nx",
    "external": b"Content-Type: message/external-body; access-type=URL; URL=x\r\n\r\n\r\n",
}


@pytest.mark.parametrize("raw", NOT_THERE.values(), ids=NOT_THERE.keys())
def test_what_is_elsewhere_is_not_read(raw: bytes) -> None:
    content = read(HEAD + raw)
    assert states(content) == {State.UNSCANNABLE}


def test_a_file_in_binhex_is_not_read_wherever_it_stands() -> None:
    told = b"(This file must be converted with BinHex 4.0)\r\n"
    assert states(read(body(b"See below.\r\n" * 900 + told + b":" + b"$f*TEQKPH#" * 9 + b":\r\n")))
    assert not read(body(b"It says: " + told + b"What is that?\r\n")).unread


ENCRYPTED = {
    "pgp in the text": body(b"-----BEGIN PGP MESSAGE-----\r\n\r\nhQEM\r\n"),
    "pgp/mime": HEAD + b"Content-Type: multipart/encrypted; boundary=bb\r\n\r\n"
    + part(b"Version: 1", "Content-Type: application/pgp-encrypted") + b"--bb--\r\n",
    "smime": body(
        base64.encodebytes(files.cms(3, b"x")), "Content-Type: application/pkcs7-mime",
        "Content-Transfer-Encoding: base64",
    ),
}  # fmt: skip


@pytest.mark.parametrize("raw", ENCRYPTED.values(), ids=ENCRYPTED.keys())
def test_what_is_encrypted_is_called_so(raw: bytes) -> None:
    content = read(raw)
    assert State.ENCRYPTED in states(content)
    assert content.unread


ORDINARY = {
    "text": body(b"Dear Jo,\r\n\r\nsee you on Tuesday.\r\n"),
    "alternative": ALTERNATIVE + part(b"hello") + part(b"<p>hello</p>", HTML) + b"--bb--\r\n",
    "picture": MIXED + part(b"hi") + part(
        base64.encodebytes(files.png()), "Content-Type: image/png; name=a.png",
        "Content-Transfer-Encoding: base64",
    ) + b"--bb--\r\n",
    "8bit": body("caf\xe9".encode(), "Content-Type: text/plain; charset=utf-8"),
    "empty": body(b""),
}  # fmt: skip


@pytest.mark.parametrize("raw", ORDINARY.values(), ids=ORDINARY.keys())
def test_ordinary_mail_is_read_to_the_end(raw: bytes) -> None:
    assert not read(raw).unread


def test_a_text_is_kept_once_for_each_place() -> None:
    content = read(ALTERNATIVE + part(b"hello") + part(b"<p>hello</p>", HTML) + b"--bb--\r\n")
    assert [(one.where, one.part, one.text) for one in content.passages] == [
        (Where.BODY, 1, "hello"),
        (Where.BODY, 2, "hello"),
    ]


def test_what_hides_between_digits_is_left_out_of_what_is_shown() -> None:
    text = said(read(HIDDEN["html noise hidden between"]))
    assert "943 476 5919" in text
    assert "940 03 476 5919" in text


@pytest.mark.parametrize("marks", [">", "> ", ">> ", "> > ", "> >> > ", "> > > > > > "])
def test_a_number_that_goes_over_lines_of_an_older_mail_is_one(marks: str) -> None:
    text = f"{marks}Her NHS number is 943\r\n{marks}476 5919 as you know\r\n".encode()
    found = scan(said(read(body(text))), (DETECTORS["nhs_number"],))
    assert [one.detector for one in found] == ["nhs_number"]


def test_text_in_an_attached_mail_is_an_attachment() -> None:
    content = read(HIDDEN["attached mail"])
    assert MARKER in "".join(content.texts(Where.ATTACHMENT))
    assert MARKER not in "".join(content.texts(Where.BODY))


def test_an_odd_text_is_a_text_and_random_bytes_are_none() -> None:
    bells = body(b"page\x0cpage\r\nbell\x07 back\x08\x0b\x1b[1m\r\n\x01\x02\x1a\x1c\x1f\x7f " + M)
    assert states(read(bells)) == set()
    assert MARKER in said(read(bells))
    assert states(read(body(b"x" * 998 + b"\r\n" + b"y" * 998 + b"\r\n"))) == set()
    assert states(read(body(bytes(range(128, 256)) * 8 + b"\0\1\2\3"))) == {State.UNSCANNABLE}
