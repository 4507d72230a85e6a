"""Mails that are passed on are signed for their author's domain, and verify at the other end."""

import tracemalloc
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path

import dkim
import pytest
from cryptography.hazmat.primitives.asymmetric import ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from pydantic import ValidationError

from gateway.relay.dkim import DkimKeyError, Signer
from gateway.relay.dkim_settings import DkimSettings
from gateway.relay.letter import Letter
from gateway.relay.routes import Routes
from gateway.relay.sender import Sender
from gateway.relay.settings import NextHopSettings
from gateway.relay.signing import Signing
from tests.sink import Sink
from vault.address import Address

JANE, AMY = Address.parse("jane@council.gov.uk"), Address.parse("amy@example.org")
HEAD = (
    b"Received: from x ([192.0.2.1])\r\n\tby gate; now\r\n"
    b"From: Jane Jones\r\n <jane@council.gov.uk>\r\nTo: amy@example.org\r\n"
    b"Subject: A  long\r\n\tsubject\r\nMessage-ID: <1@council.gov.uk>\r\n\r\n"
)
Keys = dict[str, DkimSettings]


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Keys:
    folder = tmp_path_factory.mktemp("dkim")
    made = {
        "council.gov.uk": rsa.generate_private_key(65537, 2048),
        "school.example": ed25519.Ed25519PrivateKey.generate(),
    }
    found = {}
    for domain, key in made.items():
        path = folder / f"{domain}.pem"
        path.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
        found[domain] = DkimSettings(domain=domain, selector="gate", key=path)
    return found


@pytest.fixture(scope="module")
def signing(keys: Keys) -> Signing:
    found = Signing.load(keys.values())
    assert found is not None
    return found


@pytest.fixture(scope="module")
def dns(keys: Keys) -> Callable[..., bytes | None]:
    return lookup(keys.values())


def lookup(keys: Iterable[DkimSettings]) -> Callable[..., bytes | None]:
    records = dict(Signer.load(one.domain, one.selector, one.key).record() for one in keys)

    def dns(name: bytes, timeout: int = 5) -> bytes | None:
        text = records.get(name.decode().rstrip("."))
        return text.encode() if text else None

    return dns


def letter(content: bytes, cut: int = 50) -> Letter:
    pieces = [content[at : at + cut] for at in range(0, len(content), cut)]
    return Letter(JANE, (AMY,), lambda: iter(pieces), len(content), sign=True)


def content_of(found: Letter) -> bytes:
    assert callable(found.chunks)
    content = b"".join(found.chunks())
    assert content == b"".join(found.chunks())
    assert len(content) == found.size
    return content


BODIES = [
    b"",
    b"\r\n",
    b"Hello\r\n",
    b"no end",
    b"Hello  \t there\r\n\r\n\r\n",
    b"\r\n\r\nlate\r\n \r\n\r\n",
    b"x" * 49 + b"\r\n" * 9000 + b"y",
    b".\r\n..\r\n",
]


@pytest.mark.parametrize("cut", [1, 50, 1 << 20])
@pytest.mark.parametrize("body", BODIES, ids=range(len(BODIES)))
def test_every_body_verifies_however_it_is_cut(
    signing: Signing, dns: Callable[..., bytes | None], body: bytes, cut: int
) -> None:
    signed = content_of(signing.signed(letter(HEAD + body, cut)))
    assert signed.endswith(HEAD + body)
    assert signed.startswith(b"DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/simple; d=council")
    ended = signed if signed.endswith(b"\r\n") else signed + b"\r\n"  # as it leaves
    assert dkim.verify(ended, dnsfunc=dns)
    spoilt = ended.replace(b"Jones", b"Janes")
    assert not dkim.verify(spoilt, dnsfunc=dns)
    assert not dkim.verify(ended + b"x\r\n", dnsfunc=dns)


