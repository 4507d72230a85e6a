"""The outline of a message: its headers and the tree of its parts, read from a stream in bounds.

Promises to take any bytes without raising, in memory bounded by the limits, never keeping a body.
Where it cannot vouch for the outline, because a limit is passed or because two mail programs would
read the message differently, it says so in `problems`; policy lets no such message go in the clear.
Must never change a message, nor call a message a problem for being merely old-fashioned.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

import re2

from policies.header_block import Kind, check_message, kind_of, read_block
from policies.shape import Header, Limits, Outline, Part

__all__ = ["Header", "Limits", "Outline", "Part", "outline"]

DEFAULT_LIMITS = Limits()
_PIECE = 1 << 18  # bytes looked at together; larger chunks are cut, smaller ones gathered
_LEAST_PIECE = 1 << 16
_LONGEST_LINE = 1 << 16  # of a line that begins like a boundary and has not ended yet
_MOST_PROBLEMS = 20

_OPTIONS = re2.Options()
_OPTIONS.encoding = re2.Options.Encoding.LATIN1
_OPTIONS.log_errors = False


def outline(chunks: Iterable[bytes], limits: Limits = DEFAULT_LIMITS) -> Outline:
    """Read a whole message, in chunks of any size, and tell its shape."""
    facts, walk = _Facts(), _Walk(limits)
    for piece in _pieces(chunks):
        facts.see(piece)
        walk.feed(piece)
    walk.finish(facts.size)
    problems = list(dict.fromkeys([*walk.problems, *facts.problems()]))
    return Outline(
        headers=tuple(walk.headers),
        parts=tuple(walk.parts),
        problems=tuple(problems[:_MOST_PROBLEMS]),
        header_size=walk.header_size,
        header_count=len(walk.headers),
        address_count=walk.addresses,
        size=facts.size,
        has_8bit=facts.has_8bit,
        has_nul=facts.has_nul,
    )


def _pieces(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Give the same bytes in pieces of a handy size."""
    gathered = bytearray()
    for chunk in chunks:
        gathered += chunk
        if len(gathered) < _LEAST_PIECE:
            continue
        for at in range(0, len(gathered), _PIECE):
            yield bytes(gathered[at : at + _PIECE])
        gathered.clear()
    if gathered:
        yield bytes(gathered)


@dataclass(slots=True)
class _Facts:
    """What is counted over every byte, whatever the shape."""

    size: int = 0
    has_8bit: bool = False
    has_nul: bool = False
    _cr: int = 0
    _lf: int = 0
    _pairs: int = 0
    _after_cr: bool = False

    def see(self, piece: bytes) -> None:
        self.size += len(piece)
        self.has_8bit = self.has_8bit or not piece.isascii()
        self.has_nul = self.has_nul or b"\0" in piece
        self._cr += piece.count(b"\r")
        self._lf += piece.count(b"\n")
        self._pairs += piece.count(b"\r\n") + (self._after_cr and piece.startswith(b"\n"))
        self._after_cr = piece.endswith(b"\r")

    def problems(self) -> Iterator[str]:
        if self.has_nul:
            yield "NUL bytes"
        if self._cr > self._pairs or (self._pairs and self._lf > self._pairs):
            yield "line ends of more than one kind"


@dataclass(slots=True)
class _Frame:
    """A part whose end has not been seen. `number` is its place among the parts."""

    number: int
    kind: Kind
    start: int  # where its body begins in the message
    has_parts: bool = False
    closed: bool = False  # its closing boundary has been seen

    @property
    def lines(self) -> tuple[bytes, bytes]:
        """Its boundary lines: the one before each part, and the closing one."""
        delimiter = b"--" + self.kind.boundary
        return delimiter, delimiter + b"--"

    @property
    def default(self) -> str:
        """The type of a part that declares none (RFC 2046, 5.1.5)."""
        return "message/rfc822" if self.kind.content_type == "multipart/digest" else "text/plain"


