"""Hands that write a letter: as plain text, as a page of Outlook, in tables, answering, inviting.

A letter is written in few marks: `# ` before a heading, `- ` before an item, `| ` around the cells of a table,
`[image: ...]` for a picture with the words that stand for it.
"""

import quopri
import re
from collections.abc import Callable
from dataclasses import dataclass
from html import escape

from tests.golden.mails.writing import CRLF, base64_lines, lines, multipart
from tests.golden.ordinary.attachments import gif

_PEOPLE = {
    "council": "Hannah Stubbs <hannah.stubbs@council.example>",
    "school": "Ruth Ampofo <r.ampofo@school.example>",
    "surgery": '"Tait, Gemma (VALLEY HEALTH CENTRE)" <gemma.tait@surgery.example>',
    "charity": "Carla Mendes <carla.mendes@harbourlight.example>",
}
_CELLS = re.compile(r" *\| *")


@dataclass(frozen=True)
class Letter:
    """What somebody wants to say, and what stands below and before it."""

    number: int
    sector: str
    subject: str
    text: str
    signature: str
    notice: str
    before: str


def plain(letter: Letter) -> bytes:
    """Text alone, with a signature and perhaps a notice."""
    return _mail(letter, _text(_written(letter.text, letter.signature, letter.notice)), "Thunderbird 128")


def flowed(letter: Letter) -> bytes:
    """Text whose long lines are cut in two, the signature after two hyphens (RFC 3676)."""
    said = "\r\n".join(_flowing(_plain(letter.text + "\n\n-- \n" + letter.signature).replace("\r\n", "\n").split("\n")))
    return _mail(letter, (b"text/plain; charset=utf-8; format=flowed", b"8bit", said.encode()), "Apple Mail")


def outlook(letter: Letter) -> bytes:
    """Text and page, the signature a table with pictures, the notice in small print."""
    page = OFFICE.format(body=_page(letter.text, "p class=MsoNormal") + _table(letter.signature) + _small(letter.notice))
    return _both(letter, _written(letter.text, letter.signature, letter.notice), page)


def bulletin(letter: Letter) -> bytes:
    """A newsletter: a page made of tables, with a banner and buttons."""
    banner = f'<tr><td bgcolor="#003366"><img src="https://news.example/banner.png" alt="{escape(letter.subject)}" width="600"></td></tr>'
    body = f'<tr><td style="padding:18px">{_page(letter.text, "div")}</td></tr>'
    foot = f"<tr><td>{_page(letter.signature, 'div')}</td></tr><tr><td>{_small(letter.notice)}<a href='https://news.example/u/{letter.number}'>Unsubscribe</a></td></tr>"
    page = f"<!DOCTYPE html><html><head><title>{escape(letter.subject)}</title></head><body><div style='display:none'>{escape(letter.text[:90])}</div><table width=600>{banner}{body}{foot}</table></body></html>"
    return _mail(letter, (b"text/html; charset=utf-8", b"quoted-printable", page.encode()), "Bulletin 4")


def answer(letter: Letter) -> bytes:
    """An answer above the mail it answers, quoted by marks."""
    quoted = "\r\n".join("> " + line for line in letter.before.split("\n"))
    said = _written(letter.text, letter.signature) + "\r\n\r\nOn Fri, 13 Nov 2026 at 15:04, Tom Fairlie <tom@partner.example> wrote:\r\n" + quoted
    return _mail(letter, _text(said), "Thunderbird 128", "Re: ")


def thread(letter: Letter) -> bytes:
    """An answer in Outlook, the mail before it under its headers, its signature and its notice."""
    head = "<div style='border:none;border-top:solid #E1E1E1 1.0pt'><p class=MsoNormal><b>From:</b> Tom Fairlie &lt;tom@partner.example&gt;<br><b>Sent:</b> 13 November 2026 15:04<br><b>To:</b> " + escape(_PEOPLE[letter.sector]) + "<br><b>Subject:</b> " + escape(letter.subject) + "</p></div>"
    page = OFFICE.format(body=_page(letter.text, "p class=MsoNormal") + _table(letter.signature) + _small(letter.notice) + head + _page(letter.before, "p class=MsoNormal"))
    said = _written(letter.text, letter.signature, letter.notice) + "\r\n\r\nFrom: Tom Fairlie <tom@partner.example>\r\nSent: 13 November 2026 15:04\r\nSubject: " + letter.subject + "\r\n\r\n" + _plain(letter.before)
    return _both(letter, said, page, "RE: ")


