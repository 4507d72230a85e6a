"""DSN, SMTPUTF8 and REQUIRETLS at the door: what is understood, what is refused, what is kept."""

import pytest

from gateway.errors import RefusedError
from gateway.relay.parameters import MailParameters, Notify, RecipientParameters, Ret
from gateway.smtp import grammar

AMY = "<amy@example.org>"


def asked(words: str, **offered: frozenset[str]) -> MailParameters:
    return grammar.mail_path(f"FROM:{AMY} {words}", **offered)[1].asked


def asked_for(words: str, *, utf8: bool = False) -> RecipientParameters:
    return grammar.recipient_path(f"TO:{AMY} {words}", utf8=utf8)[1]


def latin(text: str) -> str:
    """A command line as the door hands it on: its bytes as Latin-1."""
    return text.encode().decode("latin-1")


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("", MailParameters()),
        ("SMTPUTF8", MailParameters(smtputf8=True)),
        ("smtputf8 requiretls", MailParameters(smtputf8=True, requiretls=True)),
        ("RET=hdrs", MailParameters(ret=Ret.HDRS)),
        ("SIZE=9 RET=FULL ENVID=a+2Bb", MailParameters(ret=Ret.FULL, envid="a+2Bb")),
        ("ENVID=" + "x" * 100, MailParameters(envid="x" * 100)),
    ],
)
def test_what_may_be_asked_of_a_mail(words: str, found: MailParameters) -> None:
    assert asked(words) == found


@pytest.mark.parametrize(
    "words",
    [
        "SMTPUTF8=yes", "SMTPUTF8 SMTPUTF8", "REQUIRETLS=1", "RET=", "RET", "RET=BODY",
        "RET=FULL,HDRS", "RET=FULL RET=HDRS", "ENVID", "ENVID=", "ENVID=a=b", "ENVID=a+b",
        "ENVID=a+2", "ENVID=a+2b", "ENVID=a+0D+0ARCPT", "ENVID=a+00", "ENVID=a+7F", "ENVID=a+E9",
        "ENVID=" + "x" * 101, latin("ENVID=ö"), "X=1", "NOTIFY=NEVER", "BODY=BINARYMIME",
    ],
)  # fmt: skip
def test_what_may_not(words: str) -> None:
    with pytest.raises(RefusedError):
        asked(words)


@pytest.mark.parametrize("keyword", sorted(grammar.EVERYTHING))
def test_what_was_not_offered_is_not_understood(keyword: str) -> None:
    words = {"DSN": "RET=FULL", "SMTPUTF8": "SMTPUTF8", "REQUIRETLS": "REQUIRETLS"}[keyword]
    with pytest.raises(RefusedError) as refused:
        asked(words, offered=grammar.EVERYTHING - {keyword})
    assert refused.value.reply.status == "555 5.5.4"


@pytest.mark.parametrize(
    ("words", "notify", "orcpt"),
    [
        ("NOTIFY=NEVER", {Notify.NEVER}, ""),
        ("notify=success,Delay", {Notify.SUCCESS, Notify.DELAY}, ""),
        ("NOTIFY=FAILURE,FAILURE", {Notify.FAILURE}, ""),
        ("ORCPT=rfc822;a+2Bb@c.d", set(), "rfc822;a+2Bb@c.d"),
        ("ORCPT=X400;/C=gb/".replace("=gb", "+3Dgb"), set(), "X400;/C+3Dgb/"),
        (r"ORCPT=utf-8;j\x{F6}rg@example.org", set(), r"utf-8;j\x{F6}rg@example.org"),
    ],
)
def test_what_may_be_asked_for_a_recipient(words: str, notify: set[Notify], orcpt: str) -> None:
    assert asked_for(words) == RecipientParameters(notify=frozenset(notify), orcpt=orcpt)


@pytest.mark.parametrize(
    "words",
    [
        "NOTIFY", "NOTIFY=", "NOTIFY=ALWAYS", "NOTIFY=NEVER,SUCCESS", "NOTIFY=NEVER,NEVER",
        "NOTIFY=SUCCESS,,DELAY", "NOTIFY=SUCCESS;DELAY", "NOTIFY=DELAY NOTIFY=DELAY",
        "ORCPT", "ORCPT=", "ORCPT=a@b.c", "ORCPT=;a@b.c", "ORCPT=rfc822;", "ORCPT=rfc822;a=b@c.d",
        "ORCPT=rfc822;a+0D+0A@c.d", "ORCPT=rfc822;a+b@c.d", "ORCPT=rfc822;" + "a" * 500,
        "ORCPT=rf c822;a@b.c", latin("ORCPT=utf-8;jörg@example.org"),
        r"ORCPT=utf-8;a\x{0A}@c.d", r"ORCPT=utf-8;a\x{202E}@c.d", r"ORCPT=utf-8;a\x{FFFFFF}@c.d",
        r"ORCPT=utf-8;a\y@c.d", r"ORCPT=utf-8;a\x{D800}@c.d", "RET=FULL", "SIZE=1", "SMTPUTF8",
    ],
)  # fmt: skip
def test_what_may_not_for_a_recipient(words: str) -> None:
    with pytest.raises(RefusedError):
        asked_for(words)


def test_an_original_recipient_in_utf_8_needs_the_declaration() -> None:
    written = latin("ORCPT=utf-8;jörg@example.org")
    assert asked_for(written, utf8=True).orcpt == "utf-8;jörg@example.org"


@pytest.mark.parametrize("path", ["jörg@example.org", "amy@bücher.example", '"jörg"@example.org'])
def test_letters_beyond_ascii_need_the_declaration(path: str) -> None:
    with pytest.raises(RefusedError) as refused:
        grammar.mail_path(latin(f"FROM:<{path}>"))
    assert refused.value.reply.status == "553 5.6.7"
    with pytest.raises(RefusedError) as refused:
        grammar.recipient_path(latin(f"TO:<{path}>"))
    assert refused.value.reply.status == "553 5.6.7"
    sender, words = grammar.mail_path(latin(f"FROM:<{path}> SMTPUTF8"))
    recipient, _ = grammar.recipient_path(latin(f"TO:<{path}>"), utf8=True)
    assert sender == recipient
    assert words.asked.smtputf8


@pytest.mark.parametrize("junk", ["\xff@example.org", "j\xf6rg@example.org", "a\xed\xa0\x80@b.org"])
def test_what_is_no_utf_8_is_no_address(junk: str) -> None:
    with pytest.raises(RefusedError) as refused:
        grammar.recipient_path(f"TO:<{junk}>", utf8=True)
    assert refused.value.reply.code == 501
