"""How mail programs write a letter: their headers, their structure, their encodings.

The shapes are those that the programs are known for; ids, hosts and boundaries are invented.
"""

import base64
import quopri
from collections.abc import Callable
from dataclasses import dataclass, field
from email.header import Header

from tests.golden.mails.writing import CRLF, base64_lines, lines, multipart, part
from tests.golden.ordinary.attachments import File, gif

Shape = Callable[["Client", "Letter"], tuple[bytes, bytes]]


@dataclass(frozen=True)
class Letter:
    """What somebody wants to say. `number` makes ids and boundaries its own."""

    number: int
    subject: str
    text: str
    files: tuple[File, ...] = ()


@dataclass(frozen=True)
class Client:
    """A mail program: its extra headers, its boundaries, charset, encoding and page."""

    name: str
    headers: tuple[str, ...]
    shape: Shape
    boundary: str = "=_part_{n}"
    charset: str = "utf-8"
    encoding: str = "quoted-printable"
    page: str = "<html><body>{body}</body></html>"
    message_id: str = "<{n}.mail@council.example>"
    extra: dict[str, str] = field(default_factory=dict)

    def write(self, letter: Letter) -> bytes:
        """The whole mail."""
        content, body = self.shape(self, letter)
        usual = [
            "From: Ceri Vaughan <ceri.vaughan@council.example>",
            "To: Sam Okafor <sam@partner.example>",
            f"Subject: {_encoded('Subject', letter.subject, self.charset)}",
            f"Date: Mon, 16 Nov 2026 09:{letter.number % 60:02}:00 +0000",
            f"Message-ID: {self.message_id.format(n=letter.number)}",
            "MIME-Version: 1.0",
            *(header.format(n=letter.number) for header in self.headers),
        ]
        return lines(*(line.encode() for line in usual)) + content + CRLF + body

    def text(self, text: str, kind: str = "plain", *more: str) -> bytes:
        """A part of text with its headers."""
        head, body = self.coded(text, kind, *more)
        return head + CRLF + body

    def coded(self, text: str, kind: str = "plain", *more: str) -> tuple[bytes, bytes]:
        """The content headers and the body of a text, in this program's charset and encoding."""
        raw, charset = _in_charset(text, self.charset)
        raw = raw.replace(b"\r\n", b"\n").replace(b"\n", CRLF)
        if self.encoding == "base64":
            body = base64_lines(raw)
        elif self.encoding == "quoted-printable":
            body = quopri.encodestring(raw.replace(CRLF, b"\n")).replace(b"\n", CRLF)
        else:
            body = raw
        encoding = self.encoding
        if encoding in ("7bit", "8bit"):
            encoding = "7bit" if raw.isascii() else "8bit"
        declared = (f"Content-Type: text/{kind}; charset={charset}", f"Content-Transfer-Encoding: {encoding}", *more)
        return lines(*(line.encode() for line in declared)), body + CRLF

    def html(self, text: str, kind: str = "html") -> bytes:
        """The same text as a page."""
        return self.text(self.as_page(text), kind)

    def as_page(self, text: str) -> str:
        """The text in this program's page."""
        body = "".join(f"<p>{line}</p>\n" if line else "<p>&nbsp;</p>\n" for line in text.replace("&", "&amp;").split("\n"))
        return self.page.replace("{body}", body)

    def edge(self, letter: Letter, level: str) -> bytes:
        """A boundary of this program's pattern."""
        return (self.boundary.format(n=f"{letter.number:06}") + level).encode()

    def multi(self, letter: Letter, subtype: str, level: str, *parts: bytes, more: str = "") -> tuple[bytes, bytes]:
        """A multipart: its content header and its body."""
        edge = self.edge(letter, level)
        head = lines(b"Content-Type: multipart/" + subtype.encode() + b";\r\n boundary=\"" + edge + b'"' + more.encode())
        return head, multipart(edge, *parts)


def _in_charset(text: str, charset: str) -> tuple[bytes, str]:
    try:
        return text.encode(charset), charset
    except UnicodeEncodeError:
        return text.encode(), "utf-8"


def _encoded(header: str, text: str, charset: str) -> str:
    return text if text.isascii() else Header(text, _in_charset(text, charset)[1], header_name=header).encode(linesep="\r\n")


def attached(file: File, disposition: str = "attachment", *more: str) -> bytes:
    """A file as a part in base64."""
    head = (f'Content-Type: {file.kind}; name="{file.name}"', "Content-Transfer-Encoding: base64", f'Content-Disposition: {disposition}; filename="{file.name}"', *more)
    return part(*(line.encode() for line in head), body=base64_lines(file.content))


