"""Replies of the next hop, put together from the lines that have come (RFC 5321, section 4.2).

Promises that a reply is whole, of one code, and no longer than `MOST_LINES` and `MOST_BYTES`.
Must never wait: what is not there yet is asked for again.
"""

from gateway.relay.answers import CLOSING, Reply, UnintelligibleError, reply_line
from gateway.relay.wire import OverlongError, Wire

MOST_LINES = 200
MOST_BYTES = 64 * 1024


class ReplyReader:
    """What has come of the next reply."""

    def __init__(self) -> None:
        self._lines: list[bytes] = []
        self._code = self._size = 0

    def read(self, wire: Wire) -> Reply | None:
        """Return the next reply if all of it is there, or if it says that the server closes.

        Raises UnintelligibleError, OverlongError.
        """
        while (raw := wire.line()) is not None:
            code, text, last = reply_line(raw)
            self._add(code, text, len(raw))
            if last or code == CLOSING:
                lines, self._lines, self._code, self._size = tuple(self._lines), [], 0, 0
                return Reply(code, lines)
            if len(self._lines) >= MOST_LINES or self._size > MOST_BYTES:
                raise OverlongError
        return None

    def _add(self, code: int, text: bytes, size: int) -> None:
        self._code = self._code or code
        if code != self._code:
            raise UnintelligibleError("the next hop changed its code within a reply")
        self._lines.append(text)
        self._size += size
