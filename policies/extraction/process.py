"""One worker process as its pool sees it: started, given mails, and killed.

Promises an answer or `Failed` within the seconds given, however the process behaves. Must never
hand it an environment, a file or anything but the bytes of one mail.
"""

import os
import select
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path

import policies
from policies.extraction import wire
from policies.extraction.budgets import Budgets
from policies.extraction.passages import Content
from policies.extraction.source import Ranged
from policies.message.mime import Outline

COMMAND = (sys.executable, "-s", "-P", "-m", "policies.extraction.worker")

_ROOT = Path(policies.__file__).parents[1]
_PIECE = 1 << 16
_FRUGAL = {"MALLOC_ARENA_MAX": "1", "MALLOC_MMAP_THRESHOLD_": str(1 << 20)}  # mallopt(3)
START_SECONDS = 30.0
"""How long a worker may take to load what it needs, on a machine that has much to do."""

_TO_DIE = 5.0  # seconds until a killed process is gone; longer only while the kernel is busy
CHANGED = "the mail was not read: it changed while it was read"
_TOO_SLOW = "the mail was not read: it takes too long"
_DIED = "the mail was not read: the process that reads attachments ended early"
_LIED = "the mail was not read: the process that reads attachments gave no proper answer"
_NOT_STARTED = "the mail was not read: the process that reads attachments could not be started"


class Failed(Exception):
    """There is no answer; the text says why, in plain English."""


class WorkerProcess:
    """A process that reads one mail at a time. Raises Failed if it cannot be started.

    `rests_since` is for who keeps it: when it had something to do last, by the monotonic clock.
    """

    def __init__(self, command: tuple[str, ...]) -> None:
        try:
            self._process = subprocess.Popen(  # noqa: S603 - our own interpreter and module
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                bufsize=0,
                cwd="/",
                env={"PYTHONPATH": str(_ROOT), **_FRUGAL},
                start_new_session=True,  # a Ctrl-C at the terminal is for its owner
            )
        except OSError:
            raise Failed(_NOT_STARTED) from None
        assert self._process.stdin is not None  # noqa: S101 - asked for above
        assert self._process.stdout is not None  # noqa: S101 - the same
        self._in, self._out = self._process.stdin.fileno(), self._process.stdout.fileno()
        for pipe in (self._in, self._out):
            os.set_blocking(pipe, False)
        self._mails = 0
        self.rests_since = time.monotonic()

    @property
    def pid(self) -> int:
        """The number of the process."""
        return self._process.pid

    def is_fit(self, most: int) -> bool:
        """Whether it lives, has read fewer than so many mails, and has nothing more to say."""
        if self._mails >= most or self._process.poll() is not None:
            return False
        silent = select.poll()
        silent.register(self._out, select.POLLIN)
        return not self._mails or not silent.poll(0)

    def kill(self) -> None:
        """Kill it, whatever it does, and wait until it is gone; its pipes stay whose they are.

        For any thread: another one may be about to write, and a number that is free is soon given
        to something else.
        """
        self._process.kill()
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(_TO_DIE)

    def end(self) -> None:
        """Kill it and close its pipes: for who would have used them."""
        self.kill()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                pipe.close()

    def read(self, outline: Outline, mail: Ranged, budgets: Budgets, seconds: float) -> Content:
        """Have a mail read. Raises Failed, after which this process is of no more use."""
        if not self._mails:
            self._await_start()
        self._mails += 1
        until = time.monotonic() + seconds
        readable = min(outline.size, budgets.bytes_in)
        answer = wire.Answer(budgets, len(outline.parts), readable)
        try:
            self._send([wire.request(outline)], answer, until)
            while not answer.complete:
                self._wait(select.POLLIN, until)
                self._receive(answer)
                if answer.asked is not None:
                    pieces = _exactly(mail, *answer.asked)
                    answer.asked = None
                    self._send(pieces, answer, until)
                    answer.sent()
        except wire.BadAnswer:
            raise Failed(_LIED) from None
        return answer.content()

    def _await_start(self) -> None:
        """Wait until it has loaded what it needs: that time is not the mail's. Raises Failed."""
        until = time.monotonic() + START_SECONDS
        said = b""
        while not said:
            self._wait(select.POLLIN, until)
            said = self._read_some(len(wire.READY))
        if said != wire.READY:
            raise Failed(_LIED)

    def _send(self, pieces: Iterable[bytes], answer: wire.Answer, until: float) -> None:
        for piece in pieces:
            view = memoryview(piece)
            while view:
                if self._wait(select.POLLOUT, until) & select.POLLIN:
                    self._receive(answer)  # too early, but it must not fill the pipe
                view = view[self._write(view[:_PIECE]) :]

    def _receive(self, answer: wire.Answer) -> None:
        answer.feed(self._read_some(_PIECE * 16))

    def _read_some(self, most: int) -> bytes:
        """Read what there is, perhaps nothing yet. Raises Failed at the end."""
        try:
            data = os.read(self._out, most)
        except BlockingIOError:
            return b""
        except OSError:
            raise Failed(_DIED) from None
        if not data:
            raise Failed(_DIED)
        return data

    def _write(self, data: memoryview) -> int:
        """Write what there is room for; return how many bytes that was. Raises Failed."""
        try:
            return os.write(self._in, data)
        except BlockingIOError:
            return 0
        except OSError:
            raise Failed(_DIED) from None

    def _wait(self, wanted: int, until: float) -> int:
        """Wait until there is something to read or, if wanted, room to write. Raises Failed."""
        poll = select.poll()
        poll.register(self._out, select.POLLIN)
        if wanted & select.POLLOUT:
            poll.register(self._in, select.POLLOUT)
        left = until - time.monotonic()
        events = poll.poll(left * 1000) if left > 0 else []
        if not events:
            raise Failed(_TOO_SLOW)
        if any(event & (select.POLLERR | select.POLLNVAL) for _pipe, event in events):
            raise Failed(_DIED)
        return select.POLLIN if any(pipe == self._out for pipe, _event in events) else 0


def _exactly(mail: Ranged, start: int, stop: int) -> Iterator[bytes]:
    """Yield a stretch of a mail. Raises Failed if the mail is not as long as its outline says."""
    sent = 0
    for piece in mail.between(start, stop):
        sent += len(piece)
        if sent > stop - start:
            break
        yield piece
    if sent != stop - start:
        raise Failed(CHANGED)
