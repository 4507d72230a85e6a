"""`sealgate move`: sealed content to another place, while the node runs.

Promises that whatever interrupts it, every content is where its row says.
"""

from contextlib import closing
from pathlib import Path

import click

from sealgate import bars, logs, settings
from sealgate.commands.options import config_option
from sealgate.node import end
from vault import moving
from vault.errors import VaultError
from vault.settings import VaultSettings
from vault.store import Store


@click.command(name="move")
@click.option("--to", "target", required=True, help="s3://bucket/prefix, or folder.")
@config_option
def command(target: str, config: Path) -> None:
    """Move sealed content to where [vault.contents] says that new content goes.

    Each is copied, read back and compared before the old one is deleted. The node may go on
    running; it must have been restarted since [vault.contents] was changed. What was interrupted
    goes on when it is called again.
    """
    logs.configure("move", level="error", pretty=True)
    try:
        node = settings.load(config)
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
        raise click.BadParameter("must be s3://bucket/prefix, or folder", param_hint="--to")
    if chosen.s3.rstrip("/") != target.rstrip("/") or chosen.leaving_s3:
        end(f'set s3 = "{target}" in [vault.contents] first, and restart the node.')
    return True
