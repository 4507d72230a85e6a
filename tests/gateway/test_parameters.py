"""What a client asked of a mail: kept with a row, told to the next hop, shown in a report."""

import pytest

from gateway.relay.parameters import (
    PLAIN_MAIL,
    PLAIN_RECIPIENT,
    MailParameters,
    Notify,
    RecipientParameters,
    Ret,
    needs_utf8,
)
from vault.address import Address

MAILS = [
    MailParameters(),
    MailParameters(smtputf8=True),
    MailParameters(requiretls=True, ret=Ret.FULL),
    MailParameters(smtputf8=True, requiretls=True, ret=Ret.HDRS, envid="QQ+2B1"),
]
RECIPIENTS = [
    RecipientParameters(),
    RecipientParameters(notify=frozenset({Notify.NEVER})),
    RecipientParameters(notify=frozenset({Notify.SUCCESS, Notify.DELAY}), orcpt="rfc822;a+2Bb@c.d"),
]


@pytest.mark.parametrize("mail", MAILS)
@pytest.mark.parametrize("recipient", RECIPIENTS)
def test_what_is_kept_reads_back_the_same(
    mail: MailParameters, recipient: RecipientParameters
) -> None:
    fields = {"route": "cjsm", **mail.to_fields(), **recipient.to_fields()}
    assert all(isinstance(value, str) and value for value in fields.values())
    assert MailParameters.of_fields(fields) == mail
    assert RecipientParameters.of_fields(fields) == recipient


def test_nothing_asked_keeps_nothing() -> None:
    assert PLAIN_MAIL.to_fields() == PLAIN_RECIPIENT.to_fields() == {}
    assert PLAIN_MAIL.dsn == PLAIN_RECIPIENT.dsn == ()


def test_a_row_that_says_something_else_is_refused() -> None:
    with pytest.raises(ValueError, match="MAYBE"):
        MailParameters.of_fields({"ret": "MAYBE"})
    with pytest.raises(ValueError, match="SOMETIMES"):
        RecipientParameters.of_fields({"notify": "FAILURE,SOMETIMES"})


def test_words_for_the_next_hop_are_as_the_client_wrote_them() -> None:
    assert MAILS[3].dsn == ("RET=HDRS", "ENVID=QQ+2B1")
    assert RECIPIENTS[1].dsn == ("NOTIFY=NEVER",)
    assert RECIPIENTS[2].dsn == ("NOTIFY=SUCCESS,DELAY", "ORCPT=rfc822;a+2Bb@c.d")


def test_reports_show_them_decoded() -> None:
    assert MAILS[3].envelope_id == "QQ+1"
    assert RECIPIENTS[2].original == "rfc822;a+b@c.d"
    assert PLAIN_RECIPIENT.original == ""


def test_an_original_recipient_in_utf_8_travels_in_ascii() -> None:
    written = RecipientParameters(orcpt="utf-8;jörg@example.org")
    encoded = RecipientParameters(orcpt=r"utf-8;j\x{F6}rg@example.org")
    assert written.dsn == (r"ORCPT=utf-8;j\x{F6}rg@example.org",) == encoded.dsn
    assert written.original == encoded.original == "utf-8;jörg@example.org"


def test_who_asks_for_nothing_hears_of_failures_and_delays() -> None:
    assert [one for one in Notify if PLAIN_RECIPIENT.wants(one)] == [Notify.FAILURE, Notify.DELAY]
    assert not any(map(RECIPIENTS[1].wants, set(Notify) - {Notify.NEVER}))
    assert RECIPIENTS[2].wants(Notify.SUCCESS)
    assert not RECIPIENTS[2].wants(Notify.FAILURE)


def test_sealed_mail_is_never_returned_whole() -> None:
    assert MailParameters(ret=Ret.FULL, envid="x").for_sealed() == MailParameters(
        ret=Ret.HDRS, envid="x"
    )


def test_plain_mail_needs_nothing() -> None:
    assert not needs_utf8(PLAIN_MAIL, [None, Address.parse("amy@example.org")])
    assert needs_utf8(MailParameters(smtputf8=True), [None])
