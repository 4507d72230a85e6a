"""What the SMTP door says, and what an administrator may set."""

import inspect
import ssl
from pathlib import Path

import pytest

from gateway.settings import SmtpSettings
from gateway.smtp import replies
from gateway.smtp.listener import server_tls
from gateway.smtp.replies import Reply, for_error
from tests.certificates import self_signed
from vault import errors as vault_errors


def test_every_error_of_the_safe_has_a_reply() -> None:
    kinds = [
        kind
        for _, kind in inspect.getmembers(vault_errors, inspect.isclass)
        if issubclass(kind, vault_errors.VaultError)
    ]
    assert len(kinds) > 5
    for kind in kinds:
        assert kind in replies._FOR_ERROR, kind
        reply = for_error(kind.__new__(kind))
        assert reply.code // 100 in {4, 5}
        assert reply.enhanced[0] == str(reply.code)[0]


def test_every_reply_is_well_formed() -> None:
    said = {name: one for name, one in vars(replies).items() if isinstance(one, Reply)}
    assert len(said) > 40
    for name, reply in said.items():
        if reply.code != 354:
            assert reply.enhanced, name
            assert reply.enhanced[0] == str(reply.code)[0], name
        assert reply.close == (reply.code == 421) or reply.close, name
        for line in bytes(reply).split(b"\r\n")[:-1]:
            assert len(line) <= 200


def test_a_long_reply_is_wrapped_and_made_ascii() -> None:
    text = "Not sent to anyone: the subject – “Jürgen’s” – holds a number.\r\n" + "word " * 200
    reply = bytes(Reply(550, "5.7.1", text + "\x1b[2J\u202e")).decode("ascii")
    lines = reply.split("\r\n")[:-1]
    assert len(lines) > 5
    assert all(line.startswith("550-5.7.1 ") for line in lines[:-1])
    assert lines[-1].startswith("550 5.7.1 ")
    assert all(len(line) <= 200 and line.isprintable() for line in lines)
    assert lines[0] == '550-5.7.1 Not sent to anyone: the subject - "Jurgen\'s" - holds a number.'
    assert len(bytes(Reply(550, "5.7.1", "a\n" * 500)).split(b"\r\n")) == replies.MOST_LINES + 1


@pytest.mark.parametrize(
    ("wrong", "word"),
    [
        ({}, "tls_certificate"),
        ({"starttls": "", "tls": "", "trusted": "127.0.0.1:25"}, "trusted_networks"),
        ({"starttls": "587"}, "address:port"),
        ({"starttls": "127.0.0.1:99999"}, "address:port"),
        ({"starttls": "", "tls": "", "tls_key": "x.pem"}, "belong together"),
        ({"starttls": "", "tls": "", "hostname": "a\r\nb"}, "hostname"),
        ({"starttls": "", "tls": "", "unknown": 1}, "unknown"),
    ],
)
def test_settings_that_cannot_be_kept_are_refused(wrong: dict[str, object], word: str) -> None:
    with pytest.raises(ValueError, match=word):
        SmtpSettings.model_validate(wrong)


def test_a_certificate_that_cannot_be_used_is_an_error_at_start(tmp_path: Path) -> None:
    certificate, _ = self_signed(tmp_path)
    with pytest.raises((OSError, ssl.SSLError)):
        server_tls(certificate, certificate)
