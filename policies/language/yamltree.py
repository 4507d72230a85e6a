"""Strict YAML: plain data, and the line each piece of it stands on.

A policy file is read by people, so it must mean what it seems to mean. Promises YAML 1.2
words (`no` is the word "no", never False by accident), no aliases, anchors, tags or second
documents, no duplicate keys, and bounded size and depth: built from parser events in a loop,
so nesting cannot exhaust the stack. Must never construct anything but dict, list, str, int,
bool and None.
"""

import re
from dataclasses import dataclass, field
from typing import Any

import yaml

from policies.errors import PolicyError, Problem, quoted

MAX_BYTES = 256 * 1024
MAX_DEPTH = 12
MAX_NODES = 20_000
MAX_PROBLEMS = 50

_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_WHOLE_NUMBER = re.compile(r"[-+]?[0-9]{1,18}")
_WORDS = {
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), None),
}

Path = tuple[str | int, ...]


@dataclass(slots=True)
class Tree:
    """Plain data and its lines: `lines[("rules", 0, "name")]` is 1-based."""

    data: Any = None
    lines: dict[Path, int] = field(default_factory=dict)

    def line(self, path: Path) -> int:
        """Return the line of `path` or of its nearest known ancestor; 0 if there is none.

        An index that the file does not have is passed over: `finds: x` is a list of one.
        """
        known: Path = ()
        for step in path:
            if (*known, step) in self.lines:
                known = (*known, step)
            elif not isinstance(step, int):
                break
        return self.lines.get(known, 0)


def read_tree(content: bytes, file: str) -> Tree:
    """Read one YAML document. Raises PolicyError with every problem found."""
    text = _text_of(content, file)
    builder = _Builder(file)
    try:
        for event in yaml.parse(text, Loader=_Loader):
            builder.take(event)
    except yaml.YAMLError as error:
        builder.problems.append(_syntax_problem(error, text, file))
    except _StopReadingError:
        pass
    if not builder.problems and builder.tree.data is None:
        mend = "begin with 'version: 1' and 'rules:'"
        builder.problems.append(Problem(file, 0, "", "the file is empty", mend=mend))
    if builder.problems:
        raise PolicyError(tuple(builder.problems))
    return builder.tree


def _text_of(content: bytes, file: str) -> str:
    if len(content) > MAX_BYTES:
        found = f"the file is larger than {MAX_BYTES // 1024} KiB"
        raise PolicyError((Problem(file, 0, "", found),))
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        mend = "save the file as UTF-8"
        raise PolicyError((Problem(file, line, "", "not UTF-8 text", mend=mend),)) from error
    tabs = [number for number, line in enumerate(text.split("\n"), start=1) if "\t" in line]
    if tabs:
        mend = "use spaces to indent"
        raise PolicyError(tuple(Problem(file, n, "", "a tab", mend=mend) for n in tabs[:20]))
    return text


def _syntax_problem(error: yaml.YAMLError, text: str, file: str) -> Problem:
    if not isinstance(error, yaml.MarkedYAMLError) or error.problem_mark is None:
        line = text.count("\n", 0, getattr(error, "position", 0)) + 1
        found = "not YAML: a control character or another that YAML forbids"
        return Problem(file, line, "", found, mend="remove it")
    mend = "check indentation, colons and quotes on this line and the one above"
    return Problem(file, error.problem_mark.line + 1, "", f"not YAML: {error.problem}", mend=mend)


class _StopReadingError(Exception):
    """Reading stops here; the problem is already recorded."""


@dataclass(slots=True)
class _Frame:
    """A mapping or list that is still open."""

    path: Path
    value: dict[str, Any] | list[Any]
    key: str | None = None


class _Builder:
    """Turns parser events into a Tree; an explicit stack instead of recursion."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.tree = Tree()
        self.problems: list[Problem] = []
        self._stack: list[_Frame] = []
        self._nodes = 0
        self._documents = 0

    def take(self, event: yaml.Event) -> None:
        """Take the next event."""
        line = event.start_mark.line + 1 if event.start_mark else 0
        match event:
            case yaml.DocumentStartEvent():
                self._documents += 1
                if self._documents > 1:
                    self._stop(line, "a second document ('---')", "keep one document in a file")
            case yaml.AliasEvent():
                self._take_alias(quoted(f"*{event.anchor}"), line)
            case yaml.MappingEndEvent() | yaml.SequenceEndEvent():
                self._stack.pop()
            case yaml.NodeEvent():
                self._check_plain(event, line)
                self._open_or_add(event, line)

    def _take_alias(self, alias: str, line: int) -> None:
        if self._expects_key():
            self._stop(line, f"an alias {alias} used as a key")
        self._complain(line, f"an alias {alias}", "write out what it stands for")
        self._add("", line)

    def _check_plain(self, event: yaml.NodeEvent, line: int) -> None:
        if event.anchor is not None:
            anchor = quoted(f"&{event.anchor}")
            self._complain(line, f"an anchor {anchor}", "write things out instead")
        tag = getattr(event, "tag", None)
        if tag is not None:
            self._complain(line, f"a tag {quoted(str(tag))}", "remove it")

    def _open_or_add(self, event: yaml.NodeEvent, line: int) -> None:
        if isinstance(event, yaml.ScalarEvent):
            if self._expects_key():
                self._set_key(event.value, line)
            else:
                plain = event.style is None or event.style == ""
                self._add(resolve(event.value) if plain else event.value, line)
            return
        if self._expects_key():
            self._stop(line, "a list or mapping used as a key")
        value: dict[str, Any] | list[Any]
        value = {} if isinstance(event, yaml.MappingStartEvent) else []
        path = self._add(value, line)
        if len(self._stack) >= MAX_DEPTH:
            self._stop(line, f"nested deeper than {MAX_DEPTH} levels")
        self._stack.append(_Frame(path, value))

    def _expects_key(self) -> bool:
        top = self._stack[-1] if self._stack else None
        return top is not None and isinstance(top.value, dict) and top.key is None

    def _set_key(self, key: str, line: int) -> None:
        top = self._stack[-1]
        if key in top.value:
            first = self.tree.lines[(*top.path, key)]
            self._complain(line, f"the key {quoted(key)} a second time (first on line {first})")
        else:
            self.tree.lines[(*top.path, key)] = line
        top.key = key

    def _add(self, value: object, line: int) -> Path:
        self._nodes += 1
        if self._nodes > MAX_NODES:
            self._stop(line, f"more than {MAX_NODES} entries")
        if not self._stack:
            self.tree.data = value
            return ()
        if value is None:
            self._complain(line, "a key or entry without a value", "give it one or remove it")
        top = self._stack[-1]
        if isinstance(top.value, list):
            path: Path = (*top.path, len(top.value))
            top.value.append(value)
            self.tree.lines[path] = line
            return path
        key, top.key = top.key or "", None
        top.value[key] = value
        return (*top.path, key)

    def _complain(self, line: int, found: str, mend: str = "") -> None:
        self.problems.append(Problem(self.file, line, "", found, mend=mend))
        if len(self.problems) >= MAX_PROBLEMS:
            raise _StopReadingError

    def _stop(self, line: int, found: str, mend: str = "") -> None:
        self._complain(line, found, mend)
        raise _StopReadingError


def resolve(word: str) -> str | int | bool | None:
    """Give an unquoted word its YAML 1.2 core meaning; what is not one of a few is text."""
    if word in _WORDS:
        return _WORDS[word]
    return int(word) if _WHOLE_NUMBER.fullmatch(word) else word