def invitation(letter: Letter) -> bytes:
    """A meeting: text, page and calendar."""
    said = _written(letter.text, letter.signature)
    event = "\r\n".join((
        "BEGIN:VCALENDAR", "METHOD:REQUEST", "PRODID:Microsoft Exchange Server 2010", "VERSION:2.0", "BEGIN:VEVENT",
        f"ORGANIZER;CN={_PEOPLE[letter.sector].split(' <')[0]}:mailto:organizer@{letter.sector}.example",
        "ATTENDEE;ROLE=REQ-PARTICIPANT;PARTSTAT=NEEDS-ACTION;RSVP=TRUE;CN=Tom Fairlie:mailto:tom@partner.example",
        "DESCRIPTION;LANGUAGE=en-GB:" + said.replace("\r\n", "\n").replace("\n", "\\n").replace(",", "\\,").replace(";", "\\;"),
        f"UID:040000008200E00074C5B7101A82E008000000004010232137{letter.number:06}0000000000010000000",
        f"SUMMARY;LANGUAGE=en-GB:{letter.subject}", "DTSTART;TZID=GMT Standard Time:20261124T140000",
        "DTEND;TZID=GMT Standard Time:20261124T150000", "CLASS:PUBLIC", "PRIORITY:5", "DTSTAMP:20261116T091200Z",
        "STATUS:CONFIRMED", "SEQUENCE:0", "LOCATION;LANGUAGE=en-GB:Microsoft Teams Meeting", "X-MICROSOFT-CDO-APPT-SEQUENCE:0",
        f"X-MICROSOFT-CDO-OWNERAPPTID:21{letter.number:08}", "BEGIN:VALARM", "DESCRIPTION:REMINDER", "TRIGGER;RELATED=START:-PT15M",
        "ACTION:DISPLAY", "END:VALARM", "END:VEVENT", "END:VCALENDAR", "",
    ))  # fmt: skip
    page = OFFICE.format(body=_page(letter.text, "p class=MsoNormal") + TEAMS)
    inner = multipart(b"_000_both", _part(_text(said)), _part((b"text/html; charset=utf-8", b"base64", page.encode())), _part((b"text/calendar; charset=utf-8; method=REQUEST", b"base64", event.encode())))
    return _head(letter, "Microsoft Outlook 16.0") + b'Content-Type: multipart/alternative;\r\n\tboundary="_000_both"' + CRLF + CRLF + inner


HANDS: tuple[Callable[[Letter], bytes], ...] = (plain, outlook, bulletin, answer, thread, flowed, invitation)

OFFICE = '<html xmlns:o="urn:schemas-microsoft-com:office:office" xmlns="http://www.w3.org/TR/REC-html40">\n<head><meta http-equiv="Content-Type" content="text/html; charset=utf-8"><style><!--\np.MsoNormal{{margin:0cm;font-size:11.0pt;font-family:"Calibri",sans-serif;}}\n--></style></head>\n<body lang="EN-GB" link="#0563C1"><div class="WordSection1">{body}</div></body></html>\n'
TEAMS = "<p>________________________________</p><p><b>Microsoft Teams</b> <a href='https://teams.example/l/meetup-join/19%3ameeting_NzY3MTQ4'>Join the meeting now</a></p><p>Meeting ID: 372 140 998 213<br>Passcode: x7Kq2M</p><p>Dial in by phone +44 20 7946 0991,,401023213# United Kingdom, London<br>Phone conference ID: 401 023 213#</p>"


def _written(*pieces: str) -> str:
    return "\r\n\r\n".join(_plain(piece) for piece in pieces if piece)


def _plain(text: str) -> str:
    """Lines as somebody types them: headings underlined, columns apart."""
    typed: list[str] = []
    for line in text.split("\n"):
        if line.startswith("# "):
            typed += [line[2:], "-" * (len(line) - 2)]
        elif line.startswith("| "):
            typed.append("   ".join(f"{cell:<14}" for cell in _cells(line)).rstrip())
        elif not line.startswith("[image: "):
            typed.append(line)
    return "\r\n".join(typed)


def _flowing(rows: list[str]) -> list[str]:
    cut: list[str] = []
    for row in rows:
        left = row
        while len(left) > 72 and " " in left[:72]:
            at = left.rindex(" ", 0, 72)
            cut.append(left[: at + 1])
            left = left[at + 1 :]
        cut.append(left)
    return cut


