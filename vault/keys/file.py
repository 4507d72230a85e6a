"""Key files: a few lines of text that say what they hold.

    sealgate-key 1
    kind: vault-private
    id: 5f1c8a09d2e4b763
    key: (base64)

Blank lines and lines that begin with `#` are skipped. The id is the first 16 hex digits of a
SHA-256: of the public key for either half of a pair, and of `sealgate/v1/` + kind + the secret
otherwise. It finds a file that was mixed up or cut short before it does harm. A file that is
protected has `lock:` and `sealed:` in place of `key:` (see `vault.keys.lock`).

Promises that a private file is written for its owner alone and read only if that is still so.
Must never put key bytes into a message, nor write over a file unless asked to replace it.
"""

import base64
import binascii
import hashlib
import os
import secrets
import stat
from collections.abc import Callable, Mapping
from pathlib import Path

from vault.errors import KeyUnusable
from vault.secrets import Secret

ID_LENGTH = 16  # hex digits
_FIRST_LINE = "sealgate-key 1"
_SIZE_LIMIT = 16_384  # bytes; the largest key file has about 1,800

Fields = Mapping[str, str]
Unlock = Callable[[Fields], Secret]
"""Opens a protected file, given its lines; raises KeyUnusable."""


def write(path: Path, kind: str, key_id: str, key: Secret, remark: str) -> None:
    """Write a new file with mode 0600 and flush it; raises OSError, also when it exists."""
    encoded = base64.b64encode(key.reveal()).decode("ascii")
    create(path, text(kind, key_id, {"key": encoded}, remark))


def text(kind: str, key_id: str, rest: Fields, remark: str) -> str:
    """Return what a key file says. `rest` holds the key, in whatever form."""
    lines = {"kind": kind, "id": key_id, **rest}
    return "".join(
        [f"{_FIRST_LINE}\n# {remark}\n", *(f"{name}: {line}\n" for name, line in lines.items())]
    )


def create(path: Path, content: str) -> None:
    """Write a new private file and flush it; raises OSError, also when it exists."""
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with os.fdopen(handle, "w", encoding="ascii") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def replace(path: Path, content: str) -> None:
    """Put a private file in place of another as a whole, durably; raises OSError."""
    half = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        create(half, content)
        half.replace(path)
    finally:
        half.unlink(missing_ok=True)
    flush_folder(path.parent)


def read(
    path: Path, kind: str, *, private: bool, unlock: Unlock | None = None
) -> tuple[str, Secret]:
    """Return the id and the key in `path`; raises KeyUnusable naming the file and the mend."""
    fields = _of_kind(path, kind, private=private)
    try:
        if "lock" in fields:
            if unlock is None:
                raise KeyUnusable(f"{path} is protected: it is not opened here")
            return fields["id"], unlock(fields)
        key = base64.b64decode(fields["key"], validate=True)
        return fields["id"], Secret(key)
    except (KeyError, binascii.Error):
        raise KeyUnusable(f"{path} is damaged: put back a copy of it") from None


def id_of(path: Path) -> str:
    """Return the id that a file says it has, unchecked; raises KeyUnusable."""
    fields = fields_of(_text(path, private=False), path)
    if len(fields.get("id", "")) != ID_LENGTH:
        raise KeyUnusable(f"{path} is damaged: put back a copy of it")
    return fields["id"]


def erase(path: Path) -> None:
    """Overwrite and delete a file; what a disk keeps of it is beyond a program. Raises OSError."""
    with path.open("r+b") as file:
        file.write(os.urandom(path.stat().st_size))
        file.flush()
        os.fsync(file.fileno())
    path.unlink()
    flush_folder(path.parent)


def lock_of(path: Path) -> str:
    """Return the id of the lock of a private file, "" for one without; raises KeyUnusable."""
    return fields_of(_text(path, private=True), path).get("lock", "")


def secret_id(kind: str, secret: Secret) -> str:
    """Return the id of a secret that has no public half."""
    return hashlib.sha256(f"sealgate/v1/{kind}".encode() + secret.reveal()).hexdigest()[:ID_LENGTH]


def flush_folder(folder: Path) -> None:
    """Flush the names in a folder; raises OSError."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def fields_of(content: str, path: Path, first: str = _FIRST_LINE) -> dict[str, str]:
    """Return the lines of a file of this form by their names; raises KeyUnusable."""
    lines = [line.strip() for line in content.splitlines()]
    lines = [line for line in lines if line and not line.startswith("#")]
    if not lines or lines[0] != first:
        raise KeyUnusable(f"{path} is not a key file of this version: put back a copy of it")
    pairs = (line.partition(":") for line in lines[1:])
    return {name.strip(): value.strip() for name, _, value in pairs}


def private_text(path: Path) -> str:
    """Return the text of a file that only its owner may read; raises KeyUnusable."""
    return _text(path, private=True)


def _of_kind(path: Path, kind: str, *, private: bool) -> dict[str, str]:
    fields = fields_of(_text(path, private=private), path)
    if fields.get("kind") != kind:
        raise KeyUnusable(f"{path} holds {fields.get('kind', 'nothing')!r}, not {kind!r}")
    return fields


def _text(path: Path, *, private: bool) -> str:
    try:
        with path.open("rb") as file:
            facts = os.fstat(file.fileno())  # of the file that is read, not of a name
            if private and stat.S_IMODE(facts.st_mode) & 0o077:
                raise KeyUnusable(
                    f"{path} can be read by others than its owner: run chmod 600 {path}"
                )
            return file.read(_SIZE_LIMIT).decode("ascii")
    except FileNotFoundError:
        raise KeyUnusable(
            f"{path} is missing: put back the backup, or make new keys with `sealgate keys init`"
        ) from None
    except OSError as error:
        raise KeyUnusable(f"{path} cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise KeyUnusable(f"{path} is not a key file: put back a copy of it") from None
