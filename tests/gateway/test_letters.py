"""Letters, read back with the standard library as a recipient's mail client would."""

import email
import json
import re
import textwrap
from dataclasses import replace
from datetime import UTC, datetime
from email import policy
from email.header import decode_header, make_header
from email.message import EmailMessage
from html.parser import HTMLParser
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from gateway.notices import mime, wording
from gateway.notices.letters import LetterError, render
from gateway.notices.settings import NoticeSettings
from gateway.relay.content import measure
from policies.settings import OrganisationSettings
from vault.address import Address
from vault.sending.outbox import Item, Kind

ORGANISATION = OrganisationSettings(
    name="Example Council",
    domains=["example.gov.uk"],
    contact="Call 01234 567890.",
    public_url="https://secure.example.gov.uk",
)
SETTINGS = NoticeSettings()
PACKAGE = "abcdefghijklmnopqrstuvwxy2"
ROW = "q" * 26
PATHS = ("p", "sent", "held", "incident")
FIELDS = {
    Kind.NOTICE: {
        "reference": "7F3K-92QD",
        "package_id": PACKAGE,
        "author": "jane@example.gov.uk",
        "author_name": "Jane Smith",
        "expires_at": "2026-12-24T17:30:00+00:00",
        "not_before": "",
        "again": "",
    },
    Kind.REMINDER: {
        "reference": "7F3K-92QD",
        "package_id": PACKAGE,
        "author": "jane@example.gov.uk",
        "sealed_at": "2026-11-20T09:00:00+00:00",
        "expires_at": "2026-12-24T17:30:00+00:00",
        "not_before": "",
        "open_hours": "Mon-Fri 08:00-18:00 Europe/London",
    },
    Kind.REPORT: {
        "packages": json.dumps(
            [
                {
                    "package_id": PACKAGE,
                    "reference": "7F3K-92QD",
                    "sealed_at": "2026-11-20T09:00:00+00:00",
                    "expires_at": "2026-12-24T17:30:00+00:00",
                    "is_over": False,
                    "destroy_at": "",
                    "opened": 3,
                    "recipients": 6,
                    "unopened": ["bob@example.org", "cat@example.org"],
                    "undelivered": ["dan@example.org"],
                    "more": 0,
                },
            ]
        )
    },
    Kind.INCIDENT: {
        "reference": "7F3K-92QD",
        "package_id": PACKAGE,
        "owner": "jo@example.gov.uk",
        "deadline": "2026-11-05T09:00:00+00:00",
    },
    Kind.CODE: {"code": "12345678", "minutes": "10"},
    Kind.ACCESS_REQUEST: {
        "reference": "7F3K-92QD",
        "package_id": PACKAGE,
        "requester": "bob@example.org",
    },
    Kind.ACCESS_DECLINED: {"reference": "7F3K-92QD"},
    Kind.BOUNCE: {
        "reference": "7F3K-92QD",
        "recipient": "amy@example.org",
        "status": "5.1.1 No such user here",
        "what": "notice",
        "package_id": PACKAGE,
    },
    Kind.HELD: {
        "reference": "7F3K-92QD",
        "hold_id": PACKAGE,
        "recipients": "bob@example.org\ncat@example.org\ndan@example.org",
        "others": "2",
        "reasons": "The subject seems to contain an NHS number.\nThere are five recipients.",
        "expires_at": "2026-12-24T17:30:00+00:00",
        "approval": "yes",
    },
    Kind.APPROVAL: {
        "reference": "7F3K-92QD",
        "hold_id": PACKAGE,
        "owner": "jane@example.gov.uk",
        "expires_at": "2026-12-24T17:30:00+00:00",
    },
    Kind.WARNING: {
        "reference": "7F3K-92QD",
        "sentences": "The subject seems to contain an NHS number.\nCheck the address.",
        "rules": "warn-subject, warn-address",
    },
    Kind.SETTLED: {
        "reference": "7F3K-92QD",
        "hold_id": PACKAGE,
        "how": "refused",
        "answered": "yes",
    },
    Kind.POLICY: {
        "what": "refused",
        "why": "policy.yaml:4: rule 'x': unknown outcome 'refuze'\npolicy.yaml:9: a tab",
        "file": "/etc/sealgate/policy.yaml",
        "digest": "0123456789ab",
        "in_force": "ba9876543210",
    },
}
EXPECTED = [
    "From", "To", "Subject", "Date", "Message-ID", "Auto-Submitted", "X-Auto-Response-Suppress",
    "Content-Language", "MIME-Version", "Content-Type",
]  # fmt: skip
LINK = re.compile(r"://|\bwww\b|\b[\w-]+\.(?:uk|com|org|net|gov)\b", re.IGNORECASE)


