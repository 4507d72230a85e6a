"""How a worker and the process that started it speak: frames over two pipes.

A worker says that it is ready. A request is a length and the outline of a mail as JSON; an answer
is frames, each a letter, a length and a body, up to an end frame. Among them the worker asks for
stretches of the mail, one at a time, and is sent their bytes. Promises that whatever is read from a
worker is checked against the budgets before it is kept: a worker has read hostile files and is
believed nothing.
"""

import json
import re
import struct
from collections.abc import Iterator
from dataclasses import astuple, replace
from typing import Any

from policies.extraction.budgets import Budgets
from policies.extraction.passages import HEADER, Attachment, Content, Passage, State, Where
from policies.message.mime import Outline, Part

REQUEST = struct.Struct(">Q")
READY = b"R"
"""What a worker says when it has given up what it must and waits for its first mail."""
FRAME = struct.Struct(">cL")
_PASSAGE = struct.Struct(">Bl")
_STRETCH = struct.Struct(">QQ")
PASSAGE, ATTACHMENT, PROBLEM, ASKING, END = b"P", b"A", b"D", b"Q", b"E"
_CHARACTER = 4  # bytes that one takes in UTF-8, at most
_WHERES = tuple(Where)
_KIND = re.compile(r"[a-z0-9][a-z0-9 ./+-]{0,39}")
_SENTENCE = re.compile(r"[A-Za-z0-9 ,.:;()'/-]{1,200}")
_MOST_NAMES, _LONGEST_NAME, _LONGEST_TYPE = 16, 1000, 256
_MOST_PROBLEMS = 20
_MOST_NAMED = 8 << 20  # bytes of all names together
_MOST_BYTES = 1 << 60
_ESCAPED = 12  # bytes that a character takes in JSON, at most
_LONGEST = {
    ATTACHMENT: _ESCAPED * (_MOST_NAMES * (_LONGEST_NAME + 1) + 2 * _LONGEST_TYPE),
    PROBLEM: 200,
    ASKING: _STRETCH.size,
    END: 0,
}
"""Bytes of a frame's body: JSON that may be long takes many times its length once it is read."""


class BadAnswer(Exception):
    """What came from a worker is no answer."""


def request(outline: Outline) -> bytes:
    """Return a request to read the mail of this outline."""
    fields = [outline.size, [astuple(part) for part in outline.parts]]
    told = json.dumps(fields).encode("ascii")
    return REQUEST.pack(len(told)) + told


def outline_of(told: bytes) -> Outline:
    """Return what a request tells of an outline: its size and its parts."""
    size, parts = json.loads(told)
    return Outline(size=size, parts=tuple(map(_part, parts)))


def _part(fields: list[Any]) -> Part:
    part = Part(*fields)
    return replace(part, names=tuple(part.names))  # JSON has no tuples


def asking(start: int, stop: int) -> bytes:
    """Return the frame in which a worker asks for these bytes of the mail."""
    return _frame(ASKING, _STRETCH.pack(start, stop))


def pack(content: Content) -> Iterator[bytes]:
    """Yield an answer, frame by frame; a long frame in two pieces."""
    for passage in content.passages:
        head = _PASSAGE.pack(_WHERES.index(passage.where), passage.part)
        text = passage.text.encode("utf-8", "replace")
        yield FRAME.pack(PASSAGE, len(head) + len(text)) + head
        yield text
    for one in content.attachments:
        fields = [one.part, list(one.names), one.declared, one.kind, one.size, str(one.state)]
        yield _frame(ATTACHMENT, json.dumps(fields).encode("ascii"))
    for problem in content.problems:
        yield _frame(PROBLEM, problem.encode("utf-8", "replace"))
    yield _frame(END, b"")


def _frame(letter: bytes, body: bytes) -> bytes:
    return FRAME.pack(letter, len(body)) + body


