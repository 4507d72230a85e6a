"""Changing the keys of a pair: make one, let it seal, stop one from sealing, destroy one.

    rotate(stage)    make a key that is ready            retire     a ready key takes its place
    rotate           make a key that seals at once       destroy    nobody can open with it again

Promises that the opening half of a new key is on the disk before anything is sealed with it, so
that a process killed at any point leaves every package readable; and that a key is destroyed only
after it has sealed nothing for `QUIET` and nothing in the database is sealed to it.
Must never open anything: what is sealed to an old key is sealed anew by `vault.keys.resealing`.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

from vault.alone import alone
from vault.errors import KeyUnusable
from vault.keys import PAIRS, SECRETS, write_pair
from vault.keys import file as keyfile
from vault.keys import ring as keyring
from vault.keys.hpke import PrivateHalf
from vault.keys.place import KeyPlace, private_files
from vault.keys.ring import KeyState, Ring, RingKey

QUIET = timedelta(hours=1)
"""Longer than any process that has read the ring before a rotation takes to commit a deposit."""


def rotate(place: KeyPlace, name: str, now: datetime, *, stage: bool = False) -> RingKey:
    """Make a key, which seals from now on unless it is only staged; raises KeyUnusable.

    Staged keys are for installations of several machines: each must have the opening half before
    one of them seals with it.
    """
    try:
        with alone(place.folder):
            ring = place.ring(name)
            if ready := _ready(ring):
                raise KeyUnusable(
                    f"key {ready[-1].id} of {name} is ready: retire the active key, "
                    f"{ring.active.id}, and it takes its place; or destroy it"
                )
            pair = PrivateHalf.generate()
            files = (f"{name}-{pair.key_id}.public", f"{name}-{pair.key_id}.private")
            write_pair(place, name, pair, *files)
            keyfile.flush_folder(place.folder)
            place.private(name, pair.key_id)  # as a process will load it, before it is needed
            changed = ring.changed(now, **{pair.key_id: KeyState.READY})
            if not stage:
                changed = _activated(changed, pair.key_id, now)
            keyring.write(place.folder, name, changed)
            return changed.find(pair.key_id)
    except OSError as error:
        raise _not_written(place.folder, error) from error


def retire(place: KeyPlace, name: str, key_id: str, now: datetime) -> RingKey:
    """Let the ready key seal in place of the active one, `key_id`; raises KeyUnusable."""
    try:
        with alone(place.folder):
            ring = place.ring(name)
            key = ring.find(key_id)
            if key.state is not KeyState.ACTIVE:
                raise KeyUnusable(f"key {key.id} of {name} is {key.state.value}, not active")
            if not (ready := _ready(ring)):
                raise KeyUnusable(
                    f"no key of {name} is ready to take the place of {key.id}: "
                    f"`sealgate keys rotate {name}` makes one and lets it seal"
                )
            place.private(name, ready[-1].id)
            changed = _activated(ring, ready[-1].id, now)
            keyring.write(place.folder, name, changed)
            return changed.active
    except OSError as error:
        raise _not_written(place.folder, error) from error


def destroy(
    place: KeyPlace, name: str, key_id: str, now: datetime, sealed_to: Callable[[str], int]
) -> RingKey:
    """Destroy a key that is not active; raises KeyUnusable while it may still be needed.

    `sealed_to` counts what is sealed to a key. Copies of the file elsewhere are not ours to
    destroy.
    """
    try:
        with alone(place.folder):
            ring = place.ring(name)
            key = ring.find(key_id)
            if key.state is KeyState.DESTROYED:  # by somebody who was killed before the end
                _erase(place.folder, name, key.id)
                return key
            _refuse(name, key, now)
            if left := sealed_to(key.id):
                raise KeyUnusable(
                    f"key {key.id} of {name} is still needed: {left} values in the database are "
                    "sealed to it. `sealgate keys list` shows how far the change has come"
                )
            keyring.write(place.folder, name, ring.changed(now, **{key.id: KeyState.DESTROYED}))
            _erase(place.folder, name, key.id)
            return key
    except OSError as error:
        raise _not_written(place.folder, error) from error


def protect(place: KeyPlace) -> dict[str, int]:
    """Encrypt every private file anew, as the settings say now; returns how many of each family.

    Each file is replaced as a whole and can be opened before and after; what protected them before
    must still be there. Raises KeyUnusable, KeyServiceSilent.
    """
    done = {}
    try:
        with alone(place.folder):
            signing = ("audit",) if private_files(place.folder, "audit") else ()
            for family in (*PAIRS, *SECRETS, *signing):
                lock_id = place.locks.make(family)
                files = private_files(place.folder, family)
                for path in files:
                    _relock(place, path, lock_id)
                place.locks.drop_all_but(family, lock_id)
                done[family] = len(files)
            keyfile.flush_folder(place.folder)
    except OSError as error:
        raise _not_written(place.folder, error) from error
    return done


def _relock(place: KeyPlace, path: Path, lock_id: str) -> None:
    family, _, end = path.name.rpartition(".")
    kind = f"{family.partition('-')[0]}-{end}"
    key_id, key = keyfile.read(path, kind, private=True, unlock=place.locks.unlock)
    lines = place.locks.seal(kind, key_id, key, lock_id)
    remark = "Keep this secret, and keep a copy where the server's disk is not."
    keyfile.replace(path, keyfile.text(kind, key_id, lines, remark))


def _ready(ring: Ring) -> list[RingKey]:
    return [key for key in ring.keys if key.state is KeyState.READY]


def _activated(ring: Ring, key_id: str, now: datetime) -> Ring:
    return ring.changed(now, **{ring.active.id: KeyState.OPENING, key_id: KeyState.ACTIVE})


def _refuse(name: str, key: RingKey, now: datetime) -> None:
    if key.state is KeyState.ACTIVE:
        raise KeyUnusable(
            f"key {key.id} of {name} is the active one: `sealgate keys rotate {name}` first"
        )
    if key.state is KeyState.OPENING and (key.since is None or now - key.since < QUIET):
        raise KeyUnusable(
            f"key {key.id} of {name} sealed until a short while ago, and a mail may still be on "
            f"its way into the database: wait until {int(QUIET.total_seconds() // 60)} minutes "
            "have passed since it was retired"
        )


def _erase(folder: Path, name: str, key_id: str) -> None:
    for half in ("private", "public"):
        for path in (folder / f"{name}-{key_id}.{half}", folder / f"{name}.{half}"):
            if path.exists() and keyfile.id_of(path) == key_id:
                keyfile.erase(path)
    keyfile.flush_folder(folder)


def _not_written(folder: Path, error: OSError) -> KeyUnusable:
    return KeyUnusable(f"{folder} cannot be written: {error.strerror}. Nothing was destroyed")
