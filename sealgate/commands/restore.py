"""`sealgate restore`: a backup, brought back where there is nothing.

Promises to overwrite nothing.
"""

import sys
from pathlib import Path

import click

from sealgate import bars, logs, settings
from sealgate.commands.options import config_option
from vault.contents.shelves import open_contents
from vault.copies import backup, restore
from vault.copies.archive import FACTS, Archive
from vault.errors import VaultError
from vault.storage.store import CONTENTS

_AFTER = """\
What happened since then is not in it. Before you start the node, know that
 - mail that was waiting to be sent at that time will be sent, perhaps a second time;
 - access that was taken back since then is there again: take it back once more;
 - messages that were destroyed since then may be back: the audit's heads and your certificates of
   destruction say which. Destroy them once more;
 - copies of the audit's heads that were kept elsewhere are newer than this audit."""


@click.command(name="restore")
@click.argument("folder", type=click.Path(path_type=Path, exists=True, file_okay=False))
@config_option
def command(folder: Path, config: Path) -> None:
    """Bring back the newest backup in FOLDER, or FOLDER itself if it is one of them.

    Never overwrites an installation. What was interrupted goes on when it is called again.
    """
    logs.configure("restore", level="error", pretty=True)
    try:
        node = settings.load(config)
        chosen = folder if (folder / FACTS).exists() else Archive(folder).newest()
        archive = Archive(chosen.resolve().parent)
        restore.refuse_living(node.vault)
        contents = open_contents(node.vault.contents, node.vault.folder / CONTENTS)
        with bars.bar("Restoring", backup.size_of(chosen)) as told:
            facts = restore.restore(node.vault, contents, archive, chosen, told)
        has_keys = restore.restore_keys(chosen, node.keys_folder)
    except (settings.SettingsError, VaultError, OSError) as error:
        click.echo(f"sealgate: not restored.\n{error}", err=True)
        sys.exit(1)
    click.echo(f"Restored into {node.vault.folder}: the state of {facts.made_at}.")
    if has_keys:
        click.echo(f"The keys of the backup are in {node.keys_folder}.")
    else:
        click.echo(f"Nothing can be opened before its keys are in {node.keys_folder}.")
    click.echo(_AFTER)