def test_each_domain_has_its_own_key(signing: Signing, keys: Keys) -> None:
    mail = HEAD.replace(b"council.gov.uk>", b"school.example>") + b"x\r\n"
    signed = content_of(signing.signed(letter(mail)))
    assert b"a=ed25519-sha256" in signed
    assert b"d=school.example" in signed
    parsed = dkim.DKIM(signed)
    assert parsed.headers[0][0] == b"DKIM-Signature"


UNSIGNED = [
    b"<jane@other.example>",
    b"<jane@sub.council.gov.uk>",
    b"<jane@council.gov.uk>, <ben@council.gov.uk>",
    b"<jane@council.gov.uk>\r\nFrom: <ben@council.gov.uk>",
    b"nobody",
]


@pytest.mark.parametrize("author", UNSIGNED)
def test_who_has_no_key_is_not_signed_for(signing: Signing, keys: Keys, author: bytes) -> None:
    plain = letter(b"From: " + author + b"\r\nSubject: x\r\n\r\nx\r\n")
    assert signing.signed(plain) is plain


def test_a_header_that_cannot_be_signed_does_not_hold_up_the_mail(
    signing: Signing, keys: Keys
) -> None:
    plain = letter(b"From: <jane@council.gov.uk>\r\nno field at all\r\n\r\nx\r\n")
    assert signing.signed(plain) is plain


def test_the_signature_it_came_with_still_verifies(signing: Signing, keys: Keys) -> None:
    council, school = keys["council.gov.uk"], keys["school.example"]
    theirs = replace_domain(council, "author.example")
    author = Signer.load(theirs.domain, theirs.selector, theirs.key)
    before = author.sign(HEAD.partition(b"by gate; now\r\n")[2] + b"Hello\r\n")
    signing = Signing.load([council, school])
    assert signing is not None
    after = content_of(signing.signed(letter(HEAD.partition(b"From")[0] + before)))
    assert after.endswith(before)
    dns = lookup([theirs, council])
    verifier = dkim.DKIM(after)
    assert [verifier.verify(number, dnsfunc=dns) for number in (0, 1)] == [True, True]


def replace_domain(settings: DkimSettings, domain: str) -> DkimSettings:
    return settings.model_copy(update={"domain": domain, "selector": "theirs"})


def test_a_large_mail_needs_little_memory(signing: Signing, keys: Keys) -> None:
    block = b"x" * 998 + b"\r\n"

    def chunks() -> Iterable[bytes]:
        yield HEAD
        for _ in range(5_000):
            yield block

    large = Letter(JANE, (AMY,), chunks, len(HEAD) + 5_000 * len(block), sign=True)
    tracemalloc.start()
    signed = signing.signed(large)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert signed is not large
    assert peak < 1_000_000


@pytest.mark.parametrize("wanted", [True, False])
async def test_it_is_done_last_and_only_if_asked(
    signing: Signing, keys: Keys, wanted: bool
) -> None:
    async with Sink() as sink:
        hop = NextHopSettings.model_validate({"port": sink.port, "tls": "none"})
        sender = Sender(Routes(hop), signing=signing)
        answers = await sender.send(replace(letter(HEAD + b"Hello\r\n"), sign=wanted))
        await sender.close()
    assert answers[AMY].positive
    (mail,) = sink.mails
    assert dkim.verify(mail.content, dnsfunc=lookup(keys.values())) is wanted
    assert mail.mail_line.endswith(f"SIZE={len(mail.content)}")


def test_it_is_off_by_default_and_a_bad_key_stops_the_start(tmp_path: Path) -> None:
    assert Signing.load([]) is None
    (tmp_path / "key.pem").write_text("no key")
    bad = DkimSettings(domain="council.gov.uk", selector="gate", key=tmp_path / "key.pem")
    with pytest.raises(DkimKeyError):
        Signing.load([bad])
    for wrong in ({"domain": "no domain"}, {"selector": "a b"}, {"selector": ""}):
        with pytest.raises(ValidationError):
            DkimSettings.model_validate({**bad.model_dump(), **wrong})
