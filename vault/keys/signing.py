"""The key that signs statements of this installation: heads of its audit trail, above all.

Ed25519 (RFC 8032). `audit.private` signs and is held by the process that keeps house;
`audit.public` is what an auditor is given once, and trusts from then on. Keys that came later have
their id in the name: `audit-ID.private`. Which of them signs, the trail says (`vault.trail.heads`).

Promises that a statement of one kind is never taken for one of another: the kind is signed too.
Must never be imported by the SMTP door, nor make a key where statements of another one exist.
"""

import hashlib
import os
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import (
    Ed25519PrivateKey,
    Ed25519PublicKey,
)

from vault.errors import KeyUnusable
from vault.keys import file as keyfile
from vault.keys.place import KeyPlace, private_files
from vault.keys.settings import AS_THEY_ARE, KeySettings, credential
from vault.secrets import Secret

NAME = "audit"
KEY_SIZE = 32
_PRIVATE_REMARK = "This half signs the audit trail. Keep it secret."
_PUBLIC_REMARK = "This half proves what audit.private has signed. Give it to your auditors."


@dataclass(frozen=True, slots=True)
class VerifyingKey:
    """What checks a statement. `id` is the first 16 hex digits of the key's SHA-256."""

    raw: bytes

    @property
    def id(self) -> str:
        """The name under which statements refer to the key."""
        return hashlib.sha256(self.raw).hexdigest()[:16]

    def confirms(self, kind: str, statement: bytes, signature: bytes) -> bool:
        """Say whether the key's other half has signed this statement as one of this kind."""
        try:
            key = Ed25519PublicKey.from_public_bytes(self.raw)
            key.verify(signature, _told(kind, statement))
        except (InvalidSignature, ValueError):
            return False
        return True


class SigningKey:
    """What signs a statement. `public` is the half to check it with."""

    def __init__(self, secret: Secret) -> None:
        self._key = Ed25519PrivateKey.from_private_bytes(secret.reveal())
        self.public = VerifyingKey(self._key.public_key().public_bytes_raw())

    def sign(self, kind: str, statement: bytes) -> bytes:
        """Return the signature (64 bytes) of a statement of a kind, such as `audit head 1`."""
        return self._key.sign(_told(kind, statement))


def make(folder: Path, settings: KeySettings = AS_THEY_ARE) -> SigningKey:
    """Make the first key in `folder`, protected as the settings say.

    Raises KeyUnusable if there is one or it cannot be written, and KeyServiceSilent.
    """
    if present := [one.name for one in _files(folder) if os.path.lexists(one)]:
        raise KeyUnusable(f"{folder} already holds {', '.join(present)}: nothing was changed")
    return _made(folder, settings, is_first=True)


def ready(folder: Path, settings: KeySettings, known: Collection[str]) -> SigningKey:
    """Return a key that has never signed, which is made if none is there; `known` are all others.

    Raises KeyUnusable, KeyServiceSilent.
    """
    for path in private_files(folder, NAME):
        if (key := _read(folder, path, settings)).public.id not in known:
            return key
    return _made(folder, settings, is_first=False)


def held(folder: Path) -> set[str]:
    """Return the ids of the keys whose half that signs is in a folder; raises KeyUnusable."""
    return {keyfile.id_of(path) for path in private_files(folder, NAME)}


def retire(folder: Path, key_id: str) -> bool:
    """Destroy the half of a key that signs; False if it is not in the folder. Raises KeyUnusable.

    The half that checks stays: it proves what was signed.
    """
    try:
        for path in private_files(folder, NAME):
            if keyfile.id_of(path) == key_id:
                keyfile.erase(path)
                return True
    except OSError as error:
        raise KeyUnusable(f"keys cannot be destroyed in {folder}: {error.strerror}") from error
    return False


def _made(folder: Path, settings: KeySettings, *, is_first: bool) -> SigningKey:
    secret = Secret(Ed25519PrivateKey.generate().private_bytes_raw())
    key = SigningKey(secret)
    private, public = _files(folder, "" if is_first else key.public.id)
    try:
        place = KeyPlace(folder, settings)
        place.write(f"{NAME}-private", key.public.id, secret, _PRIVATE_REMARK, private)
        shown = Secret(key.public.raw)
        keyfile.write(public, f"{NAME}-public", key.public.id, shown, _PUBLIC_REMARK)
        keyfile.flush_folder(folder)
    except OSError as error:
        raise KeyUnusable(f"keys cannot be written to {folder}: {error.strerror}") from error
    return key


def exists(folder: Path) -> bool:
    """Say whether there is a key, or half of one, in `folder` or among systemd's credentials."""
    given = credential(f"{NAME}.private") is not None
    return given or any(os.path.lexists(one) for one in _files(folder))


def load(
    folder: Path, settings: KeySettings = AS_THEY_ARE, key_id: str | None = None
) -> SigningKey:
    """Load the half that signs, of one key or (None) of the first.

    Raises KeyUnusable, KeyServiceSilent.
    """
    for name in (f"{NAME}-{key_id}.private", f"{NAME}.private"):
        path = credential(name) or folder / name
        if os.path.lexists(path):
            key = _read(folder, path, settings)
            if key_id in {None, key.public.id}:
                return key
    if key_id is None:
        return _read(folder, _files(folder)[0], settings)  # says what is missing
    raise KeyUnusable(
        f"the key {key_id}, which signs the audit trail, is missing in {folder}: put back the "
        f"backup, or copy {NAME}-{key_id}.private from the node that made it"
    )


def load_public(path: Path) -> VerifyingKey:
    """Load the half that checks, from a file or the folder that holds it; raises KeyUnusable."""
    file = _files(path)[1] if path.is_dir() else path
    key_id, raw = keyfile.read(file, f"{NAME}-public", private=False)
    key = VerifyingKey(raw.reveal())
    _check(file, key_id, key)
    return key


def publics(folder: Path) -> list[VerifyingKey]:
    """Load every half in a folder that checks, the first key's first; raises KeyUnusable."""
    later = sorted(folder.glob(f"{NAME}-*.public"))
    return [load_public(folder), *map(load_public, later)]


def _read(folder: Path, path: Path, settings: KeySettings) -> SigningKey:
    unlock = KeyPlace(folder, settings).locks.unlock
    key_id, secret = keyfile.read(path, f"{NAME}-private", private=True, unlock=unlock)
    if len(secret) != KEY_SIZE:
        raise KeyUnusable(f"{path} is damaged: put back a copy of it")
    key = SigningKey(secret)
    _check(path, key_id, key.public)
    return key


def _files(folder: Path, key_id: str = "") -> tuple[Path, Path]:
    name = f"{NAME}-{key_id}" if key_id else NAME
    return folder / f"{name}.private", folder / f"{name}.public"


def _check(path: Path, written: str, key: VerifyingKey) -> None:
    if written != key.id:
        raise KeyUnusable(f"{path} says id {written} but holds {key.id}: put back a copy of it")


def _told(kind: str, statement: bytes) -> bytes:
    return b"sealgate " + kind.encode() + b"\n" + statement
