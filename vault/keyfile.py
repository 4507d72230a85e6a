"""Key files: a few lines of text that say what they hold.

    sealgate-key 1
    kind: vault-private
    id: 5f1c8a09d2e4b763
    key: (base64)

Blank lines and lines that begin with `#` are skipped. The id is the first 16 hex digits of a
SHA-256: of the public key for either half of a pair, and of `sealgate/v1/` + kind + the secret
otherwise. It finds a file that was mixed up or cut short before it does harm.

Promises that a private file is written for its owner alone and read only if that is still so.
Must never put key bytes into a message, nor write over a file.
"""

import base64
import binascii
import hashlib
import os
import stat
from pathlib import Path

from vault.errors import KeyUnusable
from vault.secrets import Secret

_FIRST_LINE = "sealgate-key 1"
_SIZE_LIMIT = 16_384  # bytes; the largest key file has about 1,800


def write(path: Path, kind: str, key_id: str, key: Secret, remark: str) -> None:
    """Write a new file with mode 0600 and flush it; raises OSError, also when it exists."""
    text = f"{_FIRST_LINE}\n# {remark}\nkind: {kind}\nid: {key_id}\n"
    encoded = base64.b64encode(key.reveal()).decode("ascii")
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with os.fdopen(handle, "w", encoding="ascii") as file:
        file.write(f"{text}key: {encoded}\n")
        file.flush()
        os.fsync(file.fileno())


def read(path: Path, kind: str, *, private: bool) -> tuple[str, Secret]:
    """Return the id and the key in `path`; raises KeyUnusable naming the file and the mend."""
    fields = _fields(_text(path, private=private), path)
    if fields.get("kind") != kind:
        raise KeyUnusable(f"{path} holds {fields.get('kind', 'nothing')!r}, not {kind!r}")
    try:
        key = base64.b64decode(fields["key"], validate=True)
        return fields["id"], Secret(key)
    except (KeyError, binascii.Error):
        raise KeyUnusable(f"{path} is damaged: put back a copy of it") from None


def secret_id(kind: str, secret: Secret) -> str:
    """Return the id of a secret that has no public half."""
    return hashlib.sha256(f"sealgate/v1/{kind}".encode() + secret.reveal()).hexdigest()[:16]


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


def _fields(text: str, path: Path) -> dict[str, str]:
    lines = [line.strip() for line in text.splitlines()]
    lines = [line for line in lines if line and not line.startswith("#")]
    if not lines or lines[0] != _FIRST_LINE:
        raise KeyUnusable(f"{path} is not a key file of this version: put back a copy of it")
    pairs = (line.partition(":") for line in lines[1:])
    return {name.strip(): value.strip() for name, _, value in pairs}
