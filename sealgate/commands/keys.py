"""`sealgate keys`: the keys that seal and open.

Promises that no key is ever written over, and that none is destroyed while anything needs it or
without a plain yes.
"""

import sys
import time
from pathlib import Path

import click
from rich.console import Console
from rich.progress import Progress

from sealgate import settings
from sealgate.commands.options import config_option
from sealgate.node import account, end, opened
from vault import keys
from vault.errors import KeyServiceSilent, KeyUnusable
from vault.keys import opening, resealing, rotation, signing
from vault.keys.place import KeyPlace
from vault.keys.ring import KeyState
from vault.keys.settings import Protection
from vault.storage.store import Store
from vault.trail.audit import Act, record

_WORDS = {
    KeyState.READY: "ready",
    KeyState.ACTIVE: "active",
    KeyState.OPENING: "opening only",
    KeyState.DESTROYED: "destroyed",
}
_TAKEN_UP_WITHIN = 60.0  # seconds
pair_argument = click.argument("pair", type=click.Choice(keys.PAIRS))


@click.group(name="keys")
def command() -> None:
    """Make, change and look after the keys that seal and open.

    The pair `vault` is for sealed mail, the pair `relay` for what waits to be sent.
    """


@command.command()
@config_option
def init(config: Path) -> None:
    """Make the key files of a new node. Keys that exist are never replaced."""
    try:
        chosen = settings.load(config)
        folder = chosen.keys_folder
        keys.init(folder, chosen.keys)
        if not signing.exists(folder):
            signing.make(folder, chosen.keys)
    except (settings.SettingsError, KeyUnusable, KeyServiceSilent) as error:
        click.echo(f"sealgate: no keys were made.\n{error}", err=True)
        sys.exit(1)
    click.echo(f"Keys are in {folder}. Back them up apart from the data: without")
    click.echo("the file vault.private no sealed mail can ever be opened again.")
    click.echo("Give audit.public to whoever audits this node: it proves the audit trail.")
    if chosen.keys.protection is not Protection.NONE:
        click.echo(f"They are protected by {chosen.keys.protection.value}: keep that as safe.")


@command.command(name="list")
@click.option("--count/--no-count", default=True, help="Count what is sealed to each key.")
@config_option
def list_keys(count: bool, config: Path) -> None:
    """List the keys of this node, their states, and how much is sealed to each.

    Counting reads every row: seconds for a million packages.
    """
    with opened(config, "keys") as (node, store):
        click.echo(f"{'pair':<7}{'key':<18}{'state':<14}{'since':<18}{'sealed to it':>12}")
        for pair in keys.PAIRS:
            for key in KeyPlace(node.keys_folder, node.keys).ring(pair).keys:
                since = f"{key.since:%Y-%m-%d %H:%M}" if key.since else "the beginning"
                sealed = f"{resealing.standing(store, pair, key.id)}" if count else ""
                click.echo(f"{pair:<7}{key.id:<18}{_WORDS[key.state]:<14}{since:<18}{sealed:>12}")


@command.command()
@pair_argument
@click.option("--stage", is_flag=True, help="Only make the key; `retire` lets it seal later.")
@click.option("--wait/--no-wait", default=True, help="Show how far the change comes.")
@config_option
def rotate(pair: str, stage: bool, wait: bool, config: Path) -> None:
    """Make a new key, which every running process seals with from now on.

    What was sealed with the old one is sealed anew, by the running node; content is not touched.
    Nothing stops, and it may be interrupted at any time.

    With several machines: --stage, copy the key folder to each, then `retire` on each.
    """
    with opened(config, "keys") as (node, store):
        place = KeyPlace(node.keys_folder, node.keys)
        before = place.ring(pair).active
        key = rotation.rotate(place, pair, store.clock(), stage=stage)
        _record(store, Act.KEY_MADE, pair, key.id)
        click.echo(f"Key {key.id} of {pair} is made, in {place.folder}. Back it up now.")
        if stage:
            click.echo("It seals nothing yet. When every machine has the key folder, on each:")
            click.echo(f"sealgate keys retire {pair} {before.id}")
            return
        _record(store, Act.KEY_RETIRED, pair, before.id)
        _follow(store, pair, before.id, wait)


@command.command()
@pair_argument
@click.argument("key_id", metavar="ID")
@click.option("--wait/--no-wait", default=True, help="Show how far the change comes.")
@config_option
def retire(pair: str, key_id: str, wait: bool, config: Path) -> None:
    """Let the key that is ready seal in place of the active one, ID."""
    with opened(config, "keys") as (node, store):
        place = KeyPlace(node.keys_folder, node.keys)
        before = place.ring(pair).find(key_id)
        now_active = rotation.retire(place, pair, key_id, store.clock())
        _record(store, Act.KEY_RETIRED, pair, before.id)
        click.echo(f"Key {now_active.id} of {pair} seals from now on; {before.id} only opens.")
        _follow(store, pair, before.id, wait)


