"""`sealgate queue`: what waits to be sent, and what an administrator does to it.

Promises that nothing is dropped without a plain yes, and that no word of a mail is shown.
"""

import json
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import click

from gateway.delivery import undelivered
from gateway.relay.parameters import Notify
from sealgate.commands import queue_lines
from sealgate.commands.options import config_option
from sealgate.node import account, end, opened
from sealgate.settings import Settings
from vault import keys
from vault.sending import queue
from vault.sending.outbox import Item
from vault.sending.queue import Chosen, Done, Standing, UnknownEntryError
from vault.storage.store import Store

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
            click.echo(json.dumps(queue_lines.facts(one)))
        return
    if found:
        queue_lines.table([queue_lines.HEADINGS, *(queue_lines.line(one, now) for one in found)])
    click.echo(queue_lines.counted(found, narrowed=bool(domain or state)))


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
            click.echo(json.dumps(queue_lines.facts(one)))
            continue
        for name, value in queue_lines.facts(one).items():
            click.echo(f"{name.replace('_', ' '):>16}: {queue_lines.plain(value)}")
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
            queue_lines.tell_which(found, now)
            click.echo(f"{queue_lines.mails(len(found))} would be dropped. Say --yes to do it.")
            sys.exit(1 if found else 0)
        relay, sealing = (
            keys.load_relay(node.keys_folder, node.keys),
            keys.load_sealing(node.keys_folder, node.keys),
        )
        word = None if no_bounce else _word
        by = account()
        gone = [one for one in found if queue.drop(store, relay, sealing, one, by, word)]
    queue_lines.tell_which(gone, now)
    click.echo(f"{queue_lines.mails(len(gone))} dropped.")
    if left := len(found) - len(gone):
        click.echo(f"{queue_lines.mails(left)} left alone: being sent at this moment, or gone.")
        sys.exit(1)


def _word(item: Item) -> Mapping[str, str] | None:
    """Return what its sender is told: as much as the key that opens the queue can see."""
    return undelivered.of_item(item, Notify.FAILURE, item.content)


def _act(
    act: Callable[[Store, Chosen, str], Done], chosen: Chosen, config: Path, said: str
) -> None:
    with _opened(config) as (_, store):
        done = act(store, chosen, account())
    click.echo(f"{queue_lines.mails(done.changed)} {said}.")
    if done.sending:
        click.echo(f"{queue_lines.mails(done.sending)} left alone: being sent at this moment.")


def _chosen(ids: tuple[str, ...], domain: str | None) -> Chosen:
    if bool(ids) is bool(domain):
        raise click.UsageError("Say which mails: their ids, the word all, or --to DOMAIN.")
    if domain:
        return Chosen(domain=_domain(domain))
    return Chosen(everything=True) if ids == ("all",) else Chosen(ids=ids)


def _domain(typed: str) -> str:
    return typed.removeprefix("@").lower()


@contextmanager
def _opened(config: Path) -> Iterator[tuple[Settings, Store]]:
    with opened(config, "queue") as both:
        try:
            yield both
        except UnknownEntryError as error:
            end(
                f"no mail in the queue, or more than one, has an id that begins with {error}. "
                "It takes six letters; `sealgate queue list` shows them."
            )
