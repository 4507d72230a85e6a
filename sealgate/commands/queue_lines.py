"""Mails in the queue as lines of text: a table, their facts, and how many there are.

Must never show a subject or a word of a mail.
"""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any

import click

from vault.sending.queue import Entry, Standing

HEADINGS = ("ID", "STATE", "KIND", "AGE", "TRIES", "NEXT TRY", "FROM", "TO", "LAST ANSWER")
_SHOWN_OF_STATUS = 60
_MOST_TOLD = 50  # mails that are told one by one


def facts(one: Entry) -> dict[str, Any]:
    """Return an entry as JSON has it: times in ISO 8601, UTC."""
    named = asdict(one)
    shown = {
        name: value.isoformat(timespec="seconds") if isinstance(value, datetime) else value
        for name, value in named.items()
    }
    return {**shown, "recipient_domain": one.recipient_domain}


def line(one: Entry, now: datetime) -> tuple[str, ...]:
    """Return the cells of a mail, under `HEADINGS`."""
    state = "active*" if one.sending else one.standing.value
    wait = "" if one.next_try is None or one.next_try <= now else f"in {_span(one.next_try - now)}"
    return (
        one.id,
        state,
        one.kind,
        _span(now - one.queued_at),
        str(one.attempts),
        wait,
        one.sender_domain or "<>",
        one.recipient_domain,
        one.status[:_SHOWN_OF_STATUS],
    )


def tell_which(found: Sequence[Entry], now: datetime) -> None:
    """Say which mails these are, as far as the list does."""
    shown = ("ID", "KIND", "AGE", "TRIES", "FROM", "TO")
    lines = [
        (one.id, one.kind, _span(now - one.queued_at), str(one.attempts),
         one.sender_domain or "<>", one.recipient_domain)
        for one in found[:_MOST_TOLD]
    ]  # fmt: skip
    if lines:
        table([shown, *lines])
    if more := len(found) - len(lines):
        click.echo(f"and {more} more")


def table(lines: Sequence[tuple[str, ...]]) -> None:
    """Print rows of cells, each column as wide as its widest."""
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    for line in lines:
        cells = (cell.ljust(width) for cell, width in zip(line, widths, strict=True))
        click.echo("  ".join(cells).rstrip())


def counted(found: Sequence[Entry], *, narrowed: bool = False) -> str:
    """Say how many there are, and how many of each standing; `narrowed`: not all were asked for."""
    if not found:
        return "Nothing of that kind waits." if narrowed else "Nothing waits."
    counts = [(one, sum(each.standing is one for each in found)) for one in Standing]
    words = ", ".join(f"{number} {one.value}" for one, number in counts if number)
    mark = " (*: being sent)" if any(one.sending for one in found) else ""
    return f"{mails(len(found))}: {words}{mark}"


def mails(number: int) -> str:
    """Say a number of mails."""
    return "1 mail" if number == 1 else f"{number} mails"


def plain(value: Any) -> str:
    """Say a fact as people do."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "-" if value in {None, ""} else str(value)


def _span(length: timedelta) -> str:
    seconds = max(0, int(length.total_seconds()))
    for unit, size in (("d", 86400), ("h", 3600), ("m", 60)):
        if seconds >= size:
            return f"{seconds // size}{unit}"
    return f"{seconds}s"
