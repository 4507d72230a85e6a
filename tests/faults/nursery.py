"""Starts subjects, sees to it that they are dead in the end, and talks to them as a client does.

with Nursery() as nursery, nursery.start(folder, sink=port) as subject:
    answer = subject.send(mail)
"""

from __future__ import annotations

import contextlib
import json
import os
import selectors
import shutil
import signal
import smtplib
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from tests.e2e.stage import TOP, Answer, transaction
from tests.faults.tracing import lives
from vault import keys
from vault.settings import VaultSettings
from vault.storage.store import Store

READY_WITHIN = 30.0
ANSWER_WITHIN = 30.0


@dataclass(frozen=True)
class Subject:
    """A process under test."""

    pid: int
    port: int

    def send(self, sender: str, to: tuple[str, ...], content: bytes) -> Answer:
        """Send one mail on a connection of its own; code 0 if nobody answered."""
        try:
            with smtplib.SMTP("127.0.0.1", self.port, timeout=ANSWER_WITHIN) as client:
                client.ehlo("client.example")
                answer = transaction(client, sender, list(to), content)
                client.close()  # QUIT is one thing more that could be killed
                return answer
        except (smtplib.SMTPException, OSError):
            return Answer(0, "hung up")

    @property
    def lives(self) -> bool:
        return lives(self.pid)

    def kill(self) -> None:
        """End it, and wait until it is gone."""
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGKILL)
        until = time.monotonic() + 10
        while self.lives and time.monotonic() < until:
            time.sleep(0.002)


class Nursery:
    """One process that has imported everything, and forks."""

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.faults.subject"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            cwd=TOP,
        )
        return self

    def __exit__(self, *why: object) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.terminate()
        self._process.wait(10)
        assert self._process.stdout is not None
        self._process.stdout.close()

    @contextlib.contextmanager
    def start(
        self, folder: Path, sink: int, role: str = "door", **more: object
    ) -> Iterator[Subject]:
        """Start a subject in a data folder; it is killed at the end."""
        order = {"folder": str(folder), "sink": sink, "role": role, **more}
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(order).encode() + b"\n")
        self._process.stdin.flush()
        subject = Subject(**self._said(folder))
        try:
            yield subject
        finally:
            subject.kill()

    def _said(self, folder: Path) -> dict[str, int]:
        assert self._process.stdout is not None
        with selectors.DefaultSelector() as waiting:
            waiting.register(self._process.stdout, selectors.EVENT_READ)
            assert waiting.select(READY_WITHIN), (folder / "log").read_text()
        said: dict[str, int] = json.loads(self._process.stdout.readline())
        return said


def template(folder: Path) -> Path:
    """A data folder with keys and an empty database."""
    keys.init(folder / "keys")
    Store(VaultSettings(folder=folder), checkpoints=True).close()
    return folder


def copy(of: Path, to: Path) -> Path:
    """A data folder that is the same as another."""
    shutil.copytree(of, to)
    return to