def _joined(both: tuple[bytes, bytes]) -> bytes:
    return both[0] + CRLF + both[1]


def plain(client: Client, letter: Letter) -> tuple[bytes, bytes]:
    """Text alone, or text and files."""
    if not letter.files:
        return client.coded(letter.text)
    return client.multi(letter, "mixed", "m", client.text(letter.text), *map(attached, letter.files))


def page_alone(client: Client, letter: Letter) -> tuple[bytes, bytes]:
    """A page without a plain text beside it."""
    if not letter.files:
        return client.coded(client.as_page(letter.text), "html")
    return client.multi(letter, "mixed", "m", client.html(letter.text), *map(attached, letter.files))


def both(client: Client, letter: Letter) -> tuple[bytes, bytes]:
    """Plain text and page as alternatives; files round them."""
    two = client.multi(letter, "alternative", "a", client.text(letter.text), client.html(letter.text))
    if not letter.files:
        return two
    return client.multi(letter, "mixed", "m", _joined(two), *map(attached, letter.files))


def with_logo(client: Client, letter: Letter) -> tuple[bytes, bytes]:
    """Alternatives inside a related set with a picture of the signature."""
    two = client.multi(letter, "alternative", "a", client.text(letter.text), client.html(letter.text + '\n<img src="cid:image001.gif@01D9">'))
    logo = attached(File("image001.gif", "image/gif", gif()), "inline", "Content-ID: <image001.gif@01D9>")
    related = client.multi(letter, "related", "r", _joined(two), logo, more=';\r\n type="multipart/alternative"')
    if not letter.files:
        return related
    return client.multi(letter, "mixed", "m", _joined(related), *map(attached, letter.files))


def apple(client: Client, letter: Letter) -> tuple[bytes, bytes]:
    """Plain text, and a mixed set of page and inline files as the alternative."""
    inner = client.multi(letter, "mixed", "m", client.html(letter.text), *(attached(one, "inline") for one in letter.files), client.html(""))
    return client.multi(letter, "alternative", "a", client.text(letter.text, "plain"), _joined(inner))


def invitation(client: Client, letter: Letter) -> tuple[bytes, bytes]:
    """A meeting: text, page and calendar as alternatives."""
    event = f"BEGIN:VCALENDAR\nPRODID:-//Council//Calendar//EN\nVERSION:2.0\nMETHOD:REQUEST\nBEGIN:VEVENT\nUID:{letter.number}-meeting@council.example\nDTSTART:20261120T100000Z\nDTEND:20261120T110000Z\nSUMMARY:{letter.subject}\nLOCATION:Committee Room 2\nEND:VEVENT\nEND:VCALENDAR\n"
    return client.multi(letter, "alternative", "a", client.text(letter.text), client.html(letter.text), client.text(event, "calendar; method=REQUEST"))


def forwarded(client: Client, letter: Letter) -> tuple[bytes, bytes]:
    """A note and the forwarded mail as an attached message."""
    inner = lines(b"From: Pat Jones <pat@partner.example>", b"Subject: Papers", b"Date: Fri, 13 Nov 2026 15:00:00 +0000", b"MIME-Version: 1.0")
    head, body = client.coded(letter.text)
    return client.multi(letter, "mixed", "m", client.text("For your information.\n"), part(b"Content-Type: message/rfc822", b"Content-Disposition: attachment", body=inner + head + CRLF + body))


def receipt(client: Client, letter: Letter) -> tuple[bytes, bytes]:
    """A read receipt (RFC 8098)."""
    note = part(b"Content-Type: message/disposition-notification", body=lines(b"Reporting-UA: council.example; Mail", b"Final-Recipient: rfc822; ceri.vaughan@council.example", b"Disposition: manual-action/MDN-sent-manually; displayed"))
    return client.multi(letter, "report", "r", client.text("Your message was read.\n"), note, more=";\r\n report-type=disposition-notification")


def signed(client: Client, letter: Letter) -> tuple[bytes, bytes]:
    """Text with a signature in S/MIME (RFC 8551)."""
    proof = File("smime.p7s", "application/pkcs7-signature", base64.b64decode(PROOF))
    return client.multi(letter, "signed", "s", client.text(letter.text), attached(proof), more=';\r\n protocol="application/pkcs7-signature"; micalg=sha-256')


