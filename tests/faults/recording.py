"""What a process did to a data folder, call by call, and what it promised meanwhile.

Read from a trace by `strace -f -yy -xx`: each write with its bytes, each flush, each name that was
made, changed or removed, and each `250` that went out. Promises to raise where a trace holds
something that it does not understand: a call that was left out would make the proof worth nothing.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

RECORDED = (
    "openat,creat,write,writev,pwrite64,pwritev,pwritev2,fsync,fdatasync,sync_file_range,rename,"
    "renameat,renameat2,unlink,unlinkat,ftruncate,fallocate,link,linkat,mkdir,mkdirat,sendto"
)
OPTIONS = ("-yy", "-xx", "-s", "3000000", "-e", f"trace={RECORDED}", "-e", "signal=none")
_LINE = re.compile(r"(\d+) +(.*)")
_UNFINISHED = re.compile(r"(.*) <unfinished \.\.\.>$")
_RESUMED = re.compile(r"<\.\.\. \w+ resumed>(.*)")
_DONE = re.compile(r"(\w+)\((.*)\) += (-?\d+)(.*)", re.DOTALL)
_ACCEPTED = re.compile(rb"^250 2\.0\.0 \w+ ([0-9A-Z]{4}-[0-9A-Z]{4})")


@dataclass(frozen=True, slots=True)
class Write:
    path: str
    at: int
    data: bytes


@dataclass(frozen=True, slots=True)
class Cut:
    """A file was given a length."""

    path: str
    size: int


@dataclass(frozen=True, slots=True)
class Flush:
    """A file or folder is on the disk when this is over: what was done before it began.

    `before` is the number of steps that were done by then.
    """

    path: str
    before: int


@dataclass(frozen=True, slots=True)
class Made:
    """A name was made for a new file, or a new folder."""

    path: str
    folder: bool = False


@dataclass(frozen=True, slots=True)
class Renamed:
    path: str
    to: str


@dataclass(frozen=True, slots=True)
class Removed:
    path: str


@dataclass(frozen=True, slots=True)
class Promised:
    """A client was told 250, with this reference."""

    reference: str


Step = Write | Cut | Flush | Made | Renamed | Removed | Promised


def read(trace: Path, folder: Path) -> list[Step]:
    """Return what happened below a folder, in order; paths are relative to it."""
    reader = _Reader(str(folder.resolve()))
    pending: dict[str, tuple[str, int]] = {}
    for line in trace.read_text(encoding="latin-1").splitlines():
        found = _LINE.fullmatch(line)
        if found is None:
            raise ValueError(f"not a line of strace: {line[:80]}")
        pid, call = found.groups()
        if begun := _UNFINISHED.fullmatch(call):
            pending[pid] = begun[1], reader.begun(begun[1])
            continue
        before = len(reader.steps)
        if rest := _RESUMED.fullmatch(call):
            call, before = pending.pop(pid)
            call += rest[1]
        reader.done(call, before)
    return reader.steps


class _Reader:
    def __init__(self, top: str) -> None:
        self.steps: list[Step] = []
        self._top = top
        self._before = 0
        self._sizes: dict[str, int] = {}  # where each file that is appended to has come

    def begun(self, call: str) -> int:
        """Take note of a call that is not over yet; return how many steps came before it.

        A client may have heard of a promise before the call that made it has returned.
        """
        before = len(self.steps)
        if call.startswith("sendto("):
            self._promise(call)
        return before

    def done(self, call: str, before: int) -> None:
        """Take note of a call that began after so many steps."""
        self._before = before
        found = _DONE.fullmatch(call)
        if found is None:
            if call.startswith(("+++", "---", "exit")) or " = ?" in call:
                return
            raise ValueError(f"not understood: {call[:80]}")
        name, said, result, _ = found.groups()
        if int(result) < 0:
            return
        getattr(self, f"_{name}", self._unknown)(name, said, int(result))

    def _unknown(self, name: str, said: str, result: int) -> None:
        del result
        if self._path(said) or any(self._below(one) for one in _texts(said)):
            raise ValueError(f"{name} is not understood")

    def _write(self, name: str, said: str, result: int) -> None:
        if path := self._path(said):
            at = self._sizes.get(path, 0)
            self.steps.append(Write(path, at, _data(said)[:result]))
            self._sizes[path] = at + result

    def _pwrite64(self, name: str, said: str, result: int) -> None:
        if path := self._path(said):
            at = int(said.rpartition(", ")[2])
            self.steps.append(Write(path, at, _data(said)[:result]))

    def _ftruncate(self, name: str, said: str, result: int) -> None:
        if path := self._path(said):
            self.steps.append(Cut(path, int(said.rpartition(", ")[2])))

    def _fsync(self, name: str, said: str, result: int) -> None:
        if (path := self._path(said)) is not None:
            self.steps.append(Flush(path, self._before))

    _fdatasync = _fsync

    def _openat(self, name: str, said: str, result: int) -> None:
        (path,) = (self._below(one) for one in _texts(said)[:1])
        if path and "O_CREAT" in said and ("O_EXCL" in said or path not in self._sizes):
            self.steps.append(Made(path))
            self._sizes[path] = 0
        elif path and "O_TRUNC" in said:
            raise ValueError("a file is emptied while it is opened")

    def _rename(self, name: str, said: str, result: int) -> None:
        source, target = (self._below(one) for one in _texts(said))
        if source and target:
            self.steps.append(Renamed(source, target))

    def _unlink(self, name: str, said: str, result: int) -> None:
        if path := self._below(_texts(said)[0]):
            self.steps.append(Removed(path))

    def _sendto(self, name: str, said: str, result: int) -> None:
        self._promise(said)

    def _promise(self, said: str) -> None:
        if accepted := _ACCEPTED.match(_data(said)):
            self.steps.append(Promised(accepted[1].decode()))  # twice does no harm

    def _path(self, said: str) -> str | None:
        """The path of the file that a call's first argument is, if it is one of ours."""
        found = re.match(r"\d+<((?:\\x[0-9a-f]{2}|[^>])*)>", said)
        return self._below(_unescaped(found[1]).decode()) if found else None

    def _below(self, path: str) -> str | None:
        if path == self._top:
            return "."
        if not path.startswith(f"{self._top}/"):
            return None
        short = path.removeprefix(f"{self._top}/")
        # The index of the log is made anew at every start; what is said of a mail is no promise.
        return None if short.endswith("-shm") or short == "log" else short


def _texts(said: str) -> list[str]:
    return [_unescaped(one).decode() for one in re.findall(r'"((?:\\x[0-9a-f]{2})*)"', said)]


def _data(said: str) -> bytes:
    found = re.search(r'"((?:\\x[0-9a-f]{2})*)"(\.\.\.)?', said)
    if found is None or found[2]:
        raise ValueError("the bytes of a write are not all there")
    return _unescaped(found[1])


def _unescaped(text: str) -> bytes:
    if "\\x" not in text:
        return text.encode("latin-1")
    return bytes.fromhex(text.replace("\\x", ""))
