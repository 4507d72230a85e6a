"""`sealgate backup`: everything but the keys, in a folder, while the node runs.

Promises that a backup which it calls complete was checked. Must never put a key into it unasked.
"""

from datetime import UTC, datetime
from pathlib import Path

import click

from sealgate import bars, logs, settings
from sealgate.commands.options import config_option
from sealgate.node import end
from vault.contents.shelves import open_contents
from vault.copies import backup, snapshot
from vault.copies.archive import Archive, BackupUnusable
from vault.errors import VaultError
from vault.settings import VaultSettings
from vault.storage.store import CONTENTS

_NO_KEYS = """\
The private keys are NOT in it: {keys}
Keep a copy of them apart from the backup, or nothing in it can ever be opened.
The settings and the policy are not in it either: keep /etc/sealgate."""
_WITH_KEYS = """\
The private keys ARE in it: whoever has this folder can open every mail in it. Lock it away.
The settings and the policy are not in it: keep /etc/sealgate."""


@click.command(name="backup")
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False))
@click.option("--with-keys", is_flag=True, help="Put the keys into the backup as well.")
@click.option("--verify", is_flag=True, help="Make none: read the newest one and check all of it.")
@config_option
def command(folder: Path, with_keys: bool, verify: bool, config: Path) -> None:
    """Copy everything into FOLDER while the node runs, and check the copy.

    Of contents that an earlier backup in FOLDER has, nothing is copied again. Ends with 1 unless
    the backup is complete.
    """
    logs.configure("backup", level="error", pretty=True)
    archive = Archive(folder)
    try:
        node = settings.load(config)
        if verify:
            _verify(archive)
            return
        made = _make(node.vault, archive, node.keys_folder if with_keys else None)
    except (settings.SettingsError, VaultError) as error:
        end(f"no backup was made.\n{error}")
    facts = made.facts
    click.echo(f"Backed up and checked: {made.folder}")
    click.echo(
        f"{facts.contents} large contents ({bars.size(facts.content_bytes)}), of which "
        f"{made.copied} ({bars.size(made.copied_bytes)}) are new."
    )
    click.echo((_WITH_KEYS if with_keys else _NO_KEYS).format(keys=node.keys_folder))


def _make(vault: VaultSettings, archive: Archive, keys: Path | None) -> backup.Made:
    contents = open_contents(vault.contents, vault.folder / CONTENTS)
    with bars.bar("Backing up", snapshot.size_of(vault) + snapshot.content_size(vault)) as told:
        return backup.make(vault, contents, archive, datetime.now(UTC), keys=keys, told=told)


def _verify(archive: Archive) -> None:
    newest = archive.newest()
    try:
        with bars.bar("Checking", backup.size_of(newest)) as told:
            facts = backup.verify(archive, newest, told)
    except BackupUnusable as error:
        end(f"the backup cannot be restored.\n{error}")
    click.echo(f"Complete and undamaged: {newest}, of {facts.made_at}.")
