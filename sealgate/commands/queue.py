"""`sealgate queue`: what waits to be sent, and what an administrator does to it.

Promises that nothing is dropped without a plain yes, and that no word of a mail is shown.
"""

import getpass
import json
import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, NoReturn, TypeVar

import click

from gateway import undelivered
from gateway.relay.parameters import Notify
from sealgate import logs, settings
from sealgate.commands.options import config_option
from sealgate.settings import Settings
from vault import keys, queue
from vault.errors import StoreUnavailable, VaultError
from vault.outbox import Item
from vault.queue import Chosen, Done, Entry, Standing, UnknownEntryError
from vault.store import Store

_HEADINGS = ("ID", "STATE", "KIND", "AGE", "TRIES", "NEXT TRY", "FROM", "TO", "LAST ANSWER")
_SHOWN_OF_STATUS = 60
_MOST_TOLD = 50  # mails that are told one by one
_F = TypeVar("_F", bound=Callable[..., Any])


@click.group(name="queue")
def command() -> None:
    """Look after what waits to be sent.

    ID is the beginning of an id that `sealgate queue list` shows; six letters of it are enough.
    """


def _choosing(act: _F) -> _F:
    """Let a command say which mails: ids, the word `all`, or a recipient domain."""
    act = click.option("--to", "domain", metavar="DOMAIN", help="Every mail to this domain.")(act)
    return click.argument("ids", nargs=-1, metavar="[ID]... | all")(act)


