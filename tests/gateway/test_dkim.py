"""Signatures by OpenSSL, verified by dkimpy."""

import base64
import re
import types
from collections.abc import Callable

import dkim
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
)

from gateway.relay.dkim import DkimKeyError, Signer, _Key, _Signature
from vault.secrets import Secret

MAIL = (
    b"From: Council <secure@council.gov.uk>\r\nTo: amy@example.org\r\nSubject: A message\r\n"
    b"Date: Sat, 21 Nov 2026 12:00:05 +0000\r\nMessage-ID: <1@council.gov.uk>\r\n"
    b"X-Other: 1\r\n\r\nHello  there\r\n\r\n\r\n"
)
RSA = rsa.generate_private_key(65537, 2048)
ED = ed25519.Ed25519PrivateKey.generate()


def pem(key: PrivateKeyTypes, shape: PrivateFormat = PrivateFormat.PKCS8) -> Secret:
    return Secret(key.private_bytes(Encoding.PEM, shape, NoEncryption()))


def dns(signer: Signer) -> Callable[..., bytes | None]:
    name, text = signer.record()

    def lookup(asked: bytes, timeout: int = 5) -> bytes | None:
        return text.encode() if asked.decode().rstrip(".") == name else None

    return lookup


@pytest.fixture(params=["rsa", "rsa-pkcs1", "ed25519"])
def signer(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Signer:
    if request.param == "ed25519":
        # dkimpy verifies Ed25519 with PyNaCl only; this is PyNaCl's interface over OpenSSL.
        monkeypatch.setattr(dkim, "nacl", nacl(), raising=False)
        return Signer("council.gov.uk", "s1", pem(ED))
    shape = PrivateFormat.PKCS8 if request.param == "rsa" else PrivateFormat.TraditionalOpenSSL
    return Signer("council.gov.uk", "s1", pem(RSA, shape))


def nacl() -> types.SimpleNamespace:
    class BadSignatureError(Exception):
        pass

    class VerifyKey:
        def __init__(self, key: bytes, encoder: object) -> None:
            self._key = ed25519.Ed25519PublicKey.from_public_bytes(base64.b64decode(key))

        def verify(self, digest: bytes, signature: bytes) -> None:
            try:
                self._key.verify(signature, digest)
            except Exception as error:
                raise BadSignatureError from error

    return types.SimpleNamespace(
        signing=types.SimpleNamespace(VerifyKey=VerifyKey),
        encoding=types.SimpleNamespace(Base64Encoder=None),
        exceptions=types.SimpleNamespace(
            BadSignatureError=BadSignatureError, ValueError=ValueError
        ),
    )


def test_a_signature_is_verified_by_dkimpy(signer: Signer) -> None:
    signed = signer.sign(MAIL)
    assert signed.startswith(b"DKIM-Signature: ")
    assert signed.endswith(MAIL)
    assert dkim.verify(signed, dnsfunc=dns(signer))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"Hello", b"Hullo"),
        (b"amy@", b"eve@"),
        (b"X-Other", b"From: Eve <eve@example.org>\r\nX-Other"),
        (b"X-Other", b"Subject: Another\r\nX-Other"),
        (b"X-Other", b"To: eve@example.org\r\nX-Other"),
        (b"X-Other", b"Reply-To: eve@example.org\r\nX-Other"),
        (b"X-Other", b"Cc: eve@example.org\r\nX-Other"),
        (b"X-Other", b"Content-Type: text/html\r\nX-Other"),
        (b"there\r\n", b"there\r\nmore\r\n"),
    ],
)
def test_what_was_changed_or_added_does_not_verify(signer: Signer, old: bytes, new: bytes) -> None:
    signed = signer.sign(MAIL)
    head, body = signed[: -len(MAIL)], signed[-len(MAIL) :]
    assert old in body
    assert not dkim.verify(head + body.replace(old, new, 1), dnsfunc=dns(signer))


def test_what_servers_do_on_the_way_is_survived(signer: Signer) -> None:
    signed = signer.sign(MAIL)
    changed = b"Received: x\r\n" + signed.replace(b"Subject: A message", b"SUBJECT:  A message ")
    changed = changed.replace(b"Hello  there", b"Hello there ").rstrip(b"\r\n") + b"\r\n"
    assert dkim.verify(changed, dnsfunc=dns(signer))


def test_the_tags(signer: Signer) -> None:
    field = re.sub(rb"\s+", b"", signer.sign(MAIL)[: -len(MAIL)]).decode()
    tags = dict(tag.split("=", 1) for tag in field.removeprefix("DKIM-Signature:").split(";"))
    assert list(tags) == ["v", "a", "c", "d", "s", "t", "h", "bh", "b"]
    assert (tags["d"], tags["s"], tags["c"]) == ("council.gov.uk", "s1", "relaxed/relaxed")
    names = tags["h"].split(":")
    assert [names.count(name) for name in ("from", "to", "subject", "reply-to")] == [2, 2, 2, 1]
    assert all(len(line) <= 998 for line in signer.sign(MAIL).split(b"\r\n"))


def test_rsa_agrees_with_dkimpys_own() -> None:
    ours = Signer("council.gov.uk", "s1", pem(RSA)).sign(MAIL)
    theirs = dkim.sign(
        MAIL, b"s1", b"council.gov.uk", pem(RSA, PrivateFormat.TraditionalOpenSSL).reveal()
    )
    lookup = dns(Signer("council.gov.uk", "s1", pem(RSA)))
    assert dkim.verify(ours, dnsfunc=lookup)
    assert dkim.verify(theirs + MAIL, dnsfunc=lookup)


@pytest.mark.parametrize(
    "key",
    [
        Secret(b"nonsense"),
        Secret(b""),
        pem(ec.generate_private_key(ec.SECP256R1())),
        pem(rsa.generate_private_key(65537, 1024)),
        Secret(RSA.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"x"))),
    ],
)
def test_other_keys_are_refused_without_showing_them(key: Secret) -> None:
    with pytest.raises(DkimKeyError) as caught:
        Signer("council.gov.uk", "s1", key)
    assert "BEGIN" not in str(caught.value)


@pytest.mark.parametrize("key", [RSA, ED])
def test_a_signer_that_signs_wrongly_is_not_made(
    key: PrivateKeyTypes, monkeypatch: pytest.MonkeyPatch
) -> None:
    right = _Key.sign
    monkeypatch.setattr(_Key, "sign", lambda self, digest: right(self, bytes(len(digest))))
    with pytest.raises(DkimKeyError, match="valid DKIM"):
        Signer("council.gov.uk", "s1", pem(key))


def test_the_probe_verifies_what_is_right() -> None:
    signer = Signer("council.gov.uk", "s1", pem(ED))
    assert _Signature(signer.sign(MAIL)).verified_by(signer._key)
