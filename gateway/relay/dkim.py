"""DKIM signatures (RFC 6376, RFC 8463): keys, and the field that one makes.

dkimpy builds the signature; OpenSSL does the arithmetic, which is ten to thirty times as fast as
dkimpy's own for RSA and gives Ed25519 without another library.
Promises that a signer which does not produce valid signatures is never made, that From, To,
Subject and what else a reader goes by cannot be added a second time, and that there is no `l=`.
Must never show key material, whatever goes wrong.
"""

import base64
import contextlib
import time
from pathlib import Path
from typing import Any, Self

import dkim
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ed25519, padding, rsa, utils
from cryptography.hazmat.primitives.hashes import SHA256, Hash
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_pem_private_key,
)
from dkim.canonicalization import CanonicalizationPolicy

from vault.secrets import Secret

SMALLEST_RSA = 2048  # bits; RFC 8301 section 3.2 says SHOULD, and so do we
CANONICAL = b"relaxed/relaxed"
APART = b"relaxed/simple"  # the body in the form that can be hashed as it passes
# Once more than they are there, so that a second one breaks the signature. Reply-To and Cc are
# named although we send none: nobody may add one.
SIGNED_TWICE = (b"from", b"to", b"subject")
SIGNED = (
    b"date", b"message-id", b"reply-to", b"cc", b"mime-version", b"content-type",
    b"content-transfer-encoding", b"content-language", b"auto-submitted",
)  # fmt: skip
PROBE = b"From: a@example.org\r\nTo: b@example.org\r\nSubject: probe\r\n\r\nprobe\r\n"


class DkimKeyError(Exception):
    """The key cannot be used for signing. Says why and never shows key material."""


class SigningError(Exception):
    """A header cannot be signed."""


class _Key:
    """A private key in the form in which dkimpy asks for an Ed25519 one: sign a digest."""

    def __init__(self, private: rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey) -> None:
        self._private = private
        self.signature = b""
        self.agreed = False

    @property
    def algorithm(self) -> bytes:
        return b"rsa-sha256" if isinstance(self._private, rsa.RSAPrivateKey) else b"ed25519-sha256"

    def sign(self, digest: bytes) -> "_Key":
        if isinstance(self._private, rsa.RSAPrivateKey):
            done = self._private.sign(digest, padding.PKCS1v15(), utils.Prehashed(SHA256()))
        else:
            done = self._private.sign(digest)
        signed = _Key(self._private)
        signed.signature = done
        return signed

    def verify(self, digest: bytes, signature: bytes) -> None:
        """Note in `agreed` whether the public half says that we signed `digest`.

        dkimpy names an exception of PyNaCl when this raises, and PyNaCl need not be there.
        """
        self.agreed = False
        with contextlib.suppress(InvalidSignature):
            if isinstance(self._private, rsa.RSAPrivateKey):
                public = self._private.public_key()
                public.verify(signature, digest, padding.PKCS1v15(), utils.Prehashed(SHA256()))
            else:
                self._private.public_key().verify(signature, digest)
            self.agreed = True

    def record(self) -> str:
        """Return the DNS record that publishes the public half."""
        public = self._private.public_key()
        if isinstance(public, rsa.RSAPublicKey):
            shape, kind = (Encoding.DER, PublicFormat.SubjectPublicKeyInfo), "rsa"
        else:
            shape, kind = (Encoding.Raw, PublicFormat.Raw), "ed25519"
        return f"v=DKIM1; k={kind}; p={base64.b64encode(public.public_bytes(*shape)).decode()}"


