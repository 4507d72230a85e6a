"""The keys each process may hold, and the folder they live in.

| file            | held by process  | what it does                                            |
|-----------------|------------------|---------------------------------------------------------|
| `vault.public`  | smtp, web        | seals packages                                          |
| `vault.private` | web              | opens packages (`vault.keys.opening`)                   |
| `relay.public`  | smtp, web        | seals what is still to be sent                          |
| `relay.private` | deliver          | opens what is still to be sent                          |
| `marks.secret`  | smtp, web        | marks that recognise a message again, without content   |
| `web.secret`    | web              | codes and forms of the reader site                      |

Pairs that were made later carry their id in their names, and `vault.ring` says how they stand
(`vault.keys.ring`). Promises that a key which is missing, damaged, mixed up or readable by others
stops the start.
Must never make a key silently, write over one, or open a package: that is `vault.keys.opening`.
"""

import os
from dataclasses import dataclass
from pathlib import Path

from vault.errors import KeyUnusable
from vault.keys import file as keyfile
from vault.keys.halves import OpeningHalves, SealingHalf
from vault.keys.hpke import Opener, PrivateHalf, Sealer
from vault.keys.place import SECRET_SIZE, KeyPlace
from vault.keys.settings import AS_THEY_ARE, KeySettings
from vault.secrets import Secret

PAIRS = ("vault", "relay")
SECRETS = ("marks", "web")
OPENS = "This half opens. Keep it secret, and keep a copy where the server's disk is not."
SEALS = "This half seals. It need not be secret, but must not be exchanged for another."
_HIDDEN = "Keep this secret, and keep a copy where the server's disk is not."


@dataclass(frozen=True, slots=True)
class SealingKeys:
    """What the SMTP door holds: it can seal, and can open nothing."""

    vault: Sealer
    relay: Sealer
    marks: Secret


@dataclass(frozen=True, slots=True)
class RelayKeys:
    """What the deliverer holds: it opens what is still to be sent, and no package."""

    relay: Opener


def init(folder: Path, settings: KeySettings = AS_THEY_ARE) -> None:
    """Make every key in `folder`, which is created if need be; raises KeyUnusable if one exists.

    Raises KeyServiceSilent where the settings name a key service that does not answer.
    """
    pairs = {name: PrivateHalf.generate() for name in PAIRS}
    place = KeyPlace(folder, settings)
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        folder.chmod(0o700)
        _refuse_existing(folder)
        for name, pair in pairs.items():
            write_pair(place, name, pair, f"{name}.public", f"{name}.private")
        for name in SECRETS:
            kind, secret = f"{name}-secret", Secret.random(SECRET_SIZE)
            secret_id = keyfile.secret_id(kind, secret)
            place.write(kind, secret_id, secret, _HIDDEN, folder / f"{name}.secret")
        keyfile.flush_folder(folder)
    except OSError as error:
        raise KeyUnusable(f"keys cannot be written to {folder}: {error.strerror}") from error


def load_sealing(folder: Path, settings: KeySettings = AS_THEY_ARE) -> SealingKeys:
    """Load the public halves and the marks secret; raises KeyUnusable, KeyServiceSilent."""
    place = KeyPlace(folder, settings)
    return SealingKeys(
        vault=SealingHalf(place, "vault"),
        relay=SealingHalf(place, "relay"),
        marks=place.secret("marks"),
    )


def load_relay(folder: Path, settings: KeySettings = AS_THEY_ARE) -> RelayKeys:
    """Load the opening halves of the relay key; raises KeyUnusable, KeyServiceSilent."""
    return RelayKeys(relay=OpeningHalves(KeyPlace(folder, settings), "relay"))


def load_web_secret(folder: Path, settings: KeySettings = AS_THEY_ARE) -> Secret:
    """Load the secret of the reader site; raises KeyUnusable, KeyServiceSilent."""
    return KeyPlace(folder, settings).secret("web")


def write_pair(
    place: KeyPlace, name: str, pair: PrivateHalf, public_name: str, private_name: str
) -> None:
    """Write both halves of a new pair, the opening one first; raises OSError, also if it exists."""
    folder, private = place.folder, pair.to_bytes()
    place.write(f"{name}-private", pair.key_id, private, OPENS, folder / private_name)
    public = Secret(pair.public().to_bytes())
    keyfile.write(folder / public_name, f"{name}-public", pair.key_id, public, SEALS)


def _refuse_existing(folder: Path) -> None:
    names = [f"{n}.{end}" for n in PAIRS for end in ("public", "private", "ring")]
    names += [f"{n}.secret" for n in SECRETS]
    if present := [name for name in names if os.path.lexists(folder / name)]:
        raise KeyUnusable(
            f"{folder} already holds {', '.join(present)}: nothing was changed. "
            "What was sealed with these keys can be opened with no others"
        )
