"""Runs the processes of one node and keeps them running.

Promises that a process that dies is started again, that all stop when this one stops or dies, and
that a process whose settings are wrong stops the whole node with its message instead of looping.
Must never hold a key, start a thread or touch a mail: it only forks, watches and stops.
"""

import json
import os
import selectors
import signal
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import structlog

from sealgate.child import Child
from sealgate.lifeline import EX_CONFIG, Ready

log = structlog.get_logger()

FIRST_PAUSE = 0.1  # seconds before a dead process is started again; doubles up to LONGEST_PAUSE
LONGEST_PAUSE = 10.0
SETTLED_AFTER = 30.0  # a process that lived this long starts with the first pause again
GRACE = 30.0  # seconds between the word to stop and the kill
_STOP = (signal.SIGTERM, signal.SIGINT)
_SIGNALS = (*_STOP, signal.SIGHUP, signal.SIGCHLD)


@dataclass(slots=True)
class Post:
    """What one process at a time does: its name, its role, and who does it now."""

    name: str
    role: str
    child: Child | None = None
    begun: float = 0.0
    due: float = 0.0  # when it is to be filled again
    pause: float = FIRST_PAUSE
    is_ready: bool = False  # its process can take a signal
    reload_later: bool = False


class Supervisor:
    """Forks a process for each role and forks again what dies; a role named twice has two.

    `live` is what a process does: given its role, it returns the exit code. `title` is how the
    process with a name is called in a list of processes.
    """

    def __init__(
        self, roles: tuple[str, ...], live: Callable[[str], int], title: Callable[[str], str] = str
    ) -> None:
        self._posts = [Post(name, role) for name, role in _told_apart(roles)]
        self._live = live
        self._title = title
        self._stopped: float | None = None  # since when
        self._exit_code = 0
        self._selector: selectors.BaseSelector

    def run(self) -> int:
        """Run until asked to stop; gives the exit code for this process."""
        with _arriving() as signals, selectors.DefaultSelector() as self._selector:
            self._selector.register(signals, selectors.EVENT_READ, self._obey)
            while self._fill() or self._children():
                for key, _ in self._selector.select(self._patience()):
                    key.data(key.fd)
                self._bury()
        return self._exit_code

    def _children(self) -> list[Child]:
        return [post.child for post in self._posts if post.child]

    def _fill(self) -> bool:
        """Fork for every post that is due; False when nothing is to be started any more."""
        if self._stopped is not None:
            return False
        now = time.monotonic()
        for post in self._posts:
            if post.child is None and post.due <= now:
                self._start(post, now)
        return True

    def _start(self, post: Post, now: float) -> None:
        title, role = self._title(post.name), post.role
        post.child = Child.bear(title, lambda: self._live(role))
        post.begun = now
        self._selector.register(post.child.told, selectors.EVENT_READ, lambda _: self._hear(post))

    def _patience(self) -> float | None:
        """Return the seconds until something is to be done without being told."""
        now = time.monotonic()
        if self._stopped is not None:
            return max(0.0, self._stopped + GRACE - now)
        waiting = [post.due - now for post in self._posts if post.child is None]
        return max(0.0, min(waiting)) if waiting else None

    def _obey(self, signals: int) -> None:
        for number in os.read(signals, 1024):
            if number in _STOP:
                self._stop()
            elif number == signal.SIGHUP:
                self._reload()

    def _stop(self) -> None:
        """Ask every process to finish what it has in hand and end."""
        if self._stopped is None:
            self._stopped = time.monotonic()
            for child in self._children():
                child.tell(signal.SIGTERM)

    def _reload(self) -> None:
        """Pass the signal on. A process that is still starting would die of it: it gets it later.

        It may have read the policy already, so it is not left out.
        """
        for post in self._posts:
            post.reload_later = True
            self._reload_one(post)

    def _reload_one(self, post: Post) -> None:
        if post.reload_later and post.is_ready and post.child:
            post.reload_later = False
            post.child.tell(signal.SIGHUP)

    def _hear(self, post: Post) -> None:
        if post.child is None:
            return
        lines = post.child.heard()
        if not lines:
            return
        for line in lines:
            announce(Ready.from_line(line))
        post.is_ready = True
        self._reload_one(post)

    def _bury(self) -> None:
        """See who has ended, and kill who was asked to and has not."""
        late = self._stopped is not None and time.monotonic() > self._stopped + GRACE
        for post in self._posts:
            if post.child is None:
                continue
            if late:
                post.child.tell(signal.SIGKILL)
            if (code := post.child.ended()) is not None:
                self._selector.unregister(post.child.told)
                post.child.bury()
                post.child, post.is_ready = None, False
                self._judge(post, code)

    def _judge(self, post: Post, code: int) -> None:
        """Decide what follows from an end that was not asked for."""
        if self._stopped is not None:
            return
        if code == EX_CONFIG:
            self._exit_code = EX_CONFIG
            self._stop()
            return
        now = time.monotonic()
        settled = now - post.begun > SETTLED_AFTER
        post.pause = FIRST_PAUSE if settled else min(post.pause * 2, LONGEST_PAUSE)
        post.due = now + post.pause
        log.error("process.died", role=post.name, exit_code=code, restart_in=post.pause)


@contextmanager
def _arriving() -> Iterator[int]:
    """Give a descriptor on which signals arrive as bytes, instead of what they would do."""
    reading, writing = os.pipe()
    for end in (reading, writing):
        os.set_blocking(end, False)
    before = [(number, signal.signal(number, _nothing)) for number in _SIGNALS]
    signal.set_wakeup_fd(writing, warn_on_full_buffer=False)
    try:
        yield reading
    finally:
        signal.set_wakeup_fd(-1)
        for number, handler in before:
            signal.signal(number, handler)
        os.close(reading)
        os.close(writing)


def _nothing(number: int, frame: object) -> None:
    """Do nothing: the signal has arrived as a byte."""


def _told_apart(roles: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    """Yield a name for each process, with its role: the first is named by its role alone."""
    seen: Counter[str] = Counter()
    for role in roles:
        seen[role] += 1
        yield (role if seen[role] == 1 else f"{role}-{seen[role]}"), role


def announce(ready: Ready) -> None:
    """Say on standard output that a process is ready and where it listens, as one JSON line."""
    sys.stdout.write(json.dumps(ready.to_json()) + "\n")
    sys.stdout.flush()
