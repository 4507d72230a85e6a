"""`sealgate policy diff`: what a changed policy may protect less, and on which mail."""

import json
import sys
from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path

import click

from gateway.pipeline.recorder import hashed
from policies.errors import PolicyError
from policies.language import loader
from policies.language.durations import parse_duration
from policies.language.loader import Source
from policies.trials import replay_report
from policies.trials.asking_again import Tried
from policies.trials.recorded import Record
from policies.trials.recorded_names import known_names
from policies.trials.replay import Replayed, replay
from policies.trials.weakening import weakened
from sealgate.commands.options import config_option
from sealgate.commands.policy import files
from sealgate.node import opened
from sealgate.settings import Settings
from vault import decided, keys, rulebook
from vault.storage.store import Store

DAYS = {"d": "days", "h": "hours", "w": "weeks"}


@click.command(short_help="Compare two policies, also on the mail of the last weeks.")
@click.argument("old")
@click.argument("new")
@click.option(
    "--replay", "again", is_flag=True, help="Decide the recorded mails of this node by both."
)
@click.option("--since", default="14d", show_default=True, help="How far back: 14d, 36h, 2 weeks.")
@click.option("--json", "as_json", is_flag=True, help="For machines.")
@config_option
def diff(old: str, new: str, again: bool, since: str, as_json: bool, config: Path) -> None:
    """Compare the policies OLD and NEW: files, starters, or digests out of the history.

    What NEW may protect less is named. With --replay the decisions of the last weeks, of which only
    facts are kept and no content, are made again by both, and every mail that would fare otherwise
    is listed by its time and domains. Where the facts that were kept do not say enough, the answer
    is that it cannot be told. Ends with 1 if a mail would fare otherwise or protection is weakened.
    """
    length = _length(since)
    if not again:
        sources = [_source(name, None) for name in (old, new)]
        reasons, replayed = weakened(*sources), None
    else:
        with opened(config, "policy", begun=True) as (chosen, store):
            sources = [_source(name, store) for name in (old, new)]
            reasons = weakened(*sources)
            replayed = _replayed(chosen, store, sources, length)
    _tell(reasons, replayed, as_json)
    sys.exit(1 if reasons or (replayed and replayed.changes) else 0)


def _tell(reasons: tuple[str, ...], replayed: Replayed | None, as_json: bool) -> None:
    if as_json:
        found = json.loads(replay_report.to_json(replayed)) if replayed else None
        click.echo(json.dumps({"weakens": list(reasons), "replay": found}, indent=2))
        return
    if reasons:
        click.echo("It may protect less, as far as the texts show:")
    for reason in reasons:
        click.echo(f"  {reason}")
    if not reasons:
        click.echo("It protects no less, as far as the texts show.")
    if replayed is not None:
        click.echo()
        click.echo(replay_report.text(replayed), nl=False)


def _length(since: str) -> timedelta:
    count, unit = since[:-1], since[-1:]
    try:
        if unit in DAYS and count.isdecimal():
            return timedelta(**{DAYS[unit]: int(count)})
        return parse_duration(since)
    except (ValueError, OverflowError) as error:
        raise click.BadParameter(f"{since}: {error}") from error


def _source(name: str, store: Store | None) -> Source:
    path = files.find(name)
    if store is not None and not path.exists():
        with store.reading() as tx:
            try:
                kept = rulebook.find(tx, name)
            except LookupError:
                kept = None
        if kept is not None:
            return files.or_end(lambda: loader.reread(kept.file, kept.content, kept.lists))
    return files.or_end(lambda: loader.read(path))


def _replayed(chosen: Settings, store: Store, sources: list[Source], length: timedelta) -> Replayed:
    old, new = (Tried(source, loader.compiled(source)) for source in sources)
    sealing = keys.load_sealing(chosen.keys_folder, chosen.keys)
    with store.reading() as tx:
        moment = tx.now - length
        deciders = _deciders(store, {row.policy for row in decided.since(tx, moment)})
        return replay(
            old,
            new,
            _records(store, moment),
            decided_by={old.policy.digest: old, new.policy.digest: new, **deciders},
            known=known_names((old.source, new.source), partial(hashed, sealing)),
            own_domains=tuple(chosen.organisation.domains),
        )


def _records(store: Store, moment: datetime) -> Iterator[tuple[datetime, str, Record]]:
    with store.reading() as tx:
        for row in decided.since(tx, moment):
            yield row.at, row.policy, row.facts


def _deciders(store: Store, digests: set[str]) -> dict[str, Tried]:
    """Return the policies that decided, as the rulebook keeps them."""
    found = {}
    for digest in digests:
        try:
            with store.reading() as tx:
                kept = rulebook.find(tx, digest)
            source = loader.reread(kept.file, kept.content, kept.lists)
        except (LookupError, PolicyError):
            continue
        found[digest] = Tried(source, loader.compiled(source))
    return found
