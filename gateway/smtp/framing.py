"""Where a mail ends: the DATA decoder and the command line reader.

Promises that `<CRLF>.<CRLF>` ends a mail and nothing else does (RFC 5321 section 4.1.1.4), that
dots are unstuffed across any chunk borders, and that memory stays bounded when no CRLF ever comes.
Must never repair a bare CR or LF: it counts them and the caller refuses the mail, because two
servers that disagree about where a mail ends are how mails are smuggled (CVE-2023-51764).
"""

import asyncio

END_OF_DATA = b"\r\n.\r\n"
LINE_END = b"\r\n"
DISCARDED_AT_MOST = 1 << 20


class LineTooLongError(Exception):
    """A command line was longer than allowed; it was read to its end, so the talk can go on."""


class UnsafeLineError(Exception):
    """A command line cannot be trusted to end where it seems to: the connection must close."""


class DataDecoder:
    """Turns what follows DATA, in chunks with arbitrary borders, into the content of a mail.

    `size` counts content bytes so far. `bare_cr`, `bare_lf` and `nul` count what a mail must not
    have. After the end has been seen the decoder must not be fed again.
    """

    def __init__(self) -> None:
        self.size = 0
        self.bare_cr = 0
        self.bare_lf = 0
        self.nul = 0
        # The content starts on a line of its own: a virtual CRLF lets one search find ".\r\n"
        # as an empty mail and a dot on the first line; it is taken off again before it is given.
        self._carry = LINE_END
        self._virtual = len(LINE_END)

    @property
    def bare(self) -> bool:
        """Whether a CR or LF stood alone."""
        return bool(self.bare_cr or self.bare_lf)

    def feed(self, chunk: bytes) -> tuple[bytes, bytes | None]:
        """Return the content that is certain now, and what followed the end, or None before it."""
        buffer = self._carry + chunk
        # One byte is found many times as fast as several are, and base64 has neither dots nor NULs.
        dots = b"." in buffer
        end = buffer.find(END_OF_DATA) if dots else -1
        if end >= 0:
            cut = end + len(LINE_END)
            rest: bytes | None = buffer[end + len(END_OF_DATA) :]
        else:
            cut = len(buffer) - _undecided(buffer)
            rest = None
        lines, self._carry = buffer[:cut], buffer[cut:]
        # A cut never falls between CR and LF, so pairs are counted whole.
        pairs = lines.count(LINE_END)
        self.bare_cr += lines.count(b"\r") - pairs
        self.bare_lf += lines.count(b"\n") - pairs
        if b"\0" in lines:
            self.nul += lines.count(b"\0")
        content = lines.replace(b"\r\n.", LINE_END) if dots else lines
        if self._virtual and content:
            content = content[self._virtual :]
            self._virtual = 0
        self.size += len(content)
        return content, rest


def _undecided(buffer: bytes) -> int:
    """Return how many bytes at the end (0 to 4) may turn out to begin the end of data."""
    for length in range(min(len(END_OF_DATA) - 1, len(buffer)), 0, -1):
        if END_OF_DATA.startswith(buffer[-length:]):
            return length
    return 0


async def read_line(reader: asyncio.StreamReader, longest: int) -> bytes:
    """Read one command line and return it without its CRLF.

    `longest` bounds the line in bytes, CRLF included (RFC 5321 section 4.5.3.1.4). Raise
    LineTooLongError, UnsafeLineError (bare CR or LF, NUL, no end within reason) or EOFError.
    """
    try:
        line = await reader.readuntil(b"\n")
    except asyncio.IncompleteReadError as cut_short:
        raise EOFError from cut_short
    except asyncio.LimitOverrunError:
        line = await _discard_line(reader)
        longest = 0
    if not line.endswith(LINE_END) or line.count(b"\r") > 1 or b"\0" in line:
        raise UnsafeLineError
    if len(line) > longest:
        raise LineTooLongError
    return line[: -len(LINE_END)]


async def _discard_line(reader: asyncio.StreamReader) -> bytes:
    """Read a line that is longer than the reader's buffer and return only its last two bytes."""
    discarded = 0
    tail = b""
    while discarded <= DISCARDED_AT_MOST:
        try:
            line = await reader.readuntil(b"\n")
        except asyncio.LimitOverrunError as overrun:
            piece = await reader.readexactly(overrun.consumed)
            if b"\r" in piece[:-1] or b"\0" in piece or tail[-1:] == b"\r":
                raise UnsafeLineError from overrun
            discarded += len(piece)
            tail = piece[-1:]
        except asyncio.IncompleteReadError as cut_short:
            raise EOFError from cut_short
        else:
            return (tail + line)[-2:]
    raise UnsafeLineError