class Answer:
    """An answer as it comes in, about a mail of so many `parts` that has so many bytes to `read`.

    `asked` are the bytes of it that the worker waits for, from which on and up to which.
    """

    def __init__(self, budgets: Budgets, parts: int, read: int = 0) -> None:
        self.asked: tuple[int, int] | None = None
        self._readable = read
        self._budgets = budgets
        self._parts = max(parts, 1)
        self._buffer = bytearray()
        self._passages: list[Passage] = []
        self._attachments: list[Attachment] = []
        self._problems: list[str] = []
        self._characters = self._named = 0
        self._longest = {PASSAGE: _CHARACTER * budgets.characters + _PASSAGE.size, **_LONGEST}
        self.complete = False

    def feed(self, data: bytes) -> None:
        """Take in what came through the pipe. Raises BadAnswer."""
        self._buffer += data
        at = 0
        while not self.complete and len(self._buffer) - at >= FRAME.size:
            letter, size = FRAME.unpack_from(self._buffer, at)
            if size > self._longest.get(letter, -1):
                raise BadAnswer
            end = at + FRAME.size + size
            if end > len(self._buffer):
                break
            self._take(letter, bytes(memoryview(self._buffer)[at + FRAME.size : end]))
            at = end
        del self._buffer[:at]
        if self.complete and self._buffer:
            raise BadAnswer

    def sent(self) -> None:
        """Note that all that was asked for has been sent. Raises BadAnswer.

        Whoever ends before that would take the rest for its next mail.
        """
        if self.complete:
            raise BadAnswer

    def _take(self, letter: bytes, body: bytes) -> None:
        try:
            if letter == PASSAGE:
                self._take_passage(body)
            elif letter == ATTACHMENT:
                self._take_attachment(json.loads(body))
            elif letter == PROBLEM:
                self._take_problem(body.decode("utf-8"))
            elif letter == ASKING:
                self._take_asking(*_STRETCH.unpack(body))
            elif letter == END and not body:
                self.complete = True
            else:
                raise BadAnswer
        except (ValueError, TypeError, IndexError, struct.error, RecursionError):
            raise BadAnswer from None

    def _take_passage(self, body: bytes) -> None:
        where, part = _PASSAGE.unpack_from(body)
        text = body[_PASSAGE.size :].decode("utf-8")
        self._characters += len(text)
        over = len(self._passages) >= self._budgets.passages
        if over or self._characters > self._budgets.characters or not self._is_part(part):
            raise BadAnswer
        self._passages.append(Passage(_WHERES[where], text, part))

    def _take_attachment(self, fields: list[object]) -> None:
        part, names, declared, kind, size, state = fields
        # The annotations of JSON: each is what it must be, or there is no answer.
        right = (
            isinstance(part, int)
            and self._is_part(part)
            and isinstance(names, list)
            and len(names) <= _MOST_NAMES
            and all(isinstance(name, str) and len(name) <= _LONGEST_NAME for name in names)
            and isinstance(declared, str)
            and isinstance(kind, str)
            and isinstance(size, int)
            and size <= _MOST_BYTES
            and _KIND.fullmatch(kind)
        )
        # A file may be counted several times: as what it is in, and as what is in it.
        if not right or len(self._attachments) > 2 * self._budgets.entries:
            raise BadAnswer
        assert isinstance(part, int)  # noqa: S101 - seen above; said for the type checker
        assert isinstance(names, list)  # noqa: S101 - the same
        assert isinstance(declared, str)  # noqa: S101 - the same
        assert isinstance(size, int)  # noqa: S101 - the same
        said = "".join([declared[:_LONGEST_TYPE], *names]).encode("utf-8")  # whole characters
        self._named += len(said)
        if self._named > _MOST_NAMED:
            raise BadAnswer
        self._attachments.append(
            Attachment(
                part,
                tuple(names),
                declared[:_LONGEST_TYPE],
                str(kind),
                max(0, size),
                State(str(state)),
            )
        )

    def _take_asking(self, start: int, stop: int) -> None:
        if self.asked is not None or not start < stop <= self._readable:
            raise BadAnswer
        self.asked = start, stop

    def _take_problem(self, sentence: str) -> None:
        if not _SENTENCE.fullmatch(sentence) or len(self._problems) >= _MOST_PROBLEMS:
            raise BadAnswer
        self._problems.append(sentence)

    def _is_part(self, part: int) -> bool:
        return HEADER <= part < self._parts

    def content(self) -> Content:
        """Give what the answer said, complete or not."""
        return Content(
            tuple(self._passages),
            tuple(self._attachments),
            tuple(self._problems),
        )