class _Walk:
    """Follows a message piece by piece, with a stack of the parts that are still open."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self.headers: list[Header] = []
        self.parts: list[Part] = []
        self.problems: list[str] = []
        self.header_size = 0
        self.addresses = 0
        self._part_header_bytes = 0
        self._lines = 0  # boundary lines met
        self._stack: list[_Frame] = []
        self._delimiters: re2._Regexp | None = None
        # The text at hand. The two bytes before `_at` are always there, so that a line end can be
        # seen; the message is read as if a line end came before it, hence these two and the base.
        self._text = b"\r\n"
        self._base = -2
        self._at = 2
        self._in_headers = True
        self._over = False  # a limit was passed: the rest is not read

    def feed(self, piece: bytes, *, last: bool = False) -> None:
        if self._over:
            return
        self._base += self._at - 2
        self._text = self._text[self._at - 2 :] + piece
        self._at = 2
        while not self._over and (self._headers(last) if self._in_headers else self._body(last)):
            pass

    def finish(self, size: int) -> None:
        self.feed(b"" if self._text.endswith(b"\n") else b"\n", last=True)
        self._close(0, size)

    def _headers(self, last: bool) -> bool:
        """Look for the end of a header block: a blank line, or a boundary of a part around it."""
        text, before = self._text, self._at - 1
        ends = [end for end in (text.find(b"\n\r\n", before),) if end >= 0]
        bare = text.find(b"\n\n", before, ends[0] if ends else len(text))
        if bare >= 0:
            ends.append(bare)
        blank = min(ends, default=len(text))
        boundary = self._delimiters and self._delimiters.search(text, before, blank + 1)
        if boundary:
            blank = boundary.start()
        elif not ends and not last:
            if len(text) - self._at > self._limits.header_bytes:
                self._open(text[self._at :])
            return False
        block = text[self._at : blank + 1]
        if boundary:
            self._at = blank + 1
        elif ends:
            self._at = blank + (2 if text.startswith(b"\n\n", blank) else 3)
        else:
            self._at = len(text)
        self._open(block)
        return True

    def _open(self, text: bytes) -> None:
        """Begin a part: its header block has been read."""
        limits, top = self._limits, not self.parts
        if top:
            self.header_size = len(text)
        else:
            self._part_header_bytes += len(text)
        if len(self.parts) >= limits.parts:
            return self._stop(f"more than {limits.parts} parts")
        if len(self._stack) > limits.depth:
            return self._stop(f"parts nested more than {limits.depth} deep")
        if self._part_header_bytes > limits.part_header_bytes:
            return self._stop("header blocks of parts that are too large")
        block = read_block(text[: limits.header_bytes], limits)
        kind = kind_of(block, self._stack[-1].default if self._stack else "text/plain")
        if top:
            self.addresses = check_message(block, limits)
            self.headers = block.headers
        self.problems += block.problems
        frame = _Frame(len(self.parts), kind, self._base + self._at)
        self.parts.append(_part(len(self._stack), kind))
        self._in_headers = kind.holds_message
        if kind.holds_parts and self._mistakable(kind.boundary):
            self.problems.append("two multiparts whose boundaries can be taken for one another")
        self._stack.append(frame)
        if kind.holds_parts:
            self._watch()
        if len(text) > limits.header_bytes:
            self._stop(f"a header block of more than {limits.header_bytes} bytes")
        return None

    def _mistakable(self, boundary: bytes) -> bool:
        others = [frame.kind.boundary for frame in self._stack if frame.kind.holds_parts]
        return any({boundary, boundary + b"--"} & {other, other + b"--"} for other in others)

    def _body(self, last: bool) -> bool:
        """Look for the next boundary line; False when there is none in the text at hand."""
        match = self._delimiters and self._delimiters.search(self._text, self._at - 1)
        if not match:
            self._at = len(self._text) if last else max(self._at, self._unsettled())
            return False
        if match.group(1) is not None:
            self.problems.append("a line that only begins like a boundary of parts")
            self._at = match.start() + 2
            return True
        self._lines += 1
        if self._lines > 4 * self._limits.parts:
            self._stop(f"more than {4 * self._limits.parts} boundary lines")
            return False
        self._boundary(match.group().strip(), match.start())
        self._at = match.end()
        return True

    def _boundary(self, line: bytes, start: int) -> None:
        """Pass a boundary line, which ends every part inside the multipart it belongs to."""
        owner = max(
            number
            for number, frame in enumerate(self._stack)
            if frame.kind.holds_parts and line in frame.lines
        )
        after_cr = start > 0 and self._text[start - 1 : start] == b"\r"
        self._close(owner + 1, self._base + start - after_cr)
        frame = self._stack[owner]
        frame.has_parts = True
        if line == frame.lines[1]:
            frame.closed = True
            self._in_headers = False
            return
        if frame.closed:
            self.problems.append("a part after the end of its multipart")
        self._in_headers = True

    def _unsettled(self) -> int:
        """Where the text must be looked at again: a last line that may yet become a boundary."""
        text, first = self._text, self._at - 1
        last = text.rfind(b"\n", first)
        before = text.rfind(b"\n", first, max(first, last))
        start = before if before >= 0 and text.startswith(b"\n--", before) else last
        if start < 0:
            return len(text)
        if len(text) - start > _LONGEST_LINE:
            if any(text.startswith(b"\n" + line, start) for line in self._open_lines()):
                self._stop("a boundary line that is far too long")
            return len(text)
        return start

    def _open_lines(self) -> list[bytes]:
        return [frame.lines[0] for frame in self._stack if frame.kind.holds_parts]

    def _watch(self) -> None:
        """Make ready to find the boundary lines of every open multipart."""
        lines = b"|".join(re2.escape(line) for line in dict.fromkeys(self._open_lines()))
        exact = rb"(?:" + lines + rb")(?:--)?[ \t]{0,200}\r?\n"
        near = rb"(?:" + lines + rb")(?:(?:--)?[ \t]{201}|[^\n]*\n(?i:content-))"
        pattern = rb"(?s)\n(?:" + exact + rb"|(" + near + rb"))"
        self._delimiters = re2.compile(pattern, _OPTIONS) if lines else None

    def _close(self, keep: int, end: int) -> None:
        """End the parts above the first `keep` of the stack, at a position in the message."""
        watched = False
        while len(self._stack) > keep:
            frame = self._stack.pop()
            size = max(0, end - frame.start)
            self.parts[frame.number] = replace(self.parts[frame.number], size=size)
            if frame.kind.holds_parts:
                watched = True
                if not frame.has_parts and size > len(b"\r\n") and not self._over:
                    self.problems.append("a multipart whose boundary never appears")
        if watched:
            self._watch()

    def _stop(self, problem: str) -> None:
        """Say that a limit is passed, and read no further."""
        self.problems.append(problem)
        self._over = True
        self._text = b""


def _part(depth: int, kind: Kind) -> Part:
    filename = kind.names[0] if kind.names else ""
    disposition = "attachment" if kind.disposition not in {"", "inline"} else kind.disposition
    return Part(
        depth,
        kind.content_type,
        filename,
        disposition,
        kind.encoding,
        0,
        kind.names,
        kind.charset,
    )
