"""The golden mails: what is merely awkward has no problem, what is hostile has one."""

import email
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from email.message import Message
from functools import cache
from pathlib import Path

import dkim
import pytest

from policies.decision import Outcome
from policies.engine import Policy
from policies.language.loader import load
from policies.message.mime import Outline, outline
from tests.golden.awkward import awkward_mails, hostile_mails
from tests.golden.mails.signed import DKIM_DOMAIN, DKIM_SELECTOR, dkim_record
from tests.policies.mails import COUNCIL, PARTNER, envelope

AWKWARD, HOSTILE = dict(awkward_mails()), dict(hostile_mails())
# The gateway looks at the From line itself; an outline without one is not ambiguous.
REFUSED_BY_THE_GATEWAY = {"no-from-line"}
# Python's reader stops at "Subject :", keeps comments, and opens a message that is in base64.
PYTHON_DIFFERS = {"comments-everywhere", "message-in-base64", "space-before-colon"}


@cache
def outlined(name: str) -> Outline:
    return outline([(AWKWARD | HOSTILE)[name]])


def test_there_are_enough_and_they_never_change() -> None:
    assert len(AWKWARD) >= 70
    assert len(awkward_mails()) == len(AWKWARD), "two mails of one name"
    assert dict(awkward_mails()) == AWKWARD


@pytest.mark.parametrize("name", AWKWARD)
def test_an_awkward_mail_is_a_mail(name: str) -> None:
    mail = AWKWARD[name]
    assert mail.count(b"\r\n") == mail.count(b"\r") == mail.count(b"\n")
    assert b"\0" not in mail
    assert len(outlined(name).all("from")) == 1


@pytest.mark.parametrize("name", AWKWARD)
def test_an_awkward_mail_is_no_problem(name: str) -> None:
    seen = outlined(name)
    assert seen.problems == ()
    assert seen.size == len(AWKWARD[name])


@pytest.mark.parametrize("name", sorted(AWKWARD.keys() - PYTHON_DIFFERS))
def test_another_reader_sees_the_same_parts(name: str) -> None:
    seen = [(part.depth, part.content_type) for part in outlined(name).parts]
    assert seen == list(tree(email.message_from_bytes(AWKWARD[name])))


def tree(message: Message, depth: int = 0) -> Iterator[tuple[int, str]]:
    """Depth and type of each part, as Python's own reader sees them."""
    kind = message.get_content_type()
    yield depth, kind
    inside = message.get_payload()
    if isinstance(inside, list) and (kind.startswith("multipart/") or kind == "message/rfc822"):
        for part in inside:
            assert isinstance(part, Message)
            yield from tree(part, depth + 1)


@pytest.mark.parametrize("name", sorted(HOSTILE.keys() - REFUSED_BY_THE_GATEWAY))
def test_a_hostile_mail_has_a_problem(name: str) -> None:
    assert outlined(name).problems


def test_the_mail_without_an_author_shows_none() -> None:
    assert outline([HOSTILE["no-from-line"]]).all("from") == []


@pytest.mark.parametrize("name", ["a-hundred-thousand-headers", "header-of-five-megabytes"])
def test_headers_are_kept_up_to_the_limit(name: str) -> None:
    seen = outlined(name)
    assert seen.first("from") == "Ceri Vaughan <ceri.vaughan@council.example>"
    assert sum(len(header.raw) for header in seen.headers) <= 256 * 1024


@cache
def dns(name: bytes, **_timeout: int) -> bytes | None:
    return dkim_record() if name == b"%s._domainkey.%s." % (DKIM_SELECTOR, DKIM_DOMAIN) else None


def test_the_dkim_signature_is_a_real_one() -> None:
    mail = AWKWARD["dkim-signed"]
    assert dkim.verify(mail, dnsfunc=dns)
    assert not dkim.verify(mail.replace(b"minutes", b"hours"), dnsfunc=dns)


@pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is not installed")
@pytest.mark.parametrize("name", ["smime-signed", "smime-opaque-signed"])
def test_the_smime_signature_is_a_real_one(name: str, tmp_path: Path) -> None:
    def verify(mail: bytes) -> int:
        file = tmp_path / "mail.eml"
        file.write_bytes(mail)
        command = ["openssl", "smime", "-verify", "-noverify", "-binary", "-in", str(file)]
        done = subprocess.run([*command, "-out", "/dev/null"], capture_output=True, check=False)
        return done.returncode

    mail = AWKWARD[name]
    assert verify(mail) == 0
    at = mail.index(b"stands") if name == "smime-signed" else mail.index(b"\r\n\r\n") + 300
    assert verify(mail[:at] + b"S" + mail[at + 1 :]) != 0


@pytest.fixture(scope="module")
def council() -> Policy:
    return load(COUNCIL)


@pytest.mark.parametrize("name", AWKWARD)
def test_the_starter_policy_relays_an_awkward_mail(name: str, council: Policy) -> None:
    people = replace(envelope(PARTNER), own_domains=("council.example",))
    (decision,) = council.decide(people, outlined(name))
    assert decision.outcome == Outcome.RELAY


@pytest.mark.parametrize("name", sorted(HOSTILE.keys() - REFUSED_BY_THE_GATEWAY))
def test_the_starter_policy_never_relays_a_hostile_mail(name: str, council: Policy) -> None:
    (decision,) = council.decide(envelope(PARTNER), outlined(name))
    assert decision.outcome in {Outcome.SEAL, Outcome.REFUSE}
