"""Follows a message from part to part: where each header block ends, and where each body does.

Promises to hold at most one piece of the message and one header block, and to stop where a limit is
passed. A line belongs to a boundary only if it is exactly one; what merely begins like one is said.
Must never look at what a body says.
"""

from dataclasses import dataclass, replace

import re2

from policies.message.header_block import Kind, check_message, kind_of, read_block
from policies.message.shape import Header, Limits, Part

_LONGEST_LINE = 1 << 16  # of a line that begins like a boundary and has not ended yet

_OPTIONS = re2.Options()
_OPTIONS.encoding = re2.Options.Encoding.LATIN1
_OPTIONS.log_errors = False


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


class Walk:
    """Follows a message piece by piece, with a stack of the parts that are still open."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self.headers: list[Header] = []
        self.parts: list[Part] = []
        self.problems: list[str] = []
        self.header_size = 0
        self.addresses = 0
        self.header_8bit = False
        self._part_header_bytes = 0
        self._lines = 0  # boundary lines met
        self._stack: list[_Frame] = []
        self._delimiters: re2._Regexp | None = None
        # The text at hand. The two bytes before `_at` are always there, so that a line end can be
        # seen; the message is read as if a line end came before it, hence these two and the base.
        self._text = b"\r\n"
        self._base = -2
        self._at = 2
        self._head = 0  # where the header block at hand begins in the message
        self._in_headers = True
        self._over = False  # a limit was passed: the rest is not read

    def feed(self, piece: bytes, *, last: bool = False) -> None:
        """Read on; `last` says that nothing will follow."""
        if self._over:
            return
        self._base += self._at - 2
        self._text = self._text[self._at - 2 :] + piece
        self._at = 2
        while not self._over and (self._headers(last) if self._in_headers else self._body(last)):
            pass

    def finish(self, size: int) -> None:
        """Read what is left, and end every part at the end of a message of this size."""
        self.feed(b"" if self._text.endswith(b"\n") else b"\n", last=True)
        self._close(0, size)

    def _headers(self, last: bool) -> bool:
        """Look for the end of a header block: a blank line, or a boundary of a part around it."""
        text, before = self._text, self._at - 1
        self._head = self._base + self._at
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
        self._count(text)
        if self._over:
            return
        block = read_block(_whole_lines(text, limits.header_bytes), limits)
        kind = kind_of(block, self._stack[-1].default if self._stack else "text/plain")
        if top:
            self.addresses = check_message(block, limits)
            self.headers = block.headers
        self.problems += block.problems
        if kind.holds_parts and self._mistakable(kind.boundary):
            self.problems.append("two multiparts whose boundaries can be taken for one another")
        start = self._base + self._at
        part = _part(len(self._stack), kind)
        self.parts.append(replace(part, head=self._head, start=start))
        self._stack.append(_Frame(len(self.parts) - 1, kind, start))
        self._in_headers = kind.holds_message
        if kind.holds_parts:
            self._watch()
        if len(text) > limits.header_bytes:
            self._stop(f"a header block of more than {limits.header_bytes} bytes")

    def _count(self, text: bytes) -> None:
        """Count one more part with this header block, and stop where that is too much."""
        limits = self._limits
        self.header_8bit = self.header_8bit or not text.isascii()
        if not self.parts:
            self.header_size = len(text)
            return
        self._part_header_bytes += len(text)
        if len(self.parts) >= limits.parts:
            self._stop(f"more than {limits.parts} parts")
        elif len(self._stack) > limits.depth:
            self._stop(f"parts nested more than {limits.depth} deep")
        elif self._part_header_bytes > limits.part_header_bytes:
            self._stop("header blocks of parts that are too large")

    def _mistakable(self, boundary: bytes) -> bool:
        others = [frame.kind.boundary for frame in self._stack if frame.kind.holds_parts]
        return any({boundary, boundary + b"--"} & {other, other + b"--"} for other in others)

    def _body(self, last: bool) -> bool:
        """Look for the next boundary line; False when there is none in the text at hand."""
        match = self._delimiters and self._delimiters.search(self._text, self._at - 1)
        if not match:
            self._at = len(self._text) if last else max(self._at, self._unsettled())
            return False
        self._lines += 1
        if self._lines > 4 * self._limits.parts:
            self._stop(f"more than {4 * self._limits.parts} boundary lines")
            return False
        if match.group(1) is not None:
            self.problems.append("a line that only begins like a boundary of parts")
            self._at = match.start() + 2
            return True
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

    @property
    def stopped(self) -> bool:
        """Whether a limit was passed, so that not every header block was seen."""
        return self._over

    def _stop(self, problem: str) -> None:
        """Say that a limit is passed, and read no further."""
        self.problems.append(problem)
        self._over = True
        self._text = b""


def _whole_lines(text: bytes, most: int) -> bytes:
    """Cut at a line end, for half a line would look like a line without a colon."""
    return text if len(text) <= most else text[: text.rfind(b"\n", 0, most) + 1]


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
