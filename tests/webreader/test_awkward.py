"""Every awkward mail of the collection is shown and downloaded as another parser reads it."""

from __future__ import annotations

import re
from email import message_from_bytes
from email.message import Message

import pytest

from tests.golden.awkward import awkward_mails, hostile_mails
from tests.webreader.payloads import complaints
from webreader.content.message import view
from webreader.content.original import without_bcc
from webreader.content.parts import Unreadable, take_apart
from webreader.reading.attachments import attachment

AWKWARD = awkward_mails()
BLANKS = re.compile(rb"^([!-9;-~]+)[ \t]+:", re.MULTILINE)
KNOWN = ("base64", "quoted-printable", "7bit", "8bit", "binary", "")


@pytest.mark.parametrize(("name", "data"), AWKWARD, ids=[name for name, _ in AWKWARD])
def test_awkward_mails_are_shown(name: str, data: bytes) -> None:
    seen = view(lambda: [data])
    assert not seen.unreadable, name
    assert complaints(seen.body.html) == []
    assert seen.body.html or seen.attachments or not text_in(data)
    for listed in {*seen.attachments[:2], *seen.attachments[-2:]}:
        opened = attachment(lambda: [data], listed.index)
        assert opened.attachment.name == listed.name
        assert sum(map(len, opened.chunks)) == listed.size


@pytest.mark.parametrize(("name", "data"), AWKWARD, ids=[name for name, _ in AWKWARD])
def test_two_parsers_agree_on_what_is_in_a_mail(name: str, data: bytes) -> None:
    """Differential: each leaf that the standard library decodes is among ours, byte for byte."""
    parts = take_apart(lambda: [data])
    ours = [b"".join(part.decoded()) for part in (*parts.texts, *parts.spare, *parts.files)]
    head, blank, body = data.partition(b"\r\n\r\n")
    closed = BLANKS.sub(rb"\1:", head)  # the standard library takes such a line for the text
    for leaf in leaves(message_from_bytes(closed + blank + body)):
        if str(leaf.get("content-transfer-encoding", "")).strip().lower() in KNOWN:
            assert leaf.get_payload(decode=True) in ours, name


@pytest.mark.parametrize(("name", "data"), hostile_mails(), ids=[n for n, _ in hostile_mails()])
def test_hostile_mails_are_harmless(name: str, data: bytes) -> None:
    seen = view(lambda: [data])
    assert complaints(seen.body.html) == []
    b"".join(without_bcc([data]))


@pytest.mark.parametrize(("name", "data"), AWKWARD, ids=[name for name, _ in AWKWARD])
def test_originals_lose_their_blind_copies_only(name: str, data: bytes) -> None:
    sent = b"Bcc: hidden@example.net\r\n" + data
    assert b"".join(without_bcc([sent])) == b"".join(without_bcc([data]))
    if b"bcc" not in data.lower():
        assert b"".join(without_bcc([data])) == data


def leaves(message: Message) -> list[Message]:
    """Every part that holds no others; attached messages are left whole, as we leave them."""
    kind = message.get_content_type()
    if kind == "multipart/alternative" or kind.startswith("message/"):
        return []  # of alternatives we keep one; attached messages are not taken apart
    if message.is_multipart():
        return [leaf for child in message.get_payload() for leaf in leaves(child)]
    return [message]


def text_in(data: bytes) -> bool:
    try:
        parts = take_apart(lambda: [data])
    except Unreadable:
        return False
    return any(part.text(1000).strip() for part in parts.texts)