# A detached signature over another text, by a certificate that signed itself.
PROOF = (
    "MIICtwYJKoZIhvcNAQcCoIICqDCCAqQCAQExDzANBglghkgBZQMEAgEFADALBgkqhkiG9w0BBwGgggE+MIIBOjCB4aADAgEC"
    "AgEBMAoGCCqGSM49BAMCMCcxJTAjBgNVBAMMHGNlcmkudmF1Z2hhbkBjb3VuY2lsLmV4YW1wbGUwHhcNMjYwMTAxMDAwMDAw"
    "WhcNMjgwMTAxMDAwMDAwWjAnMSUwIwYDVQQDDBxjZXJpLnZhdWdoYW5AY291bmNpbC5leGFtcGxlMFkwEwYHKoZIzj0CAQYI"
    "KoZIzj0DAQcDQgAE4bO4yi/VKSsgysf7kJbreHlWRlDcdJlaMKcrdaUFHiR6gW8HFOgqihkeFUCyr/mhs3hC4A1GC/Kz+Gvr"
    "cWhxCTAKBggqhkjOPQQDAgNIADBFAiEA/eS/GUoEGtn6nmShbd1F5KY6c5X862qT6TmPvew+62kCIELmMcIKjvwoPvpv8gSt"
    "5CI99eLhyDi7N+2V3n4mxIeBMYIBPTCCATkCAQEwLDAnMSUwIwYDVQQDDBxjZXJpLnZhdWdoYW5AY291bmNpbC5leGFtcGxl"
    "AgEBMA0GCWCGSAFlAwQCAQUAoIGhMBgGCSqGSIb3DQEJAzELBgkqhkiG9w0BBwEwHAYJKoZIhvcNAQkFMQ8XDTI2MTEyMjA1"
    "NTkwMlowLwYJKoZIhvcNAQkEMSIEIJgtnj65lvVZ5jP00ZTe83YdkJ9aO2R9GoUf6tZ8MsnRMDYGCSqGSIb3DQEJDzEpMCcw"
    "CwYJYIZIAWUDBAEqMAsGCWCGSAFlAwQBFjALBglghkgBZQMEAQIwCgYIKoZIzj0EAwIERzBFAiApGpUNAO6HZo3E0oc4WQgu"
    "ecOKnrCbEPoTk4BGdNRdJwIhAKjiW+5JeUYevxQQgNDEREIcTifUj/ns9NeXoIUaDqsz"
)
OFFICE = '<html xmlns:v="urn:schemas-microsoft-com:vml" xmlns:o="urn:schemas-microsoft-com:office:office" xmlns:w="urn:schemas-microsoft-com:office:word" xmlns="http://www.w3.org/TR/REC-html40">\n<head><meta http-equiv="Content-Type" content="text/html; charset=utf-8"><meta name="Generator" content="Microsoft Word 15 (filtered medium)"><!--[if !mso]><style>v\\:* {behavior:url(#default#VML);}</style><![endif]--><style><!--\n/* Font Definitions */\n@font-face{font-family:"Cambria Math";panose-1:2 4 5 3 5 4 6 3 2 4;}\np.MsoNormal{margin:0cm;font-size:11.0pt;font-family:"Calibri",sans-serif;}\n--></style><!--[if gte mso 9]><xml><o:shapedefaults v:ext="edit" spidmax="1026" /></xml><![endif]--></head>\n<body lang="EN-GB" link="#0563C1"><div class="WordSection1">{body}</div></body></html>\n'
NEWS = '<!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.0 Transitional//EN" "http://www.w3.org/TR/xhtml1/DTD/xhtml1-transitional.dtd"><html><head><style>@media only screen and (max-width:480px){table{width:100%!important}}</style></head><body><div style="display:none;max-height:0">News from the council</div><table width="600" cellpadding="0"><tr><td style="padding:18px">{body}</td></tr></table><img src="https://news.council.example/o/1.gif" width="1" height="1" alt=""></body></html>\n'
OUTLOOK = ("Thread-Index: AdmX{n}QkJCQkJCQkJCQkJCQkI=", "Accept-Language: en-GB, en-US", "Content-Language: en-GB", "X-MS-Has-Attach:", "X-MS-TNEF-Correlator:")