def item(kind: Kind, to: str = "amy@example.org", **changes: str) -> Item:
    return Item(
        id=ROW,
        kind=kind,
        to=Address.parse(to),
        package_id=PACKAGE,
        attempts=1,
        queued_at=datetime(2026, 11, 21, 12, 0, 5, tzinfo=UTC),
        fields={**FIELDS[kind], **changes},
        return_path=None,
        prefix=b"",
        dropped=(),
        content=None,
        lease="",
    )


def parsed(raw: bytes) -> EmailMessage:
    mail = email.message_from_bytes(raw, policy=policy.default)
    assert isinstance(mail, EmailMessage)
    assert not mail.defects
    return mail


def letter(
    kind: Kind, organisation: OrganisationSettings = ORGANISATION, **changes: str
) -> EmailMessage:
    return parsed(render(item(kind, **changes), organisation, SETTINGS))


def body(mail: EmailMessage, shape: str) -> str:
    part = mail.get_body((shape,))
    assert part is not None
    text = part.get_content()
    assert isinstance(text, str)
    return text.replace("\r\n", "\n")


def display_name(mail: EmailMessage) -> str:
    """Decode the name in From; the newer parser of the library puts blanks between its words."""
    raw = email.message_from_bytes(mail.as_bytes(policy=policy.SMTP.clone(refold_source="none")))
    name = raw["From"].rpartition("<")[0].strip()
    plain = re.sub(r"\\(.)", r"\1", name[1:-1]) if name.startswith('"') else name
    return str(make_header(decode_header(plain)))


def flowing(mail: EmailMessage) -> str:
    return " ".join(body(mail, "plain").split())


