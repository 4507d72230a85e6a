"""`sealgate move`: sealed content, or the database, to another place while the node runs.

Promises that whatever interrupts it, every content is where its row says, and one database counts.
"""

from contextlib import closing
from pathlib import Path

import click

from sealgate import bars, logs, settings
from sealgate.commands import move_database
from sealgate.commands.options import config_option
from sealgate.node import end
from vault.contents import moving
from vault.errors import VaultError
from vault.settings import VaultSettings
from vault.storage.store import Store


@click.command(name="move")
@click.option(
    "--to",
    "target",
    required=True,
    help="s3://bucket/prefix, folder, or postgresql://user@host/name.",
)
@click.option("--finish", is_flag=True, help="Change over to the database that was filled.")
@click.option("--abandon", is_flag=True, help="Give up the move of a database.")
@config_option
def command(target: str, finish: bool, abandon: bool, config: Path) -> None:
    """Move sealed content to where [vault.contents] says, or a SQLite database to PostgreSQL.

    Content: each is copied, read back and compared before the old one is deleted. The node may go
    on running; it must have been restarted since [vault.contents] was changed.

    The database: every row is copied into an empty one, read back and compared, and so is what
    changes meanwhile. The node may go on running until --finish, and must then be started with
    the new address.

    What was interrupted goes on when it is called again.
    """
    logs.configure("move", level="error", pretty=True)
    try:
        node = settings.load(config)
        if target.startswith("postgresql://"):
            if abandon:
                move_database.abandon(node.vault)
            else:
                move_database.move(node.vault, target, finish=finish)
            return
        to_s3 = _to_s3(node.vault, target)
        with closing(Store(node.vault)) as store:
            waiting = moving.waiting(store, to_s3=to_s3)
            with bars.bar("Moving", waiting.size) as told:
                moved = moving.move(store, to_s3=to_s3, told=told)
    except (settings.SettingsError, VaultError) as error:
        end(f"{error}.\nEverything is where it can be found. Call this again to go on.")
    click.echo(f"{moved} contents ({bars.size(waiting.size)}) moved to {target}.")


def _to_s3(vault: VaultSettings, target: str) -> bool:
    """Tell which way it goes; ends unless new content goes there too."""
    chosen = vault.contents
    if target == "folder":
        if chosen.s3 and not chosen.leaving_s3:
            end("set leaving_s3 = true in [vault.contents] first, and restart the node.")
        return False
    if not target.startswith("s3://"):
        says = "must be s3://bucket/prefix, folder, or postgresql://user@host/name"
        raise click.BadParameter(says, param_hint="--to")
    if chosen.s3.rstrip("/") != target.rstrip("/") or chosen.leaving_s3:
        end(f'set s3 = "{target}" in [vault.contents] first, and restart the node.')
    return True