class _Signature(dkim.DKIM):  # type: ignore[misc] # dkimpy has no types
    """A message, with the key asked directly instead of parsed and used in Python."""

    def field(
        self, key: _Key, domain: bytes, selector: bytes, body_digest: bytes | None = None
    ) -> bytes:
        """Return the DKIM-Signature field with its CRLF.

        With `body_digest`, the hash of a body in its simple form, the message is a header alone.
        """
        policy = CanonicalizationPolicy.from_c_value(CANONICAL if body_digest is None else APART)
        present = {name.lower() for name, _ in self.headers}
        names = [name for name in SIGNED_TWICE if name in present]
        names += [*SIGNED_TWICE, *SIGNED]
        if body_digest is None:
            body = Hash(SHA256())
            body.update(policy.canonicalize_body(self.body))
            body_digest = body.finalize()
        fields = [
            (b"v", b"1"),
            (b"a", key.algorithm),
            (b"c", policy.to_c_value()),
            (b"d", domain),
            (b"s", selector),
            (b"t", str(int(time.time())).encode()),
            (b"h", b" : ".join(names)),
            (b"bh", base64.b64encode(body_digest)),
            (b"b", b"0" * 60),
        ]
        self.hasher = dkim.HASH_ALGORITHMS[key.algorithm]
        # To dkimpy's Ed25519 branch the key is an object that signs a SHA-256 digest: so is ours,
        # also for RSA. The algorithm a verifier reads is the `a` field above.
        self.signature_algorithm = b"ed25519-sha256"
        header: bytes = self.gen_header(fields, names, policy, b"DKIM-Signature", key)
        return b"DKIM-Signature: " + header

    def verified_by(self, key: _Key) -> bool:
        """Verify the topmost signature with dkimpy's reading of it and our key."""
        sig, names, headers = self.verify_headerprep(0)
        self.pk, self.ktag, self.keysize = key, b"ed25519", SMALLEST_RSA
        return bool(self.verify_sig_process(sig, names, headers[0], None)) and key.agreed


class Signer:
    """Signs for one domain with one selector and key."""

    def __init__(self, domain: str, selector: str, pem: Secret) -> None:
        """Load the key and prove that it signs. Raise DkimKeyError."""
        self._domain, self._selector = domain.encode("ascii"), selector.encode("ascii")
        self._key = _load(pem)
        self._prove()

    @classmethod
    def load(cls, domain: str, selector: str, path: Path) -> Self:
        """Make a signer with the key in a file. Raise DkimKeyError."""
        try:
            return cls(domain, selector, Secret(path.read_bytes()))
        except OSError as error:
            raise DkimKeyError(f"{path} cannot be read: {error.strerror}") from error

    def sign(self, message: bytes) -> bytes:
        """Return `message` (CRLF line ends, complete) with a DKIM-Signature field on top."""
        return _Signature(message).field(self._key, self._domain, self._selector) + message

    def field(self, header: bytes, body_digest: bytes) -> bytes:
        """Return the field for a mail of which the header and the hash of the body are known.

        `body_digest` is of the simple form. Raises SigningError.
        """
        try:
            signature = _Signature(header + b"\r\n")
            return signature.field(self._key, self._domain, self._selector, body_digest)
        except (dkim.DKIMException, ValueError, LookupError) as error:
            raise SigningError("the header cannot be signed") from error

    def record(self) -> tuple[str, str]:
        """Return the name and the text of the TXT record that must be in the DNS."""
        return f"{self._selector.decode()}._domainkey.{self._domain.decode()}", self._key.record()

    def _prove(self) -> None:
        """Sign and verify once: a change in dkimpy must be found here, not by recipients."""
        try:
            good = _Signature(self.sign(PROBE)).verified_by(self._key)
        except (dkim.DKIMException, TypeError, ValueError, LookupError) as error:
            raise DkimKeyError("the key does not make valid DKIM signatures") from error
        if not good:
            raise DkimKeyError("the key does not make valid DKIM signatures")


def _load(pem: Secret) -> _Key:
    try:
        private: Any = load_pem_private_key(pem.reveal(), password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise DkimKeyError("the file is not an unencrypted PEM private key") from error
    if isinstance(private, rsa.RSAPrivateKey):
        if private.key_size < SMALLEST_RSA:
            raise DkimKeyError(
                f"the RSA key has {private.key_size} bits; {SMALLEST_RSA} are needed"
            )
        return _Key(private)
    if isinstance(private, ed25519.Ed25519PrivateKey):
        return _Key(private)
    raise DkimKeyError("DKIM signs with RSA or Ed25519 keys only")