def _page(text: str, paragraph: str) -> str:
    """The same as elements: headings, lists, tables, paragraphs."""
    made: list[str] = []
    rows: list[str] = []
    for line in [*text.split("\n"), ""]:
        if not line.startswith("| ") and rows:
            made.append("<table border=1 cellspacing=0>" + "".join(rows) + "</table>")
            rows = []
        if line.startswith("# "):
            made.append(f"<h2>{escape(line[2:])}</h2>")
        elif line.startswith("- "):
            made.append(f"<ul><li>{escape(line[2:])}</li></ul>")
        elif line.startswith("[image: "):
            made.append(f'<img width=120 src="cid:image001.gif@01D9" alt="{escape(line[8:-1])}">')
        elif line.startswith("| "):
            mark = "td" if rows else "th"
            rows.append("<tr>" + "".join(f"<{mark}><p>{escape(cell)}</p></{mark}>" for cell in _cells(line)) + "</tr>")
        elif line:
            made.append(f"<{paragraph}>{escape(line)}<o:p></o:p></{paragraph.split()[0]}>")
    return "\n".join(made)


def _table(signature: str) -> str:
    """A signature as organisations make them: a picture on the left, lines on the right."""
    said = [line for line in signature.split("\n") if not line.startswith("[image: ")]
    pictures = "".join(f'<img src="cid:image001.gif@01D9" alt="{escape(line[8:-1])}">' for line in signature.split("\n") if line.startswith("[image: "))
    spans = "<br>".join(f"<b>{escape(line)}</b>" if not at else f"<span style='color:#444'>{escape(line)}</span>" for at, line in enumerate(said))
    return f"<table cellpadding=0><tr><td valign=top>{pictures}</td><td>{spans}</td></tr></table>"


def _small(notice: str) -> str:
    return f"<p style='font-size:8pt;color:gray'><i>{escape(notice)}</i></p>" if notice else ""


def _cells(line: str) -> list[str]:
    return _CELLS.split(line.strip("| "))


def _text(said: str) -> tuple[bytes, bytes, bytes]:
    return b"text/plain; charset=utf-8", b"quoted-printable", said.encode()


def _both(letter: Letter, said: str, page: str, prefix: str = "") -> bytes:
    """Text and page as alternatives, with the signature's picture where the page shows one."""
    two = multipart(b"_000_both", _part(_text(said)), _part((b"text/html; charset=utf-8", b"quoted-printable", page.encode())))
    if "cid:" not in page:
        return _head(letter, "Microsoft Outlook 16.0", prefix) + b'Content-Type: multipart/alternative;\r\n\tboundary="_000_both"' + CRLF + CRLF + two
    inside = b'Content-Type: multipart/alternative; boundary="_000_both"' + CRLF + CRLF + two
    picture = lines(b'Content-Type: image/gif; name="image001.gif"', b"Content-Transfer-Encoding: base64", b"Content-ID: <image001.gif@01D9>", b'Content-Disposition: inline; filename="image001.gif"') + CRLF + base64_lines(gif())
    return _head(letter, "Microsoft Outlook 16.0", prefix) + b'Content-Type: multipart/related;\r\n\tboundary="_004_all"; type="multipart/alternative"' + CRLF + CRLF + multipart(b"_004_all", inside, picture)


def _part(content: tuple[bytes, bytes, bytes]) -> bytes:
    kind, encoding, said = content
    return lines(b"Content-Type: " + kind, b"Content-Transfer-Encoding: " + encoding) + CRLF + _coded(encoding, said) + CRLF


def _coded(encoding: bytes, said: bytes) -> bytes:
    if encoding == b"base64":
        return base64_lines(said)
    if encoding == b"quoted-printable":
        return quopri.encodestring(said.replace(CRLF, b"\n")).replace(b"\n", CRLF)
    return said


def _mail(letter: Letter, content: tuple[bytes, bytes, bytes], program: str, prefix: str = "") -> bytes:
    return _head(letter, program, prefix) + _part(content)


def _head(letter: Letter, program: str, prefix: str = "") -> bytes:
    subject = prefix + letter.subject
    if not subject.isascii():
        subject = "=?utf-8?Q?" + quopri.encodestring(subject.encode(), header=True).decode().replace("?", "=3F") + "?="
    return lines(
        b"From: " + _PEOPLE[letter.sector].encode(),
        b"To: Tom Fairlie <tom@partner.example>",
        b"Subject: " + subject.encode(),
        b"Thread-Topic: " + subject.encode(),
        f"Thread-Index: AdmXQkJCQkJCQkJC{letter.number:04}kJCQkI=".encode(),
        f"Date: Mon, 16 Nov 2026 09:{letter.number % 60:02}:00 +0000".encode(),
        f"Message-ID: <AS8PR09MB4010232137{letter.number:04}@AS8PR09MB.eurprd09.prod.outlook.com>".encode(),
        b"X-Mailer: " + program.encode(),
        b"X-MS-Exchange-Organization-AuthSource: LO0P265MB4010.GBRP265.PROD.OUTLOOK.COM",
        b"X-MS-Exchange-Organization-Network-Message-Id: 40102321-37ab-4857-7734-08dd05b40123",
        b"MIME-Version: 1.0",
    )
