"""The rosters of a node: whose names its policy recognises for certain.

A folder of files of marks, and one key beside the other keys. Promises that a new roster replaces
the old one whole or not at all, and that neither file is readable by others. Must never keep a
name, nor show one.
"""

import os
import tempfile
from pathlib import Path

from policies.detectors.names import roster
from policies.detectors.names.roster import SUFFIX, Roster, RosterError
from sealgate.settings import Settings
from vault.errors import KeyUnusable
from vault.keys import file as keyfile
from vault.secrets import Secret

_KIND = "roster"
_KEY = "roster.key"
_REMARK = "recognises the names of the rosters; make them anew if it is lost"


def load(settings: Settings) -> tuple[Roster, ...]:
    """Read all rosters of a node. Raises RosterError."""
    paths = files(settings)
    if not paths:
        return ()
    key = _key(settings)
    return tuple(roster.read(path, key) for path in paths)


def files(settings: Settings) -> tuple[Path, ...]:
    """List the files of marks, by name."""
    return tuple(sorted(settings.policy.rosters_folder.glob(f"*{SUFFIX}")))


def called(name: str) -> bool:
    """Tell whether a roster may be called so: letters, digits and hyphens, no path."""
    return name.isascii() and name.replace("-", "").replace("_", "").isalnum()


def put(settings: Settings, name: str, table: bytes) -> int:
    """Make a roster of a CSV table, in place of one of that name; return the number of marks.

    Raises RosterError, OSError.
    """
    marks = roster.marks_of(table, _made_key(settings))
    folder = settings.policy.rosters_folder
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    handle, new = tempfile.mkstemp(dir=folder)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(roster.written(marks))
            file.flush()
            os.fsync(file.fileno())
        Path(new).replace(folder / f"{name}{SUFFIX}")
    except BaseException:
        Path(new).unlink(missing_ok=True)
        raise
    return len(marks)


def drop(settings: Settings, name: str) -> bool:
    """Remove a roster; tell whether there was one."""
    path = settings.policy.rosters_folder / f"{name}{SUFFIX}"
    found = path.exists()
    path.unlink(missing_ok=True)
    return found


def _made_key(settings: Settings) -> Secret:
    path = settings.keys_folder / _KEY
    if not path.exists():
        key = Secret.random()
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        keyfile.write(path, _KIND, keyfile.secret_id(_KIND, key), key, _REMARK)
    return _key(settings)


def _key(settings: Settings) -> Secret:
    try:
        return keyfile.read(settings.keys_folder / _KEY, _KIND, private=True)[1]
    except KeyUnusable as error:
        raise RosterError(f"the key of the rosters cannot be used: {error}") from None
