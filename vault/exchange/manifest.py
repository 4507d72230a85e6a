"""The manifest of an export: the SHA-256 of every file in it, and the check that all is as it says.

    <64 hex digits>  <name>        a line a file, in the order of the names, as `sha256sum -c` reads

Promises flat memory however many files there are, and that a check finds every file that was
changed, taken away or added. Must never say where an export comes from: whoever can write the
folder can write the manifest too, so its own SHA-256 is to be kept elsewhere.
"""

import hashlib
import os
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from vault.copies.archive import Told
from vault.exchange.dossier import LONGEST, Glance, NotADossier, State
from vault.exchange.folder import ABOUT, DOSSIER, MANIFEST, Counts, ExportFolder, ExportUnusable

MOST_TOLD = 20
_LINE = re.compile(
    r"([0-9a-f]{64})  (export\.json|packages/[a-z2-7]{2}/[a-z2-7]{26}\.(?:eml|json|sealed))\n"
)


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of a manifest."""

    sha256: str
    name: str


@dataclass(slots=True)
class Checked:
    """What a check has found. `told` holds the first `MOST_TOLD` of `wrong` findings."""

    files: int = 0
    sha256: str = ""
    wrong: int = 0
    told: list[str] = field(default_factory=list)

    def add(self, finding: str) -> None:
        """Note something that is not as it should be."""
        self.wrong += 1
        if len(self.told) < MOST_TOLD:
            self.told.append(finding)


def count(folder: ExportFolder) -> Counts:
    """Count the packages of an export by their state; raises ExportUnusable."""
    counted = dict.fromkeys(State, 0)
    for name in folder.names():
        if name.endswith(DOSSIER) and name != ABOUT:
            data = folder.read(name, LONGEST)
            counted[_glance(folder, name, data).state] += 1
    return Counts(**{state.value: many for state, many in counted.items()})


def write(folder: ExportFolder, agreed: Callable[[str], object]) -> str:
    """Write the manifest of an export and return its SHA-256; raises ExportUnusable.

    The hash of a content is the one that its dossier says: it was taken as the file was written.
    There is no manifest before `agreed`, to which its SHA-256 is told, has come back.
    """
    lines = _lines(folder)
    return folder.write(MANIFEST, lines, lambda written: agreed(written.sha256)).sha256


def entries(folder: ExportFolder) -> Iterator[Entry]:
    """Yield the lines of a manifest; raises ExportUnusable where it is none, or out of order."""
    last = ""
    with folder.open(MANIFEST) as handle, os.fdopen(os.dup(handle), encoding="ascii") as file:
        while True:
            try:
                line = file.readline(200)
            except UnicodeDecodeError:
                line = "?"
            if not line:
                return
            found = _LINE.fullmatch(line)
            if found is None or found[2] <= last:
                raise ExportUnusable(f"{MANIFEST} is not written as it should be")
            last = found[2]
            yield Entry(found[1], found[2])


def check(folder: ExportFolder, told: Told = int) -> Checked:
    """Read every file of an export and compare it; `told` hears of every so many bytes.

    Raises ExportUnusable if there is no manifest: the export was never finished.
    """
    _refuse_unfinished(folder)
    found = Checked(sha256=digest_of(folder, MANIFEST))
    dossiers = 0
    there = _Names(folder.names())
    for entry in entries(folder):
        for extra in there.before(entry.name):
            found.add(f"{extra} is there and was not exported")
        found.files += 1
        dossiers += entry.name.endswith(DOSSIER) and entry.name != ABOUT
        if not there.has(entry.name):
            found.add(f"{entry.name} is missing")
        elif (wrong := _compared(folder, entry, told)) is not None:
            found.add(wrong)
    for extra in there.before(None):
        found.add(f"{extra} is there and was not exported")
    about = None if found.wrong else folder.about()
    if about is not None and (about.counts is None or about.counts.packages != dossiers):
        found.add(f"{ABOUT} does not say how many packages there are")
    return found


def hash_of(folder: ExportFolder) -> str | None:
    """Return the SHA-256 of the manifest itself; None if there is none."""
    return None if folder.length_of(MANIFEST) is None else digest_of(folder, MANIFEST)


def size_of(folder: ExportFolder) -> int:
    """Return how many bytes a check will read; raises ExportUnusable as `check` does."""
    _refuse_unfinished(folder)
    return sum(folder.length_of(name) or 0 for name in folder.names())


def digest_of(folder: ExportFolder, name: str, told: Told = int) -> str:
    """Return the SHA-256 of a file; raises ExportUnusable."""
    digest = hashlib.sha256()
    for piece in folder.pieces(name):
        digest.update(piece)
        told(len(piece))
    return digest.hexdigest()


class _Names:
    """The names that are there, gone through once beside those that should be."""

    def __init__(self, names: Iterator[str]) -> None:
        self._names = names
        self._next = next(names, None)

    def before(self, name: str | None) -> Iterator[str]:
        """Yield the names that come before one; all that are left for None."""
        while self._next is not None and (name is None or self._next < name):
            yield self._pass()

    def has(self, name: str) -> bool:
        """Say whether a name is the next one, and go beyond it."""
        return self._next == name and bool(self._pass())

    def _pass(self) -> str:
        passed, self._next = self._next or "", next(self._names, None)
        return passed


def _refuse_unfinished(folder: ExportFolder) -> None:
    if folder.length_of(MANIFEST) is None:
        raise ExportUnusable(f"{folder.folder} is no export, or one that was never finished")


def _compared(folder: ExportFolder, entry: Entry, told: Told) -> str | None:
    try:
        same = digest_of(folder, entry.name, told) == entry.sha256
    except ExportUnusable as error:
        return str(error)
    return None if same else f"{entry.name} is not what was exported"


def _lines(folder: ExportFolder) -> Iterator[bytes]:
    for name in folder.names():
        if name == ABOUT:
            yield _line(digest_of(folder, name), name)
        elif name.endswith(DOSSIER):
            data = folder.read(name, LONGEST)
            files = {name: hashlib.sha256(data).hexdigest()}
            if (content := _glance(folder, name, data).content) is not None:
                files[content.file] = content.sha256  # before the dossier or after it
            yield b"".join(_line(files[one], one) for one in sorted(files))


def _line(digest: str, name: str) -> bytes:
    return f"{digest}  {name}\n".encode("ascii")


def _glance(folder: ExportFolder, name: str, data: bytes) -> Glance:
    try:
        return Glance.read(data)
    except NotADossier as error:
        raise ExportUnusable(f"{folder.folder / name}: {error}") from None