class Tags(HTMLParser):
    """Collects tags, text and addresses of an HTML letter."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.links: list[str] = []
        self.text = ""
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.text += " "
        values = dict(attrs)
        assert not any(name.startswith("on") for name in values)
        self.links += [str(values[name]) for name in ("href", "src", "action") if name in values]

    def handle_data(self, data: str) -> None:
        self.text += data


@pytest.mark.parametrize("kind", FIELDS)
def test_the_header_is_exactly_this(kind: Kind) -> None:
    mail = letter(kind)
    assert mail.keys() == EXPECTED
    assert mail["To"] == "amy@example.org"
    assert mail["Date"] == "Sat, 21 Nov 2026 12:00:05 +0000"
    assert mail["Message-ID"] == f"<{ROW}@example.gov.uk>"
    assert mail["Auto-Submitted"] == ("auto-replied" if kind is Kind.BOUNCE else "auto-generated")
    assert mail["X-Auto-Response-Suppress"] == "OOF, AutoReply, RN, NRN"
    assert mail["Content-Language"] == "en-GB"
    assert mail["From"].addresses[0].addr_spec == "secure@example.gov.uk"


@pytest.mark.parametrize("kind", FIELDS)
def test_every_letter_is_text_and_html_for_any_server(kind: Kind) -> None:
    raw = render(item(kind), ORGANISATION, SETTINGS)
    assert not measure([raw]).eight_bit
    assert max(map(len, raw.split(b"\r\n"))) < 998
    mail = parsed(raw)
    readable = mail if kind is not Kind.BOUNCE else mail.get_payload(0)
    assert isinstance(readable, EmailMessage)
    assert [part.get_content_type() for part in readable.iter_parts()] == [
        "text/plain",
        "text/html",
    ]
    text = body(mail, "plain")
    assert max(len(line) for line in text.splitlines() if "://" not in line) < 76
    assert "Example Council" in text


@pytest.mark.parametrize("kind", FIELDS)
def test_html_is_accessible_and_fetches_nothing(kind: Kind) -> None:
    html = body(letter(kind), "html")
    assert html.startswith('<!doctype html>\n<html lang="en-GB"')
    page = Tags(html)
    assert page.tags.count("h1") == 1
    assert not {"img", "script", "link", "table", "iframe", "form", "input"} & set(page.tags)
    assert not re.search(r"url\(|@import", html)
    assert set(page.links) <= {
        f"https://secure.example.gov.uk/{where}/{PACKAGE}" for where in PATHS
    }


@pytest.mark.parametrize("kind", FIELDS)
def test_both_halves_say_the_same(kind: Kind) -> None:
    mail = letter(kind)
    html, text = (re.findall(r"[\w@.-]+", half.lower()) for half in (
        Tags(body(mail, "html")).text.rpartition("}\n}\n")[2], body(mail, "plain")))  # fmt: skip
    assert len(set(html) ^ set(text)) < 0.2 * len(set(text))


@pytest.mark.parametrize("kind", FIELDS)
def test_the_same_row_is_the_same_mail(kind: Kind) -> None:
    one, two = (render(item(kind), ORGANISATION, SETTINGS) for _ in range(2))
    assert one == two


def test_a_notice() -> None:
    mail = letter(Kind.NOTICE)
    assert mail["Subject"] == "Secure message from Example Council (7F3K-92QD)"
    assert mail["From"].addresses[0].display_name == "Jane Smith via Example Council"
    lines = body(mail, "plain").splitlines()
    link = f"https://secure.example.gov.uk/p/{PACKAGE}"
    assert link in lines
    assert len(link) < 120
    text = flowing(mail)
    assert "Jane Smith has sent you a secure message" in text
    assert "From: Jane Smith, jane@example.gov.uk" in text
    assert "5:30pm on Thursday 24 December 2026 (UK time)" in text
    assert "You will be asked for a code that we send to this address" in text
    assert "Give the one this mail was sent to: amy@example.org" in text
    assert "https://secure.example.gov.uk/" in text
    assert not re.search(r"urgent|immediately|expires? in|act now|verify your", text, re.IGNORECASE)


def test_a_notice_for_later_and_again() -> None:
    mail = letter(Kind.NOTICE, not_before="2026-07-01T08:00:00+00:00", expires_at="", again="yes")
    text = flowing(mail)
    assert "Open from: 9am on Wednesday 1 July 2026 (UK time)" in text
    assert "until" not in text
    assert "You have been given access to a secure message" in text


def test_a_reminder_has_the_style_of_a_notice() -> None:
    mail = letter(Kind.REMINDER)
    assert mail["Subject"] == "Reminder: Secure message from Example Council (7F3K-92QD)"
    text = flowing(mail)
    assert "A secure message from jane@example.gov.uk still waits for you" in text
    assert "Sent: 9am on Friday 20 November 2026 (UK time)" in text
    assert "Hours: Monday to Friday, 08:00 to 18:00 (UK time)" in text
    assert f"https://secure.example.gov.uk/p/{PACKAGE}" in text
    assert not re.search(r"urgent|immediately|expires? in|act now|verify your", text, re.IGNORECASE)


def test_a_report_says_who_has_not_opened_and_where_to_give_more_time() -> None:
    mail = letter(Kind.REPORT)
    assert mail["Subject"] == "Your secure message has not been opened by everybody (7F3K-92QD)"
    text = flowing(mail)
    assert "3 of 6 recipients have opened it" in text
    assert "- cat@example.org has not opened it" in text
    assert "- dan@example.org could not be told of it: the notice came back" in text
    assert "Open until: 5:30pm on Thursday 24 December 2026 (UK time)" in text
    assert f"https://secure.example.gov.uk/sent/{PACKAGE}" in text


def test_a_report_of_several_that_are_over() -> None:
    (one,) = json.loads(FIELDS[Kind.REPORT]["packages"])
    over = {**one, "is_over": True, "destroy_at": "2027-01-24T17:30:00+00:00", "opened": 1}
    alone = {**over, "opened": 0, "recipients": 1, "reference": "AAAA-BBBB"}
    mail = letter(Kind.REPORT, packages=json.dumps([over, alone]))
    assert mail["Subject"] == "2 secure messages have not been opened by everybody"
    text = flowing(mail)
    assert "1 of 6 recipients has opened it" in text
    assert "The recipient has not opened it" in text
    assert "Kept until: 5:30pm on Sunday 24 January 2027 (UK time)" in text
    assert "You can give more time:" in text


def test_who_comes_late_asks_for_more_time() -> None:
    mail = letter(Kind.ACCESS_REQUEST, expired_at="2026-11-20T09:00:00+00:00")
    assert mail["Subject"] == "Someone asks for more time for your secure message (7F3K-92QD)"
    text = flowing(mail)
    assert "the message expired at 9am on Friday 20 November 2026" in text
    assert "Give more time or decline here" in text


def test_a_code_has_digits_and_nothing_to_click() -> None:
    mail = letter(Kind.CODE)
    assert "1234" not in mail["Subject"]
    text, html = body(mail, "plain"), body(mail, "html")
    for half in (text, html):
        assert "1234 5678" in half
        assert "12345678" not in half
        assert not LINK.search(half)
    assert Tags(html).links == []
    assert "a" not in Tags(html).tags
    assert "If you did not ask" in Tags(html).text
    assert LINK.search(body(letter(Kind.NOTICE), "plain")), "the pattern finds links"


def test_an_access_request_leads_to_the_senders_page() -> None:
    text = flowing(letter(Kind.ACCESS_REQUEST))
    assert "bob@example.org" in text
    assert f"https://secure.example.gov.uk/sent/{PACKAGE}" in text


def test_a_declined_request_has_no_link() -> None:
    mail = letter(Kind.ACCESS_DECLINED)
    assert Tags(body(mail, "html")).links == []
    assert "The sender has decided not to share it with amy@example.org" in flowing(mail)


def test_a_bounce_is_a_delivery_report() -> None:
    mail = letter(Kind.BOUNCE)
    assert mail.get_content_type() == "multipart/report"
    assert mail.get_param("report-type") == "delivery-status"
    report = mail.get_payload(1)
    assert isinstance(report, EmailMessage)
    server, recipient = report.iter_parts()
    assert server.items() == [("Reporting-MTA", "dns; example.gov.uk")]
    assert recipient.items() == [
        ("Final-Recipient", "rfc822; amy@example.org"),
        ("Action", "failed"),
        ("Status", "5.1.1"),
        ("Diagnostic-Code", "smtp; No such user here"),
    ]
    assert "There is no such mailbox. Please check the spelling." in flowing(mail)
    assert "Your message is safe" in flowing(mail)


def test_a_bounce_of_a_clear_mail() -> None:
    mail = letter(Kind.BOUNCE, what="mail", package_id="", status="4.4.2 x took too long")
    text = flowing(mail)
    assert "Your message was not delivered" in text
    assert "The other mail server did not take the message." in text
    assert "https" not in text
    assert Tags(body(mail, "html")).links == []


# What a hostile value can do


EVIL = [
    "x\r\nBcc: evil@example.org\r\n\r\n<html>",
    "x\nBcc: evil@example.org",
    "x\rBcc: evil@example.org",
    "a\0b",
    "a\u202eb",
    "a\u2066b",
    "a\x85b",
    "a\u2028Bcc: evil@example.org",
    "=?utf-8?q?=0d=0aBcc=3a_evil=40example.org?=",
    '"><img src=https://evil.example.org/x.png onerror=alert(1)>',
    "<script>alert(1)</script>",
    "{{ 7*7 }}{% raw %}",
    'Eve" <evil@example.org>, "x',
    "Your Bank www.bank.com",
    "evil@example.org",
]


@pytest.mark.parametrize(
    ("kind", "name"), [(kind, name) for kind, fields in FIELDS.items() for name in fields]
)
def test_no_value_adds_a_header_or_a_tag(kind: Kind, name: str) -> None:
    known = set(Tags(body(letter(kind), "html")).tags)
    for evil in EVIL:
        try:
            raw = render(item(kind, **{name: evil}), ORGANISATION, SETTINGS)
        except LetterError as error:
            refusal = str(error)
        else:
            refusal = ""
            check_unharmed(parsed(raw), known)
        assert evil not in refusal


def check_unharmed(mail: EmailMessage, known: set[str]) -> None:
    assert mail.keys() == EXPECTED
    assert len(mail["From"].addresses) == 1
    assert mail["From"].addresses[0].addr_spec == "secure@example.gov.uk"
    assert mail["To"] == "amy@example.org"
    page = Tags(body(mail, "html"))
    for shown in (mail["Subject"], display_name(mail), page.text, body(mail, "plain")):
        assert shown.replace("\n", "").isprintable()
    assert set(page.tags) <= known
    assert set(page.links) <= {
        f"https://secure.example.gov.uk/{where}/{PACKAGE}" for where in PATHS
    }


@pytest.mark.parametrize(
    "name",
    [
        "x\r\nBcc: evil", "Jane\u202eSmith", '"Eve" <e>', "=?utf-8?b?eA==?=", "a\u2028b",
        "Zoë O’Brien-Łukasz (Social Care)", "李 小龍", "x" * 500, "é" * 200,
    ],
)  # fmt: skip
def test_names_come_through_whole_or_tamed(name: str) -> None:
    mail = letter(Kind.NOTICE, author_name=name)
    shown = display_name(mail)
    assert shown.endswith(" via Example Council")
    assert shown.isprintable()
    assert not set('<>"=?@') & set(shown)
    assert len(shown) < 100


@pytest.mark.parametrize(
    "name", ["Your Bank www.bank.com", "evil@example.org", "http://x", "...", ""]
)
def test_names_that_mislead_are_left_out(name: str) -> None:
    mail = letter(Kind.NOTICE, author_name=name)
    assert mail["From"].addresses[0].display_name == "Example Council"
    assert "jane@example.gov.uk has sent you a secure message" in flowing(mail)


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=100), st.sampled_from(["author_name", "author", "reference"]))
def test_any_text_keeps_the_shape(text: str, name: str) -> None:
    try:
        raw = render(item(Kind.NOTICE, **{name: text}), ORGANISATION, SETTINGS)
    except LetterError:
        assert not text.isprintable()
        return
    mail = email.message_from_bytes(raw, policy=policy.default)
    assert mail.keys() == EXPECTED
    measure([raw])


@pytest.mark.parametrize(
    "name", ["Cyngor Sir Gâr", "Bexley & Sons <Ltd>", 'The "Best" Council', "é" * 100]
)
def test_any_organisation(name: str) -> None:
    organisation = ORGANISATION.model_copy(update={"name": name})
    for kind in FIELDS:
        raw = render(item(kind), organisation, SETTINGS)
        assert not measure([raw]).eight_bit
        assert max(map(len, raw.split(b"\r\n"))) < 998
        mail = parsed(raw)
        assert display_name(mail).endswith(name)
        assert name in flowing(mail)
        assert name in " ".join(Tags(body(mail, "html")).text.split())
    assert name in parsed(render(item(Kind.CODE), organisation, SETTINGS))["Subject"]


@pytest.mark.parametrize("missing", ["author", "package_id", "expires_at"])
def test_a_row_without_a_field_is_named(missing: str) -> None:
    broken = item(Kind.NOTICE)
    del broken.fields[missing]
    with pytest.raises(LetterError, match=missing):
        render(broken, ORGANISATION, SETTINGS)


@pytest.mark.parametrize(
    ("kind", "field", "value"),
    [
        (Kind.NOTICE, "package_id", "../../etc"),
        (Kind.NOTICE, "package_id", PACKAGE + "?x=1"),
        (Kind.NOTICE, "expires_at", "tomorrow"),
        (Kind.CODE, "code", "1234 http://x"),
        (Kind.CODE, "code", "１２３４５６７８"),
        (Kind.CODE, "minutes", ""),
    ],
)
def test_fields_of_another_form_are_refused(kind: Kind, field: str, value: str) -> None:
    with pytest.raises(LetterError) as caught:
        letter(kind, ORGANISATION, **{field: value})
    assert not value or value not in str(caught.value)


def test_a_public_address_that_makes_links_too_long_is_refused() -> None:
    long = ORGANISATION.model_copy(update={"public_url": "https://" + "a" * 90 + ".example.org"})
    with pytest.raises(LetterError, match="too long"):
        letter(Kind.NOTICE, long)


# Pieces


@pytest.mark.parametrize(
    ("at", "said"),
    [
        ("2026-06-30T23:30:00+00:00", "12:30am on Wednesday 1 July 2026 (UK time)"),
        ("2026-10-25T01:30:00+00:00", "1:30am on Sunday 25 October 2026 (UK time)"),
        ("2026-01-01T12:00:00+00:00", "12pm on Thursday 1 January 2026 (UK time)"),
    ],
)
def test_times_are_local(at: str, said: str) -> None:
    assert wording.moment(datetime.fromisoformat(at), ZoneInfo("Europe/London")) == said


def test_other_zones_name_themselves() -> None:
    noon = datetime(2026, 1, 1, 12, tzinfo=UTC)
    assert wording.moment(noon, ZoneInfo("Europe/Paris")).endswith("(CET)")


@given(st.lists(st.text("abc-\u00e9", min_size=1, max_size=100), max_size=30))
def test_lines_are_broken_like_everybodys(words: list[str]) -> None:
    line = "- " + " ".join(words)
    like = textwrap.fill(
        line, wording.WIDTH, subsequent_indent="  ", break_long_words=False, break_on_hyphens=False
    )
    assert wording.wrapped(line) == f"{like if words else '-'}\n"


def test_reasons() -> None:
    assert "mailbox is full" in wording.reason("5.2.2 x")
    assert "refused" in wording.reason("5.9.9 x")
    assert "did not take" in wording.reason("4.9.9")
    assert wording.reason("5.1.1 x") == "There is no such mailbox. Please check the spelling."
    assert "refused" in wording.reason("what?")
    assert wording.split_status("what?") == ("5.0.0", "what?")


@given(st.text(max_size=80))
def test_encoded_words_come_back(text: str) -> None:
    try:
        coded = mime.unstructured(text)
    except mime.UnsafeValueError:
        assert not text.isprintable()
        return
    assert all(len(line) <= 76 for line in coded.split("\r\n") if "=?utf-8" in line)
    if not text.isascii():
        found = email.message_from_bytes(
            mime.field("Subject", coded) + b"\r\n", policy=policy.default
        )
        assert found["Subject"] == text


@pytest.mark.parametrize("value", ["a\r\nb", "a\nb", "a\r\n\r\n b", "é", "a\0"])
def test_a_field_is_one_logical_line_of_ascii(value: str) -> None:
    with pytest.raises(mime.UnsafeValueError):
        mime.field("Subject", value)


def test_parts_hold_no_cr_and_no_boundary() -> None:
    with pytest.raises(mime.UnsafeValueError):
        mime.text_part("a\rb")
    with pytest.raises(mime.UnsafeValueError):
        mime.multipart("alternative", [mime.text_part("--x\n")], "x")


@pytest.mark.parametrize(
    "wrong",
    [
        {"sender": "nobody"},
        {"sender": ""},
        {"sender": "a@example.org\r\nBcc: x@example.org"},
        {"subject": "x\r\nBcc: y"},
        {"time_zone": "Mars/Base"},
        {"dkim_selector": "s1"},
        {"dkim_key": "/x"},
        {"dkim_selector": "a b", "dkim_key": "/x"},
        {"dkim_selector": "s1", "dkim_key": "/x", "dkim_domain": "example.org"},
        {"dkim_selector": "s1", "dkim_key": "/x", "dkim_domain": "ple.gov.uk"},
        {"return_path": "x"},
    ],
)
def test_settings_that_cannot_work_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        NoticeSettings.model_validate(wrong)


def test_settings_that_work() -> None:
    signing = NoticeSettings.model_validate(
        {"sender": "secure@mail.example.gov.uk", "dkim_selector": "2026a.x", "dkim_key": "/k",
         "dkim_domain": "example.gov.uk", "return_path": "bounces@example.gov.uk"}
    )  # fmt: skip
    assert signing.signing_domain == "example.gov.uk"
    assert str(signing.return_address) == "bounces@example.gov.uk"
    assert SETTINGS.signing_domain == "example.gov.uk"
    assert SETTINGS.return_address is None


@pytest.mark.parametrize(
    ("view_only", "replies", "can"),
    [
        ("", "yes", "read the message, save what is attached and reply."),
        ("", "", "read the message and save what is attached."),
        ("yes", "yes", "read the message and reply."),
        ("yes", "", "read the message."),
    ],
)
def test_a_notice_promises_what_the_page_will_do(view_only: str, replies: str, can: str) -> None:
    mail = letter(Kind.NOTICE, view_only=view_only, replies=replies)
    for shape in ("plain", "html"):
        shown = " ".join(body(mail, shape).split())
        assert f"You can then {can}" in shown
        assert ("open the message and reply there" in shown) is bool(replies)


def test_a_held_mail_is_told_with_its_reasons_and_its_page() -> None:
    mail = letter(Kind.HELD)
    assert mail["Subject"] == "Your email is held and has not been sent (7F3K-92QD)"
    text = body(mail, "plain")
    assert "Nobody has received it yet." in text
    assert "- The subject seems to contain an NHS number.\n- There are five recipients.\n" in text
    assert "bob@example.org, cat@example.org, dan@example.org, and 2 others" in flowing(mail)
    assert "Held until: 5:30pm on Thursday 24 December 2026 (UK time)" in text
    assert f"\nhttps://secure.example.gov.uk/held/{PACKAGE}\n" in text
    assert "ask for approval" in text
    assert "ask for approval" not in body(letter(Kind.HELD, approval=""), "plain")
    few = letter(Kind.HELD, others="0", recipients="bob@example.org")
    assert "To:         bob@example.org\n" in body(few, "plain")
    assert "other" not in Tags(body(few, "html")).text.partition("Why it is held")[0]
    assert "and 1 other " in " ".join(
        Tags(body(letter(Kind.HELD, others="1"), "html")).text.split()
    )


@pytest.mark.parametrize(
    ("how", "said"),
    [
        ("released", "was approved and is on its way"),
        ("refused", "was refused"),
        ("expired", "has expired and was not sent"),
    ],
)
def test_the_end_of_a_held_mail_is_told(how: str, said: str) -> None:
    mail = letter(Kind.SETTLED, how=how)
    assert said in mail["Subject"]
    assert said in flowing(mail)
    assert ("given a reason" in flowing(mail)) is (how == "refused")
    assert "given a reason" not in flowing(letter(Kind.SETTLED, how=how, answered=""))


@pytest.mark.parametrize(
    ("kind", "changes"),
    [
        (Kind.HELD, {"reasons": "one\ntwo\x1b[2J"}),
        (Kind.HELD, {"recipients": "bob@example.org\r"}),
        (Kind.HELD, {"others": "-1"}),
        (Kind.HELD, {"hold_id": "../../sent"}),
        (Kind.APPROVAL, {"owner": "jane@example.gov.uk\r\nBcc: eve@example.org"}),
        (Kind.APPROVAL, {"expires_at": "2026-12-24T17:30:00"}),
        (Kind.SETTLED, {"how": "deleted"}),
    ],
)
def test_a_letter_about_a_held_mail_repeats_nothing_unchecked(
    kind: Kind, changes: dict[str, str]
) -> None:
    with pytest.raises(LetterError):
        letter(kind, **changes)


def test_a_note_says_what_the_policy_says_and_what_to_do() -> None:
    mail = letter(Kind.WARNING)
    assert mail["Subject"] == "Please look again at what you have sent (7F3K-92QD)"
    text = flowing(mail)
    assert "It was not stopped." in text
    assert "- The subject seems to contain an NHS number. - Check the address." in text
    assert "Rules: warn-subject, warn-address" in text
    assert not LINK.search(body(mail, "plain"))


def test_a_gathered_note_lists_times_references_and_rules() -> None:
    lines = [["2026-11-21T12:00:00+00:00", "7F3K-92QD", "warn-a"]] * 51
    one = render(
        replace(item(Kind.WARNING), fields={"listed": json.dumps(lines[:1])}),
        ORGANISATION,
        SETTINGS,
    )
    assert parsed(one)["Subject"] == "Please look again at what you have sent"
    text = flowing(parsed(one))
    assert "- 12pm on Saturday 21 November 2026 (UK time), reference 7F3K-92QD: warn-a" in text
    assert "and more" not in text
    many = render(
        replace(item(Kind.WARNING), fields={"listed": json.dumps(lines)}), ORGANISATION, SETTINGS
    )
    assert flowing(parsed(many)).count("7F3K-92QD") == 50
    assert "- and more" in flowing(parsed(many))
    bad = json.dumps([["2026-11-21T12:00:00+00:00", "7F3K\r\nBcc: x", "warn-a"]])
    with pytest.raises(LetterError):
        render(replace(item(Kind.WARNING), fields={"listed": bad}), ORGANISATION, SETTINGS)


@pytest.mark.parametrize("kind", Kind)
def test_every_letter_can_be_addressed_beyond_ascii(kind: Kind) -> None:
    if kind is Kind.RELAY:
        return
    raw = render(item(kind, "jörg@bücher.example"), ORGANISATION, SETTINGS)
    assert "\r\nTo: jörg@xn--bcher-kva.example\r\n".encode() in raw
    head, _, rest = raw.partition(b"\r\n\r\n")
    assert head.replace("jörg".encode(), b"").isascii()
    assert rest.isascii()
