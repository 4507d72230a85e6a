"""The ring of a pair: which keys there are, which one seals, and since when.

    sealgate-ring 1
    active d99e4496af749b54 2026-11-02T09:00:00+00:00
    opening 5f1c8a09d2e4b763 2026-11-02T09:00:00+00:00

The file `vault.ring` or `relay.ring` lies beside the key files and is written by the first
rotation; before that the one key of `vault.public` is active. It is replaced as a whole by a
rename, so whoever reads it sees the state before a change or after it.

Promises that exactly one key of a ring is active, and that two people who change a ring at once do
so one after the other. Must never be taken from the database: who could write there could choose
the key that everything is sealed to.
"""

import os
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path

from vault.errors import KeyUnusable
from vault.keys import file as keyfile

_FIRST_LINE = "sealgate-ring 1"
_SIZE_LIMIT = 65_536  # bytes; a line has about sixty
_WORDS = 3

Stamp = tuple[int, ...]


class KeyState(StrEnum):
    """How a key stands."""

    READY = "ready"  # made, and waiting to take the place of the active one
    ACTIVE = "active"  # seals and opens
    OPENING = "opening"  # opens what was sealed with it, and seals nothing
    DESTROYED = "destroyed"  # its private half is gone


@dataclass(frozen=True, slots=True)
class RingKey:
    """A key of a ring. `since` is when it came into its state; None: since it was made."""

    id: str
    state: KeyState
    since: datetime | None = None


@dataclass(frozen=True, slots=True)
class Ring:
    """The keys of one pair, the oldest first."""

    keys: tuple[RingKey, ...]

    @property
    def active(self) -> RingKey:
        """The key that seals."""
        return next(key for key in self.keys if key.state is KeyState.ACTIVE)

    @property
    def living(self) -> tuple[RingKey, ...]:
        """Every key whose private half must be there."""
        return tuple(key for key in self.keys if key.state is not KeyState.DESTROYED)

    def find(self, key_id: str) -> RingKey:
        """Return the key with an id, or with one that begins so; raises KeyUnusable."""
        found = [key for key in self.keys if key.id.startswith(key_id)]
        if len(found) != 1:
            raise KeyUnusable(f"no key, or more than one, has an id that begins with {key_id}")
        return found[0]

    def changed(self, at: datetime, **states: KeyState) -> "Ring":
        """Return the ring with keys in other states, named by id; new ones come last."""
        known = {key.id for key in self.keys}
        changed = [
            RingKey(key.id, states[key.id], at) if key.id in states else key for key in self.keys
        ]
        added = [RingKey(key_id, states[key_id], at) for key_id in states if key_id not in known]
        return Ring((*changed, *added))


def read(folder: Path, name: str) -> Ring:
    """Return the ring of the pair `name`; raises KeyUnusable."""
    path = folder / f"{name}.ring"
    try:
        with path.open("rb") as file:
            lines = file.read(_SIZE_LIMIT).decode("ascii").splitlines()
    except FileNotFoundError:
        first = keyfile.id_of(folder / f"{name}.public")
        return Ring((RingKey(first, KeyState.ACTIVE),))
    except UnicodeDecodeError:
        raise KeyUnusable(f"{path} is damaged: put back a copy of it") from None
    except OSError as error:
        raise KeyUnusable(f"{path} cannot be read: {error.strerror}") from None
    return _parsed(lines, path)


def write(folder: Path, name: str, ring: Ring) -> None:
    """Put a ring in place of the one before, durably; raises OSError."""
    lines = [_FIRST_LINE, "# Which keys there are: `sealgate keys list`. Changed by that command."]
    for key in ring.keys:
        since = key.since.isoformat(timespec="seconds") if key.since else "-"
        lines.append(f"{key.state.value} {key.id} {since}")
    keyfile.replace(folder / f"{name}.ring", "\n".join(lines) + "\n")


def stamp(folder: Path, name: str) -> Stamp:
    """Return what changes whenever the ring or the key files beside it change. Microseconds."""
    return (*_stat(f"{folder}/{name}.ring"), *_stat(str(folder)))


def _parsed(lines: list[str], path: Path) -> Ring:
    lines = [line.strip() for line in lines]
    lines = [line for line in lines if line and not line.startswith("#")]
    try:
        [first, *rest] = lines
        ring = Ring(tuple(_entry(line) for line in rest))
        [_] = [key for key in ring.keys if key.state is KeyState.ACTIVE]
    except ValueError:
        raise KeyUnusable(f"{path} is damaged: put back a copy of it") from None
    if first != _FIRST_LINE:
        raise KeyUnusable(f"{path} is not a ring of this version: put back a copy of it")
    return ring


def _entry(line: str) -> RingKey:
    words = line.split()
    if len(words) != _WORDS or len(words[1]) != keyfile.ID_LENGTH:
        raise ValueError("not a key")
    bytes.fromhex(words[1])
    since = None if words[2] == "-" else datetime.fromisoformat(words[2])
    return RingKey(words[1], KeyState(words[0]), since)


def _stat(path: str) -> Stamp:
    try:
        found = os.stat(path)  # noqa: PTH116 - a third of the time of Path.stat, on every deposit
    except OSError:
        return (0,)
    return (found.st_mtime_ns, found.st_size, found.st_ino)
