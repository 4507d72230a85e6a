"""The keys each process may hold, and the folder they live in.

| file            | held by process  | what it does                                            |
|-----------------|------------------|---------------------------------------------------------|
| `vault.public`  | smtp, web        | seals packages                                          |
| `vault.private` | web              | opens packages (`vault.opening`)                        |
| `relay.public`  | smtp, web        | seals what is still to be sent                          |
| `relay.private` | deliver          | opens what is still to be sent                          |
| `marks.secret`  | smtp, web        | marks that recognise a message again, without content   |
| `web.secret`    | web              | codes and forms of the reader site                      |

Promises that a key which is missing, damaged, mixed up or readable by others stops the start.
Must never make a key silently, write over one, or open a package: that is `vault.opening`.
"""

import os
from dataclasses import dataclass
from pathlib import Path

from vault import keyfile
from vault.errors import KeyUnusable, Tampered
from vault.hpke import PrivateHalf, PublicHalf
from vault.secrets import Secret

SECRET_SIZE = 32
PAIRS = ("vault", "relay")
SECRETS = ("marks", "web")


@dataclass(frozen=True, slots=True)
class SealingKeys:
    """What the SMTP door holds: it can seal, and can open nothing."""

    vault: PublicHalf
    relay: PublicHalf
    marks: Secret


@dataclass(frozen=True, slots=True)
class RelayKeys:
    """What the deliverer holds: it opens what is still to be sent, and no package."""

    relay: PrivateHalf


def init(folder: Path) -> None:
    """Make every key in `folder`, which is created if need be; raises KeyUnusable if one exists."""
    pairs = {name: PrivateHalf.generate() for name in PAIRS}
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        folder.chmod(0o700)
        _refuse_existing(folder)
        for name, pair in pairs.items():
            _write_pair(folder, name, pair)
        for name in SECRETS:
            kind, secret = f"{name}-secret", Secret.random(SECRET_SIZE)
            remark = "Keep this secret, and keep a copy where the server's disk is not."
            path = folder / f"{name}.secret"
            keyfile.write(path, kind, keyfile.secret_id(kind, secret), secret, remark)
        _flush_folder(folder)
    except OSError as error:
        raise KeyUnusable(f"keys cannot be written to {folder}: {error.strerror}") from error


def load_sealing(folder: Path) -> SealingKeys:
    """Load the public halves and the marks secret; raises KeyUnusable."""
    return SealingKeys(
        vault=_load_public(folder, "vault"),
        relay=_load_public(folder, "relay"),
        marks=_load_secret(folder, "marks"),
    )


def load_relay(folder: Path) -> RelayKeys:
    """Load the opening half of the relay key; raises KeyUnusable."""
    return RelayKeys(relay=load_private(folder, "relay"))


def load_web_secret(folder: Path) -> Secret:
    """Load the secret of the reader site; raises KeyUnusable."""
    return _load_secret(folder, "web")


def load_private(folder: Path, name: str) -> PrivateHalf:
    """Load a private half and try it; raises KeyUnusable."""
    path = folder / f"{name}.private"
    key_id, raw = keyfile.read(path, f"{name}-private", private=True)
    half = PrivateHalf.from_bytes(raw)
    _check_id(path, key_id, half.key_id)
    try:
        half.open(half.public().seal(b"", b"trial"), b"trial")
    except Tampered:
        raise KeyUnusable(f"{path} does not open what it seals: put back a copy of it") from None
    return half


def _load_public(folder: Path, name: str) -> PublicHalf:
    path = folder / f"{name}.public"
    key_id, raw = keyfile.read(path, f"{name}-public", private=False)
    half = PublicHalf.from_bytes(raw.reveal())
    _check_id(path, key_id, half.key_id)
    return half


def _load_secret(folder: Path, name: str) -> Secret:
    path, kind = folder / f"{name}.secret", f"{name}-secret"
    key_id, secret = keyfile.read(path, kind, private=True)
    _check_id(path, key_id, keyfile.secret_id(kind, secret))
    if len(secret) != SECRET_SIZE:
        raise KeyUnusable(f"{path} does not hold {SECRET_SIZE} bytes: put back a copy of it")
    return secret


def _check_id(path: Path, written: str, found: str) -> None:
    if written != found:
        raise KeyUnusable(f"{path} says id {written} but holds {found}: put back a copy of it")


def _refuse_existing(folder: Path) -> None:
    names = [f"{n}.{half}" for n in PAIRS for half in ("public", "private")]
    names += [f"{n}.secret" for n in SECRETS]
    if present := [name for name in names if os.path.lexists(folder / name)]:
        raise KeyUnusable(
            f"{folder} already holds {', '.join(present)}: nothing was changed. "
            "What was sealed with these keys can be opened with no others"
        )


def _write_pair(folder: Path, name: str, pair: PrivateHalf) -> None:
    public = Secret(pair.public().to_bytes())
    remark = "This half seals. It need not be secret, but must not be exchanged for another."
    keyfile.write(folder / f"{name}.public", f"{name}-public", pair.key_id, public, remark)
    remark = "This half opens. Keep it secret, and keep a copy where the server's disk is not."
    private = pair.to_bytes()
    keyfile.write(folder / f"{name}.private", f"{name}-private", pair.key_id, private, remark)


def _flush_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