@command.command(name="list")
@click.option("--to", "domain", metavar="DOMAIN", help="Only mails to this domain.")
@click.option("--state", type=click.Choice([one.value for one in Standing]), help="Only these.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
@config_option
def list_queue(domain: str | None, state: str | None, as_json: bool, config: Path) -> None:
    """List what waits, oldest first: no subjects, no content."""
    with _opened(config) as (_, store):
        chosen = Chosen(domain=_domain(domain)) if domain else Chosen(everything=True)
        found = [one for one in queue.entries(store, chosen) if state in {None, one.standing}]
        now = store.clock()
    if as_json:
        for one in found:
            click.echo(json.dumps(_facts(one)))
        return
    if found:
        _table([_HEADINGS, *(_line(one, now) for one in found)])
    click.echo(_counted(found))


@command.command()
@click.argument("ids", nargs=-1, required=True, metavar="ID...")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
@config_option
def show(ids: tuple[str, ...], as_json: bool, config: Path) -> None:
    """Show everything that may be known of a waiting mail."""
    with _opened(config) as (_, store):
        found = queue.entries(store, Chosen(ids=ids))
    for one in found:
        if as_json:
            click.echo(json.dumps(_facts(one)))
            continue
        for name, value in _facts(one).items():
            click.echo(f"{name.replace('_', ' '):>16}: {_plain(value)}")
        click.echo()


@command.command()
@_choosing
@config_option
def retry(ids: tuple[str, ...], domain: str | None, config: Path) -> None:
    """Try mails again now, rather than at their next try. What is on hold stays there."""
    _act(queue.retry, _chosen(ids, domain), config, "will be tried now")


@command.command()
@_choosing
@config_option
def hold(ids: tuple[str, ...], domain: str | None, config: Path) -> None:
    """Keep mails from being sent until they are released. Their age goes on counting."""
    _act(queue.hold, _chosen(ids, domain), config, "put on hold")


@command.command()
@_choosing
@config_option
def release(ids: tuple[str, ...], domain: str | None, config: Path) -> None:
    """Let mails that are on hold be sent."""
    _act(queue.release, _chosen(ids, domain), config, "released")


@command.command()
@_choosing
@click.option("--yes", is_flag=True, help="Do it; without this, only say what would be dropped.")
@click.option("--no-bounce", is_flag=True, help="Do not tell the senders.")
@config_option
def drop(
    ids: tuple[str, ...], domain: str | None, yes: bool, no_bounce: bool, config: Path
) -> None:
    """Give mails up for good. Their senders are told, as of any mail that was not delivered.

    Says which, a line each: every one is for one recipient. A mail to three is three of them.

    What it was about stays on record. A sealed message stays where it is: only its notice is
    dropped.
    """
    chosen = _chosen(ids, domain)
    with _opened(config) as (node, store):
        found = queue.entries(store, chosen)
        now = store.clock()
        if not yes:
            _tell_which(found, now)
            click.echo(f"{_mails(len(found))} would be dropped. Say --yes to do it.")
            sys.exit(1 if found else 0)
        relay, sealing = keys.load_relay(node.keys_folder), keys.load_sealing(node.keys_folder)
        word = None if no_bounce else _word
        by = _who()
        gone = [one for one in found if queue.drop(store, relay, sealing, one, by, word)]
    _tell_which(gone, now)
    click.echo(f"{_mails(len(gone))} dropped.")
    if left := len(found) - len(gone):
        click.echo(f"{_mails(left)} left alone: being sent at this moment, or gone.")
        sys.exit(1)


def _word(item: Item) -> Mapping[str, str] | None:
    """Return what its sender is told: as much as the key that opens the queue can see."""
    return undelivered.of_item(item, Notify.FAILURE, item.content)


def _act(
    act: Callable[[Store, Chosen, str], Done], chosen: Chosen, config: Path, said: str
) -> None:
    with _opened(config) as (_, store):
        done = act(store, chosen, _who())
    click.echo(f"{_mails(done.changed)} {said}.")
    if done.sending:
        click.echo(f"{_mails(done.sending)} left alone: being sent at this moment.")


def _chosen(ids: tuple[str, ...], domain: str | None) -> Chosen:
    if bool(ids) is bool(domain):
        raise click.UsageError("Say which mails: their ids, the word all, or --to DOMAIN.")
    if domain:
        return Chosen(domain=_domain(domain))
    return Chosen(everything=True) if ids == ("all",) else Chosen(ids=ids)


def _domain(typed: str) -> str:
    return typed.removeprefix("@").lower()


def _facts(one: Entry) -> dict[str, Any]:
    """Return an entry as JSON has it: times in ISO 8601, UTC."""
    facts = asdict(one)
    shown = {
        name: value.isoformat(timespec="seconds") if isinstance(value, datetime) else value
        for name, value in facts.items()
    }
    return {**shown, "recipient_domain": one.recipient_domain}


def _line(one: Entry, now: datetime) -> tuple[str, ...]:
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


def _tell_which(found: Sequence[Entry], now: datetime) -> None:
    """Say which mails these are, as far as the list does."""
    shown = ("ID", "KIND", "AGE", "TRIES", "FROM", "TO")
    lines = [
        (one.id, one.kind, _span(now - one.queued_at), str(one.attempts),
         one.sender_domain or "<>", one.recipient_domain)
        for one in found[:_MOST_TOLD]
    ]  # fmt: skip
    if lines:
        _table([shown, *lines])
    if more := len(found) - len(lines):
        click.echo(f"and {more} more")


def _table(lines: Sequence[tuple[str, ...]]) -> None:
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    for line in lines:
        cells = (cell.ljust(width) for cell, width in zip(line, widths, strict=True))
        click.echo("  ".join(cells).rstrip())


def _counted(found: Sequence[Entry]) -> str:
    if not found:
        return "Nothing waits."
    counts = [(one, sum(each.standing is one for each in found)) for one in Standing]
    words = ", ".join(f"{number} {one.value}" for one, number in counts if number)
    mark = " (*: being sent)" if any(one.sending for one in found) else ""
    return f"{_mails(len(found))}: {words}{mark}"


def _mails(number: int) -> str:
    return "1 mail" if number == 1 else f"{number} mails"


def _plain(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "-" if value in {None, ""} else str(value)


def _span(length: timedelta) -> str:
    seconds = max(0, int(length.total_seconds()))
    for unit, size in (("d", 86400), ("h", 3600), ("m", 60)):
        if seconds >= size:
            return f"{seconds // size}{unit}"
    return f"{seconds}s"


def _who() -> str:
    """Name the account that acts, for the audit: the person's own behind sudo."""
    return os.environ.get("SUDO_USER") or getpass.getuser()


@contextmanager
def _opened(config: Path) -> Iterator[tuple[Settings, Store]]:
    """Open the node's store for one command, and tell people in one line what went wrong."""
    logs.configure("queue", level="error", pretty=True)
    try:
        node = settings.load(config)
        store = Store(node.vault)
        try:
            yield node, store
        finally:
            store.close()
    except UnknownEntryError as error:
        _end(
            f"no mail in the queue, or more than one, has an id that begins with {error}. "
            "It takes six letters; `sealgate queue list` shows them."
        )
    except StoreUnavailable as error:
        _end(f"{error}. Is {node.vault.folder} there, and may this user write in it?")
    except (settings.SettingsError, VaultError) as error:
        _end(str(error))


def _end(sentence: str) -> NoReturn:
    click.echo(f"sealgate: {sentence}", err=True)
    sys.exit(1)
