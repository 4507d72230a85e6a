"""How far a long command is: a bar on a terminal, and nothing where there is none."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich import filesize
from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    TextColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)


@contextmanager
def bar(what: str, total: int) -> Iterator[Callable[[int], None]]:
    """Show how many of `total` bytes are done; gives what to call with each few more of them."""
    with _shown(what, total, DownloadColumn(), TransferSpeedColumn()) as told:
        yield told


@contextmanager
def count(what: str, total: int) -> Iterator[Callable[[int], None]]:
    """Show how many of `total` things are done; gives what to call with each few more of them."""
    with _shown(what, total, MofNCompleteColumn()) as told:
        yield told


@contextmanager
def _shown(what: str, total: int, *figures: ProgressColumn) -> Iterator[Callable[[int], None]]:
    columns = (TextColumn("{task.description}"), BarColumn(), *figures, TimeRemainingColumn())
    console = Console(stderr=True)
    with Progress(*columns, console=console, disable=not sys.stderr.isatty()) as progress:
        task = progress.add_task(what, total=total)
        yield lambda size: progress.advance(task, size)


@contextmanager
def counting(what: str, total: int) -> Iterator[Callable[[int], None]]:
    """Show how many of `total` are done; gives what to call with each few more of them."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    console = Console(stderr=True)
    with Progress(
        *columns, TimeRemainingColumn(), console=console, disable=not sys.stderr.isatty()
    ) as progress:
        task = progress.add_task(what, total=total)
        yield lambda many: progress.advance(task, many)


def size(count: int) -> str:
    """Write a number of bytes for people: 512 bytes, 3.4 MB."""
    return filesize.decimal(count)
