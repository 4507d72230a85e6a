"""Public-key sealing: anyone with the public half seals, only the private half opens.

Hybrid Public Key Encryption (RFC 9180, base mode, one message) with the KEM X-Wing, which joins
ML-KEM-768 and X25519: an attacker must break both. The rest of the suite is HKDF-SHA256 and
AES-256-GCM. A sealed value begins with its version, its suite and the id of its key, and these are
bound into HPKE's `info` together with what the caller says it is for (`binding`).

Promises that a value opens only with the right key and the very same binding.
Must never seal long content (`vault.contents.stream` does), nor open a version or suite that
it does not know.
"""

import hashlib
import struct
from typing import Protocol

from cryptography.exceptions import InvalidTag, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.mlkem import MLKEM768PrivateKey, MLKEM768PublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.hpke import (
    AEAD,
    KDF,
    KEM,
    MLKEM768X25519PrivateKey,
    MLKEM768X25519PublicKey,
    Suite,
)

from vault.errors import KeyUnusable, Tampered
from vault.secrets import Secret

VERSION = 1
XWING_HKDF_SHA256_AES_256_GCM = 1

MLKEM_PUBLIC_SIZE, MLKEM_SEED_SIZE, X25519_SIZE = 1184, 64, 32
PUBLIC_SIZE = MLKEM_PUBLIC_SIZE + X25519_SIZE
PRIVATE_SIZE = MLKEM_SEED_SIZE + X25519_SIZE

_PREFIX = struct.Struct(">BB8s")  # version, suite, key id
_INFO_LABEL = b"sealgate/v1/hpke"
_SUITE = Suite(KEM.MLKEM768_X25519, KDF.HKDF_SHA256, AEAD.AES_256_GCM)
_NO_MLKEM = (
    "this Python's cryptography is built on an OpenSSL without ML-KEM-768: "
    "install the cryptography wheel, or build it with OpenSSL 3.5 or later"
)


def binding(purpose: str, *fields: str | bytes) -> bytes:
    """Return the `info` that ties a sealed value to its purpose and to what it belongs to.

    Every field goes in behind its length (2 bytes, big-endian), so that two different lists of
    fields never give the same bytes.
    """
    items = [purpose, *fields]
    encoded = [item.encode() if isinstance(item, str) else item for item in items]
    return b"".join(len(item).to_bytes(2, "big") + item for item in encoded)


class Sealer(Protocol):
    """Whatever seals to a pair."""

    def seal(self, plain: bytes, info: bytes) -> bytes:
        """Seal a short message; it opens only with the same `info`."""
        ...

    def wrap(self, secret: Secret, info: bytes) -> bytes:
        """Seal a key."""
        ...


class Opener(Protocol):
    """Whatever opens what was sealed to a pair."""

    def open(self, sealed: bytes, info: bytes) -> bytes:
        """Open what was sealed with the same `info`; raises Tampered."""
        ...

    def unwrap(self, wrapped: bytes, info: bytes) -> Secret:
        """Open a key; raises Tampered."""
        ...


class PublicHalf:
    """The half that seals: 1,216 bytes, ML-KEM-768 first and X25519 after it."""

    def __init__(self, mlkem: MLKEM768PublicKey, x25519: X25519PublicKey) -> None:
        self._bytes = mlkem.public_bytes_raw() + x25519.public_bytes_raw()
        self._key = MLKEM768X25519PublicKey(mlkem, x25519)
        self._fingerprint = hashlib.sha256(self._bytes).digest()[:8]
        self.key_id = self._fingerprint.hex()

    @classmethod
    def from_bytes(cls, raw: bytes) -> "PublicHalf":
        """Read what `to_bytes` gave; raises KeyUnusable for anything that cannot seal."""
        if len(raw) != PUBLIC_SIZE:
            raise KeyUnusable(f"a public key has {PUBLIC_SIZE} bytes, this one has {len(raw)}")
        try:
            half = cls(
                MLKEM768PublicKey.from_public_bytes(raw[:MLKEM_PUBLIC_SIZE]),
                X25519PublicKey.from_public_bytes(raw[MLKEM_PUBLIC_SIZE:]),
            )
            half.seal(b"", b"")  # a point of low order is only found out by using it
        except UnsupportedAlgorithm as error:
            raise KeyUnusable(_NO_MLKEM) from error
        except ValueError as error:
            raise KeyUnusable("these bytes are not a public key") from error
        return half

    def to_bytes(self) -> bytes:
        """Return the key as 1,216 bytes."""
        return self._bytes

    def wrap(self, secret: Secret, info: bytes) -> bytes:
        """Seal a key. The result is 1,146 bytes longer than the key."""
        return self.seal(secret.reveal(), info)

    def seal(self, plain: bytes, info: bytes) -> bytes:
        """Seal a short message; it opens only with the same `info` (see `binding`)."""
        prefix = _PREFIX.pack(VERSION, XWING_HKDF_SHA256_AES_256_GCM, self._fingerprint)
        return prefix + _SUITE.encrypt(plain, self._key, info=_full_info(prefix, info))


