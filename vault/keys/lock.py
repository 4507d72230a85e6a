"""Locks: what the private key files are encrypted with, and who keeps the key to that.

    sealgate-lock 1
    id: 0f3a62c9d1b7e845
    of: vault
    method: transit
    wrapped: (base64)

Each family of key files (`vault`, `relay`, `marks`, `web`, `audit`) has a lock of its own: a random
key-encryption key, wrapped by a passphrase or by a key service and unwrapped once, when a process
starts. So a process asks for what it needs and for nothing else, and a service that goes away
stops no process that runs. A protected key file holds its key under that (AES-256-GCM, bound to
kind and id).

Promises that every private file of a family can be opened at every moment of a change of locks.
Must never write a key-encryption key anywhere but wrapped.
"""

import base64
import binascii
import secrets
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from vault.errors import KeyUnusable
from vault.keys import file as keyfile
from vault.keys.file import Fields
from vault.keys.hpke import binding
from vault.keys.settings import KeySettings, Protection
from vault.secrets import Secret

_FIRST_LINE = "sealgate-lock 1"
_PURPOSE = "key file"
_NONCE_SIZE = 12
_REMARK = "# What the private key files are encrypted with; useless without the key service."


class KeyService(Protocol):
    """Whoever keeps key-encryption keys, by wrapping them. `family` says what one is for.

    Raises KeyUnusable for a refusal, KeyServiceSilent when there is no answer.
    """

    def wrap(self, key: Secret, family: str) -> bytes:
        """Encrypt a key of 32 bytes."""
        ...

    def unwrap(self, wrapped: bytes, family: str) -> Secret:
        """Decrypt what `wrap` made."""
        ...


Services = Callable[[Protection, KeySettings], KeyService]


class Locks:
    """The locks of one key folder. Keeps the key-encryption keys it has unwrapped."""

    def __init__(self, folder: Path, settings: KeySettings, services: Services) -> None:
        self._folder = folder
        self._settings = settings
        self._services = services
        self._asked: dict[Protection, KeyService] = {}
        self._keys: dict[str, Secret] = {}

    def unlock(self, fields: Fields) -> Secret:
        """Open a protected key file, given its lines; raises KeyUnusable, KeyServiceSilent."""
        family = fields["kind"].rpartition("-")[0]
        key = self._key(family, fields["lock"])
        sealed = base64.b64decode(fields["sealed"], validate=True)
        bound = binding(_PURPOSE, fields["kind"], fields["id"], fields["lock"])
        try:
            plain = AESGCM(key.reveal()).decrypt(sealed[:_NONCE_SIZE], sealed[_NONCE_SIZE:], bound)
        except (InvalidTag, ValueError):
            raise KeyUnusable(
                f"a {fields['kind']} file does not open with its lock: put back a copy of it"
            ) from None
        return Secret(plain)

    def seal(self, kind: str, key_id: str, key: Secret, lock_id: str) -> Fields:
        """Return the lines that hold a key: protected by a lock, or plain for the id ""."""
        if not lock_id:
            return {"key": base64.b64encode(key.reveal()).decode()}
        family = kind.rpartition("-")[0]
        bound = binding(_PURPOSE, kind, key_id, lock_id)
        nonce = secrets.token_bytes(_NONCE_SIZE)
        sealed = AESGCM(self._key(family, lock_id).reveal()).encrypt(nonce, key.reveal(), bound)
        return {"lock": lock_id, "sealed": base64.b64encode(nonce + sealed).decode()}

    def make(self, family: str) -> str:
        """Make a lock as the settings say and return its id, "" where they ask for none."""
        method = self._settings.protection
        if method is Protection.NONE:
            return ""
        key, lock_id = Secret.random(), secrets.token_hex(keyfile.ID_LENGTH // 2)
        service = self._service(method)
        wrapped = service.wrap(key, family)
        if service.unwrap(wrapped, family) != key:  # before anything depends on it
            raise KeyUnusable(
                f"the key service {method.value} does not give back what it was given"
            )
        lines = (
            *(_FIRST_LINE, _REMARK, f"id: {lock_id}", f"of: {family}"),
            *(f"method: {method.value}", f"wrapped: {base64.b64encode(wrapped).decode()}"),
        )
        keyfile.create(self._path(family, lock_id), "\n".join(lines) + "\n")
        keyfile.flush_folder(self._folder)
        self._keys[lock_id] = key
        return lock_id

    def drop_all_but(self, family: str, lock_id: str) -> None:
        """Delete the other locks of a family, which nothing uses any more; raises OSError."""
        for path in self._folder.glob(f"{family}-*.lock"):
            if path.name != f"{family}-{lock_id}.lock":
                path.unlink()

    def _key(self, family: str, lock_id: str) -> Secret:
        if lock_id not in self._keys:
            self._keys[lock_id] = self._unwrapped(family, lock_id)
        return self._keys[lock_id]

    def _unwrapped(self, family: str, lock_id: str) -> Secret:
        path = self._path(family, lock_id)
        fields = keyfile.fields_of(keyfile.private_text(path), path, _FIRST_LINE)
        try:
            if (fields["id"], fields["of"]) != (lock_id, family):
                raise KeyUnusable(f"{path} is the lock of other key files: put back a copy of it")
            method = Protection(fields["method"])
            wrapped = base64.b64decode(fields["wrapped"], validate=True)
        except (KeyError, ValueError, binascii.Error):
            raise KeyUnusable(f"{path} is damaged: put back a copy of it") from None
        return self._service(method).unwrap(wrapped, family)

    def _service(self, method: Protection) -> KeyService:
        if method not in self._asked:
            self._asked[method] = self._services(method, self._settings)
        return self._asked[method]

    def _path(self, family: str, lock_id: str) -> Path:
        if len(lock_id) != keyfile.ID_LENGTH or not lock_id.isalnum():
            raise KeyUnusable("a key file names a lock that cannot be")
        return self._folder / f"{family}-{lock_id}.lock"