CLIENTS = (
    Client("outlook-desktop", OUTLOOK, with_logo, "_004_AS8PR09MB{n}eurp_", page=OFFICE, message_id="<AS8PR09MB{n}@AS8PR09MB.eurprd09.prod.outlook.com>"),
    Client("outlook-web", OUTLOOK, both, "_000_LO0P265MB{n}GBRP_", encoding="base64", page=OFFICE),
    Client("outlook-windows-1252", (*OUTLOOK, "X-Mailer: Microsoft Outlook 16.0"), both, "----=_NextPart_000_{n}_01DA17", "windows-1252", page=OFFICE),
    Client("outlook-plain", ("X-Mailer: Microsoft Outlook 14.0",), plain, "----=_NextPart_000_{n}", "us-ascii", "7bit"),
    Client("outlook-invitation", (*OUTLOOK, "Content-Class: urn:content-classes:calendarmessage"), invitation, "_000_M{n}_", encoding="base64", page=OFFICE),
    Client("outlook-read-receipt", OUTLOOK, receipt, "_000_R{n}_", encoding="base64"),
    Client("apple-mail", ("X-Mailer: Apple Mail (2.3774.300.61.1.2)", "X-Uniform-Type-Identifier: com.apple.mail-draft"), apple, "Apple-Mail=_{n}-A1B2", page="<html><head><meta http-equiv=\"content-type\" content=\"text/html; charset=utf-8\"></head><body style=\"overflow-wrap: break-word;\">{body}</body></html>"),
    Client("iphone", ("X-Mailer: iPhone Mail (21G93)",), apple, "Apple-Mail-{n}", encoding="base64"),
    Client("thunderbird", ("User-Agent: Mozilla Thunderbird", "Content-Language: en-GB"), both, "------------{n}abcDEF", encoding="8bit", page="<!DOCTYPE html>\n<html><head><meta http-equiv=\"content-type\" content=\"text/html; charset=UTF-8\"></head><body>{body}</body></html>"),
    Client("thunderbird-plain", ("User-Agent: Mozilla Thunderbird", "Content-Language: en-US", "X-Enigmail-Draft-Status: N"), plain, "------------{n}abcDEF", encoding="8bit"),
    Client("thunderbird-signed", ("User-Agent: Mozilla Thunderbird",), signed, "------------ms{n}", encoding="7bit"),
    Client("gmail-web", ("X-Gm-Message-State: AOJu0Yx{n}",), both, "000000000000{n}", page='<div dir="ltr">{body}</div>', message_id="<CAF{n}=abc@mail.gmail.com>"),
    Client("android", ("X-Mailer: Android Email",), both, "--_com.samsung.android.email_{n}", encoding="base64"),
    Client("evolution", ("User-Agent: Evolution 3.46.4-2",), plain, "=-{n}", encoding="7bit"),
    Client("roundcube", ("User-Agent: Roundcube Webmail/1.6.5", "X-Sender: ceri.vaughan@council.example"), both, "=_{n}", encoding="7bit"),
    Client("zimbra", ("X-Originating-IP: [192.0.2.7]", "X-Mailer: Zimbra 9.0.0_GA", "Thread-Index: {n}==", "Thread-Topic: Papers"), both, "=_{n}-zim"),
    Client("notes", ("X-Mailer: HCL Notes Release 12.0.2", "X-MIMETrack: Serialize by Notes Client"), with_logo, "=_related {n} ", "iso-8859-1"),
    Client("groupwise", ("X-Mailer: Novell GroupWise Internet Agent 18.4",), plain, "____{n}____", "iso-8859-15"),
    Client("mutt", ("User-Agent: Mutt/2.2.12", "Content-Disposition: inline"), plain, "mutt{n}", encoding="8bit"),
    Client("web-form", ("X-Mailer: PHP/8.2.7", "X-PHP-Originating-Script: 33:form.php"), page_alone, "b1_{n}", encoding="8bit"),
    Client("newsletter", ("List-Unsubscribe: <https://news.council.example/u/{n}>", "List-Unsubscribe-Post: List-Unsubscribe=One-Click", "Precedence: bulk", "Feedback-ID: {n}:news"), both, "_----------={n}", page=NEWS),
    Client("case-system", ("X-Mailer: JavaMail", "Auto-Submitted: auto-generated"), page_alone, "----=_Part_0_{n}.17", encoding="base64"),
    Client("scanner", ("X-Mailer: KONICA MINOLTA bizhub C368",), plain, "KONICA_{n}", "iso-8859-1", "7bit"),
    Client("dotnet", ("X-Mailer: System.Net.Mail",), both, "--boundary_{n}_", encoding="base64"),
    Client("forwarded", ("User-Agent: Mozilla Thunderbird",), forwarded, "------------fw{n}", encoding="7bit"),
)