@command.command()
@pair_argument
@config_option
def reseal(pair: str, config: Path) -> None:
    """Seal anew, here and now, what is sealed to older keys.

    A running node does this by itself: this is for one that is stopped.
    """
    with opened(config, "keys") as (node, store):
        place = KeyPlace(node.keys_folder, node.keys)
        sealing = keys.load_sealing(node.keys_folder, node.keys)
        opener = (
            opening.load_opening(node.keys_folder, node.keys).vault
            if pair == "vault"
            else keys.load_relay(node.keys_folder, node.keys).relay
        )
        sealer = sealing.vault if pair == "vault" else sealing.relay
        older = [key.id for key in place.ring(pair).keys if key.state is KeyState.OPENING]
        left = sum(resealing.standing(store, pair, key_id) for key_id in older)
        unreadable = 0
        with Progress(console=Console(stderr=True)) as progress:
            task = progress.add_task("sealed anew", total=left)
            for batch in resealing.reseal(store, pair, opener, sealer, older):
                progress.advance(task, batch.done)
                unreadable += batch.unreadable
        click.echo(f"{left - unreadable} values of {pair} are sealed to the active key.")
        if unreadable:
            end(f"{unreadable} values open with no key that is here, and stay as they are")


@command.command()
@pair_argument
@click.argument("key_id", metavar="ID")
@click.option("--yes", is_flag=True, help="Do it; without this, only say what would be destroyed.")
@config_option
def destroy(pair: str, key_id: str, yes: bool, config: Path) -> None:
    """Destroy a key that is no longer needed. Backups made while it was cannot be read without it.

    Refuses while anything in the database is sealed to it, and for an hour after it last sealed.
    """
    with opened(config, "keys") as (node, store):
        place = KeyPlace(node.keys_folder, node.keys)
        key = place.ring(pair).find(key_id)
        if not yes:
            click.echo(f"Key {key.id} of {pair} ({_WORDS[key.state]}) would be destroyed.")
            click.echo("A backup of the database from before the change needs it: is there one")
            click.echo("that may still be wanted? Say --yes to do it.")
            sys.exit(1)
        now = store.clock()
        rotation.destroy(place, pair, key.id, now, lambda one: resealing.standing(store, pair, one))
        _record(store, Act.KEY_DESTROYED, pair, key.id)
        click.echo(f"Key {key.id} of {pair} is destroyed here. Destroy its copies as well.")


@command.command()
@config_option
def protect(config: Path) -> None:
    """Encrypt the private key files as the settings say now ([keys] protection).

    What protected them before must still be there. The running node need not be restarted.
    """
    with opened(config, "keys") as (node, store):
        done = rotation.protect(KeyPlace(node.keys_folder, node.keys))
        how = node.keys.protection.value
        _record(store, Act.KEY_PROTECTED, "all", how)
        click.echo(f"{sum(done.values())} files in {node.keys_folder} are protected by: {how}.")
        click.echo("Copies made before are as they were: replace them.")


def _follow(store: Store, pair: str, key_id: str, wait: bool) -> None:
    """Show how far the running node has come with sealing anew."""
    total = resealing.standing(store, pair, key_id)
    if not wait and total:
        click.echo(f"{total} values are still sealed to {key_id}: `sealgate keys list` counts them")
        return
    if total:
        _show(store, pair, key_id, total)
    click.echo(f"Nothing is sealed to {key_id} any more. After an hour it may be destroyed:")
    click.echo(f"sealgate keys destroy {pair} {key_id}")


def _show(store: Store, pair: str, key_id: str, total: int) -> None:
    """Show a bar until nothing is sealed to a key."""
    begun, left = time.monotonic(), total
    click.echo("The node seals anew what is sealed to the old key. Ctrl-C ends only this display.")
    with Progress(console=Console(stderr=True)) as progress:
        task = progress.add_task("sealed anew", total=total)
        while left:
            time.sleep(1)
            left = resealing.standing(store, pair, key_id)
            progress.update(task, completed=total - left)
            if left == total and time.monotonic() - begun > _TAKEN_UP_WITHIN:
                end(
                    f"no running node has begun with it. Start one, or: sealgate keys reseal {pair}"
                )


def _record(store: Store, act: Act, pair: str, what: str) -> None:
    with store.writing() as tx:
        record(tx, act, actor=account(), detail=f"{pair} {what}")
