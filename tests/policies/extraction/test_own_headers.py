"""What stands in a mail's own header is searched as its text is; what programs write is not."""

import pytest

from policies.detectors import DETECTORS
from policies.detectors.groups import members
from policies.detectors.scan import scan
from policies.extraction.mail import extract
from policies.message.mime import outline
from tests.golden.everyday_mails import everyday_mails
from tests.golden.ordinary_mails import ordinary_mails

NUMBERS = tuple(DETECTORS[name] for name in members("identifiers", DETECTORS))
HEAD = b"From: a@b.example\r\nTo: c@d.example\r\nSubject: hello\r\nMessage-ID: <1@b>\r\n"
SAID = (
    'To: "NHS 943 476 5919" <c@d.example>',
    "To: Jake Thornton 9434765919 <c@d.example>",
    "To: c@d.example (943 476 5919)",
    "Cc: Mrs Khan dob 12/03/2014 <c@d.example>, e@f.example",
    "Cc: =?utf-8?B?TkhTIDk0MyA0NzYgNTkxOQ==?= <c@d.example>",
    "Cc: =?utf-8?Q?=EF=BC=99=EF=BC=94=EF=BC=93_476_5919?= <c@d.example>",
    "Cc: Patients 943 476 5919: c@d.example, e@f.example;",
    "Cc: " + "".join(f"p{n}@d.example, " for n in range(900)) + "NHS 943 476 5919 <c@d.example>",
    'Reply-To: "QQ 12 34 56 C / JS 76 29 51 B" <c@d.example>',
    "Sender: JS 76 29 51 B <c@d.example>",
    "Resent-To: NHS 9434765919 <c@d.example>",
    "Disposition-Notification-To: NHS 9434765919 <c@d.example>",
    "X-Note: 943 476 5919",
    "X-Patient: 9434765919",
    "X-NHS-Number: 9434765919",
    "X-Anything-At-All: her NI number is JS762951B",
    "Organization: NHS no 943 476 5919",
    "Importance: high for 943 476 5919",
    "Summary: =?utf-8?Q?NHS=20943=20476=205919?=",
    "X-MS-Exchange-Note: NHS 943 476 5919",
    "X-MS-Note: 943 476 5919",
    "X-Mailer: for patient NHS number 9434765919",
    "List-Owner: about NHS no. 9434765919",
    "X-Case-Id: NHS 9434765919",
)
NOT_SAID = (
    "Message-ID: <9434765919@mail.example>",
    "References: <9434765919@mail.example> <4010232137@mail.example>",
    "Received: from mx.nhs.example by mx id 9434765919; Mon, 16 Nov 2026 09:30:00 +0000 (GMT)",
    "DKIM-Signature: v=1; s=s1; t=9434765919;\r\n\tbh=47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3=",
    "ARC-Seal: i=1; a=rsa-sha256; t=9434765919; cv=none; d=microsoft.com; s=arcselector10001",
    "X-MS-Exchange-CrossTenant-Network-Message-Id: 94347659-1940-4010-2321-379434765919",
    "X-MS-Exchange-CrossTenant-OriginalArrivalTime: 16 Nov 2026 09:30:00.9434 (UTC)",
    "X-Microsoft-Antispam-Message-Info: 9434765919",
    "List-Unsubscribe: <https://news.example/u/9434765919>, <mailto:9434765919@news.example>",
    "Feedback-ID: 9434765919:news:4010232137",
    "To: 9434765919@d.example",
    'To: "9434765919@d.example" <9434765919@d.example>',
    "Cc: <9434765919@d.example>, x.4010232137@e.example",
    "Thread-Index: AQHZ9434765919==",
    "X-Request-Id: 9434765919",
    "X-Trace: 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    "X-Blob: dzdVyOfAKCdLXdJOc9G2q8LoXSlEniSb9434765919av",
)  # fmt: skip


def found(mail: bytes) -> list[str]:
    passages = extract(outline([mail]), [mail]).passages
    return [one.detector for passage in passages for one in scan(passage.text, NUMBERS)]


@pytest.mark.parametrize("header", SAID)
def test_what_people_write_in_a_header_is_searched(header: str) -> None:
    assert found(HEAD + header.encode() + b"\r\n\r\nhello\r\n")


@pytest.mark.parametrize("header", NOT_SAID)
def test_what_programs_write_there_is_nothing(header: str) -> None:
    assert found(HEAD + header.encode() + b"\r\n\r\nhello\r\n") == []


@pytest.mark.parametrize(
    "header",
    [
        "X-Note: NHS 943 476 5919",
        "Content-Description: 943 476 5919",
        "Subject: NHS 943 476 5919",  # shown instead of the mail's own (RFC 9788)
        "Thread-Topic: =?utf-8?Q?NHS_943_476_5919?=",
    ],
)
def test_the_header_of_a_part_is_searched_too(header: str) -> None:
    part = f"--b\r\nContent-Type: text/plain\r\n{header}\r\n\r\nhello\r\n--b--\r\n"
    assert found(HEAD + b"Content-Type: multipart/mixed; boundary=b\r\n\r\n" + part.encode())


def test_the_headers_of_ordinary_mails_hold_nothing() -> None:
    mails = [*(mail for _, _, mail in everyday_mails()), *(mail for _, mail in ordinary_mails())]
    for mail in mails[::3]:
        head = mail.partition(b"\r\n\r\n")[0]
        kept = [line for line in head.split(b"\r\n") if not line.lower().startswith(b"content-")]
        assert found(b"\r\n".join([*kept, b"", b"hello", b""])) == []
