"""What may be on a disk after a power cut, made from what a process did.

POSIX promises little: what a file holds is on the disk after fsync of the file, and its name after
fsync of the folder. Of everything else any part may be there. Each state takes one moment of the
recording and leaves out, by dice: all that was not flushed, a suffix, or single pieces; the last
piece that is there may be torn at a sector; and a file may have its length and zeros in it.
Promises never to leave out what was flushed. A rename is there or it is not: never neither name.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from pathlib import Path

from tests.faults.recording import Cut, Flush, Made, Promised, Removed, Renamed, Step, Write

SECTOR = 512
WAYS = ("nothing", "everything", "prefix", "some", "zeros")


@dataclass
class _File:
    durable: bytearray = field(default_factory=bytearray)
    pending: list[tuple[int, Write | Cut]] = field(default_factory=list)


@dataclass(frozen=True)
class State:
    """A disk after a power cut, and what had been promised by then."""

    files: dict[str, bytes]
    promised: frozenset[str]
    step: int
    way: str

    def put_into(self, folder: Path) -> None:
        """Make the folder so. Folders are those of an empty one: none is made while it works."""
        (folder / "contents" / "tmp").mkdir(parents=True, exist_ok=True)
        for name, data in self.files.items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes(data)


class Disk:
    """Takes steps, and shows what a power cut now could leave."""

    def __init__(self, base: Path, *, flushes: bool = True) -> None:
        self._flushes = flushes
        self._now: dict[str, _File] = {}
        for path in sorted(base.rglob("*")):
            name = str(path.relative_to(base))
            if path.is_file() and not name.endswith("-shm") and name != "log":
                self._now[name] = _File(bytearray(path.read_bytes()))
        self._durable = dict(self._now)  # names that are on the disk
        self._names: list[tuple[int, str, _File | None]] = []  # a name, and what it is to be
        self._promised: set[str] = set()
        self._taken = 0

    def take(self, step: Step) -> None:
        """Do what a step did."""
        match step:
            case Write(path) | Cut(path):
                self._now[path].pending.append((self._taken, step))
            case Made(path):
                self._name(path, _File())
            case Renamed(path, to):
                self._name(to, self._now[path])
                self._name(path, None)
            case Removed(path):
                self._name(path, None)
            case Flush(path, before) if self._flushes:
                self._flush(path, before)
            case Promised(reference):
                self._promised.add(reference)
        self._taken += 1

    def cut(self, dice: random.Random) -> State:
        """Show one of the disks that a power cut at this moment could leave."""
        way = dice.choice(WAYS)
        names = dict(self._durable)
        for _, name, file in _chosen(self._names, way, dice):
            if file is None and self._still_needed(name, names):
                continue
            _set(names, name, file)
        files = {name: _content(file, way, dice) for name, file in names.items()}
        return State(files, frozenset(self._promised), self._taken, way)

    def _name(self, path: str, file: _File | None) -> None:
        self._names.append((self._taken, path, file))
        _set(self._now, path, file)

    def _still_needed(self, name: str, names: dict[str, _File]) -> bool:
        """Whether this is the old name of a file whose new one is not there."""
        file = names.get(name)
        renamed = [new for _, new, other in self._names if other is file and new != name]
        return bool(renamed) and not any(names.get(new) is file for new in renamed)

    def _flush(self, path: str, before: int) -> None:
        if path in self._now:
            file = self._now[path]
            for _, step in (one for one in file.pending if one[0] < before):
                _apply(file.durable, step)
            file.pending = [one for one in file.pending if one[0] >= before]
            return
        inside = [one for one in self._names if _folder(one[1]) == path and one[0] < before]
        for one in inside:
            _set(self._durable, one[1], one[2])
            self._names.remove(one)


def _folder(name: str) -> str:
    return name.rpartition("/")[0] or "."


def _set(names: dict[str, _File], name: str, file: _File | None) -> None:
    if file is None:
        names.pop(name, None)
    else:
        names[name] = file


def _chosen(
    pending: list[tuple[int, str, _File | None]], way: str, dice: random.Random
) -> list[tuple[int, str, _File | None]]:
    if way == "nothing":
        return []
    if way == "prefix":
        return pending[: dice.randint(0, len(pending))]
    if way == "some":
        return [one for one in pending if dice.random() < 0.5]
    return pending


def _content(file: _File, way: str, dice: random.Random) -> bytes:
    data, steps = bytearray(file.durable), [step for _, step in file.pending]
    if way == "nothing":
        return bytes(data)
    if way == "prefix" and steps:
        there = dice.randrange(len(steps))
        for step in steps[:there]:
            _apply(data, step)
        _apply(data, _torn(steps[there], dice))
        return bytes(data)
    for step in steps:
        if way == "everything" or (way == "some" and dice.random() < 0.5):
            _apply(data, step)
        elif way == "zeros" and isinstance(step, Write):
            _apply(data, Write(step.path, len(data), bytes(max(0, _end(step) - len(data)))))
    return bytes(data)


def _end(step: Write) -> int:
    return step.at + len(step.data)


def _torn(step: Write | Cut, dice: random.Random) -> Write | Cut:
    if isinstance(step, Cut):
        return step
    sectors = dice.randint(0, len(step.data) // SECTOR)
    return Write(step.path, step.at, step.data[: sectors * SECTOR])


def _apply(data: bytearray, step: Write | Cut) -> None:
    if isinstance(step, Cut):
        del data[step.size :]
        data.extend(bytes(step.size - len(data)))
        return
    if not step.data:
        return
    if len(data) < step.at:
        data.extend(bytes(step.at - len(data)))
    data[step.at : _end(step)] = step.data
