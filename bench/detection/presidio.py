"""Presidio beside us: installed into an environment of its own, spoken to over a pipe.

Promises that the project never depends on Presidio and that nothing of it is imported here. If it
cannot be installed, `Presidio.start` raises `NotAtHandError`, and the bench says so.
"""

import json
import shutil
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

from bench.detection.engine import ROUNDS, Reading, Span

ENVIRONMENT = Path(__file__).parents[2] / ".venv-presidio"
WORKER = Path(__file__).with_name("presidio_worker.py")
PACKAGE = "presidio-analyzer==2.2.366"
_INSTALL_SECONDS = 900


class NotAtHandError(Exception):
    """Presidio cannot be run; the text says why."""


class Presidio:
    """Presidio's pattern recognisers, the UK ones switched on, without a language model."""

    name = "Presidio"

    def __init__(self, worker: "subprocess.Popen[str]") -> None:
        self._worker = worker

    @classmethod
    def start(cls, environment: Path = ENVIRONMENT) -> Self:
        """Install Presidio if need be, and start it. Raises NotAtHandError."""
        python = environment / "bin" / "python"
        if not python.exists():
            install(environment)
        worker = subprocess.Popen(
            [python, WORKER], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL, text=True,
        )  # fmt: skip
        engine = cls(worker)
        try:
            engine.subjects(["are you there"])
        except NotAtHandError:
            engine.close()
            raise
        return engine

    def close(self) -> None:
        """End the worker."""
        with suppress(BrokenPipeError):
            self._worker.communicate()
        for pipe in (self._worker.stdin, self._worker.stdout):
            if pipe is not None:
                with suppress(BrokenPipeError):
                    pipe.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def subjects(self, texts: Sequence[str]) -> Reading:
        """Read subjects. Raises NotAtHandError if the worker has ended."""
        return self._ask(texts, ROUNDS)

    def bodies(self, texts: Sequence[str], *, names: bool = True) -> Reading:
        """Read long texts; names it cannot find without a model, so `names` changes nothing."""
        del names
        return self._ask(texts, 1)

    def refuses(self, texts: Sequence[str]) -> None:
        """Presidio has no policy."""

    def _ask(self, texts: Sequence[str], rounds: int) -> Reading:
        if self._worker.stdin is None or self._worker.stdout is None:
            raise NotAtHandError("the worker has no pipes")
        try:
            print(
                json.dumps({"texts": texts, "rounds": rounds}), file=self._worker.stdin, flush=True
            )
            answer = json.loads(self._worker.stdout.readline())
        except (OSError, ValueError) as error:
            raise NotAtHandError("the worker ended; run presidio_worker.py by hand") from error
        found = [[Span(*span) for span in spans] for spans in answer["found"]]
        return Reading(found, answer["seconds"])


def install(environment: Path) -> None:
    """Make an environment and install Presidio there, without a model. Raises NotAtHandError."""
    python = str(environment / "bin" / "python")
    commands = [
        [sys.executable, "-m", "venv", str(environment)],
        [python, "-m", "pip", "install", "-q", PACKAGE],
    ]
    try:
        for command in commands:
            subprocess.run(command, check=True, capture_output=True, timeout=_INSTALL_SECONDS)
    except (OSError, subprocess.SubprocessError) as error:
        shutil.rmtree(environment, ignore_errors=True)
        raise NotAtHandError(
            f"{PACKAGE} could not be installed ({type(error).__name__})"
        ) from error
