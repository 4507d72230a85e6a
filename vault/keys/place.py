"""Where a process finds keys: environment, systemd credentials, and the key folder, in this order.

| what                     | environment                    | credential or file                 |
|--------------------------|--------------------------------|------------------------------------|
| private halves of a pair | `SEALGATE_KEY_VAULT_PRIVATE`   | `vault-ID.private`, `vault.private` |
| secrets                  | `SEALGATE_KEY_MARKS_SECRET`    | `marks.secret`                     |
| public halves            |                                | `vault-ID.public`, `vault.public`  |

A variable holds keys in base64, as in a key file, apart by blanks. `vault.private` is the first key
that a node had; later ones carry their id in their name.

Promises that a key is what it is said to be and works, or is refused with the way to mend it.
"""

import base64
import binascii
import os
from collections.abc import Iterator
from pathlib import Path

from vault.errors import KeyUnusable, Tampered
from vault.keys import file as keyfile
from vault.keys import ring as keyring
from vault.keys.hpke import PrivateHalf, PublicHalf
from vault.keys.lock import Locks
from vault.keys.ring import Ring, Stamp
from vault.keys.services import service_for
from vault.keys.settings import AS_THEY_ARE, KeySettings, credential
from vault.secrets import Secret

SECRET_SIZE = 32


class KeyPlace:
    """The keys of one folder, as the settings say they are protected."""

    def __init__(self, folder: Path, settings: KeySettings = AS_THEY_ARE) -> None:
        self.folder = folder
        self.settings = settings
        self.locks = Locks(folder, settings, service_for)

    def ring(self, name: str) -> Ring:
        """Return which keys a pair has; raises KeyUnusable."""
        return keyring.read(self.folder, name)

    def stamp(self, name: str) -> Stamp:
        """Return what changes whenever a key of the pair may have changed."""
        return keyring.stamp(self.folder, name)

    def public(self, name: str, key_id: str) -> PublicHalf:
        """Load a public half; raises KeyUnusable."""
        path = self.folder / f"{name}-{key_id}.public"
        if not path.exists():
            path = self.folder / f"{name}.public"
        written, raw = keyfile.read(path, f"{name}-public", private=False)
        half = PublicHalf.from_bytes(raw.reveal())
        _check_id(path, written, half.key_id)
        _check_wanted(path, half.key_id, key_id)
        return half

    def private(self, name: str, key_id: str) -> PrivateHalf:
        """Load a private half and try it; raises KeyUnusable, KeyServiceSilent."""
        kind = f"{name}-private"
        for raw in _given(kind):
            half = PrivateHalf.from_bytes(raw)
            if half.key_id == key_id:
                return _tried(half, _variable(kind))
        path = self._found(f"{name}-{key_id}.private", f"{name}.private")
        written, raw = keyfile.read(path, kind, private=True, unlock=self.locks.unlock)
        half = PrivateHalf.from_bytes(raw)
        _check_id(path, written, half.key_id)
        _check_wanted(path, half.key_id, key_id)
        return _tried(half, str(path))

    def secret(self, name: str) -> Secret:
        """Load a secret; raises KeyUnusable, KeyServiceSilent."""
        kind = f"{name}-secret"
        for raw in _given(kind):
            return _of_size(raw, _variable(kind))
        path = self._found(f"{name}.secret")
        key_id, secret = keyfile.read(path, kind, private=True, unlock=self.locks.unlock)
        _check_id(path, key_id, keyfile.secret_id(kind, secret))
        return _of_size(secret, str(path))

    def write(self, kind: str, key_id: str, key: Secret, remark: str, path: Path) -> None:
        """Write a new private file, protected like the others of its family; raises OSError."""
        family = kind.rpartition("-")[0]
        lines = self.locks.seal(kind, key_id, key, self._lock_in_use(family))
        keyfile.create(path, keyfile.text(kind, key_id, lines, remark))

    def _lock_in_use(self, family: str) -> str:
        """Return the lock of the family's files; a family without files gets a new one."""
        for path in private_files(self.folder, family):
            return keyfile.lock_of(path)
        return self.locks.make(family)

    def _found(self, *names: str) -> Path:
        for name in names:
            path = credential(name) or self.folder / name
            if os.path.lexists(path):
                return path
        return self.folder / names[-1]


def private_files(folder: Path, family: str) -> list[Path]:
    """Return the files of a family that only their owner may read: halves or secrets."""
    patterns = (f"{family}.private", f"{family}-*.private", f"{family}.secret")
    return [path for pattern in patterns for path in sorted(folder.glob(pattern))]


def _given(kind: str) -> Iterator[Secret]:
    """Yield the keys of a kind that stand in the environment."""
    for word in os.environ.get(_variable(kind), "").split():
        try:
            yield Secret(base64.b64decode(word, validate=True))
        except binascii.Error:
            raise KeyUnusable(f"{_variable(kind)} in the environment is not base64") from None


def _variable(kind: str) -> str:
    return f"SEALGATE_KEY_{kind.upper().replace('-', '_')}"


def _tried(half: PrivateHalf, where: str) -> PrivateHalf:
    try:
        half.open(half.public().seal(b"", b"trial"), b"trial")
    except Tampered:
        raise KeyUnusable(f"{where} does not open what it seals: put back a copy of it") from None
    return half


def _of_size(secret: Secret, where: str) -> Secret:
    if len(secret) != SECRET_SIZE:
        raise KeyUnusable(f"{where} does not hold {SECRET_SIZE} bytes: put back a copy of it")
    return secret


def _check_id(path: Path, written: str, found: str) -> None:
    if written != found:
        raise KeyUnusable(f"{path} says id {written} but holds {found}: put back a copy of it")


def _check_wanted(path: Path, found: str, wanted: str) -> None:
    if found != wanted:
        raise KeyUnusable(f"{path} holds key {found}, and {wanted} is missing: put back a copy")