class PrivateHalf:
    """The half that opens, kept in seed form: 64 bytes for ML-KEM-768 and 32 for X25519."""

    def __init__(self, mlkem: MLKEM768PrivateKey, x25519: X25519PrivateKey) -> None:
        self._mlkem = mlkem
        self._x25519 = x25519
        self._key = MLKEM768X25519PrivateKey(mlkem, x25519)
        self._public = PublicHalf(mlkem.public_key(), x25519.public_key())
        self.key_id = self._public.key_id

    @classmethod
    def generate(cls) -> "PrivateHalf":
        """Draw a new key; raises KeyUnusable where OpenSSL has no ML-KEM."""
        try:
            return cls(MLKEM768PrivateKey.generate(), X25519PrivateKey.generate())
        except UnsupportedAlgorithm as error:
            raise KeyUnusable(_NO_MLKEM) from error

    @classmethod
    def from_bytes(cls, raw: Secret) -> "PrivateHalf":
        """Read what `to_bytes` gave; raises KeyUnusable."""
        if len(raw) != PRIVATE_SIZE:
            raise KeyUnusable(f"a private key has {PRIVATE_SIZE} bytes, this one has {len(raw)}")
        seeds = raw.reveal()
        try:
            return cls(
                MLKEM768PrivateKey.from_seed_bytes(seeds[:MLKEM_SEED_SIZE]),
                X25519PrivateKey.from_private_bytes(seeds[MLKEM_SEED_SIZE:]),
            )
        except UnsupportedAlgorithm as error:
            raise KeyUnusable(_NO_MLKEM) from error

    def to_bytes(self) -> Secret:
        """Return the 96 bytes of both seeds."""
        return Secret(self._mlkem.private_bytes_raw() + self._x25519.private_bytes_raw())

    def public(self) -> PublicHalf:
        """Return the half that seals."""
        return self._public

    def unwrap(self, wrapped: bytes, info: bytes) -> Secret:
        """Open what `PublicHalf.wrap` sealed; raises Tampered."""
        return Secret(self.open(wrapped, info))

    def open(self, sealed: bytes, info: bytes) -> bytes:
        """Open what `PublicHalf.seal` sealed with the same `info`; raises Tampered."""
        prefix = prefix_of(self.key_id)
        if sealed[: _PREFIX.size] != prefix:
            raise Tampered
        body = sealed[_PREFIX.size :]
        try:
            return _SUITE.decrypt(body, self._key, info=_full_info(prefix, info))
        except (InvalidTag, ValueError):
            raise Tampered from None


def prefix_of(key_id: str) -> bytes:
    """Return what every value that is sealed to a key begins with."""
    return _PREFIX.pack(VERSION, XWING_HKDF_SHA256_AES_256_GCM, bytes.fromhex(key_id))


def key_id_of(sealed: bytes) -> str:
    """Return the id of the key that a value was sealed to, unauthenticated; raises Tampered."""
    if len(sealed) < _PREFIX.size:
        raise Tampered
    fingerprint: bytes = _PREFIX.unpack_from(sealed)[2]
    return fingerprint.hex()


def _full_info(prefix: bytes, info: bytes) -> bytes:
    return _INFO_LABEL + prefix + info
