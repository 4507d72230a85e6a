import base64
import email
import os
from datetime import UTC, datetime
from email import policy
from email.message import EmailMessage

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vault.address import Address
from webreader.answering.composing import Composer, Head, answer_subject, headed, media_type

NOW = datetime(2026, 11, 3, 14, 5, tzinfo=UTC)
BOB = Address.parse("bob@partner.example")
SITE = Address.parse("secure@example.gov.uk")
OWNER = Address.parse("j.whitfield@example.gov.uk")


def head(**changed: object) -> Head:
    given_ = {
        "author": BOB,
        "author_name": "Bob Partner",
        "sender": SITE,
        "organisation": "Example County Council",
        "to": OWNER,
        "to_name": "Joanna Whitfield",
        "subject": "Re: Annual review [secure]",
        "message_id": "<1@example.gov.uk>",
        "answers": "<original@example.gov.uk>",
        "sent_at": NOW,
    }
    return Head(**(given_ | changed))  # type: ignore[arg-type]


def read(raw: bytes) -> EmailMessage:
    return email.message_from_bytes(raw, policy=policy.default)  # type: ignore[return-value]


def test_the_site_writes_for_the_recipient_and_answers_go_to_him() -> None:
    mail = read(headed(head()).as_bytes())
    assert mail["From"].addresses[0].addr_spec == str(SITE)
    assert mail["From"].addresses[0].display_name == "Bob Partner via Example County Council"
    assert mail["Reply-To"].addresses[0].addr_spec == str(BOB)
    assert mail["To"].addresses[0].addr_spec == str(OWNER)
    assert mail["In-Reply-To"] == mail["References"] == "<original@example.gov.uk>"
    assert "Auto-Submitted" not in mail


def test_an_owner_writes_as_himself() -> None:
    mail = read(headed(head(author=OWNER, sender=None, to=BOB)).as_bytes())
    assert mail["From"].addresses[0].addr_spec == str(OWNER)
    assert "Reply-To" not in mail


def test_a_person_without_a_name_is_shown_by_address() -> None:
    mail = read(headed(head(author_name="")).as_bytes())
    shown = mail["From"].addresses[0].display_name
    assert shown == "bob at partner.example via Example County Council"


@pytest.mark.parametrize(
    "name",
    [
        "Evil\r\nBcc: victim@elsewhere.example",
        'x" <ceo@example.gov.uk>, "y',
        "=?utf-8?q?=0D=0ABcc:_v@e.example?=",
        "Whitfield, Joanna (Children’s Services; SEND) <not@me.example> " + "w" * 300,
        "\u202egnorw",
    ],
)
def test_a_name_stays_one_name(name: str) -> None:
    raw = headed(head(author_name=name, to_name=name)).as_bytes()
    mail = read(raw)
    assert "Bcc" not in mail
    for field, address in (("From", SITE), ("Reply-To", BOB), ("To", OWNER)):
        assert [found.addr_spec for found in mail[field].addresses] == [str(address)]
    assert b"\r\n\r\n" not in raw.rstrip(b"\r\n")


@pytest.mark.parametrize(
    "answers", ["", "no brackets", "<a b@c>", "<a@b>\r\nX: y", "<" + "a" * 400]
)
def test_an_odd_message_id_is_not_repeated(answers: str) -> None:
    assert "In-Reply-To" not in headed(head(answers=answers))


@pytest.mark.parametrize(
    ("subject", "answer"),
    [
        ("Annual review", "Re: Annual review [secure]"),
        ("RE: re:  Annual review", "Re: Annual review [secure]"),
        ("[Secure] Annual review", "Re: [Secure] Annual review"),
        ("", "Re: [secure]"),
        ("a\r\nBcc: x@y.example", "Re: a Bcc: x@y.example [secure]"),
    ],
)
def test_the_subject_has_one_re_and_is_sealed_again(subject: str, answer: str) -> None:
    assert answer_subject(subject) == answer


def test_a_text_without_files_is_a_plain_mail() -> None:
    composer = Composer(head(), "Thank you.\r\n.\r\nFrom Bob ☃")
    raw = composer.begin(mixed=False) + composer.end()
    assert read(raw).get_content_type() == "text/plain"
    assert read(raw).get_content() == "Thank you.\r\n.\r\nFrom Bob ☃\r\n"
    assert raw.count(b"\n") == raw.count(b"\r\n")


@given(
    st.lists(st.tuples(st.text(max_size=60), st.binary(max_size=5000)), min_size=1, max_size=4),
    st.integers(1, 400),
)
@settings(max_examples=40, deadline=None)
def test_files_come_back_byte_for_byte(files: list[tuple[str, bytes]], step: int) -> None:
    composer = Composer(head(), "here they are")
    raw = composer.begin(mixed=True)
    for name, data in files:
        raw += composer.file(name)
        for start in range(0, len(data), step):
            raw += composer.piece(data[start : start + step])
    mail = read(raw + composer.end())
    found = [base64.b64decode(part.get_payload()) for part in mail.iter_attachments()]  # type: ignore[arg-type]
    assert found == [data for _, data in files]
    assert not mail.defects
    assert max(map(len, raw.split(b"\r\n"))) < 998
    assert raw.count(b"\n") == raw.count(b"\r\n")


def test_a_large_file_is_not_held() -> None:
    composer = Composer(head(), "")
    composer.begin(mixed=True)
    composer.file("big.bin")
    for _ in range(64):
        assert len(composer.piece(os.urandom(64 * 1024))) < 100 * 1024


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("a.pdf", "application/pdf"),
        ("a.PDF", "application/pdf"),
        ("a.eml", "application/octet-stream"),
        ("a", "application/octet-stream"),
        ("a.pdf\r\nX-Evil: 1", "application/octet-stream"),
    ],
)
def test_the_type_is_judged_by_the_name(name: str, kind: str) -> None:
    assert media_type(name) == kind
